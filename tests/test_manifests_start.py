"""The start command: from photos and labels in any form to a params.yaml that plans without an edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests import start
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.plan import Plan
from manifests.sections.source import Source
from manifests.sources import LAYOUTS
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
    "albums": {"age": [20, 40, 60], "Geschlecht": ["männlich", "weiblich"]},
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
    assert not Path(section.root).is_absolute() and ".." not in section.labels
    assert params.section(Path("params.yaml"), Plan).total == "3x"
    for stage in ("manifests.scan", "balance.plan"):
        done = run(tmp_path, stage)
        assert done.returncode == 0, done.stderr
    photos, _ = source.read(Path("manifests/built/source.parquet"))
    planned, _ = tasks.read(Path("manifests/built/tasks.parquet"))
    train = [row for row in planned.to_pylist() if row["shard"].startswith("train-")]
    originals = sum(row["copy"] == 0 for row in train)
    assert photos.num_rows >= 220
    assert set(photos["split"].to_pylist()) == {"train", "valid", "test"}
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
        (
            {"a.csv": "path,age\nno.jpg,2\n"},
            "expected paths of photos, relative to the table's folder or",
        ),
        ({"a.csv": "path\np.jpg\n", "p.jpg": ""}, "expected an age, or a column of 2 to 12 values"),
        ({"a.csv": "path,age\n"}, "mine/a.csv: expected rows below the header. Received none. Add one for each photo."),
        ({}, "Received none. Write one: a column of paths, and one for each label."),
        (
            {"a.csv": "path,split\np.jpg,A\nq.jpg,B\n", "p.jpg": ""},
            "a.csv: split: expected train, valid or test. Received A, B. Write these, or rename the column.",
        ),
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


def proposed(folder: Path, *lines: str) -> proposal.Proposal:
    """What a table of these lines leads to, with a photo for each `N.jpg` from 0 to 39."""
    (folder / "mine").mkdir()
    for number in range(40):
        (folder / f"mine/{number}.jpg").write_bytes(b"x")
    (folder / "mine/labels.csv").write_text("\n".join(lines))
    return proposal.propose(layout.recognised(Path("mine")))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["age_in_years", "Age at photo", "perceivedAge", "Alter", "estimated AGE"])
def test_an_age_is_known_by_a_word_of_its_name(name: str, here: Path) -> None:
    found = proposed(here, f"path,image,{name}", *(f"{n}.jpg,mixed,{n + 10}" for n in range(40)))
    assert found.source["columns"]["age"] == name
    assert found.target == "age"


@pytest.mark.parametrize("name", ["image_quality", "age_std", "language", "Altersheim"])
def test_no_age_is_seen_in_another_word(name: str, here: Path) -> None:
    found = proposed(here, f"path,{name},who", *(f"{n}.jpg,{n + 10},{'ab'[n % 2]}" for n in range(40)))
    assert found.target == "who"


def test_rows_without_an_age_are_given_up_for_it_and_counted(here: Path) -> None:
    """Empty, unreadable, twice the same path, a photo that is not there: the scan has to put up with all of these."""
    rows = [f"{n}.jpg,{n + 10}" for n in range(40)]
    rows[3], rows[4] = "3.jpg,", "4.jpg,unknown"
    found = proposed(here, "path,age", *rows, "7.jpg,17", "99.jpg,30")
    assert (found.rows, found.lost) == (42, 4)
    assert found.source["max_quarantine"] == pytest.approx(4 / 42 + 0.04, abs=0.006)


def test_an_age_that_most_rows_lack_is_named(here: Path) -> None:
    found = proposed(here, "path,age,who", *(f"{n}.jpg,{n + 10 if n % 2 else ''},{'ab'[n % 3 > 0]}" for n in range(40)))
    assert (found.target, found.why_not()) == ("who", ["age is no axis: 50% of the rows have none"])


def test_our_names_may_hold_something_else(here: Path) -> None:
    """Words in `age` and in `fold` are labels as any others; read as ours they would make each row a malformed one."""
    rows = (f"{n}.jpg,{('child', 'adult')[n % 2]},{'xyz'[n % 3]}" for n in range(40))
    found = proposed(here, "path,age,fold", *rows)
    assert found.source["columns"] == {"age_label": "age", "fold_label": "fold"}
    assert (found.lost, set(found.cells)) == (0, {"age_label", "fold_label"})


@pytest.mark.parametrize("beside", [True, False])
def test_paths_may_be_absolute(beside: bool, here: Path) -> None:
    """As programs write them, of photos beside the table or in a folder elsewhere; below the root they are relative."""
    rows = [f"{here}/mine/{n}.jpg,{n + 10}" for n in range(40)]
    if beside:
        found = proposed(here, "path,age", *rows)
    else:
        proposed(here, "path,age", "0.jpg,1", "1.jpg,30", "2.jpg,1", "3.jpg,30")
        (here / "lists").mkdir()
        (here / "lists/list.csv").write_text("\n".join(["path,age", *rows]))
        found = proposal.propose(layout.recognised(Path("lists")))
    assert (found.rows, found.lost) == (40, 0)
    section = Source(**found.source)
    assert {row.path for row in LAYOUTS["table"].rows(Path(section.root), section)} == {f"{n}.jpg" for n in range(40)}


def test_photos_are_found_some_folders_below_their_table(here: Path) -> None:
    (here / "mine/set/1").mkdir(parents=True)
    (here / "mine/set/1/a.jpg").write_bytes(b"x")
    (here / "mine/list.csv").write_text("path,age\na.jpg,3\n")
    found = layout.recognised(Path("mine"))  # the root holds the table, or DVC would not see a changed label
    assert found == {"layout": "table", "root": "mine", "labels": "list.csv", "photos": "set/1"}
    assert [row.path for row in LAYOUTS["table"].rows(Path("mine"), Source(**found))] == ["set/1/a.jpg"]


def test_ages_out_of_range_are_none(here: Path) -> None:
    """-1 and 999 often stand for an age that nobody knows."""
    found = proposed(here, "path,age", *(f"{n}.jpg,{(-1, 999)[n % 2] if n < 8 else n + 10}" for n in range(40)))
    assert (found.lost, sum(found.counts["age"].values())) == (8, 32)


def test_a_value_that_no_train_photo_has_gets_no_share(here: Path) -> None:
    rows = (f"{n}.jpg,{'ab'[n % 2] if n < 30 else 'c'},{'train' if n < 30 else 'test'}" for n in range(40))
    found = proposed(here, "path,hat,split", *rows)
    assert found.shares == {"hat": "natural"}


def test_a_split_of_one_name_is_none(here: Path) -> None:
    found = proposed(here, "path,age,split", *(f"{n}.jpg,{n + 10},train" for n in range(40)))
    assert found.why_not() == ["split_label is no axis: one value in all rows"]


def test_names_that_no_axis_may_have_are_changed_each_to_one_of_its_own(here: Path) -> None:
    """Spaces, a name of ours, the ending of predictions, and none at all, as pandas names the row's number."""
    rows = (f"{n},{n}.jpg,{','.join('ab'[(n >> bit) % 2] for bit in range(4))}" for n in range(40))
    found = proposed(here, ",path,hair colour,hair-colour,cell,who_pred", *rows)
    assert found.source["columns"] == {
        "hair_colour": "hair colour",
        "hair_colour_2": "hair-colour",
        "cell_label": "cell",
        "who_pred_label": "who_pred",
    }
    assert set(found.cells) == set(found.source["columns"]) and not found.why_not()


def test_a_column_of_paths_may_name_something_else_here_and_there(here: Path) -> None:
    found = proposed(here, "image,age", *(f"{n}.jpg,{n + 10}" for n in range(40)), "film.gif,20")
    assert (found.source["columns"], found.lost) == ({"path": "image"}, 1)
