"""What a drawn person looks like: every parameter of the drawing, drawn before anything is painted.

Each label moves the middle of broad ranges that overlap with those of the other values; no
parameter alone tells a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manifests.faces.habits import GREY, HABITS, HAIR, SKIN, Habit

# Smile, opening, squint, brow height and brow tilt.
MOODS = {
    "neutral": ((-0.05, 0.0, 0.0, 0.0, 0.0),),
    "slightly happy": ((0.38, 0.0, 0.12, 0.0, 0.0),),
    "happy": ((0.78, 0.55, 0.32, 0.01, 0.0),),
    "other": (
        (-0.1, 0.8, -0.3, -0.09, -0.05),  # surprised
        (-0.65, 0.0, 0.15, 0.0, -0.3),  # sad
        (-0.5, 0.3, 0.3, 0.05, 0.35),  # angry
        (-0.35, 0.2, 0.5, 0.04, 0.2),  # disgusted
    ),
}


@dataclass(frozen=True)
class Look:
    """One person: colours RGB from 0 to 255, lengths in face units, the rest from 0 to 1."""

    skin: np.ndarray
    lips_colour: np.ndarray
    hair_colour: np.ndarray
    brow_colour: np.ndarray
    eye_colour: np.ndarray
    clothes: np.ndarray
    youth: float  # 1 a baby, 0 grown
    temple: float
    cheek: float
    jaw: float
    chin: float  # half width
    chin_y: float
    eye_y: float
    eye_x: float
    eye_w: float
    eye_h: float
    lid: float
    slant: float
    brow: float  # thickness
    brow_y: float
    brow_tilt: float
    nose_w: float
    nose_y: float
    mouth_y: float
    mouth_w: float
    lips: float
    smile: float  # -1 corners down to 1 up
    opening: float
    teeth: float
    squint: float
    lines: float
    folds: float
    bags: float
    spots: float
    sag: float
    blush: float
    neck: float
    length: float  # how far down the hair falls, y
    volume: float
    curl: float
    fringe: float
    parting: float
    recede: float
    thin: float
    beard: float
    beard_length: float
    beard_colour: np.ndarray
    glasses: bool
    earring: bool
    seed: int  # of strands, spots and the like


def look(age: float, gender: str, ethnicity: str, expression: str, rng: np.random.Generator) -> Look:
    """Draw a person.

    Args:
        age: years, 0 to 100.
        gender: male or female.
        ethnicity: one of HABITS.
        expression: one of MOODS.
        rng: draws everything.
    """
    habit, man = HABITS[ethnicity], gender == "male"
    youth = float(np.exp(-((age / 11) ** 1.7)))
    tone = float(np.clip(rng.normal(*habit.tone), 0.02, 0.98))
    skin = between(SKIN, tone) * rng.normal(1, 0.02, 3)
    return Look(
        **_colours(age, man, habit, skin, youth, rng),
        **_shape(age, man, habit, youth, rng),
        **_mood(expression, rng),
        **_years(age, habit, rng),
        **_hair(age, man, habit, youth, rng),
        skin=skin,
        youth=youth,
        glasses=bool(rng.random() < 0.04 + 0.2 * ramp(age, 10, 70)),
        earring=bool(rng.random() < (0.03 if man else 0.3) * ramp(age, 3, 14)),
        seed=int(rng.integers(2**63)),
    )


def ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, straight between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def between(palette: np.ndarray, position: float) -> np.ndarray:
    """A colour at `position`, 0 to 1, along a palette (colours, 3)."""
    steps = np.linspace(0, 1, len(palette))
    return np.array([np.interp(position, steps, channel) for channel in palette.T])


def _colours(age: float, man: bool, habit: Habit, skin: np.ndarray, youth: float, rng: np.random.Generator) -> dict:
    shares = np.array(habit.hair, float)
    natural = HAIR[rng.choice(len(HAIR), p=shares / shares.sum())] * rng.normal(1, 0.06, 3)
    natural = natural + 0.25 * youth * (HAIR[5] - natural) * (natural.mean() > 50)
    grey = 1 / (1 + np.exp(-(age - rng.normal(habit.grey, 7)) / 5))
    dyed = rng.random() < (0.04 if man else 0.35)
    hair = natural + (GREY - natural) * (0.15 * grey if dyed else grey)
    beard = natural * 0.8 + (GREY - natural * 0.8) * min(1.0, grey * rng.uniform(0.9, 1.4))
    brow = 0.75 * natural + (GREY - 0.75 * natural) * grey * rng.uniform(0.2, 0.7)
    made_up = 0.0 if man else rng.uniform(0, 0.8) * ramp(age, 13, 22)
    lips = skin * (0.86, 0.66, 0.64) * (1 - made_up) + made_up * np.array((176, 62, 76)) * rng.normal(1, 0.1)
    eyes = np.array([(52, 34, 24), (84, 56, 34), (96, 104, 66), (92, 124, 150)], float)
    light = shares[3:].sum() / shares.sum()
    return {
        "hair_colour": np.clip(hair, 8, 240),
        "beard_colour": np.clip(beard, 8, 240),
        "brow_colour": np.clip(brow, 8, 220),
        "lips_colour": lips,
        "eye_colour": eyes[rng.choice(4, p=np.array([1 - light, 0.4 * light, 0.25 * light, 0.35 * light]))],
        "clothes": rng.uniform(30, 220, 3) * 0.6 + rng.uniform(30, 220) * 0.4,
    }


def _shape(age: float, man: bool, habit: Habit, youth: float, rng: np.random.Generator) -> dict:
    grown = ramp(age, 9, 19)
    broad = rng.normal(0, 0.03)
    sag = ramp(age, 40, 80) * rng.uniform(0.5, 1.1)
    full = rng.normal(0, 0.03) - 0.035 * ramp(age, 20, 42) + 0.02 * sag  # cheeks lose their fullness
    return {
        "sag": sag,
        "temple": 0.69 + 0.06 * youth + broad + rng.normal(0, 0.012),
        "cheek": 0.71 + 0.07 * youth + broad + full,
        "jaw": 0.53
        + 0.08 * youth
        + (0.055 if man else -0.01) * grown
        + broad
        + full
        + 0.05 * sag
        + rng.normal(0, 0.02),
        "chin": 0.22 + (0.05 if man else -0.01) * grown + rng.normal(0, 0.02),
        "chin_y": 1.0 - 0.13 * youth + rng.normal(0, 0.025),
        "eye_y": 0.12 * youth + rng.normal(0, 0.012),
        "eye_x": 0.315 + 0.01 * youth + rng.normal(0, 0.012),
        "eye_w": 0.15 + 0.025 * youth + rng.normal(0, 0.008),
        "eye_h": 0.066 + 0.03 * youth - 0.016 * ramp(age, 25, 80) + rng.normal(0, 0.006),
        "lid": max(0.03, habit.lid + rng.normal(0, 0.015)),
        "slant": rng.normal(-0.03, 0.05) + 0.06 * ramp(age, 45, 85),
        "brow": max(0.018, (0.05 if man else 0.034) - 0.014 * youth + rng.normal(0, 0.007)),
        "nose_w": habit.nose * (1 - 0.22 * youth)
        + 0.02 * man * grown
        + 0.03 * ramp(age, 30, 85)
        + rng.normal(0, 0.016),
        "nose_y": 0.39 + 0.05 * ramp(age, 25, 85) + rng.normal(0, 0.02),
        "mouth_y": 0.63 - 0.03 * youth + 0.02 * ramp(age, 40, 85) + rng.normal(0, 0.015),
        "mouth_w": 0.25 - 0.06 * youth + rng.normal(0, 0.015),
        "lips": max(0.03, habit.lips * (1 - 0.4 * ramp(age, 28, 80)) - 0.008 * man + rng.normal(0, 0.012)),
        "neck": (0.43 if man else 0.35) * (1 - 0.3 * youth) + rng.normal(0, 0.02),
        "blush": float(np.clip(0.25 + 0.4 * youth + rng.normal(0, 0.15), 0, 1)),
    }


def _mood(expression: str, rng: np.random.Generator) -> dict:
    kinds = MOODS[expression]
    smile, opening, squint, brow_y, tilt = kinds[rng.integers(len(kinds))]
    opening = float(np.clip(opening + rng.normal(0, 0.15), 0, 1)) if opening else float(rng.random() < 0.1) * 0.12
    return {
        "smile": float(np.clip(smile + rng.normal(0, 0.13), -1, 1)),
        "opening": opening,
        "teeth": float(opening > 0.1) * float(smile > 0.2),
        "squint": float(np.clip(squint + rng.normal(0, 0.08), -0.4, 0.7)),
        "brow_y": -0.2 + brow_y + rng.normal(0, 0.015),
        "brow_tilt": tilt + rng.normal(0, 0.05),
    }


def _years(age: float, habit: Habit, rng: np.random.Generator) -> dict:
    onset, depth = habit.lines
    weathered = rng.normal(0, 5)
    return {
        "lines": depth * ramp(age + weathered, onset, onset + 42),
        "folds": habit.folds * ramp(age + rng.normal(0, 5), 22, 72),
        "bags": ramp(age + rng.normal(0, 7), 18, 75),
        "spots": habit.spots * ramp(age + rng.normal(0, 6), 30, 75),
    }


def _hair(age: float, man: bool, habit: Habit, youth: float, rng: np.random.Generator) -> dict:
    long = rng.random() < (0.08 if man else 0.72) * ramp(age, 1, 6)
    curl = float(np.clip(rng.normal(*habit.curl), 0, 1))
    bald = ramp(age + rng.normal(0, 14), 28, 85) if man else 0.25 * ramp(age, 55, 95)
    shadow = ramp(age, 15, 24) * man
    bearded = rng.random() < 0.38
    return {
        "length": rng.uniform(0.5, 1.7) if long else rng.uniform(-0.15, 0.3),
        "volume": max(0.03, (0.07 if man else 0.11) + 0.12 * curl * rng.random() - 0.05 * youth + rng.normal(0, 0.025)),
        "curl": curl,
        "fringe": float(rng.random() < (0.3 if age < 14 else 0.16)) * rng.uniform(0.5, 1),
        "parting": rng.uniform(-0.6, 0.6),
        "recede": float(np.clip(bald * rng.uniform(0.6, 1.2), 0, 1)),
        "thin": float(np.clip(max(1.3 * bald - 0.5, 1.4 * ramp(2.5 - age, 0, 2.5) * rng.random()), 0, 1)),
        "beard": shadow * (rng.uniform(0.45, 1) if bearded else rng.uniform(0, 0.3)),
        "beard_length": rng.uniform(0, 0.16) * bearded * shadow,
    }
