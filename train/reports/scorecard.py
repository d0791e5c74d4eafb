"""A scorecard in short, for the terminal."""

from __future__ import annotations

from manifests.core import text
from manifests.tables.class_scores import ClassScores
from manifests.tables.scorecard import Scorecard


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
    named += [("exact or one off", of.one_off)]
    lines = ["  " + ", ".join(f"{name} {text.figure(e.value, e.low, e.high, 3)}" for name, e in named if e)]
    if of.calibration:
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
