"""The results of a scan, as its two tables and as the lines that it prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.scanning.checks import EXCLUDED, Survey
from manifests.sections.source import Source
from manifests.tables import base, quarantine
from manifests.tables import source as source_table

_NAMED = 10  # pairs of valid and test photos that are listed


def source_rows(found: Survey, keep_near: bool) -> pa.Table:
    """The rows of `source.parquet`; with `keep_near`, near duplicates are not marked."""
    usable, labels, schema = found.usable, [one.labels for one in found.usable], source_table.schema(found.cells)
    axes = base.axis_columns(found.cells, pa.array([label.cell for label in labels], pa.int32()))
    columns = {
        "image_id": [one.photo.image_id for one in usable],
        "path": [one.row.path for one in usable],
        "split": [one.split for one in usable],
        "age": [label.age for label in labels],
        "age_std": [label.age_std for label in labels],
        "age_width": [label.age_width for label in labels],
        "subject": [found.subjects.get(one.photo.image_id, one.row.subject) for one in usable],
        **dict(zip((*found.cells.columns, "cell"), axes, strict=True)),
        "width": [one.photo.width for one in usable],
        "height": [one.photo.height for one in usable],
        "near_of": [None if keep_near else found.near.get(one.photo.image_id) for one in usable],
    }
    return pa.table([_array(columns[field.name], field.type) for field in schema], schema=schema)


def _array(values: object, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


def quarantine_rows(found: Survey) -> pa.Table:
    """The rows of `quarantine.parquet`; bytes of a name that are no UTF-8 are written as escapes."""
    schema = quarantine.schema(found.cells)
    rows = [[_utf8(text) for text in (q.path, q.reason, q.detail)] for q in found.quarantined]
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table([_array(list(c), field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def summary(found: Survey, source: Source, declared: Cells) -> str:
    """The lines that the command prints: what was read, used, left out and why."""
    splits = Counter(one.split for one in found.usable)
    dropped = [name for name in declared.names if name not in found.cells.names]
    of = {one.photo.image_id: one.split for one in found.usable}
    near = Counter(of[image_id] for image_id in found.near.values())
    use = "marked and not used" if source.near_duplicates == "drop" else "kept, as source.near_duplicates says"
    lines = [
        ("read", found.read, f"rows of the layout {source.layout}"),
        ("used", len(found.usable), _counts({split: splits[split] for split in source_table.SPLITS})),
        ("quarantined", len(found.quarantined), _counts(reasons(found))),
        (
            "near duplicates",
            len(found.near),
            f"train photos that nearly equal one of {_counts(near)}; {use}" if near else "",
        ),
        ("axes", len(found.cells.axes), ", ".join(found.cells.names)),
    ]
    if source.subjects == "near_duplicates":
        lines.append(("near subjects", len(found.subjects), "train photos whose subject near duplicates tell"))
    taken = sum((one.row.split, one.split) == ("train", "valid") for one in found.usable)
    if taken and source.fold is None:
        lines.append(("valid by hash", taken, "of the layout's train photos, as it has no valid"))
    if dropped:
        lines.append(("axes dropped", len(dropped), ", ".join(dropped) + " (not in this layout)"))
    lines += [("unknown values", count, text) for text, count in unknown(found).most_common(_NAMED)]
    if found.touching:
        named = "; ".join(f"{valid} and {test}" for valid, test in found.touching[:_NAMED])
        more = f"; {len(found.touching) - _NAMED:,} more" if len(found.touching) > _NAMED else ""
        lines.append(("near pairs", len(found.touching), f"of a valid and a test photo, both used: {named}{more}"))
    return "\n".join(f"{name:<16}{count:>7,}  {text}".rstrip() for name, count, text in lines)


def unknown(found: Survey) -> Counter[str]:
    """Each axis' labels that `cells` does not name, such as `light: 'indoor' is none of day, lamp` -> rows."""
    return Counter(q.detail for q in found.quarantined if q.reason == "unknown_label")


def reasons(found: Survey) -> dict[str, int]:
    """Reason -> quarantined rows, the most frequent first."""
    return dict(Counter(q.reason for q in found.quarantined).most_common())


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def check_usable(found: Survey, source: Source, table: Path) -> None:
    """Check that enough photos are left; `table` is where the quarantine is written.

    Raises:
        UserError: no photo is usable, or more than `source.max_quarantine` of the rows are quarantined.
    """
    why, out = _counts(reasons(found)), sum(q.reason != EXCLUDED for q in found.quarantined)
    if not found.usable:
        received = f"none of {found.read:,} rows ({why})" if out else "no row"
        raise UserError(
            "",
            "at least one usable photo",
            received,
            f"{table} says why for each row" if out else "Check source.layout and source.root",
        )
    if out > source.max_quarantine * found.read:
        raise UserError(
            ".max_quarantine",
            f"at most {source.max_quarantine:.1%} of the rows to fall out",
            f"{out:,} of {found.read:,}, {out / found.read:.1%} ({why})",
            f"{table} says why for each row: correct them, or raise source.max_quarantine",
        )
