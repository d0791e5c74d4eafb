"""The labels of a row: their joint cell, or why they can't be used."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from manifests.core.cells import Cells
from manifests.scanning import labels
from manifests.scanning.labels import LabelRules, Labels
from manifests.sources.rows import Age, Quarantined, SourceRow

CELLS = Cells.of({"age": [20, 40, 60], "gender": ["male", "female"], "expression": ["neutral", "slightly happy"]})


def resolve(row: SourceRow, cells: Cells = CELLS, rename: Mapping = {}) -> Labels | tuple[str, str]:
    found = labels.resolve(row, LabelRules(cells, rename, max_age=120, aged="age" in cells.names))
    return (found.reason, found.detail) if isinstance(found, Quarantined) else found


def labelled(age: Age | None = Age.exact(30), **words: str) -> SourceRow:  # noqa: B008
    both = {"gender": "male", "expression": "neutral"} | words
    return SourceRow("a.jpg", "train", age, {axis: (word,) for axis, word in both.items()})


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
    assert resolve(SourceRow("a.jpg", "train", Age.exact(3))) == ("missing_label", "gender")
    assert resolve(labelled(expression="angry")) == (
        "unknown_label",
        "expression: 'angry' is none of neutral, slightly happy",
    )


def test_the_first_word_that_the_axis_knows_counts_and_a_rename_comes_before_it() -> None:
    cells = Cells.of({"ethnicity": ["other", "white", "asian"]})
    row = SourceRow("a.jpg", labels={"ethnicity": ("East Asian", "asian")})
    assert resolve(row, cells) == Labels(None, None, None, 2)
    assert resolve(row, cells, {"ethnicity": {"east_asian": "Other"}}) == Labels(None, None, None, 0)


def test_hidden_labels_are_not_missing() -> None:
    assert resolve(SourceRow("a.jpg", "test", unlabelled=True)) == Labels(None, None, None, -1)
