"""Roots of source layouts, and the rows that their adapters yield."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from manifests.sections.source import Source
from manifests.sources import LAYOUTS
from manifests.sources.rows import Quarantined, SourceRow


def root_of(tmp_path: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a layout's files; their folder."""
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


def rows_of(layout: str, root: Path, **options: object) -> list[SourceRow | Quarantined]:
    """Every row of a layout."""
    source = Source(layout=layout, root=str(root), **options)
    return list(LAYOUTS[layout].rows(root, source))
