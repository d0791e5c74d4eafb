"""Every policy as an albumentations transform, with the pixels that the renderer makes.

    compose = albumentations.Compose([Policy("mixed", severity=0.5)])
    compose(image=photo, seed=derive(7, image_id, 1, 0))["image"]

Given `seed`, an image's randomness is its own, as in the shards; without it, the Compose's
generator draws one. A policy that takes something from another photo takes that as `donor`; a policy on landmarks takes
`face`, and with a donor `donor_face`, as `augment.kernels.mesh.Face`; glasses and hands lie better with one.
"""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np

from augment.kernels import ops
from augment.kernels.draws import Draws
from augment.kernels.mesh import Face
from augment.kernels.policies import CATALOGUE
from manifests.sections.policies import ON_FACES, needs_donor

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # its import asks the network for a newer version

import albumentations


class Policy(albumentations.ImageOnlyTransform):  # type: ignore[misc]
    """Draw a named policy's parameters, then apply them.

    Args:
        name: of `augment.kernels.policies.CATALOGUE`.
        severity: in [0, 1].
        p: how often it is applied.
    """

    def __init__(self, name: str, severity: float = 0.5, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.name, self.severity = name, severity

    @property
    def targets_as_params(self) -> list[str]:
        """What a call must bring beside the image; `seed` is welcome."""
        donor, face = needs_donor(self.name), self.name in ON_FACES
        return [*(["donor"] if donor else []), *(["face"] if face else []), *(["donor_face"] if donor and face else [])]

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Draw.

        Returns:
            `drawn`, the record that the index holds as `replay`; `donor`, uint8 (any, any, 3) or None; and the faces.
        """
        seed = data.get("seed")
        if seed is None:
            seed = int(self.random_generator.integers(2**64, dtype=np.uint64))
        drawn = CATALOGUE[self.name].draw(Draws(seed), self.severity)
        return {"drawn": drawn, **{name: data.get(name) for name in ("donor", "face", "donor_face")}}

    def apply(
        self,
        img: np.ndarray,
        drawn: dict[str, Any],
        donor: np.ndarray | None,
        face: Face | None,
        donor_face: Face | None,
        **_: Any,
    ) -> np.ndarray:
        """Apply `drawn` to uint8 (height, width, 3) RGB; the same shape comes back."""
        other = None if donor is None else cv2.cvtColor(donor, cv2.COLOR_RGB2RGBA)
        made = ops.apply(cv2.cvtColor(img, cv2.COLOR_RGB2RGBA), drawn, other, face, donor_face)
        return cv2.cvtColor(made, cv2.COLOR_RGBA2RGB)

    def get_transform_init_args_names(self) -> tuple[str, ...]:
        """What a serialised transform keeps."""
        return ("name", "severity")
