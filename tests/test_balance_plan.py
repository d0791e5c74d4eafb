from __future__ import annotations

import csv
import io
import json
import re
import time
from collections import Counter
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest

from balance import counts
from balance import plan as stage
from balance.report.acquisition import shopping_list
from balance.report.explain import binding, outcomes
from balance.solver import check
from balance.solver.formulation import Formulation
from balance.solver.planner import Planned, make
from balance.solver.problem import problem
from balance.solver.solve import solve
from balance.solver.total import least_total
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.seeds import derive
from manifests.sections.plan import Plan
from manifests.tables import base, plan, source, tasks

ROOT = Path(__file__).parents[1]
DATA = ROOT / "../shared/data"
CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian"]})
UNIFORM = dict.fromkeys(("age", "gender", "ethnicity"), "uniform")
POLICIES = {"flip": {"weight": 1}, "pose": {"weight": 2}, "tone": {"weight": 1, "by": {"age": {"60+": {"weight": 3}}}}}


def photo_table(cells: Cells, available: np.ndarray, valid: int = 7) -> pa.Table:
    """A source table: train photos as given, some of valid, one train photo that nearly equals one of them."""
    cell = [*np.repeat(np.arange(len(cells)), available), *[0] * valid, 1]
    split = ["train"] * int(available.sum()) + ["valid"] * valid + ["train"]
    ids = [sha256(str(i).encode()).hexdigest()[:16] for i in range(len(cell))]
    near = [None] * (len(cell) - 1) + [ids[-2]]
    columns = {
        "image_id": pa.array(ids),
        "path": pa.array([f"{i}.jpg" for i in range(len(cell))]),
        "split": pa.array(split).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
        "age": pa.array(np.arange(len(cell)) % 90, pa.float32()),
        "age_std": pa.nulls(len(cell), pa.float32()),
        "age_width": pa.nulls(len(cell), pa.float32()),
        "subject": pa.nulls(len(cell), pa.string()),
    }
    axes = base.axis_columns(cells, pa.array(cell, pa.int32()))
    rest = [pa.array([96] * len(cell), pa.int32())] * 2 + [pa.array(near, pa.string())]
    return pa.table([*columns.values(), *axes, *rest], names=source.schema(cells).names)


class Stage:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, cells: Cells, table: pa.Table | None = None) -> None:
        self.folder, self.cells = folder, cells
        if table is not None:
            source.write(table, folder / "source.parquet", cells)
        (folder / "rejects.csv").write_text("task_id,reason\n")
        (folder / "emphasis.json").write_text("{}\n")

    def run(self, wish: dict, *options: object) -> str:
        """Plan, and give what the command printed."""
        spec = {axis.name: list(axis.edges or axis.values) for axis in self.cells.axes}
        params = {"seed": 7, "cells": spec, "plan": wish, "policies": POLICIES}
        (self.folder / "params.yaml").write_text(json.dumps(params))
        suffix = {"source": "parquet", "rejects": "csv", "emphasis": "json", "plan": "parquet", "summary": "json"}
        suffix |= {
            "tasks": "parquet",
            "shares": "csv",
            "heat": "csv",
            "copies": "csv",
            "price": "csv",
            "params": "yaml",
        }
        paths = [x for name, end in suffix.items() for x in (f"--{name}", str(self.folder / f"{name}.{end}"))]
        printed = io.StringIO()
        with mock.patch("sys.argv", ["balance.plan", *paths, *map(str, options)]), redirect_stdout(printed):
            stage.main()
        return printed.getvalue()

    def written(self) -> dict[str, bytes]:
        made = ("plan.parquet", "summary.json", "tasks.parquet", "shares.csv", "heat.csv", "copies.csv", "price.csv")
        return {name: (self.folder / name).read_bytes() for name in made if (self.folder / name).exists()}

    def tasks(self) -> list[dict]:
        return tasks.read(self.folder / "tasks.parquet")[0].to_pylist()


@pytest.fixture(scope="module")
def lopsided() -> np.ndarray:
    return np.array([12, 5, 9, 1, 40, 10, 33, 6, 4, 0, 3, 1])


