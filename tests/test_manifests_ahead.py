"""What is wrong in a section of a later stage is named by the scan, before any photo is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augment.kernels.policies import CATALOGUE
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.scan import main
from manifests.sections import ahead
from manifests.sections.policies import NAMES

CELLS = {"age": [20, 60], "gender": ["male", "female"]}
RIGHT = {
    "seed": 7,
    "source": {"layout": "table", "root": "nowhere"},
    "cells": CELLS,
    "plan": {
        "total": "3x",
        "shares": {"age": {"<20": 0.5, "rest": "natural"}, "gender": 0.5},
        "independent": ["gender"],
        "weights": {"age": 2, "joint": 3, "independent": 1},
        "floors": {"60+|*": 3, "gender": {"Female": 2}},
        "joint": {"*|male": 3},
        "max_copies": {"default": 4, "age": {"60+": 9}},
    },
    "policies": {
        "light": {"by": {"gender": {"male": {"weight": 2}}}},
        "own": {"albumentations": {"__class_fullname__": "RandomGamma"}},
    },
    "render": {"quality": 90},
}


def write(folder: Path, **sections: Any) -> Path:
    path = folder / "params.yaml"
    path.write_text(json.dumps({**RIGHT, **sections}))
    return path


def test_what_is_right_passes_and_so_does_a_file_without_later_sections(tmp_path: Path) -> None:
    ahead.check(write(tmp_path), Cells.of(CELLS))
    path = tmp_path / "few.yaml"
    path.write_text(json.dumps({"cells": CELLS}))
    ahead.check(path, Cells.of(CELLS))


@pytest.mark.parametrize(
    ("section", "content", "message"),
    [
        ("plan", {"max_copy": 5}, "plan.max_copy: expected a key that exists. Received 'max_copy' "
         "(did you mean max_copies?)"),
        ("plan", {"shares": {"gendr": "uniform"}}, "plan.shares.gendr: expected an axis (age, gender). "
         "Received 'gendr' (did you mean gender?)"),
        ("plan", {"shares": {"gender": {"woman": 1}}}, "plan.shares.gender.woman: expected one of male, female. "
         "Received 'woman'"),
        ("plan", {"independent": ["sex"]}, "plan.independent.sex: expected an axis (age, gender). Received 'sex'"),
        ("plan", {"weights": {"ages": 2}}, "plan.weights.ages: expected an axis (age, gender). Received 'ages' "
         "(did you mean age?)"),
        ("plan", {"floors": {"gender": {"femal": 3}}}, "plan.floors.gender.femal: expected one of male, female. "
         "Received 'femal' (did you mean female?)"),
        ("plan", {"ceilings": {"60+|femal": 3}}, "plan.ceilings.60+|femal: expected a value of gender (male, female). "
         "Received 'femal' (did you mean female?)"),
        ("plan", {"max_copies": {"age": {"61+": 3}}}, "plan.max_copies.age.61+: expected one of <20, 20-60, 60+. "
         "Received '61+' (did you mean 60+?)"),
        ("policies", {"ligth": {}}, f"policies.ligth: expected one of the policies {', '.join(NAMES)}. "
         "Received 'ligth' (did you mean light?)"),
        ("policies", {"light": {"by": {"gendr": {}}}}, "policies.light.by.gendr: expected an axis (age, gender). "
         "Received 'gendr' (did you mean gender?)"),
        ("policies", {"light": {"by": {"gender": {"mal": {}}}}}, "policies.light.by.gender.mal: expected one of male, "
         "female. Received 'mal' (did you mean male?)"),
        ("render", {"qualty": 5}, "render.qualty: expected a key that exists. Received 'qualty' "
         "(did you mean quality?)"),
        ("score", {"resample": 500}, "score.resample: expected a key that exists. Received 'resample' "
         "(did you mean resamples?)"),
    ],
)  # fmt: skip
def test_the_scan_names_what_is_wrong(section: str, content: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = write(tmp_path, **{section: {"total": 9, **content} if section == "plan" else content})
    with pytest.raises(UserError) as error:
        main(["--params", str(path)])
    assert str(error.value).startswith(f"{path}: {message}. Correct")


def test_the_names_are_those_of_the_renderers_catalogue() -> None:
    assert tuple(CATALOGUE) == NAMES
