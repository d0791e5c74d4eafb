"""The joint cells: axes, numbering, patterns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.core.cells import Axis, Cells
from manifests.core.errors import UserError, located

SPEC = {"age": [20, 40, 60], "gender": ["male", "female"], "expression": ["neutral", "slightly happy"]}


@pytest.fixture
def cells() -> Cells:
    return Cells.of(SPEC)


def test_age_edges_make_half_open_bins(cells: Cells) -> None:
    age = cells["age"]
    assert age.values == ("<20", "20-40", "40-60", "60+")
    assert [age.bin(x) for x in (0, 19.99, 20, 39.9, 40, 60, 116)] == [0, 0, 1, 1, 2, 3, 3]


def test_columns_keep_the_age_in_years_apart_from_its_bin(cells: Cells) -> None:
    assert cells.columns == ("age_bin", "gender", "expression")


@pytest.mark.parametrize("label", ["slightly happy", "slightlyhappy", "Slightly_Happy", " SLIGHTLY-HAPPY "])
def test_labels_match_blind_to_case_space_hyphen_and_underscore(cells: Cells, label: str) -> None:
    assert cells["expression"].index(label) == 1


def test_a_bin_is_found_by_its_own_name_only(cells: Cells) -> None:
    assert cells["age"].index("20-40") == 1
    assert cells["age"].index("2040") is None


def test_the_last_axis_changes_fastest(cells: Cells) -> None:
    assert len(cells) == 16
    assert cells.name(0) == "<20|male|neutral"
    assert cells.name(1) == "<20|male|slightly happy"
    assert cells.name(15) == "60+|female|slightly happy"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_grid_and_labels_agree_with_the_numbering(sizes: list[int]) -> None:
    cells = Cells(tuple(Axis(f"axis{i}", tuple(f"v{j}" for j in range(n))) for i, n in enumerate(sizes)))
    grid = cells.grid()
    assert grid.shape == (len(cells), len(sizes))
    assert np.array_equal(np.ravel_multi_index(tuple(grid.T), cells.shape), np.arange(len(cells)))
    assert all(cells.labels(cell) == tuple(f"v{j}" for j in grid[cell]) for cell in range(len(cells)))


def test_cells_survive_the_metadata_of_a_table(cells: Cells) -> None:
    assert Cells.from_json(cells.to_json()) == cells


def test_only_drops_an_axis_and_keeps_the_order(cells: Cells) -> None:
    assert cells.only(["expression", "age"]).names == ("age", "expression")


def test_a_pattern_chooses_cells(cells: Cells) -> None:
    chosen = np.flatnonzero(cells.match("60+|*|neutral,slightlyhappy"))
    assert [cells.name(c) for c in chosen] == [c for c in map(cells.name, range(16)) if c.startswith("60+")]


def test_a_pattern_of_the_wrong_length_is_an_error(cells: Cells) -> None:
    with pytest.raises(UserError) as error, located("params.yaml: plan.floors"):
        cells.match("60+|*")
    assert str(error.value) == (
        "params.yaml: plan.floors: expected a pattern of 3 parts (age|gender|expression). "
        "Received '60+|*'. Write * for an axis that does not matter."
    )


def test_a_pattern_with_an_unknown_value_is_an_error(cells: Cells) -> None:
    with pytest.raises(UserError) as error, located("here"):
        cells.match("*|robot|*")
    assert str(error.value) == "here: expected a value of gender (male, female). Received 'robot'. Correct the label."
