"""Each layout, on small roots made here."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.core.errors import UserError, located
from manifests.sections.source import Source
from manifests.sources import LAYOUTS
from manifests.sources.celeba import ATTRIBUTES
from manifests.sources.rows import Age, Quarantined, SourceRow
from tests.support.source_roots import root_of, rows_of


def message(layout: str, root: Path, **options: object) -> str:
    with pytest.raises(UserError) as error:
        rows_of(layout, root, **options)
    return str(error.value)


# APPA-REAL, the challenge's edition

HEADER = "imageId,age,gender,ethnicity,emotion\n"
CHALLENGE = {
    "labels_metadata_train.csv": HEADER + "000001,5.0,male,caucasian,neutral\n2,20.5,female,asian,slightlyhappy\n",
    "labels_metadata_valid.csv": HEADER + "000001,33,male,afroamerican,other\n",
    "train_data/000001.jpg": "",
    "train_data/000002.jpg": "",
    "train_data/000009.jpg": "",
    "train_data/.DS_Store": "",
    "valid_data/000001.jpg": "",
    "test_data/000001.jpg": "",
    "test_data/000002.jpg": "",
}


def test_the_challenge_has_three_splits_and_hides_the_labels_of_test(tmp_path: Path) -> None:
    rows = rows_of("appa_real", root_of(tmp_path, CHALLENGE))
    assert rows == [
        SourceRow(
            "train_data/000001.jpg",
            "train",
            Age.exact(5),
            {"gender": ("male",), "ethnicity": ("caucasian",), "expression": ("neutral",)},
        ),
        SourceRow(
            "train_data/000002.jpg",
            "train",
            Age.exact(20.5),
            {"gender": ("female",), "ethnicity": ("asian",), "expression": ("slightlyhappy",)},
        ),
        Quarantined("train_data/000009.jpg", "no_label_row", "no label row names this photo"),
        SourceRow(
            "valid_data/000001.jpg",
            "valid",
            Age.exact(33),
            {"gender": ("male",), "ethnicity": ("afroamerican",), "expression": ("other",)},
        ),
        SourceRow("test_data/000001.jpg", "test", unlabelled=True),
        SourceRow("test_data/000002.jpg", "test", unlabelled=True),
    ]


def test_the_challenges_test_labels_are_read_once_they_are_there(tmp_path: Path) -> None:
    extra = {"labels_metadata_test.csv": HEADER + "000001,40,male,asian,happy\n"}
    rows = rows_of("appa_real", root_of(tmp_path, CHALLENGE | extra))
    test = [row for row in rows if row.path.startswith("test_data")]
    assert test[0].age == Age.exact(40)
    assert test[1] == Quarantined("test_data/000002.jpg", "no_label_row", "no label row names this photo")


def test_the_raters_spread_comes_from_a_table_beside_it(tmp_path: Path) -> None:
    ratings = tmp_path / "spread.csv"
    ratings.write_text("split,challenge_imageId,apparent_age_std\ntrain,000002,3.25\n")
    rows = rows_of("appa_real", root_of(tmp_path / "root", CHALLENGE), ratings=str(ratings))
    assert [row.age_std for row in rows if isinstance(row, SourceRow)][:2] == [None, 3.25]


def test_the_challenge_needs_its_train_labels(tmp_path: Path) -> None:
    assert message("appa_real", tmp_path) == (
        f"{tmp_path}/labels_metadata_train.csv: expected a label file. Received no such file or directory. "
        "Check source.layout and source.root in params.yaml."
    )


def test_a_row_of_the_wrong_length_or_age_is_quarantined_where_it_stands(tmp_path: Path) -> None:
    text = HEADER + "000001,5,male\n000002,five,male,asian,happy\n\n000003,7,male,asian,happy,extra\n"
    rows = rows_of("appa_real", root_of(tmp_path, {"labels_metadata_train.csv": text}))
    assert rows == [
        Quarantined("labels_metadata_train.csv:2", "malformed_row", "more or fewer fields than the header has"),
        Quarantined("labels_metadata_train.csv:3", "malformed_row", "no age: 'five'"),
        Quarantined("labels_metadata_train.csv:5", "malformed_row", "more or fewer fields than the header has"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        HEADER.replace("\n", "\r\n") + "000001,5.0,male,caucasian,neutral\r\n",
        "\ufeff" + HEADER + "000001,5.0,male,caucasian,neutral\n",
        HEADER + '"000001","5.0","male","caucasian","neutral"\n\n\n',
        HEADER + " 000001 , 5.0 ,male, caucasian,neutral",
    ],
    ids=["CRLF", "byte order mark", "quotes", "spaces"],
)
def test_label_files_may_differ_in_form(tmp_path: Path, content: str) -> None:
    (row,) = rows_of("appa_real", root_of(tmp_path, {"labels_metadata_train.csv": content}))
    assert row.path == "train_data/000001.jpg"
    assert row.labels["ethnicity"] == ("caucasian",)


@pytest.mark.parametrize(
    ("content", "where", "rest"),
    [
        ("", ":1", "expected a column imageId. Received an empty file."),
        ("id,age\n", ":1", "expected a column imageId. Received id, age."),
        (HEADER.replace(",age", ",years"), ":1", "expected a column age. Received imageId, years, gender,"),
        ("age," + HEADER, ":1", "expected each column once. Received age, imageId, age,"),
        (HEADER.encode() + b"000001,5,m\xe4nnlich,a,b\n", ":2", "expected text in UTF-8. Received byte 0xe4."),
        (HEADER + '000001,5,"male,asian,happy\n', ":2", "expected a row of delimited text. Received "),
        (HEADER + '000001,5,"male"x,asian,happy\n', ":2", "expected a row of delimited text. Received "),
        ("imageId;age;gender;ethnicity;emotion\n", ":1", "expected a column imageId. Received imageId;age;gender;"),
    ],
)
def test_a_label_file_that_cant_be_read_is_named_with_its_row(
    tmp_path: Path, content: str | bytes, where: str, rest: str
) -> None:
    text = message("appa_real", root_of(tmp_path, {"labels_metadata_train.csv": content}))
    assert text.startswith(f"{tmp_path}/labels_metadata_train.csv{where}: {rest}")


def test_a_folder_in_place_of_a_label_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels_metadata_train.csv").mkdir()
    assert "expected a label file. Received no regular file." in message("appa_real", tmp_path)


# The other layouts, made up


def test_the_release_joins_ages_and_categories(tmp_path: Path) -> None:
    files = {
        "gt_avg_train.csv": "file_name,num_ratings,apparent_age_avg,apparent_age_std,real_age\n"
        "000000.jpg,36,5,1.25,4\n000001.jpg,20,30,2,31\n",
        "allcategories_train.csv": "file,gender,race,makeup,happiness\n000000.jpg,male,asian,none,happy\n",
        "train/000000.jpg_face.jpg": "",
        "train/000000.jpg": "",
        "train/000007.jpg_face.jpg": "",
    }
    root = root_of(tmp_path, files)
    labels = {"gender": ("male",), "ethnicity": ("asian",), "expression": ("happy",)}
    first, second, third = rows_of("appa_real_release", root)
    assert first == SourceRow("train/000000.jpg_face.jpg", "train", Age.exact(5), labels, age_std=1.25)
    assert second.labels == {"gender": ("",), "ethnicity": ("",), "expression": ("",)}
    assert (third.path, third.reason) == ("train/000007.jpg_face.jpg", "no_label_row")
    real = rows_of("appa_real_release", root, columns={"age": "real_age"})[0]
    assert (real.age, real.age_std) == (Age.exact(4), None)


@pytest.mark.parametrize(
    "name",
    [
        "39_1_20170116174525125.jpg.chip.jpg",
        "55_0_0_20170116232725357jpg.chip.jpg",
        "24_0_1_20170116220224657 .jpg.chip.jpg",
        "5_2_0_20170116.jpg.chip.jpg",
        "5_1_5_20170116.jpg.chip.jpg",
        "-5_1_0_20170116.jpg.chip.jpg",
        "٣_1_0_20170116.jpg.chip.jpg",
        "5_1_0_20170116.jpg",
    ],
)
def test_utkface_quarantines_a_malformed_name(tmp_path: Path, name: str) -> None:
    (row,) = rows_of("utkface", root_of(tmp_path, {name: ""}))
    assert row == Quarantined(name, "malformed_name", "not [age]_[gender]_[race]_[time].jpg.chip.jpg")


def test_utkface_reads_the_labels_from_the_name(tmp_path: Path) -> None:
    (row,) = rows_of("utkface", root_of(tmp_path, {"116_1_4_2017.jpg.chip.jpg": "", "notes.txt": ""}))
    labels = {"gender": ("female",), "ethnicity": ("others", "other")}
    assert row == SourceRow("116_1_4_2017.jpg.chip.jpg", None, Age.exact(116), labels)


FAIRFACE = "file,age,gender,race,service_test\n"


def test_fairface_splits_by_its_two_files(tmp_path: Path) -> None:
    files = {
        "fairface_label_train.csv": FAIRFACE + "train/1.jpg,more than 70,Male,East Asian,TRUE\n",
        "fairface_label_val.csv": FAIRFACE + "val/1.jpg,03-Sep,Female,White,FALSE\n",
        "val/2.jpg": "",
    }
    first, second, third = rows_of("fairface", root_of(tmp_path, files))
    assert (first.split, first.age, first.labels["ethnicity"]) == ("train", Age.over(70), ("East Asian", "asian"))
    assert (second.split, second.age, second.labels["ethnicity"]) == ("valid", Age(6, 3, 9), ("White", "caucasian"))
    assert third.reason == "no_label_row"


def test_fairface_with_one_file_leaves_the_splits_to_the_hash(tmp_path: Path) -> None:
    files = {"fairface_label_val.csv": FAIRFACE + "val/1.jpg,0-2,Male,Black,TRUE\n"}
    assert rows_of("fairface", root_of(tmp_path, files))[0].split is None


def test_fairface_and_adience_without_label_files(tmp_path: Path) -> None:
    remedy = "Check source.layout and source.root in params.yaml."
    assert message("fairface", tmp_path) == (
        f"{tmp_path}: expected fairface_label_train.csv or fairface_label_val.csv. Received neither. {remedy}"
    )
    assert message("adience", tmp_path) == (
        f"{tmp_path}: expected fold_0_data.txt or another fold. Received none. {remedy}"
    )


ADIENCE = "user_id\toriginal_image\tface_id\tage\tgender\tx\n"


def test_adience_reads_every_fold_and_no_list_of_frontal_faces(tmp_path: Path) -> None:
    files = {
        "fold_0_data.txt": ADIENCE + "u@N1\ta_o.jpg\t7\t(25, 32)\tf\t1\nu@N1\tb_o.jpg\t7\tNone\t\t1\n",
        "fold_1_data.txt": ADIENCE + "v@N2\tc_o.jpg\t8\t35\tu\t1\n",
        "fold_frontal_0_data.txt": ADIENCE + "u@N1\ta_o.jpg\t7\t(25, 32)\tf\t1\n",
        "faces/u@N1/coarse_tilt_aligned_face.7.a_o.jpg": "",
        "faces/u@N1/coarse_tilt_aligned_face.9.z_o.jpg": "",
    }
    first, second, third, left = rows_of("adience", root_of(tmp_path, files))
    path = "faces/u@N1/coarse_tilt_aligned_face.7.a_o.jpg"
    assert first == SourceRow(path, None, Age(28.5, 25, 32), {"gender": ("female", "f")}, subject="u@N1", fold=0)
    assert (second.age, second.labels) == (None, {"gender": ()})
    assert (third.age, third.labels, third.subject, third.fold) == (Age.exact(35), {"gender": ()}, "v@N2", 1)
    assert (left.path, left.reason) == ("faces/u@N1/coarse_tilt_aligned_face.9.z_o.jpg", "no_label_row")


def test_adience_reads_the_frontal_lists_alone_where_it_is_told(tmp_path: Path) -> None:
    row = "u@N1\ta_o.jpg\t7\t(25, 32)\tf\t1\n"
    files = {
        "fold_0_data.txt": ADIENCE + row + row.replace("a_o", "b_o"),
        "fold_frontal_3_data.txt": ADIENCE + row,
        "faces/u@N1/coarse_tilt_aligned_face.7.a_o.jpg": "",
        "faces/u@N1/coarse_tilt_aligned_face.7.b_o.jpg": "",
    }
    (only,) = rows_of("adience", root_of(tmp_path, files), frontal=True)
    assert (only.path.split(".")[-2], only.fold) == ("a_o", 3)


def celeba(count: str = "202599\r\n", rows: str = "") -> str:
    return count + " ".join(ATTRIBUTES) + " \r\n" + rows


def celeba_row(name: str, **marks: str) -> str:
    return f"{name} " + " ".join(f"{marks.get(a, '-1'):>2}" for a in ATTRIBUTES) + "\r\n"


@pytest.mark.parametrize("count", ["202599\r\n", "2\n", ""])
def test_celeba_does_not_believe_the_count(tmp_path: Path, count: str) -> None:
    rows = celeba_row("000001.jpg", Male="1", Smiling="1") + celeba_row("000002.jpg") + "000003.jpg 1 -1\r\n"
    first, second, third = rows_of("celeba", root_of(tmp_path, {"list_attr_celeba.txt": celeba(count, rows)}))
    assert (first.path, first.split, first.age) == ("img_align_celeba/000001.jpg", None, None)
    assert first.labels["gender"] == ("male",)
    assert first.labels["expression"] == ("smiling", "happy")
    assert first.labels["Eyeglasses"] == ("no",)
    assert second.labels["expression"] == ("not smiling", "neutral")
    assert (third.reason, third.detail) == ("malformed_row", "not a name and 40 values of 1 or -1")


def test_celeba_takes_splits_and_subjects_where_they_are_there(tmp_path: Path) -> None:
    files = {
        "list_attr_celeba.txt": celeba(rows="".join(celeba_row(f"00000{i}.jpg") for i in range(5))),
        "list_eval_partition.txt": "000000.jpg 0\n000001.jpg 1\n000002.jpg 2\n000003.jpg 9\n",
        "identity_CelebA.txt": "000000.jpg 77\n",
    }
    rows = rows_of("celeba", root_of(tmp_path, files))
    assert [row.split for row in rows] == ["train", "valid", "test", "9", "none"]
    assert [row.subject for row in rows] == ["77", None, None, None, None]


def test_celeba_checks_the_names_of_its_attributes(tmp_path: Path) -> None:
    text = message("celeba", root_of(tmp_path, {"list_attr_celeba.txt": "3\nMale Young\n"}))
    assert text == (
        f"{tmp_path}/list_attr_celeba.txt:2: expected the names of CelebA's 40 attributes. Received Male Young. "
        "Check source.layout and source.root in params.yaml."
    )


# Any table

TABLE = "file,years,sex,fold,who\na.jpg,30,m,val,ann\nb.jpg,,f,,bob\n,3,m,train,eve\n"
COLUMNS = {"path": "file", "age": "years", "gender": "sex", "split": "fold", "subject": "who"}


def test_a_table_maps_its_columns(tmp_path: Path) -> None:
    first, second, third = rows_of("table", root_of(tmp_path, {"labels.csv": TABLE}), columns=COLUMNS)
    assert first == SourceRow("a.jpg", "valid", Age.exact(30), {"gender": ("m",)}, subject="ann")
    assert second == SourceRow("b.jpg", "", None, {"gender": ("f",)}, subject="bob")
    assert third == Quarantined("labels.csv:4", "malformed_row", "no path")


def test_a_table_needs_no_mapping_where_the_names_are_ours(tmp_path: Path) -> None:
    root = root_of(tmp_path, {"labels.csv": "path,glasses,age\na.jpg,yes,7\n"})
    source = Source(layout="table", root=str(root))
    assert LAYOUTS["table"].axes(root, source) == ("glasses", "age")
    assert rows_of("table", root) == [SourceRow("a.jpg", None, Age.exact(7), {"glasses": ("yes",)})]


def test_a_table_may_be_parquet_or_tab_separated(tmp_path: Path) -> None:
    pq.write_table(pa.table({"path": ["a.jpg", None], "age": [7, 8], "mood": ["happy", None]}), tmp_path / "t.parquet")
    (tmp_path / "t.tsv").write_text("path\tage\tmood\na.jpg\t7\thappy\n\t8\t\n")
    expected = SourceRow("a.jpg", None, Age.exact(7), {"mood": ("happy",)})
    for labels, where in (("t.parquet", "t.parquet:2"), ("t.tsv", "t.tsv:3")):
        assert rows_of("table", tmp_path, labels=labels) == [expected, Quarantined(where, "malformed_row", "no path")]


def test_a_tables_mistakes_are_named(tmp_path: Path) -> None:
    root = root_of(tmp_path, {"labels.csv": TABLE, "bad.parquet": "no"})
    assert message("table", root) == (
        f"{root}/labels.csv:1: expected a column path. Received file, years, sex, fold, who. "
        "Name it in source.columns.path."
    )
    with pytest.raises(UserError) as error, located("p.yaml: source"):
        LAYOUTS["table"].axes(root, Source(layout="table", root=str(root), columns={"path": "files"}))
    assert str(error.value) == (
        "p.yaml: source.columns.path: expected a column of labels.csv (file, years, sex, fold, who). "
        "Received 'files'. Correct the name."
    )
    assert message("table", root, labels="bad.parquet").startswith(f"{root}/bad.parquet: expected a Parquet table.")
    assert message("table", root, labels="none.csv").startswith(f"{root}/none.csv: expected a label file.")
