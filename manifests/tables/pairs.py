"""Which photos may be mixed to a new person, from what is known of their faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.tables import landmarks

YEARS, YAW, PITCH = 6.0, 12.0, 10.0  # how far two photos that are mixed may be apart, in years and degrees
FRONTAL = 35.0  # degrees of yaw, beyond which half of a face is not seen


@dataclass(frozen=True)
class Faces:
    """What is known of each photo's face; NaN and false where nobody has looked.

    Attributes:
        there: bool (photos,), whether there is a face.
        yaw, pitch: float64 (photos,), in degrees.
        spectacles: bool (photos,).
        age: float64 (photos,), years; NaN without a label.
        subject: int64 (photos,), -1 where it is not known who it is.
    """

    there: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    spectacles: np.ndarray
    age: np.ndarray
    subject: np.ndarray

    @classmethod
    def unknown(cls, photos: int) -> Faces:
        """Nobody has looked at any photo."""
        nothing, never = np.full(photos, np.nan), np.zeros(photos, bool)
        return cls(never, nothing, nothing, never, nothing, np.full(photos, -1))

    @classmethod
    def of(cls, photos: pa.Table, path: Path) -> Faces:
        """The faces of some rows of the source table, from the table of landmarks, of which the points are not read."""
        table = landmarks.poses(path)
        at = pc.index_in(photos["image_id"].combine_chunks(), value_set=table["image_id"].combine_chunks())

        def column(name: str) -> np.ndarray:
            values = table[name].cast(pa.float64()).combine_chunks().take(at)
            return np.asarray(values.fill_null(np.nan).to_numpy(zero_copy_only=False))

        subject = photos["subject"].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
        age = photos["age"].cast(pa.float64()).fill_null(np.nan).to_numpy()
        there = column("score") >= landmarks.FACE
        return cls(there, column("yaw"), column("pitch"), column("spectacles") == 1, age, subject.astype(np.int64))

    def alike(self, photos: np.ndarray, others: np.ndarray) -> np.ndarray:
        """bool (photos, others): which pairs, given by their positions, may be mixed.

        Both are seen from nearly the same side, are nearly of the same age, and wear spectacles or do not; a photo is
        mixed neither with itself nor with another one of the same person.
        """
        near = np.ones((len(photos), len(others)), bool)
        for value, most in ((self.age, YEARS), (self.yaw, YAW), (self.pitch, PITCH)):
            near &= np.abs(value[photos, None] - value[None, others]) <= most
        frontal = self.there & (np.abs(self.yaw) <= FRONTAL)
        near &= frontal[photos, None] & frontal[None, others]
        near &= self.spectacles[photos, None] == self.spectacles[None, others]
        same = (self.subject[photos, None] == self.subject[None, others]) & (self.subject[photos, None] >= 0)
        return near & ~same & (photos[:, None] != others[None, :])
