"""What a DVC user expects, on a copy of the repository with a few drawn faces. Slow: it trains."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.stages import ROOT

RUNS = ("original", "repeated", "balanced", "weighted", "adjusted")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def call(folder: Path, *command: str) -> str:
    bin_ = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def ran(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def change(folder: Path, section: str, key: str, value: object) -> None:
    yaml = YAML()
    content = yaml.load((folder / "params.yaml").read_text())
    content[section][key] = value
    with (folder / "params.yaml").open("w") as file:
        yaml.dump(content, file)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dvc") / "repo"
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    change(folder, "source", "drawn", 200)
    change(folder, "plan", "total", 240)
    change(folder, "train", "max_steps", 6)
    call(folder, "git", "init", "-q")
    call(folder, "git", "config", "user.email", "reader@example.org")
    call(folder, "git", "config", "user.name", "Reader")
    call(folder, "git", "add", "-A")
    call(folder, "git", "commit", "-qm", "the project")
    call(folder, "dvc", "repro")
    call(folder, "git", "add", "-A")
    call(folder, "git", "commit", "-qm", "first")
    return folder


def test_a_second_run_does_nothing(checkout: Path) -> None:
    output = call(checkout, "dvc", "repro")
    assert ran(output) == [] and "up to date" in output


def test_a_changed_plan_reruns_from_plan_on(checkout: Path) -> None:
    change(checkout, "plan", "total", 260)
    stages = ran(call(checkout, "dvc", "repro"))
    assert {"draw", "scan"}.isdisjoint(stages) and {
        "plan",
        "render",
        "train@balanced",
        "score@balanced",
        "compare",
    } <= set(stages)
    assert "plan.total" in call(checkout, "dvc", "params", "diff")
    assert "bias.balanced" in call(checkout, "dvc", "metrics", "diff")


def test_a_changed_run_reruns_that_run_alone(checkout: Path) -> None:
    runs = YAML(typ="safe").load((checkout / "params.yaml").read_text())["train"]["runs"]
    runs["weighted"]["seeds"] = 2
    change(checkout, "train", "runs", runs)
    assert [stage for stage in ran(call(checkout, "dvc", "repro")) if stage.startswith(("train", "render"))] == [
        "train@weighted"
    ]


def test_plots_render_to_a_page(checkout: Path) -> None:
    call(checkout, "dvc", "plots", "show", "--out", "plots_page")
    page = (checkout / "plots_page" / "index.html").read_text()
    titles = ["Shares before, wanted and reached", "Planned images in each cell", "Copies of one photo"]
    titles += ["Tradeoff of copies, total and deviation", "Error of each group", "Error against age", "Learning curves"]
    assert page.count("vega.github.io/schema") == len(titles) and all(title in page for title in titles)
    assert "<DVC_METRIC" not in page


def test_an_experiment_with_another_total_runs(checkout: Path) -> None:
    call(checkout, "git", "add", "-A")
    call(checkout, "git", "commit", "-qm", "second")
    call(checkout, "dvc", "exp", "run", "-S", "plan.total=280")
    metrics = call(checkout, "dvc", "metrics", "diff", "--json")
    assert "failed" not in metrics
    changed = json.loads(metrics)["datasets/metrics.json"]
    assert all(old["old"] is not None for old in changed.values()) and "mae.balanced" in changed
    shown = ("exp", "show", "--csv", "--drop", ".*", "--keep", "Experiment|mae|plan.total")
    head, *rows = call(checkout, "dvc", *shown).splitlines()
    assert head.split(",") == ["Experiment", *(f"mae.{run}" for run in RUNS), "plan.total"]
    assert any("280" in row for row in rows)
