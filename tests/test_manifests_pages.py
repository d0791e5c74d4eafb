"""What the pages share: scripts with content in them, the joint table, charts, and the index of pages."""

from __future__ import annotations

import json
import re

import jinja2
import numpy as np
import pytest

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from pages import charts, shell, sprites
from tests.support.stages import ROOT


def test_script_can_not_be_left() -> None:
    text = shell.script("a", {"name": "</script><!--\u2028", "number": 1})
    assert "<" not in text.removeprefix("put(") and "\u2028" not in text
    assert json.loads(text.removeprefix('put("a", ').removesuffix(");\n")) == {
        "name": "</script><!--\u2028",
        "number": 1,
    }


def test_script_refuses_what_json_has_no_word_for() -> None:
    with pytest.raises(ValueError):
        shell.script("a", float("nan"))


@pytest.mark.parametrize(
    "spec",
    [
        {"age": [20, 40]},
        {"age": [20], "gender": ["a", "b", "c"]},
        {"a": ["1", "2"], "b": ["1", "2", "3"], "c": ["1", "2"], "d": ["1", "2", "3", "4"], "e": ["1", "2"]},
    ],
)
def test_heat_table_shows_each_cell_once_under_its_own_labels(spec: dict) -> None:
    cells = Cells.of(spec)
    table = shell.heat(cells, {"available": np.arange(len(cells))})
    across = [[label for label, span in spans for _ in range(span)] for _, spans in table["across"]]
    below: list[list] = [[] for _ in table["down"]]
    for row in table["rows"]:
        for level, (label, span) in zip(
            range(len(table["down"]) - len(row["headers"]), len(table["down"])), row["headers"], strict=True
        ):
            below[level] += [label] * span
    seen = []
    for y, row in enumerate(table["rows"]):
        for x, cell in enumerate(row["cells"]):
            labels = (*(level[y] for level in below), *(level[x] for level in across))
            assert cells.labels(cell["cell"]) == labels and cell["counts"] == {"available": cell["cell"]}
            seen.append(cell["cell"])
    assert seen == list(range(len(cells)))


def test_a_template_that_names_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        shell.page("plan.html", "plan")


def test_only_pages_with_charts_may_set_styles_and_none_may_run_inline_scripts() -> None:
    for file in (ROOT / "pages/templates").glob("*.html"):
        text = file.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text) and not re.search(r"\son[a-z]+=", text), file.name
        assert "://" not in text and "|safe" not in text.replace(" ", ""), file.name
    for file in (ROOT / "pages/static").glob("*.js"):
        text = file.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|://", text), (
            file.name
        )


def test_lines_beyond_the_palette_differ_by_their_dashes() -> None:
    data = charts.lines([(str(i), [0], [0]) for i in range(12)], ("x", "y"))["data"]
    assert len({(line["line"]["color"], line["line"]["dash"]) for line in data}) == 12


def test_a_thumbnail_of_damaged_bytes_is_said() -> None:
    with pytest.raises(UserError, match=r"expected images that decode\. .*`python -m augment.render` again"):
        sprites.sheet([b"no photo"])
