"""The catalogue of policies: what each draws, what it imitates and which axes it may endanger.

A policy is a function from a stream of uniform numbers and a severity in [0, 1] to a small record
of parameters, rounded so that JSON keeps them exactly, which `augment.kernels.ops.apply` understands.
Severity 1 is the edge of what a photographer would still take for an ordinary photo; 0 is next to
nothing. A new policy is one function and one line of CATALOGUE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from augment.kernels.draws import Draws, flipped, moved, nudged

Draw = Callable[[Draws, float], dict[str, Any]]


@dataclass(frozen=True)
class Policy:
    """One entry of the catalogue; its function's docstring says what it imitates and what severity means.

    Attributes:
        draw: the parameters of one copy.
        imitates: a person, pose, light, camera, compression, occlusion or background.
        endangers: the axes whose label it may change.
    """

    draw: Draw
    imitates: str
    endangers: tuple[str, ...] = ()


def copy(_: Draws, __: float) -> dict[str, Any]:
    """The photo itself, byte for byte: plain oversampling. Severity means nothing."""
    return {}


def flip(_: Draws, __: float) -> dict[str, Any]:
    """The mirror image, as a selfie camera saves it. Severity means nothing."""
    return {"flip": True}


def pose(draws: Draws, severity: float) -> dict[str, Any]:
    """A head or a camera held otherwise: a coin's flip, rotation, scale and shift.

    At severity 1 rotation within 12 degrees, scale .92 to 1.12, shift within 5% of a side.
    """
    return flipped(draws) | moved(draws, severity)


def perspective(draws: Draws, severity: float) -> dict[str, Any]:
    """A camera nearer to one side, above or below. At severity 1 one edge is 16% nearer than the centre."""
    tilt = [draws.uniform(-0.16, 0.16) * severity, draws.uniform(-0.16, 0.16) * severity]
    return flipped(draws) | nudged(draws) | {"tilt": [round(t, 4) for t in tilt]}


def rotate90(draws: Draws, severity: float) -> dict[str, Any]:
    """The gender study's rotation, up to 90 degrees either way at severity 1, and a coin's flip."""
    return flipped(draws) | {"angle": round(draws.uniform(-90, 90) * severity, 4)}


def brightness(draws: Draws, severity: float) -> dict[str, Any]:
    """The gender study's brightness, a factor of .5 to 1.5 at severity 1, and a coin's flip."""
    return flipped(draws) | {"gain": [_brightness(draws, severity)] * 3}


def gender_study(draws: Draws, severity: float) -> dict[str, Any]:
    """The gender study's augmentation as a whole: flip, rotation up to 90 degrees either way, brightness .5 to 1.5."""
    return rotate90(draws, severity) | {"gain": [_brightness(draws, severity)] * 3}


def light(draws: Draws, severity: float) -> dict[str, Any]:
    """Another exposure: at severity 1 gamma .7 to 1.43, contrast .8 to 1.25."""
    tones = {"gamma": draws.factor(0.7, 1 / 0.7, severity), "contrast": draws.factor(0.8, 1.25, severity)}
    return flipped(draws) | nudged(draws) | tones


def white_balance(draws: Draws, severity: float) -> dict[str, Any]:
    """A lamp, a cloudy sky or a camera that misjudged them; at severity 1 red against blue by a quarter."""
    warm, tint = draws.factor(0.89, 1 / 0.89, severity), draws.factor(0.96, 1 / 0.96, severity)
    gain = [round(warm, 4), round(tint, 4), round(1 / warm, 4)]
    return flipped(draws) | nudged(draws) | {"gain": gain}


def noise(draws: Draws, severity: float) -> dict[str, Any]:
    """A small sensor in poor light. At severity 1 a deviation of up to 14 levels at white, 5 at black."""
    strength = draws.uniform(0.4, 1) * severity
    drawn = {"photon": round(14 * strength, 4), "read": round(5 * strength, 4), "seed": draws.whole(0, 2**32 - 1)}
    return flipped(draws) | nudged(draws) | {"noise": drawn}


def compression(draws: Draws, severity: float) -> dict[str, Any]:
    """A photo made smaller, sent and saved again: at severity 1 down to half its side and to JPEG quality 30."""
    factor = round(1 - draws.uniform(0.2, 0.5) * severity, 4)
    quality = round(90 - draws.uniform(30, 60) * severity)
    return flipped(draws) | nudged(draws) | {"rescale": factor, "compress": quality}


def shadow(draws: Draws, severity: float) -> dict[str, Any]:
    """A wall, a brim or a window frame in the light. At severity 1 up to 60% of it is taken, within a soft edge."""
    drawn = {
        "angle": draws.uniform(0, 360),
        "offset": draws.uniform(-0.15, 0.3),
        "soft": draws.uniform(0.15, 0.5),
        "strength": round(draws.uniform(0.4, 0.6) * severity, 4),
    }
    return flipped(draws) | nudged(draws) | {"shadow": drawn}


