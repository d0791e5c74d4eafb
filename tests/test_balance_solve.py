from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from functools import cache
from math import inf

import numpy as np
import pytest

from balance.solver import check
from balance.solver.formulation import PRIME
from balance.solver.lp import Unsolvable
from balance.solver.planner import make
from balance.solver.problem import Problem, parse
from balance.solver.solve import solve
from manifests.core.cells import Cells
from manifests.sections.plan import Plan

CELLS = (
    Cells.of({"gender": ["male", "female"], "age": [20]}),
    Cells.of({"ethnicity": ["a", "b", "c", "d"]}),
    Cells.of({"age": [20, 40]}),
    Cells.of({"gender": ["m", "f"]}),
)


@cache
def fewest_squares(photos: int, copies: int, cap: int) -> float:
    """The least sum of squares of `copies` over so many photos, by trying every split."""
    if photos == 0:
        return 0 if copies == 0 else inf
    return min(c * c + fewest_squares(photos - 1, copies - c, cap) for c in range(min(cap, copies) + 1))


def splits(target: int, photos: int, persons: int, least: int, cap: int) -> tuple[float, int] | None:
    """The best (squares, synthesised) of a cell's target over every choice of kept originals."""
    tried = [(fewest_squares(persons, target - k, cap), target - k) for k in range(least, min(photos, target) + 1)]
    return min((t for t in tried if t[0] < inf), default=None)


