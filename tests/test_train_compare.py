import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.core import text
from manifests.core.errors import UserError
from manifests.tables import comparison, scorecard, times
from manifests.tables.times import Times
from pages import results_tables
from tests.support import plan_sample, scoring
from train import compare, score

PARAMS = """\
seed: 7
source: {layout: appa_real, root: none}
score: {resamples: 300, permutations: 300}
train:
  runs:
    extra: {images: original, weights: age_group, recipe: distribution}
    both: {images: balanced, weights: product}
    weighted: {images: original, weights: product}
    original: {images: original}
    balanced: {images: balanced}
"""
RUNS = ("extra", "both", "weighted", "original", "balanced")
Call = Callable[..., None]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five scored runs; each later one has a little less noise."""
    folder = tmp_path_factory.mktemp("scored")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("params.yaml").write_text(PARAMS)
        shares = {"age": {"<20": (0.25, 0.252)}, "gender": {"male": (None, 0.5)}}
        plan_sample.write(Path("manifests/built/plan.json"), **shares)
        for i, run in enumerate(RUNS):
            scoring.write(scoring.frame({"valid": 80, "test": 200}, seed=i, noise=7 - i), Path(), run, steps=500)
            patch.setattr("sys.argv", ["score", "--run", run])
            score.main()
    return folder


@pytest.fixture
def folder(scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scored runs to work in."""
    copy = shutil.copytree(scored, tmp_path / "copy")
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    def call(*options: str) -> None:
        monkeypatch.setattr("sys.argv", ["compare", *options])
        compare.main()

    return call


def read() -> comparison.Comparison:
    return comparison.read(Path("datasets/comparison.json"))


def test_baseline_augmentation_weights_and_both_come_first(call: Call) -> None:
    call()
    rows = read().splits["test"].rows
    assert [(row.name, row.role) for row in rows[:5]] == [
        ("original", "baseline"),
        ("balanced", "augmentation"),
        ("weighted", "weights"),
        ("both", "both"),
        ("extra", "weights"),
    ]
    assert {row.kind for row in rows[5:]} == {"published"}
    assert len(rows) == 5 + 25


def test_rows_repeat_the_scorecards_and_pairs_are_their_differences(call: Call) -> None:
    call()
    made = read()
    assert list(made.splits) == ["valid", "test"]
    for split, scored in made.splits.items():
        cards = {run: scorecard.read(Path(f"datasets/runs/{run}/scorecard.json")).splits[split] for run in RUNS}
        for row in scored.rows[:5]:
            assert row.error.value == cards[row.name].overall.error
            assert {axis: f.value for axis, f in row.bias.items()} == {
                a: b.value for a, b in cards[row.name].bias.items()
            }
        assert len(scored.pairs) == 10
        for pair in scored.pairs:
            first, second = cards[pair.first], cards[pair.second]
            assert pair.error.value == pytest.approx(first.overall.error - second.overall.error, abs=2e-6)
            average = first.average_bias.value - second.average_bias.value
            assert pair.average_bias.value == pytest.approx(average, abs=2e-6)
            assert pair.error.low <= pair.error.value <= pair.error.high


def test_the_leaderboard_ranks_every_row_in_every_column(call: Call) -> None:
    call()
    scored = read().splits["test"]
    columns = pd.DataFrame(
        {row.name: {**{a: f.value for a, f in row.bias.items()}, "mae": row.error.value} for row in scored.rows}
    )
    expected = columns.T.rank(method="average").mean(axis=1)
    assert {place.name: place.average_rank for place in scored.leaderboard} == pytest.approx(
        expected.to_dict(), abs=1e-6
    )
    found = [place.average_rank for place in scored.leaderboard]
    assert found == sorted(found)


def test_published_rows_are_marked_everywhere(call: Call) -> None:
    call()
    text = Path("datasets/comparison.md").read_text()
    assert "| D-2b (published) |  |  |  | 4.55 | 0.87 | 0.63 | 0.50 | 0.47 | 0.62 |" in text
    table = pd.read_csv("datasets/comparison.csv", keep_default_na=False)
    assert set(table.loc[table["name"] == "D-2b", "kind"]) == {"published"}
    assert len(table) == 2 * 30


