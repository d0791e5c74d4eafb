"""The audit: known drifts give known figures, verdicts follow the bounds, other judges can be plugged in."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from augment import probe
from manifests.core.errors import UserError, located
from manifests.sections.audit import Bounds
from manifests.sections.policies import Policies
from manifests.tables import audit as contract
from manifests.tables import index
from manifests.tables import judged as images
from manifests.tables.audit import AgeDrift, Drift, Step, ValueDrift
from manifests.tables.parts import Estimate
from tests.support import stages
from tests.support.render_fixtures import CELLS, project
from train import audit
from train.label_drift import bounds, drift, judge_predictions
from train.label_drift.judge_predictions import Opinions
from train.reports import audit as report

SECTIONS = """render: {quality: 90}
audit: {photos: 40, severities: [0.5, 1], resamples: 400, bounds: {shift: 1, distance: 50, bin_shift: 50}}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = project(tmp_path_factory.mktemp("audit"), train=48)
    made.params(SECTIONS)
    inside(made.folder, probe.main, "probe")
    return made.folder


@pytest.fixture(scope="module")
def table(folder: Path) -> pa.Table:
    return index.read(folder / "datasets/probe/index.parquet")[0]


def inside(folder: Path, main: Callable[[], None], *arguments: str) -> str:
    printed = io.StringIO()
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, {"N_JOBS": "1"}),
        mock.patch.object(sys, "argv", list(arguments)),
        contextlib.redirect_stdout(printed),
    ):
        main()
    return printed.getvalue()


def judged(table: pa.Table) -> pa.Table:
    """A judge that is always right, but: noise adds 4 years a severity, a flip half a year, grey turns men to women."""
    rows = table.to_pylist()
    added = {"noise": 4.0, "flip": 0.5}
    age = [row["age"] + added.get(row["policy"], 0.0) * row["severity"] for row in rows]
    male = [0.9 if row["gender"] == "male" and row["policy"] != "grey" else 0.2 for row in rows]
    return pa.table(
        {"task_id": table["task_id"], "age": age, "gender=male": male, "gender=female": [1 - one for one in male]}
    )


def run(folder: Path, written: pa.Table, name: str = "mine.csv") -> contract.AuditReport:
    if name.endswith(".parquet"):
        pq.write_table(written, folder / name)
    else:
        pa_csv.write_csv(written, folder / name)
    inside(folder, audit.main, "audit", "--opinions", name)
    return contract.read(folder / "manifests/built/audit.json")


def step(made: contract.AuditReport, policy: str, severity: float) -> Step:
    return next(one for one in made.steps if (one.policy, one.severity) == (policy, severity))


def test_a_known_drift_is_found_to_the_digit(folder: Path, table: pa.Table) -> None:
    made = run(folder, judged(table))
    noise = step(made, "noise", 1).age
    assert noise is not None and noise.n == 40
    assert (noise.shift.value.value, noise.shift.beyond.value) == pytest.approx((4.0, 3.5), abs=1e-5)
    assert (noise.shift.beyond.low, noise.shift.beyond.high) == pytest.approx((3.5, 3.5), abs=1e-5)
    assert step(made, "noise", 0.5).over == ["age"] and step(made, "pose", 1).over == []
    assert made.safe["noise"] is None and made.safe["pose"] == 1
    men = np.mean([row["gender"] == "male" for row in table.filter(pc.field("copy") == 0).to_pylist()])
    grey = step(made, "grey", 1)
    assert grey.axes["gender"].changed.value.value == pytest.approx(men) and grey.over == ["gender"]
    assert grey.axes["gender"].label.value.value == pytest.approx(-0.7 * men)
    assert made.skill.accuracy["gender"].value.value == 1 and made.skill.mae and made.skill.mae.value < 1e-5
    assert made.judge == "mine.csv" and made.photos == 40


