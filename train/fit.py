"""Train one run and predict the valid and test photos."""

from __future__ import annotations

import shutil
from pathlib import Path

from manifests.core import command, params
from manifests.sections.train import Train
from manifests.tables import index


def main() -> None:
    """Read the section, the index and the shards; write the run's predictions, model and curves."""
    parser = command.parser(__doc__, shards="datasets/shards", runs="datasets/runs", cache=".cache")
    parser.add_argument("--run", required=True, help="the run's name in train.runs")
    options = parser.parse_args()
    train, seed = params.section(options.params, Train), params.seed(options.params)

    from train import recipes

    run = recipes.run_of(train, options.run, str(options.params))
    recipe = recipes.recipe_of(train, options.run, run, str(options.params))
    table, cells = index.read(options.shards / "index.parquet")

    from train.data import samples
    from train.fitting import outputs
    from train.fitting import run as runs
    from train.fitting.context import Job
    from train.fitting.curves import Curves
    from train.model import runtime
    from train.model.heads import exported

    job = Job(
        options.run, train, recipe, run.seeds, seed, table, cells, options.shards, options.cache, str(options.params),
        runtime.prepare(seed),
    )  # fmt: skip
    folder: Path = options.runs / options.run
    with Curves(folder / "curves") as curves:
        members = runs.train_members(job, curves)
    splits = [samples.split_items(table, split) for split in ("valid", "test")]
    made = outputs.table(splits, [runs.predict_items(job, members, split) for split in splits], cells)
    outputs.write(made, folder, cells)
    outputs.save_model(exported([member.network for member in members], recipe), folder / "model.keras")
    print(outputs.lines(job, members, made))
    shutil.rmtree(job.states, ignore_errors=True)


if __name__ == "__main__":
    command.run(main)
