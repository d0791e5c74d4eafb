"""Draw where a run's model looks: in chosen photos, and in the mean over each group."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import command
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.files import write_bytes
from manifests.tables import index
from train import predict
from train.attention import Attention
from train.data.readers import Images, fit

PANEL, GAP, LABEL = 128, 4, 20  # pixels
MARGIN = 12  # photos a group, taken in order of their paths: enough for a mean face


def main() -> None:
    """Read the exported model and photos; write one picture: a row a photo or group."""
    parser = command.parser(__doc__, runs="datasets/runs", shards="datasets/shards")
    parser.add_argument("--run", required=True, help="the run's name, a folder of --runs")
    parser.add_argument("--out", type=Path, help="default: saliency.png in the run's folder")
    parser.add_argument("--per-group", type=int, default=MARGIN, help=f"photos of valid a group; default: {MARGIN}")
    parser.add_argument("photos", nargs="*", type=Path, help="photos, or folders of them; none: the groups alone")
    options = parser.parse_args()
    attention = Attention(predict.load(options.runs / options.run / "model.keras", options.runs))
    rows = [row(path.name, of_photo(path, attention.size), attention) for path in predict.listed(options.photos)]
    table, cells = index.read(options.shards / "index.parquet")
    groups = by_group(table, cells, options.per_group)
    with command.progress(len(groups), "saliency", "group") as bar:
        for name, chosen in groups:
            images = Images(options.shards, chosen, None, attention.size)
            pixels = np.zeros((len(chosen), *images.shape), np.uint8)
            images.fill(np.arange(len(chosen)), pixels)
            rows.append(row(f"{name} (n = {len(chosen)})", pixels, attention))
            bar.update(1)
    out = options.out or options.runs / options.run / "saliency.png"
    write_bytes(out, cv2.imencode(".png", np.concatenate(rows)[:, :, ::-1])[1].tobytes())
    print(f"{out}: {len(rows)} rows of photo, Grad-CAM, gradients")


def of_photo(path: Path, size: int) -> np.ndarray:
    """One photo as uint8 (1, size, size, 3)."""
    return fit(predict.read(path), size)[None]


def by_group(table: pa.Table, cells: Cells, count: int) -> list[tuple[str, pa.Table]]:
    """The first `count` valid photos of each group, named `axis: value`; groups without photos are left out.

    Raises:
        UserError: valid has no labelled photo.
    """
    valid = table.filter((pc.field("split") == "valid") & (pc.field("cell") >= 0)).sort_by("path")
    made = []
    for axis in cells.axes:
        for value in axis.values:
            chosen = valid.filter(pc.equal(valid[axis.column].cast(pa.string()), value)).slice(0, count)
            if len(chosen):
                made.append((f"{axis.name}: {value}", chosen))
    if not made:
        raise UserError("index.parquet", "labelled valid photos", "none", "Use a source whose valid split has labels")
    return made


def row(name: str, pixels: np.ndarray, attention: Attention) -> np.ndarray:
    """The mean photo, and the mean of each map over it: uint8 (height, width, 3) RGB under its name.

    Args:
        name: written above.
        pixels: uint8 (n, size, size, 3).
        attention: of the model.
    """
    photo = pixels.mean(axis=0).astype(np.uint8)
    maps = [attention.grad_cam(pixels).mean(axis=0), attention.gradients(pixels).mean(axis=0)]
    panels = [photo, *(_over(photo, heat) for heat in maps)]
    strip = np.full((LABEL + PANEL + GAP, len(panels) * (PANEL + GAP), 3), 255, np.uint8)
    for position, panel in enumerate(panels):
        left = position * (PANEL + GAP)
        strip[LABEL : LABEL + PANEL, left : left + PANEL] = cv2.resize(panel, (PANEL, PANEL))
    cv2.putText(strip, name, (2, LABEL - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def _over(photo: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A map from 0 to 1 in colour over the photo in grey."""
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    colours = cv2.applyColorMap((255 * heat / max(float(heat.max()), 1e-9)).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    return cv2.addWeighted(grey, 0.45, colours[:, :, ::-1], 0.55, 0)


if __name__ == "__main__":
    command.run(main)
