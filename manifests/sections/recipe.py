"""Recipes: how to train, in stages; the built-in ones and a user's own are checked by the same rules."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from manifests.core.params import Section
from manifests.sections.methods import Adjust, Correct, GroupDro, Mixup, Name, Scheme, Strength

Beta = Annotated[float, Field(ge=0, lt=1)]
ImageSet = Literal["original", "repeated", "balanced", "online"]


class Block(Section):
    """The layers of the backbone from one on: `{from: conv_dw_12}`, a name of `keras.applications`, and the head."""

    key: ClassVar[str] = "layers"
    first: Name = Field(alias="from", min_length=1)


class Stage(Section):
    """One stage of training.

    Attributes:
        layers: which layers learn: the `head`; its `last` layer; `all`, the backbone's too; those `from` a layer of the
            backbone on, the head included; or the `experts` alone.
        epochs: gradient steps as a multiple of the run's images: how often each is seen, at most.
        steps: gradient steps in all, in place of `epochs`, for any number of images.
        rate: the learning rate at its start.
        backbone_rate: that of the backbone's layers where it differs; it follows the same schedule.
        weights: the weights scheme, by name or spelt out.
        from_scratch: draw new weights for the head, or for its last layer where that alone learns, first.
        images: trained on in place of the run's.
        augment: use the recipe's augmentation in this stage.
    """

    key: ClassVar[str] = "stages"
    layers: Literal["head", "last", "all", "experts"] | Block = "all"
    epochs: int = Field(default=60, ge=1, le=10_000)
    steps: int | None = Field(default=None, ge=1, le=10_000_000)
    rate: float = Field(default=1e-3, gt=0, le=1)
    backbone_rate: float | None = Field(default=None, gt=0, le=1)
    weights: Name | Scheme = "none"
    from_scratch: bool = False
    images: ImageSet | None = None
    augment: bool = True


class Recipe(Section):
    """A named way to train.

    Attributes:
        about: its docstring: the study and the row, and where our reading fills a gap.
        stages: in order.
        head: what follows the backbone's pooled features, in order: a number of 1 or more is a
            dense layer's width, one below 1 a dropout rate.
        output: sigmoid of age / 100; linear in age / 100; a distribution over 0 to 100 years, whose expectation is
            the age; or the `classes` of another target. There, a distribution is one over the classes too.
        loss: `mse` or `mae` of the age; `soft_labels`, cross-entropy with a normal around the label;
            `mean_variance`, the same plus the mean's squared error and the variance (Pan et al. 2018);
            `balanced_mse`, the squared error as if all ages were equally frequent (Ren et al. 2022); of classes
            `cross_entropy`, binary for two of them, else categorical.
        smoothing: of classes: the share of the wanted probability that all of them have alike (Szegedy et al. 2016).
        noise: of `balanced_mse`: standard deviation of the prediction's error, in years.
        dro: weights of groups that follow their losses; none: no such weights.
        mixup: mixtures of images of similar age, where the head learns from features; none: no mixtures.
        adjust: a strength in the loss toward a flat prior, or a logit adjustment spelt out; of a distribution alone.
        spread: standard deviation of the soft labels in years; `raters` for that of the label's raters, `age` for
            .75 times the root of the age, which is how it grows on APPA-REAL (.75 is fitted to its raters).
        optimiser: `adam`; `adamw`, with decoupled weight decay (Loshchilov and Hutter 2019); or `sgd`.
        decay: decoupled weight decay of `adamw`.
        l2: weight decay of any optimiser, as a penalty on the kernels of the head: l2 x the sum of their squares.
        momentum: of `sgd`, Nesterov's; 0 is plain gradient descent.
        betas: of `adam` and `adamw`: how slowly the means of the gradient and of its square are forgotten.
        epsilon: of `adam` and `adamw`.
        schedule: of the rate: `constant`; `plateau`, halved when the monitored metric does not improve; `cosine` over
            the stage's steps, with a warm-up.
        monitor: what picks the best epoch on valid: `loss`, `error` (in years the `mae`), or `error_plus_bias`, the
            same plus the average bias;
            `last`: none does, every epoch is trained and the last one counts.
        patience: epochs without a better monitored metric before a stage ends.
        augmentation: extra views of the train photos: `none`; `kit`, flip and blur from 60 years on;
            `small_groups`, views of the age groups below the mean size; `every`, views of all.
        augment_valid: the same for a copy of valid that serves validation alone.
        mirror: predict the mean of the photo and its mirror image.
        correct: a cross-fitted correction of the predicted ages (after Clapes et al. 2018); none: none.
        experts: one head per axis, joined by a dense layer.
        images: which images it is meant for; a run may say otherwise.
        batch: images per step; none: that of the section.
    """

    key: ClassVar[str] = "recipes"
    about: str = ""
    stages: tuple[Stage, ...] = (Stage(),)
    head: tuple[float, ...] = (0.3, 256, 64)
    output: Literal["sigmoid", "linear", "distribution", "classes"] = "linear"
    loss: Literal["mse", "mae", "soft_labels", "mean_variance", "balanced_mse", "cross_entropy"] = "mae"
    smoothing: float = Field(default=0, ge=0, lt=1)
    noise: float = Field(default=8, gt=0, le=100)
    dro: GroupDro | None = None
    mixup: Mixup | None = None
    adjust: Strength | Adjust | None = None
    spread: float | Literal["raters", "age"] = 3.0
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    decay: float = Field(default=0.004, ge=0, le=1)
    l2: float = Field(default=0, ge=0, le=1)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    epsilon: float = Field(default=1e-7, gt=0, le=1)
    schedule: Literal["constant", "plateau", "cosine"] = "constant"
    monitor: Literal["loss", "error", "error_plus_bias", "mae", "mae_plus_bias", "last"] = "mae"
    patience: int = Field(default=20, ge=1)
    augmentation: Literal["none", "kit", "small_groups", "every"] = "none"
    augment_valid: bool = False
    mirror: bool = False
    correct: Correct | None = None
    experts: bool = False
    images: ImageSet = "original"
    batch: int | None = Field(default=None, ge=1, le=4096)

    @field_validator("stages")
    @classmethod
    def _some(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        if not stages:
            raise ValueError("one stage or more")
        return stages

    @property
    def adjustment(self) -> Adjust | None:
        """The logit adjustment spelt out; None where there is none."""
        found = Adjust(strength=self.adjust) if isinstance(self.adjust, (int, float)) else self.adjust
        return found if found is not None and found.strength > 0 else None

    def like(self, about: str, **changed: Any) -> Recipe:
        """This recipe with a docstring of its own and the named fields changed, checked again."""
        fields = {name: getattr(self, name) for name in Recipe.model_fields}
        return Recipe(**{**fields, "about": about, **changed})

    @field_validator("head")
    @classmethod
    def _sizes(cls, head: tuple[float, ...]) -> tuple[float, ...]:
        if any(number < 0 or (number >= 1 and number != int(number)) for number in head):
            raise ValueError("dropout rates from 0 to below 1, or whole numbers of 1 or more as widths")
        return head

    @model_validator(mode="after")
    def _fit(self) -> Recipe:
        if (self.output == "distribution") != (self.loss in ("soft_labels", "mean_variance")):
            raise ValueError("output distribution with loss soft_labels or mean_variance, and with no other")
        if (self.output == "classes") != (self.loss == "cross_entropy"):
            raise ValueError("output classes with loss cross_entropy, and with no other")
        if self.smoothing and self.output not in ("distribution", "classes"):
            raise ValueError("output classes with smoothing")
        if self.adjust is not None and self.output not in ("distribution", "classes"):
            raise ValueError("output distribution or classes with adjust")
        if isinstance(self.spread, float) and self.spread <= 0:
            raise ValueError("a spread above 0 years")
        if any(stage.layers == "experts" for stage in self.stages) and not self.experts:
            raise ValueError("`experts: true` where a stage trains the experts")
        if self.experts and (self.dro or self.mixup):
            raise ValueError("neither dro nor mixup with experts")
        if self.experts and self.output == "distribution":
            raise ValueError("output sigmoid or linear with experts")
        return self


class OwnRecipe(Recipe):
    """A recipe of the user's: another one's name, and what differs from it."""

    base: Name = "default"

    @model_validator(mode="after")
    def _fit(self) -> OwnRecipe:
        return self  # checked after it is merged with its base, which gives the fields that are not set here
