"""Several devices train as one does; a GPU where there is one."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.tables import predictions
from tests.support.train_fixtures import write_shards
from train.model.runtime import tf

ROOT = Path(__file__).parents[1]
WITHOUT_GPU = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}  # the devices that are compared are processors
PROGRAM = """
import json, sys
import numpy as np
from train.model.runtime import keras, tf
devices = int(sys.argv[1])
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
from manifests.sections.recipe import Recipe, Stage
from manifests.sections.train import Run, Train
from train.data import tfdata
from train.data.readers import ArrayRows
from train.fitting import checkpoint, loop
from train.fitting.context import RunContext, StageContext
from train.fitting.timing import Clock
from train.model import backbones, heads
from train.model.runtime import over, seed_all
made = over(tf.config.list_logical_devices("CPU"))
stage = Stage(steps=11, rate=1e-3)  # 4, 4 and 3 an epoch, which 16 steps per execution do not divide
train = Train(size=32, batch=16, runs={"a": Run()})
recipe = Recipe(stages=(stage,), head=(16,), output="distribution", loss="soft_labels", adjust=0.3)
rng = np.random.default_rng(0)
with made.strategy.scope():
    seed_all(1)
    network = heads.assemble(backbones.build(train), recipe, ("age",))
photos = rng.integers(0, 255, (64, 32, 32, 3)).astype(np.uint8)
targets = np.stack([rng.uniform(5, 90, 64), np.full(64, 3)], axis=1).astype(np.float32)
data = tfdata.TrainingData(ArrayRows(photos), targets, rng.uniform(0.5, 1.5, (64, 1)).astype(np.float32))
losses = []
run = RunContext("a", train, recipe, 1, None, None, None, None, made)
start = checkpoint.Checkpoint(checkpoint.Counters(), {})
loop.train_stage(StageContext(run, stage, network, 1), data, dict, start,
    lambda s: losses.append(s.counters.history[-1]["loss"]), Clock())
print(json.dumps({"replicas": made.strategy.num_replicas_in_sync, "losses": losses}))
"""

WIDE = """
import hashlib
import numpy as np
from train.model import runtime
runtime.prepare(7)
keras = runtime.keras
network = keras.Sequential([keras.Input((1024,)), keras.layers.Dense(2048, "relu"), keras.layers.Dense(1024, "relu"),
    keras.layers.Dense(1)])
network.compile("adam", "mse", jit_compile=False)
rng = np.random.default_rng(0)
features, targets = rng.normal(size=(640, 1024)).astype(np.float32), rng.normal(size=(640, 1)).astype(np.float32)
network.fit(features, targets, batch_size=128, epochs=2, verbose=0)
print(hashlib.sha256(b"".join(each.tobytes() for each in network.get_weights())).hexdigest())
"""


def losses(devices: int) -> dict:
    command = [sys.executable, "-c", PROGRAM, str(devices)]
    done = subprocess.run(command, cwd=ROOT, env=WITHOUT_GPU, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_two_virtual_devices_have_the_loss_of_one() -> None:
    one, two = losses(1), losses(2)
    assert (one["replicas"], two["replicas"]) == (1, 2)
    assert len(one["losses"]) == 3 and one["losses"][0] > one["losses"][-1]
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-5)


def test_what_a_wide_layer_learns_does_not_depend_on_the_number_of_workers() -> None:
    def weights(jobs: str) -> str:
        environment = {**WITHOUT_GPU, "N_JOBS": jobs}
        command = [sys.executable, "-c", WIDE]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    assert weights("1") == weights("2") == weights("5")


def test_group_dro_trains_on_two_devices() -> None:
    grouped = PROGRAM.replace("adjust=0.3", "dro=GroupDro(rate=0.1)").replace(
        "import Recipe", "import GroupDro, Recipe"
    )
    grouped = grouped.replace("np.full(64, 3)]", "np.full(64, 3), np.arange(64) % 2]")
    done = subprocess.run(
        [sys.executable, "-c", grouped, "2"], cwd=ROOT, env=WITHOUT_GPU, check=True, capture_output=True, text=True
    )
    made = json.loads(done.stdout.splitlines()[-1])
    assert made["replicas"] == 2 and made["losses"][0] > made["losses"][-1]


MIXED = PROGRAM.replace(
    "made = over(", 'keras.mixed_precision.set_global_policy("mixed_float16")\nmade = over('
).replace(
    "print(json.dumps({",
    """years = network.full(photos, training=False)
hidden = [layer.compute_dtype for layer in network.head.layers if isinstance(layer, keras.layers.Dense)]
optimiser = network.full.optimizer
print(json.dumps({"scaled": isinstance(optimiser, keras.optimizers.LossScaleOptimizer), "hidden": hidden,
    "scale": float(getattr(optimiser, "dynamic_scale", 0)), "output": str(years.dtype.name),
    "finite": bool(np.isfinite(years).all() and all(np.isfinite(v.numpy()).all() for v in network.full.variables)),
    "kept": sorted({str(v.dtype) for v in network.full.trainable_variables}),
    """,
)


def test_mixed_precision_scales_the_loss_and_gives_float32() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MIXED, "1"], cwd=ROOT, env=WITHOUT_GPU, check=True, capture_output=True, text=True
    )
    made = json.loads(done.stdout.splitlines()[-1])
    assert made["scaled"] and made["scale"] > 1
    assert "float16" in made["hidden"] and made["output"] == "float32" and made["kept"] == ["float32"]
    assert made["finite"] and all(map(math.isfinite, made["losses"]))
    assert made["losses"][-1] < made["losses"][0]


@pytest.mark.slow
@pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="no GPU here")
def test_a_run_trains_on_a_gpu(tmp_path: Path) -> None:
    write_shards(tmp_path / "shards", {"train": 128, "valid": 32, "test": 32})
    params = "seed: 7\ntrain:\n  size: 32\n  max_steps: 64\n  batch: 16\n  runs: {a: {}}\n"
    (tmp_path / "params.yaml").write_text(params)
    paths = {"params": "params.yaml", "shards": "shards", "runs": "runs", "cache": "cache"}
    options = [f"--{name}={tmp_path / path}" for name, path in paths.items()]
    subprocess.run([sys.executable, "-m", "train.fit", "--run", "a", *options], cwd=ROOT, check=True)
    made, _ = predictions.read(tmp_path / "runs/a/predictions.parquet")
    valid = made.slice(0, 32)
    errors = abs(valid["age_pred"].to_numpy() - valid["age"].to_numpy())
    assert errors.mean() < abs(valid["age"].to_numpy() - valid["age"].to_numpy().mean()).mean()
