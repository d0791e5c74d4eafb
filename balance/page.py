"""Write the plan page: what was wished for, what was reached, what stands in the way, and the price of it.

python -m balance.page
python -m balance.page --against earlier/plan.json    # another plan beside this one; may be repeated
"""

from __future__ import annotations

from pathlib import Path

from balance import page_parts as parts
from balance import page_words as words
from manifests import command
from manifests.files import publish_folder
from manifests.pages import shell
from manifests.tables import plan


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
    summary = words.read(options.summary)
    older = [parts.Older.read(path) for path in options.against]
    charts = parts.charts(summary, older)
    counts = {name: table[name].to_numpy() for name in ("available", "keep", "augment", "target")}
    with publish_folder(options.out) as folder:
        html = shell.page(
            "plan.html",
            "plan",
            plots=True,
            lead=words.lead(summary),
            figures=words.figures(summary),
            warnings=words.warnings(summary),
            axes=parts.axes(summary, older),
            heat=shell.heat(cells, counts),
            wishes=words.wishes(summary),
            copies=parts.copies(summary),
            binding=words.binding(summary),
            shopping=words.shopping(summary),
            price=parts.price(summary),
            rejected=words.rejected(summary),
            against=[parts.beside(summary, table, cells, each) for each in older],
        )
        (folder / "index.html").write_text(html, encoding="utf-8")
        (folder / "figures.js").write_text("".join(shell.script(*chart) for chart in charts.items()), encoding="utf-8")
        shell.share(folder, "charts.css", "charts.js")
        shell.plotly(folder)
    print(f"{options.out / 'index.html'}: {len(charts)} charts")


if __name__ == "__main__":
    command.run(main)