def exhaustive(p: Problem) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The best (levels, targets) by trying every plan; None where there is none."""
    best = None
    filled = [c for c, n in enumerate(p.available) if n]
    whole, over = divmod(p.total, len(filled))
    mean = whole + (2 * over > len(filled) or (2 * over == len(filled) and whole % 2))
    options = []
    columns = (p.available, p.persons, p.keep, p.caps.copies)
    for n, persons, least, cap in zip(*(column.tolist() for column in columns), strict=True):
        found = {t: splits(t, n, persons, least, cap) for t in range(n + persons * cap + 1)}
        options.append({t: s for t, s in found.items() if s is not None})
    for targets in itertools.product(*options[:-1]):
        last = p.total - sum(targets)
        if last not in options[-1]:
            continue
        targets = (*targets, last)
        sums = [sum(targets[c] for c in each.members) for each in p.constraints]
        if any(
            (m.least or 0) > s or (m.most is not None and s > m.most) for m, s in zip(p.constraints, sums, strict=True)
        ):
            continue
        parts = [option[t] for option, t in zip(options, targets, strict=True)]
        levels = (
            sum(w.weight * abs(sum(targets[c] for c in w.members) - w.wanted) for w in p.targets),
            sum(abs(targets[c] - mean) for c in filled),
            int(sum(s for s, _ in parts)),
            sum(g for _, g in parts),
            sum((c + 1) ** 3 % PRIME * t for c, t in enumerate(targets)),
        )
        key = (levels, tuple(-t for t in targets))
        best = key if best is None or key < best else best
    return None if best is None else (best[0], tuple(-t for t in best[1]))


def random_problem(rng: np.random.Generator, of_person: bool) -> Problem:
    """A small problem with targets and constraints of every kind, stated as a user would.

    Args:
        rng: what it is drawn from.
        of_person: whether the caps are on copies of one person; a cell has no more persons than photos.
    """
    cells = CELLS[rng.integers(len(CELLS))]
    available = rng.integers(0, 4, len(cells))
    available[rng.integers(len(cells))] += 1
    section: dict = {"total": 1, "keep": "all" if rng.random() < 0.3 else round(rng.random(), 2)}
    section["shares"] = {axis.name: share(rng, axis.values) for axis in cells.axes if rng.random() < 0.8}
    patterns = ["|".join(str(rng.choice([*axis.values, "*"])) for axis in cells.axes) for _ in range(3)]
    for key, name in zip(("joint", "floors", "ceilings"), patterns, strict=True):
        if rng.random() < 0.4:
            section[key] = {name: int(rng.integers(0, 9))}
    axis = cells.axes[0]
    caps = {"default": int(rng.integers(0, 4)), axis.name: {axis.values[0]: int(rng.integers(0, 5))}}
    section["max_copies"] = caps if rng.random() < 0.5 else int(rng.integers(0, 4))
    names = [*cells.names, "joint"]
    section["weights"] = {name: float(rng.choice([0.5, 1, 1.5, 3, 0])) for name in names if rng.random() < 0.4}
    if of_person:
        section["max_copies_of"] = "person"
    persons = np.minimum(available, rng.integers(1, 4, len(cells))) if of_person else None
    plan = Plan.model_validate_json(json.dumps(section))
    loose = parse(plan, cells, available, {}, persons)
    total = int(rng.integers(max(1, loose.keep.sum()), max(1, loose.most.sum()) + 2))
    return loose.with_total(total)


def share(rng: np.random.Generator, values: tuple[str, ...]) -> object:
    kind = rng.integers(4)
    if kind < 3:
        return ["uniform", "natural", round(float(rng.random()), 3)][kind]
    first = round(float(rng.random()), 2)
    return {values[0]: first, "rest": str(rng.choice(["uniform", "natural"]))}


def agree(seed: int, of_person: bool = False) -> bool:
    """Compare with exhaustive search; whether the problem was feasible."""
    p = random_problem(np.random.default_rng(seed), of_person)
    expected = exhaustive(p)
    try:
        found = solve(p)
    except Unsolvable:
        assert expected is None, seed
        return False
    assert expected is not None, seed
    assert tuple(level.value for level in found.levels) == expected[0], seed
    assert tuple(found.target.tolist()) == expected[1], seed
    assert all(level.proven for level in found.levels)
    keep = np.minimum(found.target, p.available)
    check.check(p, keep, found.target - keep, expected[0])
    return True


def test_equals_exhaustive_search_on_every_level():
    assert sum(agree(seed) for seed in range(120)) > 50


def test_caps_on_persons_equal_exhaustive_search_on_every_level():
    assert sum(agree(seed, of_person=True) for seed in range(120)) > 50


@pytest.mark.slow
@pytest.mark.parametrize("of_person", [False, True])
def test_equals_exhaustive_search_on_2000_problems(of_person):
    assert sum(agree(seed, of_person) for seed in range(120, 2120)) > 1000


def lopsided(shape: tuple[int, ...], seed: int) -> tuple[Cells, np.ndarray]:
    """A joint table as uneven as real ones: lopsided axes that depend on one another."""
    rng = np.random.default_rng(seed)
    cells = Cells.of({f"axis{i}": [f"v{j}" for j in range(n)] for i, n in enumerate(shape)})
    joint = np.ones(1)
    for n in shape:
        joint = np.multiply.outer(joint, rng.dirichlet(np.full(n, 0.7)))
    joint = joint.ravel() * rng.gamma(0.5, size=len(cells))
    return cells, rng.multinomial(12 * len(cells), joint / joint.sum())


@pytest.mark.parametrize(
    ("shape", "levels", "seconds"),
    [((10, 10, 10, 10), 1, 5), ((10, 10, 10, 10), 5, 60), pytest.param((10,) * 5, 5, 60, marks=pytest.mark.slow)],
)
def test_large_tables_are_proven_in_seconds(shape, levels, seconds):
    cells, available = lopsided(shape, 1)
    uniform = dict.fromkeys(cells.names, "uniform")
    plan = Plan.model_validate_json(json.dumps({"total": 2 * int(available.sum()), "shares": uniform}))
    began = time.process_time()
    found = solve(parse(plan, cells, available, {}), tuple(range(levels)))
    assert time.process_time() - began < seconds
    assert all(level.proven for level in found.levels)


def test_a_cap_that_no_plan_can_reach_costs_no_time_and_changes_nothing():
    available = np.random.default_rng(1).multinomial(120, np.full(12, 1 / 12))
    cells = Cells.of({"size": ["a", "b", "c", "d"], "hue": ["a", "b", "c"]})
    made, began = [], time.process_time()
    for cap in (500, 20_000):
        section = {"total": 500, "max_copies": cap, "shares": {"size": "uniform"}}
        made.append(make(Plan.model_validate_json(json.dumps(section)), cells, available, {}).solution)
    assert np.array_equal(made[0].target, made[1].target) and made[0].levels == made[1].levels
    assert time.process_time() - began < 10


@pytest.mark.parametrize("seed", [3, 32, 43, 61])
def test_a_level_that_is_given_up_gives_its_bound(monkeypatch, seed):
    """Targets whose linear programme has no whole solution, and a search that runs out of nodes at once."""
    cells = Cells.of({"size": ["a", "b"], "form": ["a", "b", "c"], "hue": ["a", "b", "c"]})
    rng = np.random.default_rng(seed)
    available = rng.integers(0, 4, len(cells))
    available[0] += 1
    joint = {"a|*|b": 5, "*|b|b": 3, "b|c|*": 4}
    section = {"total": 1, "keep": 0, "max_copies": 2, "shares": dict.fromkeys(cells.names, "uniform"), "joint": joint}
    plan, total = Plan.model_validate_json(json.dumps(section)), int(rng.integers(5, int(available.sum() * 2)))
    p = parse(plan, cells, available, {}).with_total(total)
    exact = solve(p)
    assert all(level.proven for level in exact.levels)
    monkeypatch.setattr("balance.solver.solve.integer", lambda *_: (None, -(1 << 62)))
    found = solve(replace(p, nodes=1))
    first = next(i for i, level in enumerate(found.levels) if not level.proven)
    assert found.levels[:first] == exact.levels[:first]
    assert found.levels[first].bound <= exact.levels[first].value <= found.levels[first].value
