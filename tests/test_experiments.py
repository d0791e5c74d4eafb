"""A table of experiments: what its sets become, that each runs once, and what the report says of them."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow.compute as pc
import pytest

from experiments import figures, results, run, table, words
from experiments.table import ExperimentTable
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.score import Score
from manifests.sections.train import Train
from tests.support import scoring
from train.scoring.predictions import labelled
from train.scoring.scorecard import scorecard
from train.scoring.scored_runs import ScoredRun

ROOT = Path(__file__).parents[1]
TABLE = """
title: A table
against: plain.first
best: copies.second
seeds: 2
recipes: {wide: {base: linear, head: [512]}}
parts:
  - title: Part one
    sets:
      plain:
        about: as it is
        runs: {first: {recipe: linear, images: original}}
  - title: Part two
    sets:
      copies:
        plan: {total: 9}
        policies: {copy: {weight: 1}}
        runs: {second: {recipe: wide, images: balanced}, third: {recipe: linear, images: balanced}}
"""


def read(folder: Path, text: str = TABLE) -> ExperimentTable:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "table.yaml").write_text(text)
    return table.read(folder / "mine" / "table.yaml")


def test_a_set_is_the_base_with_its_changes(tmp_path: Path) -> None:
    wanted, base = read(tmp_path), ROOT / "params.appa_real.yaml"
    path = tmp_path / "params.yaml"
    path.write_text(table.composed(wanted, wanted.sets["copies"], base))
    made, before = params.read(path), params.read(base)
    assert made["plan"] == {**before["plan"], "total": 9} and made["policies"] == {"copy": {"weight": 1}}
    assert [*made] == [*before] and [*made["cells"]] == [*before["cells"]]  # the order of the axes counts
    train = params.section(path, Train)
    assert {name: (each.recipe, each.seeds) for name, each in train.runs.items()} == {
        "second": ("wide", 2),
        "third": ("linear", 2),
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("against: plain.first", "against: plain.last", "a row of the table as set.run, so not 'plain.last'"),
        ("best: copies.second", "best: second", "a row of the table as set.run, so not 'second'"),
        ("      copies:", "      plain:", "each set's name once"),
        ("      copies:", "      co_pies:", "set names of letters, digits and -, so not 'co_pies'"),
        ("seeds: 2", "seeds: 0", "seeds: expected greater than or equal to 1. Received 0"),
        (
            "      copies:\n",
            "      copies:\n        emphasis: copies.third\n",
            "copies below the set whose errors it needs",
        ),
        (
            "        about: as it is\n",
            "        emphasis: copies.third\n",
            "plain below the set whose errors it needs, copies",
        ),
        ("seeds: 2", "seed: 2", "seed: expected a key that exists. Received 2"),
    ],
)
def test_a_mistake_in_a_table_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        read(tmp_path, TABLE.replace(old, new))


def test_every_set_is_checked_before_the_first_runs(tmp_path: Path) -> None:
    base = ROOT / "params.appa_real.yaml"
    table.check(read(tmp_path), base, tmp_path)
    with pytest.raises(
        UserError, match=r"set copies upon .*yaml: train.runs.third.recipe: expected one of the recipes wide, "
    ):
        table.check(read(tmp_path, TABLE.replace("third: {recipe: linear", "third: {recipe: none")), base, tmp_path)
    with pytest.raises(
        UserError, match=r"^set copies upon .*/params.appa_real.yaml: plan.total: expected a whole number"
    ):
        table.check(read(tmp_path, TABLE.replace("total: 9", "total: 0")), base, tmp_path)


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*/*.yaml")), ids=lambda path: path.stem)
def test_the_tables_of_the_repository_are_in_order(path: Path, tmp_path: Path) -> None:
    table.check(table.read(path), ROOT / "params.appa_real.yaml", tmp_path)


FAKE = """#!{python}
import pathlib, subprocess, sys
name = sys.argv[sys.argv.index("--name") + 1]
if "--force" in sys.argv:
    sys.exit("every stage would run again, those that a stopped run had finished too")
if pathlib.Path("dvc.lock").exists():
    sys.exit("the lock holds every stage of the sets before")
pathlib.Path("dvc.lock").write_text(name)
with open("calls", "a") as file:
    file.write(name + "\\n")
if pathlib.Path("fails").exists():
    sys.exit(3)
git = lambda *words: subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()
git("add", "--update")
head, tree = git("rev-parse", "HEAD"), git("write-tree")
ref = f"refs/exps/{{head[:2]}}/{{head[2:]}}/{{name}}"
if git("for-each-ref", ref):
    sys.exit("DVC refuses to replace an experiment")
