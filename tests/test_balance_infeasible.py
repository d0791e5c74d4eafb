from __future__ import annotations

import itertools
import json
import subprocess
import sys
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from balance.solver.planner import make
from manifests.core.cells import Cells
from manifests.core.errors import PlanInfeasible, located
from manifests.sections.plan import Plan

CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian", "afroamerican"]})
AVAILABLE = np.array([9, 3, 0, 6, 1, 1, 30, 8, 2, 20, 5, 5, 4, 0, 0, 6, 0, 0])  # 100 photos

# Fifty sections that contradict themselves, of every kind of hard constraint and of several at once.
INFEASIBLE: list[dict] = [
    *({"total": n} for n in (1, 50, 99, 1301)),
    *({"total": n, "max_copies": 3} for n in (401, 1000)),
    *({"total": n, "max_copies": 0, "keep": 0.5} for n in (101, 40)),
    {"total": 200, "max_copies": {"default": 0, "age": {"60+": 9}}},
    {"total": 500, "max_copies": {"default": 1, "age": {"60+": 9}, "gender": {"male": 2}}},
    *(
        {"total": 300, "floors": {pattern: n}}
        for pattern, n in (
            ("60+|*|asian", 1),
            ("60+|male|*", 53),
            ("*|*|afroamerican", 105),
            ("<20|male|afroamerican", 3),
            ("*|*|*", 301),
        )
    ),
    *(
        {"total": 300, "ceilings": {pattern: n}}
        for pattern, n in (
            ("20-60|male|caucasian", 29),
            ("*|male|*", 10),
            ("*|*|*", 299),
            ("<20|*|*", 0),
            ("*|female|*", 43),
        )
    ),
    *(
        {"total": 300, "floors": {a: m, b: n}}
        for a, m, b, n in (
            ("<20|*|*", 160, "20-60|*|*", 141),
            ("*|male|*", 200, "*|female|*", 101),
            ("60+|*|*", 120, "<20|*|*", 140),
        )
    ),
    *({"total": 300, "ceilings": {"gender": {"male": m, "female": n}}} for m, n in ((100, 150), (149, 150), (60, 44))),
    *(
        {"total": 300, "floors": {"age": {"60+": n}}, "max_copies": {"default": 12, "age": {"60+": c}}}
        for n, c in ((50, 1), (31, 2), (11, 0), (41, 3))
    ),
    *(
        {"total": 300, "floors": {"*|*|asian": n}, "ceilings": {"*|*|*": 320, "*|*|asian": m}}
        for n, m in ((60, 59), (30, 20), (200, 17))
    ),
    *(
        {"total": n, "keep": share, "ceilings": {"ethnicity": {"caucasian": m}}}
        for n, share, m in ((60, 0.6, 44), (400, 0.9, 60), (200, 1.0, 74))
    ),
    *(
        {"total": "auto", "shares": {"gender": "uniform"}, **section}
        for section in (
            {"floors": {"60+|male|asian": 1}},
            {"ceilings": {"*|male|*": 10}},
            {"floors": {"*|male|*": 9}, "ceilings": {"*|*|*": 8}},
        )
    ),
    {"total": 90, "floors": {"60+|*|*": 200, "<20|*|asian": 80}, "max_copies": 4},
    {"total": 90, "floors": {"60+|*|*": 200}, "ceilings": {"20-60|*|*": 50}, "max_copies": 4},
    {"total": 5000, "floors": {"60+|*|*": 200}, "max_copies": 4},
    {"total": 150, "ceilings": {"<20|*|*": 25, "20-60|*|*": 75, "60+|*|*": 40}},
    {"total": 150, "keep": 0.3, "floors": {"*|male|*": 80, "*|female|*": 80}},
    {"total": 150, "keep": 0.0, "floors": {"*|male|*": 80, "60+|female|*": 71}},
    {"total": 20, "keep": 0.1, "floors": {"*|*|asian": 5, "*|*|afroamerican": 10}},
    {"total": 130, "floors": {"<20|male|*": 40, "20-60|female|*": 60}},
    {"total": 130, "max_copies": {"default": 0, "ethnicity": {"asian": 1}}},
    {"total": 700, "max_copies": {"default": 5, "ethnicity": {"asian": 9, "caucasian": 4}}},
    {"total": 260, "floors": {"60+|*|*": 90}, "ceilings": {"60+|male|*": 50, "60+|female|*": 39}},
]


