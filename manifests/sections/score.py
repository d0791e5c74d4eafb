"""The `score` section: how much is resampled, and what counts as a small group."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from manifests.core.params import Section


class Score(Section):
    """How the runs are scored.

    Attributes:
        min_group: groups and cells with fewer photos than this are marked as too small to judge.
        resamples: bootstrap replicates behind every interval.
        permutations: relabellings behind every p-value of a bias.
        worst: how many of each group's worst photos are listed.
    """

    key: ClassVar[str] = "score"
    min_group: int = Field(default=100, ge=1)
    resamples: int = Field(default=2000, ge=200, le=100_000)
    permutations: int = Field(default=2000, ge=200, le=100_000)
    worst: int = Field(default=10, ge=0, le=1000)
