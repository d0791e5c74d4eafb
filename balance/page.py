"""Write the plan page: what was wanted, what was reached, the binding constraints and the tradeoff.

python -m balance.page
python -m balance.page --against earlier/plan.json    # another plan beside this one; may be repeated
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from manifests.core import command, costs
from manifests.core.cells import Cells
from manifests.core.files import publish_folder
from manifests.tables import plan, plan_report
from manifests.tables.plan_report import PlanReport
from pages import plan_charts, plan_text, shell


def main() -> None:
    """Read the plans, publish the page's folder."""
    parser = command.parser(
        __doc__,
        remote=("out",),
        plan="manifests/built/plan.parquet",
        summary="manifests/built/plan.json",
        out="datasets/pages/plan",
    )
    parser.add_argument(
        "--against", type=command.place, action="append", default=[], metavar="PLAN_JSON", help="an older plan.json"
    )
    options = parser.parse_args()
    table, cells = plan.read(options.plan)
    report = plan_report.read(options.summary)
    older = [plan_charts.OlderPlan.read(path) for path in options.against]
    with publish_folder(options.out, "balance.page") as folder:
        write(folder, report, table, cells, older)
    print(f"{options.out / 'index.html'}: {report.total:,} images planned")
    costs.say("plan page", report.total, options.out, unit="image")


def write(
    folder: Path, report: PlanReport, table: pa.Table, cells: Cells, older: Sequence[plan_charts.OlderPlan]
) -> None:
    """Fill `folder` with the page and the files that it loads."""
    html = shell.page(
        "plan.html",
        "plan",
        plots=True,
        sentence=plan_text.short(report),
        lead=plan_text.proof(report),
        figures=plan_text.figures(report),
        warnings=plan_text.warnings(report),
        axes=plan_charts.axes(report, older),
        heat=shell.heat(cells, {name: table[name].to_numpy() for name in ("available", "keep", "augment", "target")}),
        constraints=plan_text.constraints(report),
        copies=plan_charts.copies(report),
        binding=plan_text.binding(report),
        acquisition=plan_text.acquisition(report),
        variety=plan_text.variety(report),
        of_person=report.copies_of_person is not None,
        tradeoff=plan_charts.tradeoff(report),
        rejected=plan_text.rejected(report),
        against=[plan_charts.beside(report, table, cells, each) for each in older],
    )
    (folder / "index.html").write_text(html, encoding="utf-8")
    charts = plan_charts.charts(report, older)
    (folder / "figures.js").write_text("".join(shell.script(*chart) for chart in charts.items()), encoding="utf-8")
    shell.share(folder, "charts.css", "charts.js")
    shell.plotly(folder)


if __name__ == "__main__":
    command.run(main)
