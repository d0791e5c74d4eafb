"""The recipes of the four published studies, row by row; `about` names the row and our reading where it is silent.

Readings, where a study is silent:
- Strategy 1 (both studies): both stages get the study's treatment (augmentation, or weights).
  Strategy 2: stage 1 goes without, stage 2 has it.
- Rates of the sample-weight study, 1e-4, 5e-5 and 1e-5: 1e-4 for the head, 5e-5 for ten or
  more groups, 1e-5 for all layers. Epochs, where none are given: 60 a stage at most, by patience.
- Soft labels: a normal of 3 years around the label, unless the raters' own spread is asked for.
- "Augmented images" are the plan's copies, that is, the balanced set.
"""

from __future__ import annotations

from typing import Any, Final

from manifests.sections.train import Recipe, Stage

HEAD: Final = "head"
ALL: Final = "all"
EXPERTS: Final = "experts"
KIT_HEAD = (512, 0.5, 128, 32)
NARROW_HEAD = (512, 0.1, 128, 0.1, 64, 0.1, 32)
WIDE_HEAD = (512, 0.2, 256, 0.2, 128, 0.2, 64, 0.2, 32)
TAPERED_HEAD = (512, 0.1, 256, 0.1, 128, 0.05, 64, 0.05, 32)

KIT = Recipe(
    about="Starting kit, row A: projection of 512, dropout, dense head, sigmoid; Adam 1e-5, MSE; the head, then all.",
    stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=ALL, rate=1e-6)),
    head=KIT_HEAD,
    output="sigmoid",
    loss="mse",
    monitor="loss",
)


def _weighted(base: Recipe, about: str, weights: str, **changed: Any) -> Recipe:
    """`base` with a weights scheme in its last stage."""
    stages = (*base.stages[:-1], base.stages[-1].model_copy(update={"weights": weights}))
    return base.like(about, stages=stages, **changed)


CUSTOM = KIT.like(
    "Custom-loss study: the frame of its rows; the kit's head and output, rates of 1e-4 and 1e-5.",
    stages=(Stage(layers=HEAD, rate=1e-4), Stage(layers=ALL, rate=1e-5)),
    loss="mae",
    monitor="mae",
)

