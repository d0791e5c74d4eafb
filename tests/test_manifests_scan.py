"""The scan: every photo checked, what fails kept with its reason, the same result in any order."""

from __future__ import annotations

import io
import os
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.scan import main
from manifests.scanning import duplicates, labels, splits
from manifests.scanning.duplicates import Labelled
from manifests.scanning.labels import Labels
from manifests.scanning.photos import Limits, Photo, check, check_all
from manifests.sources.rows import Age, Quarantined, Row
from manifests.tables import quarantine, source

REAL = Path("../shared/data").resolve()
needs = pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not linked at ../shared/data")
CELLS = Cells.of({"age": [20, 40, 60], "gender": ["male", "female"], "expression": ["neutral", "slightly happy"]})


def jpeg(seed: int, size: tuple[int, int] = (40, 30)) -> bytes:
    """A photo of smooth noise; another seed is another photo."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


# Labels


def resolve(row: Row, cells: Cells = CELLS, rename: Mapping = {}) -> Labels | tuple[str, str]:
    found = labels.resolve(row, cells, rename, max_age=120, aged="age" in cells.names)
    return (found.reason, found.detail) if isinstance(found, Quarantined) else found


def labelled(age: Age | None = Age.exact(30), **words: str) -> Row:  # noqa: B008
    both = {"gender": "male", "expression": "neutral"} | words
    return Row("a.jpg", "train", age, {axis: (word,) for axis, word in both.items()})


def test_labels_give_the_joint_cell() -> None:
    found = resolve(labelled(Age.exact(61), gender="FEMALE", expression="slightlyhappy"))
    assert found == Labels(61, None, None, len(CELLS) - 1)


def test_a_range_takes_its_midpoint_and_records_its_width() -> None:
    assert resolve(labelled(Age.between(25, 32))) == Labels(28.5, None, 7, CELLS.shape[1] * CELLS.shape[2])


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (None, ("missing_label", "age")),
        (Age.between(25, 23), ("age_range_backwards", "25 to 23")),
        (Age.between(15, 20), ("age_range_straddles", "15 to 20 lies in <20 and above")),
        (Age.between(38, 43), ("age_range_straddles", "38 to 43 lies in 20-40 and above")),
        (Age.over(50), ("age_range_straddles", "50 to inf lies in 40-60 and above")),
        (Age.exact(-1), ("age_out_of_range", "-1 is not in 0 to 120")),
        (Age.between(-2, 2), ("age_out_of_range", "-2 is not in 0 to 120")),
        (Age.exact(120.5), ("age_out_of_range", "120.5 is not in 0 to 120")),
        (Age.between(100, 130), ("age_out_of_range", "130 is not in 0 to 120")),
    ],
)
def test_an_age_that_cant_be_used_has_its_reason(age: Age | None, expected: tuple[str, str]) -> None:
    assert resolve(labelled(age)) == expected


@pytest.mark.parametrize("age", [Age.exact(0), Age.exact(120), Age.between(20, 39), Age.over(60), Age.between(0, 2)])
def test_ages_at_the_limits_are_used(age: Age) -> None:
    assert isinstance(resolve(labelled(age)), Labels)


def test_labels_that_are_missing_or_unknown_name_their_axis() -> None:
    assert resolve(labelled(gender=" ")) == ("missing_label", "gender")
    assert resolve(Row("a.jpg", "train", Age.exact(3))) == ("missing_label", "gender")
    assert resolve(labelled(expression="angry")) == (
        "unknown_label",
        "expression: 'angry' is none of neutral, slightly happy",
    )


def test_the_first_word_that_the_axis_knows_counts_and_a_rename_comes_before_it() -> None:
    cells = Cells.of({"ethnicity": ["other", "white", "asian"]})
    row = Row("a.jpg", labels={"ethnicity": ("East Asian", "asian")})
    assert resolve(row, cells) == Labels(None, None, None, 2)
    assert resolve(row, cells, {"ethnicity": {"east_asian": "Other"}}) == Labels(None, None, None, 0)


def test_hidden_labels_are_not_missing() -> None:
    assert resolve(Row("a.jpg", "test", unlabelled=True)) == Labels(None, None, None, -1)


# Files


LIMITS = Limits(max_bytes=20_000, max_pixels=10_000)


def reason(root: Path, path: str) -> tuple[str, str]:
    found = check(root.resolve(), path, LIMITS)
    assert isinstance(found, Quarantined)
    assert found.path == path
    return found.reason, found.detail


def test_a_good_photo_is_named_by_its_bytes(tmp_path: Path) -> None:
    from hashlib import sha256

    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    photo = check(tmp_path.resolve(), "a.jpg", LIMITS)
    assert isinstance(photo, Photo)
    assert photo.image_id == sha256(jpeg(1)).hexdigest()[:16]
    assert (photo.width, photo.height, photo.grey.shape, photo.grey.dtype) == (40, 30, (64, 64), np.uint8)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("none.jpg", ("missing_file", "no such file or directory")),
        ("a.jpg/b.jpg", ("missing_file", "not a directory")),
        ("folder", ("not_a_file", "a directory")),
        ("pipe", ("not_a_file", "a device, pipe or socket")),
        ("device", ("outside_root", "a link that leads out of the root")),
        ("empty.jpg", ("empty_file", "0 bytes")),
        ("big.jpg", ("too_large", "20001 bytes, source.max_bytes is 20000")),
        ("wide.jpg", ("too_many_pixels", "101 x 100, source.max_pixels is 10000")),
        ("text.jpg", ("unknown_format", "no header of JPEG, PNG, WEBP, BMP, TIFF")),
        ("moving.gif", ("unknown_format", "no header of JPEG, PNG, WEBP, BMP, TIFF")),
        ("cut.jpg", ("undecodable", "JPEG: the JPEG ends before its end marker")),
        ("cut_early.jpg", ("undecodable", "its header is cut or damaged")),
        ("../outside.jpg", ("outside_root", "an absolute path, or one with ..")),
        ("folder/../a.jpg", ("outside_root", "an absolute path, or one with ..")),
        ("/etc/passwd", ("outside_root", "an absolute path, or one with ..")),
        ("link_out.jpg", ("outside_root", "a link that leads out of the root")),
        ("loop.jpg", ("unreadable", "too many levels of symbolic links")),
        ("", ("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")),
        ("a\0.jpg", ("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")),
        ("\udcff.jpg", ("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")),
        ("x" * 300 + ".jpg", ("malformed_name", "file name too long")),
    ],
)
def test_a_photo_that_cant_be_used_has_its_reason(tmp_path: Path, path: str, expected: tuple[str, str]) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.jpg").write_bytes(jpeg(1))
    contents = {
        "a.jpg": jpeg(1),
        "empty.jpg": b"",
        "big.jpg": jpeg(1) + bytes(20_001 - len(jpeg(1))),
        "wide.jpg": jpeg(1, (101, 100)),
        "text.jpg": b"hello",
        "moving.gif": b"GIF89a" + bytes(20),
        "cut.jpg": jpeg(1)[: len(jpeg(1)) * 2 // 3],
        "cut_early.jpg": jpeg(1)[:100],
    }
    for name, content in contents.items():
        (root / name).write_bytes(content)
    os.mkfifo(root / "pipe")
    (root / "device").symlink_to("/dev/zero")
    (root / "link_out.jpg").symlink_to(tmp_path / "outside.jpg")
    (root / "loop.jpg").symlink_to("loop.jpg")
    assert reason(root, path) == expected


def test_links_inside_the_root_and_a_linked_root_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(jpeg(1))
    (tmp_path / "real" / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "root").symlink_to("real")
    found = check_all(tmp_path / "root", ["a.jpg", "b.jpg"], LIMITS, jobs=1)
    assert [type(one) for one in found] == [Photo, Photo]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_photo_without_permission_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    (tmp_path / "a.jpg").chmod(0)
    assert reason(tmp_path, "a.jpg") == ("unreadable", "permission denied")


# Splits and duplicates


def test_splits_by_hash_keep_to_their_shares_and_to_a_keys_own_place() -> None:
    keys = [f"subject {i}" for i in range(10_000)]
    found = splits.by_hash(keys, valid=0.1, test=0.3)
    counts = Counter(found)
    assert abs(counts["test"] - 3000) < 150
    assert abs(counts["valid"] - 1000) < 100
    assert splits.by_hash(keys[5000:], valid=0.1, test=0.3) == found[5000:]


def test_a_small_set_still_gets_every_split_that_is_wished() -> None:
    for seed in range(40):
        keys = [f"{seed}/{i}" for i in range(3)] * 2
        assert set(splits.by_hash(keys, valid=0.2, test=0.2)) == {"train", "valid", "test"}
        assert set(splits.by_hash(keys, valid=0.2, test=0)) <= {"train", "valid"}
    assert len(splits.by_hash(["only"], valid=0.2, test=0.2)) == 1
    assert splits.by_hash([], valid=0.2, test=0.2) == []


def test_a_share_of_nothing_gets_nothing() -> None:
    assert set(splits.by_hash([str(i) for i in range(300)], valid=0, test=0)) == {"train"}


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
def test_the_challenges_photos(tmp_path: Path) -> None:
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
