"""The start command: from photos and labels in any form to a params.yaml that plans without an edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests import start
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.plan import Plan
from manifests.sections.source import Source
from manifests.starting import layout, proposal
from manifests.tables import source, tasks
from tests.support import invented
from tests.support.stages import run

REPOSITORY = Path(__file__).parents[1]
FOUND = {
    "lamps": {"age": [20, 40, 60], "lighting": ["day", "lamp", "flash"], "skin_tone": ["I-II", "III-IV", "V-VI"]},
    "days": {
        "age": [20, 40, 60],
        "weekday": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "glasses": ["False", "True"],
    },
    "rooms": {"age": [20, 45, 60], "room": ["Living-Room", "garden", "kitchen"], "camera": ["1", "2", "3"]},
}


@pytest.mark.parametrize("name", invented.SETS)
def test_an_unseen_set_is_planned_without_an_edit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = (REPOSITORY / "params.yaml").read_text()
    Path("params.yaml").write_text(before)
    Path("manifests").mkdir()
    for file in ("rejects.csv", "emphasis.json"):
        (tmp_path / "manifests" / file).write_bytes((REPOSITORY / "manifests" / file).read_bytes())
    place = invented.SETS[name](tmp_path / "datasets/raw/mine")
    start.main([str(place.relative_to(tmp_path))])
    assert Path("params.before.yaml").read_text() == before
    cells = params.cells(Path("params.yaml"))
    assert {axis.name: [*(axis.edges or sorted(axis.values))] for axis in cells.axes} == {
        axis: values if axis == "age" else sorted(values) for axis, values in FOUND[name].items()
    }
    section = params.section(Path("params.yaml"), Source)
    assert not Path(section.root).is_absolute()
    assert params.section(Path("params.yaml"), Plan).total == "3x"
    for stage in ("manifests.scan", "balance.plan"):
        done = run(tmp_path, stage)
        assert done.returncode == 0, done.stderr
    photos, _ = source.read(Path("manifests/built/source.parquet"))
    planned, _ = tasks.read(Path("manifests/built/tasks.parquet"))
    train = [row for row in planned.to_pylist() if row["shard"].startswith("train-")]
    originals = sum(row["copy"] == 0 for row in train)
    assert photos.num_rows >= 230
    assert len(train) == 3 * originals
    start.main([str(place.relative_to(tmp_path))])  # a second time nothing changes
    assert Path("params.before.yaml").read_text() == before


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a.csv": "path\n", "b.csv": "path\n"},
            "one table of labels (CSV, TSV or Parquet). Received a.csv, b.csv",
        ),
        ({"a.csv": "x,age\n1,2\n"}, "expected a column of paths that end in .jpg"),
        ({"a.csv": "path,age\nno.jpg,2\n"}, "expected paths relative to the table's folder or to one below it"),
        ({"a.csv": "path\np.jpg\n", "p.jpg": ""}, "expected an age, or a column of 2 to 12 values"),
    ],
)
def test_what_can_not_be_read_is_named(
    files: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    (tmp_path / "mine").mkdir()
    for name, content in files.items():
        (tmp_path / "mine" / name).write_text(content)
    before = Path("params.yaml").read_text()
    with pytest.raises(UserError) as error:
        start.main(["mine"])
    assert message in str(error.value)
    assert Path("params.yaml").read_text() == before


def test_a_table_from_a_spreadsheet_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Semicolons, a byte order mark, backslashes in paths, and a column of dates, which is no axis."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("seed: 7\n")
    (tmp_path / "bilder/fotos").mkdir(parents=True)
    lines = ["Bild;Geschlecht;Region;Datum"]
    for number in range(40):
        (tmp_path / f"bilder/fotos/{number}.jpg").write_bytes(b"x")
        who, region = ("Mann", "Frau")[number % 2], ("Nord", "Küste")[number % 3 == 0]
        lines.append(f"fotos\\{number}.jpg;{who};{region};2024-01-0{1 + number % 4}")
    (tmp_path / "bilder/liste.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    found = proposal.propose(layout.recognised(Path("bilder")))
    assert found.source["columns"] == {"path": "Bild"} and "max_quarantine" not in found.source
    assert found.cells == {"Geschlecht": ["Mann", "Frau"], "Region": ["Nord", "Küste"]}
    assert found.why_not() == ["Datum is no axis: its values are dates"]
