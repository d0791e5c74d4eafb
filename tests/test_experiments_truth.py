"""An implanted truth: the verdict says that rendering pays where copies are new people, and not where they are repeats.

The model is a ridge regression on small grey pictures of drawn faces, so that forty comparisons take a minute. It draws
random weights of its photos each time: as with networks, two trainings on equal photos differ.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from experiments.nested import report
from experiments.nested.report import Found, Trialled
from experiments.nested.trial import Setting, Trial
from manifests import faces
from manifests.core.cells import Cells
from manifests.core.seeds import derive, generator
from manifests.sections.score import Score

CELLS = Cells.of({"age": [60], "gender": ["male", "female"]})
TRIAL = Trial.model_validate_json(
    '{"title": "Drawn", "params": "params.yaml", "recipe": "adjusted", "candidates": {"steps": [8], "adjust": [0]},'
    '"ways": {"original": {}, "weighted": {"weights": "plan"}, "repeated": {}, "rendered": {"images": "balanced"}},'
    '"plain": "original", "repeated": "repeated", "rendered": ["rendered"]}'
)
SIDE, YOUNG, OLD, COPIES = 24, 400, 16, 12  # pixels; train people below and above 60; images of each old one
SEEDS = 20
Faces = tuple[np.ndarray, np.ndarray, np.ndarray]  # pictures, ages, cells


def drawn(count: int, low: float, high: float, seed: int) -> Faces:
    """So many people between two ages: float64 (count, pixels), their ages, and their joint cells."""
    rng = generator(derive(seed, "truth", int(low), count))
    ages, genders, pictures = rng.uniform(low, high, count), rng.integers(0, 2, count), []
    for age, gender in zip(ages, genders, strict=True):
        image = faces.face(float(age), ("male", "female")[gender], "caucasian", "neutral", rng)
        grey = cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        pictures.append(grey.ravel() / 128 - 1)
    return np.stack(pictures), ages, 2 * (ages >= 60) + genders


@pytest.fixture(scope="module")
def crowd() -> tuple[Faces, Faces]:
    """Enough young and old people for every seed to choose its own from."""
    return drawn(1600, 20, 60, 1), drawn(900, 60, 90, 2)


def taken(people: Faces, rows: np.ndarray) -> Faces:
    return people[0][rows], people[1][rows], people[2][rows]


def together(*parts: Faces) -> Faces:
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def errors(train: Faces, test: Faces, rng: np.random.Generator, weights: np.ndarray | float = 1.0) -> np.ndarray:
    """Absolute errors of a weighted ridge regression, in years."""
    x, y = np.column_stack([train[0], np.ones(len(train[0]))]), train[1]
    w = weights * rng.uniform(0.5, 1.5, len(x))
    solved = np.linalg.solve(x.T @ (w[:, None] * x) + 30 * np.eye(x.shape[1]), x.T @ (w * y))
    return np.abs(np.column_stack([test[0], np.ones(len(test[0]))]) @ solved - test[1])


def verdict(crowd: tuple[Faces, Faces], seed: int, new_people: bool) -> str:
    """One trial: few old people among the train photos; the plan wants COPIES images of each."""
    rng = np.random.default_rng(seed)
    young, old = (rng.permutation(len(part[1])) for part in crowd)
    base = taken(crowd[0], young[:YOUNG])
    few = taken(crowd[1], old[:OLD])
    again = taken(crowd[1], np.tile(old[:OLD], COPIES - 1))
    fresh = taken(crowd[1], old[OLD : OLD * COPIES]) if new_people else again
    test = together(taken(crowd[0], young[YOUNG : YOUNG + 900]), taken(crowd[1], old[-300:]))
    original = together(base, few)
    plan = np.where(original[2] >= 2, float(COPIES), 1.0)
    made = {
        "original": errors(original, test, rng),
        "weighted": errors(original, test, rng, plan),
        "repeated": errors(together(original, again), test, rng),
        "rendered": errors(together(original, fresh), test, rng),
    }
    found = {way: Found(error, [Setting(8, 0.0)]) for way, error in made.items()}
    photos = pa.table({"cell": pa.array(test[2], pa.int32())})
    one = Trialled(Path("drawn.yaml"), TRIAL, found, photos, CELLS, Score(resamples=500), 7)
    return report.terminal([one]).splitlines()[-1]


@pytest.mark.slow
def test_new_people_in_the_rare_cells_pay(crowd: tuple[Faces, Faces]) -> None:
    told = [verdict(crowd, seed, new_people=True) for seed in range(SEEDS)]
    assert sum(not one.startswith("Rendering pays") for one in told) <= 1, told


@pytest.mark.slow
def test_repeats_under_the_name_of_copies_do_not_pay(crowd: tuple[Faces, Faces]) -> None:
    told = [verdict(crowd, seed, new_people=False) for seed in range(SEEDS)]
    assert sum(one.startswith("Rendering pays") for one in told) <= 1, told
