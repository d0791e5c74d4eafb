"""How age shows in each group, on average, and the palettes of skin and hair.

How age shows depends partly on the group, as dermatology reports it: hair greys from the mid
thirties, late thirties and mid forties on average in people of European, Asian and African
descent (Tobin and Paus 2001, Experimental Gerontology 36, 29-54); fine lines come later and
stand out less in more pigmented skin, where uneven tone and the folds of the middle face tell
more (Vashi et al. 2016, Journal of Clinical and Aesthetic Dermatology 9, 31-38). So a model
must have seen a group to estimate its ages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Skin from light to dark, and hair from black to blond and red, RGB.
SKIN = np.array(
    [(251, 224, 205), (240, 203, 176), (224, 178, 146), (196, 144, 108), (154, 106, 76), (112, 75, 54), (78, 52, 40)],
    float,
)
HAIR = np.array(
    [(28, 23, 22), (52, 37, 30), (84, 58, 42), (124, 88, 58), (176, 138, 92), (214, 184, 134), (134, 76, 50)], float
)
GREY = np.array((206, 204, 202), float)


@dataclass(frozen=True)
class Habit:
    """How age shows in a group, on average.

    Attributes:
        tone: mean and spread of skin tone, 0 light to 1 dark.
        hair: shares of the colours of HAIR.
        curl: mean and spread, 0 straight to 1 coily.
        grey: mean age at which greying is half done, years.
        lines: mean age at which fine lines begin, and their depth in old age.
        spots: uneven pigment in old age.
        folds: folds of the middle face in old age.
        nose: mean width, face units.
        lips: mean fullness, face units.
        lid: mean height of the lid above the eye's opening, face units.
    """

    tone: tuple[float, float]
    hair: tuple[float, ...]
    curl: tuple[float, float]
    grey: float
    lines: tuple[float, float]
    spots: float
    folds: float
    nose: float
    lips: float
    lid: float


HABITS = {
    "caucasian": Habit(
        tone=(0.20, 0.10),
        hair=(6, 16, 28, 22, 14, 10, 4),
        curl=(0.30, 0.20),
        grey=50,
        lines=(27, 1.0),
        spots=0.35,
        folds=0.65,
        nose=0.19,
        lips=0.075,
        lid=0.085,
    ),
    "asian": Habit(
        tone=(0.33, 0.11),
        hair=(52, 28, 11, 5, 2, 1, 1),
        curl=(0.15, 0.14),
        grey=54,
        lines=(37, 0.65),
        spots=0.9,
        folds=0.6,
        nose=0.205,
        lips=0.085,
        lid=0.06,
    ),
    "afroamerican": Habit(
        tone=(0.70, 0.15),
        hair=(58, 26, 9, 4, 1, 1, 1),
        curl=(0.72, 0.20),
        grey=61,
        lines=(45, 0.55),
        spots=0.7,
        folds=1.0,
        nose=0.225,
        lips=0.105,
        lid=0.08,
    ),
}
