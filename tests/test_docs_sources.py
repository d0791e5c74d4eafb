"""Every example of docs/sources.md scans the photos that it names."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from manifests import scan
from manifests.core import params
from manifests.sections.source import Source
from manifests.sources import LAYOUTS
from manifests.tables import quarantine, source
from tests.support.small_photos import jpeg

REPOSITORY = Path(__file__).parents[1]
EXAMPLES = re.findall(
    r"^## (\w+)\n(?:(?!^## ).)*?```yaml\n(.*?)```", (REPOSITORY / "docs/sources.md").read_text(), re.M | re.S
)
FOUND = {  # layout: used, and why the others were not
    "appa_real": (7524, {"duplicate_across_splits": 1}),
    "appa_real_release": (159, {"missing_label": 1, "no_label_row": 1}),
    "utkface": (5973, {"malformed_name": 5, "duplicate_in_split": 27}),
    "fairface": (600, {}),
    "adience": (159, {"missing_label": 1}),
    "celeba": (32, {"missing_file": 19_968}),
    "table": (600, {}),
}


def test_every_layout_has_a_section() -> None:
    text = (REPOSITORY / "docs/sources.md").read_text()
    assert set(re.findall(r"^## (\w+)$", text, re.M)) == set(LAYOUTS)
    assert [name for name, _ in EXAMPLES] == list(FOUND)


@pytest.mark.parametrize(("layout", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_reads_into_its_sections(layout: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert params.section(path, Source).layout == layout
    assert params.cells(path).axes


@pytest.mark.parametrize(
    ("layout", "text"),
    [pytest.param(*e, id=e[0], marks=[pytest.mark.slow] * (e[0] in ("appa_real", "utkface"))) for e in EXAMPLES],
)
def test_an_example_scans(layout: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    path = tmp_path / "params.yaml"
    path.write_text(text)
    if not Path(params.section(path, Source).root).is_dir():
        pytest.skip("the real photos are not linked at ../shared/data")
    tables = tmp_path / "source.parquet", tmp_path / "quarantine.parquet"
    scan.main(["--params", str(path), "--source", str(tables[0]), "--quarantine", str(tables[1])])
    used, cells = source.read(tables[0])
    out, _ = quarantine.read(tables[1])
    assert (used.num_rows, Counter(out["reason"].to_pylist())) == FOUND[layout]
    assert cells == params.cells(path)
    assert "train" in used["split"].to_pylist()
    _plan(path, text, tables[0])


def _plan(path: Path, text: str, photos: Path) -> None:
    """The block takes the place of its sections in params.yaml of the repository, and plans."""
    taken = ("source", "cells", "plan")
    sections = re.split(r"^(?=\w)", (REPOSITORY / "params.yaml").read_text(), flags=re.M)
    path.write_text("".join(part for part in sections if part.partition(":")[0] not in taken) + text)
    outs = ("plan", "summary", "tasks", "shares", "heat", "copies", "tradeoff")
    options = [f"--{out}={path.parent / out}" for out in outs]
    command = [sys.executable, "-m", "balance.plan", f"--params={path}", f"--source={photos}", *options]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all((path.parent / out).is_file() for out in outs)


def test_the_block_of_the_readme_plans(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text()
    block = textwrap.dedent(re.search(r"^    source:\n(?:    .*\n)+", text, re.M)[0])  # type: ignore[index]
    block = block.replace("datasets/raw/mine", str(tmp_path / "mine"))
    rows = ["path,age,gender,light"]
    (tmp_path / "mine").mkdir()
    for number in range(60):
        (tmp_path / f"mine/{number}.jpg").write_bytes(jpeg(number))
        words = ("woman", "man")[number % 2], ("day", "lamp", "flash")[number % 3]
        rows.append(f"{number}.jpg,{10 + number},{','.join(words)}")
    (tmp_path / "mine/labels.csv").write_text("\n".join(rows))
    path = tmp_path / "params.yaml"
    path.write_text(block)
    scan.main([f"--params={path}", f"--source={tmp_path / 's'}", f"--quarantine={tmp_path / 'q'}"])
    _plan(path, block, tmp_path / "s")
