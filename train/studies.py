"""The recipes of the four published studies, row by row; `about` names the row and our reading where it is silent.

Readings, where a study is silent:
- The kit: a dropout of .5, widths of 128 and 32 after 512, and 1e-5 in stage 2 as in stage 1. The custom-loss study
  works in the kit's frame: its head, output, loss and rates; weights in both stages.
- Strategy 1 (augmentation and sample-weight study): both stages have the study's treatment (augmentation, or weights).
  Strategy 2: stage 1 goes without, stage 2 has it. Rows without a treatment are the same under both.
- Epochs, where none are given: 60 a stage at most, by patience.
- "Augmented images" are the plan's copies, that is, the balanced set.
"""

from __future__ import annotations

from typing import Any, Final

from manifests.core.cells import AGE
from manifests.sections.methods import Scheme
from manifests.sections.recipe import Recipe, Stage

HEAD: Final = "head"
ALL: Final = "all"
EXPERTS: Final = "experts"
KIT_HEAD = (512, 0.5, 128, 32)
NARROW_HEAD = (512, 0.1, 128, 0.1, 64, 0.1, 32)
WIDE_HEAD = (512, 0.2, 256, 0.2, 128, 0.2, 64, 0.2, 32)
TAPERED_HEAD = (512, 0.1, 256, 0.1, 128, 0.05, 64, 0.05, 32)

KIT = Recipe(
    about="Starting kit, row A without augmentation or weights: projection of 512, dropout, dense head, sigmoid; Adam "
    "1e-5, MSE; the head, then all layers (our reading: dropout .5, widths of 128 and 32, 1e-5 in stage 2 too).",
    stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=ALL, rate=1e-5)),
    head=KIT_HEAD,
    output="sigmoid",
    loss="mse",
    monitor="loss",
)


def _weighted(about: str, weights: str, **changed: Any) -> Recipe:
    """The kit's recipe with a weights scheme in both stages."""
    return KIT.like(
        about, stages=tuple(stage.model_copy(update={"weights": weights}) for stage in KIT.stages), **changed
    )


def _last(weights: str) -> tuple[Stage, Stage]:
    """Two stages of the head, both weighted; the second goes on from the first."""
    return Stage(layers=HEAD, rate=1e-5, weights=weights), Stage(layers=HEAD, rate=1e-5, weights=weights)


def _expert(axis: str, weights: Scheme) -> Recipe:
    return KIT.like(
        f"Custom-loss study, row E3, the expert of the axis {axis} alone (our reading: the kit's head, in "
        "one stage, on the balanced set): "
        + ("the age weights of 1a." if axis == AGE else "the weights of its axis from 1b times the age weights of 1b."),
        images="balanced",
        stages=(Stage(layers=HEAD, rate=1e-5, weights=weights),),
    )


