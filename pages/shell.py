"""What each page is put together from: templates, scripts with content in them, and shared files.

A page is opened as a file, without a server: Chromium blocks `fetch` there and taints canvases, so
content comes as scripts that call one function, and images as ordinary files or `data:` addresses.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from manifests.core.cells import Cells

HERE = Path(__file__).resolve().parent
PAGES = {"plan": "Plan", "gallery": "Gallery", "results": "Results", "audit": "Audit", "quarantine": "Quarantine"}
SHARED = ("style.css", "theme.js", "heat.js")

# No address but the page's own folder: no network, no frame, no form, no inline script, no `eval`.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'none'"
)


def page(template: str, name: str, plots: bool = False, **values: Any) -> str:
    """Fill a template of this folder; every value is escaped.

    Args:
        template: the file's name.
        name: which of PAGES it is.
        plots: whether Plotly draws on it, which sets its styles by itself.
        values: what the template names.
    Returns:
        the page's HTML.
    Raises:
        jinja2.UndefinedError: the template names a value that is not given.
    """
    policy = _POLICY.format(style="'self' 'unsafe-inline'" if plots else "'self'")
    return _templates().get_template(template).render(policy=policy, name=name, pages=PAGES, plots=plots, **values)


def home(**cards: Any) -> str:
    """Fill the index of the pages, which is one file: its styles are in it, and it runs no script."""
    style = Markup(
        "\n".join((HERE / "static" / name).read_text(encoding="utf-8") for name in ("style.css", "home.css"))
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return _templates().get_template("home.html").render(policy=policy, pages=PAGES, style=style, **cards)


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = count
    return environment


def count(number: float) -> str:
    """A whole number with its thousands apart."""
    return f"{int(number):,}"


def script(name: str, value: Any) -> str:
    """A script that hands a value to the page: `put("name", value);`.

    `<` is written as an escape, so that the text is safe inside a page too, and so are the two
    line separators that JSON allows and older JavaScript does not.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"put({json.dumps(name)}, {text});\n"


def share(folder: Path, *names: str) -> None:
    """Copy files of this folder, beside those that every page has, into a page's folder."""
    for name in (*SHARED, *names):
        shutil.copyfile(HERE / "static" / name, folder / name)


def heat(cells: Cells, measures: dict[str, np.ndarray]) -> dict[str, Any]:
    """The joint table as rows and columns: the first half of the axes down, the others across.

    Args:
        cells: the axes.
        measures: name -> int64 (cells,); the first is shown first.
    Returns:
        what `heat.html` draws: `across`, a list of (axis, header labels with their spans) a level;
        `down`, the names of the row axes; `rows`, each with its headers and its cells.
    """
    split = (len(cells.axes) + 1) // 2
    down, across = Cells(cells.axes[:split]), Cells(cells.axes[split:])
    width = len(across)  # 1 where there is but one axis: the empty product
    rows = []
    for y in range(len(down)):
        inside = [
            {
                "cell": cell,
                "name": ", ".join(cells.labels(cell)),
                "counts": {name: int(values[cell]) for name, values in measures.items()},
            }
            for cell in range(y * width, (y + 1) * width)
        ]
        rows.append({"headers": _row_headers(down, y), "cells": inside})
    return {
        "measures": list(measures),
        "down": down.names,
        "across": [(axis.name, _spans(across, level)) for level, axis in enumerate(across.axes)],
        "rows": rows,
    }


def _row_headers(down: Cells, y: int) -> list[tuple[str, int]]:
    """(label, rows spanned) of the headers that begin in row `y`."""
    begun = []
    for level, label in enumerate(down.labels(y)):
        span = len(Cells(down.axes[level + 1 :]))
        if y % span == 0:
            begun.append((label, span))
    return begun


def _spans(across: Cells, level: int) -> list[tuple[str, int]]:
    """(label, columns spanned) of one level of column headers."""
    span = len(Cells(across.axes[level + 1 :]))
    return [(label, span) for _ in range(len(Cells(across.axes[:level]))) for label in across.axes[level].values]


def plotly(folder: Path) -> None:
    """Write the plotting library, which the page carries so that it needs no network."""
    from plotly.offline import get_plotlyjs  # takes a second to import; the gallery draws no chart

    (folder / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
