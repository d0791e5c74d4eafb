"""Read one section of `params.yaml` into its frozen model; a stage reads only its own.

YAML is read as version 1.2, as DVC does: `1e-5` is a number and `no` a word.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from manifests.core.cells import AGE, Cells, fold
from manifests.core.errors import UserError, located, nearest
from manifests.core.places import is_address
from manifests.core.plain import NotReadable, read_plain

_BYTES = 10_000_000  # of a parameter file
_ENTRIES = 1_000_000
# What ruamel raises: of its own, and where a key is a list, a tag is unknown, a date has 40 days or lists are too deep.
_NO_YAML = (YAMLError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
SECTIONS = ("seed", "task", "source", "cells", "plan", "policies", "render", "train", "score", "audit")


class Section(BaseModel):
    """The base of every section's model: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    key: ClassVar[str]


def _local(path: str) -> str:
    if is_address(path):
        raise ValueError("a path on this machine's file systems (mount the store, or copy it here)")
    return path


Local = Annotated[str, AfterValidator(_local)]  # a path in a section
S = TypeVar("S", bound=BaseModel)  # a Section, or a RootModel with a `key`


def read(path: Path) -> dict[str, Any]:
    """Parse the file and check its top level.

    Raises:
        UserError: it is missing, no YAML, no map, or has an unknown section.
    """
    content = parsed(path)
    if not isinstance(content, dict):
        raise UserError(
            str(path),
            f"a map with the sections {', '.join(SECTIONS)}",
            type(content).__name__,
            "See params.yaml of the repository",
        )
    for name in content:
        if name not in SECTIONS:
            raise UserError(
                f"{path}: {name}",
                f"one of the sections {', '.join(SECTIONS)}",
                repr(name) + nearest(name, SECTIONS),
                "Correct or remove the key",
            )
    return content


def parsed(path: Path, what: str = "a parameter file", remedy: str = "Name one with --params") -> Any:
    """Parse a YAML file.

    Args:
        path: the file.
        what: its name in messages.
        remedy: what to do where there is no such file.
    Raises:
        UserError: it is missing or no YAML.
    """
    try:
        content = _parsed(read_plain(str(path), _BYTES).decode("utf-8"))
        if _entries(content) > _ENTRIES:
            raise UserError(
                str(path), f"at most {_ENTRIES} entries", "more, through aliases (*name)", "Write out what is meant"
            )
        return content
    except NotReadable as error:
        raise UserError(str(path), what, error.detail, remedy) from error
    except FileNotFoundError as error:
        raise UserError(str(path), what, "no such file", remedy) from error
    except _NO_YAML as error:
        raise UserError(
            str(path), "valid YAML 1.2", " ".join(str(error).split()), "Correct the line that is named"
        ) from error


@lru_cache(maxsize=1)  # a stage reads several sections of one file
def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def _entries(content: Any) -> int:
    """How many entries the content has once every alias is written out; more than _ENTRIES for an alias of itself.

    A few lines of aliases of aliases stand for gigabytes ("billion laughs"); this counts them without expanding any.
    """
    known: dict[int, int] = {}

    def count(each: Any) -> int:
        if not isinstance(each, (dict, list)):
            return 1
        if id(each) not in known:
            known[id(each)] = _ENTRIES + 1  # until it is known: an alias of itself has no end
            inner = each.values() if isinstance(each, dict) else each
            known[id(each)] = min(1 + sum(count(one) for one in inner), _ENTRIES + 1)
        return known[id(each)]

    return count(content)


def section(path: Path, model: type[S], default: S | None = None) -> S:
    """Read and check the section of `model`; `default` stands for one that the file does not have.

    Raises:
        UserError: the section is missing, or a key is unknown, missing, or of the wrong type or range.
    """
    content, key = read(path), str(model.key)  # type: ignore[attr-defined]
    if key not in content and default is not None:
        return default
    if key not in content:
        raise UserError(
            f"{path}: {key}", "a section of that name", "none", "Add it, as in params.yaml of the repository"
        )
    return checked(path, content[key], model, key)


