"""Predicted classes, one run at a time: whether its probabilities hold, and which class it takes for which."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from manifests.core.text import count, figure
from manifests.tables.class_scores import Bin, ClassScores, Reliability
from manifests.tables.scorecard import Scorecard
from pages import charts as draw
from pages.results_classes import known
from pages.results_parts import ResultChart, context

_Z = 1.96  # of a 95% interval
_LARGEST = 26  # pixels of the mark with most photos


def charts(cards: Mapping[str, Scorecard]) -> list[tuple[str, list[ResultChart]]]:
    """(run, its reliability and its confusions) of each run; none of predicted ages."""
    found = known(cards)
    sure = {run: of.calibration for run, of in found.items() if of.calibration is not None}  # those with probabilities
    return [
        (run, [*([_reliability(i, run, sure)] if run in sure else []), _confusion(i, of)])
        for i, (run, of) in enumerate(found.items())
    ]


def wilson(right: float, n: int) -> tuple[float, float]:
    """The 95% interval of a share, which holds for few photos too (Wilson 1927).

    Args:
        right: the share, 0 to 1.
        n: photos, at least 1.
    """
    middle = (right + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * sqrt(right * (1 - right) / n + _Z**2 / (4 * n * n))
    return max(0.0, min(middle - reach, right)), min(1.0, max(middle + reach, right))


def _reliability(number: int, run: str, found: Mapping[str, Reliability]) -> ResultChart:
    own = found[run]
    ideal = context("as sure as right", [0, 1], [0, 1], hoverinfo="skip")
    ideal["line"] = {"width": 1.5, "dash": "dot", "color": "--muted"}
    others = [_line(name, of) for name, of in found.items() if name != run]
    data = [ideal, *others, _marks(run, own.bins, number)]
    layout = draw.layout(
        "probability of the predicted class",
        "share that is right",
        height=380,
        xaxis={"range": [min((each.confidence for each in own.bins), default=0.5) - 0.05, 1.02], "tickformat": ".0%"},
        yaxis={"range": [-0.02, 1.04], "tickformat": ".0%"},
        showlegend=False,
    )
    said = (
        f"Above the dotted line the run is more often right than it is sure, below it less often. "
        f"Calibration error {figure(100 * own.error)} percentage points. Larger marks have more photos."
    )
    rows = [_row(each) for each in own.bins]
    headers = ["photos", "mean probability", "share that is right", "95% interval"]
    figure_ = {"data": data, "layout": layout}
    return ResultChart(f"reliability-{number}", figure_, "Is it as right as it is sure?", said, headers, rows)


def _line(name: str, of: Reliability) -> draw.Chart:
    bins = of.bins
    return context(name, [each.confidence for each in bins], [each.accuracy for each in bins])


def _marks(run: str, bins: list[Bin], number: int) -> draw.Chart:
    most = max((each.n for each in bins), default=1)
    colour = draw.series(number)
    reaches = [
        (high - each.accuracy, each.accuracy - low)
        for each, (low, high) in ((each, wilson(each.accuracy, each.n)) for each in bins)
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": run,
        "x": [each.confidence for each in bins],
        "y": [each.accuracy for each in bins],
        "text": [f"{count(each.n)} photos" for each in bins],
        "hovertemplate": "%{text}<br>sure of %{x:.1%}, right in %{y:.1%}<extra></extra>",
        "line": {"width": 2, "color": colour},
        "marker": {"size": [max(6.0, _LARGEST * sqrt(each.n / most)) for each in bins], "color": colour},
        "error_y": draw.error_bars(reaches, colour),
    }


def _row(each: Bin) -> tuple[str, ...]:
    low, high = wilson(each.accuracy, each.n)
    return count(each.n), f"{each.confidence:.1%}", f"{each.accuracy:.1%}", f"{low:.1%} to {high:.1%}"


def _confusion(number: int, of: ClassScores) -> ResultChart:
    """Each label's photos by what was said of them; the colour is the share of the row, so that rare labels show."""
    shares = [[one / max(sum(counts), 1) for one in counts] for counts in of.confusion]
    figure_: draw.Chart = {
        "data": [
            {
                "type": "heatmap",
                "x": list(of.classes),
                "y": list(of.classes),
                "z": shares,
                "zmin": 0,
                "zmax": 1,
                "text": [
                    [f"{share:.0%}<br>{count(one)}" for share, one in zip(line, counts, strict=True)]
                    for line, counts in zip(shares, of.confusion, strict=True)
                ],
                "texttemplate": "%{text}",
                "hovertemplate": "%{y}, said %{x}: %{text}<extra></extra>",
                "colorscale": [[0, "--surface"], [1, "--series-1"]],
                "showscale": False,
                "xgap": 3,
                "ygap": 3,
            }
        ],
        "layout": draw.layout("said", "label", height=380, yaxis={"autorange": "reversed"}),
    }
    wrong = [
        (one, label, name)
        for label, counts in zip(of.classes, of.confusion, strict=True)
        for name, one in zip(of.classes, counts, strict=True)
        if name != label
    ]
    most, label, name = max(wrong, default=(0, "", ""), key=lambda each: each[0])
    photos = "1 photo" if most == 1 else f"{count(most)} photos"
    said = f"Most often mistaken: {label}, said {name}, {photos}." if most else "No photo is mistaken."
    headers = ["label", *(f"said {each}" for each in of.classes), "photos"]
    rows = [
        (each, *map(count, counts), count(sum(counts))) for each, counts in zip(of.classes, of.confusion, strict=True)
    ]
    return ResultChart(f"confusion-{number}", figure_, "Which class it takes for which", said, headers, rows)
