"""Train one run and predict the valid and test photos."""

from __future__ import annotations

import shutil
from argparse import Namespace

from manifests.core import command, params
from manifests.core.errors import located
from manifests.sections.train import Train
from manifests.tables import index, times
from manifests.tables.predictions import Training
from train import recipes


def main() -> None:
    """Read the section, the index and the shards; write the run's predictions, model, weights and curves."""
    parser = command.parser(__doc__, shards="datasets/shards", runs="datasets/runs", cache=".cache")
    parser.add_argument("--run", required=True, help="the run's name in train.runs")
    options = parser.parse_args()
    with located(f"{options.params}: train"):
        _fit(options, params.section(options.params, Train), params.seed(options.params))


def _fit(options: Namespace, train: Train, seed: int) -> None:
    chain = recipes.chain_of(train, options.run)
    table, cells = index.read(options.shards / "index.parquet")

    # TensorFlow takes seconds to load; the mistakes above are reported without it.
    from train.data import samples
    from train.fitting import correction, outputs, start, timing
    from train.fitting.context import context_of
    from train.fitting.curves import Curves
    from train.fitting.run import predict, steps_taken, train_repeats
    from train.model import runtime
    from train.model.heads import exported

    devices = runtime.prepare(seed)
    folder = options.runs / options.run
    run = context_of(train, chain, seed, table, cells, options.shards, options.cache, devices)
    with Curves(folder / "curves") as curves:
        repeats = train_repeats(run, curves)
    correct = correction.learn(run)
    splits = [samples.split_samples(table, split) for split in ("valid", "test")]
    made = outputs.table(splits, [predict(run, repeats, split) for split in splits], cells, correct)
    outputs.write(made, folder, cells, Training(steps_taken(repeats), repeats[0].network.full.count_params()))
    model = exported([repeat.network for repeat in repeats], run.recipe, correct)
    outputs.save_model(model, folder / "model.keras")
    clocks = [repeat.clock for repeat in repeats]
    times.write(timing.times(clocks, model, run.train.size, devices.names), folder / "time.json")
    start.save(repeats[0].network, folder)
    print(outputs.lines(run, repeats, made))
    if options.run not in map(train.start_of, train.runs):  # the runs that start from it would train it again
        shutil.rmtree(run.checkpoints, ignore_errors=True)


if __name__ == "__main__":
    command.run(main)
