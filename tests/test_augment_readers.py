"""Shards and index open in the readers that people use, and verify finds what does not match."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import webdataset
from PIL import Image

from augment.papers import card
from augment.rendering import tar
from manifests.core import codec
from manifests.tables import tasks
from tests.support.mixed_photos import mixed_project
from tests.support.render_fixtures import Project, project
from tests.support.stages import run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("readers"), train=8, copies=2, shard=10)
    made.render()
    return made


def test_webdataset_reads_every_sample(made: Project) -> None:
    rows = {row["task_id"]: row for row in made.table().to_pylist()}
    shards = sorted(str(path) for path in made.shards.glob("*.tar"))
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8"))
    assert {sample["__key__"] for sample in samples} == set(rows)
    for sample in samples:
        row = rows[sample["__key__"]]
        assert sample["json"]["image_id"] == row["image_id"]
        assert sample["json"]["age"] == row["age"]
        assert sample["jpg"].shape == (64, 64, 3)


def test_tarfile_and_gnu_tar_list_the_same_members(made: Project) -> None:
    for path in made.shards.glob("*.tar"):
        with tarfile.open(path) as opened:
            members = opened.getmembers()
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
        listed = subprocess.run(["tar", "tf", str(path)], capture_output=True, text=True, check=True)
        assert listed.stdout.split() == [member.name for member in members]
        assert listed.stderr == ""


@pytest.mark.readers
def test_hugging_face_datasets_loads_the_whole_folder(tmp_path: Path) -> None:
    """PNGs beside JPEGs, and a test photo without labels: nothing is lost, and nothing is taken for another type."""
    datasets = pytest.importorskip("datasets")
    made = mixed_project(tmp_path, train=8, copies=2, shard=10)
    made.render()
    rows = {row["task_id"]: row for row in made.table().to_pylist()}
    read = datasets.load_dataset(str(made.shards), cache_dir=str(tmp_path / "hf"))
    dropped = datasets.load_dataset(str(made.shards), "dropped", cache_dir=str(tmp_path / "hf"))
    samples = [sample for split in (*read.values(), *dropped.values()) for sample in split]
    assert {split: len(part) for split, part in read.items()} == {"train": 23, "validation": 3, "test": 3}
    assert {sample["__key__"] for sample in samples} == set(rows)
    for sample in samples:
        row, labels = rows[sample["__key__"]], sample["json"]
        assert [sample["jpg"] is None, sample["png"] is None].count(False) == 1
        assert (labels["age"], labels["gender"], labels["age_bin"]) == (row["age"], row["gender"], row["age_bin"])
        assert (labels["copy"], labels["seed"], labels["policy"]) == (row["copy"], str(row["seed"]), row["policy"])
    assert sum(sample["json"]["age"] is None for sample in samples) == 1


@pytest.mark.readers
def test_hugging_face_datasets_reads_a_changed_set_anew(tmp_path: Path) -> None:
    """Its cache knows the front matter alone: the same number of other images must not be taken from there."""
    datasets = pytest.importorskip("datasets")
    found = []
    for quality in (95, 60):
        made = project(tmp_path / str(quality), train=4, copies=2, shard=10)
        made.params(f"render: {{quality: {quality}}}")
        made.render()
        read = datasets.load_dataset(str(made.shards), split="train", cache_dir=str(tmp_path / "hf"))
        rows = {row["task_id"]: row["size"] for row in made.table().to_pylist()}
        found.append(sum(rows[key] for key in read["__key__"]))
        raw = read.cast_column("jpg", datasets.Image(decode=False))
        assert all(len(sample["jpg"]["bytes"]) == rows[sample["__key__"]] for sample in raw)
    assert found[0] > found[1]


def test_the_card_changes_with_any_image_or_label(made: Project) -> None:
    table = made.table()
    parts = [table.slice(0, 5), table.slice(5)]
    before = str(card.Content(table))
    assert f"description: images and labels {before}\n" in (made.shards / card.NAME).read_text()
    assert str(card.Content(*parts)) == before
    for name, value in {"sha256": "0" * 64, "gender": "unknown", "age": 1.5, "age_std": 2.5}.items():
        column = table[name].to_pylist()
        column[3] = value
        kind = pa.string() if name == "gender" else table.schema.field(name).type
        changed = table.set_column(table.column_names.index(name), name, pa.array(column, kind))
        assert str(card.Content(changed)) != before, name


def test_a_shard_has_one_extension_and_its_labels_no_null(tmp_path: Path) -> None:
    made = mixed_project(tmp_path, train=8, copies=2, shard=10)
    made.render()
    suffixes: dict[str, set[str]] = {}
    for path in made.shards.glob("*.tar"):
        with tarfile.open(path) as opened:
            for member in opened:
                content = opened.extractfile(member)
                assert content is not None
                if member.name.endswith(".json"):
                    assert None not in json.loads(content.read()).values()
                else:
                    suffixes.setdefault(path.name, set()).add(Path(member.name).suffix)
    assert all(len(found) == 1 for found in suffixes.values())
    assert set.union(*suffixes.values()) == {".jpg", ".png"}
    assert run(tmp_path, "augment.verify", "--sample", "0").returncode == 0


def test_the_index_opens_in_pandas_duckdb_and_polars(made: Project) -> None:
    path, table = made.shards / "index.parquet", made.table()
    frame = pd.read_parquet(path)
    assert frame["seed"].dtype == np.uint64
    assert frame["task_id"].tolist() == table["task_id"].to_pylist()
    polars = pl.read_parquet(path)
    assert polars["seed"].to_list() == table["seed"].to_pylist()
    count = duckdb.sql(f"select count(*), sum(size) from '{path}' where copy > 0 and gender = 'male'").fetchall()[0]
    male = frame[(frame["copy"] > 0) & (frame["gender"] == "male")]
    assert count == (len(male), male["size"].sum())


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("a/b.jpg", ".jpg"),
        ("b.JPEG", ".jpg"),
        ("c.jpg.chip.jpg", ".jpg"),
        ("d.PNG", ".png"),
        ("d.tiff", ".tif"),
        ("e", ".jpg"),
        ("f.x", ".jpg"),
    ],
)
def test_an_original_keeps_its_extension_in_lower_case(path: str, suffix: str) -> None:
    assert tasks.suffix(path) == suffix


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 10_000])
def test_members_are_those_of_tarfile(size: int) -> None:
    content, expected = bytes(range(256)) * (size // 256 + 1), io.BytesIO()
    content = content[:size]
    with tarfile.open(fileobj=expected, mode="w", format=tarfile.USTAR_FORMAT) as opened:
        member = tarfile.TarInfo("0123456789abcdef_0001.jpg")
        member.size, member.mode = size, 0o644
        opened.addfile(member, io.BytesIO(content))
    made = tar._member("0123456789abcdef_0001.jpg", content)
    assert expected.getvalue().startswith(made)


def test_verify_reports_each_mismatch(tmp_path: Path) -> None:
    made = project(tmp_path, train=6, copies=2)
    made.render()
    assert run(tmp_path, "augment.verify", "--sample", "0").stdout == "24 of 24 images verified, 0 mismatches\n"
    row = next(row for row in made.table().to_pylist() if row["copy"] == 1)
    shard = made.shards / row["shard"]
    content = bytearray(shard.read_bytes())
    content[row["offset"] + row["size"] // 2] ^= 1
    shard.write_bytes(content)
    lost = next(path for path in (tmp_path / "raw/valid").iterdir())
    image = codec.decode(lost.read_bytes())
    image_id = next(row["task_id"] for row in made.table().to_pylist() if row["path"] == f"valid/{lost.name}")
    Image.fromarray(image).save(lost, quality=50)
    done = run(tmp_path, "augment.verify", "--sample", "0")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{row['task_id']}: the bytes in {row['shard']} are not those of the index",
        f"{image_id}: valid/{lost.name}: its bytes have changed since the scan",
        "24 of 24 images verified, 2 mismatches",
    ]
    assert "5 of 24 images verified" in run(tmp_path, "augment.verify", "--sample", "5").stdout


def test_importing_the_renderer_loads_no_albumentations() -> None:
    code = "import sys, augment.render; sys.exit(bool({'albumentations', 'tensorflow', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent).returncode == 0
