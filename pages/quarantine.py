"""Write the quarantine page: every photo and label row that was left out, by reason, with its values and its face.

python -m pages.quarantine
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core import command, costs, params
from manifests.core.files import publish_folder
from manifests.core.places import reached
from manifests.scanning.photos import SizeLimits
from manifests.sections.source import Source
from manifests.tables import quarantine, source
from pages import quarantine_rows, shell


def main() -> None:
    """Read both tables of the scan and the photos that can be read; publish the page's folder."""
    options = command.parser(
        __doc__,
        remote=("out",),
        quarantine="manifests/built/quarantine.parquet",
        source="manifests/built/source.parquet",
        out="datasets/pages/quarantine",
    ).parse_args()
    section = params.section(options.params, Source)
    left, _ = quarantine.read(options.quarantine)
    usable, _ = source.read(options.source)
    with publish_folder(options.out, "pages.quarantine") as folder:
        write(folder, reached(section.root), left, usable, SizeLimits(section.max_bytes, section.max_pixels))
    print(f"{options.out / 'index.html'}: {left.num_rows:,} left out")
    costs.say("quarantine page", usable.num_rows + left.num_rows, options.out)


def write(folder: Path, root: Path, left: pa.Table, usable: pa.Table, limits: SizeLimits) -> None:
    """Fill `folder` with the page.

    Args:
        folder: where to.
        root: of the photos.
        left: the quarantine table.
        usable: the source table.
        limits: what is read at most, as the scan has it.
    """
    reasons = quarantine_rows.reasons(left, usable)
    places = quarantine_rows.sheets(folder, root, reasons, limits)
    html = shell.page(
        "quarantine.html",
        "quarantine",
        plots=True,
        sentence=quarantine_rows.sentence(left, usable),
        reasons=reasons,
        places=places,
    )
    (folder / "index.html").write_text(html, encoding="utf-8")
    shell.share(folder, "charts.css", "audit.css")


if __name__ == "__main__":
    command.run(main)