def test_each_judged_image_has_its_residual_or_its_drift(folder: Path, table: pa.Table) -> None:
    run(folder, judged(table))
    written, label = images.read(folder / "manifests/built/judged.parquet")
    off, rows = images.off(written, "photo", "probe"), table.to_pylist()
    assert label == "age" and len(written) == len(off)
    for row in rows:
        wanted = {"noise": 4.0, "flip": 0.5}.get(row["policy"], 0.0) * row["severity"]
        if (row["image_id"], row["copy"]) in off:
            assert off[row["image_id"], row["copy"]] == pytest.approx(wanted, abs=1e-4), row["policy"]
    photos = {row["image_id"] for row in rows}
    assert {image for image, copy in off if copy == 0} == photos and len(off) > 20 * len(photos)


def test_without_ages_the_figure_is_the_labels_probability(folder: Path, table: pa.Table) -> None:
    run(folder, judged(table).drop_columns(["age"]))
    written, label = images.read(folder / "manifests/built/judged.parquet")
    off = images.off(written, "photo", "probe")
    grey = next(r for r in table.to_pylist() if (r["policy"], r["gender"]) == ("grey", "male"))
    assert label == "gender" and off[grey["image_id"], grey["copy"]] == pytest.approx(-0.7, abs=1e-6)
    assert off[grey["image_id"], 0] == pytest.approx(-0.1, abs=1e-6)


def test_policies_used_above_their_bound_are_warned_of(folder: Path, table: pa.Table) -> None:
    made = run(folder, judged(table))
    assert made.warnings == [
        "params.yaml: policies.noise: severity 0.5, but every probed severity is over (age)",
    ]
    written = (folder / "datasets/audit.md").read_text()
    assert made.warnings[0] in written and "| noise | none | over: age |" in written
    printed = inside(folder, audit.main, "audit", "--opinions", "mine.csv")
    assert f"Warning: {made.warnings[0]}." in printed


def test_what_is_predicted_comes_first(folder: Path, table: pa.Table) -> None:
    before = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(f"task: {{target: gender}}\n{before}")
    try:
        assert run(folder, judged(table)).target == "gender"
    finally:
        (folder / "params.yaml").write_text(before)
    head = next(line for line in (folder / "datasets/audit.md").read_text().splitlines() if "| photos |" in line)
    assert head.split(" | ")[3:6] == ["gender, %", "age shift", "age distance"]
    assert run(folder, judged(table)).target is None


def test_a_set_without_ages_has_no_columns_for_them(folder: Path, table: pa.Table) -> None:
    made = run(folder, judged(table))
    steps = tuple(step.model_copy(update={"age": None, "bins": {}}) for step in made.steps)
    without = made.model_copy(update={"steps": steps})
    lines = report.markdown(without).splitlines()
    head = next(number for number, line in enumerate(lines) if "| photos |" in line)
    assert lines[head].startswith("| policy | severity | photos | gender, %")
    assert lines[head].count("|") == lines[head + 2].count("|")
    assert not any("shift" in line for line in (lines[head], *report.terminal(without).splitlines()))


def test_csv_and_parquet_by_task_or_by_content_say_the_same(folder: Path, table: pa.Table) -> None:
    keyed = judged(table).append_column("sha256", table["sha256"]).to_pylist()
    of_content = {row["sha256"]: row for row in keyed}  # a policy may leave a photo as another one does
    by_task = pa.Table.from_pylist([of_content[row["sha256"]] | {"task_id": row["task_id"]} for row in keyed])
    by_content = pa.Table.from_pylist(sorted(of_content.values(), key=lambda row: row["sha256"]))
    first = run(folder, by_task.drop_columns(["sha256"]))
    second = run(folder, by_content.drop_columns(["task_id"]), "mine.parquet")
    assert second == first.model_copy(update={"judge": "mine.parquet"})


