"""Pipelines of albumentations that a policy may be, in the library's serialised form, and what is allowed in them.

Allowed is what keeps the photo's size, needs nothing but the photo, runs no code of the user's, and draws no more than
can be recorded: no Lambda, no other image, no array of noise. The library itself is not imported here.

A pipeline stands in `params.yaml`, or in a file of FOLDER as `albumentations.save` writes it. A policy holds the file's
content, never its path, so that all that is made from the policy follows a change of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from manifests.core import inputs, params
from manifests.core.errors import UserError

FOLDER = "manifests/pipelines"  # the stages that read policies depend on it in dvc.yaml
NAME = "__class_fullname__"
_SUFFIXES = (".json", ".yaml", ".yml")
_FILE = "a pipeline as albumentations.save writes it"
_MISSING = "Put the file there, or correct `albumentations` in section policies"
GROUPS = frozenset({"Compose", "OneOf", "SomeOf", "OneOrOther", "RandomOrder", "Sequential", "ReplayCompose"})
# What moves or covers parts of a face: the policy has to say which labels it may change.
MOVING = frozenset(
    """
    Affine CoarseDropout D4 Erasing GridDropout Perspective RandomGridShuffle RandomRotate90 Rotate
    ShiftScaleRotate SquareSymmetry Transpose VerticalFlip XYMasking
    """.split()  # noqa: SIM905
)
STILL = frozenset(
    """
    AdvancedBlur AutoContrast Blur CLAHE ChannelDropout ChannelShuffle ChromaticAberration ColorJitter Defocus Downscale
    Emboss Equalize FancyPCA GaussianBlur HEStain HorizontalFlip HueSaturationValue ISONoise Illumination
    ImageCompression InvertImg MedianBlur Morphological MotionBlur NoOp PlanckianJitter Posterize
    RandomBrightnessContrast RandomGamma RandomRain RandomShadow RandomSnow RandomSunFlare RandomToneCurve Sharpen
    ShotNoise Solarize ToGray ToSepia UnsharpMask ZoomBlur
    """.split()  # noqa: SIM905
)


def names(spec: Mapping[str, Any]) -> Iterator[str]:
    """The class of every transform of a serialised pipeline, groups left out.

    Raises:
        ValueError: it is none, or one is not allowed.
    """
    inner = spec.get("transform", spec)
    name = inner.get(NAME) if isinstance(inner, Mapping) else None
    if not isinstance(name, str):
        raise ValueError(f"transforms in albumentations' serialised form (A.to_dict), each with its {NAME}")
    if name in GROUPS:
        parts = inner.get("transforms")
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"a list of transforms in {name}")
        for part in parts:
            if not isinstance(part, Mapping):
                raise ValueError(f"transforms in albumentations' serialised form (A.to_dict), each with its {NAME}")
            yield from names(part)
    elif name in MOVING or name in STILL:
        yield name
    else:
        raise ValueError(f"transforms of {', '.join(sorted(MOVING | STILL))}, not {name}")


def content(given: Any) -> Any:
    """What a policy's `albumentations` stands for: the content of a file where it is a path, else itself.

    Args:
        given: a path relative to the working directory, or a pipeline.
    Raises:
        ValueError: the path leads out of FOLDER, or to another kind of file.
        UserError: there is no such file, or it holds no map of JSON's values.
    """
    if not isinstance(given, str):
        return given
    path = PurePosixPath(given)
    if ".." in path.parts or PurePosixPath(FOLDER) not in path.parents or path.suffix not in _SUFFIXES:
        raise ValueError(f"a pipeline, or a file {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]} in {FOLDER}")
    made = _json(Path(path)) if path.suffix == ".json" else _yaml(Path(path))
    if not isinstance(made, dict):
        raise UserError(given, _FILE, f"a {type(made).__name__}", "Save the pipeline again")
    return made


def inlined(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A parsed parameter file with the content of each pipeline's file in place of its path.

    For what runs in another folder, or asks whether parameters have changed.

    Raises:
        UserError: as `content`; without the parameter file's name.
    """
    policies = parameters.get("policies")
    if not isinstance(policies, Mapping):
        return dict(parameters)
    made = dict(policies)
    for name, use in policies.items():
        if isinstance(use, Mapping) and isinstance(use.get("albumentations"), str):
            try:
                made[name] = {**use, "albumentations": content(use["albumentations"])}
            except ValueError as error:
                where, received = f".policies.{name}.albumentations", repr(use["albumentations"])
                raise UserError(where, str(error), received, "Correct the path") from error
    return {**parameters, "policies": made}


def _json(path: Path) -> Any:
    text = inputs.read_small(path, _FILE, _MISSING, "Save the pipeline again")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UserError(str(path), "valid JSON", error, "Correct the file, or save the pipeline again") from error


def _yaml(path: Path) -> Any:
    made = params.parsed(path, _FILE, _MISSING)
    try:
        return json.loads(json.dumps(made, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(str(path), "numbers, words, lists and maps", error, "Save the pipeline again") from error


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
