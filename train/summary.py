"""What a trained run says of itself on a few lines."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from train.fitting.context import Job
from train.fitting.run import Member
from train.fitting.stage_data import items_of, weights_of
from train.sample_weights import effective_size


def lines(job: Job, members: list[Member], made: pa.Table) -> str:
    """One line on what was trained, one on valid: the mean absolute error, and its spread over the repeats."""
    epochs = "+".join(str(len(member.history)) for member in members)
    chosen = items_of(job, job.recipe.stages[-1])
    weights = weights_of(job, job.recipe.stages[-1], chosen)[:, 0].astype(np.float64)
    text = [
        f"{job.name}: {len(chosen)} {job.recipe.images} images (effective {effective_size(weights):.0f}), "
        f"{len(job.recipe.stages)} stage(s), {epochs} epochs"
    ]
    valid = made.filter(pc.equal(made["split"].cast(pa.string()), "valid"))
    valid = valid.filter(pc.is_valid(valid["age"]))
    if len(valid):
        truth = valid["age"].to_numpy()
        errors = np.abs(np.stack(valid["age_preds"].to_pylist()) - truth[:, None]).mean(axis=0)
        mean = np.abs(valid["age_pred"].to_numpy() - truth).mean()
        spread = f"; repeats {errors.mean():.2f} +- {errors.std(ddof=1):.2f}" if len(errors) > 1 else ""
        text.append(f"  valid MAE {mean:.2f} years on {len(valid)} photos{spread}")
    return "\n".join(text)
