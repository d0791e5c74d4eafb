"""The `render` section: how copies are encoded, and when one is drawn again."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from manifests.core.params import Section


class Gates(Section):
    """The quality gates: a copy that one of them turns down is drawn again.

    Attributes:
        dark, bright: mean grey level (0 to 255) below or above which a copy is turned down.
        flat: standard deviation of the grey levels below which it is.
        near: mean difference in grey levels of a small grey copy, below which two images with nearly
            the same perceptual hash are nearly identical; 0 allows them.
    """

    key: ClassVar[str] = "gates"
    dark: float = Field(default=16, ge=0, le=255)
    bright: float = Field(default=240, ge=0, le=255)
    flat: float = Field(default=8, ge=0, le=128)
    near: float = Field(default=2, ge=0, le=255)


_GATES = Gates()


class Render(Section):
    """How copies are rendered.

    Attributes:
        quality: JPEG quality of the copies, libjpeg's scale.
        max_attempts: how often a copy is drawn at most; the last one is kept as it is.
        max_failures: photos that may fail before the stage does; others of their cell take their places.
        gates: the quality gates; `false` turns them off.
    """

    key: ClassVar[str] = "render"
    quality: int = Field(default=95, ge=1, le=100)
    max_attempts: int = Field(default=4, ge=1, le=100)
    max_failures: int = Field(default=0, ge=0)
    gates: Gates | bool = _GATES

    @property
    def gate(self) -> Gates | None:
        """The gates, or None where they are off."""
        return (_GATES if self.gates else None) if isinstance(self.gates, bool) else self.gates
