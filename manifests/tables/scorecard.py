"""`datasets/runs/<run>/scorecard.json`: how accurate and how even a run is, with the uncertainty of each figure.

Errors are in the unit that `words` names. `overall`, `bias`, `average_bias`, `difference` and `ratio` are the
headline: those of the test split where it has labels, else of valid. `by_group` has every
labelled split, and `splits` has everything else that is known of each.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from manifests.core.errors import UserError
from manifests.core.files import write_text
from manifests.core.inputs import read_small
from manifests.core.text import DIGITS
from manifests.tables.class_scores import ClassScores
from manifests.tables.parts import Bias, Named, Part, Words

EVERYONE = "all"  # the axis, and the group, of all photos among those to look at


class GroupError(Named):
    """A group's mean error, photos, the 95% interval (none for a single photo), and whether it is small."""

    error: float
    n: int
    low: float | None
    high: float | None
    marked: bool

    @property
    def value(self) -> float:
        """The error, under the name that every figure with an interval has."""
        return self.error


class Spread(Part):
    """Mean and standard deviation (of n - 1; 0 for one seed) over a run's seeds."""

    mean: float
    sd: float


class Seeds(Named):
    """Each seed's own model, scored alone; the run's prediction is the mean of theirs."""

    n: int
    error: Spread
    bias: dict[str, Spread]
    average_bias: Spread


class Calibration(Part):
    """Whether the predicted distribution is calibrated.

    Attributes:
        coverage: share of photos whose age lies in the central interval of that level ("0.9").
        error: mean absolute gap between the predicted and the observed cumulative share.
        width: mean width of the central 90% interval, in years.
        pit: share of photos in each tenth of the predicted distribution; .1 each is perfect.
    """

    coverage: dict[str, float]
    error: float
    width: float
    pit: list[float]


class Band(Named):
    """Photos of neighbouring ages: their error and, of predicted years, the mean of predicted less labelled.

    Attributes:
        age: the middle of the band, in years.
        start, end: its first age, and the age at which the next band begins.
        low, high: the 95% interval of `error`; `signed_low` and `signed_high` that of `signed`.
    """

    age: float
    start: float
    end: float
    n: int
    error: float
    low: float | None
    high: float | None
    signed: float | None
    signed_low: float | None
    signed_high: float | None


class ShownPhoto(Named):
    """One prediction to look at, among a group's worst or its ordinary ones; `said` puts its error into words."""

    image_id: str
    path: str
    label: float | str
    pred: float | str
    said: str


class Scores(Part):
    """One labelled split.

    Attributes:
        unlabelled: photos of the split without a label, which are not scored.
        cells: the joint cells that have photos, by their name such as `60+|female|asian|happy`.
        worst_group: each axis' group of the largest error.
        calibration: of predicted distributions over the ages; that of classes is in `classes`.
        classes: what else is known of predicted classes.
        by_age: bands of five years, wider where they would hold fewer than ten photos.
        worst: axis -> group -> its photos of the largest errors; `ordinary`, those nearest to its median error. The
            first axis is EVERYONE, whose one group is all photos.
        notes: what a reader must know about the figures.
    """

    n: int
    unlabelled: int
    overall: GroupError
    bias: dict[str, Bias]
    average_bias: Bias
    difference: dict[str, float]
    ratio: dict[str, float]
    worst_group: dict[str, str]
    cells: dict[str, GroupError]
    seeds: Seeds
    calibration: Calibration | None
    classes: ClassScores | None = None
    by_age: list[Band]
    worst: dict[str, dict[str, list[ShownPhoto]]]
    ordinary: dict[str, dict[str, list[ShownPhoto]]]
    notes: list[str]


class Scorecard(Part):
    """A run's scores; see the module's docstring for the headline.

    `steps` are the gradient steps that it took, over all stages, the mean over its seeds; `parameters` are
    the numbers in one of its networks. None where nobody knows.
    """

    run: str
    words: Words
    steps: int | None = None
    parameters: int | None = None
    split: str
    overall: GroupError
    by_group: dict[str, dict[str, dict[str, GroupError]]]
    bias: dict[str, float]
    average_bias: float
    difference: dict[str, float]
    ratio: dict[str, float]
    splits: dict[str, Scores]


def write(card: Scorecard, path: Path) -> None:
    """Publish the scorecard, numbers rounded to `DIGITS`."""
    write_json(card.model_dump(mode="json", context=card.words.names), path)


def write_json(tree: object, path: Path) -> None:
    """Publish a tree of dicts, lists, words and numbers as indented JSON, numbers rounded to `DIGITS`."""
    write_text(path, json.dumps(rounded(tree), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def rounded(value: object) -> object:
    """The same tree with every float rounded to `DIGITS`, and no negative zero."""
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list) else value


def read(path: Path) -> Scorecard:
    """Read and check a scorecard.

    Raises:
        UserError: no such file, no JSON, or a key that is missing, unknown or of another type.
    """
    return read_json(path, Scorecard, "a scorecard", "Run `python -m train.score` for this run")


P = TypeVar("P", bound=BaseModel)


def read_json(path: Path, model: type[P], what: str, again: str) -> P:
    """Read a JSON file into its model.

    Args:
        path: the file.
        model: what it must match.
        what: its name in messages.
        again: what makes it anew.
    Raises:
        UserError: no such file, no JSON, or a key that is missing, unknown or of another type.
    """
    content = read_small(path, what, again, again)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {where}" if where else str(path), what, first["msg"], again) from error
