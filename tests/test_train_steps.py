"""Training by gradient steps, the last epoch as the one that counts, and the mean over the mirror image."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.recipe import Stage
from manifests.sections.train import Train
from manifests.tables import index
from tests.support.train_fixtures import write_shards
from train import recipes
from train.data import samples
from train.data.readers import Images
from train.fitting import loop, outputs
from train.fitting import run as runs
from train.fitting.context import RunContext
from train.model import heads, runtime
from train.model.heads import exported
from train.targets import YEARS

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes:
    short:
      {base: default, head: [16], patience: 1, stages: [{steps: 7}], monitor: last, mirror: true, schedule: cosine}
  runs: {short: {recipe: short}}
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    folder = tmp_path_factory.mktemp("steps")
    write_shards(folder / "shards", {"train": 40, "valid": 24, "test": 12}, unlabelled="test")
    path = folder / "params.yaml"
    path.write_text(SECTION)
    train = params.section(path, Train)
    recipe = recipes.recipe_of(train, "short")
    table, cells = index.read(folder / "shards" / "index.parquet")
    return RunContext("short", train, recipe, 7, table, cells, folder / "shards", folder, runtime.prepare(7))


@pytest.fixture(scope="module")
def repeats(job: RunContext) -> list[runs.Repeat]:
    return runs.train_repeats(job, lambda repeat, history: None)


def test_a_damaged_shard_is_named_though_it_is_read_inside_tensorflow(job: RunContext, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shutil.copytree(job.shards, shards)
    for path in shards.glob("train-*.tar"):
        path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(UserError) as error:
        runs.train_repeats(dataclasses.replace(job, shards=shards, cache=tmp_path), lambda repeat, history: None)
    assert re.fullmatch(
        r".*/shards/train-00000.tar at byte \d+: expected a photo. Received .+. Run `python -m augment.render` again.",
        str(error.value),
    )


def test_soft_labels_widen_with_the_root_of_the_age(job: RunContext) -> None:
    chosen = samples.labelled(samples.split_samples(job.index, "valid"))
    made = YEARS.wanted(chosen.table, job.recipe.model_copy(update={"spread": "age"}))
    np.testing.assert_allclose(made[:, 1], np.maximum(0.75 * chosen.age**0.5, 1), rtol=1e-6)
    assert (job.wanted(chosen)[:, 1] == 3).all()


def epochs(images: int, ceiling: int | None = None, **stage: int) -> loop.Epochs:
    return loop.Epochs.of(Stage(**stage), 128, images, ceiling)


@pytest.mark.parametrize("images", [100, 128, 4049, 8000, 12_195])
@pytest.mark.parametrize("steps", [1, 31, 32, 1000, 1500])
def test_a_stage_of_steps_takes_just_as_many(images: int, steps: int) -> None:
    made, batch = epochs(images, steps=steps), min(128, images)
    assert sum(made.rows(epoch) // batch for epoch in range(made.count)) == steps == made.steps
    assert all(0 < made.rows(epoch) <= images for epoch in range(made.count))


def test_a_ceiling_cuts_steps_and_epochs_alike() -> None:
    assert epochs(4049, ceiling=70, steps=1500) == loop.Epochs(3, 31 * 128, 8 * 128, 128)
    assert epochs(4049, ceiling=70, epochs=60) == epochs(4049, ceiling=70, steps=1500)
    assert epochs(12_195, ceiling=70, epochs=60).steps == 70
    assert epochs(4049, ceiling=9000, epochs=60).steps == 60 * 31


@pytest.mark.parametrize(("steps", "warm"), [(1, 1), (7, 1), (800, 80)])
def test_a_cosine_rises_over_a_tenth_of_the_steps_and_falls_to_nought(steps: int, warm: int) -> None:
    course, asked = loop.rate_of("cosine", 0.5, steps), np.unique(np.linspace(0, steps - 1, 30).astype(int))
    made = np.array([float(course(step)) for step in asked])
    rising = 0.5 / warm + (0.5 - 0.5 / warm) * np.arange(warm) / warm
    falling = 0.25 * (1 + np.cos(np.pi * np.arange(steps - warm) / max(1, steps - warm)))
    np.testing.assert_allclose(made, np.concatenate([rising, falling])[asked], rtol=1e-5, atol=1e-7)
    assert float(course(max(steps, 2))) == pytest.approx(0, abs=1e-7)


def test_monitor_last_trains_every_epoch_and_keeps_the_last(job: RunContext, repeats: list[runs.Repeat]) -> None:
    history = repeats[0].history
    assert len(history) == 4  # 2 batches of 16 an epoch, 7 steps, for all that patience is 1
    course = loop.rate_of("cosine", job.recipe.stages[0].rate, 7)
    assert [record["rate"] for record in history] == [float(course(step)) for step in (0, 2, 4, 6)]


def test_steps_taken_together_are_the_same_steps(
    job: RunContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = job.recipe.model_copy(update={"batch": 2, "stages": (Stage(steps=37),)})  # 20 an epoch, so 16 and 4
    histories = []
    for together in (1, 16):
        monkeypatch.setattr(loop, "TOGETHER", together)
        other = dataclasses.replace(job, recipe=recipe, cache=tmp_path / str(together))
        histories.append(runs.train_repeats(other, lambda repeat, history: None)[0].history)
    assert histories[0] == histories[1]


def test_the_mirrored_prediction_is_the_mean_of_both_views(job: RunContext, repeats: list[runs.Repeat]) -> None:
    chosen = samples.split_samples(job.index, "valid")
    plain = Images(job.shards, chosen.table, None, 32).take(np.arange(len(chosen)))
    full = repeats[0].network.full
    expected = np.mean([full(plain, training=False), full(plain[:, :, ::-1], training=False)], axis=0)
    np.testing.assert_allclose(runs.predict(job, repeats, chosen)[0], expected, atol=1e-6)


def test_the_exported_model_predicts_alike_and_sees_no_difference_in_the_mirror(
    job: RunContext, repeats: list[runs.Repeat]
) -> None:
    chosen = samples.split_samples(job.index, "valid")
    photos = Images(job.shards, chosen.table, None, 32).take(np.arange(len(chosen)))
    made = exported([repeat.network for repeat in repeats], job.recipe)
    ages = np.asarray(made(photos, training=False))[:, 0]
    table = outputs.table([chosen], [runs.predict(job, repeats, chosen)], job.cells)
    np.testing.assert_allclose(ages, table["age_pred"].to_numpy(), atol=1e-3)
    np.testing.assert_allclose(ages, np.asarray(made(photos[:, :, ::-1], training=False))[:, 0], atol=1e-4)
    one_view = heads.exported([repeats[0].network], job.recipe.model_copy(update={"mirror": False}))
    assert np.abs(np.asarray(one_view(photos, training=False))[:, 0] - ages).max() > 1e-3
