"""The `plan` section: what the balanced set should look like; docs/planning.md is its guide.

The models check form alone. `balance.solver.problem` checks axis values and patterns against `cells`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from manifests.core.params import Section

REST = "rest"
DEFAULT = "default"
JOINT = "joint"
INDEPENDENT = "independent"
PHOTO, PERSON, PAIR = "photo", "person", "pair"
TOLERANCE = 0.001  # three shares of 0.333 are meant to be all


def _or_say(rule: str) -> WrapValidator:
    """State the whole rule where a value has none of a union's forms."""

    def check(value: object, fits: ValidatorFunctionWrapHandler) -> object:
        try:
            return fits(value)
        except ValidationError as error:
            raise ValueError(rule) from error

    return WrapValidator(check)


def _one_in_sum(share: str | float | dict[str, float | str]) -> str | float | dict[str, float | str]:
    if not isinstance(share, dict):
        return share
    for value, number in share.items():
        if isinstance(number, str) and value != REST:
            raise ValueError(f"a number as the share of {value} (only {REST} may be a word)")
    total = sum(number for number in share.values() if not isinstance(number, str))
    if total > 1 + TOLERANCE:
        raise ValueError(f"shares of 1 in sum, not {total:g}")
    if total < 1 - TOLERANCE and not isinstance(share.get(REST), str):
        raise ValueError(f"shares of 1 in sum, not {total:g} (or {REST}: natural)")
    return share


Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Exponent = Annotated[float, Field(ge=0, le=1)]
Named = Literal["uniform", "natural"]
Multiple = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d+)?x$")]
Total = Annotated[
    Annotated[int, Field(ge=1, le=1_000_000_000)] | Literal["auto"] | Multiple,
    _or_say("a whole number from 1 to 1000000000, a multiple of the originals such as 3x, or auto"),
]
Share = Annotated[
    Named | Exponent | dict[str, Exponent | Named],
    _or_say("uniform, natural, an exponent from 0 to 1, or a map from value to share"),
    AfterValidator(_one_in_sum),
]
Counts = Annotated[
    Count | dict[str, Count], _or_say("a whole number of 0 or more, or a map from value to such a number")
]
Copies = Annotated[
    Count | dict[str, Count | dict[str, Count]],
    _or_say("a whole number of 0 or more, or a map of default and axis -> value -> such a number"),
]
Keep = Annotated[Literal["all"] | Exponent, _or_say("all, or a share from 0 to 1")]


class Emphasis(Section):
    """How `balance.emphasise` turns errors into factors.

    Attributes:
        damping: exponent of (a group's error / the axis' mean error); 0 does nothing, 1 is undamped.
        bound: a factor lies in [1 / bound, bound].
    """

    key: ClassVar[str] = "emphasis"
    damping: float = Field(default=0.5, ge=0, le=1)
    bound: float = Field(default=2.0, ge=1, le=10)


class Tradeoff(Section):
    """The grid of the tradeoff: one plan for each pair; an empty list leaves it out.

    Attributes:
        copies: largest numbers of copies of one photo, in place of `max_copies`.
        totals: multiples of the total.
    """

    key: ClassVar[str] = "price"
    copies: tuple[Count, ...] = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)
    totals: tuple[Annotated[float, Field(gt=0, le=100)], ...] = (0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 2.5, 3)


class Plan(Section):
    """The targets and constraints of the balanced set.

    Attributes:
        total: train images of the balanced set, kept originals and copies; `3x` is three times the originals, and
            `auto` the least that reaches the shares within the caps.
        shares: axis -> `uniform`, `natural`, an exponent between the two (0 uniform, 1 natural),
            or value -> share, with `rest` for the values not named.
        independent: axes that are to say nothing of any other axis: each of their values together with each value of
            another axis gets share x share x total, such as half of every age for each gender.
        joint: pattern of cells -> wanted images in them together.
        floors: pattern -> least images; or axis -> value -> least images.
        ceilings: likewise, most images.
        max_copies: largest number of copies of one photo; or `default` and axis -> value -> number.
        max_copies_of: `photo`; or `person`: the number is then for all photos of one person in a cell together; or
            `pair`: likewise, but a mix of two persons counts for that pair, not for the person.
        keep: `all`, or the least share of each cell's originals that stays.
        weights: axis, `independent` or `joint` -> what one image of deviation costs; 1 where not named.
        emphasis: how the errors of an earlier run change the shares.
        price: the grid of the tradeoff.
        shard_size: images in a shard.
        nodes: branch-and-bound nodes after which a level is given up as not proven.
    """

    key: ClassVar[str] = "plan"
    total: Total
    shares: dict[str, Share] = {}
    independent: tuple[str, ...] = ()
    joint: dict[str, Count] = {}
    floors: dict[str, Counts] = {}
    ceilings: dict[str, Counts] = {}
    max_copies: Copies = 12
    max_copies_of: Literal["photo", "person", "pair"] = "photo"
    keep: Keep = "all"
    weights: dict[str, Annotated[float, Field(ge=0, le=1000)]] = {}
    emphasis: Emphasis = Emphasis()
    price: Tradeoff = Tradeoff()
    shard_size: int = Field(default=500, ge=1, le=1_000_000)
    nodes: int = Field(default=5000, ge=1)
