"""Train one run and predict the valid and test photos."""

from __future__ import annotations

import shutil
from argparse import Namespace

from manifests.core import command, costs, params
from manifests.core.errors import located
from manifests.sections.task import Task
from manifests.sections.train import Train
from manifests.tables import index, times
from manifests.tables.predictions import Training
from train import recipes, targets


def main() -> None:
    """Read the section, the index and the shards; write the run's predictions, model, weights and curves."""
    parser = command.parser(__doc__, remote=("shards",), shards="datasets/shards", runs="datasets/runs", cache=".cache")
    parser.add_argument("--run", required=True, help="the run's name in train.runs")
    options = parser.parse_args()
    task = params.section(options.params, Task, Task())
    with located(f"{options.params}: train"):
        _fit(options, params.section(options.params, Train), task, params.seed(options.params))


def _fit(options: Namespace, train: Train, task: Task, seed: int) -> None:
    chain = recipes.chain_of(train, options.run)
    table, cells = index.read(options.shards / "index.parquet")
    with located(f"{options.params}: task"):
        task.check(cells, labelled=table["age"].null_count < len(table))
    target = targets.of(task.target, cells)
    for name, recipe in chain.items():
        with located(f".runs.{name}.recipe"):
            chain[name] = target.adapted(recipe)

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
    run = context_of(train, chain, seed, table, cells, options.shards, options.cache, devices, target)
    with Curves(folder / "curves", run.error) as curves:
        repeats = train_repeats(run, curves)
    correct = correction.learn(run)
    splits = [samples.split_samples(table, split) for split in ("valid", "test")]
    predicted = [predict(run, repeats, split) for split in splits]
    made = outputs.table(splits, predicted, cells, correct, target)
    training = Training(steps_taken(repeats), repeats[0].network.full.count_params())
    outputs.write(made, folder, cells, training, target)
    networks = [repeat.network for repeat in repeats]
    model = exported(networks, run.recipe, correct, target)
    outputs.save_model(model, folder / "model.keras")
    clocks = [repeat.clock for repeat in repeats]
    times.write(timing.times(clocks, model, run.train.size, devices.names), folder / "time.json")
    start.save(networks[0], folder)
    print(outputs.lines(run, repeats, made))
    costs.say(f"train {options.run}", table.num_rows, folder, unit="image")
    needed = options.run in map(train.start_of, train.runs) or recipes.twins(train, options.run)
    if not needed:  # else the runs that start from it, or ask for the same, would train it again
        shutil.rmtree(run.checkpoints, ignore_errors=True)


if __name__ == "__main__":
    command.run(main)
