"""Start a run from a trained network: another run's, or one whose weights lie in a file."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from manifests.core.errors import UserError
from manifests.core.files import write_bytes
from train.fitting.context import RunContext
from train.model import blocks
from train.model.heads import Network

Trained = Callable[[RunContext], list[Network]]
Begin = Callable[[int, Network], None]


def beginning(run: RunContext, trained: Trained) -> Begin | None:
    """What sets the weights of a repeat's new network before it trains; None where the run starts from none.

    Args:
        run: the run.
        trained: gives the networks of the run that this one starts from, one per repeat; they are trained where
            their checkpoints do not have them. Repeat k starts from repeat k of that run, counted around.
    Raises:
        UserError: the networks differ in their layers, or the file is not one of such a network.
    """
    where = f".runs.{run.name}.start"
    if isinstance(run.start, Path):
        path, file = run.start, run.train.runs[run.name].start or ""
        return lambda number, network: _load(path, file, network, where)
    if run.start is None:
        return None
    sources, name = trained(run.start), run.start.name
    return lambda number, network: _copy(sources[number % len(sources)], network, name, where)


def shares_backbone(run: RunContext) -> bool:
    """Whether all repeats have the same frozen backbone, so that its features are computed once."""
    own = isinstance(run.start, RunContext) and not run.start.train.frozen
    return run.train.frozen and not own


def _copy(source: Network, target: Network, name: str, where: str) -> None:
    """Set all weights to those of a network of the same layers; a dropout's generator stays the run's own."""
    shapes = [[tuple(weight.shape) for weight in network.full.weights] for network in (source, target)]
    if shapes[0] != shapes[1]:
        counts = [sum(weight.shape.num_elements() for weight in each.full.weights) for each in (source, target)]
        raise UserError(
            where,
            f"a network of the same layers as this run's, which has {counts[1]:,} parameters",
            f"that of {name}, which has {counts[0]:,}",
            "Give both the same backbone, size, crops, pooling and head",
        )
    for ours, theirs in zip(target.full.weights, source.full.weights, strict=True):
        ours.assign(theirs)


def _load(path: Path, file: str, network: Network, where: str) -> None:
    try:
        network.full.load_weights(path)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            where,
            "the network.weights.h5 of a run with the same backbone and head",
            f"{file}: {' '.join(str(error).split())[:200]}",
            "Name such a file, or give the run the same network",
        ) from error


def save(network: Network, folder: Path) -> None:
    """Publish a network's weights, from which another run can start, and those of its backbone without the head.

    Args:
        network: of the first repeat.
        folder: gets `network.weights.h5`, for a run's `start`, and `backbone.weights.h5`, for `weights`.
    """
    models = {"network": network.full, "backbone": blocks.body_of(network.backbone)}
    with tempfile.TemporaryDirectory() as temporary:  # HDF5 locks its file itself, as `publish` does
        for name, model in models.items():
            made = Path(temporary) / f"{name}.weights.h5"
            model.save_weights(made)
            write_bytes(folder / made.name, made.read_bytes())
