"""Adapters: one small module per source layout.

`rows.py` has the contract: a module's `rows(root, source)` yields a `SourceRow` or a `Quarantined` for
each photo that its layout names. To add a layout, write such a module and list it here and in
`manifests/sections/source.py`.
"""

from __future__ import annotations

from manifests.sources import adience, appa_real, appa_real_release, celeba, drawn, fairface, table, utkface
from manifests.sources.rows import Layout, always

LAYOUTS: dict[str, Layout] = {
    "appa_real": Layout(appa_real.rows, always(*appa_real.AXES)),
    "appa_real_release": Layout(appa_real_release.rows, always(*appa_real_release.AXES)),
    "utkface": Layout(utkface.rows, always(*utkface.AXES)),
    "fairface": Layout(fairface.rows, always(*fairface.AXES)),
    "adience": Layout(adience.rows, always(*adience.AXES)),
    "celeba": Layout(celeba.rows, always(*celeba.AXES)),
    "drawn": Layout(drawn.rows, always(*drawn.AXES)),
    "table": Layout(table.rows, table.axes),
}
