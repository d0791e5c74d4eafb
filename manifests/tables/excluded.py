"""`manifests/exclude.csv`: photos that the user leaves out, `path,reason` a line; empty by default.

The path is relative to the source root, as in the label file. The scan puts such a photo into the quarantine.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from manifests.core.errors import UserError
from manifests.core.inputs import read_small

HEADER = ["path", "reason"]


def read(path: Path) -> dict[str, str]:
    """The excluded paths and why; the first line of a path counts. No file: none.

    Raises:
        UserError: another header, or a line of more than a path and a reason.
    """
    if not path.exists():
        return {}
    again = "Correct the file, or remove it"
    content = read_small(path, "the list of excluded photos", again, again)
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(str(path), "comma-separated values in UTF-8", error, again) from error
    if not lines or [word.strip() for word in lines[0]] != HEADER:
        received = ",".join(lines[0]) if lines else "an empty file"
        raise UserError(f"{path}: line 1", "the header path,reason", received, again)
    found: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not "".join(line).strip():
            continue
        if len(line) > 2 or not line[0].strip():
            rule = "a path and a reason or none"
            raise UserError(f"{path}: line {number}", rule, repr(",".join(line)), "Put quotes around the reason")
        found.setdefault(line[0].strip(), line[1].strip() if len(line) == 2 else "")
    return found