@pytest.fixture(scope="module")
def planned(tmp_path_factory, lopsided) -> tuple[Stage, str]:
    run = Stage(tmp_path_factory.mktemp("plan"), CELLS, photo_table(CELLS, lopsided))
    return run, run.run({"total": 240, "shares": UNIFORM, "shard_size": 50})


def test_tasks_hold_the_plan(planned, lopsided):
    run, _ = planned
    table, cells = plan.read(run.folder / "plan.parquet")
    rows = table.to_pylist()
    assert cells == CELLS
    assert [row["available"] for row in rows] == lopsided.tolist()
    assert sum(row["target"] for row in rows) == 240
    made = run.tasks()
    train = [t for t in made if t["shard"].startswith("train-")]
    assert Counter(t["cell"] for t in train) == {r["cell"]: r["target"] for r in rows if r["target"]}
    assert Counter(t["cell"] for t in train if t["copy"]) == {r["cell"]: r["augment"] for r in rows if r["augment"]}
    most = {r["cell"]: r["max_copies"] for r in rows}
    assert all(t["copy"] <= most[t["cell"]] for t in train)
    assert all(t["split"] == "train" and t["kept"] for t in train)
    assert all(t["policy"] == "original" and t["donor"] is None for t in made if t["copy"] == 0)
    assert all(t["seed"] == derive(7, t["image_id"], t["copy"], 0) for t in made)


def test_valid_passes_through_and_near_duplicates_do_not(planned, lopsided):
    run, _ = planned
    made = run.tasks()
    rows = source.read(run.folder / "source.parquet")[0].to_pylist()
    assert {t["image_id"] for t in made if t["split"] == "valid"} == {
        r["image_id"] for r in rows if r["split"] == "valid"
    }
    assert all(t["copy"] == 0 and t["shard"].startswith("valid-") for t in made if t["split"] == "valid")
    assert rows[-1]["image_id"] not in {t["image_id"] for t in made}


def test_tasks_are_in_order_and_fill_their_shards(planned):
    made = planned[0].tasks()
    keys = [(t["shard"], t["image_id"], t["copy"]) for t in made]
    assert keys == sorted(keys)
    sizes = Counter(t["shard"] for t in made)
    assert sizes == {"train-00000.tar": 50, "train-00001.tar": 50, "train-00002.tar": 50, "train-00003.tar": 50,
                     "train-00004.tar": 40, "valid-00000.tar": 7}  # fmt: skip


def test_donors_are_other_photos_of_the_same_cell(planned):
    made = planned[0].tasks()
    cell_of = {t["image_id"]: t["cell"] for t in made if t["split"] == "train"}
    toned = [t for t in made if t["policy"] == "tone"]
    assert toned
    assert all(t["donor"] != t["image_id"] and cell_of[t["donor"]] == t["cell"] for t in toned)
    assert all(t["donor"] is None for t in made if t["policy"] != "tone")
    alone = {cell for cell, n in Counter(cell_of.values()).items() if n == 1}
    assert alone
    assert not any(t["policy"] == "tone" for t in made if t["cell"] in alone)


def test_the_same_bytes_twice_and_from_another_photo_order(planned, tmp_path, lopsided):
    run, _ = planned
    table = photo_table(CELLS, lopsided)
    other = Stage(tmp_path, CELLS, table.take(pa.array(np.random.default_rng(5).permutation(table.num_rows))))
    again = other.run({"total": 240, "shares": UNIFORM, "shard_size": 50})
    assert again == planned[1]
    assert other.written() == run.written()
    assert len(run.written()) == 7


def test_the_report_names_every_wish_and_what_stands_in_its_way(planned):
    run, printed = planned
    made = json.loads((run.folder / "summary.json").read_text())
    assert made["status"] == "optimal"
    assert made["gap"] == 0
    assert made["objective"] == made["bound"] == made["levels"][0]["objective"]
    assert [level["name"] for level in made["levels"]] == ["deviation", "spread", "copies", "synthesise", "order"]
    for rows in made["marginals"].values():
        assert sum(row["wanted"] for row in rows) == sum(row["reached"] for row in rows) == 240
        assert all((row["reason"] != "") == (row["wanted"] != row["reached"]) for row in rows)
    assert sum(c["photos"] for c in made["copies"]) == made["available"] == 124
    assert sum(c["copies"] * c["photos"] for c in made["copies"]) == made["augment"]
    assert len(made["price"]) == 100
    assert "240 images: 124 of 124 originals kept, 116 synthesised" in printed
    assert re.search(r"age 60\+ +8 +80 +\d+", printed)


