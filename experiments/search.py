"""A set's `search`: the hyperparameters of each round are drawn by Optuna from the errors of the earlier rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from experiments.grid import Point
from manifests.core.params import Section


class Range(Section):
    """The values of one hyperparameter, both ends included.

    Attributes:
        low: the least.
        high: the greatest.
        scale: `linear`; `log`, where the order of magnitude is searched; `whole` numbers.
    """

    key: ClassVar[str] = "space"
    low: float
    high: float
    scale: Literal["linear", "log", "whole"] = "linear"

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low >= self.high:
            raise ValueError("low below high")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("low above 0 with scale: log")
        if self.scale == "whole" and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError("whole numbers with scale: whole")
        return self


class Search(Section):
    """How many runs, and among which values.

    Attributes:
        rounds: each but the first is drawn from the errors on valid of the earlier ones.
        trials: runs of a round, which know nothing of each other's errors.
        space: hyperparameter -> its values; those of a grid.
    """

    key: ClassVar[str] = "search"
    rounds: int = Field(ge=1, le=100)
    trials: int = Field(ge=1, le=1000)
    space: Annotated[dict[str, Range], Field(min_length=1)]


def draw(search: Search, seed: int, told: Sequence[tuple[Point, float]]) -> list[Point]:
    """The points of the next round, a function of its arguments alone.

    The sampler is Optuna's tree-structured Parzen estimator (Bergstra et al. 2011, Algorithms for hyper-parameter
    optimization); the first round is random. Points of one round are kept apart by the "constant liar".

    Args:
        search: the search.
        seed: of the sampler.
        told: the points of the earlier rounds, each with its error; lower is better.
    """
    import optuna  # takes half a second to load, and most tables search nothing

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.IntDistribution(int(each.low), int(each.high))
        if each.scale == "whole"
        else optuna.distributions.FloatDistribution(each.low, each.high, log=each.scale == "log")
        for name, each in search.space.items()
    }
    sampler = optuna.samplers.TPESampler(seed=seed + len(told), n_startup_trials=search.trials, constant_liar=True)
    study = optuna.create_study(sampler=sampler)
    for point, error in told:
        study.add_trial(optuna.create_trial(params=_typed(search, point), distributions=space, value=error))
    return [{name: float(value) for name, value in study.ask(space).params.items()} for _ in range(search.trials)]


def _typed(search: Search, point: Point) -> Point:
    return {name: int(value) if search.space[name].scale == "whole" else value for name, value in point.items()}
