"""The JSON Schema is that of the models, and takes every parameter file of the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from manifests.core import params
from manifests.schema import schema

ROOT = Path(__file__).parents[1]
LINE = "# yaml-language-server: $schema=params.schema.json\n"


def test_the_file_is_that_of_the_models() -> None:
    assert json.loads((ROOT / "params.schema.json").read_text()) == schema(), "run python -m manifests.schema"
    assert set(schema()["properties"]) == set(params.SECTIONS)


@pytest.mark.parametrize("path", sorted(ROOT.glob("params*.yaml")), ids=lambda path: path.name)
def test_a_parameter_file_names_the_schema(path: Path) -> None:
    assert path.read_text().startswith(LINE)


@pytest.mark.readers
@pytest.mark.parametrize("path", sorted(ROOT.glob("params*.yaml")), ids=lambda path: path.name)
def test_a_parameter_file_fits_and_a_mistake_in_it_does_not(path: Path) -> None:
    import jsonschema

    check = jsonschema.Draft202012Validator(schema())
    check.check_schema(schema())
    content: dict[str, Any] = params.parsed(path)
    assert [error.message for error in check.iter_errors(content)] == []
    for section, key, value in (("plan", "max_copy", 5), ("plan", "total", "3y"), ("source", "layout", "utk")):
        wrong = {**content, section: {**content[section], key: value}}
        assert not check.is_valid(wrong), (section, key)
