"""What a recipe may be made of: weights schemes, logit adjustment, group DRO, C-Mixup, the correction of the ages."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from manifests.core.params import Section

Name = str
Strength = Annotated[float, Field(ge=0, le=10)]


class Scheme(Section):
    """How the sample weights follow from the labels of the train table; they are always scaled to mean 1.

    Attributes:
        rule: `none`; `groups`, n / (groups * n_group); `smoothed`, (s + n) / (s + groups * n_group);
            `plan`, the images that the plan wants in the joint cell / n_cell; `lds`, one over the smoothed density
            of the ages (Yang et al. 2021); or `table`, weights set by hand.
        axes: the axes that count; none named means every axis of `cells`.
        joint: one weight per combination of values, else the product of one weight per axis.
        edges: other age bins than those of `cells`, by their inner edges in years; `years` for years, rounded.
        one_above: ages from here on are one group, for any labels on the other axes.
        smoothing: s, in images.
        exponent: the weight's power; 1/2 tempers it, 0 is no weights.
        width: for rule `lds`: standard deviation of the smoothing kernel, in years.
        table: for rule `table`: axis -> value -> weight.
    """

    key: ClassVar[str] = "weights"
    rule: Literal["none", "groups", "smoothed", "plan", "lds", "table"] = "smoothed"
    axes: tuple[Name, ...] = ()
    joint: bool = False
    edges: tuple[float, ...] | Literal["years"] | None = None
    one_above: float | None = Field(default=None, gt=0)
    smoothing: float = Field(default=5, ge=0)
    exponent: float = Field(default=1, ge=0, le=4)
    width: float = Field(default=2, gt=0, le=50)
    table: dict[str, dict[str, float]] = {}

    @model_validator(mode="after")
    def _fit(self) -> Scheme:
        if (self.rule == "table") != bool(self.table):
            raise ValueError("`table` with rule table, and with no other")
        if self.one_above is not None and not self.joint:
            raise ValueError("`joint: true` with one_above")
        if any(weight <= 0 for values in self.table.values() for weight in values.values()):
            raise ValueError("weights above 0 in `table`")
        if isinstance(self.edges, tuple) and list(self.edges) != sorted(set(self.edges)):
            raise ValueError("edges that ascend")
        return self


class Adjust(Section):
    """Logit adjustment (Menon et al. 2021): compensate a distribution output for how frequent each age is in training.

    Attributes:
        strength: power of the prior; 0 changes nothing, 1 is the paper's.
        when: in the `loss`, or `post_hoc`, in the bias of the last layer after training.
        toward: the prior that is wished for: `flat`, or that of the plan's `set`.
    """

    key: ClassVar[str] = "adjust"
    strength: Strength
    when: Literal["loss", "post_hoc"] = "loss"
    toward: Literal["flat", "set"] = "flat"


class GroupDro(Section):
    """Group DRO (Sagawa et al. 2020): the weights of the groups grow with their losses while training.

    Attributes:
        axes: groups are combinations of these axes' values; none named: the joint cells.
        rate: step size of the weights, which are multiplied by exp(rate x the group's loss) at each gradient step.
    """

    key: ClassVar[str] = "dro"
    axes: tuple[Name, ...] = ()
    rate: float = Field(default=0.01, gt=0, le=10)


class Mixup(Section):
    """C-Mixup (Yao et al. 2022): train on mixtures of two images of similar age, in their features.

    Attributes:
        bandwidth: years; two images are mixed with a probability that falls as a normal of their distance in age.
        alpha: the mixing share is drawn from Beta(alpha, alpha).
    """

    key: ClassVar[str] = "mixup"
    bandwidth: float = Field(default=5, gt=0, le=100)
    alpha: float = Field(default=2, gt=0, le=100)


class Correct(Section):
    """Correct the predicted ages by a monotone map, learnt on train photos that the network has not seen.

    Attributes:
        folds: groups of train photos; each is predicted by a network of the others, which costs as many trainings.
        knots: at most, of the map, which is linear between them.
    """

    key: ClassVar[str] = "correct"
    folds: int = Field(default=5, ge=2, le=20)
    knots: int = Field(default=12, ge=2, le=100)
