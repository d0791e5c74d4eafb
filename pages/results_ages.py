"""Error against age, and predicted against labelled age, one run at a time with the others behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from manifests.core.text import count, figure
from manifests.tables.parts import Words
from manifests.tables.scorecard import Band, Scorecard
from pages import charts as draw
from pages.results_parts import ResultChart, context

SIGNED = "Above 0 the run says too old, below 0 too young."
MOST = 1_500  # points of a scatter plot


@dataclass(frozen=True)
class Ages:
    """One run's labelled and predicted ages: float64 (photos,), years."""

    label: np.ndarray
    pred: np.ndarray


def by_age(cards: Mapping[str, Scorecard], words: Words) -> list[tuple[str, ResultChart]]:
    """The error of each band of ages and, of predicted ages, whether too old or too young: (run, chart)."""
    bands = {name: card.splits[card.split].by_age for name, card in cards.items() if card.split in card.splits}
    bands = {name: each for name, each in bands.items() if each}
    made = []
    for number, run in enumerate(bands):
        made.append((run, _chart(number, run, bands, words, signed=False)))
        if all(band.signed is not None for each in bands.values() for band in each):
            made.append((run, _chart(number, run, bands, words, signed=True)))
    return made


def _chart(number: int, run: str, bands: Mapping[str, list[Band]], words: Words, signed: bool) -> ResultChart:
    """One figure of each band with its interval, above a strip of how many photos it rests on."""
    own, color = bands[run], draw.series(0)

    def values(of: list[Band]) -> list[float | None]:
        return [band.signed if signed else band.error for band in of]

    behind = [context(name, _middles(each), values(each)) for name, each in bands.items() if name != run]
    ends = [(b.signed_low, b.signed_high) if signed else (b.low, b.high) for b in own]
    reaches = [
        None if v is None or low is None or high is None else (high - v, v - low)
        for v, (low, high) in zip(values(own), ends, strict=True)
    ]
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": run,
        "x": _middles(own),
        "y": values(own),
        "line": {"width": 2.5, "color": color},
        "marker": {"size": 8, "color": color},
        "error_y": draw.error_bars(reaches, color),
    }
    counts = {
        "type": "bar",
        "name": "photos",
        "x": _middles(own),
        "y": [band.n for band in own],
        "width": [band.end - band.start for band in own],
        "marker": {"color": "--strong-line", "line": {"width": 1, "color": "--surface"}},
        "yaxis": "y2",
        "showlegend": False,
    }
    title = "Mean signed error" if signed else words.full.capitalize()
    y = f"predicted less labelled ({words.unit})" if signed else f"{words.full} ({words.unit})"
    layout = draw.layout(
        "labelled age (years)",
        y,
        400,
        xaxis={"anchor": "y2"},
        yaxis={
            "domain": [0.3, 1],
            **({"zeroline": True, "zerolinecolor": "--ink"} if signed else {"rangemode": "tozero"}),
        },
        yaxis2={"domain": [0, 0.2], "title": {"text": "photos"}, "nticks": 3},
        showlegend=False,
    )
    told = SIGNED if signed else "Each band has at least ten photos, where there are as many; lines are 95% intervals."
    rows = [_row(band, signed) for band in own]
    name = f"by-age-{'signed' if signed else 'error'}-{number}"
    figures = {"data": [*behind, line, counts], "layout": layout}
    return ResultChart(name, figures, f"{title} of {run}", told, ["age (years)", y, "photos"], rows)


def _row(band: Band, signed: bool) -> tuple[str, str, str]:
    if signed:
        told = figure(band.signed or 0, band.signed_low, band.signed_high)
    else:
        told = figure(band.error, band.low, band.high)
    return f"{band.start:g} to {band.end:g}", told.replace("-", "\u2212"), count(band.n)


def _middles(bands: list[Band]) -> list[float]:
    return [band.age for band in bands]


def scatters(ages: Mapping[str, Ages], cards: Mapping[str, Scorecard]) -> list[tuple[str, ResultChart]]:
    """Predicted against labelled age: (run, chart); every so-manieth photo where there are more than MOST."""
    return [(run, _scatter(number, run, each, cards[run])) for number, (run, each) in enumerate(ages.items())]


def _scatter(number: int, run: str, ages: Ages, card: Scorecard) -> ResultChart:
    step = -(-len(ages.label) // MOST)
    label, pred = ages.label[::step].round(1).tolist(), ages.pred[::step].round(1).tolist()
    most = float(max(ages.label.max(), ages.pred.max()))
    data: list[draw.Chart] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, most],
            "y": [0, most],
            "line": {"width": 1.5, "color": "--ink", "dash": "dash"},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": label,
            "y": pred,
            "marker": {"size": 5, "color": draw.series(0), "opacity": 0.5},
            "hovertemplate": "labelled %{x}, predicted %{y}<extra></extra>",
        },
    ]
    titles = ("labelled age (years)", "predicted age (years)")
    layout = draw.layout(*titles, 400, showlegend=False, xaxis={"rangemode": "tozero"}, yaxis={"rangemode": "tozero"})
    told = "On the dashed line a prediction is right." + (f" One photo in {step} is shown." if step > 1 else "")
    bands = card.splits[card.split].by_age
    rows = [(f"{b.start:g} to {b.end:g}", count(b.n), figure(b.signed or 0).replace("-", "\u2212")) for b in bands]
    headers = ["labelled age (years)", "photos", "predicted less labelled, mean"]
    return ResultChart(
        f"scatter-{number}", {"data": data, "layout": layout}, f"Predictions of {run}", told, headers, rows
    )
