"""The parameter file as text, with a comment on each choice."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from manifests.starting.proposal import Proposal

_OURS = ("seed", "task", "source", "cells", "plan")  # sections that are written anew; the others stay as they are


def params(found: Proposal, before: str) -> str:
    """The file: seed, task, source, cells and plan from the proposal, everything else as it stands in `before`."""
    kept = re.split(r"^(?=\w)", before, flags=re.M)
    rest = [part for part in kept if re.match(r"\w+", part) and part.partition(":")[0] not in _OURS]
    seed = next((part for part in kept if part.startswith("seed:")), "seed: 7\n\n")
    lines = [
        "# yaml-language-server: $schema=params.schema.json",
        "# Written by python -m manifests.start from the labels. docs/sources.md and docs/planning.md explain it.",
        seed.rstrip(),
        "",
        "task:",
        f"  target: {found.target}  # what is predicted: age, in years, or an axis of cells",
        "",
        "source:",
        *(f"  {_flow(key, value)}{_why(key, found)}" for key, value in found.source.items()),
        "  near_duplicates: drop  # train photos that nearly equal a valid or test photo",
        "",
        "cells:  # axis: its values; for age the inner edges of its bins, in years",
    ]
    for name, values in found.cells.items():
        counted = ", ".join(f"{value} {count:,}" for value, count in found.counts[name].items())
        lines += [f"  # {name}: {counted}", f"  {_flow(name, values)}"]
    lines += [f"  # {line}" for line in found.why_not()]
    lines += [
        "",
        "plan:",
        "  total: 3x  # originals kept and copies: three times the originals",
        "  shares:  # uniform where 12 copies of each photo can reach it, else natural: as the photos are",
        *(f"    {_flow(name, share)}" for name, share in found.shares.items()),
        f"  max_copies: {found.max_copies}",
        "  keep: all",
        "",
    ]
    return "\n".join(lines) + "\n" + "".join(rest)


def _why(key: str, found: Proposal) -> str:
    """The comment on a key of `source`."""
    if key != "max_quarantine":
        return ""
    return f"  # {found.lost:,} of {found.rows:,} rows lack a label or a photo, or can't be read; the scan lists them"


def _flow(key: str, value: Any) -> str:
    """One line of YAML; a word that would be read as a number or as a truth value is quoted."""
    yaml, out = YAML(), io.StringIO()
    yaml.default_flow_style, yaml.width = True, 10_000
    yaml.dump({key: _plain(value)}, out)
    return out.getvalue().strip().removeprefix("{").removesuffix("}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value