def test_a_rejected_copy_is_replaced_by_the_photos_next_and_nothing_else_moves(planned, tmp_path, lopsided):
    before = {t["task_id"]: t for t in planned[0].tasks()}
    chosen = [t for t in before.values() if t["copy"] == 1][:4]
    run = Stage(tmp_path, CELLS, photo_table(CELLS, lopsided))
    lines = [f"{t['task_id']},odd" for t in chosen] + ["00000000000000ff_0001,a photo that is gone"]
    (tmp_path / "rejects.csv").write_text("task_id,reason\n" + "\n".join(lines) + "\n")
    run.run({"total": 240, "shares": UNIFORM, "shard_size": 50})
    after = {t["task_id"]: t for t in run.tasks()}
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    assert gone == {t["task_id"] for t in chosen}
    assert Counter(after[t]["image_id"] for t in new) == Counter(t["image_id"] for t in chosen)
    same = ("image_id", "copy", "policy", "seed", "donor")
    assert all(before[t][k] == after[t][k] for t in before.keys() & after.keys() for k in same)
    rejected = json.loads((tmp_path / "summary.json").read_text())["rejected"]
    assert Counter(t["policy"] for t in chosen) == {name: entry["rejected"] for name, entry in rejected.items()}


def test_dropped_originals_lie_in_their_own_shards(tmp_path, lopsided):
    run = Stage(tmp_path, CELLS, photo_table(CELLS, lopsided))
    run.run({"total": 60, "shares": UNIFORM, "keep": 0.1, "price": {"copies": []}})
    made = run.tasks()
    dropped = [t for t in made if t["shard"].startswith("dropped-")]
    assert dropped and not any(t["kept"] or t["copy"] for t in dropped)
    originals = [t["image_id"] for t in made if t["copy"] == 0 and t["split"] == "train"]
    assert len(originals) == len(set(originals)) == 124
    assert json.loads((tmp_path / "summary.json").read_text())["price"] == []


def test_counts_alone_give_a_plan_without_tasks(tmp_path, lopsided):
    rows = [(*CELLS.labels(cell), n) for cell, n in enumerate(lopsided) if n]
    (tmp_path / "counts.csv").write_text(
        "age_bin,gender,ethnicity,available\n" + "\n".join(",".join(map(str, r)) for r in rows)
    )
    run = Stage(tmp_path, CELLS)
    run.run({"total": 240, "shares": UNIFORM, "shard_size": 50}, "--counts", tmp_path / "counts.csv")
    assert not (tmp_path / "tasks.parquet").exists()
    assert plan.read(tmp_path / "plan.parquet")[0]["available"].to_pylist() == lopsided.tolist()


def solved(cells: Cells, available: np.ndarray, **wish: object) -> tuple[Planned, float]:
    section = Plan.model_validate_json(json.dumps(wish))
    began = time.process_time()
    solve(Formulation(problem(section, cells, available, int(section.total), {}, "params.yaml: plan")), section.nodes)
    took = time.process_time() - began
    return make(section, cells, available, {}, "params.yaml: plan"), took


def test_new_photos_bring_the_plan_as_close_as_the_list_says(lopsided):
    made, _ = solved(CELLS, lopsided, total=240, shares=UNIFORM, max_copies=2)
    bought = shopping_list(made)
    assert bought
    more = lopsided.copy()
    for purchase in bought:
        more[purchase.cell] += purchase.photos
    richer, _ = solved(CELLS, more, total=240, shares=UNIFORM, max_copies=2)
    assert richer.solution.levels[0].value == bought[-1].left < made.solution.levels[0].value
    effect = [p.saves / p.photos for p in bought]
    assert effect == sorted(effect, reverse=True)


