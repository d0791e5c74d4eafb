"""The drawn faces: who is drawn, and what each label does to the drawing."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from manifests.core.seeds import generator
from manifests.faces import face, habits, looks, people, scene

REAL = Path(__file__).resolve().parent.parent.parent / "shared/data/appa_real/labels_metadata_train.csv"
LABELS = {"age": 35.0, "gender": "female", "ethnicity": "asian", "expression": "neutral"}


def drawn(seed: int = 5, **changes: object) -> np.ndarray:
    return face(**{**LABELS, **changes}, rng=generator(seed))


def some_looks(number: int = 150, **changes: object) -> list[looks.Look]:
    return [looks.look(**{**LABELS, **changes}, rng=generator(seed)) for seed in range(number)]


def cell_counts(everyone: list[people.Person]) -> np.ndarray:
    """Count again from the ages and labels, without the module's own cell numbers."""
    found = np.zeros((4, 2, 3, 4), int)
    for person in everyone:
        age_bin = sum(person.perceived >= edge for edge in (20, 40, 60))
        gender = ("male", "female").index(person.gender)
        ethnicity = ("caucasian", "asian", "afroamerican").index(person.ethnicity)
        expression = ("neutral", "slightly happy", "happy", "other").index(person.expression)
        found[age_bin, gender, ethnicity, expression] += 1
    return found


def spelled(emotion: str) -> str:
    return {"slightlyhappy": "slightly happy"}.get(emotion, emotion)


# Who is drawn


@pytest.mark.skipif(not REAL.is_file(), reason="the labels of APPA-REAL are not at ../shared/data")
def test_the_counts_are_those_of_the_usable_train_photos() -> None:
    with REAL.open() as file:
        rows = [row for row in csv.DictReader(file) if row["imageId"] != "001583"]  # the bytes of test 000385
    usable = [
        people.Person("", "", 0, float(row["age"]), 0, row["gender"], row["ethnicity"], spelled(row["emotion"]), 0)
        for row in rows
    ]
    assert np.array_equal(cell_counts(usable), people.COUNTS)


def test_eighteen_of_the_ninety_six_cells_are_empty() -> None:
    assert people.COUNTS.shape == (4, 2, 3, 4)
    assert people.COUNTS.sum() == 4064
    assert (people.COUNTS == 0).sum() == 18


@pytest.mark.parametrize("count", [100, 101, 160, 2000, 5000])
def test_as_many_are_drawn_as_asked_for_in_splits_of_three_one_one(count: int) -> None:
    splits = Counter(person.split for person in people.people(count, 7))
    assert splits.total() == count
    assert [splits[split] for split in ("train", "valid", "test")] == pytest.approx(
        [0.6 * count, 0.2 * count, 0.2 * count], abs=1
    )


@pytest.mark.parametrize("count", [100, 2000, 5000])
def test_empty_cells_stay_empty_and_labels_agree_with_the_bins(count: int) -> None:
    everyone = people.people(count, 7)
    for split in people.SHARES:
        members = [person for person in everyone if person.split == split]
        found = cell_counts(members)
        assert found[people.COUNTS == 0].sum() == 0
        assert np.array_equal(found, people.counts(len(members)))


@pytest.mark.parametrize("size", [78, 400, 1200, 3000])
def test_a_cell_with_photos_keeps_at_least_one_face(size: int) -> None:
    assert people.counts(size)[people.COUNTS > 0].min() == 1


@pytest.mark.parametrize("size", [20, 60, 77])
def test_a_split_too_small_for_that_stays_within_one_face_of_each_share(size: int) -> None:
    counts = people.counts(size)
    assert counts.sum() == size
    assert np.abs(counts - people.COUNTS * size / 4064).max() < 1


def test_the_shares_are_as_lopsided_as_the_photos() -> None:
    for axis in range(4):
        others = tuple(other for other in range(4) if other != axis)
        wanted = people.COUNTS.sum(axis=others) / people.COUNTS.sum()
        assert people.counts(1200).sum(axis=others) / 1200 == pytest.approx(wanted, abs=0.02)


def test_people_are_the_same_twice_and_others_with_another_seed() -> None:
    assert people.people(200, 7) == people.people(200, 7)
    assert people.people(200, 7) != people.people(200, 8)


def test_no_two_people_share_a_seed() -> None:
    everyone = people.people(3000, 7)
    assert len({person.seed for person in everyone}) == 3000


def test_a_name_says_nothing_of_the_cell() -> None:
    train = [person for person in people.people(2000, 7) if person.split == "train"]
    numbers, ages = [int(person.name) for person in train], [person.perceived for person in train]
    assert abs(np.corrcoef(numbers, ages)[0, 1]) < 0.1


def test_the_label_is_what_raters_say_of_the_age_that_is_drawn() -> None:
    everyone = people.people(2000, 7)
    off = np.array([person.perceived - person.age for person in everyone])
    assert 0.2 < np.abs(off).mean() < 1.5
    assert all(1.5 < person.spread < 8 for person in everyone)


