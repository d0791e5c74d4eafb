"""What is predicted, the age in years or the values of an axis, and all that differs between the two.

No other module asks which of the two it is. Keras is not needed here: the networks' losses are in `train.model.losses`
under the names that a recipe gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE, Axis, Cells
from manifests.core.errors import UserError
from manifests.core.text import figure
from manifests.sections.train import Recipe
from manifests.tables.parts import Words

AGES = 101  # values of a distribution: 0 to 100 years
NARROWEST = 1.0  # years; a few photos have raters who all agree
ROOT = 0.75  # raters' standard deviation over the root of the age: 1.7 years at 5, 4.1 at 30, 6.3 at 70
AGAIN = "Run `python -m train.fit` for this run again"
Readout = float | tuple[np.ndarray, np.ndarray | None] | None


@dataclass(frozen=True)
class Years:
    """The age, in years; an error is the absolute difference.

    Attributes of both targets:
        name: what the columns of its predictions begin with.
        rule: what a prediction must be.
        values: the classes; none of years.
        ordered: whether one label is above another.
        own: the axis whose groups are the target's own values: its bias is not one of a bystander.
        words: how its figures are called.
    """

    name: ClassVar[str] = AGE
    own: ClassVar[str | None] = None
    rule: ClassVar[str] = "a number of years"
    values: ClassVar[tuple[str, ...]] = ()
    ordered: ClassVar[bool] = True
    words: ClassVar[Words] = Words(
        target=AGE,
        meaning="the age, in years, that people see",
        error="MAE",
        full="mean absolute error",
        unit="years",
        names={"error": "mae", "label": "age", "pred": "age_pred"},
    )

    def adapted(self, recipe: Recipe) -> Recipe:
        """The recipe as this target trains it.

        Raises:
            UserError: its output is that of classes; the key is relative to the run's.
        """
        if recipe.output == "classes":
            raise UserError("", "a recipe that predicts years", "one whose output is classes", "Choose another recipe")
        return recipe.model_copy(update={"monitor": recipe.monitor.replace("error", "mae")})

    def truth(self, table: pa.Table) -> np.ndarray:
        """The labels in rows of an index or of predictions: float64 (rows,), years; NaN without one."""
        return np.asarray(table["age"].cast(pa.float64()).fill_null(np.nan).to_numpy())

    def wanted(self, table: pa.Table, recipe: Recipe) -> np.ndarray:
        """What the loss compares with: float32 (rows, 2), the age and its soft label's standard deviation, in years."""
        age = self.truth(table)
        if recipe.spread == "raters":
            spread = table["age_std"].cast(pa.float64()).fill_null(np.nan).to_numpy()
            spread = np.where(np.isnan(spread), 3.0, np.maximum(spread, NARROWEST))
        elif recipe.spread == "age":
            spread = np.maximum(ROOT * np.sqrt(age), NARROWEST)
        else:
            spread = np.full(len(age), recipe.spread)
        return np.stack([age, spread], axis=1).astype(np.float32)

    def labels(self, wanted: np.ndarray) -> np.ndarray:
        """The labels again, out of what `wanted` made: (rows,)."""
        return np.asarray(wanted[:, 0])

    def output(self, recipe: Recipe) -> tuple[int, str]:
        """Units and activation of a network's last layer."""
        units = AGES if recipe.output == "distribution" else 1
        return units, {"sigmoid": "sigmoid", "linear": "linear", "distribution": "softmax"}[recipe.output]

    def readout(self, recipe: Recipe) -> Readout:
        """What turns that output into years: a factor, or kernel and bias of a linear layer."""
        return (np.arange(AGES, dtype=np.float32)[:, None], None) if recipe.output == "distribution" else 100.0

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Years of an output: its expectation, or its share of 100 years. (n, 1 or 101) to float64 (n,)."""
        if output.shape[1] == AGES:
            return output.astype(np.float64) @ np.arange(AGES)
        return output[:, 0].astype(np.float64) * 100

    def joined(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        """What several networks predict together: the mean of their years, float64 (n,)."""
        return np.asarray(np.mean([self.decode(output) for output in outputs], axis=0))

    def errors(self, pred: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Absolute errors, in years; of any shape."""
        return np.abs(pred - truth)

    def check(self, pred: np.ndarray, preds: np.ndarray | None, distribution: np.ndarray | None) -> None:
        """Check the predictions of a table.

        Raises:
            UserError: no cumulative distributions; the place is relative to the table.
        """
        if distribution is None:
            return
        if distribution.shape[1] != AGES:
            raise UserError(": age_q", f"{AGES} probabilities per photo", distribution.shape[1], AGAIN)
        if np.diff(distribution).min() < -1e-4 or np.abs(distribution[:, -1] - 1).max() > 1e-2:
            raise UserError(": age_q", "probabilities that never fall and end at 1", "others", AGAIN)

    def numbers(self, column: pa.ChunkedArray) -> np.ndarray:
        """Predictions of a table: float64 (rows,); NaN where one is none."""
        return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy())

    def each(self, preds: np.ndarray) -> np.ndarray:
        """The predictions of each seed: float64 (rows, seeds)."""
        return preds

    def misses(self, pred: np.ndarray, truth: np.ndarray, shares: np.ndarray | None) -> np.ndarray:
        """How far off each prediction is, for the list of the worst: (n,)."""
        return self.errors(pred, truth)

    def signed(self, pred: np.ndarray, age: np.ndarray) -> np.ndarray | None:
        """Predicted less labelled years."""
        return pred - age

    def columns(self, outputs: Sequence[np.ndarray], correct: Any = None) -> dict[str, pa.Array]:
        """The columns of `predictions.parquet`: the mean, each repeat's, and the cumulative distribution.

        Args:
            outputs: each repeat's, (photos, units).
            correct: a map of years, of each repeat's and of their mean; then there is no distribution.
        """
        each = np.stack([self.decode(output) for output in outputs], axis=1)
        mean, listed = each.mean(axis=1), pa.nulls(len(each), pa.list_(pa.float32()))
        if correct is not None:
            each, mean = correct(each), correct(mean)
        elif outputs[0].shape[1] == AGES:
            summed = np.cumsum(np.mean(outputs, axis=0, dtype=np.float64), axis=1)
            listed = pa.array(list(summed.astype(np.float32)), pa.list_(pa.float32()))
        preds = pa.array(list(each.astype(np.float32)), pa.list_(pa.float32()))
        return {"age_pred": pa.array(mean, pa.float32()), "age_preds": preds, "age_q": listed}

    def guess(self, truth: np.ndarray) -> tuple[float, str]:
        """What to predict for everyone, from the train labels, and its name."""
        mean = float(truth.mean())
        return mean, f"{figure(mean)}, the train photos' mean age,"

    def said(self, pred: float, truth: float, shares: np.ndarray | None) -> str:
        """How a prediction is wrong."""
        return f"{figure(abs(pred - truth), digits=1)} years too {'old' if pred > truth else 'young'}"

    def shown(self, number: float) -> float | str:
        """A label or a prediction as a file has it."""
        return number

    def told(self, output: np.ndarray) -> str:
        """What an exported model's (outputs,) says of one photo."""
        return f"{output[0]:.1f}"

    def line(self, pred: float | str) -> str:
        """A prediction in a submission."""
        return f"{pred:.6f}"

    def parse(self, text: str) -> float:
        """Read it.

        Raises:
            ValueError: no finite number.
        """
        if not np.isfinite(float(text)):
            raise ValueError
        return float(text)