@pytest.mark.parametrize(
    ("layout", "count"), [("drawn", 0), ("utkface", 0), ("appa_real", 25), ("appa_real_release", 25)]
)
def test_published_rows_stand_only_beside_their_own_photos(call: Call, layout: str, count: int) -> None:
    Path("params.yaml").write_text(PARAMS.replace("appa_real", layout))
    call()
    made = read()
    assert sum(row.kind == "published" for row in made.splits["test"].rows) == count
    assert len(made.splits["test"].leaderboard) == 5 + count
    assert any("ublished" in note for note in made.notes) == (count > 0)


def test_a_submission_is_scored_like_a_run(call: Call) -> None:
    table = scoring.frame({"valid": 80, "test": 200}, seed=3, noise=4)  # the run `original`
    Path("ours.csv").write_text("".join(f"{age:.6f}\n" for age in table["age_pred"].to_pylist()[80:]))
    call("--predictions", "ours=ours.csv")
    rows = {row.name: row for row in read().splits["test"].rows}
    assert rows["ours"].kind == "predictions"
    assert rows["ours"].error.value == pytest.approx(rows["original"].error.value, abs=1e-5)
    assert rows["ours"].average_bias.value == pytest.approx(rows["original"].average_bias.value, abs=1e-5)


def score_others(table: pa.Table, name: str) -> None:
    """What `train.score --predictions ... --labels ...` leaves behind."""
    scoring.write(table, Path(), name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["score", "--run", name])
        score.main()