def caps(section: dict, leave_out: tuple[str, ...] = ()) -> list[float]:
    """Each cell's largest number of copies, read from the section by hand; infinite where its key is left out."""
    given = section.get("max_copies", 12)
    if isinstance(given, int):
        return [np.inf if "max_copies" in leave_out else given] * len(CELLS)
    found = []
    for cell in range(len(CELLS)):
        named = [
            (n, f"max_copies.{axis}.{value}")
            for axis, values in given.items()
            if axis != "default"
            for value, n in values.items()
            if value in CELLS.labels(cell)
        ] or [(given["default"], "max_copies.default")]
        number, key = min(named)
        found.append(np.inf if key in leave_out else number)
    return found


def bounds(section: dict) -> dict[str, tuple[np.ndarray, int, bool]]:
    """Key -> cells, number, and whether it is a floor."""
    found = {}
    for kind in ("floors", "ceilings"):
        for key, value in section.get(kind, {}).items():
            for label, number in value.items() if isinstance(value, dict) else [(None, value)]:
                pattern = key if label is None else "|".join(label if key == a.name else "*" for a in CELLS.axes)
                name = f"{kind}.{key}" if label is None else f"{kind}.{key}.{label}"
                found[name] = (CELLS.match(pattern), number, kind == "floors")
    return found


def possible(section: dict, leave_out: tuple[str, ...] = ()) -> bool:
    """Whether some plan satisfies the hard constraints, less some of them: an integer programme of its own."""
    share = Fraction(1) if section.get("keep", "all") == "all" else Fraction(str(section["keep"]))
    low = [0 if "keep" in leave_out else ceil(share * int(n)) for n in AVAILABLE]
    high = [0 if n == 0 else n * (1 + cap) for n, cap in zip(AVAILABLE, caps(section, leave_out), strict=True)]
    rows, least, most = [np.ones(len(CELLS))], [-np.inf], [np.inf]
    if section["total"] != "auto" and "total" not in leave_out:
        least, most = [section["total"]], [section["total"]]
    for key, (mask, number, floor) in bounds(section).items():
        if key not in leave_out:
            rows.append(mask.astype(float))
            least.append(number if floor else -np.inf)
            most.append(np.inf if floor else number)
    if any(a > b for a, b in zip(low, high, strict=True)):
        return False
    found = milp(
        np.zeros(len(CELLS)),
        integrality=np.ones(len(CELLS)),
        bounds=Bounds(low, high),
        constraints=LinearConstraint(np.stack(rows), least, most),
    )
    return found.x is not None


def changed(section: dict, changes: dict) -> dict:
    """The section with other values, set by their keys."""
    new = json.loads(json.dumps(section))
    for key, value in changes.items():
        first, *rest = key.split(".", 2)
        if not rest:
            new[first] = value
        elif (first == "max_copies" and rest[0] != "default") or (rest[0] in CELLS.names and len(rest) == 2):
            new[first][rest[0]][rest[1]] = value
        else:
            new[first][key.split(".", 1)[1]] = value
    return new


def explained(section: dict) -> PlanInfeasible:
    with pytest.raises(PlanInfeasible) as error, located("params.yaml: plan"):
        make(Plan.model_validate_json(json.dumps(section)), CELLS, AVAILABLE, {})
    return error.value


def test_there_are_fifty():
    assert len(INFEASIBLE) >= 50
    assert not any(possible(section) for section in INFEASIBLE)


