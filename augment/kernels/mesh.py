"""Fields over a photo that follow a face: affine within each triangle of its mesh, one map per warp.

The triangles are those of the mean face (Delaunay 1934), and of a ring of points around it, so that a warp fades out
over hair and neck. A field is computed on a coarse grid and enlarged: landmarks lie a few pixels apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from scipy.spatial import Delaunay

from manifests.core.face_mesh import OVAL, POINTS, angles, mean_face

GRID = (
    36  # cells to a side of the coarse grid: another 12 would bring what is looked up .03 to .06 pixels nearer, of 224
)
_APART = 0.035  # of the face's width: of points nearer to each other, one is enough at the grid's size
_SOFT = 0.12  # of the face's width, over which the face fades into what is around it
_AROUND = 1.5  # of the face's outline: how far its surroundings are bent along
_EDGE = np.float32(1e-4)  # by which a cell on the edge of two triangles may seem outside of both
_TOP, _LOW = OVAL[0], OVAL[len(OVAL) // 2]


@dataclass(frozen=True, eq=False)
class Face:
    """Where a photo has its face.

    Attributes:
        points: float32 (468, 3): x and y as shares of the sides, z away from the camera as a share of the width.
        person: uint8 (any, any), 255 where the person is; None: not known.
    """

    points: np.ndarray
    person: np.ndarray | None = None

    @lru_cache(maxsize=256)  # noqa: B019 - a copy after another asks for the same few faces
    def held(self, aspect: float) -> tuple[float, float, float]:
        """Yaw, pitch and roll in degrees; `aspect` is the photo's height by its width."""
        return angles(self.points * np.array([1, aspect, 1]))

    @lru_cache(maxsize=256)  # noqa: B019
    def still(self) -> np.ndarray:
        """float64 (468 + ring, 2): the mesh as it is, with the ring around it; not to be changed."""
        return framed(self.points[:, :2].astype(np.float64))

    @lru_cache(maxsize=256)  # noqa: B019
    def raster(self) -> Raster:
        """The mesh as it is, in the grid."""
        return raster(self.still())

    @lru_cache(maxsize=256)  # noqa: B019
    def normals(self, aspect: float) -> np.ndarray:
        """float64 (468, 3): the surface's unit normal at each point of the mesh, towards the camera."""
        points = self.points * np.array([1, aspect, 1])
        triangles = topology().triangles
        triangles = triangles[(triangles < POINTS).all(axis=1)]
        a, b, c = (points[triangles[:, corner]] for corner in range(3))
        across = np.cross(b - a, c - a)
        across *= -np.sign(across[:, 2:])
        of = triangles.ravel()
        found = np.stack([np.bincount(of, np.repeat(across[:, axis], 3), POINTS) for axis in range(3)], axis=1)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


@dataclass(frozen=True)
class Topology:
    """What is the same for every face.

    Attributes:
        triangles: int64 (triangles, 3), of some of the 468 points and the ring after them.
        inside: float32 (points,), 0 at the face's outline and around it, 1 well within.
    """

    triangles: np.ndarray
    inside: np.ndarray


@cache
def topology() -> Topology:
    """Triangulate the mean face; of points close together one is taken."""
    face = mean_face()[:, :2].astype(np.float64)
    chosen = list(OVAL)
    for point in range(POINTS):
        if np.hypot(*(face[chosen] - face[point]).T).min() >= _APART:
            chosen.append(point)
    placed = framed(face)
    names = np.array([*chosen, *range(POINTS, len(placed))])
    outline = face[list(OVAL)].astype(np.float32)
    depth = [cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x, y in face]
    inside = np.clip(np.array([*depth, *(0 for _ in OVAL[::2])]) / _SOFT, 0, 1)
    inside = inside * inside * (3 - 2 * inside)
    return Topology(names[Delaunay(placed[names]).simplices].astype(np.int64), inside.astype(np.float32))


def framed(points: np.ndarray) -> np.ndarray:
    """Add the ring: the face's outline, half as large again.

    Args:
        points: float (468, 2).
    Returns:
        float64 (468 + ring, 2).
    """
    middle = (points[_TOP] + points[_LOW]) / 2
    return np.concatenate([points, middle + _AROUND * (points[list(OVAL[::2])] - middle)])