def test_scored_predictions_of_another_program_are_paired_with_every_run(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    table = scoring.frame({"valid": 80, "test": 200}, seed=9, noise=1)
    score_others(table.filter(pc.equal(table["split"].cast(pa.string()), "test")), "mine")
    call()
    alone = read()
    capsys.readouterr()
    call("--also", "mine")
    made, out = read(), capsys.readouterr().out
    row = next(row for row in made.splits["test"].rows if row.name == "mine")
    card = scorecard.read(Path("datasets/runs/mine/scorecard.json")).splits["test"]
    assert (row.kind, row.role, row.error.low) == ("predictions", "", card.overall.low)
    pairs = {pair.first: pair for pair in made.splits["test"].pairs if pair.second == "mine"}
    assert set(pairs) == set(RUNS)
    assert pairs["original"].error.value == pytest.approx(
        next(row for row in made.splits["test"].rows if row.name == "original").error.value - row.error.value, abs=2e-6
    )
    assert pairs["original"].error.low > 0, "an error of one year beside one of four"
    assert f"original - mine  {text.difference(pairs['original'].error)}" in out
    markdown = Path("datasets/comparison.md").read_text()
    assert f"| original - mine | {text.difference(pairs['original'].error)} |" in markdown.replace("&lt;", "<")
    assert made.splits["valid"] == alone.splits["valid"], "it has no photo of valid"
    assert [p for p in made.splits["test"].pairs if p.second != "mine"] == alone.splits["test"].pairs
    assert made.splits["test"].verdict == alone.splits["test"].verdict
    assert any("mine" in str(cell) for cells in results_tables.pairs(made.splits["test"]) for cell in cells)


@pytest.mark.parametrize(
    ("photos", "name", "message"),
    [
        (200, "balanced", "--also: expected a name of its own. Received 'balanced', which another row has. "
         "Score it with --run NAME."),
        (200, "none", "--also none: expected datasets/runs/none/predictions.parquet. Received no such file. "
         "Run `python -m train.score --predictions FILE --labels TABLE --run none`."),
        (150, "mine", "predictions mine: test: expected the 200 photos and labels of run original. "
         "Received 150 photos, or other labels. Predict each of them, and score with --labels "
         "manifests/built/source.parquet."),
    ],
)  # fmt: skip
def test_predictions_that_can_not_be_paired_are_named(call: Call, photos: int, name: str, message: str) -> None:
    score_others(scoring.frame({"valid": 80, "test": 200}).slice(0, 80 + photos), "mine")
    with pytest.raises(UserError) as error:
        call("--also", name)
    assert str(error.value).startswith(message)


def test_the_closing_table(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    call()
    out = capsys.readouterr().out
    row = read().splits["test"].rows[0]
    figures = [row.error, *row.bias.values(), row.average_bias]
    lines = out.splitlines()
    assert lines[0] == "Errors and biases in years on 200 test photos; lower is better."
    assert lines[2].split() == ["run", "steps", "MAE", "age", "gender", "ethnicity", "expression", "average", "bias"]
    assert lines[3].split() == ["original", "500", *(f"{f.value:.2f}" for f in figures)]
    assert [line.split()[0] for line in lines[3:8]] == ["original", "balanced", "weighted", "both", "extra"]
    assert "  age: <20 25% -> 25%" in lines
    assert "  gender: male free -> 50%" in lines
    assert "manifests/built/quarantine.parquet" in out
    call("--show")
    assert capsys.readouterr().out == out


def test_unequal_steps_are_warned_of_everywhere(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call()
    assert read().warnings == [] and "Warning" not in capsys.readouterr().out
    scoring.write(scoring.frame({"valid": 80, "test": 200}, seed=4, noise=3), Path(), "balanced", steps=1500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["score", "--run", "balanced"])
        score.main()
    call()
    (warning,) = read().warnings
    assert warning == (
        "The runs took unequal numbers of gradient steps (original 500, balanced 1500, weighted 500, both 500, "
        "extra 500); a difference may be due to longer training."
    )
    assert f"Warning: {warning}" in capsys.readouterr().out
    assert f"**Warning:** {warning}" in Path("datasets/comparison.md").read_text()
    table = pd.read_csv("datasets/comparison.csv").set_index("name")
    assert set(table.loc["balanced", "steps"]) == {1500} and table.loc["D-2b", "steps"].isna().all()


def test_a_better_network_is_no_merit_of_the_images(call: Call) -> None:
    """The verdict needs a repeating run; the extra one serves as it here, and the rendered run errs far less."""
    params = PARAMS.replace("{images: original, weights: age_group, recipe: distribution}", "{images: repeated}")
    for network, told in (("", True), (", network: {size: 64}", False)):
        Path("params.yaml").write_text(
            params.replace("balanced: {images: balanced}", f"balanced: {{images: balanced{network}}}")
        )
        scoring.write(scoring.frame({"valid": 80, "test": 200}, seed=4, noise=0.5), Path(), "balanced", steps=500)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["score", "--run", "balanced"])
            score.main()
        call()
        verdict = read().splits["test"].verdict
        assert verdict is not None and verdict.startswith("Rendering pays on these photos: balanced") is told, verdict


def test_times_are_told_where_the_networks_differ_and_only_there(call: Call) -> None:
    """Of one network they are noise, and would make other bytes each time."""
    for name, train in (("original", 1.25), ("balanced", 6.5)):
        times.write(Times(train=train, test=2, devices=("CPU:0",)), Path("datasets/runs") / name / "time.json")
    row = "| balanced |  | 6.50 | 2.00 | CPU:0 |"
    call()
    assert row not in Path("datasets/comparison.md").read_text()
    assert "CPU:0" not in Path("datasets/comparison.json").read_text()
    Path("params.yaml").write_text(
        PARAMS.replace("balanced: {images: balanced}", "balanced: {images: balanced, network: {size: 64}}")
    )
    call()
    assert row in Path("datasets/comparison.md").read_text()
    assert {r.name: r.times and r.times.train for r in read().splits["test"].rows if r.kind == "run"} == {
        "original": 1.25,
        "balanced": 6.5,
        "weighted": None,
        "both": None,
        "extra": None,
    }


def test_the_same_bytes_twice(call: Call) -> None:
    made = [f"comparison.{end}" for end in ("md", "csv", "json")]
    made += ["metrics.json", *(f"plots/{name}.csv" for name in ("groups", "by_age", "curves"))]

    def files() -> list[bytes]:
        call()
        return [(Path("datasets") / name).read_bytes() for name in made]

    assert files() == files()


def test_what_dvc_shows_repeats_the_scorecards(call: Call) -> None:
    curve = Path("datasets/runs/both/curves/plots/metrics/repeat_1/valid_mae.tsv")
    curve.parent.mkdir(parents=True)
    curve.write_text("step\tvalid_mae\n0\t9.5\n1\t8.5\n")
    call()
    cards = {run: scorecard.read(Path(f"datasets/runs/{run}/scorecard.json")) for run in RUNS}
    metrics = json.loads(Path("datasets/metrics.json").read_text())
    assert metrics["mae"] == {run: pytest.approx(card.overall.error, abs=1e-3) for run, card in cards.items()}
    assert metrics["bias"] == {run: pytest.approx(card.average_bias, abs=1e-3) for run, card in cards.items()}
    assert len(metrics) == 2, "a screen of `dvc exp show` holds two figures of each run"
    groups = pd.read_csv("datasets/plots/groups.csv", keep_default_na=False).set_index(["run", "group"])
    assert groups.loc[("both", "gender: male"), "error"] == cards["both"].by_group["test"]["gender"]["male"].error
    assert len(groups) == 5 * (4 + 2 + 3 + 4)
    ages = pd.read_csv("datasets/plots/by_age.csv")
    assert dict(ages.groupby("run")["n"].sum()) == dict.fromkeys(RUNS, 200)
    assert Path("datasets/plots/curves.csv").read_text() == "run,step,error\nboth,0,9.5\nboth,1,8.5\n"


def test_a_run_that_was_taken_out_stays_on_disk_and_out_of_the_comparison(call: Call) -> None:
    lines = [line for line in PARAMS.splitlines() if "extra:" not in line]
    Path("params.yaml").write_text("\n".join(lines))
    call()
    assert "extra" not in {row.name for row in read().splits["test"].rows}
    assert Path("datasets/runs/extra/scorecard.json").exists()


def test_one_run_alone_has_no_pairs(call: Call) -> None:
    Path("params.yaml").write_text(
        "seed: 7\nsource: {layout: drawn, root: none}\nscore: {}\ntrain: {runs: {original: {images: original}}}\n"
    )
    call()
    assert read().splits["test"].pairs == []
    assert "Differences of runs" not in Path("datasets/comparison.md").read_text()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "none.csv: expected a predictions.csv. Received No such file or directory. "
         "Give one headerless column, each line a number of years."),
        ("head.csv", "age\n30\n", "head.csv: line 1: expected a number of years. Received 'age'. "
         "Give one headerless column, each line a number of years."),
        ("nan.csv", "30\nnan\n", "nan.csv: line 2: expected a number of years. Received 'nan'. "
         "Give one headerless column, each line a number of years."),
        ("short.csv", "30\n" * 80, "--predictions x: expected 200 predictions, one per labelled photo of test in order "
         "of path. Received 80. Give the predictions of this data set's split."),
    ],
)  # fmt: skip
def test_bad_submissions_are_named(call: Call, name: str, content: str | None, message: str) -> None:
    if content is not None:
        Path(name).write_text(content)
    with pytest.raises(UserError) as error:
        call("--predictions", f"x={name}")
    assert str(error.value) == message
    assert not Path("datasets/comparison.json").exists()


