"""How far the labels of copies drift: each copy compared with its original, and that change with a flip's.

Every figure is a mean over photos; its interval is the percentile interval of the bootstrap over
photos, stratified by joint cell as the sample is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.sections.audit import Bounds
from manifests.tables.audit import Accuracy, AgeDrift, Drift, Skill, Step, ValueDrift
from manifests.tables.tasks import ORIGINAL
from train.label_drift import bounds as verdict
from train.label_drift.judge_predictions import Opinions
from train.scoring import intervals, resampling

FLIP = "flip"


@dataclass(frozen=True)
class Ladder:
    """The probe as a table of photos by steps.

    Attributes:
        steps: (policy, severity), in the order of the copies' numbers.
        rows: int64 (photos, steps), rows of the index; -1 where a photo has no such copy.
        original: int64 (photos,), the rows of the originals.
        cell: int64 (photos,), joint cells.
        weights: float64 (resamples, photos), of the bootstrap.
    """

    steps: list[tuple[str, float]]
    rows: np.ndarray
    original: np.ndarray
    cell: np.ndarray
    weights: np.ndarray

    @property
    def flip(self) -> int:
        """The step that the others are compared with."""
        return [policy for policy, _ in self.steps].index(FLIP)


def ladder(probe: pa.Table, resamples: int, seed: int) -> Ladder:
    """Arrange the probe's index.

    Raises:
        UserError: it is not what `augment.probe` writes.
    """
    policies, copies = probe["policy"].to_pylist(), probe["copy"].to_numpy()
    severities = np.round(probe["severity"].to_numpy().astype(np.float64), 6).tolist()
    ids, photo = np.unique(probe["image_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    named = {int(copy): (policy, severity) for copy, policy, severity in zip(copies, policies, severities, strict=True)}
    numbers = sorted(named)
    rows = np.full((len(ids), len(numbers)), -1, np.int64)
    rows[photo, np.searchsorted(numbers, copies)] = np.arange(len(copies))
    steps = [named[number] for number in numbers]
    if not steps or steps[0][0] != ORIGINAL or (rows[:, 0] < 0).any() or FLIP not in dict(steps):
        raise UserError("probe", "each photo's original and its flip", "others", "Run `python -m augment.probe` again")
    cell = probe["cell"].to_numpy()[rows[:, 0]].astype(np.int64)
    weights = resampling.weights(resampling.strata(cell), resamples, seed)
    return Ladder(steps[1:], rows[:, 1:], rows[:, 0], cell, weights)


def originals(probe: pa.Table, opinions: Opinions) -> tuple[pa.Table, Opinions]:
    """The probe's originals, and a judge's opinions of them."""
    rows = np.flatnonzero(probe["copy"].to_numpy() == 0)
    return probe.take(pa.array(rows)), opinions.take(rows)


def steps(
    made: Ladder,
    opinions: Opinions,
    cells: Cells,
    bounds: Bounds,
    guesses: Sequence[str] = (),
    expected: np.ndarray | None = None,
) -> list[Step]:
    """Every step's figures and its verdict.

    Args:
        made: the probe.
        opinions: of each of its images, in the order of its index.
        cells: the axes.
        bounds: what is still safe.
        guesses: what the judge only guesses, and what is therefore not judged.
        expected: float64 (images,), by how many years the perceived age should change, as where two ages are mixed;
            None: nowhere.
    """
    grid = cells.grid()[made.cell]
    everyone = np.ones(len(made.cell), bool)
    age, bins, axes = None, {}, {}
    if opinions.age is not None:
        moved = _moved(made, opinions.age if expected is None else opinions.age - expected)
        age = _ages(made, moved, everyone)
        if AGE in cells.names:
            own = grid[:, cells.names.index(AGE)]
            masks = {value: own == number for number, value in enumerate(cells[AGE].values)}
            bins = {value: _ages(made, moved, mask) for value, mask in masks.items() if mask.any()}
    for axis, shares in opinions.shares.items():
        axes[axis] = _values(made, shares, grid[:, cells.names.index(axis)])
    found = []
    for at, (policy, severity) in enumerate(made.steps):
        step = Step(
            policy=policy,
            severity=severity,
            n=int((made.rows[:, at] >= 0).sum()),
            age=age[at] if age else None,
            bins={value: drifts[at] for value, drifts in bins.items()},
            axes={axis: drifts[at] for axis, drifts in axes.items()},
            over=[],
            unclear=[],
        )
        found.append(verdict.judged(step, bounds, guesses))
    return found


def _moved(made: Ladder, values: np.ndarray) -> np.ndarray:
    """float64 (photos, steps, ...): the copy's value less the original's; NaN where there is no copy."""
    moved = values[made.rows] - values[made.original][:, None]
    moved[made.rows < 0] = np.nan
    return moved


def _ages(made: Ladder, moved: np.ndarray, mask: np.ndarray) -> list[AgeDrift]:
    chosen = np.where(mask[:, None], moved, np.nan)
    shift, distance = _drifts(made, chosen), _drifts(made, np.abs(chosen))
    counts = (~np.isnan(chosen)).sum(axis=0).tolist()
    return [AgeDrift(n=n, shift=s, distance=d) for n, s, d in zip(counts, shift, distance, strict=True)]


def _values(made: Ladder, shares: np.ndarray, label: np.ndarray) -> list[ValueDrift]:
    best = np.where(np.isnan(shares).any(axis=1), np.nan, np.argmax(np.nan_to_num(shares), axis=1))
    moved = _moved(made, best)
    changed = np.where(np.isnan(moved), np.nan, moved != 0)
    probability = _moved(made, shares)[np.arange(len(label)), :, label]
    counts = (~np.isnan(changed)).sum(axis=0).tolist()
    found = zip(counts, _drifts(made, changed), _drifts(made, probability), strict=True)
    return [ValueDrift(n=n, changed=c, label=p) for n, c, p in found]


def _drifts(made: Ladder, values: np.ndarray) -> list[Drift]:
    own, beyond = (intervals.means(one, made.weights) for one in (values, values - values[:, [made.flip]]))
    return [Drift(value=v, beyond=b) for v, b in zip(own, beyond, strict=True)]


def skill(photos: pa.Table, seen: Opinions, cells: Cells, resamples: int, seed: int) -> Skill:
    """The judge's errors, with 95% intervals over photos, stratified by joint cell.

    Args:
        photos: rows of an index, originals.
        seen: the judge's opinions of them; a photo without one does not count.
        cells: the axes.
        resamples: bootstrap replicates.
        seed: of params.yaml.
    """
    cell = photos["cell"].to_numpy().astype(np.int64)
    weights = resampling.weights(resampling.strata(cell), resamples, seed)
    grid, mae, of_mean, accuracy = cells.grid()[cell], None, None, {}
    if seen.age is not None:
        labels = photos["age"].to_numpy(zero_copy_only=False).astype(np.float64)
        mae = intervals.means(np.abs(seen.age - labels)[:, None], weights)[0]
        of_mean = float(np.abs(labels - labels.mean()).mean())
    for axis, shares in seen.shares.items():
        label = grid[:, cells.names.index(axis)]
        right = np.where(np.isnan(shares).any(axis=1), np.nan, shares.argmax(axis=1) == label)
        most = float(np.bincount(label).max() / len(label))
        accuracy[axis] = Accuracy(value=intervals.means(right[:, None], weights)[0], most_frequent=most)
    return Skill(n=len(cell), mae=mae, mae_of_mean=of_mean, accuracy=accuracy)
