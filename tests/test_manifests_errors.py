"""Errors say where, and survive the way from a worker to the command."""

from __future__ import annotations

import pickle

import pytest

from manifests.core.errors import PlanInfeasible, UserError, located

SAID = "params.yaml: plan.max_copies: expected 1 or more. Received 0. Raise it."


def wrong(where: str) -> None:
    raise UserError(where, "1 or more", 0, "Raise it")


def test_a_relative_key_is_prefixed_once_at_the_door() -> None:
    with pytest.raises(UserError) as raised, located("params.yaml: plan"):
        wrong(".max_copies")
    assert str(raised.value) == SAID


def test_places_nest_and_nothing_relative_is_the_place_itself() -> None:
    with pytest.raises(UserError) as raised, located("params.yaml: plan"), located(".max_copies"):
        wrong("")
    assert str(raised.value) == SAID


def test_an_error_that_names_its_file_stays_as_it_is() -> None:
    with pytest.raises(UserError, match=r"^labels\.csv: expected"), located("params.yaml: plan"):
        wrong("labels.csv")


@pytest.mark.parametrize(
    "error",
    [
        UserError("a", "b", 3, "c"),
        PlanInfeasible("a", "b", "c", ("plan.total",), {"plan.total": 3}),
    ],
)
def test_an_error_of_a_worker_arrives_whole(error: UserError) -> None:
    error.where = "params.yaml: a"
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error) and str(arrived) == str(error) and vars(arrived) == vars(error)