@pytest.mark.parametrize("name", ["balanced", "D-1b", "y"])
def test_a_submission_has_a_name_of_its_own(call: Call, name: str) -> None:
    Path("x.csv").write_text("30\n" * 200)
    with pytest.raises(UserError) as error:
        call("--predictions", "y=x.csv", "--predictions", f"{name}=x.csv")
    assert str(error.value) == (
        f"--predictions {name}=x.csv: expected a name of its own. Received {name!r}, which another row of the "
        "comparison has. Choose another name."
    )


def test_runs_on_other_photos_can_not_be_compared(call: Call) -> None:
    scoring.write(scoring.frame({"valid": 80, "test": 199}), Path(), "both")
    with pytest.raises(UserError) as error:
        call()
    assert str(error.value) == (
        "run both: valid: expected the 80 photos and labels of run original. Received 80 photos, or other labels. "
        "Train and score both on the same shards."
    )


@pytest.mark.parametrize(("name", "command"), [("predictions.parquet", "train.fit"), ("scorecard.json", "train.score")])
def test_a_run_without_its_files_names_the_command(call: Call, name: str, command: str) -> None:
    Path(f"datasets/runs/both/{name}").unlink()
    with pytest.raises(
        UserError,
        match=rf"^datasets/runs/both/{name}: expected a \w+. Received no such file. Run `python -m {command}`",
    ):
        call()


def test_a_plan_that_lacks_a_key_is_named(call: Call) -> None:
    Path("manifests/built/plan.json").write_text('{"total": 9}')
    with pytest.raises(UserError) as error:
        call()
    assert str(error.value) == (
        "manifests/built/plan.json: status: expected a plan. Received Field required. Run `python -m balance.plan`."
    )


def test_errors_of_six_years_and_of_one_rank_apart(call: Call) -> None:
    call()
    pairs = {(p.first, p.second): p for p in read().splits["test"].pairs}
    found = pairs["original", "extra"].error  # noise of 4 years against 7
    assert found.high < 0
    assert found.p < 0.01
    assert np.isclose(found.value, (found.low + found.high) / 2, atol=1e-5)
