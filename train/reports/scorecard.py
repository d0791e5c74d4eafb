"""A scorecard in short: for DVC's metrics and plots, and for the terminal."""

from __future__ import annotations

from manifests.core import text
from manifests.tables.class_scores import ClassScores
from manifests.tables.scorecard import Scorecard


def metrics(card: Scorecard) -> dict[str, dict[str, object]]:
    """The figures that `dvc metrics diff` compares: split -> error, average_bias, bias, and those of classes."""
    return {
        split: {
            card.words.key("error"): scores.overall.error,
            "average_bias": scores.average_bias.value,
            "bias": {axis: figure.value for axis, figure in scores.bias.items()},
            **({} if scores.classes is None else _of_classes(scores.classes)),
        }
        for split, scores in card.splits.items()
    }


def _of_classes(of: ClassScores) -> dict[str, object]:
    return {name: getattr(of, name).value for name in ("accuracy", "balanced_accuracy", "log_loss", "auc")}


def groups_csv(card: Scorecard) -> str:
    """One row per group, for a bar or dot plot of the errors: split, axis, group, n, error, low, high, marked."""
    return text.csv_table(
        ("split", "axis", "group", "n", "error", "low", "high", "marked"),
        (
            (split, axis, name, group.n, group.error, group.low, group.high, int(group.marked))
            for split, axes in card.by_group.items()
            for axis, groups in axes.items()
            for name, group in groups.items()
        ),
    )


def by_age_csv(card: Scorecard) -> str:
    """One row per band of ages, for a line plot of error against age: split, age, n, error, low, high, signed."""
    return text.csv_table(
        ("split", "age", "n", "error", "low", "high", "signed"),
        (
            (split, band.age, band.n, band.error, band.low, band.high, band.signed)
            for split, scores in card.splits.items()
            for band in scores.by_age
        ),
    )


def _steps(card: Scorecard) -> str:
    return "" if card.steps is None else f", {card.steps} gradient steps"


def terminal(card: Scorecard) -> str:
    """What the command prints: the headline split's error, its biases, and the notes."""
    scores, words = card.splits[card.split], card.words
    found = f"{words.error} {text.interval(scores.overall)} {words.unit}"
    lines = [f"{card.run}, {card.split}: {found} on {scores.n} photos{_steps(card)}"]
    lines += [] if scores.classes is None else _class_lines(scores.classes)
    for axis, bias in [*scores.bias.items(), ("average", scores.average_bias)]:
        lines.append(
            f"  bias {axis:<12} {text.figure(bias.value):>5}  ({text.span(bias.low, bias.high)}), "
            f"chance alone {text.figure(bias.chance)}, {text.p_value(bias.p)}"
        )
    return "\n".join([*lines, *(f"  {note}" for note in scores.notes)])


def _class_lines(of: ClassScores) -> list[str]:
    named = [("balanced accuracy", of.balanced_accuracy), ("log loss", of.log_loss), ("AUC", of.auc)]
    named += [("exact or one off", of.one_off)] if of.one_off else []
    lines = ["  " + ", ".join(f"{name} {text.figure(e.value, e.low, e.high, 3)}" for name, e in named)]
    lines.append(f"  calibration error {text.figure(of.calibration.error, digits=3)}")
    if of.threshold:
        at = of.threshold
        balanced = text.figure(at.balanced_accuracy.value, digits=3)
        lines.append(f"  at the threshold {text.figure(at.value)}, chosen on valid: balanced accuracy {balanced}")
    for axis, gaps in of.fairness.items():
        shares = (max(gaps.opportunity.values()), gaps.odds, gaps.parity)
        told = zip(("equal opportunity", "equalised odds", "demographic parity"), shares, strict=True)
        lines.append(f"  gaps on {axis}: " + ", ".join(f"{name} {text.figure(gap, digits=3)}" for name, gap in told))
    return lines
