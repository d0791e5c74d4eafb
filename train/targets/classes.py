"""The values of an axis, as what is predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Axis
from manifests.core.errors import UserError, nearest
from manifests.sections.recipe import Recipe
from manifests.tables.parts import Words
from train.targets.shared import AGAIN, Readout


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
        """Check the predictions of a table; those of another program may be classes alone.

        Raises:
            UserError: no probabilities of the classes; the place is relative to the table.
        """
        wide = len(self.values)
        if distribution is None and preds is None:
            return
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
        wide = (each, math.prod(each.shape[1:])), (mean, mean.shape[1])  # -1 is no width where a split has no photo
        listed = [pa.array(list(part.reshape(len(mean), width)), pa.list_(pa.float32())) for part, width in wide]
        label = pa.DictionaryArray.from_arrays(best, pa.array(self.values, pa.string()))
        return {f"{self.name}_pred": label, f"{self.name}_preds": listed[0], f"{self.name}_q": listed[1]}

    def given(self, predicted: Sequence[Any]) -> pa.Array:
        """Another program's predictions, as `predictions.parquet` has them.

        Raises:
            UserError: one that is none of the classes; without a place.
        """
        places = [self.axis.index(str(value)) for value in predicted]
        if None in places:
            value = predicted[places.index(None)]
            raise UserError("", self.rule, repr(value) + nearest(value, self.values), "Correct the file")
        return pa.DictionaryArray.from_arrays(pa.array(places, pa.int16()), pa.array(self.values, pa.string()))

    def tidy(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Labels or predictions, as other packages take them: words."""
        return column.cast(pa.string())

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


def _short(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")
