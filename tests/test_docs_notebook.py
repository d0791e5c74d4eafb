"""The notebook runs from its first cell to its last: as plain Python, and in a kernel where one is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from tests.support.render_fixtures import Project, project
from tests.support.stages import ROOT

NOTEBOOK = ROOT / "docs/balanced_set.ipynb"
CELLS = json.loads(NOTEBOOK.read_text())["cells"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A rendered set of eight train photos, with the notebook where a checkout has it."""
    made = project(tmp_path_factory.mktemp("notebook"), train=8, copies=2, shard=10)
    made.render()
    (made.folder / "docs").mkdir()
    shutil.copy(NOTEBOOK, made.folder / "docs")
    return made


def test_the_cells_run_in_order_and_show_what_they_promise(made: Project) -> None:
    """The last line of a cell is what a notebook shows: here it is printed."""
    code = [
        "def show(value): print('shown:', type(value).__name__, getattr(value, 'shape', getattr(value, 'size', '')))"
    ]
    for cell in CELLS:
        if cell["cell_type"] == "code":
            *lines, last = "".join(cell["source"]).splitlines()
            shown = last if last.startswith((" ", ")", "print", "history")) else f"show({last})"
            code += [*lines, shown]
    script = made.folder / "docs/cells.py"
    script.write_text("\n".join(code))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONPATH", None)  # it needs nothing else of the project
    done = subprocess.run(
        [sys.executable, script.name], cwd=script.parent, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    index = pd.read_parquet(made.shards / "index.parquet")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{len(index)} images in {index['shard'].nunique()} shards"
    assert "shown: Image (384, 128)" in lines, "an original and its two copies"
    assert "shown: DataFrame (4, 2)" in lines, "four cells, before and after"
    assert "mean error on 3 photos of test:" in done.stdout


def test_it_is_kept_without_outputs() -> None:
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in CELLS if cell["cell_type"] == "code")


@pytest.mark.readers
def test_it_runs_in_a_kernel(made: Project) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    resources = {"metadata": {"path": str(made.folder / "docs")}}
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown), "the copies are shown"
