"""Pipelines of albumentations that a policy may be, in the library's serialised form, and what is allowed in them.

Allowed is what keeps the photo's size, needs nothing but the photo, runs no code of the user's, and draws no more than
can be recorded: no Lambda, no other image, no array of noise. The library itself is not imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAME = "__class_fullname__"
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
