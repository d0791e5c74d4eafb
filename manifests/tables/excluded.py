"""`manifests/exclude.csv`: photos that the user leaves out, `path,reason` a line; empty by default.

The path is relative to the source root, as in the label file. The scan puts such a photo into the quarantine.
"""

from __future__ import annotations

from pathlib import Path

from manifests.core.errors import UserError
from manifests.core.inputs import read_lines

HEADER = ["path", "reason"]


def read(path: Path) -> dict[str, str]:
    """The excluded paths and why; the first line of a path counts. No file: none.

    Raises:
        UserError: another header, or a line of more than a path and a reason.
    """
    if not path.exists():
        return {}
    again = "Correct the file, or remove it"
    found: dict[str, str] = {}
    for number, line in read_lines(path, "the list of excluded photos", HEADER, again, again):
        if len(line) > 2 or not line[0].strip():
            rule = "a path and a reason or none"
            raise UserError(f"{path}: line {number}", rule, repr(",".join(line)), "Put quotes around the reason")
        found.setdefault(line[0].strip(), line[1].strip() if len(line) == 2 else "")
    return found