def test_what_is_in_the_way_saves_what_it_says_when_it_is_loosened(lopsided):
    made, _ = solved(CELLS, lopsided, total=240, shares=UNIFORM, max_copies=2, ceilings={"<20|*|*": 60})
    ways = binding(made)
    assert {b.key for b in ways} >= {"max_copies"}
    looser, _ = solved(CELLS, lopsided, total=240, shares=UNIFORM, max_copies=3, ceilings={"<20|*|*": 60})
    assert looser.solution.levels[0].value < made.solution.levels[0].value
    assert {o.reason for o in outcomes(made) if o.reached == o.wanted} == {""}


def test_auto_is_the_least_total_that_reaches_the_shares(lopsided):
    section = Plan.model_validate_json(json.dumps({"total": "auto", "shares": UNIFORM, "max_copies": 60}))
    made = make(section, CELLS, lopsided, {}, "params.yaml: plan")
    assert made.shares_reached
    assert made.solution.levels[0].value == 0
    total = made.problem.total
    for fewer in range(int(lopsided.sum()), total):
        other = solve(Formulation(problem(section, CELLS, lopsided, fewer, {}, "")), 5000, (0,))
        assert other.levels[0].value > 0


def test_auto_comes_closest_where_no_total_reaches_the_shares(lopsided):
    section = Plan.model_validate_json(json.dumps({"total": "auto", "shares": UNIFORM, "max_copies": 1}))

    def off(total: int) -> float:
        return solve(Formulation(problem(section, CELLS, lopsided, total, {}, "")), 5000, (0,)).levels[0].value / total

    total, reached = least_total(lambda n: problem(section, CELLS, lopsided, n, {}, ""), 5000)
    assert not reached
    assert off(total) <= min(off(n) for n in range(124, 249)) + 0.02


@pytest.mark.parametrize(
    ("photos", "wish", "expected"),
    [
        ([0, 2, 2, 1], {"shares": {"size": "natural", "hue": {"a": 0.23, "rest": "uniform"}}, "max_copies": 2}, 7),
        ([0, 5, 1, 5], {"shares": {"size": "uniform", "hue": "uniform"}, "keep": 0, "max_copies": 2}, 2),
        ([2, 3, 2, 5], {"shares": {"hue": {"a": 0.03, "rest": "natural"}}, "keep": 0}, 17),
        ([2, 3, 2, 5], {"shares": {"hue": "uniform"}, "keep": 0, "ceilings": {"hue": {"a": 0}}}, None),
    ],
    ids=[
        "reached by rounding alone",
        "an image of each value",
        "an image of a rare value",
        "a value that may have none",
    ],
)
def test_auto_in_small(photos, wish, expected):
    """Every total up to the answer, by exhaustive search."""
    cells, available = Cells.of({"size": ["a", "b"], "hue": ["a", "b"]}), np.array(photos)
    section = Plan.model_validate_json(json.dumps({"total": "auto", **wish}))
    total, reached = least_total(lambda n: problem(section, cells, available, n, {}, ""), 5000)
    least = None
    p = problem(section, cells, available, 1, {}, "")
    grid = np.stack(np.meshgrid(*map(np.arange, p.keep, p.most + 1), indexing="ij")).reshape(4, -1)
    for number in range(1, 60):
        p = problem(section, cells, available, number, {}, "")
        good = grid.sum(axis=0) == number
        for wished in p.wishes:
            sums = grid[wished.members].sum(axis=0)
            good &= (sums == wished.wanted) & ((sums > 0) | (available[wished.members].sum() == 0))
        for limit in p.limits:
            good &= limit.most is None or grid[limit.members].sum(axis=0) <= limit.most
        if good.any():
            least = number
            break
    assert least == expected
    assert reached == (least is not None)
    assert least in (None, total)


def test_a_policy_by_an_unknown_value_is_named(tmp_path, lopsided):
    run = Stage(tmp_path, CELLS, photo_table(CELLS, lopsided))
    for by, message in (
        ({"hair": {"red": {"weight": 1}}}, "tone.by.hair: expected an axis (age, gender, ethnicity). Received 'hair'."),
        ({"age": {"61+": {"weight": 1}}}, "tone.by.age.61+: expected one of <20, 20-60, 60+. Received '61+'."),
    ):
        with mock.patch.dict(POLICIES, {"tone": {"by": by}}), pytest.raises(UserError) as error:
            run.run({"total": 240})
        assert str(error.value).startswith(f"{tmp_path / 'params.yaml'}: policies.{message}")


