"""Each snippet of docs/use.md runs as it stands, on JPEGs alone and on PNGs and JPEGs mixed."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.mixed_photos import mixed_project
from tests.support.render_fixtures import Project, project
from tests.support.stages import run

DOCS = Path(__file__).parents[1] / "docs"
README = re.search(r"^    from datasets .*\n(?:    .*\n)+", (DOCS.parent / "README.md").read_text(), re.M)
SNIPPETS = re.findall(
    r"^###? (.*)\n(?:(?!^###? ).*\n)*?```python\n((?:.*\n)*?)```", (DOCS / "use.md").read_text(), re.M
)
NEEDED = re.compile(r"^# pip install (.*)$", re.M)
PRINTED = {  # what each says of 24 train images, its shards holding JPEGs alone
    "Hugging Face datasets": "{'train': 23, 'validation': 3, 'test': 3}",
    "webdataset": "uint8 ",
    "DuckDB": "│ original ",
    "Polars": "│ female ┆ 11",
    "pandas": "23 (64, 64) ",
    "PyTorch, random access": "23 torch.Size([3, 96, 96]) torch.uint8",
    "PyTorch, sequential": "46 torch.Size([3, 96, 96]) torch.uint8",
    "grain": "1 uint8 (96, 96, 3)",
    "tf.data": "23 float32 (96, 96, 3)",
    "Keras PyDataset": "23 1",
    "WeightedRandomSampler, also distributed": "23 [11, 11]",
    "tf.data, by the plan": "23",
    "grain, by the plan": "23",
}


@pytest.fixture(scope="module", params=["jpeg", "mixed"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("use")
    if request.param == "mixed":
        made = mixed_project(folder, train=8, copies=2, shard=10)
    else:
        made = project(folder, train=8, copies=2, shard=10)
    made.render()
    assert run(folder, "balance.export").returncode == 0
    return made


def test_every_reader_has_a_snippet_that_says_what_it_needs() -> None:
    assert [name for name, _ in SNIPPETS] == list(PRINTED)
    assert all(code.startswith("# pip install ") for _, code in SNIPPETS)


@pytest.mark.readers
@pytest.mark.parametrize(("name", "code"), SNIPPETS, ids=[name for name, _ in SNIPPETS])
def test_a_snippet_runs_as_it_stands(made: Project, name: str, code: str, tmp_path: Path) -> None:
    assert PRINTED[name] in _said(made.folder, code, tmp_path)


@pytest.mark.readers
def test_the_block_of_the_readme_runs_as_it_stands(made: Project, tmp_path: Path) -> None:
    assert README is not None
    code = textwrap.dedent(README[0]) + "print(sorted(labels)[0])\n"
    assert _said(made.folder, code, tmp_path) == "age\n"


def _said(folder: Path, code: str, home: Path) -> str:
    """What a script prints that finds neither the project nor the network."""
    script = folder / "snippet.py"
    script.write_text(code)
    environment = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin", "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, script.name], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
