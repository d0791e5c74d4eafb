"""Ages as label files write them."""

from __future__ import annotations

import pytest

from manifests.sources import ages
from manifests.sources.rows import Age


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("35", Age(35, 35, 35)),
        (" 26.5 ", Age(26.5, 26.5, 26.5)),
        ("-3", Age(-3, -3, -3)),
        ("(25, 32)", Age(28.5, 25, 32)),
        ("(25, 23)", Age(24, 25, 23)),
        ("20-29", Age(24.5, 20, 29)),
        ("29-20", Age(24.5, 29, 20)),
        ("0 - 2", Age(1, 0, 2)),
        ("20–29", Age(24.5, 20, 29)),
        ("3 to 9", Age(6, 3, 9)),
        ("03-Sep", Age(6, 3, 9)),
        ("9-Mar", Age(6, 3, 9)),
        ("Oct-19", Age(14.5, 10, 19)),
        ("19-Oct", Age(14.5, 10, 19)),
        ("more than 70", Age(75, 70, float("inf"))),
        ("60-", Age(65, 60, float("inf"))),
        ("60+", Age(65, 60, float("inf"))),
        (">70", Age(75, 70, float("inf"))),
        ("", None),
        ("None", None),
        ("nan", None),
    ],
)
def test_an_age_is_read_as_it_is_worded(text: str, expected: Age | None) -> None:
    assert ages.parse(text) == expected


@pytest.mark.parametrize("text", ["old", "12-Foo", "1,2,3", "inf", "0x10", "(25", "1e3", "twenty"])
def test_what_is_no_age_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no age"):
        ages.parse(text)


def test_a_range_has_a_width_and_an_open_one_has_none() -> None:
    widths = [age and age.width for age in map(ages.parse, ("25-32", "35", "60+", "9-Mar"))]
    assert widths == [7, None, None, 6]