def glasses(draws: Draws, severity: float) -> dict[str, Any]:
    """Glasses, where an aligned face has its eyes. Severity thickens the rims and tints the lenses up to 30%."""
    tone = draws.whole(15, 60)
    width = draws.uniform(0.23, 0.27)
    drawn = {
        "centre": [draws.uniform(0.49, 0.51), draws.uniform(0.4, 0.42)],
        "apart": draws.uniform(0.32, 0.34),
        "lens": [width, round(width * draws.uniform(0.68, 0.85), 4)],
        "square": draws.uniform(2, 4),
        "thick": round(0.006 + 0.011 * severity * draws.uniform(0.3, 1), 4),
        "angle": draws.uniform(-2, 2),
        "tint": round(0.3 * severity * draws.uniform(0, 1), 4),
        "colour": [min(255, tone + draws.whole(0, 50)), tone, tone // 2],
    }
    return flipped(draws) | nudged(draws) | {"glasses": drawn}


def hand(draws: Draws, severity: float) -> dict[str, Any]:
    """Fingers at the temple, the brow or before an eye, the mouth free. At severity 1 they reach in by 40%."""
    drawn = {
        "side": draws.whole(0, 1),
        "reach": round(0.1 + 0.3 * severity * draws.uniform(0.4, 1), 4),
        "height": draws.uniform(0.08, 0.24),
        "fingers": draws.whole(2, 4),
        "thick": draws.uniform(0.075, 0.095),
        "angle": draws.uniform(5, 35),
        "light": draws.uniform(0.85, 1.08),
        "lengths": [draws.uniform(0.8, 0.9), 1.0, draws.uniform(0.88, 0.98), draws.uniform(0.65, 0.8)],
    }
    return flipped(draws) | nudged(draws) | {"hand": drawn}


def tone(draws: Draws, severity: float) -> dict[str, Any]:
    """The light of another photo of the same cell: its histograms, by up to 90% at severity 1."""
    return flipped(draws) | nudged(draws) | {"tone": round(draws.uniform(0.5, 0.9) * severity, 4)}


def morph(draws: Draws, severity: float) -> dict[str, Any]:
    """A new person between the photo and another of its cell, alike in age and pose. Severity means nothing.

    Shape and shades are mixed in the plan's shares (.3 to .7), which are also those of its age; the fine detail of the
    skin, hair and background stay the photo's.
    """
    return flipped(draws) | nudged(draws) | {"morph": {"amount": draws.share}}


def turn(draws: Draws, severity: float) -> dict[str, Any]:
    """The head turned out of the picture's plane, by the mesh's depth.

    At severity 1 by up to 15 degrees sideways, up to 6 up or down.
    """
    drawn = {"yaw": round(draws.apart(15) * severity, 4), "pitch": round(draws.uniform(-6, 6) * severity, 4)}
    return flipped(draws) | nudged(draws) | {"turn": drawn}


def relight(draws: Draws, severity: float) -> dict[str, Any]:
    """A lamp from a side, by the mesh's normals. At severity 1 the lit side is up to 1.8 times as bright."""
    drawn = {
        "angle": draws.uniform(-30, 210),
        "height": draws.uniform(10, 45),
        "strength": round(draws.uniform(0.25, 0.6) * severity, 4),
    }
    return flipped(draws) | nudged(draws) | {"relight": drawn}


def background(draws: Draws, severity: float) -> dict[str, Any]:
    """Other surroundings, out of focus: those of a photo of another cell, or in one of three a plain wall.

    Severity means nothing.
    """
    drawn: dict[str, Any] = {}
    if draws.coin(1 / 3):
        level = draws.uniform(40, 215)
        drawn = {
            "plain": [round(min(max(level + draws.uniform(-25, 25), 0), 255), 1) for _ in range(3)],
            "light": [draws.uniform(-0.3, 0.3), draws.uniform(-0.2, 0.2)],
        }
    return flipped(draws) | nudged(draws) | {"background": drawn}


def grey(draws: Draws, severity: float) -> dict[str, Any]:
    """A black-and-white photo. Severity means nothing."""
    return flipped(draws) | nudged(draws) | {"grey": True}


def blur(draws: Draws, severity: float) -> dict[str, Any]:
    """The starting kit's blur at severity 1: sigma 1 and 5 x 5 pixels of a photo 224 wide; and a coin's flip."""
    return flipped(draws) | {"blur": round(float(severity), 4)}


def mixed(draws: Draws, severity: float) -> dict[str, Any]:
    """The recipe that is known to work: flip, pose, gamma .8 to 1.25, contrast .85 to 1.15, one in five grey."""
    tones = {"gamma": draws.factor(0.8, 1.25, severity), "contrast": draws.factor(0.85, 1.15, severity)}
    return flipped(draws) | moved(draws, severity) | tones | ({"grey": True} if draws.coin(0.2) else {})


def _brightness(draws: Draws, severity: float) -> float:
    return round(1 + draws.uniform(-0.5, 0.5) * severity, 4)


CATALOGUE: Mapping[str, Policy] = {
    "copy": Policy(copy, "nothing"),
    "flip": Policy(flip, "pose"),
    "pose": Policy(pose, "pose, background"),
    "perspective": Policy(perspective, "pose, camera", ("expression",)),
    "rotate90": Policy(rotate90, "pose", ("expression",)),
    "brightness": Policy(brightness, "light", ("ethnicity",)),
    "gender_study": Policy(gender_study, "pose, light", ("expression", "ethnicity")),
    "light": Policy(light, "light", ("ethnicity",)),
    "white_balance": Policy(white_balance, "light, camera", ("ethnicity",)),
    "noise": Policy(noise, "camera", ("age",)),
    "compression": Policy(compression, "compression", ("age",)),
    "shadow": Policy(shadow, "light"),
    "glasses": Policy(glasses, "occlusion", ("age",)),
    "hand": Policy(hand, "occlusion", ("expression",)),
    "tone": Policy(tone, "light", ("ethnicity",)),
    "morph": Policy(morph, "a person", ("age",)),
    "turn": Policy(turn, "pose", ("expression",)),
    "relight": Policy(relight, "light", ("ethnicity",)),
    "background": Policy(background, "background"),
    "grey": Policy(grey, "camera", ("ethnicity",)),
    "blur": Policy(blur, "camera", ("age",)),
    "mixed": Policy(mixed, "pose, light, camera", ("ethnicity",)),
}
