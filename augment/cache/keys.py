"""An image's key: a hash of all that its pixels and bytes depend on.

Source content, drawn parameters, the code of the policy and of the ops it uses, encoder settings
and library versions. Code is hashed as its syntax tree without docstrings, so that comments and
layout change nothing; only the functions that a record's parameters reach count, so that a new op
or policy leaves the others' images as they are.
"""

from __future__ import annotations

import ast
import inspect
import json
import platform
import sys
import textwrap
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from types import FunctionType
from typing import Any

import orjson

from augment.cache.packs import KEY
from augment.kernels import gates, ops
from augment.kernels.policies import CATALOGUE
from manifests.core import codec

LIBRARIES = ("numpy", "opencv-python-headless", "simplejpeg", "stringzilla")


def replay(drawn: dict[str, Any]) -> str:
    """Drawn parameters as the JSON that the index records."""
    return orjson.dumps(drawn).decode()


@cache
def versions() -> str:
    """The libraries that pixels and bytes depend on, and the processor's family, as JSON."""
    found = {name: version(name) for name in LIBRARIES}
    return json.dumps(found | {"machine": platform.machine()}, sort_keys=True)


def image_key(
    image_id: str, policy: str, drawn: dict[str, Any], recorded: str, donor: str | None, quality: int
) -> bytes:
    """KEY bytes for a copy.

    Args:
        image_id: a hash of the source's content.
        policy: its name.
        drawn: the parameters.
        recorded: `replay(drawn)`.
        donor: a hash of the donor's content, or None.
        quality: of the encoder.
    """
    text = f"{image_id}/{definition(policy, tuple(drawn))}/{recorded}/{donor}/{quality}/{versions()}"
    return blake2b(text.encode(), digest_size=KEY).digest()


def print_key(image_id: str) -> bytes:
    """KEY bytes for the print of a source photo."""
    text = f"{image_id}/print/{_print_definition()}/{versions()}"
    return blake2b(text.encode(), digest_size=KEY).digest()


@cache
def definition(policy: str, parameters: tuple[str, ...]) -> str:
    """A hash of the code of a policy, of the ops that its parameters reach, of the print and the encoder."""
    reached: list[Any] = [op for table in (ops.SCENE, ops.CAMERA) for name, op in table.items() if name in parameters]
    if any(name in parameters for name in ops.GEOMETRY):
        reached.append(ops.warp)
    if any(name in parameters for name in ops.TONES):
        reached += [ops.tables, ops.translate]
    roots = (CATALOGUE[policy].draw, ops.apply, *reached, codec.decode, codec.encode)
    return _code(roots)


@cache
def _print_definition() -> str:
    return _code((codec.decode,))


def _code(roots: tuple[Any, ...]) -> str:
    """Hash the syntax of functions and classes and of what they reach in their own modules."""
    waiting, seen = [gates.Print, *roots], {}
    while waiting:
        thing = waiting.pop()
        name = f"{thing.__module__}.{thing.__qualname__}"
        if name not in seen:
            seen[name], reached = _syntax(thing)
            waiting += reached
    return blake2b(json.dumps(seen, sort_keys=True).encode(), digest_size=8).hexdigest()


@cache
def _syntax(thing: Any) -> tuple[str, tuple[Any, ...]]:
    """A function's or class's own syntax and the constants it names, and our functions and classes that it names."""
    tree = _bare(ast.parse(textwrap.dedent(inspect.getsource(thing))))
    scope = vars(sys.modules[thing.__module__])
    named = {node.id: scope.get(node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)}
    constants = {name: repr(value) for name, value in named.items() if isinstance(value, int | float | str | tuple)}
    reached = [value for value in named.values() if isinstance(value, FunctionType | type)]
    ours = tuple(value for value in reached if value.__module__.partition(".")[0] in ("augment", "manifests"))
    return ast.dump(tree) + json.dumps(constants, sort_keys=True), ours


def _bare(tree: ast.AST) -> ast.AST:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree
