"""The audit page: what is over in use comes first, then the judge's worth, copies to look at, a way to the gallery."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.tables import index
from manifests.tables.audit import Accuracy, AgeDrift, AuditReport, Drift, Skill, Step
from manifests.tables.parts import Estimate
from pages import audit_rows
from tests.support import pages_samples


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.1, high=value + 0.1)


def step(policy: str, severity: float, over: list[str], unclear: list[str]) -> Step:
    drift = Drift(value=estimate(1), beyond=estimate(severity))
    age = AgeDrift(n=50, shift=drift, distance=drift)
    return Step(policy=policy, severity=severity, n=50, age=age, bins={}, axes={}, over=over, unclear=unclear)


STEPS = [
    step("light", 0.5, [], []),
    step("light", 1.0, [], ["age"]),
    step("pose", 0.5, [], []),
    step("pose", 1.0, ["age"], []),
    step("tone", 0.5, ["age"], []),
    step("tone", 1.0, ["age"], []),
]
REPORT = AuditReport(
    judge="a judge",
    photos=50,
    skill=Skill(
        n=50,
        mae=estimate(6),
        mae_of_mean=10,
        accuracy={"gender": Accuracy(value=estimate(0.8), most_frequent=0.5)},
    ),
    bounds={},
    steps=STEPS,
    safe={"light": 0.5, "pose": 0.5, "tone": None},
    warnings=[],
)
VERDICTS = {(s.policy, s.severity): "over: age" if s.over else "unclear: age" if s.unclear else "within" for s in STEPS}


def rows(used: dict[str, float]) -> list[audit_rows.PolicyRow]:
    return audit_rows.rows(REPORT, VERDICTS, used, {}, {"pose": 3})


def test_what_is_over_at_its_severity_comes_first() -> None:
    made = rows({"light": 1.0, "tone": 0.5})
    assert [row.name for row in made] == ["tone", "light", "pose"]
    assert [s.word for s in made[0].steps] == ["over", "over"]
    assert made[2].link == "../gallery/index.html#/images?policy=3&copy=copies" and made[0].link == ""


@pytest.mark.parametrize(
    ("used", "sentence"),
    [
        ({"tone": 0.5, "light": 1.0}, "1 of the 2 policies in use changes labels beyond the bounds: tone."),
        ({"pose": 0.5, "light": 1.0}, "None of the 2 policies in use is known to change labels beyond the bounds."),
        ({"pose": 1.0, "tone": 1.0}, "2 of the 2 policies in use change labels beyond the bounds: pose, tone."),
    ],
)
def test_sentence_is_about_the_severities_in_use(used: dict[str, float], sentence: str) -> None:
    assert audit_rows.words(REPORT, rows(used))["sentence"] == sentence


def test_judge_is_measured_against_guessing() -> None:
    age, gender = audit_rows.words(REPORT, rows({}))["judge"]
    assert "errs by 6.0 years" in age and "err by 10.0" in age
    assert "right for 80%" in gender and "for 50%" in gender


def test_faces_are_a_photo_and_then_its_copies(tmp_path: Path) -> None:
    sample = pages_samples.make(tmp_path, 60)
    table = index.read(sample.index)[0]
    found = audit_rows.faces(tmp_path, sample.index.parent, table)
    assert found and all(photo[0][3] == "photo" for photos in found.values() for photo in photos)
    assert (tmp_path / "faces-00.jpg").is_file()