@pytest.mark.parametrize("section", INFEASIBLE, ids=lambda section: json.dumps(section)[:60])
def test_the_conflict_is_minimal_and_the_nearest_constraints_feasible(section):
    error = explained(section)
    names = {
        "total",
        "keep",
        *bounds(section),
        *("max_copies" for _ in [0] if isinstance(section.get("max_copies", 12), int)),
    }
    if isinstance(section.get("max_copies"), dict):
        names |= {f"max_copies.{a}.{v}" for a, vs in section["max_copies"].items() if a != "default" for v in vs}
        names.add("max_copies.default")
    others = tuple(names - set(error.conflict))
    assert set(error.conflict) <= names
    assert not possible(section, others), "the conflict alone is no conflict"
    assert all(possible(section, (*others, key)) for key in error.conflict), "without any one of them the others agree"
    assert error.nearest
    near = changed(section, error.nearest)
    assert possible(near)
    make(Plan.model_validate_json(json.dumps(near)), CELLS, AVAILABLE, {})
    assert len(str(error)) < 1500


def test_the_nearest_constraints_change_the_fewest_images():
    for section in ({"total": 99}, {"total": 401, "max_copies": 3}, {"total": 300, "floors": {"60+|*|*": 135}}):
        near = explained(section).nearest
        asked = {"total": section["total"], **{f"floors.{k}": v for k, v in section.get("floors", {}).items()}}
        distance = sum(abs(value - asked[key]) for key, value in near.items())
        for steps in itertools.product(range(-distance + 1, distance), repeat=len(asked)):
            if sum(map(abs, steps)) < distance:
                tried = {key: value + step for (key, value), step in zip(asked.items(), steps, strict=True)}
                assert not possible(changed(section, tried)), tried


def test_the_message_says_what_contradicts_and_what_would_do():
    assert str(explained({"total": 99})) == (
        "params.yaml: plan.total: expected hard constraints that agree. Received a minimal conflict of plan.total: 99 "
        "(100 photos, 100 to 1300 images) with plan.keep: all. "
        "Nearest feasible constraints: plan.total: 100, or plan.keep: 0.96."
    )
    assert str(explained({"total": 300, "floors": {"60+|male|*": 53}})) == (
        "params.yaml: plan.floors.60+|male|*: expected hard constraints that agree. Received a minimal conflict of "
        "plan.floors.60+|male|*: 53 (4 photos, 4 to 52 images) with plan.max_copies: 12. "
        "Nearest feasible constraints: plan.floors.60+|male|*: 52, or plan.max_copies: 13."
    )


def test_large_numbers_are_written_in_full():
    error = explained({"total": 123456789})
    assert str(error).endswith("Nearest feasible constraints: plan.total: 1300, or plan.max_copies: 1234567.")
    assert possible({"total": 123456789, "max_copies": 1234567})
    assert not possible({"total": 123456789, "max_copies": 1234566})


def test_many_changes_are_given_in_full():
    floors = {f"{a}|{g}|{e}": 1 for a, g, e in map(CELLS.labels, np.flatnonzero(AVAILABLE == 0))}
    error = explained({"total": 300, "floors": floors})
    assert all(f"plan.floors.{key}: 0" in str(error) for key in floors)
    assert len(str(error)) < 1500


def test_the_command_says_so_on_one_screen_and_exits_with_1(tmp_path):
    (tmp_path / "params.yaml").write_text(
        "seed: 7\ncells: {gender: [male, female]}\nplan: {total: 5}\npolicies: {flip: {weight: 1}}\n"
    )
    (tmp_path / "counts.csv").write_text("gender,available\nmale,4\nfemale,3\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "balance.plan",
            "--params",
            tmp_path / "params.yaml",
            "--counts",
            tmp_path / "counts.csv",
        ],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert (
        "plan.total: 5 (7 photos, 7 to 91 images) with plan.keep: all. Nearest feasible constraints: plan.total: 7"
        in done.stderr
    )
