"""The published rows, as printed: other people's numbers, from their networks and their runs.

Rows of years are on APPA-REAL, challenge edition. Rows of A are the challenge's leaderboard of its
starting kit; B and C are two studies of 2022 that do not state the split; D is a study of 2023.
Errors and biases in years. Rows of E are the gender study of 2020 on Adience, whose split is its own 80:20 one, and
Levi and Hassner's two of 2015, whose protocol is Adience's five folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

AXES = ("gender", "expression", "ethnicity", "age")


@dataclass(frozen=True)
class Published:
    """One row; `recipe` is the name in `train/recipes.py` that follows the same definition.

    The source does not say which of the kit's two rows had augmentation and which had weights: ours is a reading.
    `strategy` is the number that the study prints, where it prints one.
    """

    name: str
    recipe: str
    bias: dict[str, float]
    mae: float
    strategy: str = ""

    @property
    def average_bias(self) -> float:
        """Mean of the four biases, in years."""
        return sum(self.bias.values()) / len(self.bias)


def _row(
    name: str,
    recipe: str,
    gender: float,
    expression: float,
    ethnicity: float,
    age: float,
    mae: float,
    strategy: str = "",
) -> Published:
    return Published(name, recipe, dict(zip(AXES, (gender, expression, ethnicity, age), strict=True)), mae, strategy)


KIT = (
    _row("A kit, first row", "A-weighted", 0.2939, 1.0278, 2.1308, 7.4610, 10.9758),
    _row("A kit, second row", "A-augmented", 0.6280, 0.8197, 2.4475, 8.9889, 11.1413),
)
ROWS = (
    *KIT,
    _row("B-M3", "B-M3", 0.044, 1.4, 2.8, 8.45, 10.45, "1"),
    _row("B-M4", "B-M4", 0.07, 0.578, 0.706, 7.07, 8.420, "2"),
    _row("B-M5", "B-M5", 0.044955, 0.162736, 0.539348, 3.056905, 6.340045, "2"),
    _row("C-M1", "C-M1", 0.1370, 2.35, 2.8, 5.45, 9.59, "1"),
    _row("C-M2", "C-M2", 0.0580, 1.78, 4.8, 4.39, 7.35, "2"),
    _row("C-M3", "C-M3", 0.0370, 1.45, 2.352, 3.52, 6.670045, "2"),
    _row("C-M4", "C-M4", 0.26, 1.15, 2.352, 3.16, 6.940045, "1"),
    _row("C-M5", "C-M5", 0.12, 0.78, 0.322, 2.85, 8.01, "2"),
    _row("D-0", "D-0", 0.154, 0.1023, 0.3441, 3.1021, 4.8119),
    _row("D-T1, extreme", "D-T1-extreme", 0.0401, 0.3432, 1.1946, 2.4392, 4.5194),
    _row("D-T1, split mean", "D-T1-mean", 0.0401, 0.3964, 0.6124, 3.8192, 5.1558),
    _row("D-1a", "D-1a", 0.6457, 0.4846, 0.7166, 1.2732, 4.6445),
    _row("D-1b", "D-1b", 0.5190, 0.4854, 0.1337, 2.6647, 4.7222),
    _row("D-2b", "D-2b", 0.6319, 0.4750, 0.4955, 0.8688, 4.5481),
    _row("D-3", "D-3", 0.3260, 0.3802, 0.8658, 2.1790, 8.0118),
    _row("D-E2, first", "D-E2", 1.1281, 0.4230, 0.7724, 1.1114, 6.0763),
    _row("D-E2, second", "D-E2", 0.6739, 0.4932, 0.7962, 2.7593, 7.4551),
    _row("D-E3", "D-E3", 0.7665, 1.7527, 1.1630, 4.0626, 8.9540),
    _row("D-E3, gender alone", "D-E3-gender", 1.3762, 0.5064, 0.6330, 1.5226, 6.3386),
    _row("D-E3, ethnicity alone", "D-E3-ethnicity", 1.3353, 0.4345, 0.9789, 2.0862, 6.0249),
    _row("D-E3, expression alone", "D-E3-expression", 0.8927, 0.4041, 0.6839, 1.4695, 5.8703),
    _row("D-E3, age alone", "D-E3-age", 1.2491, 0.5738, 0.6314, 1.6617, 6.7205),
    _row("D-E4", "D-E4", 0.2033, 0.1543, 0.246, 3.331, 5.0918),
)


@dataclass(frozen=True)
class PublishedClasses:
    """One row of predicted genders: test accuracy as a share, and the loss where it is printed."""

    name: str
    recipe: str
    accuracy: float
    loss: float | None = None
    bias: ClassVar[dict[str, float]] = {}  # it was not studied


GENDER_ROWS = (
    PublishedClasses("E-hassner", "E-hassner", 0.8766, 0.4080),
    PublishedClasses("E-resnet50", "E-resnet50", 0.7688, 0.6513),
    PublishedClasses("E-mobilenetv2", "E-mobilenetv2", 0.8827, 0.5182),
    PublishedClasses("E-augmented", "E-augmented", 0.8491, 0.3561),
    PublishedClasses("E-plain", "E-plain", 0.9, 0.2764),
    PublishedClasses("E-pretrained, from nothing, 112 pixels, as it is", "E-pretrained-none", 0.6052),
    PublishedClasses("E-pretrained, ImageNet, 112 pixels, as it is", "E-pretrained", 0.6371),
    PublishedClasses("E-pretrained, ImageNet, 224 pixels, as it is", "E-pretrained", 0.7868),
    PublishedClasses("E-finetuned", "E-finetuned", 0.9147, 0.1865),
    PublishedClasses("E-tuned", "E-tuned", 0.934, 0.06276),
    PublishedClasses("E-tuned-pretrained", "E-tuned-pretrained", 0.9287, 0.7237),
    PublishedClasses("Levi and Hassner 2015, single crop", "E-hassner", 0.859),
    PublishedClasses("Levi and Hassner 2015, over-sampled crops", "E-hassner", 0.868),
)

Rows = tuple[Published, ...] | tuple[PublishedClasses, ...]
# (layout of the photos, what is predicted) -> the rows that are about them, and what to know of these.
_ABOUT: dict[tuple[str, str], tuple[Rows, str]] = {
    **dict.fromkeys(
        (("appa_real", "age"), ("appa_real_release", "age")),
        (
            ROWS,
            "Published rows are with the starting kit's ResNet50, on splits that not all of the studies state.",
        ),
    ),
    ("adience", "gender"): (
        GENDER_ROWS,
        "Published rows of the gender study are on Adience's frontal lists, 80:20; it does not say that subjects stay "
        "together. Levi and Hassner's are means of five folds by subject.",
    ),
}


def about(layout: str, target: str) -> tuple[Rows, str]:
    """The published rows on photos of a layout and a target, and a note on them; none and nothing for others."""
    return _ABOUT.get((layout, target), ((), ""))
