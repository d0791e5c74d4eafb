"""The house itself: who imports whom, and whether dvc.yaml tells the truth about each stage."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from manifests.sections import theirs
from tests.support import files_md

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "manifests": {"manifests"},
    "pages": {"manifests", "pages"},
    "balance": {"manifests", "pages", "balance"},
    "augment": {"manifests", "pages", "augment"},
    "train": {"manifests", "pages", "train"},
    "experiments": {"manifests", "pages", "balance", "augment", "train", "experiments"},
}
DOORS = {
    "train/data/online.py": (
        "augment.kernels",
        "the policies and kernels, pure functions: a copy is drawn as the renderer draws it",
    )
}
FILES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))
DVC = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
STAGES = DVC["stages"]
HEAVY = {"tensorflow", "keras"}
WITHOUT_TENSORFLOW = [name for name in STAGES if name not in {"train", "saliency", "audit"}]


@cache
def imports(file: Path, lazy: bool = True) -> frozenset[str]:
    """The modules that a file names in import statements; `lazy` counts those inside functions too."""
    tree = ast.parse((ROOT / file).read_text())
    found: set[str] = set()
    for node in ast.walk(tree) if lazy else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def file_of(module: str) -> Path | None:
    """The file of one of our modules; None for anything else."""
    path = Path(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if path.parts[0] in ROOMS and (ROOT / file).is_file():
            return file
    return None


@cache
def closure(file: Path, lazy: bool = True) -> frozenset[Path]:
    """All of our files that a file imports, through any number of hops, itself included."""
    seen, todo = {file}, [file]
    while todo:
        for module in imports(todo.pop(), lazy):
            found = file_of(module)
            if found and found not in seen:
                seen.add(found)
                todo.append(found)
    return frozenset(seen)


def command_file(stage: str) -> Path:
    """The module that a stage's `python -m room.module` runs."""
    words = STAGES[stage]["cmd"].split()
    file = file_of(words[words.index("-m") + 1])
    assert file is not None, f"{stage}: {STAGES[stage]['cmd']} runs no module of ours"
    return file


@pytest.mark.parametrize("file", FILES, ids=str)
def test_room_imports_only_rooms_it_may_know(file: Path) -> None:
    door, _why = DOORS.get(str(file), ("", ""))
    rooms = {name.split(".")[0] for name in imports(file) if not (door and name.startswith(door))} & ROOMS.keys()
    assert rooms <= ROOMS[file.parts[0]]


@pytest.mark.parametrize("stage", WITHOUT_TENSORFLOW)
def test_stage_never_imports_tensorflow(stage: str) -> None:
    heavy = {file: imports(file) for file in closure(command_file(stage))}
    loaded = {str(file) for file, names in heavy.items() if {name.split(".")[0] for name in names} & HEAVY}
    assert not loaded


@pytest.mark.parametrize("stage", STAGES)
def test_deps_cover_every_module_and_the_lock_file(stage: str) -> None:
    deps = [Path(dep) for dep in STAGES[stage]["deps"] if "${" not in dep]
    needed = {
        file
        for file in closure(command_file(stage))
        if file.name != "__init__.py" or (ROOT / file).stat().st_size > 200
    }
    missing = {str(file) for file in needed if not any(dep == file or dep in file.parents for dep in deps)}
    assert not missing, f"{stage}: add these to its deps in dvc.yaml"
    assert Path("requirements.lock") in deps


@pytest.mark.parametrize("stage", STAGES)
def test_deps_exist_or_are_made_by_a_stage(stage: str) -> None:
    outs = {
        name
        for each in STAGES.values()
        for kind in ("outs", "metrics", "plots")
        for name in map(_name, each.get(kind, []))
    }
    for dep in STAGES[stage]["deps"]:
        assert "${" in dep or dep in outs or (ROOT / dep).exists(), f"{stage}: no {dep}"


@pytest.mark.parametrize("stage", STAGES)
def test_params_are_the_sections_that_the_command_reads(stage: str) -> None:
    declared = {str(name).split(".")[0] for name in STAGES[stage].get("params", [])}
    assert declared == sections_read(command_file(stage))


def test_stages_that_read_policies_depend_on_the_files_of_pipelines() -> None:
    reading = {name for name in STAGES if "policies" in sections_read(command_file(name))}
    assert reading == {name for name, stage in STAGES.items() if theirs.FOLDER in stage["deps"]} != set()


def sections_read(file: Path) -> set[str]:
    """`params.section(path, Plan)` reads `plan`, `params.seed(path)` reads `seed`, and so on."""
    tree = ast.parse((ROOT / file).read_text())
    read = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "params"
        ):
            if node.func.attr in {"seed", "cells"}:
                read.add(node.func.attr)
            elif node.func.attr == "section":
                read.add(ast.unparse(node.args[1]).lower())
    return read


def _name(out: str | dict) -> str:
    return out if isinstance(out, str) else next(iter(out))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_ends_with_what_it_cost(stage: str) -> None:
    tree = ast.parse((ROOT / command_file(stage)).read_text())
    assert "costs.say" in {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_no_worker_count_in_any_command() -> None:
    assert not [stage for stage, each in STAGES.items() if "jobs" in each["cmd"].lower()]


def test_every_package_is_pinned_and_no_lock_file_names_an_index() -> None:
    for lock in ROOT.glob("requirements-*.lock"):
        for line in lock.read_text().splitlines():
            assert "==" in line and "://" not in line and not line.startswith("-"), f"{lock.name}: {line}"


def test_the_list_of_files_is_what_the_docstrings_say() -> None:
    assert (ROOT / "docs/files.md").read_text() == files_md.text(), "run `make files`"
