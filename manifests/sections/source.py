"""The `source` section: which photos, in which layout, and what may be passed over."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from manifests.core.params import Local, Section


class Shares(Section):
    """Split shares for a layout without splits; the rest is train."""

    key: ClassVar[str] = "split"
    valid: float = Field(default=0.2, ge=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _leave_train(self) -> Shares:
        if self.valid + self.test >= 1:
            raise ValueError("shares of valid and test below 1 in sum, so that train is left")
        return self


class Source(Section):
    """Where the photos lie and how their labels are read.

    Attributes:
        layout: the adapter in `manifests/sources/`.
        root: the folder that every path is relative to.
        split: shares for layouts that know no splits.
        fold: the fold of cross-validation that is the test split, counted from 0; of the other subjects `split.valid`
            are valid. It takes the place of any splits. None: no folds.
        folds: how many there are, where neither the layout nor a column `fold` has them: subjects are divided by hash.
        frontal: of layout `adience`: the lists of frontal faces alone.
        max_quarantine: the share of rows that may fall out before scan fails.
        near_duplicates: drop or keep train photos that nearly equal a valid or test photo.
        subjects: who is shown: as the `layout` says, or, where it does not, with `near_duplicates` one subject on train
            photos that nearly equal one another.
        rename: axis -> {label in the files: value in `cells`}.
        columns: for layouts `table` and `appa_real_release`: our column -> theirs.
        labels: for layout `table`: the label file, relative to `root`; below it, or DVC does not see its changes.
        photos: for layout `table`: the folder in `root` that the table's paths start from.
        ratings: for layout `appa_real`: a table with the raters' spread, relative to the working directory.
        max_bytes: largest file read, in bytes.
        max_pixels: largest photo decoded, in pixels.
        max_age: largest age, in years.
        face_mesh: a TensorFlow.js graph that finds the points of a face, relative to the working directory; None: the
            policies on landmarks are left out (drawn faces have their drawer's points).
        person_mask: one that finds the person's outline, for the policy `background`.
        drawn: how many faces the layout `drawn` draws.
    """

    key: ClassVar[str] = "source"
    layout: Literal["appa_real", "appa_real_release", "utkface", "fairface", "adience", "celeba", "table", "drawn"]
    root: str = Field(min_length=1)
    split: Shares = Shares()
    fold: int | None = Field(default=None, ge=0)
    folds: int = Field(default=5, ge=2, le=100)
    frontal: bool = False
    max_quarantine: float = Field(default=0.05, ge=0, le=1)
    near_duplicates: Literal["drop", "keep"] = "drop"
    subjects: Literal["layout", "near_duplicates"] = "layout"
    rename: dict[str, dict[str, str]] = {}
    columns: dict[str, str] = {}
    labels: Local = "labels.csv"
    photos: Local = ""
    ratings: Local | None = None
    max_bytes: int = Field(default=50_000_000, gt=0)
    max_pixels: int = Field(default=50_000_000, gt=0)
    max_age: float = Field(default=120, gt=0)
    face_mesh: Local | None = None
    person_mask: Local | None = None
    drawn: int = Field(default=2000, ge=100, le=200_000)

    @model_validator(mode="after")
    def _fit(self) -> Source:
        if self.frontal and self.layout != "adience":
            raise ValueError("layout adience with frontal")
        return self