@dataclass(frozen=True)
class Classes:
    """The values of an axis; an error is 100 where the value is wrong, else 0, so that a mean is in %.

    Two values are one sigmoid unit, the probability of the second; more are a softmax.
    """

    axis: Axis

    @property
    def name(self) -> str:
        """The axis' column."""
        return self.axis.column

    @property
    def rule(self) -> str:
        """What a prediction must be."""
        return f"one of {', '.join(self.values)}"

    @property
    def own(self) -> str | None:
        """The axis itself."""
        return self.axis.name

    @property
    def values(self) -> tuple[str, ...]:
        """The classes."""
        return self.axis.values

    @property
    def ordered(self) -> bool:
        """Whether the classes are: the bins of the age."""
        return bool(self.axis.edges)

    @property
    def words(self) -> Words:
        """How the figures are called."""
        meaning = f"the {self.axis.name} that people see, one of {', '.join(self.values)},"
        return Words(target=self.name, meaning=meaning, error="error rate", full="error rate", unit="%")

    def adapted(self, recipe: Recipe) -> Recipe:
        """The recipe with cross-entropy over the classes in place of a distribution over the ages.

        Raises:
            UserError: it is of years alone; the key is relative to the run's.
        """
        if recipe.output not in ("classes", "distribution"):
            received = f"one whose output is {recipe.output}"
            raise UserError("", "a recipe whose output is classes or distribution", received, "Choose another recipe")
        for name in ("mixup", "correct", "experts"):
            if getattr(recipe, name):
                raise UserError("", f"a recipe without {name}, which is of years", name, "Choose another recipe")
        monitor = recipe.monitor.replace("mae", "error")
        return recipe.model_copy(update={"output": "classes", "loss": "cross_entropy", "monitor": monitor})

    def truth(self, table: pa.Table) -> np.ndarray:
        """The classes' numbers: float64 (rows,); NaN without a label."""
        return self.numbers(table[self.name])

    def numbers(self, column: pa.ChunkedArray) -> np.ndarray:
        """The numbers of the classes that a column names: float64 (rows,); NaN where it names none."""
        place = pc.index_in(column.cast(pa.string()), pa.array(self.values, pa.string()))
        return np.asarray(place.cast(pa.float64()).fill_null(np.nan).to_numpy())

    def check(self, pred: np.ndarray, preds: np.ndarray | None, distribution: np.ndarray | None) -> None:
        """Check the predictions of a table.

        Raises:
            UserError: no probabilities of the classes; the place is relative to the table.
        """
        wide = len(self.values)
        for name, found in ((f": {self.name}_q", distribution), (f": {self.name}_preds", preds)):
            if found is None or found.shape[1] % wide:
                raise UserError(name, f"{wide} probabilities per photo", 0 if found is None else found.shape[1], AGAIN)
            if found.min() < -1e-4 or np.abs(found.reshape(len(found), -1, wide).sum(axis=2) - 1).max() > 1e-2:
                raise UserError(name, "probabilities that sum to 1", "others", AGAIN)

    def each(self, preds: np.ndarray) -> np.ndarray:
        """The classes' numbers that each seed predicts: float64 (rows, seeds)."""
        return preds.reshape(len(preds), -1, len(self.values)).argmax(axis=2).astype(np.float64)

    def wanted(self, table: pa.Table, recipe: Recipe) -> np.ndarray:
        """The wanted probabilities: float32 (rows, classes), `smoothing` of them spread evenly."""
        hot = self.truth(table)[:, None] == np.arange(len(self.values))
        return (hot * (1 - recipe.smoothing) + recipe.smoothing / len(self.values)).astype(np.float32)

    def labels(self, wanted: np.ndarray) -> np.ndarray:
        """The classes' numbers again: (rows,)."""
        return np.asarray(wanted[:, : len(self.values)].argmax(axis=1), np.float64)

    def output(self, recipe: Recipe) -> tuple[int, str]:
        """Units and activation of a network's last layer."""
        return (1, "sigmoid") if len(self.values) == 2 else (len(self.values), "softmax")

    def readout(self, recipe: Recipe) -> Readout:
        """Of one unit's p, the pair 1 - p and p."""
        if len(self.values) > 2:
            return None
        return np.array([[-1.0, 1.0]], np.float32), np.array([1.0, 0.0], np.float32)

    def shares(self, output: np.ndarray) -> np.ndarray:
        """The probability of each class: float64 (n, classes)."""
        wide = output.astype(np.float64)
        return np.concatenate([1 - wide, wide], axis=1) if wide.shape[1] == 1 else wide

    def decode(self, output: np.ndarray) -> np.ndarray:
        """The most probable class' number; of a tie the first. (n, outputs) to float64 (n,)."""
        return self.shares(output).argmax(axis=1).astype(np.float64)

    def joined(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        """What several networks predict together: the most probable class of their mean, float64 (n,)."""
        return np.asarray(np.mean([self.shares(output) for output in outputs], axis=0).argmax(axis=1), np.float64)

    def errors(self, pred: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """100 where the class is another, else 0; of any shape."""
        return np.where(pred != truth, 100.0, 0.0)

    def misses(self, pred: np.ndarray, truth: np.ndarray, shares: np.ndarray | None) -> np.ndarray:
        """How improbable the label was, for the list of the worst: (n,)."""
        return self.errors(pred, truth) if shares is None else 1 - shares[np.arange(len(truth)), truth.astype(np.int64)]

    def signed(self, pred: np.ndarray, age: np.ndarray) -> np.ndarray | None:
        """None: a class is neither too high nor too low."""
        return None

    def columns(self, outputs: Sequence[np.ndarray], correct: Any = None) -> dict[str, pa.Array]:
        """The columns of `predictions.parquet`: the class, each repeat's probabilities in turn, and their mean."""
        each = np.stack([self.shares(output) for output in outputs], axis=1).astype(np.float32)
        mean = each.mean(axis=1, dtype=np.float64).astype(np.float32)
        best = pa.array(mean.argmax(axis=1), pa.int16())
        listed = [pa.array(list(part.reshape(len(mean), -1)), pa.list_(pa.float32())) for part in (each, mean)]
        label = pa.DictionaryArray.from_arrays(best, pa.array(self.values, pa.string()))
        return {f"{self.name}_pred": label, f"{self.name}_preds": listed[0], f"{self.name}_q": listed[1]}

    def guess(self, truth: np.ndarray) -> tuple[float, str]:
        """The most frequent class."""
        most = int(np.bincount(truth.astype(np.int64), minlength=len(self.values)).argmax())
        return float(most), f"{self.values[most]}, the train photos' most frequent {self.name},"

    def said(self, pred: float, truth: float, shares: np.ndarray | None) -> str:
        """The predicted class and its probability."""
        return f"{self.values[int(pred)]} {'' if shares is None else _short(shares[int(pred)])}".rstrip()

    def shown(self, number: float) -> float | str:
        """A label or a prediction as a file has it."""
        return self.values[int(number)]

    def told(self, output: np.ndarray) -> str:
        """What an exported model's (classes,) says of one photo: the class and its probability."""
        return f"{self.values[int(output.argmax())]}\t{_short(float(output.max()))}"

    def line(self, pred: float | str) -> str:
        """A prediction in a list of them."""
        return str(pred)

    def parse(self, text: str) -> float:
        """Read it.

        Raises:
            ValueError: none of the classes.
        """
        place = self.axis.index(text)
        if place is None:
            raise ValueError
        return float(place)


Target = Years | Classes
YEARS = Years()


def of(name: str, cells: Cells) -> Target:
    """The target of a name that `manifests.sections.task` has checked."""
    if name == AGE:
        return YEARS
    return Classes(next(axis for axis in cells.axes if axis.column == name))


def _short(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")
