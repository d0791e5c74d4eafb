"""Croissant metadata of the shards: files with their SHA-256, the index's columns, and RAI fields.

The format is Croissant 1.0 with its RAI extension (Akhtar et al. 2024, "Croissant: a metadata format for ML-ready
datasets"); https://docs.mlcommons.org/croissant/docs/croissant-spec.html.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from manifests.sections.licences import LICENCES, OPEN
from manifests.tables.audit import AuditReport
from manifests.tables.plan_report import PlanReport

NAME = "croissant.json"
_TERMS = """
    citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes isLiveDataset
    jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source subField
    transform
"""
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in _TERMS.split()},
}
_TYPES = {pa.bool_(): "sc:Boolean", pa.float32(): "sc:Float", pa.float64(): "sc:Float"}


def metadata(
    name: str, version: str, layout: str, files: dict[str, tuple[str, int]], index: pa.Schema, rai: dict[str, str]
) -> dict[str, Any]:
    """The JSON-LD tree.

    Args:
        name: of the set.
        version: of the set, such as 1.0.0.
        layout: of the source photos, for the licence.
        files: file name -> SHA-256 and size in bytes.
        index: the index's schema.
        rai: what `responsible` says.
    """
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": name,
        "description": "A balanced set of photos: originals and copies rendered by augmentation, as WebDataset tars.",
        "license": OPEN[layout][1] if layout in OPEN else LICENCES[layout],
        "version": version,
        "distribution": [_file(file, *about) for file, about in sorted(files.items())],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "images",
                "name": "images",
                "description": "One row per image.",
                "key": {"@id": "images/task_id"},
                "field": [_field(field) for field in index],
            }
        ],
        **{f"rai:{key}": text for key, text in rai.items()},
    }


def responsible(layout: str, plan: PlanReport, audit: AuditReport | None) -> dict[str, str]:
    """The RAI fields, from the plan and, where there is one, the audit of the policies."""
    before = "; ".join(
        f"{axis}: {', '.join(f'{each.value} {each.before_share:.1%}' for each in values)}"
        for axis, values in plan.marginals.items()
    )
    after = "; ".join(
        f"{axis}: {', '.join(f'{each.value} {each.reached_share:.1%}' for each in values)}"
        for axis, values in plan.marginals.items()
    )
    drift = "The drift of the labels under the policies was not audited."
    if audit is not None:
        over = sorted({step.policy for step in audit.steps if step.over})
        drift = f"Policies that move a label beyond the audit's bounds: {', '.join(over) or 'none'}."
    return {
        "dataCollection": f"Photos of the layout {layout}: {LICENCES[layout]}.",
        "dataManipulationProtocol": (
            f"{plan.keep:,} originals kept byte for byte, {plan.augment:,} copies rendered by named policies that keep "
            f"the labels. {drift}"
        ),
        "dataBiases": f"Shares of the photos before balancing: {before}. Shares of the balanced set: {after}.",
        "dataLimitations": (
            "Copies add no new people. Groups are the labels of the photos' source, seen from outside. "
            "Valid and test photos are not balanced."
        ),
        "dataUseCases": "Training and comparing models of faces; not for decisions about people.",
        "personalSensitiveInformation": "Faces with labels of age and of the axes of the plan.",
    }


def _file(name: str, digest: str, size: int) -> dict[str, Any]:
    kind = "application/x-tar" if name.endswith(".tar") else "application/x-parquet"
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": kind,
        "sha256": digest,
    }


def _field(field: pa.Field) -> dict[str, Any]:
    kind = _TYPES.get(field.type, "sc:Integer" if pa.types.is_integer(field.type) else "sc:Text")
    return {
        "@type": "cr:Field",
        "@id": f"images/{field.name}",
        "name": field.name,
        "dataType": kind,
        "source": {"fileObject": {"@id": "index.parquet"}, "extract": {"column": field.name}},
    }
