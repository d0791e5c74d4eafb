"""Score a run's predictions: accuracy, bias, and the noise in both.

Writes the scorecard, the few figures that `dvc metrics diff` compares, and two small tables for
`dvc plots`.
"""

from __future__ import annotations

from pathlib import Path

from manifests.core import command, params
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.sections.score import Score
from manifests.tables import predictions, scorecard
from train.reports import scorecard as figures
from train.scoring import predictions as photos
from train.scoring import scorecard as scores


def main() -> None:
    """Read, score, write and print one run."""
    parser = command.parser(__doc__)
    parser.add_argument("--run", required=True, help="its name in train.runs")
    for name in ("predictions", "scorecard", "metrics", "groups", "by_age"):
        suffix = {"predictions": "parquet", "scorecard": "json", "metrics": "json"}.get(name, "csv")
        default = f"datasets/runs/<run>/{name}.{suffix}"
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, help=f"default: {default}")
    options = parser.parse_args()
    folder = Path("datasets/runs") / options.run
    path = options.predictions or folder / "predictions.parquet"
    table, cells = predictions.read(path)
    with located(str(path)):
        split = photos.labelled(table, cells)
    score, seed = params.section(options.params, Score), params.seed(options.params)
    card = scores.scorecard(options.run, split, cells, score, seed, predictions.training(table))
    write_text(options.groups or folder / "groups.csv", figures.groups_csv(card))
    write_text(options.by_age or folder / "by_age.csv", figures.by_age_csv(card))
    scorecard.write_json(figures.metrics(card), options.metrics or folder / "metrics.json")
    scorecard.write(card, options.scorecard or folder / "scorecard.json")
    print(figures.terminal(card))


if __name__ == "__main__":
    command.run(main)
