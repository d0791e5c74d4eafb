"""Figures and tables as text."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.core import text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (text.figure(4.216), "4.22"),
        (text.figure(4.216, 4.05, 4.391), "4.22 (4.05 to 4.39)"),
        (text.signed(-0.271, -0.4, -0.134), "-0.27 (-0.40 to -0.13)"),
        (text.signed(0.5, digits=1), "+0.5"),
        (text.p_value(0.0406), "p = 0.041"),
        (text.p_value(0.0004), "p < 0.001"),
        (text.count(4065), "4,065"),
        (text.escaped("<b>a|b\nc"), "&lt;b&gt;a\\|b c"),
    ],
)
def test_known_texts(made: str, expected: str) -> None:
    assert made == expected


def test_columns_line_up_the_first_to_the_left() -> None:
    assert text.columns([["run", "MAE"], ["original", "4.2"]]) == ["  run       MAE", "  original  4.2"]


def test_a_markdown_table_keeps_its_columns_whatever_a_cell_holds() -> None:
    head, rule, row = text.markdown(("a", "b"), [("x|y", "<i>")])
    assert (head, rule, row) == ("| a | b |", "| --- | --- |", "| x\\|y | &lt;i&gt; |")


@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["C"])), st.none() | st.integers() | st.floats(-1e6, 1e6))
    )
)
def test_csv_reads_back(rows: list[tuple[str, object]]) -> None:
    read = list(csv.reader(io.StringIO(text.csv_table(("name", "value"), rows), newline="")))
    expected = ["" if v is None else str(round(v, text.DIGITS)) if isinstance(v, float) else str(v) for _, v in rows]
    assert [row[1] for row in read[1:]] == expected