def checked(path: Path, content: Any, model: type[S], key: str = "") -> S:
    """Check parsed content against its model; `key` is where it stands in the file.

    Raises:
        UserError: a key is unknown, missing, or of the wrong type or range.
    """
    try:
        # Through JSON: strict mode would refuse a YAML list where the model has a tuple.
        return model.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join([*([key] if key else []), *(str(part) for part in first["loc"] if not _internal(part))])
        where = f"{path}: {where}" if where else str(path)
        if first["type"] == "extra_forbidden":
            unknown = str(first["loc"][-1])
            received = repr(unknown) + nearest(unknown, _keys(model))
            raise UserError(where, "a key that exists", received, "Correct or remove the key") from error
        raise UserError(where, _rule(first), _short(first["input"]), "Correct the value") from error
    except (TypeError, ValueError, RecursionError) as error:  # a YAML date or set, or an alias of itself: not in JSON
        raise UserError(
            f"{path}: {key}", "numbers, words, lists and maps", str(error), "Put quotes around the value"
        ) from error


def _keys(kind: Any) -> set[str]:
    """The keys of a section's model and of every model within it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        return set(fields).union(*(_keys(field.annotation) for field in fields.values())) - {"root"}
    return set().union(*map(_keys, get_args(kind)))


def seed(path: Path) -> int:
    """Read `seed`: a whole number from 0 to 2**32 - 1."""
    value = read(path).get("seed")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise UserError(f"{path}: seed", "a whole number from 0 to 4294967295", repr(value), "Correct the value")
    return value


def cells(path: Path) -> Cells:
    """Read `cells`: an ordered map from axis to its values, or from the numeric axis `age` to its bin edges."""
    spec, where = read(path).get("cells"), f"{path}: cells"
    if not isinstance(spec, dict) or not spec:
        raise UserError(where, "a map from axis to its values", _short(spec), "See params.yaml of the repository")
    for name, values in spec.items():
        with located(f"{where}.{name}"):
            _check_axis(name, values)
    with located(where):
        return Cells.of(spec)


def _check_axis(name: object, values: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"\w+", name, re.ASCII):
        raise UserError("", "an axis name of letters, digits and underscores", repr(name), "Rename the axis")
    if name in RESERVED or name.endswith(PREDICTED):
        raise UserError("", "an axis name that no table uses for another column", repr(name), "Rename the axis")
    if not isinstance(values, list) or not values:
        raise UserError("", "a list of values or of bin edges", _short(values), "Write a list of at least one entry")
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        if name != AGE:
            raise UserError("", "words (only age has bin edges)", _short(values), "Put quotes around the values")
        if not all(0 < a < b for a, b in itertools.pairwise([*values, math.inf])):
            raise UserError("", "bin edges above 0 that ascend", _short(values), "Sort the edges and drop doubles")
    elif not all(isinstance(v, str) and v.strip() and "|" not in v and v != "*" for v in values):
        raise UserError("", "words without | (or, for age, numbers)", _short(values), "Put quotes around the values")
    elif name == AGE:
        raise UserError("", "bin edges in years", _short(values), "Write numbers without quotes")
    elif len({fold(v) for v in values}) < len(values):
        raise UserError("", "each value once", _short(values), "Remove the double")


PREDICTED = ("_pred", "_preds", "_q")  # what the columns of a target's predictions end in
# The tables' other columns.
RESERVED = frozenset(
    """
    image_id path split age_std age_bin age_width subject cell width height near_of task_id copy policy seed
    severity donor shard kept offset size sha256 attempt replay available keep augment target max_copies
    """.split()  # noqa: SIM905
)


def _internal(part: str | int) -> bool:
    """Pydantic names a union's branch or a key check in the location; a user never wrote it."""
    branches = ("function-", "literal[", "constrained-", "dict[", "list[", "tuple[")
    return isinstance(part, str) and (part.startswith(branches) or part in ("[key]", "int", "float", "str", "bool"))


def _rule(error: Any) -> str:
    text: str = error["msg"]
    if error["type"] == "missing":
        return "this key"
    text = text.removeprefix("Value error, ").removeprefix("Input should be ")
    return text[:1].lower() + text[1:]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