def test_policies_that_a_cell_can_not_use_are_named(tmp_path, lopsided):
    run = Stage(tmp_path, CELLS, photo_table(CELLS, lopsided))
    for policies in ({}, {"flip": {"weight": 0}}, {"flip": {"by": {"age": {"<20": {"weight": 0}}}}}):
        with mock.patch.dict(POLICIES, policies, clear=True), pytest.raises(UserError) as error:
            run.run({"total": 240})
        message = str(error.value)
        assert message.startswith(
            f"{tmp_path / 'params.yaml'}: policies: expected a policy of weight above 0 for cell <20|"
        )


def test_wishes_too_large_to_weigh_copies_are_refused():
    with pytest.raises(UserError) as error:
        solved(CELLS, np.full(12, 1), total=10**9, max_copies=10**9, shares={"age": "uniform"})
    assert error.value.where == "params.yaml: plan.total"


def test_a_wrong_plan_is_caught(lopsided):
    made, _ = solved(CELLS, lopsided, total=240, shares=UNIFORM)
    claimed = tuple(level.value for level in made.solution.levels)
    keep, augment = made.keep.copy(), made.augment.copy()
    cell = int(np.argmax(augment))
    for k, g in ((keep, augment + np.eye(12, dtype=int)[cell]), (keep - np.eye(12, dtype=int)[0], augment)):
        with pytest.raises(check.WrongPlan):
            check.check(made.problem, k, g, claimed)
    with pytest.raises(check.WrongPlan):
        check.check(made.problem, keep, augment, (claimed[0] - 1, *claimed[1:]))


def appa_real() -> tuple[Cells, np.ndarray]:
    path = DATA / "appa_real/labels_metadata_train.csv"
    if not path.exists():
        pytest.skip(f"the photos of APPA-REAL are not at {path.parent}")
    spec = {"age": [20, 40, 60], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian", "afroamerican"],
            "emotion": ["neutral", "slightlyhappy", "happy", "other"]}  # fmt: skip
    return counted(Cells.of(spec), csv.DictReader(path.open()))


def counted(cells: Cells, rows: object) -> tuple[Cells, np.ndarray]:
    number = np.zeros(len(cells), np.int64)
    for row in rows:
        labels = [axis.bin(float(row["age"])) if axis.edges else axis.index(row[axis.name]) for axis in cells.axes]
        number[np.ravel_multi_index(labels, cells.shape)] += 1
    return cells, number


def test_appa_real_is_solved_in_a_fifth_of_a_second():
    cells, available = appa_real()
    assert (available.sum(), (available == 0).sum()) == (4065, 18)
    solved(cells, available, total=9000, shares=dict.fromkeys(cells.names, "uniform"))
    made, took = solved(cells, available, total=10000, shares=dict.fromkeys(cells.names, "uniform"), keep="all")
    assert all(level.gap == 0 for level in made.solution.levels)
    assert took < 0.2


def test_ten_percent_more_keeps_nearly_every_task_of_appa_real(tmp_path):
    cells, available = appa_real()
    run, seen = Stage(tmp_path, cells, photo_table(cells, available)), []
    for total in (10000, 11000):
        run.run({"total": total, "shares": dict.fromkeys(cells.names, "uniform"), "price": {"copies": []}})
        seen.append({(t["image_id"], t["copy"], t["policy"], t["seed"]) for t in run.tasks()})
    assert len(seen[0] & seen[1]) >= 0.95 * len(seen[0])


FAIRFACE_AGES = {"9-Mar": "3-9", "03-Sep": "3-9", "19-Oct": "10-19", "Oct-19": "10-19"}  # as a spreadsheet left them