def test_the_error_of_a_label_does_not_show_in_the_drawing() -> None:
    chosen = [p for p in people.people(1500, 7) if p.ethnicity == "caucasian"]
    errors = [(p.perceived - p.age) / p.spread for p in chosen]
    skins = [looks.look(p.age, p.gender, p.ethnicity, p.expression, generator(p.seed)).skin for p in chosen]
    for channel in range(3):
        assert abs(np.corrcoef([skin[channel] for skin in skins], errors)[0, 1]) < 0.1


# How they are drawn


def test_a_face_is_96_pixels_of_rgb_and_the_same_twice() -> None:
    first = drawn()
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, drawn())


def test_another_seed_draws_another_face() -> None:
    assert np.abs(drawn(1).astype(int) - drawn(2)).mean() > 10


@pytest.mark.parametrize(
    "change", [{"age": 70.0}, {"age": 8.0}, {"gender": "male"}, {"ethnicity": "caucasian"}, {"expression": "happy"}]
)
def test_each_label_alone_changes_the_face(change: dict[str, object]) -> None:
    for seed in range(4):  # a smile is small: some 50 pixels, by more than noise does
        changed = np.abs(drawn(seed, **change).astype(int) - drawn(seed)).max(axis=2) > 20
        assert changed.sum() >= 50


@pytest.mark.parametrize("age", [0.0, 1.0, 19.9, 100.0])
@pytest.mark.parametrize("gender", people.GENDERS)
def test_the_ends_of_life_can_be_drawn(age: float, gender: str) -> None:
    for ethnicity in people.ETHNICITIES:
        for expression in people.EXPRESSIONS:
            assert drawn(age=age, gender=gender, ethnicity=ethnicity, expression=expression).std() > 10


def test_skin_tones_of_any_two_groups_overlap() -> None:
    tones = {name: [look.skin.mean() for look in some_looks(600, ethnicity=name)] for name in habits.HABITS}
    for one in tones.values():
        for other in tones.values():
            assert min(one) < max(other)
    light, middle, dark = (tones[name] for name in ("caucasian", "asian", "afroamerican"))
    assert np.mean(light) > np.mean(middle) > np.mean(dark)
    assert np.percentile(light, 25) < np.percentile(middle, 75)
    assert np.percentile(middle, 5) < np.percentile(dark, 95)


def test_tone_hair_and_curl_vary_within_every_group() -> None:
    for name in habits.HABITS:
        members = some_looks(300, ethnicity=name)
        assert np.std([look.skin.mean() for look in members]) > 10
        assert np.std([look.hair_colour.mean() for look in members]) > 10
        assert np.std([look.curl for look in members]) > 0.1
        assert len({tuple(look.eye_colour) for look in members}) > 2


def test_long_hair_beards_and_dark_brows_give_no_gender_away() -> None:
    men, women = some_looks(300, gender="male"), some_looks(300, gender="female")
    assert any(look.length > 0.5 for look in men)
    assert sum(look.length < 0.5 for look in women) > 30
    assert min(look.brow for look in men) < max(look.brow for look in women)
    assert min(look.jaw for look in men) < max(look.jaw for look in women)


@pytest.mark.parametrize("ethnicity", habits.HABITS)
def test_lines_folds_and_grey_hair_come_with_age(ethnicity: str) -> None:
    young, old = (some_looks(age=age, ethnicity=ethnicity, gender="male") for age in (22.0, 75.0))
    for sign in ("lines", "folds", "bags", "spots", "sag"):
        rise = np.mean([getattr(look, sign) for look in old]) - np.mean([getattr(look, sign) for look in young])
        assert rise > 0.3, sign
    grey = [np.abs(look.hair_colour - habits.GREY).mean() < 40 for look in old]
    assert np.mean(grey) > 0.6


def test_groups_age_in_different_ways() -> None:
    def mean(sign: str, ethnicity: str) -> float:
        return float(np.mean([getattr(look, sign) for look in some_looks(ethnicity=ethnicity, age=60.0)]))

    assert mean("lines", "caucasian") > mean("lines", "asian") > mean("lines", "afroamerican")
    assert mean("spots", "asian") > mean("spots", "caucasian")


def test_smiles_of_neighbouring_expressions_overlap() -> None:
    smiles = [
        [look.smile for look in some_looks(300, expression=name)] for name in ("neutral", "slightly happy", "happy")
    ]
    assert np.mean(smiles[0]) < np.mean(smiles[1]) < np.mean(smiles[2])
    assert max(smiles[0]) > min(smiles[1])
    assert max(smiles[1]) > min(smiles[2])


def test_the_nuisance_knows_no_label_and_varies() -> None:
    scenes = [scene.scene(generator(seed)) for seed in range(200)]
    for name in ("hard", "warmth", "exposure", "contrast", "blur", "noise"):
        assert np.std([getattr(view, name) for view in scenes]) > 0
    assert np.std([view.pose.yaw for view in scenes]) > 0.1


def test_every_trait_of_a_look_is_drawn_in_its_range() -> None:
    unit = ("youth", "opening", "teeth", "blush", "curl", "recede", "thin", "beard", "fringe")
    for age in (1.0, 30.0, 90.0):
        for look in some_looks(60, age=age, gender="male", expression="other"):
            assert all(0 <= getattr(look, name) <= 1 for name in unit)
            assert all(np.isfinite(getattr(look, field.name)).all() for field in fields(look))
