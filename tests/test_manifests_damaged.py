"""Inputs that are damaged, of odd types or too large: one clear error each."""

from __future__ import annotations

import datetime
import json
import os
import sys
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from augment import store
from augment.cache import packs
from balance import counts, emphasise, page, plan
from manifests import scan
from manifests.core import command, inputs, params
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.sources import appa_real
from manifests.tables import comparison, emphasis, plan_report, quarantine, rejects, source
from tests.support.plan_stage import CELLS, LOPSIDED, photo_table

PARAMS = "source: {layout: table, root: photos, labels: labels.parquet}\ncells: {gender: [male, female]}\n"
HUGE = {f"axis{i}": [f"v{j}" for j in range(100)] for i in range(5)}  # 10^10 cells


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path


ODD = {
    "a date of the year 20000": pa.array([6_600_000], pa.int32()).cast(pa.date32()),
    "a time that Python has not": pa.array([2**52], pa.int64()).cast(pa.timestamp("ms")),
    "a time zone that is none": pa.array([0], pa.int64()).cast(pa.timestamp("s", tz="Mars/Olympus")),
    "bytes that are no text": pa.array([b"\xff\xfe"], pa.binary()).view(pa.string()),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_values_of_a_parquet_label_file_are_said(kind: str) -> None:
    pq.write_table(pa.table({"path": ["a.jpg"], "gender": ODD[kind]}), "photos/labels.parquet")
    with pytest.raises(UserError, match=r"photos/labels\.parquet.*expected"):
        scan.main([])


def test_plain_dates_are_words() -> None:
    day = pa.array([datetime.date(2024, 1, 2)])
    pq.write_table(pa.table({"path": ["a.jpg"], "gender": day}), "photos/labels.parquet")
    with pytest.raises(UserError, match="unknown_label 1"):
        scan.main([])
    assert "2024-01-02" in quarantine.read(Path("manifests/built/quarantine.parquet"))[0]["detail"][0].as_py()


@pytest.mark.parametrize("at", [4, -6])
def test_a_damaged_parquet_file_is_said(at: int) -> None:
    source.write(photo_table(CELLS, LOPSIDED), Path("source.parquet"), CELLS)
    content = bytearray(Path("source.parquet").read_bytes())
    content[at] ^= 255
    Path("source.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"^source\.parquet: expected"):
        source.read(Path("source.parquet"))


def test_a_pipe_in_place_of_a_table_is_said() -> None:
    os.mkfifo("source.parquet")
    with pytest.raises(UserError, match="a device, pipe or socket"):
        source.read(Path("source.parquet"))
    with pytest.raises(UserError, match="a directory"):
        inputs.read_table(Path("photos"), "a table", "Make it", "Make it")


def test_a_column_that_must_have_values_has_them() -> None:
    table = photo_table(CELLS, LOPSIDED)
    at = table.column_names.index("image_id")
    table = table.set_column(at, "image_id", pa.nulls(len(table), pa.string()))
    source.write(table, Path("s.parquet"), CELLS)
    with pytest.raises(UserError, match=r"s\.parquet: image_id: expected a value in each row"):
        source.read(Path("s.parquet"))


@pytest.mark.parametrize("number", ["much", "nan", "-1", "inf", ""])
def test_a_spread_in_words_is_said(number: str) -> None:
    Path("ratings.csv").write_text(f"split,challenge_imageId,apparent_age_std\ntrain,1,{number}\n")
    section = Source(layout="appa_real", root="photos", ratings="ratings.csv")
    with pytest.raises(UserError, match=r"^ratings\.csv:2: expected apparent_age_std in years\. Received"):
        list(appa_real.rows(Path("photos"), section))


def test_more_cells_than_tables_can_hold_are_refused() -> None:
    Path("params.yaml").write_text(json.dumps({"cells": HUGE}))
    with pytest.raises(
        UserError, match=r"^params\.yaml: cells: expected at most 200,000 joint cells\. Received 10,000,000,000\."
    ):
        params.cells(Path("params.yaml"))
    with pytest.raises(UserError, match="at most 32,767 values of an axis"):
        Cells.of({"gender": [f"v{i}" for i in range(40_000)]})


def test_a_table_of_too_many_cells_names_the_file() -> None:
    source.write(photo_table(CELLS, LOPSIDED), Path("s.parquet"), CELLS)
    table = pq.read_table("s.parquet").replace_schema_metadata({"cells": json.dumps(HUGE)})
    pq.write_table(table, "s.parquet")
    with pytest.raises(UserError, match=r"^s\.parquet: expected at most 200,000 joint cells"):
        source.read(Path("s.parquet"))


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b"NaN", b'{"status": Infinity}', b"[]"])
def test_damaged_json_is_said(content: bytes) -> None:
    Path("x.json").write_bytes(content)
    for read in (plan_report.read, comparison.read, lambda path: emphasis.read(path, CELLS)):
        with pytest.raises(UserError, match=r"^x\.json"):
            read(Path("x.json"))


