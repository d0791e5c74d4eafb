"""Who is drawn: as unevenly over the joint cells as in APPA-REAL's train split.

The counts are those of the 4,064 usable train photos of the challenge edition (Agustsson et al.
2017, "Apparent and real age estimation in still images with deep residual regressors on
APPA-REAL database"), scaled to each split by largest remainder; a cell that has photos there
keeps at least one here where the split is large enough, so that the rare groups of valid and test
can be scored at all, and the 18 empty cells stay empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manifests.core.seeds import derive, generator

SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}
GENDERS = ("male", "female")
ETHNICITIES = ("caucasian", "asian", "afroamerican")
EXPRESSIONS = ("neutral", "slightly happy", "happy", "other")

# Years: lowest, highest, most frequent; the ages inside a bin have a triangular distribution.
AGES = ((1, 19.9, 17), (20, 39.9, 27), (40, 59.9, 44), (60, 92, 62))

# age bin x gender x ethnicity x expression
COUNTS = np.array([
    180, 110, 26, 25,  21, 10, 1, 3,  2, 1, 2, 4,    107, 153, 58, 14,  22, 29, 10, 2,  4, 4, 8, 0,
    427, 374, 114, 55,  61, 55, 12, 0,  14, 13, 5, 3,    192, 563, 279, 22,  25, 86, 42, 2,  12, 15, 16, 2,
    177, 178, 53, 14,  16, 5, 0, 1,  6, 1, 0, 1,    58, 132, 65, 6,  5, 6, 2, 0,  3, 0, 2, 0,
    50, 30, 7, 4,  3, 2, 0, 1,  0, 0, 0, 1,    19, 15, 9, 5,  0, 2, 0, 0,  0, 0, 0, 0,
]).reshape(len(AGES), len(GENDERS), len(ETHNICITIES), len(EXPRESSIONS))  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One face to draw.

    Attributes:
        name: its file's name, without the ending.
        split: train, valid or test.
        age: the age that is drawn, in years.
        perceived: the label, in years: what raters would say on average.
        spread: standard deviation of the raters' ages, in years.
        gender: one of GENDERS.
        ethnicity: one of ETHNICITIES.
        expression: one of EXPRESSIONS.
        seed: 64 bits, of everything else about the drawing.
    """

    name: str
    split: str
    age: float
    perceived: float
    spread: float
    gender: str
    ethnicity: str
    expression: str
    seed: int


def people(count: int, seed: int) -> list[Person]:
    """Everyone to draw, split by split.

    Args:
        count: faces in all splits together.
        seed: the `seed` of params.yaml.
    """
    sizes = apportion(np.array(list(SHARES.values())), count)
    return [person for split, size in zip(SHARES, sizes, strict=True) for person in _split(split, int(size), seed)]


def apportion(weights: np.ndarray, count: int) -> np.ndarray:
    """Share out `count` whole units by largest remainder; int64, the shape of `weights`."""
    exact = weights / weights.sum() * count
    units = np.floor(exact).astype(np.int64)
    order = np.argsort(units - exact, axis=None, kind="stable")
    units.flat[order[: count - int(units.sum())]] += 1
    return units


def counts(size: int) -> np.ndarray:
    """How many of `size` faces each joint cell gets; int64, the shape of COUNTS."""
    one_each = (COUNTS > 0).astype(np.int64)
    spare = size - int(one_each.sum())
    if spare < 0:  # too few for one in each cell
        return apportion(COUNTS, size)
    return one_each + apportion(np.maximum(COUNTS * size / COUNTS.sum() - 1, 0), spare)


def _split(split: str, size: int, seed: int) -> list[Person]:
    cells = np.repeat(np.arange(COUNTS.size), counts(size).ravel())
    # Names in hashed order, so that a name says nothing of the cell.
    order = np.argsort([derive(seed, f"{split}/order", i, 0) for i in range(len(cells))], kind="stable")
    return [_person(split, number, int(cells[place]), seed) for number, place in enumerate(order)]


def _person(split: str, number: int, cell: int, seed: int) -> Person:
    name = f"{number:06d}"
    # Not the generator of the drawing: one stream for both would tie the skin's tone to the age.
    rng = generator(derive(seed, f"{split}/{name}/age", 0, 0))
    age_bin, gender, ethnicity, expression = (int(i) for i in np.unravel_index(cell, COUNTS.shape))
    low, high, mode = AGES[age_bin]
    age = float(rng.triangular(low, mode, high))
    spread = 1.5 + 0.06 * age
    # The mean of about 36 raters, as many as APPA-REAL's photos have.
    perceived = float(np.clip(age + rng.normal(0, spread / 6), low, high))
    labels = GENDERS[gender], ETHNICITIES[ethnicity], EXPRESSIONS[expression]
    drawing = derive(seed, f"{split}/{name}", 0, 0)
    return Person(name, split, age, round(perceived, 2), round(spread, 2), *labels, drawing)
