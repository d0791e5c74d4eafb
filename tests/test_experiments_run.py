"""Running a table: each set is one experiment of DVC, run once; what the user had is put back."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from experiments import figures, results, run, table
from manifests.core.errors import UserError
from tests.support.experiment_table import TABLE, calls, checkout, commit, environment, read

COMMAND = ["experiments.run", "--table", "mine/table.yaml", "--params", "base.yaml"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which nothing has run."""
    return checkout(tmp_path_factory.mktemp("empty") / "repo")


@pytest.fixture(scope="module")
def done(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a lock of the user's, in which both sets have run."""
    folder = shutil.copytree(empty, tmp_path_factory.mktemp("done") / "repo")
    (folder / "dvc.lock").write_text("the user's\n")
    with pytest.MonkeyPatch.context() as patch:
        enter(folder, patch)
        main()
    return folder


def enter(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.chdir(folder)
    for name, value in environment().items():
        patch.setenv(name, value)
    return folder


@pytest.fixture
def fresh(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the empty checkout to work in."""
    return enter(shutil.copytree(empty, tmp_path / "repo"), monkeypatch)


@pytest.fixture
def again(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the checkout in which both sets have run."""
    return enter(shutil.copytree(done, tmp_path / "repo"), monkeypatch)


def main(*options: str) -> None:
    with mock.patch("sys.argv", [*COMMAND, *options]):
        run.main()


def params_of(name: str, text: str = TABLE) -> str:
    wanted = read(Path(), text)
    return table.composed(wanted, wanted.sets[name], Path("base.yaml"))


def test_each_set_runs_once_and_what_the_user_had_is_put_back(again: Path) -> None:
    assert calls(again) == ["plain", "copies"]
    main()
    assert calls(again) == ["plain", "copies"]
    assert (again / "params.yaml").read_text() == "mine: 1\n"
    assert (again / "dvc.lock").read_text() == "the user's\n"


def test_an_experiment_keeps_the_files_that_its_set_wrote(again: Path, tmp_path: Path) -> None:
    for name in ("plain", "copies"):
        text = params_of(name)
        results.fetch(f"mine-{name}", {results.PARAMS: text}, ["datasets/out.yaml"], tmp_path / name)
        assert (tmp_path / name / "datasets/out.yaml").read_text() == text
    with pytest.raises(UserError) as error:
        results.fetch("mine-plain", {}, ["datasets/none"], tmp_path)
    assert str(error.value) == (
        "mine-plain: datasets/none: expected a file that the experiment wrote. Received none. "
        "Run `python -m experiments.run` first."
    )


def test_a_changed_set_runs_again_alone(again: Path) -> None:
    read(again, TABLE.replace("total: 9", "total: 10"))
    main()
    assert calls(again) == ["plain", "copies", "copies"]


def test_another_commit_runs_nothing_again_and_other_code_everything(again: Path) -> None:
    (again / "notes.md").write_text("Rows look good.")
    commit(again)
    main()
    assert calls(again) == ["plain", "copies"]
    with (again / "train/score.sh").open("a") as file:
        file.write("# changed\n")
    main("--only", "plain")
    main("--only", "plain")
    assert calls(again) == ["plain", "copies", "plain"]


def test_no_repository_is_an_error(fresh: Path) -> None:
    (fresh / ".git").rename(fresh / "elsewhere")
    with pytest.raises(UserError, match="git: expected a repository with a commit, which DVC's experiments rest on"):
        main()
    assert calls(fresh) == [] and (fresh / "params.yaml").read_text() == "mine: 1\n"


def test_a_base_without_a_section_is_an_error(fresh: Path) -> None:
    text = (fresh / "base.yaml").read_text()
    (fresh / "base.yaml").write_text(re.sub(r"(?ms)^policies:.*?(?=^render:)", "", text))
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == (
        "base.yaml: policies: expected a section of that name. Received none. "
        "Add it, as in params.yaml of the repository."
    )


def test_ctrl_c_waits_until_dvc_has_finished_and_puts_the_parameters_back(fresh: Path) -> None:
    (fresh / "slow").touch()
    start = (
        "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler); "  # background jobs ignore it
    )
    start += "runpy.run_module('experiments.run', run_name='__main__', alter_sys=True)"
    with subprocess.Popen([sys.executable, "-c", start, *COMMAND[1:]], stderr=subprocess.PIPE, text=True) as process:
        while not calls(fresh):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130 and said.endswith("Stopped by Ctrl-C before the end. Run the command again.\n")
    assert (fresh / "datasets/out.yaml").exists() and calls(fresh) == ["plain"]
    assert (fresh / "params.yaml").read_text() == "mine: 1\n"


def wait_until_gone(group: int) -> None:
    """Wait until the system has buried the group's processes: DVC takes a dead one for one that holds its lock."""
    deadline = time.monotonic() + 60
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.1)


def test_what_a_sigkill_left_is_put_back_at_the_next_start(fresh: Path) -> None:
    (fresh / "slow").touch()
    with subprocess.Popen(
        [sys.executable, "-m", *COMMAND], stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while not calls(fresh):
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    wait_until_gone(process.pid)
    assert (fresh / "params.yaml").read_text() != "mine: 1\n"
    (fresh / "slow").unlink()
    main("--only", "plain")
    assert (fresh / "params.yaml").read_text() == "mine: 1\n" and not run.KEPT.exists()


@pytest.mark.parametrize("staged", ["mine: 2\n", params_of])
def test_what_a_killed_dvc_left_staged_stops_no_run(fresh: Path, staged: str | Callable[[str], str]) -> None:
    (fresh / "dvc.lock").write_text("schema: '2.0'\n")
    kept = (fresh / "params.yaml").read_text()
    (fresh / "params.yaml").write_text(staged if isinstance(staged, str) else staged("plain"))
    subprocess.run(["git", "add", "--force", "dvc.lock", "params.yaml"], check=True)
    (fresh / "params.yaml").write_text(kept)
    main("--only", "plain")
    assert calls(fresh)
    left = ["git", "diff", "--cached", "--name-only"]
    assert subprocess.run(left, check=True, capture_output=True, text=True).stdout == ""


def test_experiments_need_no_git_identity(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    main("--only", "plain")
    author = ["git", "for-each-ref", "--format=%(authorname)", "refs/exps/*/*/mine-plain"]
    assert subprocess.run(author, capture_output=True, text=True).stdout.split() == ["experiments"]


def test_the_base_may_be_params_yaml_itself(fresh: Path) -> None:
    shutil.copyfile("base.yaml", "params.yaml")
    before, changed = Path("params.yaml").read_text(), "        plan: {max_copies: 3}\n"
    read(fresh, TABLE.replace("        about: as it is\n", changed))
    main("--params", "params.yaml")
    assert Path("params.yaml").read_text() == before
    made = params_of("copies", TABLE.replace("        about: as it is\n", changed))
    assert results.revision_of("mine-copies", {results.PARAMS: made})  # without the change of the set before it


def test_a_name_that_is_no_set_is_an_error(fresh: Path) -> None:
    with pytest.raises(UserError) as error:
        main("--only", "copie")
    assert str(error.value) == "--only: expected sets of the table (plain, copies). Received 'copie'. Correct the name."


def test_missing_photos_are_named_before_anything_runs(fresh: Path) -> None:
    (fresh / "datasets/raw/appa_real").rename(fresh / "elsewhere")
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == (
        "base.yaml: source.root: expected a path that exists. Received 'datasets/raw/appa_real'. "
        "Put or link it there, as the README says."
    )
    assert calls(fresh) == []


def test_a_set_that_fails_is_named_and_runs_again(fresh: Path) -> None:
    (fresh / "fails").touch()
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == (
        "plain: dvc exp run: expected exit code 0. Received 255. See above; run the command again to go on."
    )
    assert calls(fresh) == ["plain"] and (fresh / "params.yaml").read_text() == "mine: 1\n"
    (fresh / "fails").unlink()
    main("--only", "plain")
    assert calls(fresh) == ["plain", "plain"]


def test_a_report_reads_no_experiment_of_other_parameters(again: Path) -> None:
    assert results.revision_of("mine-plain", {results.PARAMS: params_of("plain")})
    other = read(again).model_copy(update={"seeds": 3})
    text = table.composed(other, other.sets["plain"], Path("base.yaml"))
    with pytest.raises(UserError) as error:
        figures.rows_of("mine-plain", text, "plain", other.sets["plain"])
    assert str(error.value) == (
        "mine-plain: expected a DVC experiment with this code and these parameters. Received none. "
        "Run `python -m experiments.run` first."
    )
