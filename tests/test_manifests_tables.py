"""The tables: a schema each, the same bytes twice, and an error that names the column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import base, index, plan, predictions, quarantine, source, tasks

CELLS = Cells.of({"age": [20, 40], "gender": ["male", "female"]})
TABLES = (index, plan, predictions, quarantine, source, tasks)


def filled(module, rows: int = 3) -> pa.Table:
    """A table of the right schema with some value everywhere."""

    def column(field: pa.Field) -> pa.Array:
        kind = field.type
        if pa.types.is_dictionary(kind):
            return pa.array(["male"] * rows, pa.string()).dictionary_encode().cast(kind)
        if pa.types.is_list(kind):
            return pa.array([[1.0, 2.0]] * rows, kind)
        if pa.types.is_string(kind):
            return pa.array([f"x{i}" for i in range(rows)], kind)
        return (
            pa.array(range(rows), pa.int64()).cast(kind) if not pa.types.is_boolean(kind) else pa.array([True] * rows)
        )

    schema = module.schema(CELLS)
    return pa.table([column(field) for field in schema], schema=schema)


@pytest.mark.parametrize("module", TABLES)
def test_a_table_comes_back_with_its_cells_and_the_same_bytes_twice(module, tmp_path: Path) -> None:
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    written = filled(module, rows=len(CELLS))
    module.write(written, first, CELLS)
    received, cells = module.read(first)
    assert cells == CELLS
    assert received.schema.equals(module.schema(CELLS))
    assert received.to_pydict() == written.to_pydict()
    module.write(received, second, cells)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("module", [module for module in TABLES if module is not plan])
def test_an_empty_table_comes_back(module, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    module.write(filled(module, 0), path, CELLS)
    assert module.read(path)[0].num_rows == 0


def test_the_axes_make_the_columns() -> None:
    names = source.schema(Cells.of({"glasses": ["yes", "no"]})).names
    assert "glasses" in names
    assert "gender" not in names
    assert names.index("cell") == names.index("glasses") + 1


def test_axis_columns_name_each_cells_labels_and_leave_hidden_ones_null() -> None:
    numbers = [0, 5, -1, 2]
    ages, genders, cell = base.axis_columns(CELLS, pa.array(numbers, pa.int32()))
    assert ages.to_pylist() == ["<20", "40+", None, "20-40"]
    assert genders.to_pylist() == ["male", "female", None, "male"]
    assert cell.to_pylist() == numbers
    assert ages.type == base.LABEL


def test_axis_columns_of_no_rows() -> None:
    columns = base.axis_columns(CELLS, pa.array([], pa.int32()))
    assert [len(column) for column in columns] == [0, 0, 0]


def test_a_task_is_named_by_photo_and_copy() -> None:
    assert tasks.task_id("00ff00ff00ff00ff", 12) == "00ff00ff00ff00ff_0012"


def test_reasons_are_each_listed_once() -> None:
    assert len(set(quarantine.REASONS)) == len(quarantine.REASONS)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("plan.parquet")
    plan.write(filled(plan), path, CELLS)
    return path


def rewritten(path: Path, change) -> str:
    """The message after the file was changed behind our back."""
    pq.write_table(change(pq.read_table(path)), path)
    with pytest.raises(UserError) as error:
        plan.read(path)
    return str(error.value)


def test_a_missing_column_is_named(written: Path) -> None:
    assert rewritten(written, lambda t: t.drop_columns(["target"])) == (
        "plan.parquet: target: expected a column of type int64. Received none. Run the stage that writes it again."
    )


def test_a_column_of_another_type_is_named(written: Path) -> None:
    def change(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index("target")
        return table.set_column(at, "target", pa.array(np.ones(3), pa.float64()))

    assert rewritten(written, change) == (
        "plan.parquet: target: expected the type int64. Received double. Run the stage that writes it again."
    )


def test_an_unknown_column_is_named(written: Path) -> None:
    text = rewritten(written, lambda t: t.append_column("extra", pa.array([1, 2, 3])))
    assert text.startswith("plan.parquet: extra: expected one of the columns age_bin, gender, cell, available,")


def test_a_table_without_cells_is_named(written: Path) -> None:
    assert rewritten(written, lambda t: t.replace_schema_metadata(None)) == (
        "plan.parquet: expected a table with its cells in the metadata. Received none. "
        "Run `python -m balance.plan` again."
    )


def test_no_file_and_no_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        source.read(Path("none.parquet"))
    assert str(error.value) == (
        "none.parquet: expected a table. Received no such file. Run `python -m manifests.scan` first."
    )
    Path("text.parquet").write_text("hello")
    with pytest.raises(UserError, match=r"^text.parquet: expected a Parquet table. Received .*manifests.scan` again.$"):
        source.read(Path("text.parquet"))
    Path("empty.parquet").touch()
    with pytest.raises(UserError, match=r"^empty.parquet: expected a Parquet table\."):
        source.read(Path("empty.parquet"))


def test_writing_checks_the_schema_too(tmp_path: Path) -> None:
    path = tmp_path / "plan.parquet"
    with pytest.raises(UserError, match="target: expected a column of type int64"):
        plan.write(filled(plan).drop_columns(["target"]), path, CELLS)
    assert not path.exists()


def test_cells_that_do_not_exist_are_said(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    table = filled(source)
    at = table.column_names.index("cell")
    source.write(table.set_column(at, table.schema.field(at), pa.array([0, -1, 9999], pa.int32())), path, CELLS)
    with pytest.raises(UserError) as said:
        source.read(path)
    assert str(said.value) == (
        f"{path}: cell: expected numbers from -1 to 5. Received 9999. Run `python -m manifests.scan` again."
    )


@pytest.mark.parametrize("damaged", ["{'x'", "[1]", '{"age": 3}'])
def test_damaged_metadata_is_said(damaged: str, tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    pq.write_table(filled(source).replace_schema_metadata({"cells": damaged}), path)
    with pytest.raises(UserError, match=r"expected cells in JSON in the metadata\..*manifests.scan` again"):
        source.read(path)
