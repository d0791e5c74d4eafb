"""A run's outputs: predictions as a table and as a list, and the model."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Cells
from manifests.core.files import publish, write_bytes, write_text
from manifests.core.text import figure
from manifests.tables import predictions
from manifests.tables.predictions import Training
from train.data.samples import Samples
from train.fitting.context import RunContext
from train.fitting.run import Repeat, steps_taken
from train.fitting.stage_data import images_of, sample_weights_of, samples_of
from train.model.heads import Correction
from train.model.runtime import keras
from train.sample_weights import effective_size
from train.scoring.predictions import labelled_split
from train.targets import YEARS, Target


def table(
    splits: list[Samples],
    outputs: list[list[np.ndarray]],
    cells: Cells,
    correct: Correction | None = None,
    target: Target = YEARS,
) -> pa.Table:
    """Put the predictions of the splits into one table, in order.

    Args:
        splits: the samples of each split.
        outputs: for each split, each repeat's output (photos, units).
        cells: the axes.
        correct: of the predictions.
        target: what is predicted.
    """
    parts = []
    for chosen, repeats in zip(splits, outputs, strict=True):
        part = chosen.table.select(["image_id", "path", "split", "age", *cells.columns, "cell"])
        for name, column in target.columns(repeats, correct).items():
            part = part.append_column(name, column)
        parts.append(part)
    return pa.concat_tables(parts)


def write(made: pa.Table, folder: Path, cells: Cells, training: Training, target: Target = YEARS) -> None:
    """Publish `predictions.parquet`, and the test split's predictions as `.csv` and `.zip`.

    Of the age these are the challenge's submission: one headerless column of years.
    """
    test = made.filter(pc.equal(made["split"].cast(pa.string()), "test"))
    lines = "".join(f"{target.line(pred)}\n" for pred in test[f"{target.name}_pred"].to_pylist())
    predictions.write(made, folder / "predictions.parquet", cells, training)
    write_text(folder / "predictions.csv", lines)
    write_bytes(folder / "predictions.zip", zipped("predictions.csv", lines.encode()))


def zipped(name: str, content: bytes) -> bytes:
    """A zip of one file, the same bytes each time."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return memory.getvalue()


def save_model(model: keras.Model, path: Path) -> None:
    """Publish the model in Keras' own format."""
    with publish(path, ending=".keras") as temporary:  # Keras insists on it
        model.save(temporary)


def lines(run: RunContext, repeats: list[Repeat], made: pa.Table) -> str:
    """One line on what was trained, one on valid: the error, and its spread over the repeats."""
    stages = run.recipe.stages
    chosen = samples_of(run, stages[-1])
    size = effective_size(sample_weights_of(run, stages[-1], chosen)[:, 0].astype(np.float64))
    told = [
        f"{run.name}: {len(chosen)} {images_of(run, stages[-1])} images "
        f"(effective {figure(size, digits=0)}), {len(stages)} stage(s), {steps_taken(repeats)} steps"
    ]
    words, known = run.target.words, run.target.truth(chosen.table)
    valid = labelled_split(made, run.target, "valid")
    if valid is not None:
        errors = run.target.errors(valid.preds, valid.truth[:, None]).mean(axis=0)
        mean = valid.error.mean()
        guess, guessed = run.target.guess(known)
        plain = run.target.errors(np.full(len(valid.truth), guess), valid.truth).mean()
        spread = f"; repeats {figure(errors.mean())} +- {figure(errors.std(ddof=1))}" if len(errors) > 1 else ""
        told.append(f"  valid {words.error} {figure(mean)} {words.unit} on {len(valid.truth)} photos{spread}")
        if not mean < plain:
            told.append(
                f"Warning: {run.name}: its valid {words.error} is not below {figure(plain)}, that of predicting "
                f"{guessed} for everyone. It has learnt nothing; lower the stage's rate."
            )
    return "\n".join(told)
