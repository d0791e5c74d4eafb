"""The age, in years, as what is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from manifests.core.cells import AGE
from manifests.core.errors import UserError
from manifests.core.text import figure
from manifests.sections.recipe import Recipe
from manifests.tables.parts import Words
from train.targets.shared import AGAIN, Readout

AGES = 101  # values of a distribution: 0 to 100 years
NARROWEST = 1.0  # years; a few photos have raters who all agree
ROOT = 0.75  # raters' standard deviation over the root of the age: 1.7 years at 5, 4.1 at 30, 6.3 at 70


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

    def given(self, predicted: Sequence[Any]) -> pa.Array:
        """Another program's predictions, as `predictions.parquet` has them.

        Raises:
            UserError: one that is no number; without a place.
        """
        try:
            return pa.array([float(value) for value in predicted], pa.float32())
        except (TypeError, ValueError) as error:
            raise UserError("", "a number of years in each row", str(error), "Correct the file") from error

    def tidy(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Labels or predictions, as other packages take them: numbers."""
        return column

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
