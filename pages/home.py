"""Write the index of the pages: the plan, six copies and the verdict, each in a card that leads to its page.

python -m pages.home
"""

from __future__ import annotations

from manifests.core import command, costs
from manifests.core.files import write_text
from manifests.tables import comparison, index, plan_report
from pages import home_cards, shell


def main() -> None:
    """Read what is there, write one file that needs no other."""
    options = command.parser(
        __doc__,
        remote=("index", "out"),
        summary="manifests/built/plan.json",
        index="datasets/shards/index.parquet",
        comparison="datasets/comparison.json",
        out="datasets/pages/index.html",
    ).parse_args()
    plan = plan_report.read(options.summary) if options.summary.is_file() else None
    rows = index.read(options.index)[0] if options.index.is_file() else None
    compared = comparison.read(options.comparison) if options.comparison.is_file() else None
    html = shell.home(
        plan=home_cards.plan(plan) if plan else None,
        faces=home_cards.faces(options.index.parent, rows) if rows is not None else None,
        results=home_cards.results(compared) if compared else None,
    )
    write_text(options.out, html)
    print(f"{options.out}: {sum(each is not None for each in (plan, rows, compared))} of 3 cards")
    costs.say("index page", 0 if rows is None else rows.num_rows, options.out, unit="image")


if __name__ == "__main__":
    command.run(main)
