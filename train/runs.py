"""Train a run: its repeats, stage by stage, each able to go on where it was stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from manifests import command
from manifests.cells import AGE, Cells
from manifests.sections.train import Recipe, Scheme, Stage, Train
from train import backbones, embed, feed, items, loop, metrics, model, state
from train.batches import Images, Inputs, Rows
from train.devices import Devices, seed_all
from train.items import Items
from train.losses import LOSSES
from train.quiet import keras
from train.state import State
from train.weights import named, normalised, weigh


@dataclass(frozen=True)
class Job:
    """One run, everything looked up.

    Attributes:
        name: the run's.
        train: the section.
        recipe: with its weights schemes spelt out and the run's images.
        seeds: how many repeats.
        seed: of `params.yaml`.
        index: the index's rows.
        cells: its axes.
        shards: where the shards lie.
        cache: where embeddings and the states of training are kept.
        where: the parameter file.
        devices: where to train.
    """

    name: str
    train: Train
    recipe: Recipe
    seeds: int
    seed: int
    index: pa.Table
    cells: Cells
    shards: Path
    cache: Path
    where: str
    devices: Devices

    @property
    def batch(self) -> int:
        """Images a step."""
        return self.recipe.batch or self.train.batch

    @property
    def states(self) -> Path:
        """Where this very run's states lie: its name is a digest of all that the result depends on."""
        text = [
            self.recipe.model_dump_json(),
            self.train.model_dump_json(exclude={"runs", "recipes"}),
            str(self.seed),
            self.cells.to_json(),
            keras.version(),
            *(str(self.index[column].to_pylist()) for column in ("task_id", "sha256", "split", "kept", "age")),
        ]
        if Path(self.train.weights).is_file():
            text.append(hashlib.sha256(Path(self.train.weights).read_bytes()).hexdigest())
        return self.cache / "training" / hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Member:
    """One repeat, trained: its network, and the records of its epochs."""

    network: model.Network
    history: list[dict[str, float]]


Report = Callable[[int, list[dict[str, float]]], None]


def train_members(job: Job, report: Report) -> list[Member]:
    """Train every repeat.

    Args:
        job: the run.
        report: told a repeat's number and its records so far after each epoch.
    """
    with job.devices.strategy.scope():
        seed_all(job.seed)
        shared = backbones.build(job.train, job.where) if job.train.weights != "none" else None
    members = []
    for number in range(job.seeds):
        seed = job.seed + number
        with job.devices.strategy.scope():
            seed_all(seed)
            own = shared if shared is not None and job.train.frozen else backbones.build(job.train, job.where)
            network = model.assemble(own, job.recipe, job.cells.names)
        members.append(_Repeat(job, number, seed, network).train(report))
    return members


class _Repeat:
    """One repeat of a run while it trains."""

    def __init__(self, job: Job, number: int, seed: int, network: model.Network) -> None:
        self.job, self.number, self.seed, self.network = job, number, seed, network
        self.path = job.states / f"repeat-{number}.npz"
        self.variables = [*(network.head if job.train.frozen else network.full).variables]

    def train(self, report: Report) -> Member:
        current = state.load(self.path) or State(state.Counters(), {})
        if "network" in current.arrays:
            state.assign(self.variables, current.arrays["network"])
            report(self.number, current.counters.history)
        stages = self.job.recipe.stages
        while current.counters.stage < len(stages):
            current = self._stage(stages[current.counters.stage], current, report)
            state.save(self.path, current)
        return Member(self.network, current.counters.history)

    def _stage(self, stage: Stage, current: State, report: Report) -> State:
        job, network = self.job, self.network
        if stage.from_scratch and current.counters.epoch == 0:
            seed_all(self.seed * 1000 + current.counters.stage)
            model.redraw(network.head)
        trained = self._trained(stage)
        augmentation = job.recipe.augmentation if stage.augment else "none"
        chosen = items.train_items(job.index, job.recipe.images, augmentation, job.cells)
        fitted = feed.Fitted(
            self._inputs(stage, chosen), items.targets(chosen, job.recipe), weights_of(job, stage, chosen)
        )
        label = f"{job.name} {self.number + 1}/{job.seeds} stage {current.counters.stage + 1}"
        with command.progress(stage.epochs, label, "epoch") as bar:
            bar.update(current.counters.epoch)

            def note(reached: State) -> None:
                state.save(self.path, reached)
                report(self.number, reached.counters.history)
                last = reached.counters.history[-1]
                bar.set_postfix({k: round(v, 3) for k, v in last.items() if k in ("loss", "valid_mae")}, refresh=False)
                bar.update(1)

            return loop.train_stage(
                trained, fitted, stage, job.recipe, job.batch, self.seed, job.devices, self.variables, current,
                self._monitor(stage), note,
            )  # fmt: skip

    def _trained(self, stage: Stage) -> keras.Model:
        """The model that a stage trains, its trainable flags set."""
        pixels = stage.layers == "all" and not self.job.train.frozen
        self.network.backbone.trainable = pixels
        if stage.layers == "experts" and self.network.experts is not None:
            return self.network.experts
        return self.network.full if pixels else self.network.head

    def _inputs(self, stage: Stage, chosen: Items) -> Inputs:
        """Photos where the backbone trains, else its features."""
        images = Images(self.job.shards, chosen.table, chosen.views, self.job.train.size)
        if stage.layers == "all" and not self.job.train.frozen:
            return images
        return Rows(features_of(self.job, self.network.backbone, images, chosen))

    def _monitor(self, stage: Stage) -> loop.Monitor:
        """Metrics on valid; a recipe may show the monitor an augmented copy of it."""
        job, recipe = self.job, self.job.recipe
        valid = items.labelled(items.split_items(job.index, "valid"))
        if not len(valid):
            return dict
        if recipe.augment_valid and stage.augment:
            valid = items.augmented(valid, recipe.augmentation, job.cells)
        inputs, truth = self._inputs(stage, valid), items.targets(valid, recipe)
        groups = metrics.groupings(job.cells, valid.table["cell"].to_numpy())
        pixels = isinstance(inputs, Images)
        outputs = embed.forward(self.network.full if pixels else self.network.head, 256)
        experts = self.network.experts if stage.layers == "experts" else None
        every = np.arange(len(inputs))

        def measure() -> dict[str, float]:
            if experts is not None:
                given = [keras.ops.convert_to_numpy(o) for o in experts(inputs.array, training=False).values()]  # type: ignore[attr-defined]
            else:
                given = [outputs(inputs, every)]
            return _mean([_metrics(output, truth, recipe, groups) for output in given])

        return measure