def test_another_judge_needs_neither_tensorflow_nor_a_network(folder: Path, table: pa.Table) -> None:
    pa_csv.write_csv(judged(table), folder / "mine.csv")
    done = stages.run(folder, "train.audit", "--opinions", "mine.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("What mine.csv sees in copies of 40 photos, beyond what a flip changes.\n")


def test_two_runs_write_the_same_bytes(folder: Path, table: pa.Table) -> None:
    files = ("manifests/built/audit.json", "manifests/built/judged.parquet", "datasets/audit.md", "datasets/audit.csv")
    written = []
    for _ in range(2):
        run(folder, judged(table))
        written.append([(folder / name).read_bytes() for name in files])
    assert written[0] == written[1]


def test_the_csv_has_each_figure_once(folder: Path, table: pa.Table) -> None:
    made = run(folder, judged(table))
    rows = list(csv.DictReader((folder / "datasets/audit.csv").open()))
    keys = {(row["policy"], row["severity"], row["figure"], row["group"]) for row in rows}
    assert len(keys) == len(rows) == len(made.steps) * (2 + 2 * 2 + 2)
    noise = next(r for r in rows if (r["policy"], r["severity"], r["figure"]) == ("noise", "1.0", "age_shift"))
    assert (float(noise["beyond"]), noise["over"]) == (pytest.approx(3.5, abs=1e-5), "1")


def test_axes_without_opinions_are_left_out_and_empty_ones_do_not_count(folder: Path, table: pa.Table) -> None:
    written = judged(table).drop_columns(["gender=male", "gender=female"])
    ages = [
        None if row["policy"] == "pose" and int(row["task_id"][0], 16) % 2 else row["age"]
        for row in with_policy(written, table)
    ]
    made = run(folder, written.set_column(1, "age", pa.array(ages, pa.float64())))
    assert list(made.bounds) == ["age", "age by bin", "distance"] and step(made, "pose", 1).axes == {}
    pose, light = step(made, "pose", 1).age, step(made, "light", 1).age
    assert pose and light and 0 < pose.n < 40 == light.n


def with_policy(written: pa.Table, table: pa.Table) -> list[dict]:
    return [one | {"policy": row["policy"]} for one, row in zip(written.to_pylist(), table.to_pylist(), strict=True)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.slice(1), "mine.csv: expected a row for every image of the probe. Received none for "),
        (lambda t: pa.concat_tables([t, t.slice(0, 1)]), "expected one row per image. Received several. Remove"),
        (lambda t: t.rename_columns(["task", *t.column_names[1:]]), "mine.csv: task: expected one of the columns age"),
        (lambda t: t.drop_columns(["task_id"]), "mine.csv: expected a column task_id or sha256. Received age, "),
        (lambda t: t.select(["task_id"]), "mine.csv: expected columns of opinions, such as age. Received none."),
        (lambda t: t.drop_columns(["gender=male"]), "mine.csv: gender=male: expected a column for each value of"),
        (lambda t: t.set_column(1, "age", pa.array([-3.0] * len(t))), "mine.csv: age: expected years from 0 to 150. "
         "Received -3. Correct the value."),
        (lambda t: t.set_column(1, "age", pa.array(["x"] * len(t))), "mine.csv: age: expected numbers. Received str"),
        (lambda t: t.set_column(2, "gender=male", pa.array([0.9] * len(t))), "mine.csv: gender: expected probabilities "
         "that sum to 1. Received 0.9 + "),
        (lambda t: t.append_column("age", t["age"]), "mine.csv: age: expected each column once. Received several. "),
        (lambda t: t.set_column(1, "age", pa.nulls(len(t))), "mine.csv: age: expected an opinion of some image. "
         "Received none. Fill the columns, or remove them."),
        (lambda t: t.set_column(2, "gender=male", pa.nulls(len(t))), "mine.csv: gender: expected an opinion of some"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_opinions_is_named(
    tmp_path: Path, table: pa.Table, change: Callable[[pa.Table], pa.Table], expected: str
) -> None:
    pa_csv.write_csv(change(judged(table)), tmp_path / "mine.csv")
    with contextlib.chdir(tmp_path), pytest.raises(UserError) as raised:
        judge_predictions.read(Path("mine.csv"), table, CELLS)
    assert expected in str(raised.value)


def test_a_bound_on_an_axis_that_there_is_not_is_named() -> None:
    Bounds(by={"gender": 0.1}).check(CELLS)
    with pytest.raises(UserError) as raised, located("p.yaml: audit.bounds"):
        Bounds(by={"gendre": 0.1}).check(CELLS)
    assert str(raised.value) == (
        "p.yaml: audit.bounds.by: expected one of the axes gender. Received 'gendre'. Correct the axis."
    )


def test_no_file_and_no_table_are_named(tmp_path: Path, table: pa.Table) -> None:
    with pytest.raises(UserError, match=r"expected a table of opinions. Received no such file. Correct --opinions."):
        judge_predictions.read(tmp_path / "none.csv", table, CELLS)
    pq.write_table(pa.table({"task_id": [["a"]], "age": [1.0]}), tmp_path / "mine.parquet")
    with pytest.raises(UserError, match=r"mine.parquet: task_id: expected words. Received list<element: string>."):
        judge_predictions.read(tmp_path / "mine.parquet", table, CELLS)
    (tmp_path / "mine.parquet").write_bytes(b"no")
    with pytest.raises(UserError, match=r"expected a CSV or Parquet table."):
        judge_predictions.read(tmp_path / "mine.parquet", table, CELLS)


def test_the_intervals_hold_as_often_as_they_say(table: pa.Table) -> None:
    """A judge of pure noise about a shift of 1 year: its interval should hold 1 in about 19 of 20 cases."""
    ladder = drift.ladder(table, 400, seed=1)
    rng, held = np.random.default_rng(5), 0
    at = ladder.steps.index(("pose", 1.0))
    for _ in range(200):
        age = rng.normal(40, 3, len(table))
        age[ladder.rows[:, at]] += 1
        shift = drift.steps(ladder, Opinions(age, {}), CELLS, Bounds())[at].age
        assert shift is not None
        held += shift.shift.value.low <= 1 <= shift.shift.value.high
    assert 180 <= held <= 199


def flat(value: float, low: float, high: float) -> Drift:
    return Drift(value=Estimate(value=0, low=0, high=0), beyond=Estimate(value=value, low=low, high=high))


def a_step(shift: Drift, distance: Drift, changed: Drift, n: int = 40, severity: float = 1) -> Step:
    age = AgeDrift(n=n, shift=shift, distance=distance)
    axis = ValueDrift(n=n, changed=changed, label=flat(0, 0, 0))
    return Step(
        policy="pose", severity=severity, n=n, age=age, bins={"<30": age}, axes={"gender": axis}, over=[], unclear=[]
    )


SMALL = flat(0, -0.01, 0.01)


@pytest.mark.parametrize(
    ("made", "over", "unclear"),
    [
        (a_step(SMALL, SMALL, SMALL), [], []),
        (a_step(flat(0.9, 0.4, 0.99), SMALL, SMALL), [], ["age"]),  # the interval contains the bound
        (a_step(flat(-0.9, -0.99, -0.4), SMALL, SMALL), [], ["age"]),
        (a_step(flat(0, -0.6, 0.6), SMALL, SMALL), [], ["age"]),
        (a_step(flat(0.9, 0.51, 0.99), SMALL, SMALL), ["age"], []),
        (a_step(flat(0.9, 0.51, 1.4), SMALL, SMALL), ["age"], ["age <30"]),
        (a_step(flat(-0.9, -0.99, -0.51), SMALL, SMALL), ["age"], []),  # younger is as wrong as older
        (a_step(flat(-2, -3, -1.1), SMALL, SMALL), ["age", "age <30"], []),
        (a_step(flat(0.9, 0.4, 0.99), flat(2, 1.1, 3), SMALL), ["age"], []),
        (a_step(SMALL, flat(0.9, 0.5, 1.1), SMALL), [], ["age"]),
        (a_step(SMALL, SMALL, flat(0.2, 0.06, 0.3)), ["gender"], []),
        (a_step(SMALL, SMALL, flat(0.04, 0.01, 0.06)), [], ["gender"]),
        (a_step(SMALL, SMALL, flat(-0.2, -0.3, -0.1)), [], []),  # fewer changes than a flip's are none
        (a_step(flat(9, 8, 10), flat(9, 8, 10), flat(1, 1, 1), n=19), [], []),  # too few photos to say
    ],
)
def test_a_whole_interval_is_over_or_within_and_any_other_is_unclear(
    made: Step, over: list[str], unclear: list[str]
) -> None:
    found = bounds.judged(made, Bounds())
    assert (found.over, found.unclear) == (over, unclear)


def test_a_judge_that_guesses_has_no_verdict() -> None:
    made = a_step(flat(-2, -3, -1.1), SMALL, flat(0.2, 0.06, 0.3))
    assert bounds.verdicts(made, Bounds(), ["age"]) == {"gender": "over"}
    assert bounds.verdicts(made, Bounds(), ["gender"]) == {"age": "over", "age <30": "over"}


@pytest.mark.parametrize(
    ("mae", "accuracy", "guesses"),
    [
        ((4, 6), (0.7, 0.9), []),
        ((4, 8), (0.7, 0.9), ["age"]),
        ((4, 6), (0.6, 0.9), ["gender"]),
        (None, (0.5, 0.7), ["gender"]),
    ],
)
def test_the_rule_for_a_judge_that_guesses(
    mae: tuple[float, float] | None, accuracy: tuple[float, float], guesses: list[str]
) -> None:
    def between(ends: tuple[float, float]) -> Estimate:
        return Estimate(value=sum(ends) / 2, low=ends[0], high=ends[1])

    gender = contract.Accuracy(value=between(accuracy), most_frequent=0.6)
    skill = contract.Skill(n=40, mae=mae and between(mae), mae_of_mean=7.5, accuracy={"gender": gender})
    assert skill.guesses == guesses


def test_a_guessing_judge_is_warned_of_and_blames_no_policy(folder: Path, table: pa.Table) -> None:
    ages = np.random.default_rng(3).uniform(1, 90, len(table))
    made = run(folder, pa.table({"task_id": table["task_id"], "age": ages}))
    assert made.skill.guesses == ["age"]
    assert made.warnings == ["no verdict on age: the judge is hardly better than guessing there"]
    assert not any(step.over or step.unclear for step in made.steps)
    assert "the judge guesses" in (folder / "datasets/audit.md").read_text()


def test_an_axis_may_have_its_own_bound() -> None:
    made = a_step(SMALL, SMALL, flat(0.2, 0.06, 0.3))
    found = bounds.judged(made, Bounds(by={"gender": 0.1}))
    assert (found.over, found.unclear) == ([], ["gender"])


def test_the_largest_safe_severity_has_no_unsafe_one_below_it() -> None:
    steps = [a_step(SMALL, SMALL, SMALL, severity=s).model_copy(update={"over": o}) for s, o in
             ((1, []), (0.5, ["age"]), (0.25, []))]  # fmt: skip
    assert bounds.safe(steps) == {"pose": 0.25}
    assert bounds.safe(steps[:2]) == {"pose": None}
    unclear = [steps[2], steps[1].model_copy(update={"over": [], "unclear": ["age"]}), steps[0]]
    assert bounds.safe(unclear) == {"pose": 0.25} and bounds.safe(unclear, accepted=("unclear",)) == {"pose": 1}


def test_a_severity_between_two_counts_as_the_higher_one_and_exceptions_count() -> None:
    steps = [a_step(SMALL, SMALL, SMALL, severity=s).model_copy(update={"over": o}) for s, o in
             ((0.25, []), (0.5, ["age"]), (1, ["age"]))]  # fmt: skip

    def warned(use: dict) -> bool:
        policies = Policies.model_validate({"pose": use, "copy": {"severity": 1.0}})
        return bool(bounds.warnings(policies, CELLS, steps, "params.yaml"))

    assert not warned({"severity": 0.25}) and not warned({"severity": 0.1})
    assert warned({"severity": 0.3}) and warned({"severity": 1.0})
    assert not warned({"severity": 1.0, "weight": 0.0})
    assert warned({"severity": 0.1, "by": {"gender": {"male": {"severity": 0.8}}}})


def test_a_probe_without_flips_is_refused(table: pa.Table) -> None:
    with pytest.raises(UserError, match=r"expected each photo's original and its flip."):
        drift.ladder(table.filter(pc.field("policy") != "flip"), 200, seed=1)
