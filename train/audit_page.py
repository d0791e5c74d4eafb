"""Write the audit page: how far each policy moves what a judge sees, what that judge is worth, and copies to look at.

python -m train.audit_page
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import command, costs, params
from manifests.core.files import publish_folder
from manifests.sections.policies import Policies
from manifests.tables import audit, index, judged
from manifests.tables.audit import AuditReport
from pages import audit_faces, audit_rows, gallery_index, shell
from train.reports.audit import verdict


def main() -> None:
    """Read the audit, the probed copies, the shards' index and what was judged; publish the page's folder."""
    options = command.parser(
        __doc__,
        remote=("index", "out"),
        audit="manifests/built/audit.json",
        probe="datasets/probe/index.parquet",
        index="datasets/shards/index.parquet",
        judged="manifests/built/judged.parquet",
        out="datasets/pages/audit",
    ).parse_args()
    report = audit.read(options.audit)
    probed, _ = index.read(options.probe, "augment.probe")
    rows, _ = index.read(options.index)
    opinions, label = judged.read(options.judged)
    off, drifts = judged.off(opinions, "photo"), judged.off(opinions, "probe")
    used = {name: use.at({}) for name, use in params.section(options.params, Policies).root.items()}
    severities = {name: severity for name, (weight, severity) in used.items() if weight > 0}
    words = {(step.policy, step.severity): verdict(step, report.skill.guesses) for step in report.steps}
    copies = pc.unique(rows.filter(pc.greater(rows["copy"], 0))["policy"].cast(pa.string())).to_pylist()
    links = {name: number for number, name in enumerate(gallery_index.policies(rows)) if name in copies}
    with publish_folder(options.out, "train.audit_page") as folder:
        faces = audit_faces.faces(folder, options.probe.parent, probed)
        drifted = audit_faces.drifted(folder, options.probe.parent, probed, drifts, label, severities)
        doubted = audit_faces.doubted(folder, options.index.parent, rows, off, label)
        write(folder, report, audit_rows.rows(report, words, severities, faces, drifted, links), doubted)
    print(f"{options.out / 'index.html'}: {len(report.safe)} policies")
    costs.say("audit page", probed.num_rows, options.out, unit="image")


def write(
    folder: Path, report: AuditReport, rows: Sequence[audit_rows.PolicyRow], doubted: Sequence[audit_faces.Doubted]
) -> None:
    """Fill `folder` with the page; the thumbnails are there already."""
    words = audit_rows.words(report, rows)
    html = shell.page("audit.html", "audit", plots=True, report=report, rows=rows, doubted=doubted, **words)
    (folder / "index.html").write_text(html, encoding="utf-8")
    shell.share(folder, "charts.css", "audit.css")


if __name__ == "__main__":
    command.run(main)