STUDIES: dict[str, Recipe] = {
    "A-augmented": KIT.like( "Starting kit, row A with the kit's augmentation: flip and blur from 60 years on.",
                         augmentation="kit"),
    "A-weighted": KIT.like( "Starting kit, row A with the kit's weights: by age group alone, in both stages.",
                        stages=(Stage(layers=HEAD, rate=1e-5, weights="age_group"),
                                Stage(layers=ALL, rate=1e-6, weights="age_group"))),
    "B-M1": KIT.like( "Augmentation study, row M1: last layers only, no augmentation.", stages=KIT.stages[:1]),
    "B-M2": KIT.like( "Augmentation study, row M2: all layers, no augmentation."),
    "B-M3": KIT.like( "Augmentation study, row M3: head 512, 128, 64, 32, dropout .1, 1e-5, strategy 1 (our reading: "
                  "the kit's augmentation in both stages).",
                  head=NARROW_HEAD, augmentation="kit",
                  stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=ALL, rate=1e-5))),
    "B-M4": KIT.like( "Augmentation study, row M4: as M3 with the MAE as loss, strategy 2 (our reading: the kit's "
                  "augmentation in stage 2 alone).",
                  head=NARROW_HEAD, augmentation="kit", loss="mae",
                  stages=(Stage(layers=HEAD, rate=1e-5, augment=False), Stage(layers=ALL, rate=1e-5))),
    "B-M5": KIT.like( "Augmentation study, row M5: the groups with less material augmented, in train and valid (our "
                  "reading: flip, blur and both for age groups below the mean size); head 512 to 32, dropout .2, MAE, "
                  "early stopping on it, the rate reduced on a plateau.",
                  head=WIDE_HEAD, augmentation="small_groups", augment_valid=True, loss="mae", monitor="mae",
                  schedule="plateau", stages=(Stage(layers=HEAD, rate=1e-5), Stage(layers=ALL, rate=1e-5))),
    "C-M1": KIT.like( "Sample-weight study, row M1: baseline, all layers, no weights.",
                  stages=(Stage(layers=HEAD, rate=1e-4), Stage(layers=ALL, rate=1e-5))),
    "C-M2": KIT.like( "Sample-weight study, row M2: last layers, strategy 2 (stage 1 without weights, stage 2 by age "
                  "group).",
                  stages=(Stage(layers=HEAD, rate=1e-4), Stage(layers=HEAD, rate=1e-4, weights="age_group"))),
    "C-M3": KIT.like( "Sample-weight study, row M3: all layers, their last pretrained by stage 1, strategy 2, weights "
                  "by age group.",
                  stages=(Stage(layers=HEAD, rate=1e-4), Stage(layers=ALL, rate=1e-5, weights="age_group"))),
    "C-M4": KIT.like( "Sample-weight study, row M4: ten groups (20-year age group x ethnicity below 60, one above), "
                  "last layers, from scratch in both stages, strategy 1.",
                  stages=(Stage(layers=HEAD, rate=5e-5, weights="ten_groups", from_scratch=True),
                          Stage(layers=HEAD, rate=5e-5, weights="ten_groups", from_scratch=True))),
    "C-M5": KIT.like( "Sample-weight study, row M5: the ten groups, all layers, strategy 2; after the 512 layer .1, "
                  "256, .1, 128, .05, 64, .05, 32.",
                  head=TAPERED_HEAD,
                  stages=(Stage(layers=HEAD, rate=5e-5), Stage(layers=ALL, rate=1e-5, weights="ten_groups"))),
    "C-M4-48": KIT.like( "Sample-weight study, variant of M4 with 48 groups (our reading: all axes but gender).",
                     stages=(Stage(layers=HEAD, rate=5e-5, weights="forty_eight_groups", from_scratch=True),
                             Stage(layers=HEAD, rate=5e-5, weights="forty_eight_groups", from_scratch=True))),
    "C-M5-48": KIT.like( "Sample-weight study, variant of M5 with 48 groups (our reading: all axes but gender).",
                     head=TAPERED_HEAD,
                     stages=(Stage(layers=HEAD, rate=5e-5),
                             Stage(layers=ALL, rate=1e-5, weights="forty_eight_groups"))),
    "D-0": CUSTOM.like( "Custom-loss study, row 0: baseline."),
    "D-T1-extreme": CUSTOM.like( "Custom-loss study, row T1, extreme augmentation (our reading: the balanced set, "
                         "and each of its images also flipped, blurred and both).",
                         images="balanced", augmentation="every"),
    "D-T1-mean": CUSTOM.like( "Custom-loss study, row T1, split mean (our reading: flip, blur and both for the age "
                       "groups below the split's mean size).", augmentation="small_groups"),
    "D-1a": _weighted(CUSTOM, "Custom-loss study, row 1a: product over the axes, ages by year.", "product_years"),
    "D-1b": _weighted(CUSTOM, "Custom-loss study, row 1b: product over the axes, ages in their groups.", "product"),
    "D-2a": _weighted(CUSTOM, "Custom-loss study, row 2a: one weight a joint cell, ages by year; the study dropped it.",
                      "cell_years"),
    "D-2b": _weighted(CUSTOM, "Custom-loss study, row 2b: one weight a joint cell, ages in their groups.", "cell"),
    "D-3": _weighted(CUSTOM, "Custom-loss study, row 3: weights set by hand.", "by_hand"),
    "D-E2": _weighted(CUSTOM, "Custom-loss study, row E2: 1b with augmentation (our reading: the balanced set).",
                      "product", images="balanced"),
    "D-E3": CUSTOM.like( "Custom-loss study, row E3, on augmented images (our reading: the balanced set): one expert "
                 "per axis on the backbone's features, each with the weights of its axis times the age weights of 1b, "
                 "the age expert with those of 1a; then a dense layer joins them and all is trained with 1b.",
                  experts=True, images="balanced",
                  stages=(Stage(layers=EXPERTS, rate=1e-4), Stage(layers=HEAD, rate=1e-4, weights="product"))),
    "D-E4": CUSTOM.like( "Custom-loss study, row E4: three stages of 20, 30 and 10 epochs on augmented images (our "
                  "reading: the balanced set), 1b in the last.",
                  images="balanced",
                  stages=(Stage(layers=HEAD, rate=1e-4, epochs=20), Stage(layers=ALL, rate=1e-5, epochs=30),
                          Stage(layers=ALL, rate=1e-5, epochs=10, weights="product"))),
}  # fmt: skip
