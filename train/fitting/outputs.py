"""A run's outputs: predictions as a table, as the challenge's submission, and the curves."""

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
from train.model.heads import Correction, ages
from train.model.losses import AGES
from train.model.runtime import keras
from train.sample_weights import effective_size


def table(
    splits: list[Samples], outputs: list[list[np.ndarray]], cells: Cells, correct: Correction | None = None
) -> pa.Table:
    """Put the predictions of the splits into one table, in order.

    Args:
        splits: the samples of each split.
        outputs: for each split, each repeat's output (photos, 1 or 101).
        cells: the axes.
        correct: of the ages, that is, of each repeat's and of their mean; then there is no distribution.
    """
    parts = []
    for chosen, repeats in zip(splits, outputs, strict=True):
        each = np.stack([ages(output) for output in repeats], axis=1)
        mean, distribution = each.mean(axis=1), None
        if correct is not None:
            each, mean = correct(each), correct(mean)
        elif repeats[0].shape[1] == AGES:
            distribution = list(np.cumsum(np.mean(repeats, axis=0, dtype=np.float64), axis=1).astype(np.float32))
        columns = ["image_id", "path", "split", "age", *cells.columns, "cell"]
        part = chosen.table.select(columns)
        part = part.append_column("age_pred", pa.array(mean, pa.float32()))
        part = part.append_column("age_preds", pa.array(list(each.astype(np.float32)), pa.list_(pa.float32())))
        missing = pa.nulls(len(chosen), pa.list_(pa.float32()))
        listed = pa.array(distribution, pa.list_(pa.float32())) if distribution is not None else missing
        parts.append(part.append_column("age_q", listed))
    return pa.concat_tables(parts)


def write(made: pa.Table, folder: Path, cells: Cells, training: Training) -> None:
    """Publish `predictions.parquet`, `.csv` and `.zip`: the submission is the test split's ages, in years."""
    test = made.filter(pc.equal(made["split"].cast(pa.string()), "test"))
    lines = "".join(f"{age:.6f}\n" for age in test["age_pred"].to_pylist())
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
    """One line on what was trained, one on valid: the mean absolute error, and its spread over the repeats."""
    stages = run.recipe.stages
    chosen = samples_of(run, stages[-1])
    size = effective_size(sample_weights_of(run, stages[-1], chosen)[:, 0].astype(np.float64))
    told = [
        f"{run.name}: {len(chosen)} {images_of(run, stages[-1])} images "
        f"(effective {figure(size, digits=0)}), {len(stages)} stage(s), {steps_taken(repeats)} steps"
    ]
    valid = made.filter(pc.equal(made["split"].cast(pa.string()), "valid"))
    valid = valid.filter(pc.is_valid(valid["age"]))
    if len(valid):
        truth = valid["age"].to_numpy()
        errors = np.abs(np.stack(valid["age_preds"].to_pylist()) - truth[:, None]).mean(axis=0)
        mean = np.abs(valid["age_pred"].to_numpy() - truth).mean()
        known = chosen.age.mean()
        plain = np.abs(known - truth).mean()
        spread = f"; repeats {figure(errors.mean())} +- {figure(errors.std(ddof=1))}" if len(errors) > 1 else ""
        told.append(f"  valid MAE {figure(mean)} years on {len(valid)} photos{spread}")
        if not mean < plain:
            told.append(
                f"Warning: {run.name}: its valid MAE is not below {figure(plain)}, that of predicting {figure(known)}, "
                "the train photos' mean age, for everyone. It has learnt nothing; lower the stage's rate."
            )
    return "\n".join(told)
