"""`manifests/rejects.csv`: copies that the user turned down, `task_id,reason` a line; empty by default.

The gallery exports it and the plan reads it: a copy named here is never planned again.
"""

from __future__ import annotations

import re
from pathlib import Path

from manifests.core.errors import UserError
from manifests.core.inputs import read_lines

HEADER = ["task_id", "reason"]
_TASK = re.compile(r"[0-9a-f]{16}_[0-9]{4,5}")  # the planner takes steps in proportion to the number


def read(path: Path) -> dict[str, str]:
    """The rejected task_ids and why, in the file's order; the first line of a task counts.

    Raises:
        UserError: no such file, another header, or a line that names no copy.
    """
    again, what = "Export it from the gallery again", "the list of rejected copies"
    rejects: dict[str, str] = {}
    for number, line in read_lines(path, what, HEADER, "Make it with the line task_id,reason", again):
        task = line[0].strip()
        if len(line) > 2 or not _TASK.fullmatch(task) or int(task[17:]) == 0:
            rule = "a copy's task_id such as 0123456789abcdef_0003, and a reason or none"
            raise UserError(f"{path}: line {number}", rule, repr(",".join(line)), "Correct or remove the line")
        rejects.setdefault(task, line[1].strip() if len(line) == 2 else "")
    return rejects
