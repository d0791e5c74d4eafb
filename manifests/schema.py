"""Write `params.schema.json`, the JSON Schema of params.yaml, from the models of its sections.

python -m manifests.schema

Editors complete and check params.yaml by it: the file's first line names it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from manifests.core import command
from manifests.core.files import write_text
from manifests.sections.audit import Audit
from manifests.sections.plan import Plan
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.score import Score
from manifests.sections.source import Source
from manifests.sections.task import Task
from manifests.sections.train import Train

SECTIONS = (Task, Source, Plan, Policies, Render, Train, Score, Audit)
_AXIS = {
    "type": "array",
    "minItems": 1,
    "anyOf": [{"items": {"type": "number", "exclusiveMinimum": 0}}, {"items": {"type": "string"}}],
    "description": "values; for age the inner edges of its bins, in years",
}


def schema() -> dict[str, Any]:
    """The schema of the whole file; what crosses sections is for the stages to check."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "cells": {"type": "object", "minProperties": 1, "additionalProperties": _AXIS},
    }
    for model in SECTIONS:
        made = model.model_json_schema(ref_template=f"#/$defs/{model.key}.{{model}}")
        definitions |= {f"{model.key}.{name}": each for name, each in made.pop("$defs", {}).items()}
        properties[model.key] = {**made, "description": (model.__doc__ or "").partition("\n")[0]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "params.yaml",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }


def main() -> None:
    """Write the schema."""
    parser = command.parser(__doc__)
    parser.add_argument("--out", type=command.place, default=Path("params.schema.json"))
    options = parser.parse_args()
    write_text(options.out, json.dumps(schema(), indent=1) + "\n")
    print(f"{options.out} is written")


if __name__ == "__main__":
    command.run(main)
