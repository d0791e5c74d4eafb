"""Write the plan page: what was wished for, what was reached, what stands in the way, and the price of it.

python -m balance.page
python -m balance.page --against earlier/plan.json    # another plan beside this one; may be repeated
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from manifests.core import command
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.files import publish_folder
from manifests.tables import plan
from pages import plan_charts as parts
from pages import plan_text as words
from pages import shell


def main() -> None:
    """Read the plans, publish the page's folder."""
    parser = command.parser(
        __doc__,
        plan="manifests/built/plan.parquet",
        summary="manifests/built/plan.json",
        out="datasets/pages/plan",
    )
    parser.add_argument(
        "--against", type=Path, action="append", default=[], metavar="PLAN_JSON", help="an older plan.json"
    )
    options = parser.parse_args()
    table, cells = plan.read(options.plan)
    if table["cell"].to_pylist() != list(range(len(cells))):
        rule, received = f"{len(cells)} rows, one a cell, in order", f"{len(table)}"
        raise UserError(str(options.plan), rule, received, "Run `python -m balance.plan` again")
    summary = words.read(options.summary)
    older = [parts.Older.read(path) for path in options.against]
    try:
        with publish_folder(options.out) as folder:
            write(folder, summary, table, cells, older)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        where = ", ".join(map(str, (options.summary, *options.against)))
        rule, again = "a plan as `balance.plan` writes it", "Run `python -m balance.plan` again"
        raise UserError(where, rule, f"other values in it ({error})", again) from error
    print(f"{options.out / 'index.html'}: {summary['total']:,} images planned")


def write(folder: Path, summary: words.Summary, table: pa.Table, cells: Cells, older: Sequence[parts.Older]) -> None:
    """Fill `folder` with the page and what it draws with."""
    html = shell.page(
        "plan.html",
        "plan",
        plots=True,
        lead=words.lead(summary),
        figures=words.figures(summary),
        warnings=words.warnings(summary),
        axes=parts.axes(summary, older),
        heat=shell.heat(cells, {name: table[name].to_numpy() for name in ("available", "keep", "augment", "target")}),
        wishes=words.wishes(summary),
        copies=parts.copies(summary),
        binding=words.binding(summary),
        shopping=words.shopping(summary),
        price=parts.price(summary),
        rejected=words.rejected(summary),
        against=[parts.beside(summary, table, cells, each) for each in older],
    )
    (folder / "index.html").write_text(html, encoding="utf-8")
    charts = parts.charts(summary, older)
    (folder / "figures.js").write_text("".join(shell.script(*chart) for chart in charts.items()), encoding="utf-8")
    shell.share(folder, "charts.css", "charts.js")
    shell.plotly(folder)


if __name__ == "__main__":
    command.run(main)