def _metrics(
    output: np.ndarray, truth: np.ndarray, recipe: Recipe, groups: tuple[metrics.Grouping, ...]
) -> dict[str, float]:
    """Loss, mean absolute error and average bias on valid."""
    errors = np.abs(model.ages(output) - truth[:, 0])
    mae = float(errors.mean())
    bias = float(np.mean([metrics.bias(metrics.group_means(group.member, errors)) for group in groups]))
    loss = float(keras.ops.mean(LOSSES[recipe.loss](truth, output)))
    return {"valid_loss": loss, "valid_mae": mae, "valid_bias": bias, "valid_mae_plus_bias": mae + bias}


def _mean(records: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([record[name] for record in records])) for name in records[0]}


def weights_of(job: Job, stage: Stage, chosen: Items) -> np.ndarray:
    """float32 (items, outputs): the stage's weights, for the experts one column an axis."""
    where = f"{job.where}: train.runs.{job.name}.weights"
    if stage.layers == "experts":
        schemes = [_expert(axis, job.cells) for axis in job.cells.names]
    else:
        schemes = [[named(stage.weights, where)]]
    columns = []
    for factors in schemes:
        raw = np.prod([weigh(scheme, chosen.table, job.cells, where) for scheme in factors], axis=0)
        columns.append(normalised(factors[0], raw))
    return np.stack(columns, axis=1).astype(np.float32)


def _expert(axis: str, cells: Cells) -> list[Scheme]:
    """An expert's weights: its axis' from 1b times the age's from 1b; for age, those of 1a."""
    if axis == AGE:
        return [Scheme(axes=(AGE,), edges="years")]
    ages = [Scheme(axes=(AGE,))] if AGE in cells.names else []
    return [Scheme(axes=(axis,)), *ages]


def last_items(job: Job) -> Items:
    """What the last stage trains on."""
    augmentation = job.recipe.augmentation if job.recipe.stages[-1].augment else "none"
    return items.train_items(job.index, job.recipe.images, augmentation, job.cells)


def features_of(job: Job, backbone: keras.Model, images: Images, chosen: Items) -> np.ndarray:
    """The photos' features; kept where the backbone is a frozen one, which the next run asks for too."""
    folder = job.cache / "embeddings" / embed.digest(backbone, job.train) if job.train.frozen else None
    return embed.embed(backbone, images, chosen.keys, folder)


def predict_items(job: Job, members: list[Member], chosen: Items) -> list[np.ndarray]:
    """Each repeat's output for the photos, float32 (photos, outputs)."""
    images = Images(job.shards, chosen.table, chosen.views, job.train.size)
    every, made = np.arange(len(chosen)), []
    features: dict[int, Any] = {}
    for member in members:
        key = id(member.network.backbone)
        if job.train.frozen and key not in features:
            features[key] = Rows(features_of(job, member.network.backbone, images, chosen))
        if job.train.frozen:
            made.append(embed.forward(member.network.head, 256)(features[key], every))
        else:
            made.append(embed.forward(member.network.full, embed.BATCH)(images, every))
    return made