STUDIES: dict[str, Recipe] = {
    "A-baseline": KIT,
    "A-augmented": KIT.like("Starting kit, row A with the kit's augmentation: flip and blur from 60 years on. Which of "
                            "the two published rows is this one is our reading.", augmentation="kit"),
    "A-weighted": _weighted("Starting kit, row A with the kit's weights: by age group alone, in both stages. Which of "
                            "the two published rows is this one is our reading.", "age_group"),
    "B-M1": KIT.like("Augmentation study, row M1: last layers only, no augmentation.", stages=KIT.stages[:1]),
    "B-M2": KIT.like("Augmentation study, row M2: all layers, no augmentation."),
    "B-M3": KIT.like("Augmentation study, row M3: head 512, 128, 64, 32, dropout .1, all layers, 1e-5, no "
                     "augmentation; strategy 1 (our reading: without a treatment the same as 2).", head=NARROW_HEAD),
    "B-M4": KIT.like("Augmentation study, row M4: as M3 with the MAE as loss, no augmentation; strategy 2 (our "
                     "reading: without a treatment the same as 1).", head=NARROW_HEAD, loss="mae"),
    "B-M5": KIT.like("Augmentation study, row M5: the groups with less material augmented, in train and valid (our "
                     "reading: flip, blur and both for age groups below the mean size); head 512 to 32, dropout .2, "
                     "MAE, early stopping on it, the rate reduced on a plateau, 1e-5; strategy 2 (our reading: "
                     "augmentation in stage 2 alone).",
                     head=WIDE_HEAD, augmentation="small_groups", augment_valid=True, loss="mae", monitor="mae",
                     schedule="plateau", stages=(Stage(layers=HEAD, rate=1e-5, augment=False),
                                                 Stage(layers=ALL, rate=1e-5))),
    "C-M1": KIT.like("Sample-weight study, row M1: baseline, all layers, no weights."),
    "C-M2": KIT.like("Sample-weight study, row M2: last layers, 1e-5, strategy 2 (our reading: stage 1 without "
                     "weights, stage 2 by age group).",
                     stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=HEAD, rate=1e-5, weights="age_group"))),
    "C-M3": KIT.like("Sample-weight study, row M3: all layers, their last pretrained by stage 1, 1e-5, strategy 2 (our "
                     "reading: weights in stage 2 alone), weights by age group.",
                     stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=ALL, rate=1e-5, weights="age_group"))),
    "C-M4": KIT.like("Sample-weight study, row M4: ten groups (20-year age group x ethnicity below 60, one above), "
                     "M5's head, last layers, 1e-5, strategy 1 (our reading: weights in both stages); from scratch: "
                     "not from the kit's trained model.",
                     head=TAPERED_HEAD, stages=_last("ten_groups")),
    "C-M5": KIT.like("Sample-weight study, row M5: the ten groups, all layers, 1e-5, strategy 2 (our reading: weights "
                     "in stage 2 alone); after the 512 layer .1, 256, .1, 128, .05, 64, .05, 32.", head=TAPERED_HEAD,
                     stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=ALL, rate=1e-5, weights="ten_groups"))),
    "C-M4-48": KIT.like("Sample-weight study, variant of M4 with 48 groups (our reading: all axes but gender).",
                        head=TAPERED_HEAD, stages=_last("forty_eight_groups")),
    "C-M5-48": KIT.like("Sample-weight study, variant of M5 with 48 groups (our reading: all axes but gender).",
                        head=TAPERED_HEAD,
                        stages=(Stage(layers=HEAD, rate=1e-5),
                                Stage(layers=ALL, rate=1e-5, weights="forty_eight_groups"))),
    "D-0": KIT.like("Custom-loss study, row 0: baseline, in the kit's frame."),
    "D-T1-extreme": KIT.like("Custom-loss study, row T1, extreme augmentation (our reading: the balanced set, "
                             "and each of its images also flipped, blurred and both).",
                             images="balanced", augmentation="every"),
    "D-T1-mean": KIT.like("Custom-loss study, row T1, split mean (our reading: flip, blur and both for the age "
                          "groups below the split's mean size).", augmentation="small_groups"),
    "D-1a": _weighted("Custom-loss study, row 1a: product over the axes, ages rounded to years.", "product_years"),
    "D-1b": _weighted("Custom-loss study, row 1b: product over the axes, ages in their groups.", "product"),
    "D-2a": _weighted("Custom-loss study, row 2a: one weight per joint cell, ages rounded; the study dropped it.",
                      "cell_years"),
    "D-2b": _weighted("Custom-loss study, row 2b: one weight per joint cell, ages in their groups.", "cell"),
    "D-3": _weighted("Custom-loss study, row 3: weights set by hand.", "by_hand"),
    "D-E2": _weighted("Custom-loss study, row E2: 1b with augmentation (our reading: the balanced set).",
                      "product", images="balanced"),
    "D-E3": KIT.like("Custom-loss study, row E3, on augmented images (our reading: the balanced set): one expert "
                     "per axis on the backbone's features, each with the weights of its axis times the age weights of "
                     "1b, the age expert with those of 1a; then a dense layer joins them and the head is trained with "
                     "1b (our reading: the backbone stays as it is).",
                     experts=True, images="balanced",
                     stages=(Stage(layers=EXPERTS, rate=1e-5), Stage(layers=HEAD, rate=1e-5, weights="product"))),
    **{f"D-E3-{axis}": _expert(axis, Scheme(axes=(axis, AGE))) for axis in ("gender", "ethnicity", "expression")},
    "D-E3-age": _expert(AGE, Scheme(axes=(AGE,), edges="years")),
    "D-E4": KIT.like("Custom-loss study, row E4: three stages of 20, 30 and 10 epochs on augmented images (our "
                     "reading: the balanced set; the head, then all layers twice), 1b in the last.", images="balanced",
                     stages=(Stage(layers=HEAD, rate=1e-5, epochs=20), Stage(layers=ALL, rate=1e-5, epochs=30),
                             Stage(layers=ALL, rate=1e-5, epochs=10, weights="product"))),
}  # fmt: skip
