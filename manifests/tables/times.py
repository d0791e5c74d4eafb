"""`datasets/runs/<run>/time.json`: how long an image took, in training and in prediction.

The one file of a run that another machine, or another hour, writes otherwise; the comparison shows it where runs differ
in their networks.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from manifests.core.errors import UserError
from manifests.core.files import write_text
from manifests.core.inputs import read_small


class Times(BaseModel):
    """Milliseconds per image, on the devices that are named.

    Attributes:
        train: of a gradient step, divided by its images, reading them included: the median epoch's; None where no
            epoch was trained, as all were known.
        test: of the exported model, all repeats and views of it, from pixels to years.
        devices: such as `CPU:0`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    train: float | None
    test: float
    devices: tuple[str, ...]


def write(times: Times, path: Path) -> None:
    """Publish the times."""
    write_text(path, times.model_dump_json(indent=1) + "\n")


def read(path: Path) -> Times | None:
    """Read the times; None where there are none.

    Raises:
        UserError: the file is damaged.
    """
    if not path.exists():
        return None
    again = f"Run `python -m train.fit --run {path.parent.name}` again"
    try:
        return Times.model_validate_json(read_small(path, "times", again, again))
    except ValidationError as error:
        raise UserError(str(path), "milliseconds per image", error.errors()[0]["msg"], again) from error
