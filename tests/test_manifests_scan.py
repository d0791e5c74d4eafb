"""The scan: every photo checked, what fails kept with its reason, the same result in any order."""

from __future__ import annotations

import io
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.scan import main
from manifests.scanning import duplicates, near_duplicates, splits, subjects
from manifests.scanning.duplicates import Labelled
from manifests.scanning.photos import SizeLimits, check
from manifests.sources.rows import Quarantined
from manifests.tables import quarantine, source
from tests.support.small_photos import jpeg

REAL = Path("../shared/data").resolve()
needs = pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not linked at ../shared/data")


class Project:
    """A folder with params.yaml, a table of photos, and what a scan makes of them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "photos"
        self.root.mkdir()
        self.rows = ["path,split,age,gender,who"]

    def photo(self, name: str, content: bytes, labels: str = "train,30,male,") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.rows.append(f"{name},{labels}")

    def scan(self, **options: object) -> tuple[list[dict], list[dict]]:
        (self.root / "labels.csv").write_text("\n".join(self.rows) + "\n")
        columns = {"subject": "who"} if "who" in self.rows[0] else {}
        section = {"layout": "table", "root": "photos", "max_quarantine": 1.0, "columns": columns} | options
        text = f"source: {section}\ncells: {{age: [20, 40], gender: [male, female], mood: [calm, cross]}}\n"
        Path("params.yaml").write_text(text.replace("'", '"'))
        main([])
        used, _ = source.read(Path("manifests/built/source.parquet"))
        out, _ = quarantine.read(Path("manifests/built/quarantine.parquet"))
        return used.to_pylist(), out.to_pylist()


# Splits and duplicates


def test_splits_by_hash_keep_to_their_shares_and_to_a_keys_own_place() -> None:
    keys = [f"subject {i}" for i in range(10_000)]
    found = splits.by_hash(keys, valid=0.1, test=0.3)
    counts = Counter(found)
    assert abs(counts["test"] - 3000) < 150
    assert abs(counts["valid"] - 1000) < 100
    assert splits.by_hash(keys[5000:], valid=0.1, test=0.3) == found[5000:]


def test_a_small_set_still_gets_every_split_that_is_asked_for() -> None:
    for seed in range(40):
        keys = [f"{seed}/{i}" for i in range(3)] * 2
        assert set(splits.by_hash(keys, valid=0.2, test=0.2)) == {"train", "valid", "test"}
        assert set(splits.by_hash(keys, valid=0.2, test=0)) <= {"train", "valid"}
    assert len(splits.by_hash(["only"], valid=0.2, test=0.2)) == 1
    assert splits.by_hash([], valid=0.2, test=0.2) == []


def test_a_share_of_nothing_gets_nothing() -> None:
    assert set(splits.by_hash([str(i) for i in range(300)], valid=0, test=0)) == {"train"}


def test_valid_is_taken_from_train_where_a_layout_has_none() -> None:
    keys = [f"subject {i // 2}" for i in range(4000)]
    given = ["test" if number % 4 == 0 else "train" for number in range(4000)]
    found = splits.with_valid(keys, given, 0.2)
    assert [split == "test" for split in found] == [split == "test" for split in given]
    assert abs(found.count("valid") - 600) < 100
    assert all(len({found[i], found[i + 1]} - {"test"}) == 1 for i in range(0, 4000, 2)), "a subject is on one side"
    assert splits.with_valid(keys, given, 0) == given
    given[1] = "valid"
    assert splits.with_valid(keys, given, 0.2) == given
    assert splits.with_valid(["a", "b"], ["test", "test"], 0.2) == ["test", "test"]


def test_of_equal_photos_the_scored_one_stays() -> None:
    photos = [
        Labelled("b.jpg", "train", "1", "x"),
        Labelled("a.jpg", "train", "1", "x"),
        Labelled("c.jpg", "test", "2", None),
        Labelled("d.jpg", "train", "2", "x"),
        Labelled("e.jpg", "valid", "2", "y"),
        Labelled("f.jpg", "valid", "3", "x"),
        Labelled("g.jpg", "train", "3", "y"),
    ]
    assert duplicates.find(photos) == {
        0: Quarantined("b.jpg", "duplicate_in_split", "same bytes as a.jpg"),
        3: Quarantined("d.jpg", "duplicate_across_splits", "same bytes as c.jpg"),
        4: Quarantined("e.jpg", "duplicate_across_splits", "same bytes as c.jpg"),
        6: Quarantined("g.jpg", "duplicate_across_splits", "same bytes as f.jpg; its labels differ"),
    }


# The command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def test_every_row_is_used_or_in_quarantine(project: Project) -> None:
    project.photo("a.jpg", jpeg(1), "train,30,male,")
    project.photo("b.jpg", jpeg(2), "val,15,Female,")
    project.photo("c.jpg", jpeg(1), "test,30,male,")
    project.photo("d.jpg", jpeg(3)[:300], "train,30,male,")
    project.photo("e.jpg", jpeg(4), "holdout,30,male,")
    project.rows += ["f.jpg,train,30,male,", "b.jpg,val,15,female,", "short,row"]
    used, out = project.scan()
    assert [(row["path"], row["split"], row["age_bin"], row["gender"], row["cell"]) for row in used] == [
        ("b.jpg", "valid", "<20", "female", 1),
        ("c.jpg", "test", "20-40", "male", 2),
    ]
    assert [(row["path"], row["reason"]) for row in out] == [
        ("a.jpg", "duplicate_across_splits"),
        ("b.jpg", "duplicate_row"),
        ("d.jpg", "undecodable"),
        ("e.jpg", "unknown_split"),
        ("f.jpg", "missing_file"),
        ("labels.csv:9", "malformed_row"),
    ]


def test_what_was_found_is_printed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.photo("a.jpg", jpeg(1))
    project.photo("b.jpg", jpeg(2), "valid,30,male,")
    project.rows += ["f.jpg,train,30,male,"]
    project.scan()
    assert capsys.readouterr().out == (
        "read                  3  rows of the layout table\n"
        "used                  2  train 1, valid 1, test 0\n"
        "quarantined           1  missing_file 1\n"
        "near duplicates       0\n"
        "axes                  2  age, gender\n"
        "axes dropped          1  mood (not in this layout)\n"
    )


def test_labels_that_cells_does_not_name_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    for number, gender in enumerate(["male", "indoor", "female", "indoor", "robot"]):
        project.photo(f"{number}.jpg", jpeg(number), f"train,30,{gender},")
    project.scan()
    printed = capsys.readouterr().out
    assert "unknown values        2  gender: 'indoor' is none of male, female\n" in printed
    assert "unknown values        1  gender: 'robot' is none of male, female\n" in printed


def test_an_excluded_photo_is_left_out_and_counts_as_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    for number in range(4):
        project.photo(f"{number}.jpg", jpeg(number))
    Path("manifests").mkdir()
    Path("manifests/exclude.csv").write_text('path,reason\n1.jpg,"the wrong age, by ten years"\n3.jpg\nnone.jpg,\n')
    used, out = project.scan(max_quarantine=0.0)
    assert sorted(row["path"] for row in used) == ["0.jpg", "2.jpg"]
    assert [(row["path"], row["reason"], row["detail"]) for row in out] == [
        ("1.jpg", "excluded", "the wrong age, by ten years"),
        ("3.jpg", "excluded", ""),
    ]
    Path("manifests/exclude.csv").write_text("photo\n1.jpg\n")
    with pytest.raises(UserError) as error:
        project.scan()
    assert str(error.value) == (
        "manifests/exclude.csv: line 1: expected the header path,reason. Received photo. "
        "Correct the file, or remove it."
    )


def test_the_order_of_rows_and_the_number_of_jobs_change_no_byte(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(150):
        project.photo(f"{i % 7}/{i}.jpg", jpeg(i % 140), f"{('train', 'valid', 'test')[i % 3]},{i % 60},male,s{i % 9}")
    project.rows += ["0/0.jpg,valid,3,female,s1", "none.jpg,train,3,male,", "0/0.jpg,train,9,female,s2"]
    made = []
    for jobs in ("1", "3"):
        monkeypatch.setenv("N_JOBS", jobs)
        project.scan()
        made.append(
            [(Path("manifests/built") / name).read_bytes() for name in ("source.parquet", "quarantine.parquet")]
        )
        project.rows[1:] = random.Random(0).sample(project.rows[1:], len(project.rows) - 1)
    assert made[0] == made[1]


def test_subjects_are_never_in_two_splits(project: Project) -> None:
    project.rows = ["path,age,gender,who"]
    for i in range(120):
        project.photo(f"{i}.jpg", jpeg(i), f"30,male,subject{i % 17}")
    used, out = project.scan(split={"valid": 0.3, "test": 0.3})
    assert not out
    of = {}
    for row in used:
        assert of.setdefault(row["subject"], row["split"]) == row["split"]
    assert set(of.values()) == {"train", "valid", "test"}


def test_too_many_rows_out_fail_with_the_quarantine_table_written(project: Project) -> None:
    project.photo("a.jpg", jpeg(1))
    project.rows += ["b.jpg,train,30,male,", "c.jpg,train,300,male,"]
    with pytest.raises(UserError) as error:
        project.scan(max_quarantine=0.5)
    assert str(error.value) == (
        "params.yaml: source.max_quarantine: expected at most 50.0% of the rows to fall out. "
        "Received 2 of 3, 66.7% (missing_file 1, age_out_of_range 1). manifests/built/quarantine.parquet says why "
        "for each row: correct them, or raise source.max_quarantine."
    )
    out, _ = quarantine.read(Path("manifests/built/quarantine.parquet"))
    assert out.num_rows == 2
    assert not Path("manifests/built/source.parquet").exists()
    assert len(project.scan(max_quarantine=0.7)[0]) == 1


def test_near_duplicates_are_marked_or_kept(project: Project) -> None:
    big = Image.open(io.BytesIO(jpeg(5, (160, 160))))
    for name, box, quality, split in (("a", (0, 0, 160, 160), 95, "train"), ("b", (9, 5, 155, 151), 40, "test")):
        out = io.BytesIO()
        big.crop(box).resize((160, 160)).save(out, "JPEG", quality=quality)
        project.photo(f"{name}.jpg", out.getvalue(), f"{split},30,male,")
    for i in range(6, 30):
        project.photo(f"{i}.jpg", jpeg(i, (160, 160)), f"{('train', 'test', 'valid')[i % 3]},30,male,")
    used, _ = project.scan()
    ids = {row["path"]: row["image_id"] for row in used}
    assert {row["path"]: row["near_of"] for row in used if row["near_of"]} == {"a.jpg": ids["b.jpg"]}
    used, _ = project.scan(near_duplicates="keep")
    assert all(row["near_of"] is None for row in used)


def test_train_photos_that_nearly_equal_share_a_subject_where_asked(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = {"a": (5, "train", ""), "b": (5, "train", ""), "c": (6, "train", ""), "d": (6, "train", "ann")}
    shown |= {"e": (7, "train", ""), "f": (7, "valid", ""), "g": (8, "train", "bob"), "h": (8, "train", "eve")}
    for name, (number, split, subject) in shown.items():
        out = io.BytesIO()
        Image.open(io.BytesIO(jpeg(number, (160, 160)))).save(out, "JPEG", quality=95 if name in "aceg" else 40)
        project.photo(f"{name}.jpg", out.getvalue(), f"{split},30,male,{subject}")
    used, _ = project.scan(near_duplicates="keep")
    assert {row["path"][0]: row["subject"] for row in used if row["subject"]} == {"d": "ann", "g": "bob", "h": "eve"}
    assert "near subjects" not in capsys.readouterr().out
    used, _ = project.scan(near_duplicates="keep", subjects="near_duplicates")
    found = {row["path"][0]: row["subject"] for row in used}
    first = next(row["image_id"] for row in used if row["path"] == "a.jpg")
    assert found == {"a": first, "b": first, "c": "ann", "d": "ann", "e": None, "f": None, "g": "bob", "h": "eve"}
    assert "near subjects         3  train photos whose subject near duplicates tell" in capsys.readouterr().out


def test_pairs_chain_to_one_subject() -> None:
    ids, known = ["p", "q", "r", "s", "t"], [None, None, "eve", None, None]
    assert subjects.shared(ids, known, [(0, 1), (1, 2)]) == {"p": "eve", "q": "eve"}
    assert subjects.shared(ids, known, [(3, 4)]) == {"s": "s", "t": "s"}


def test_near_duplicates_of_valid_and_test_are_listed_and_used(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    big = Image.open(io.BytesIO(jpeg(5, (160, 160))))
    for name, quality, split in (("a", 95, "valid"), ("b", 40, "test")):
        out = io.BytesIO()
        big.save(out, "JPEG", quality=quality)
        project.photo(f"{name}.jpg", out.getvalue(), f"{split},30,male,")
    used, _ = project.scan()
    assert "near pairs            1  of a valid and a test photo, both used: a.jpg and b.jpg" in capsys.readouterr().out
    assert [row["near_of"] for row in used] == [None, None]


# The real photos


def scan_real(layout: str, cells: str, tmp_path: Path, **options: object) -> tuple[pa.Table, pa.Table, Cells]:
    section = {"layout": layout, "root": str(REAL / layout)} | options
    params = tmp_path / "params.yaml"
    params.write_text(f"source: {section}\ncells: {cells}\n".replace("'", '"'))
    paths = [tmp_path / "source.parquet", tmp_path / "quarantine.parquet"]
    main(["--params", str(params), "--source", str(paths[0]), "--quarantine", str(paths[1])])
    used, found = source.read(paths[0])
    return used, quarantine.read(paths[1])[0], found


DEFAULT = (
    "{age: [20, 40, 60], gender: [male, female], ethnicity: [caucasian, asian, afroamerican], "
    "expression: [neutral, slightly happy, happy, other]}"
)


@needs
@pytest.mark.slow
def test_the_challenges_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    used, out, _ = scan_real("appa_real", DEFAULT, tmp_path)
    rows = used.to_pylist()
    assert Counter(row["split"] for row in rows) == {"train": 4064, "valid": 1482, "test": 1978}
    assert out.to_pylist() == [
        {
            "path": "train_data/001583.jpg",
            "reason": "duplicate_across_splits",
            "detail": "same bytes as test_data/000385.jpg",
        }
    ]
    split_of = {row["image_id"]: row["split"] for row in rows}
    printed = capsys.readouterr().out
    assert "valid_data/000488.jpg and test_data/001882.jpg" in printed  # one moment, told apart by eye
    near = {row["path"][-10:-4]: split_of[row["near_of"]] for row in rows if row["near_of"]}
    assert Counter(near.values()) == {"test": 10, "valid": 5}
    same = ["000492", "001206", "001653", "001970", "003066", "003454", "003541", "003709", "003950"]
    assert all(near[name] == "test" for name in same)  # told apart by eye
    assert {row["cell"] for row in rows if row["split"] == "test"} == {-1}
    assert len({row["image_id"] for row in rows}) == len(rows)


@needs
def test_the_releases_photos(tmp_path: Path) -> None:
    used, out, _ = scan_real("appa_real_release", DEFAULT, tmp_path)
    assert Counter(used["split"].to_pylist()) == {"train": 79, "valid": 80}
    assert {row["path"]: row["reason"] for row in out.to_pylist()} == {
        "train/000067.jpg_face.jpg": "missing_label",
        "train/000080.jpg_face.jpg": "no_label_row",
    }
    assert used["age_std"].null_count == 0


@needs
def test_celebas_photos_for_a_few_of_its_rows(tmp_path: Path) -> None:
    cells = "{age: [20], gender: [male, female], expression: [smiling, not smiling], Eyeglasses: [yes, no]}"
    used, out, found = scan_real("celeba", cells, tmp_path, max_quarantine=1.0)
    assert found.names == ("gender", "expression", "Eyeglasses")
    assert used.num_rows == 32
    assert Counter(out["reason"].to_pylist()) == {"missing_file": 19_968}
    assert used["age"].null_count == 32


def test_thumbnails_are_exact_means_of_areas() -> None:
    photos = np.random.default_rng(7).integers(0, 256, (3, 64, 64), np.uint8)
    photos[2] = 90  # flat
    made = near_duplicates._thumbs(photos).reshape(10, 3, 12, 12)
    assert made.dtype == np.float32 and (made == np.rint(made)).all() and not made[:, 2].any()
    starts = [(0, 0, 64)] + [(y, x, 56) for y in (0, 4, 8) for x in (0, 4, 8)]
    for number, (y, x, side) in enumerate(starts):
        for photo, found in zip(photos[:2], made[number], strict=False):
            fine = np.kron(photo[y : y + side, x : x + side].astype(np.int64), np.ones((12, 12), np.int64))
            areas = fine.reshape(12, side, 12, side).sum(axis=(1, 3))
            expected = areas - areas.mean()
            np.testing.assert_allclose(found, np.rint(2000 * expected / np.linalg.norm(expected)), atol=0)


@needs
def test_a_moment_that_valid_and_test_share_is_found() -> None:
    greys = [
        check(REAL / "appa_real", path, SizeLimits(10**8, 10**8)).grey
        for path in ("valid_data/000488.jpg", "test_data/001882.jpg", "test_data/001881.jpg")
    ]
    valid, test = np.array(greys[:1]), np.array(greys[1:])
    assert near_duplicates.find(valid, test, 1, near_duplicates.MOMENT)[0].tolist() == [[0, 0]]
    assert not len(near_duplicates.find(valid, test, 1)[0])  # no copy of one photo
