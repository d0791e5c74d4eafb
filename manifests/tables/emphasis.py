"""`manifests/emphasis.json`: axis -> value -> factor on its wanted share; `{}` is none.

`balance.emphasise` writes it from a run's errors, the user commits it, and the plan reads it.
"""

from __future__ import annotations

import json
from pathlib import Path

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.files import write_text
from manifests.core.inputs import read_small

MOST = 100  # the largest factor
_ANEW = "Write {} to start anew"
Factors = dict[str, dict[str, float]]


def write(factors: Factors, path: Path) -> None:
    """Publish the factors."""
    write_text(path, json.dumps(factors, indent=2, ensure_ascii=False) + "\n")


def read(path: Path, cells: Cells) -> Factors:
    """Read and check the factors; a missing file is none.

    Raises:
        UserError: no JSON, an unknown axis or value, or a factor that is not a number above 0.
    """
    remedy = "Run `python -m balance.emphasise`, or write {}"
    if not path.exists():
        return {}
    try:
        content = json.loads(read_small(path, "factors", remedy, remedy))
    except (ValueError, RecursionError) as error:
        raise UserError(str(path), "valid JSON", str(error), remedy) from error
    if not isinstance(content, dict):
        raise UserError(str(path), "a JSON object", type(content).__name__, remedy)
    for axis, values in content.items():
        if axis not in cells.names or not isinstance(values, dict):
            raise UserError(f"{path}: {axis}", f"an axis ({', '.join(cells.names)})", repr(axis), _ANEW)
        for value, factor in values.items():
            place = f"{path}: {axis}.{value}"
            if value not in cells[axis].values:
                raise UserError(place, f"one of {', '.join(cells[axis].values)}", repr(value), _ANEW)
            if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor <= MOST:
                raise UserError(place, f"a factor above 0, at most {MOST}", repr(factor), _ANEW)
    return content