def test_fairface_by_its_counts(tmp_path):
    path = DATA / "fairface_labels/fairface_label_train.csv"
    if not path.exists():
        pytest.skip(f"the labels of FairFace are not at {path.parent}")
    rows = list(csv.DictReader(path.open()))
    cells = Cells.of(
        {
            "age": [3, 10, 20, 30, 40, 50, 60, 70],
            "gender": ["Male", "Female"],
            "race": sorted({r["race"] for r in rows}),
        }
    )
    number = Counter((FAIRFACE_AGES.get(r["age"], r["age"]), r["gender"], r["race"]) for r in rows)
    table = tmp_path / "counts.csv"
    table.write_text("age,gender,race,available\n" + "\n".join(f"{a},{g},{e},{n}" for (a, g, e), n in number.items()))
    available = counts.read(table, cells)
    assert (len(cells), available.sum()) == (126, 86744)
    made, took = solved(cells, available, total=120000, shares=dict.fromkeys(cells.names, "uniform"))
    assert all(level.gap == 0 for level in made.solution.levels)
    assert took < 1


def test_adience_by_its_counts(tmp_path):
    folder = DATA / "adience_labels"
    if not folder.exists():
        pytest.skip(f"the labels of Adience are not at {folder}")
    rows = [r for path in sorted(folder.glob("*.txt")) for r in csv.DictReader(path.open(), delimiter="\t")]
    cells = Cells.of({"age": [3, 7, 14, 22, 34, 45, 56], "gender": ["f", "m"]})
    number = Counter((r["age"], r["gender"]) for r in rows if r["gender"] in "fm" and r["gender"])
    ages = {"(0, 2)", "(4, 6)", "(8, 12)", "(15, 20)", "(25, 32)", "(38, 43)", "(48, 53)", "(60, 100)"}
    table = tmp_path / "counts.csv"
    table.write_text(
        "age,gender,available\n" + "\n".join(f'"{a}",{g},{n}' for (a, g), n in number.items() if a in ages)
    )
    available = counts.read(table, cells)
    assert available.sum() > 15000
    made, took = solved(cells, available, total=30000, shares=dict.fromkeys(cells.names, "uniform"))
    assert all(level.gap == 0 for level in made.solution.levels)
    assert took < 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gender,ethnicity,available\nmale,asian,3\n", ": age: expected a column for each axis of `cells`. Received the "  # noqa: E501
         "columns gender, ethnicity, available. Add the column, or take the axis out of `cells`."),
        ("age,gender,ethnicity,available\n15-25,male,asian,3\n", ": age: expected a bin, or an age or range inside one "
         "bin (<20, 20-60, 60+). Received '15-25'. Correct it or `cells`."),
        ("age,gender,ethnicity,available\n<20,mail,asian,3\n", ": gender: expected a value (male, female). "
         "Received 'mail'. Correct it or `cells`."),
        ("age,gender,ethnicity,available\n<20,male,asian,-3\n", ": available, row 1: expected a whole number from 0 "
         "to 1000000000. Received -3. Correct the count."),
        ("age,gender,ethnicity,available\n<20,male,asian,2.5\n", ": available, row 1: expected a whole number from 0 "
         "to 1000000000. Received 2.5. Correct the count."),
        ("age,gender,ethnicity,available\n<20,male,asian,2\n<20,male,asian,3\n", ": expected each cell in one row. "
         "Received <20|male|asian twice. Add its counts up in one row."),
        ("age,gender,ethnicity,available\n<20,male,asian,10000000000000000000000\n", ": available, row 1: expected a "
         "whole number from 0 to 1000000000. Received 1e+22. Correct the count."),
        ("age,gender,gender,ethnicity,available\n<20,male,male,asian,2\n", ": gender: expected each column once. "
         "Received 2 of that name. Remove the double."),
        ("age,gender,ethnicity\n<20,male,asian\n", ": available: expected a column of this name. Received the columns "
         "age, gender, ethnicity. Add it."),
    ],
)  # fmt: skip
def test_a_table_of_counts_that_does_not_fit_is_named(tmp_path, content, message):
    path = tmp_path / "counts.csv"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        counts.read(path, CELLS)
    assert str(error.value) == f"{path}{message}"


def test_finer_ages_are_added_up(tmp_path):
    (tmp_path / "counts.csv").write_text(
        'age,gender,ethnicity,available\n0-2,male,asian,2\n"(4, 6)",male,asian,3\n'
        "19,male,asian,4\nmore than 70,male,asian,5\n"
    )
    found = counts.read(tmp_path / "counts.csv", CELLS)
    assert found[CELLS.match("<20|male|asian", "")].tolist() == [9]
    assert found[CELLS.match("60+|male|asian", "")].tolist() == [5]
