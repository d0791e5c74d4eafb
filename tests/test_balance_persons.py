"""`max_copies_of: person`: no person above the bound, today's plan where each photo is a person, and true figures."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance import allocate, copies, counts
from balance.copies import CopyRules
from balance.report.acquisition import acquisition
from balance.report.spread import Spread
from balance.report.variety import variety
from balance.solver.formulation import DEVIATION
from balance.solver.planner import make
from balance.solver.problem import parse
from balance.solver.solve import solve
from manifests.core.cells import Cells
from manifests.core.errors import PlanInfeasible, UserError
from manifests.sections.plan import Plan
from manifests.sections.policies import Policies
from manifests.tables import plan
from manifests.tables.pairs import Faces
from tests.support.plan_stage import CELLS, LOPSIDED, UNIFORM, PlanStage, photo_table

QUICK = {"price": {"copies": []}}  # no tradeoff
PHOTOS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40).map(np.array)
NUMBERS = st.lists(st.integers(0, 60), min_size=4, max_size=4)


def drawn(count: int) -> np.ndarray:
    return allocate.photo_hash(7, [f"{i:016x}" for i in range(count)], "rank")


def split(photos: np.ndarray, augment: list[int]) -> np.ndarray:
    filled = np.bincount(photos[:, 0], minlength=4) > 0
    return allocate.copies_of_persons(photos[:, 0], photos[:, 1], drawn(len(photos)), np.where(filled, augment, 0))


@given(PHOTOS, NUMBERS)
@settings(deadline=None, max_examples=80)
def test_persons_of_a_cell_and_photos_of_a_person_differ_by_at_most_one_copy(photos, wanted):
    count = split(photos, wanted)
    for cell in np.unique(photos[:, 0]).tolist():
        within = photos[:, 0] == cell
        assert count[within].sum() == wanted[cell]
        mine = {p: count[within & (photos[:, 1] == p)] for p in np.unique(photos[within, 1]).tolist()}
        assert np.ptp([one.sum() for one in mine.values()]) <= 1
        assert all(np.ptp(one) <= 1 for one in mine.values())


@given(PHOTOS, NUMBERS, NUMBERS)
@settings(deadline=None, max_examples=80)
def test_a_larger_number_only_adds_copies(photos, wanted, more):
    assert (split(photos, wanted) <= split(photos, np.add(wanted, more).tolist())).all()


@given(PHOTOS, NUMBERS)
@settings(deadline=None, max_examples=80)
def test_persons_of_one_photo_share_as_photos_do(photos, wanted):
    cell = photos[:, 0]
    own = np.stack([cell, np.random.default_rng(len(cell)).permutation(len(cell))], axis=1)
    augment = np.where(np.bincount(cell, minlength=4) > 0, wanted, 0)
    expected = allocate.copies(cell, allocate.ranks(cell, drawn(len(cell))), augment)
    np.testing.assert_array_equal(split(own, wanted), expected)
    spread = Spread.of_photos(cell, expected, 4)
    counted = Spread.of_counts(np.bincount(cell, minlength=4), augment)
    assert spread.most.tolist() == counted.most.tolist()
    assert spread.photos.tolist() == np.trim_zeros(counted.photos, "b").tolist()


def with_subjects(seed: int) -> pa.Table:
    """The lopsided photos: one person in the first cell, some in several other cells, some that nobody knows."""
    table, rng = photo_table(CELLS, LOPSIDED), np.random.default_rng(seed)
    subjects = [f"s{rng.integers(30)}" if rng.random() < 0.8 else None for _ in range(table.num_rows)]
    subjects[: LOPSIDED[0]] = ["alone"] * int(LOPSIDED[0])
    return table.set_column(table.column_names.index("subject"), "subject", pa.array(subjects, pa.string()))


def people(table: pa.Table) -> dict[str, str]:
    """image_id -> who is shown."""
    return {row["image_id"]: row["subject"] or row["image_id"] for row in table.to_pylist()}


@pytest.mark.parametrize("seed", range(4))
def test_no_person_is_above_the_bound_and_the_reports_figures_are_those_of_the_tasks(tmp_path: Path, seed: int):
    table, bound = with_subjects(seed), {"default": 9, "age": {"60+": 30}}
    run = PlanStage(tmp_path, CELLS, table)
    section = {"total": 230, "shares": UNIFORM, "max_copies": bound, "max_copies_of": "person", "keep": 0.9}
    printed = run.run({**section, **QUICK})
    who, made = people(table), [t for t in run.tasks() if t["shard"].startswith("train-")]
    report = json.loads((tmp_path / "summary.json").read_text())
    of_person = Counter((t["cell"], who[t["image_id"]]) for t in made if t["copy"])
    for (cell, _), number in of_person.items():
        assert number <= (30 if CELLS.labels(cell)[0] == "60+" else 9)
    assert report["copies_of_person"] == max(of_person.values())
    of_photo = Counter((t["cell"], t["image_id"]) for t in made if t["copy"])
    photos = counts.photos(table)
    histogram = Counter(of_photo[pair] for pair in zip(photos.cell.tolist(), photos.image_ids, strict=True))
    assert {each["copies"]: each["photos"] for each in report["copies"]} == histogram
    rows = plan.read(tmp_path / "plan.parquet")[0].to_pylist()
    for row in rows:
        most = max((n for (cell, _), n in of_photo.items() if cell == row["cell"]), default=0)
        assert row["max_copies"] == most
    persons = defaultdict(set)
    for cell, image in zip(photos.cell.tolist(), photos.image_ids, strict=True):
        persons[CELLS.name(cell)].add(who[image])
    for each in report["variety"]:
        cell = next(i for i in range(len(CELLS)) if CELLS.name(i) == each["cell"])
        number = sum(n for (c, _), n in of_person.items() if c == cell)
        assert (each["photos"], each["persons"], each["copies"], each["pairs"]) == (
            LOPSIDED[cell], len(persons[each["cell"]]), number, 0)  # fmt: skip
        assert each["per_photo"] == round(number / LOPSIDED[cell], 2)
    assert {each["cell"] for each in report["variety"]} == {CELLS.name(c) for c, _ in of_photo}
    assert f"Copies of one person in a cell: {report['copies_of_person']} at most" in printed


def test_cells_of_one_photo_or_one_person_are_named_though_every_count_is_reached(tmp_path: Path):
    table = with_subjects(0)
    run = PlanStage(tmp_path, CELLS, table)
    section = {"total": 170, "max_copies": 40, "joint": {"<20|male|caucasian": 30, CELLS.name(3): 9}, **QUICK}
    printed = run.run({**section, "max_copies_of": "person"})
    assert "deviation 0, bound 0 (optimal)" in printed and "that would help most" not in printed
    named = printed.partition("Cells of one person, where new photos would help whatever is reached")[2]
    assert "  <20|male|caucasian: 12 photos of one person x 1.5 copies\n" in named
    assert f"  {CELLS.name(3)}: 1 photo x 8 copies\n" in named
    assert "  <20|male|caucasian: 12 photos of one person x 1.5 copies\n" in run.run(section)


def test_the_plan_is_that_of_photos_where_each_photo_is_a_person(tmp_path: Path):
    section = {"total": 260, "shares": UNIFORM, "max_copies": {"default": 6, "age": {"60+": 20}}, **QUICK}
    said, written = {}, {}
    for of in ("photo", "person"):
        (tmp_path / of).mkdir()
        run = PlanStage(tmp_path / of, CELLS, photo_table(CELLS, LOPSIDED))
        said[of], written[of] = run.run({**section, "max_copies_of": of}), run.written()
    summary = json.loads(written["person"].pop("summary.json"))
    most = summary.pop("copies_of_person")
    assert summary == json.loads(written["photo"].pop("summary.json")) and most == summary["copies"][-1]["copies"]
    assert written["person"] == written["photo"]
    told = "No two photos of a cell are known to show one person: each photo counts as a person of its own."
    assert told in said["person"] and told not in said["photo"]


def test_pairs_that_are_mixed_are_counted_and_a_mixed_copy_counts_for_its_photos_person():
    rng, cells = np.random.default_rng(4), Cells.of({"gender": ["male", "female"]})
    person = rng.integers(0, 6, 40)
    faces = replace(Faces.unknown(40), there=np.ones(40, bool), yaw=np.zeros(40), pitch=np.zeros(40),
                    age=rng.uniform(20, 30, 40), subject=person)  # fmt: skip
    photos = counts.TrainPhotos([f"{i:016x}" for i in range(40)], np.arange(40) % 2, np.arange(40), person)
    policies = Policies.model_validate({"morph": {"weight": 1.0}, "mixed": {"weight": 1.0}})
    rules = CopyRules(photos, cells, policies, 7, faces, by_person=True)
    made = copies.plan_copies(rules, np.array([90, 61]), {})
    for number, each in zip((0, 1), sorted(variety(rules, made), key=lambda one: -one.copies), strict=True):
        within = photos.cell[made.photo] == number
        pairs = {frozenset((person[p], person[d])) for p, d in zip(made.photo[within], made.donor[within], strict=True)
                 if d >= 0}  # fmt: skip
        assert all(len(pair) == 2 for pair in pairs)
        assert (each.pairs, each.persons) == (len(pairs), len(set(person[photos.cell == number].tolist())))
        shown = Counter(person[made.photo[within]].tolist())
        assert max(shown.values()) - min(shown.values()) <= 1 and sum(shown.values()) == each.copies


def test_a_conflict_names_the_cap_and_the_number_that_is_enough():
    cells, available, persons = Cells.of({"gender": ["male", "female"]}), np.array([10, 10]), np.array([2, 10])
    section = {"total": 60, "floors": {"male": 40}, "max_copies": 5}
    assert make(Plan.model_validate(section), cells, available, {}, persons).target.tolist() == [40, 20]
    with pytest.raises(PlanInfeasible, match=r"plan.floors.male: 40 \(10 photos, 10 to 20 images\)") as error:
        make(Plan.model_validate({**section, "max_copies_of": "person"}), cells, available, {}, persons)
    assert "or plan.max_copies: 15" in str(error.value)
    enough = {**section, "max_copies_of": "person", "max_copies": 15}
    assert make(Plan.model_validate(enough), cells, available, {}, persons).target.tolist() == [40, 20]


@pytest.mark.parametrize("seed", range(3))
def test_new_photos_of_new_persons_bring_what_the_list_says(seed: int):
    rng = np.random.default_rng(seed)
    persons = np.minimum(LOPSIDED, rng.integers(1, 5, len(CELLS)))
    section = Plan.model_validate({"total": 260, "shares": UNIFORM, "max_copies": 8, "max_copies_of": "person"})
    made = make(section, CELLS, LOPSIDED, {}, persons)
    found = acquisition(made)
    added = np.zeros(len(CELLS), np.int64)
    for each in found:
        added[next(i for i in range(len(CELLS)) if CELLS.name(i) == each.cell)] += each.photos
        richer = parse(section, CELLS, LOPSIDED + added, {}, persons + added).with_total(260)
        assert each.left == solve(richer, (DEVIATION,)).levels[0].value / made.problem.scale
    assert found and found[-1].left < made.solution.levels[0].value / made.problem.scale


def test_a_cap_per_person_needs_photos(tmp_path: Path):
    (tmp_path / "counts.csv").write_text("age,gender,ethnicity,available\n<20,male,asian,30\n")
    with pytest.raises(UserError) as error:
        PlanStage(tmp_path, CELLS).run({"total": 60, "max_copies_of": "person"}, "--counts", tmp_path / "counts.csv")
    assert str(error.value).endswith(
        "params.yaml: plan.max_copies_of: expected photo for a plan from counts, which do not say who is who. "
        "Received person. Remove the key, or plan from photos."
    )
