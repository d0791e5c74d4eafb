"""How much variety stands behind each cell's images: photos, persons, copies per photo, pairs mixed to new people."""

from __future__ import annotations

import numpy as np

from balance.copies import Copies, CopyRules
from manifests.sections.policies import MIXED
from manifests.tables.plan_report import CellVariety


def variety(rules: CopyRules, made: Copies) -> list[CellVariety]:
    """One entry for each cell that gets copies, the fewest people first.

    Args:
        rules: the photos, their cells and persons.
        made: the copies.
    """
    cell, person = rules.photos.cell, rules.photos.person
    mixed = np.array([name == MIXED for name in rules.policies.root], bool)[made.policy]
    found = []
    for number in np.unique(cell[made.photo]).tolist():
        photos, copies = np.flatnonzero(cell == number), cell[made.photo] == number
        pairs = np.stack([person[made.photo[copies & mixed]], person[made.donor[copies & mixed]]])
        found.append(
            CellVariety(
                cell=rules.cells.name(number),
                photos=len(photos),
                persons=len(np.unique(person[photos])),
                copies=int(copies.sum()),
                per_photo=round(float(copies.sum() / len(photos)), 2),
                pairs=np.unique(np.sort(pairs, axis=0), axis=1).shape[1],
            )
        )
    return sorted(found, key=lambda each: (each.persons + each.pairs, -each.per_photo, each.cell))
