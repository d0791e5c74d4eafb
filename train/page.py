"""Write the results page: who wins and whether that is noise, every run's figures, and where it errs most.

python -m train.page
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import command, costs, params
from manifests.core.cells import AGE, Cells
from manifests.core.files import publish_folder
from manifests.sections.train import Train
from manifests.tables import comparison, index, predictions, scorecard
from manifests.tables.comparison import Comparison
from manifests.tables.scorecard import Scorecard
from pages import (
    results_ages,
    results_charts,
    results_curves,
    results_forest,
    results_reliability,
    results_set,
    results_verdict,
    shell,
)
from pages import results_classes as classes
from pages import results_photos as photos
from pages import results_tables as tables
from pages.results_ages import Ages
from pages.results_parts import ResultChart
from train.reports import weights


def main() -> None:
    """Read the comparison, the scorecards, the curves and the pictures; publish the page's folder."""
    options = command.parser(
        __doc__,
        remote=("index", "out"),
        comparison="datasets/comparison.json",
        runs="datasets/runs",
        saliency="datasets/saliency",
        index="datasets/shards/index.parquet",
        out="datasets/pages/results",
    ).parse_args()
    compared = comparison.read(options.comparison)
    table = compared.splits.get(compared.split)
    names = [row.name for row in table.rows if row.kind == "run"] if table else []
    cards = {name: scorecard.read(options.runs / name / "scorecard.json") for name in names}
    rows, cells = index.read(options.index)
    weighed = weights.tables(params.section(options.params, Train), names, rows, cells)
    drawn = charts(compared, cards, options.runs, rows, cells)
    with publish_folder(options.out, "train.page") as folder:
        shown = photos.write(folder, options.index.parent, rows, cards)
        html = shell.page(
            "results.html",
            "results",
            plots=True,
            **drawn,
            **words(compared, cards),
            weights=(weights.HEADERS, weighed),
            saliency=photos.pictures(folder, options.saliency, names),
            example=names[0] if names else "NAME",
            faces=photos.options(shown["shown"]),
            by_run=names,
        )
        (folder / "index.html").write_text(html, encoding="utf-8")
        figures = "".join(shell.script(each.chart, each.figure) for each in flat(drawn.values()))
        (folder / "figures.js").write_text(figures, encoding="utf-8")
        (folder / "photos.js").write_text(shell.script("photos", shown), encoding="utf-8")
        shell.share(folder, "charts.css", "charts.js", "pick.js", "worst.js")
        shell.plotly(folder)
    print(f"{options.out / 'index.html'}: {len(names)} runs")
    costs.say("results page", len(rows), options.out, unit="image")


def charts(
    compared: Comparison, cards: Mapping[str, Scorecard], runs: Path, rows: pa.Table, cells: Cells
) -> dict[str, Any]:
    """Every chart of the page by its section; those of a run, or against a baseline, as (run, its charts)."""
    table, said = compared.splits.get(compared.split), compared.words
    if table is None or not table.rows:
        return dict.fromkeys(("forests", "comparison", "groups", "classes", "closer", "images"), ())
    found = {name: results_curves.read(runs / name / "curves", said) for name in cards}
    closer: dict[str, list[ResultChart]] = {}
    for name, chart in (
        *results_ages.by_age(cards, said),
        *(results_ages.scatters(ages(runs, cards), cards) if said.target == AGE else ()),
        *results_curves.figures({name: each for name, each in found.items() if each}, said),
    ):
        closer.setdefault(name, []).append(chart)
    return {
        "forests": results_forest.forests(table, said),
        "comparison": results_charts.comparison(table, said),
        "groups": results_charts.groups(table, said),
        "classes": results_reliability.charts(cards),
        "closer": list(closer.items()),
        "images": results_set.charts(rows, cells),
    }


def ages(runs: Path, cards: Mapping[str, Scorecard]) -> dict[str, Ages]:
    """What each run predicts for the photos of the scored split that have a label."""
    made = {}
    for name, card in cards.items():
        table, _ = predictions.read(runs / name / "predictions.parquet")
        known = table.filter((pc.field("split") == card.split) & pc.field("age").is_valid())
        made[name] = Ages(known["age"].to_numpy(), known["age_pred"].to_numpy())
    return made


def words(compared: Comparison, cards: Mapping[str, Scorecard]) -> dict[str, Any]:
    """The sentences and tables of the page."""
    table = compared.splits.get(compared.split)
    return {
        "words": compared.words,
        "verdict": results_verdict.verdict(compared),
        "lead": tables.lead(compared),
        "warnings": compared.warnings,
        "notes": compared.notes,
        "gaps": (classes.GAPS, classes.gaps(cards)),
        "confusions": classes.confusions(cards),
        "pairs": tables.pairs(table),
        "leaderboard": tables.leaderboard(table),
    }


def flat(found: Any) -> Sequence[ResultChart]:
    """Every chart of however deep lists and pairs."""
    if isinstance(found, ResultChart):
        return [found]
    return [] if isinstance(found, str) else [chart for each in found for chart in flat(each)]


if __name__ == "__main__":
    command.run(main)
