"""The results page's tables of predicted classes: gaps between groups, and confusions with calibration."""

from __future__ import annotations

from collections.abc import Mapping

from manifests.core.text import count, figure
from manifests.tables.class_scores import ClassScores
from manifests.tables.scorecard import Scorecard

GAPS = ("run", "axis", "equal opportunity", "equalised odds", "demographic parity")


def known(cards: Mapping[str, Scorecard]) -> dict[str, ClassScores]:
    """What the scored split's cards say of classes, by run; empty where ages are predicted."""
    found = {run: card.splits[card.split].classes for run, card in cards.items() if card.split in card.splits}
    return {run: of for run, of in found.items() if of is not None}


def gaps(cards: Mapping[str, Scorecard]) -> list[tuple[str, ...]]:
    """One row per run and axis: the largest less the smallest rate of its groups; none of predicted ages."""
    return [
        (run, axis, *(figure(gap, digits=3) for gap in (max(each.opportunity.values()), each.odds, each.parity)))
        for run, of in known(cards).items()
        for axis, each in of.fairness.items()
    ]


def confusions(cards: Mapping[str, Scorecard]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Headers and rows: of each run and label how many photos are predicted to be of each class, and its recall."""
    found = known(cards)
    classes = next(iter(found.values())).classes if found else []
    rows = []
    for run, of in found.items():
        for name, counts in zip(of.classes, of.confusion, strict=True):
            own = counts[of.classes.index(name)]
            recall = figure(own / sum(counts), digits=3) if sum(counts) else "no photos"
            calibration = figure(of.calibration.error, digits=3) if of.calibration else ""
            rows.append((run, name, *map(count, counts), recall, calibration))
    return ["run", "label", *(f"said {name}" for name in classes), "recall", "calibration error of the run"], rows
