"""Compare the runs of `params.yaml` with one another, the published rows and any given predictions.

Run names come from `train.runs`, never from the folder: a run that was taken out stays on disk. Scored predictions of
another program take part by name:

python -m train.score --predictions mine.csv --labels manifests/built/source.parquet
python -m train.compare --also mine
"""

from __future__ import annotations

import argparse
from pathlib import Path

from manifests.core import command, costs, params
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.sections.score import Score
from manifests.sections.source import Source
from manifests.sections.train import Train
from manifests.tables import comparison as contract
from manifests.tables import plan_report, scorecard
from pages import results_curves
from train.reports import comparison as report
from train.reports import plots
from train.scoring import comparison, scored_runs, submissions
from train.scoring.published import about


def main() -> None:
    """Read every run, compare, write the files of the comparison and of DVC, and print the closing table."""
    parser = command.parser(
        __doc__,
        runs="datasets/runs",
        plan="manifests/built/plan.json",
        markdown="datasets/comparison.md",
        csv="datasets/comparison.csv",
        json="datasets/comparison.json",
        metrics="datasets/metrics.json",
        plots="datasets/plots",
    )
    parser.add_argument(
        "--predictions",
        type=_named,
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a predictions.csv for the scored split, in order of path; may be repeated",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME",
        help="predictions that train.score --predictions has scored, paired with every run; may be repeated",
    )
    parser.add_argument("--show", action="store_true", help="print the closing table of what is there, write nothing")
    options = parser.parse_args()
    if options.show:
        print(report.terminal(contract.read(options.json)))
        return
    with located(f"{options.params}: train"):
        runs, cells = scored_runs.read(params.section(options.params, Train), options.runs)
    runs += scored_runs.read_others(options.also, options.runs, runs, cells)
    source = params.section(options.params, Source)
    target = next(iter(runs[0].photos.values())).target
    given = submissions.read(options.predictions, [run.name for run in runs], target)
    made = comparison.compare(
        runs,
        given,
        cells,
        plan_report.read(options.plan),
        params.section(options.params, Score),
        params.seed(options.params),
        published=about(source.layout, target.name),
    )
    write_text(options.markdown, report.markdown(made))
    write_text(options.csv, report.csv_text(made))
    contract.write(made, options.json)
    scorecard.write_json(plots.metrics(made), options.metrics)
    cards, error = [run.card for run in runs], f"valid_{made.words.key('error')}"
    found = {run.name: results_curves.read(options.runs / run.name / "curves", made.words) for run in runs}
    curves = {name: each.lines for name, each in found.items() if each is not None}
    write_text(options.plots / "groups.csv", plots.groups_csv(cards))
    write_text(options.plots / "by_age.csv", plots.by_age_csv(cards))
    write_text(options.plots / "curves.csv", plots.curves_csv(curves, error))
    print(report.terminal(made))
    costs.say("compare", made.splits[made.split].n, options.markdown, options.csv, options.json)


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"expected NAME=PATH, received {text!r}")
    return name, Path(path)


if __name__ == "__main__":
    command.run(main)
