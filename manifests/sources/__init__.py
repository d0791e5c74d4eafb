"""Adapters: one small module a source layout.

`rows.py` has the contract: a module's `rows(root, source)` yields a `Row` or a `Quarantined` for
each photo that its layout names. To add a layout, write such a module and list it here and in
`manifests/sections/source.py`.
"""

from __future__ import annotations

from manifests.sources.rows import Layout

LAYOUTS: dict[str, Layout] = {}
