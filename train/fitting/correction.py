"""A cross-fitted correction of the ages: a monotone map from prediction to label, learnt on photos unseen in training.

After Clapes et al. 2018, From apparent to real age: gender, age, ethnic, makeup, and expression bias analysis, who
correct predictions by the bias that the training photos show. On photos that the network has learnt there is no bias
to see, so that each train photo is predicted by a network that was trained without it and its copies.
"""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.optimize import isotonic_regression

from train.data import samples
from train.data.samples import Samples
from train.fitting.context import RunContext
from train.fitting.run import predict, train_repeats
from train.model.heads import Correction


def learn(run: RunContext) -> Correction | None:
    """Train a network per fold and learn the map from their predictions; None where the recipe has no correction."""
    wanted = run.recipe.correct
    if wanted is None:
        return None
    originals = samples.labelled(samples.train_samples(run.index, "original", "none", run.cells), run.target)
    fold = folds(originals.age, wanted.folds)
    predicted = np.zeros(len(originals))
    parts = [_without(run, originals, fold == number) for number in range(wanted.folds)]
    for number, part in enumerate(parts):
        rows = np.flatnonzero(fold == number)
        held = Samples(originals.table.take(pa.array(rows)), [originals.views[row] for row in rows])
        output = predict(part, train_repeats(part, lambda repeat, history: None), held)[0]
        predicted[rows] = run.target.decode(output)
    for part in parts:  # not before: a killed run goes on with the folds that are done
        shutil.rmtree(part.checkpoints, ignore_errors=True)
    return monotone(predicted, originals.age, wanted.knots)


def folds(age: np.ndarray, count: int) -> np.ndarray:
    """Number the photos' folds, alike in age: int64 (photos,)."""
    fold = np.empty(len(age), np.int64)
    fold[np.argsort(age, kind="stable")] = np.arange(len(age)) % count
    return fold


def monotone(predicted: np.ndarray, age: np.ndarray, knots: int) -> Correction:
    """Learn the map by isotonic regression of the mean label in groups of neighbouring predictions.

    Args:
        predicted: float64 (photos,), years, of networks that have not seen the photo.
        age: float64 (photos,), labels in years.
        knots: groups of equal size, at most.
    """
    groups = np.array_split(np.argsort(predicted, kind="stable"), min(knots, len(age)))
    x = np.array([predicted[rows].mean() for rows in groups])
    y = np.array([age[rows].mean() for rows in groups])
    x, first = np.unique(x, return_index=True)
    return Correction(x, isotonic_regression(y[first]).x)


def _without(run: RunContext, originals: Samples, held: np.ndarray) -> RunContext:
    """The run on the train photos but those of a fold and their copies, with one network."""
    ids = originals.table["image_id"].filter(pa.array(held))
    index = run.index.filter(
        pc.invert(pc.and_(pc.equal(run.index["split"], "train"), pc.is_in(run.index["image_id"], ids)))
    )
    alone = {run.name: run.train.runs[run.name].model_copy(update={"seeds": 1})}
    train, recipe = run.train.model_copy(update={"runs": alone}), run.recipe.model_copy(update={"correct": None})
    return dataclasses.replace(run, index=index, train=train, recipe=recipe)
