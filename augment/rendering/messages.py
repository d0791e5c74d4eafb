"""What the parent process and its workers tell each other: tasks and places, never pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from manifests.sections.render import Render


class Task(NamedTuple):
    """One row of the tasks table, as a worker needs it; `row` is its position, policy `None` an original."""

    row: int
    copy: int
    policy: str | None
    severity: float
    seed: int
    donor: tuple[str, str] | None  # image_id and path


class Group(NamedTuple):
    """A photo and those of its tasks that are rendered or judged together, in order of copy."""

    image_id: str
    path: str
    tasks: Sequence[Task]


class Made(NamedTuple):
    """An image that is there: its parameters, and where its bytes lie (pack "" is the source file itself)."""

    row: int
    attempt: int
    seed: int
    replay: str
    size: int
    sha256: bytes
    pack: str
    offset: int
    verdicts: tuple[str, ...]  # of the attempts that the gates turned down
    kept_anyway: bool  # the last of them was kept all the same
    rendered: int  # images that this call rendered for it


class Failed(NamedTuple):
    """A task that can't be rendered, and why."""

    row: int
    path: str
    reason: str


@dataclass(frozen=True)
class Setup:
    """What every call of a worker shares.

    Attributes:
        root: the source root.
        store: the store's folder.
        scratch: the catalogue of the store and the prints of the scored photos.
        seed: of params.yaml.
        render: the section.
        max_bytes: largest photo file that is read, in bytes.
        run: names this run alone.
        theirs: policies of the user's own: name -> the pipeline of albumentations, and the policy of ours before it.
    """

    root: Path
    store: Path
    scratch: Path
    seed: int
    render: Render
    max_bytes: int
    run: str
    theirs: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
