"""Pipelines of albumentations: drawn on a photo, recorded as JSON, and replayed from the record alone.

(ReplayCompose of albumentations 2.0.8; Buslaev et al. 2020, "Albumentations: fast and flexible image augmentations".)
Importing this imports the library, which takes a second: only what has such a policy does.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # its import asks the network for a newer version

import albumentations
from albumentations.core.serialization import to_dict

from manifests.sections import theirs

_MOST = 4096  # numbers of an array that is recorded
_ARRAY = "__array__"


def draw(spec: str, seed: int, image: np.ndarray) -> dict[str, Any]:
    """Draw a pipeline's parameters for a photo.

    Args:
        spec: the pipeline as JSON, in the library's serialised form.
        seed: of this copy and attempt; nothing else is random.
        image: uint8 (height, width, 4), RGBX.
    Returns:
        `version` of the library, and `replay`, what `apply` understands.
    Raises:
        ValueError: the pipeline fails, changes the photo's size, or draws too much to be recorded.
    """
    pipeline = _pipeline(spec)
    pipeline.set_random_seed(seed)
    try:
        made = pipeline(image=np.ascontiguousarray(image[..., :3]))
    except Exception as error:  # whatever a transform raises, the photo is named with it
        raise ValueError(f"albumentations: {type(error).__name__}: {error}") from error
    if made["image"].shape != (*image.shape[:2], 3) or made["image"].dtype != np.uint8:
        raise ValueError(f"albumentations: a photo of {made['image'].shape} came back of {image.shape}")
    replay: dict[str, Any] = orjson.loads(orjson.dumps(_plain(made["replay"])))
    return {"version": albumentations.__version__, "replay": replay}


def apply(image: np.ndarray, drawn: Mapping[str, Any]) -> np.ndarray:
    """Apply a recorded pipeline to uint8 (height, width, 4) RGBX; the same shape comes back."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of arguments that the library itself wrote
        made = albumentations.ReplayCompose.replay(
            _restored(drawn["replay"]), image=np.ascontiguousarray(image[..., :3])
        )
    return np.concatenate([made["image"], image[..., 3:]], axis=2)


def check(spec: str) -> None:
    """Build the pipeline.

    Raises:
        ValueError: an argument that a transform does not take.
    """
    _pipeline(spec)


@lru_cache(maxsize=64)
def _pipeline(spec: str) -> Any:
    content = orjson.loads(spec)
    list(theirs.names(content))
    whole = {"__version__": albumentations.__version__, "transform": content.get("transform", content)}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            made = albumentations.from_dict(whole)
        except Exception as error:
            raise ValueError(f"arguments that albumentations takes; {' '.join(str(error).split())[:200]}") from error
    unknown = [str(one.message) for one in told if "not valid for transform" in str(one.message)]
    if unknown:
        raise ValueError(f"arguments that albumentations takes; {unknown[0][:200]}")
    return albumentations.ReplayCompose([made])


def _plain(value: Any) -> Any:
    """What JSON keeps exactly; small arrays are tagged with their type."""
    if isinstance(value, np.ndarray):
        if value.size > _MOST:
            raise ValueError(f"albumentations: a transform draws {value.size} numbers; at most {_MOST} are recorded")
        return {_ARRAY: value.tolist(), "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return to_dict(value)


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            return np.array(value[_ARRAY], value["dtype"]).reshape(value["shape"])
        return {key: _restored(inner) for key, inner in value.items()}
    return [_restored(inner) for inner in value] if isinstance(value, list) else value
