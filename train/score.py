"""Score a run's predictions: accuracy, bias, and the noise in both.

python -m train.score --run balanced
python -m train.score --predictions mine.csv --labels manifests/built/source.parquet    # of any other program

Writes the scorecard, and of another program also the predictions as a table of ours.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from manifests.core import command, costs, params
from manifests.core.errors import UserError, located
from manifests.core.files import publish
from manifests.sections.score import Score
from manifests.sections.task import Task
from manifests.tables import predictions, scorecard
from train.reports import scorecard as figures
from train.scoring import foreign
from train.scoring import predictions as photos
from train.scoring import scorecard as scores


def main() -> None:
    """Read, score, write and print one run."""
    parser = command.parser(__doc__)
    parser.add_argument("--run", help="its name in train.runs; with --labels another (default: the file's)")
    parser.add_argument("--labels", type=command.place, help="score another program's --predictions with these labels")
    parser.add_argument("--split", help="of --labels, score this split alone, as test")
    parser.add_argument("--tidy", type=command.place, help="write y_true, y_pred and the axes here, as Parquet")
    for name in ("predictions.parquet", "scorecard.json"):
        parser.add_argument(
            f"--{name.partition('.')[0]}", type=command.place, help=f"default: datasets/runs/<run>/{name}"
        )
    options = parser.parse_args()
    if not (options.run or (options.labels and options.predictions)):
        parser.error("expected --run, or --predictions and --labels")
    run = options.run or options.predictions.stem
    folder = Path("datasets/runs") / run
    path = options.predictions or folder / "predictions.parquet"
    if options.labels:
        if (folder / "model.keras").exists():
            raise UserError("--run", "a name that no run of train.runs has", repr(run), "Choose another with --run")
        target = params.section(options.params, Task).target
        table, cells = foreign.table(path, options.labels, params.cells(options.params), target, options.split)
        predictions.write(table, folder / "predictions.parquet", cells)
    else:
        table, cells = predictions.read(path)
    if options.tidy:
        with publish(options.tidy) as temporary:
            pq.write_table(foreign.tidy(table, cells, predictions.target(table, cells)), temporary)
    with located(str(path)):
        split = photos.labelled(table, cells)
    score, seed = params.section(options.params, Score), params.seed(options.params)
    card = scores.scorecard(run, split, cells, score, seed, predictions.training(table))
    scorecard.write(card, options.scorecard or folder / "scorecard.json")
    print(figures.terminal(card))
    costs.say(f"score {run}", len(table), options.scorecard or folder / "scorecard.json")


if __name__ == "__main__":
    command.run(main)