@dataclass(frozen=True)
class Raster:
    """Which triangle each cell of the grid lies in.

    Attributes:
        cells: int64 (covered,), the cells that lie in one.
        corners: int64 (covered, 3), the points of that triangle.
        weights: float32 (covered, 3), the cell's barycentric coordinates.
    """

    cells: np.ndarray
    corners: np.ndarray
    weights: np.ndarray


def fields(shape: np.ndarray, values: np.ndarray, outside: np.ndarray, depth: np.ndarray | None = None) -> np.ndarray:
    """Interpolate values at the points, triangle by triangle; arguments as for `raster` and `interpolated`."""
    return interpolated(raster(shape, depth), values, outside)


def raster(shape: np.ndarray, depth: np.ndarray | None = None) -> Raster:
    """Find the triangle of each cell.

    Args:
        shape: float (points, 2), where the points are, as shares of the sides.
        depth: float (points,); where triangles overlap the nearest one counts, of the smallest depth.
    """
    triangles = topology().triangles
    if depth is not None:
        triangles = triangles[np.argsort(-depth[triangles].sum(axis=1), kind="stable")]
    x, y = (shape * GRID - 0.5).astype(np.float32).T[:, triangles.T]
    of, column, row, two, three = _cells(x, y)
    one = 1 - two - three
    within = np.flatnonzero(np.minimum(np.minimum(one, two), three) >= -_EDGE)
    found = np.full(GRID * GRID, -1)
    found[(row[within] * GRID + column[within]).astype(np.int32)] = within  # of several triangles the last one counts
    covered = np.flatnonzero(found >= 0)
    last = found[covered]
    weights = np.stack([one[last], two[last], three[last]], axis=1)
    return Raster(covered, triangles.take(of[last], axis=0), weights)


def interpolated(of: Raster, values: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Interpolate values at the points.

    Args:
        of: the cells' triangles.
        values: float (points, channels).
        outside: float (channels, 3), what counts around the ring: a x + b y + c of shares of the sides.
    Returns:
        float32 (GRID, GRID, channels), at the cells' centres.
    """
    out = _plane() @ outside.T.astype(np.float32)
    out[of.cells] = np.einsum("nkc,nk->nc", values.astype(np.float32).take(of.corners, axis=0), of.weights)
    return out.reshape(GRID, GRID, -1)


@cache
def _plane() -> np.ndarray:
    """float32 (cells, 3): x and y of each cell's centre, as shares of the sides, and 1."""
    centres = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(centres, centres)
    return np.stack([x.ravel(), y.ravel(), np.ones(GRID * GRID)], axis=1).astype(np.float32)


def _cells(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Every cell of every triangle's bounding box.

    Args:
        x, y: float32 (3, triangles), the corners.
    Returns:
        the triangle, int64 (cells,); the column, the row, the second and the third barycentric coordinate, float32.
    """
    low = np.clip(np.stack([np.ceil(one.min(axis=0)) for one in (x, y)]), 0, GRID)
    high = np.clip(np.stack([np.floor(one.max(axis=0)) + 1 for one in (x, y)]), 0, GRID)
    wide, tall = np.maximum(high - low, 0)
    count = (wide * tall).astype(np.int64)
    ax, ay, bx, by = x[1] - x[0], y[1] - y[0], x[2] - x[0], y[2] - y[0]
    area = ax * by - ay * bx
    one = 1 / np.where(np.abs(area) < 1e-6, np.float32(1e-6), area)
    of = np.repeat(np.arange(len(count)), count)
    each = np.stack([np.cumsum(count) - count, wide, *low, x[0], y[0], ax * one, ay * one, bx * one, by * one])
    first, wide, left, top, x0, y0, ax, ay, bx, by = each.astype(np.float32).take(of, axis=1)
    at = np.arange(len(of), dtype=np.float32) - first
    down = np.floor((at + np.float32(0.5)) / wide)
    column, row = at - down * wide + left, down + top
    across, deep = column - x0, row - y0
    return of, column, row, across * by - deep * bx, deep * ax - across * ay
