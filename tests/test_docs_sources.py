"""Every example of docs/sources.md scans the photos that it names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from manifests import scan
from manifests.core import params
from manifests.sections.source import Source
from manifests.sources import LAYOUTS
from manifests.tables import quarantine, source

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
