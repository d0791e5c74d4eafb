"""Write the results page: every run's accuracy and bias with the noise in each, and where it errs most.

python -m train.page
"""

from __future__ import annotations

from manifests.core import command, costs
from manifests.core.files import publish_folder
from manifests.tables import comparison, index, scorecard
from pages import results_charts as charts
from pages import results_classes as classes
from pages import results_photos as worst
from pages import results_tables as tables
from pages import shell


def main() -> None:
    """Read the comparison, the scorecards, the curves and the pictures; publish the page's folder."""
    options = command.parser(
        __doc__,
        comparison="datasets/comparison.json",
        runs="datasets/runs",
        index="datasets/shards/index.parquet",
        out="datasets/pages/results",
    ).parse_args()
    compared = comparison.read(options.comparison)
    table = compared.splits.get(compared.split)
    names = [row.name for row in table.rows if row.kind == "run"] if table else []
    cards = {name: scorecard.read(options.runs / name / "scorecard.json") for name in names}
    curves = {name: charts.read_curves(options.runs / name / "curves", compared.words) for name in names}
    rows, _ = index.read(options.index)
    drawn = charts.every(compared, cards, curves)
    with publish_folder(options.out, "train.page") as folder:
        photos = worst.write(folder, options.index.parent, rows, cards)
        html = shell.page(
            "results.html",
            "results",
            plots=True,
            words=compared.words,
            lead=tables.lead(compared),
            notes=[*(f"Warning: {line}" for line in compared.warnings), *compared.notes],
            comparison=drawn.comparison,
            groups=drawn.groups,
            by_age=drawn.by_age,
            curves=drawn.curves,
            gaps=(classes.GAPS, classes.gaps(cards)),
            confusions=classes.confusions(cards),
            pairs=tables.pairs(table),
            leaderboard=tables.leaderboard(table),
            saliency=worst.pictures(folder, options.runs, names),
            example=names[0] if names else "NAME",
            worst=photos,
        )
        (folder / "index.html").write_text(html, encoding="utf-8")
        figures = "".join(shell.script(each.chart, each.figure) for each in drawn)
        (folder / "figures.js").write_text(figures, encoding="utf-8")
        shell.share(folder, "charts.css", "charts.js")
        shell.plotly(folder)
    print(f"{options.out / 'index.html'}: {len(names)} runs")
    costs.say("results page", len(rows), options.out, unit="image")


if __name__ == "__main__":
    command.run(main)
