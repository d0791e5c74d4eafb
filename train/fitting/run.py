"""Train a run: its repeats, stage by stage, each able to go on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from manifests.core import command
from manifests.sections.train import Stage
from train.data import features as embed
from train.data import samples
from train.data.readers import Images, Rows
from train.data.samples import Items
from train.fitting import checkpoint, loop, stage_data
from train.fitting.checkpoint import State
from train.fitting.context import Job
from train.fitting.validation import monitor
from train.model import backbones, heads
from train.model.runtime import keras, seed_all


@dataclass(frozen=True)
class Member:
    """One repeat, trained: its network, and the records of its epochs."""

    network: heads.Network
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
        shared = backbones.build(job.train) if job.train.weights != "none" else None
    members = []
    for number in range(job.seeds):
        seed = job.seed + number
        with job.devices.strategy.scope():
            seed_all(seed)
            own = shared if shared is not None and job.train.frozen else backbones.build(job.train)
            network = heads.assemble(own, job.recipe, job.cells.names)
        members.append(_Repeat(job, number, seed, network).train(report))
    return members


class _Repeat:
    """One repeat of a run while it trains."""

    def __init__(self, job: Job, number: int, seed: int, network: heads.Network) -> None:
        self.job, self.number, self.seed, self.network = job, number, seed, network
        self.path = job.states / f"repeat-{number}.npz"
        self.variables = [*(network.head if job.train.frozen else network.full).variables]

    def train(self, report: Report) -> Member:
        current = checkpoint.load(self.path) or State(checkpoint.Counters(), {})
        if "network" in current.arrays:
            checkpoint.assign(self.variables, current.arrays["network"])
            report(self.number, current.counters.history)
        stages = self.job.recipe.stages
        while current.counters.stage < len(stages):
            current = self._stage(stages[current.counters.stage], current, report)
            checkpoint.save(self.path, current)
        return Member(self.network, current.counters.history)

    def _stage(self, stage: Stage, current: State, report: Report) -> State:
        job, network = self.job, self.network
        if stage.from_scratch and current.counters.epoch == 0:
            seed_all(self.seed * 1000 + current.counters.stage)
            heads.redraw(network.head)
        learner = loop.Learner(
            self._trained(stage), self.variables, stage_data.fitted(job, network, stage), monitor(job, network, stage)
        )
        setting = loop.Setting(stage, job.recipe, job.batch, self.seed, job.devices, job.train.max_epochs)
        label = f"{job.name} {self.number + 1}/{job.seeds} stage {current.counters.stage + 1}"
        epochs = loop.Epochs.of(setting, len(learner.fitted.inputs))
        with command.progress(epochs.count, label, "epoch") as bar:
            bar.update(current.counters.epoch)

            def note(reached: State) -> None:
                checkpoint.save(self.path, reached)
                report(self.number, reached.counters.history)
                last = reached.counters.history[-1]
                bar.set_postfix({k: round(v, 3) for k, v in last.items() if k in ("loss", "valid_mae")}, refresh=False)
                bar.update(1)

            return loop.train_stage(learner, setting, current, note)

    def _trained(self, stage: Stage) -> keras.Model:
        """The model that a stage trains, its trainable flags set."""
        pixels = stage_data.trains_pixels(self.job, stage)
        self.network.backbone.trainable = pixels
        if stage.layers == "experts" and self.network.experts is not None:
            return self.network.experts
        return self.network.full if pixels else self.network.head


def predict_items(job: Job, members: list[Member], chosen: Items) -> list[np.ndarray]:
    """Each repeat's output, float32 (photos, outputs); with `mirror` the mean with that for the mirror image."""
    seen = [chosen, samples.mirrored(chosen)] if job.recipe.mirror else [chosen]
    outputs = [_outputs(job, members, each) for each in seen]
    return [np.asarray(np.mean(views, axis=0), np.float32) for views in zip(*outputs, strict=True)]


def _outputs(job: Job, members: list[Member], chosen: Items) -> list[np.ndarray]:
    images = Images(job.shards, chosen.table, chosen.views, job.train.size)
    every, made = np.arange(len(chosen)), []
    features: dict[int, Rows] = {}
    for member in members:
        key = id(member.network.backbone)
        if job.train.frozen and key not in features:
            features[key] = Rows(stage_data.features_of(job, member.network.backbone, images, chosen))
        if job.train.frozen:
            made.append(embed.forward(member.network.head, 256)(features[key], every))
        else:
            made.append(embed.forward(member.network.full, embed.BATCH)(images, every))
    return made
