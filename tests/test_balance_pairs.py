"""`max_copies_of: pair`: nobody alone and no pair above the bound, and nobody with fewer copies than that allows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from balance import allocate, copies, counts, pairs
from balance.copies import CopyRules
from balance.solver.check import WrongPlan
from balance.solver.planner import make
from manifests.core.cells import Cells
from manifests.core.errors import PlanInfeasible, UserError
from manifests.sections.plan import Plan
from manifests.sections.policies import Policies
from manifests.tables import landmarks
from manifests.tables.pairs import Faces
from tests.support import faces as made_faces
from tests.support.plan_stage import CELLS, LOPSIDED, UNIFORM, PlanStage, photo_table

AMPLE = 10_000
TWO = Cells.of({"gender": ["male", "female"]})
MIXES = {"morph": {"weight": 3.0}, "mixed": {"weight": 1.0}}


def rules(count: int, people: int, policies: dict, seed: int = 0) -> CopyRules:
    """Photos of two cells, of some people, a few of whom nobody can be mixed with."""
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, count)
    faces = replace(Faces.unknown(count), there=rng.random(count) < 0.9, yaw=rng.normal(0, 8, count),
                    pitch=np.zeros(count), age=rng.uniform(20, 32, count), subject=person)  # fmt: skip
    photos = counts.TrainPhotos([f"{i:016x}" for i in range(count)], np.arange(count) % 2, np.arange(count), person)
    return CopyRules(photos, TWO, Policies.model_validate(policies), 7, faces, by_person=True)


def of_each(found: CopyRules, augment: np.ndarray, rejected: copies.Rejected) -> tuple[Counter, Counter]:
    """Copies of each person alone and of each pair in each cell, counted one by one."""
    made = copies.plan_copies(found, augment, rejected)
    names, person, cell = list(found.policies.root), found.photos.person.tolist(), found.photos.cell.tolist()
    alone, pair = Counter(), Counter()
    for photo, policy, donor in zip(made.photo.tolist(), made.policy, made.donor.tolist(), strict=True):
        if names[policy] == "morph":
            pair[cell[photo], frozenset((person[photo], person[donor]))] += 1
        else:
            alone[cell[photo], person[photo]] += 1
    own = pairs.counted(found, made, np.full(2, 10_000))
    assert (own.alone, own.pair) == (max(alone.values(), default=0), max(pair.values(), default=0))
    return alone, pair


def above(caps: np.ndarray, *counters: Counter) -> bool:
    return any(number > caps[key[0]] for counter in counters for key, number in counter.items())


@pytest.mark.parametrize(("count", "people", "seed"), [(60, 25, 0), (30, 4, 1), (12, 3, 2), (9, 9, 3), (80, 80, 4)])
def test_one_copy_more_of_anybody_would_break_the_rule(count: int, people: int, seed: int) -> None:
    found, caps = rules(count, people, MIXES, seed), np.array([6, 3])
    rejected = {2: frozenset({1, 4})}
    room = pairs.room(found, rejected, AMPLE, caps)
    full = replace(found, most=room.photos)
    assert not above(caps, *of_each(full, room.cells, rejected))
    cell, person = found.photos.cell.tolist(), found.photos.person.tolist()
    for most in sorted(set(room.photos.tolist())):  # everybody one copy above it
        higher = replace(found, most=np.full(count, most + 1))
        people_of = np.array([len({p for c, p in zip(cell, person, strict=True) if c == each}) for each in range(2)])
        alone, pair = of_each(higher, people_of * (most + 1), rejected)
        for c, p in {(c, p) for c, p, m in zip(cell, person, room.photos, strict=True) if m == most}:
            with_others = any(number > caps[c] for (where, who), number in pair.items() if where == c and p in who)
            assert most == pairs.MOST * caps[c] or alone[c, p] > caps[c] or with_others


def test_two_who_are_like_nobody_else_bound_nobody_else() -> None:
    everybody = rules(102, 102, MIXES)
    age, one = np.where(np.arange(102) < 2, 60.0, 25.0), np.zeros(102, np.int64)
    faces = replace(everybody.faces, there=np.ones(102, bool), yaw=np.zeros(102), age=age, subject=np.arange(102))
    photos = replace(everybody.photos, cell=one, person=np.arange(102))
    found = replace(everybody, faces=faces, photos=photos)
    room = pairs.room(found, {}, AMPLE, np.array([12, 12]))
    assert room.photos[:2].max() < 20 and room.photos[2:].min() > 40
    assert not above(np.array([12, 12]), *of_each(replace(found, most=room.photos), room.cells, {}))


def test_persons_are_filled_evenly_up_to_their_own_numbers_and_a_larger_number_only_adds() -> None:
    rng = np.random.default_rng(0)
    cell, person = rng.integers(0, 3, 50), rng.integers(0, 20, 50)
    limit = rng.integers(0, 9, (3, 20))[cell, person]
    drawn = allocate.photo_hash(7, [f"{i:016x}" for i in range(50)], "rank")
    own = {(c, p): m for c, p, m in zip(cell.tolist(), person.tolist(), limit.tolist(), strict=True)}
    whole = np.array([sum(m for (c, _), m in own.items() if c == each) for each in range(3)])
    before = np.zeros(50, np.int64)
    for share in np.linspace(0, 1, 12):
        augment = (whole * share).astype(np.int64)
        made = allocate.copies_of_persons(cell, person, drawn, augment, limit)
        assert np.bincount(cell, made, 3).tolist() == augment.tolist() and (made >= before).all()
        of = {key: made[(cell == key[0]) & (person == key[1])].sum() for key in own}
        for each in range(3):
            free = [number for key, number in of.items() if key[0] == each and number < own[key]]
            held = [number for key, number in of.items() if key[0] == each and number == own[key]]
            assert not free or (max(free) - min(free) <= 1 and max(held, default=0) <= min(free) + 1)
        before = made


def test_who_is_mixed_with_many_has_room_for_more_copies_than_max_copies() -> None:
    room = pairs.room(rules(200, 200, MIXES), {}, AMPLE, np.array([5, 5]))
    assert room.photos.min() == 5 and np.median(room.photos) > 10
    alone = rules(40, 12, {"mixed": {"weight": 1.0}})
    persons = counts.persons(alone.photos, TWO)
    assert pairs.room(alone, {}, AMPLE, np.array([5, 8])).cells.tolist() == (persons * [5, 8]).tolist()
    assert pairs.room(alone, {}, 20, np.array([5, 8])).cells.tolist() == (-(-20 // persons) * persons).tolist()


def test_a_photo_without_a_policy_is_an_error_only_where_the_plan_wants_copies() -> None:
    found = rules(40, 40, {"morph": {"weight": 1.0}})
    room = pairs.room(found, {}, AMPLE, np.array([4, 4]))
    stuck = found.weights.sum(axis=1) == 0
    assert stuck.any() and (room.photos[stuck] == 4).all() and (room.photos[~stuck] > 4).any()


def test_a_conflict_names_the_number_in_the_section_and_one_that_is_enough() -> None:
    found = rules(40, 40, MIXES | {"mixed": {"weight": 3.0}})
    available, persons = counts.available(found.photos, TWO), counts.persons(found.photos, TWO)
    section = {"total": 300, "floors": {"male": 180}, "max_copies": 3, "max_copies_of": "pair"}
    rooms = partial(pairs.room, found, {})
    planned = partial(make, cells=TWO, available=available, factors={}, persons=persons, rooms=rooms)
    with pytest.raises(PlanInfeasible, match=r"plan.max_copies: 3") as error:
        planned(Plan.model_validate(section))
    enough = int(str(error.value).rpartition("plan.max_copies: ")[2].split(".")[0])
    made = planned(Plan.model_validate({**section, "max_copies": enough}))
    full = replace(found, most=made.problem.room.photos)
    assert not above(np.array([enough] * 2), *of_each(full, made.augment, {}))
    with pytest.raises(PlanInfeasible):
        planned(Plan.model_validate({**section, "max_copies": enough - 1}))
    high = {"total": 300, "floors": {"male": 500}, "max_copies": 60, "max_copies_of": "pair"}
    with pytest.raises(PlanInfeasible, match=r"floors.male: 500 .*with plan.total: 300.*plan.total: 520"):
        planned(Plan.model_validate(high))
    assert planned(Plan.model_validate({**high, "total": 520})).target.sum() == 520


def test_the_stage_keeps_the_rule_and_reports_what_the_tasks_show(tmp_path: Path) -> None:
    table = photo_table(CELLS, LOPSIDED)
    table = table.set_column(
        table.column_names.index("age"), "age", pc.add(pc.multiply(table["age"], 0.05), 30).cast("float")
    )
    run = PlanStage(tmp_path, CELLS, table)
    faces = made_faces.table(sorted(table["image_id"].to_pylist()))
    landmarks.write(faces, tmp_path / "landmarks.parquet", CELLS)
    section = {"total": 300, "shares": UNIFORM, "max_copies": 9, "price": {"copies": []}}
    arguments = ("--landmarks", tmp_path / "landmarks.parquet")
    reached = {}
    for of in ("photo", "pair"):
        printed = run.run({**section, "max_copies_of": of}, *arguments, policies=MIXES)
        report = json.loads((tmp_path / "summary.json").read_text())
        reached[of] = report["objective"]
    made = [task for task in run.tasks() if task["copy"] and task["split"] == "train"]
    alone = Counter((t["cell"], t["image_id"]) for t in made if t["policy"] != "morph")
    pair = Counter((t["cell"], frozenset((t["image_id"], t["donor"]))) for t in made if t["policy"] == "morph")
    every = Counter((t["cell"], t["image_id"]) for t in made)
    assert max(alone.values()) <= 9 and max(pair.values()) <= 9 < max(every.values())
    expected = (max(every.values()), max(alone.values()), max(pair.values()))
    assert (report["copies_of_person"], report["copies_alone"], report["copies_of_pair"]) == expected
    most, own, both = expected
    line = f"Copies of one person in a cell: {most} at most; of one person alone: {own}; of two persons mixed: {both}\n"
    assert line in printed
    assert reached["pair"] < reached["photo"]


def test_a_plan_that_breaks_the_rule_is_not_written() -> None:
    found = rules(60, 25, MIXES)
    made = copies.plan_copies(found, counts.persons(found.photos, TWO) * 30, {})
    with pytest.raises(WrongPlan, match="above max_copies"):
        pairs.counted(found, made, np.array([6, 6]))


def test_a_cap_per_pair_needs_photos(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("age,gender,ethnicity,available\n<20,male,asian,30\n")
    with pytest.raises(UserError, match=r"plan.max_copies_of: expected photo for a plan from counts.*Received pair"):
        PlanStage(tmp_path, CELLS).run({"total": 60, "max_copies_of": "pair"}, "--counts", tmp_path / "counts.csv")