git("update-ref", ref, git("commit-tree", tree, "-p", head, "-m", name))
git("reset", "-q")
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository and a `dvc` that keeps each experiment as DVC does, without running anything."""
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "dvc"
    fake.write_text(FAKE.format(python=sys.executable))
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "repo"
    (folder / "manifests").mkdir(parents=True)
    (folder / "params.yaml").write_text("mine: 1\n")
    (folder / "manifests" / "emphasis.json").write_text("{}\n")
    (folder / "train").mkdir()
    (folder / "train" / "loop.py").write_text("")
    (folder / "base.yaml").write_text((ROOT / "params.appa_real.yaml").read_text())
    read(folder)
    monkeypatch.chdir(folder)
    for path in ("datasets/raw/appa_real/photo", "datasets/weights/mobilenet_face_notop.weights.h5"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for words_ in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words_], check=True)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@b.c")
    return folder


def main(*options: str) -> None:
    argv = ["experiments.run", "--table", "mine/table.yaml", "--params", "base.yaml", *options]
    with mock.patch("sys.argv", argv):
        run.main()


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().split() if (folder / "calls").exists() else []


def test_each_set_runs_once_and_the_parameters_are_put_back(checkout: Path) -> None:
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies"]
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies"]
    assert (checkout / "params.yaml").read_text() == "mine: 1\n"
    assert not (checkout / "dvc.lock").exists()


def test_each_set_begins_without_a_lock_and_the_users_is_put_back(checkout: Path) -> None:
    (checkout / "dvc.lock").write_text("the user's\n")
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies"]
    assert (checkout / "dvc.lock").read_text() == "the user's\n"


def test_a_changed_set_runs_again_alone(checkout: Path) -> None:
    main()
    (checkout / "mine" / "table.yaml").write_text(TABLE.replace("total: 9", "total: 10"))
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies", "mine-copies"]


def test_another_commit_changes_nothing_and_other_code_everything(checkout: Path) -> None:
    main()
    (checkout / "notes.md").write_text("Rows look good.")
    subprocess.run(["git", "add", "notes.md"], check=True)
    subprocess.run(["git", "commit", "-qm", "y"], check=True)
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies"]
    (checkout / "train" / "loop.py").write_text("changed = True")
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies"] * 2
    main()
    assert calls(checkout) == ["mine-plain", "mine-copies"] * 2


def test_a_table_in_any_place_names_its_experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my tables").mkdir()
    monkeypatch.chdir(tmp_path / "my tables")
    assert results.experiment_of(Path("table.yaml"), "a-1") == "my-tables-a-1"
    assert results.experiment_of(Path("../x.y/two.yaml"), "a") == "x-y-two-a"


def test_no_table_is_an_error() -> None:
    with pytest.raises(UserError) as error:
        table.read(Path("nowhere.yaml"))
    assert str(error.value) == (
        "nowhere.yaml: expected a table of experiments. Received no such file. Name one with --table."
    )


def test_no_repository_is_an_error(checkout: Path) -> None:
    (checkout / ".git").rename(checkout / "elsewhere")
    with pytest.raises(UserError) as error:
        main()
    assert "git: expected a repository with a commit, which DVC's experiments rest on. Received fatal: " in str(
        error.value
    )
    assert calls(checkout) == [] and (checkout / "params.yaml").read_text() == "mine: 1\n"


def test_a_base_without_a_section_is_an_error(checkout: Path) -> None:
    text = (checkout / "base.yaml").read_text()
    (checkout / "base.yaml").write_text(re.sub(r"(?ms)^policies:.*?(?=^render:)", "", text))
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == (
        "base.yaml: policies: expected a section of that name. Received none. "
        "Add it, as in params.yaml of the repository."
    )


def test_who_stops_a_run_waits_until_dvc_has_tidied_up(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    script = f"import pathlib, time; time.sleep(1); pathlib.Path({str(tmp_path / 'tidy')!r}).touch()"
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        run._call([sys.executable, "-c", script], "a")
    assert (tmp_path / "tidy").exists()


def test_experiments_need_no_git_identity(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    main()  # the fake `dvc` commits with git, which refuses without a name
    author = ["git", "for-each-ref", "--format=%(authorname)", "refs/exps"]
    assert subprocess.run(author, capture_output=True, text=True).stdout.split() == ["experiments", "experiments"]


def test_the_base_may_be_params_yaml_itself(checkout: Path) -> None:
    text = (checkout / "base.yaml").read_text()
    (checkout / "params.yaml").write_text(text)
    (checkout / "mine" / "table.yaml").write_text(
        TABLE.replace("        about: as it is\n", "        plan: {max_copies: 3}\n")
    )
    main("--params", "params.yaml")
    assert (checkout / "params.yaml").read_text() == text
    wanted = table.read(Path("mine/table.yaml"))
    made = table.composed(wanted, wanted.sets["copies"], Path("base.yaml"))
    assert results.revision_of("mine-copies", {results.PARAMS: made})  # without the change of the set before it


def test_one_set_alone_and_a_name_that_is_none(checkout: Path) -> None:
    main("--only", "copies")
    assert calls(checkout) == ["mine-copies"]
    with pytest.raises(UserError) as error:
        main("--only", "copie")
    assert str(error.value) == "--only: expected sets of the table (plain, copies). Received 'copie'. Correct the name."


def test_missing_photos_are_named_before_anything_runs(checkout: Path) -> None:
    (checkout / "datasets/raw/appa_real").rename(checkout / "elsewhere")
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == (
        "base.yaml: source.root: expected a path that exists. Received 'datasets/raw/appa_real'. "
        "Put or link it there, as the README says."
    )
    assert calls(checkout) == []


def test_a_set_that_fails_is_named_and_the_parameters_are_put_back(checkout: Path) -> None:
    (checkout / "fails").touch()
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == (
        "plain: dvc exp run: expected exit code 0. Received 3. See above; run the command again to go on."
    )
    assert calls(checkout) == ["mine-plain"] and (checkout / "params.yaml").read_text() == "mine: 1\n"
    (checkout / "fails").unlink()
    main()
    assert calls(checkout) == ["mine-plain", "mine-plain", "mine-copies"]


def test_a_file_of_an_experiment_that_is_not_there_is_an_error(checkout: Path) -> None:
    with pytest.raises(UserError) as error:
        results.fetch("mine-plain", {}, ["x"], checkout)
    assert str(error.value) == (
        "mine-plain: expected a DVC experiment with this code and these parameters. Received none. "
        "Run `python -m experiments.run` first."
    )


def test_a_report_reads_no_experiment_of_other_parameters(checkout: Path) -> None:
    main("--only", "plain")
    wanted = table.read(Path("mine/table.yaml"))
    assert results.revision_of(
        "mine-plain", {results.PARAMS: table.composed(wanted, wanted.sets["plain"], Path("base.yaml"))}
    )
    other = wanted.model_copy(update={"seeds": 3})
    with pytest.raises(UserError, match="mine-plain: expected a DVC experiment with this code and these parameters"):
        figures.rows_of(
            "mine-plain", table.composed(other, other.sets["plain"], Path("base.yaml")), "plain", other.sets["plain"]
        )


def test_a_table_of_single_networks_says_so(tmp_path: Path) -> None:
    score = Score(resamples=200, permutations=200)
    wanted = read(tmp_path, TABLE.replace("seeds: 2", "seeds: 1"))
    text = words.page(wanted, figures.scored(rows(), score, 7), "a machine", score, 7)
    assert "- Every row is one network, seed 7: " in text and "±" not in text
    lines = [line.count("|") for line in text.splitlines() if line.startswith(("| row", "| `copies.second` | 100"))]
    assert len(set(lines)) == 1 and len(lines) == 3


def rows() -> list[figures.ReportRow]:
    made = []
    for number, (name, copies) in enumerate({"plain.first": 0, "copies.second": 5, "copies.third": 5}.items()):
        photos = labelled(scoring.frame({"valid": 300}, seed=number, noise=6 - 2 * number), scoring.CELLS)
        card = scorecard(name, photos, scoring.CELLS, Score(resamples=200, permutations=200), 7)
        made.append(
            figures.ReportRow(name, ScoredRun(name, "linear", "baseline", card, photos), 100, copies, scoring.CELLS)
        )
    return made


def test_the_report_holds_what_numpy_computes(tmp_path: Path) -> None:
    made, score = rows(), Score(resamples=200, permutations=200)
    text = words.page(read(tmp_path), figures.scored(made, score, 7), "a machine", score, 7)
    for number, row in enumerate(made):
        frame = scoring.frame({"valid": 300}, seed=number, noise=6 - 2 * number)
        error = np.abs(frame["age_pred"].to_numpy() - frame["age"].to_numpy())
        men = pc.equal(frame["gender"].cast("string"), "male").to_numpy()
        line = next(line for line in text.splitlines() if line.startswith(f"| `{row.name}` | 100"))
        assert f"| {error.mean():.2f} (" in line
        assert f"| {abs(error[men].mean() - error[~men].mean()):.2f} |" in line
    assert "| `copies.second` | 100 + 5 |" in text and "| `plain.first` | 100 |" in text


def test_differences_are_signed_towards_the_row_that_is_compared_with(tmp_path: Path) -> None:
    score = Score(resamples=200, permutations=200)
    scored = figures.scored(rows(), score, 7)
    found = scored.difference("copies.second", "plain.first")
    assert found.mae.value < 0 and found.mae.high < 0  # its noise is a third less
    assert scored.difference("plain.first", "copies.second").mae.value == pytest.approx(-found.mae.value)
    assert f"{found.mae.value:+.2f} ({found.mae.low:+.2f} to {found.mae.high:+.2f})" in words.page(
        read(tmp_path), scored, "", score, 7
    )


def test_rows_on_other_photos_do_not_compare() -> None:
    made = rows()
    photos = labelled(scoring.frame({"valid": 200}), scoring.CELLS)
    card = scorecard("x", photos, scoring.CELLS, Score(resamples=200, permutations=200), 7)
    made.append(figures.ReportRow("x.y", ScoredRun("x", "linear", "baseline", card, photos), 9, 0, scoring.CELLS))
    with pytest.raises(UserError) as error:
        figures.scored(made, Score(resamples=200, permutations=200), 7)
    assert str(error.value) == (
        "x.y: expected the photos of plain.first. Received others. Run the table's sets on one source."
    )
