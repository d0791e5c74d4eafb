"""Training the last blocks of a network against a bare loop over the same layers, images a second.

    python -m tests.bench_finetune [--images 1024] [--rounds 3]

Both learn from the same maps, which lie in memory. The bare loop is a compiled step of the same layers, loss
and optimiser; ours also shuffles, weights each image, and keeps the best epoch. Rounds are interleaved; the figure is
the median of their ratios, of epochs that compile nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from manifests.sections.recipe import Recipe, Stage
from manifests.sections.train import Run, Train
from train.data.readers import ArrayRows
from train.data.tfdata import TrainingData
from train.fitting import adjust, checkpoint, loop
from train.fitting.context import RunContext, StageContext
from train.fitting.timing import Clock
from train.model import backbones, heads
from train.model.runtime import keras, prepare, tf

SIZE, BATCH, EPOCHS = 128, 64, 4


def stage_of(images: int) -> StageContext:
    """A MobileNet whose last two blocks and head learn."""
    steps = EPOCHS * (images // BATCH)
    stage = Stage(layers={"from": "conv_dw_12"}, steps=steps, rate=1e-4, backbone_rate=1e-5)
    train = Train(backbone="MobileNet", size=SIZE, batch=BATCH, runs={"bench": Run()})
    recipe = Recipe(stages=(stage,), head=(256, 64), output="distribution", loss="soft_labels")
    run = RunContext("bench", train, recipe, 1, None, None, None, None, prepare(1))  # type: ignore[arg-type]
    return StageContext(run, stage, heads.assemble(backbones.build(train), recipe, ("age",)), 1)


def ours(at: StageContext, data: TrainingData) -> float:
    """Milliseconds per image."""
    clock, start = Clock(), checkpoint.Checkpoint(checkpoint.Counters(), {})
    loop.train_stage(at, data, dict, start, lambda _: None, clock)
    return statistics.median(clock.later)


def bare(at: StageContext, data: TrainingData) -> float:
    """Milliseconds per image of the same layers and loss."""
    model, loss, optimiser = at.model, adjust.loss(at.run, data), keras.optimizers.Adam(1e-4)
    optimiser.build(model.trainable_variables)

    @tf.function
    def step(maps: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(loss(wanted, model(maps, training=True)))
        found = tape.gradient(error, model.trainable_variables)
        optimiser.apply_gradients(zip(found, model.trainable_variables, strict=True))
        return error

    def epoch() -> None:
        for start in range(0, len(data.targets) // BATCH * BATCH, BATCH):
            rows = np.arange(start, start + BATCH)
            step(tf.constant(data.inputs.take(rows)), tf.constant(data.targets[rows])).numpy()

    epoch()  # compiles
    took = []
    for _ in range(EPOCHS - 1):
        begin = time.perf_counter()
        epoch()
        took.append(1000 * (time.perf_counter() - begin) / (len(data.targets) // BATCH * BATCH))
    return statistics.median(took)


def main() -> None:
    """Print both speeds, and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    at, rng = stage_of(options.images), np.random.default_rng(0)
    at.set_trainable()
    assert at.cut is not None
    maps = rng.normal(size=(options.images, *at.cut.below.output_shape[1:])).astype(np.float16)
    targets = np.stack([rng.uniform(5, 90, options.images), np.full(options.images, 3)], axis=1).astype(np.float32)
    data = TrainingData(ArrayRows(maps), targets, np.ones((options.images, 1), np.float32))
    found = [(ours(at, data), bare(at, data)) for _ in range(options.rounds)]
    mine, theirs = (statistics.median(each) for each in zip(*found, strict=True))
    ratio = statistics.median(other / own for own, other in found)
    speeds = f"{1000 / mine:.0f} images a second, bare loop {1000 / theirs:.0f}"
    print(f"finetuning from conv_dw_12: {speeds}; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
