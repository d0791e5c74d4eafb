"""Who is in the photos behind the figures: ages and labels of train, valid and test."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE, Cells
from manifests.core.text import count
from pages import charts as draw
from pages.results_parts import ResultChart

BAND = 5  # years


def parts(index: pa.Table) -> dict[str, pa.Table]:
    """The sets of images that the runs learn from and are scored on, those without images left out."""
    train, original = pc.field("split") == "train", pc.field("copy") == 0
    wanted = {
        "train, photos": train & original,
        "train, balanced": train & pc.field("kept"),
        "valid": pc.field("split") == "valid",
        "test": pc.field("split") == "test",
    }
    found = {name: index.filter(which) for name, which in wanted.items()}
    return {name: table for name, table in found.items() if table.num_rows}


def charts(index: pa.Table, cells: Cells) -> list[ResultChart]:
    """The ages as curves, and the labels of each axis as bars, in shares of each set."""
    sets = parts(index)
    return [*_ages(sets), *(_axis(sets, i, axis.name, axis.column, axis.values) for i, axis in enumerate(cells.axes))]


def _ages(sets: dict[str, pa.Table]) -> list[ResultChart]:
    known = {name: table["age"].drop_null().to_numpy().astype(float) for name, table in sets.items()}
    known = {name: ages for name, ages in known.items() if len(ages)}
    if not known:
        return []
    top = max(float(ages.max()) for ages in known.values())
    edges = np.arange(0, top + BAND, BAND) if top % BAND else np.arange(0, top + 2 * BAND, BAND)
    counts = {name: np.histogram(ages, edges)[0] for name, ages in known.items()}
    curves = [
        (name, (edges[:-1] + BAND / 2).tolist(), (100 * each / each.sum()).round(2).tolist())
        for name, each in counts.items()
    ]
    rows = [
        (f"{edge:g} to {edge + BAND:g}", *(count(each[i]) for each in counts.values()))
        for i, edge in enumerate(edges[:-1])
    ]
    figure = draw.lines(curves, ("age (years)", "share of the images (%)"))
    return [ResultChart("set-age", figure, f"{AGE} in years", "", ["age (years)", *counts], rows)]


def _axis(sets: dict[str, pa.Table], number: int, name: str, column: str, values: tuple[str, ...]) -> ResultChart:
    counts = {part: _counts(table[column], values) for part, table in sets.items()}
    data = [
        {
            "type": "bar",
            "name": part,
            "x": list(values),
            "y": [round(100 * n / max(sum(each), 1), 2) for n in each],
            "marker": {"color": draw.series(i)},
        }
        for i, (part, each) in enumerate(counts.items())
    ]
    layout = draw.layout(
        "", "share of the images (%)", 300, barmode="group", showlegend=True, xaxis={"type": "category"}
    )
    rows = [(value, *(count(each[i]) for each in counts.values())) for i, value in enumerate(values)]
    return ResultChart(f"set-{number}", {"data": data, "layout": layout}, name, "", [name, *counts], rows)


def _counts(column: pa.ChunkedArray, values: tuple[str, ...]) -> list[int]:
    words = column.cast(pa.string())
    return [int(pc.sum(pc.equal(words, value)).as_py() or 0) for value in values]