def test_json_that_is_a_pipe_does_not_hang() -> None:
    os.mkfifo("x.json")
    with pytest.raises(UserError, match="a device, pipe or socket"):
        plan_report.read(Path("x.json"))


@pytest.mark.parametrize("number", ["9" * 5000, "1000000", "\u0663\u0663\u0663\u0663"])
def test_a_rejected_copy_of_an_absurd_number_is_said(number: str) -> None:
    Path("rejects.csv").write_text(f"task_id,reason\n{'a' * 16}_{number},\n")
    with pytest.raises(UserError, match=r"^rejects\.csv: line 2"):
        rejects.read(Path("rejects.csv"))


def test_a_table_of_counts_with_odd_types_is_said() -> None:
    table = pa.table({"gender": ODD["a time that Python has not"], "available": [3]})
    pq.write_table(table, "counts.parquet")
    with pytest.raises(UserError, match=r"^counts\.parquet: gender: expected values that can be read"):
        counts.read(Path("counts.parquet"), Cells.of({"gender": ["male", "female"]}))


def test_a_pack_that_is_a_folder_is_passed_over_and_a_file_in_place_of_a_folder_is_said(folder: Path) -> None:
    (folder / "store/ab/x.pack").mkdir(parents=True)
    with store.locked(folder / "store") as scratch:
        assert packs.catalogue(folder / "store", scratch) == 0
    (folder / "store/cd").write_text("")
    with (
        pytest.raises(UserError, match=r"store/cd: expected a folder of packs\. Received a file"),
        store.locked(folder / "store"),
    ):
        pass


def test_a_name_that_is_no_utf8_is_printed_escaped(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with open(1, "w", encoding="utf-8", closefd=False) as out, mock.patch.object(sys, "stdout", out):
        command.run(lambda: print(os.fsdecode(b"photo-\xe9.jpg")))
    assert capfdbinary.readouterr().out == b"photo-\\udce9.jpg\n"


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("source: {layout: table, root: p, labels: 'gs://b/labels.csv'}", "labels"),
        ("source: {layout: appa_real, root: p, ratings: 'https://b/r.csv'}", "ratings"),
        ("source: {layout: table, root: p, face_mesh: 's3://b/facemesh.json'}", "face_mesh"),
    ],
)
def test_an_address_in_the_parameters_is_refused(section: str, key: str) -> None:
    Path("params.yaml").write_text(section)
    with pytest.raises(
        UserError, match=rf"^params\.yaml: source\.{key}: expected a path on this machine's file systems"
    ):
        params.section(Path("params.yaml"), Source)


@pytest.mark.parametrize(
    ("main", "options"),
    [
        (plan.main, ["--counts"]),
        (page.main, ["--against"]),
        (emphasise.main, ["--scorecard"]),
        (emphasise.main, ["--run", "a", "--after"]),
    ],
)
def test_an_address_in_place_of_any_path_is_refused(main, options: list[str]) -> None:
    with (
        mock.patch("sys.argv", ["command", *options, "s3://b/x"]),
        pytest.raises(UserError, match="Received 's3://b/x'"),
    ):
        main()
