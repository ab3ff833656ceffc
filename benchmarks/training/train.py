"""Trains pairs of builds, the shared and the unshared one, on the same batches from the same seeds."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

import sharedsl
from benchmarks.training.tasks import Task, tasks

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Family:
    """One row of families.toml: two builds and what they train on."""

    name: str
    member: str
    apart: str
    shared: str
    task: str
    rate: float = 2e-3
    #: why the shared model ends above 1.25 times the unshared one's loss, where it does
    explained: str = ""


@dataclass
class Run:
    """One training: `curve` holds (step, loss on held-out data), the first before any step."""

    build: str
    seed: int
    parameters: int
    curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def first(self) -> float:
        return self.curve[0][1]

    @property
    def last(self) -> float:
        """The mean of the last three measurements: a single one is noisy."""
        tail = [loss for _, loss in self.curve[-3:]]
        return sum(tail) / len(tail)


def families() -> list[Family]:
    rows: list[dict[str, Any]] = tomllib.loads((FOLDER / "families.toml").read_text(encoding="utf-8"))["family"]
    return [Family(**row) for row in rows]


@cache
def _spec() -> sharedsl.api.Builds:
    return sharedsl.load(FOLDER / "families.sdsl")


def train(
    build: str,
    task: Task,
    seed: int,
    steps: int,
    rate: float,
    every: int = 20,
    size: int = 16,
    tell: Callable[[int, float], None] | None = None,
) -> Run:
    """`steps` steps of AdamW from `seed`, warmed up over the first tenth and cosine to a tenth of the rate."""
    torch.manual_seed(seed)
    model = _spec()[build].module()
    run = Run(build, seed, sum(p.numel() for p in model.parameters()))
    generator, judge = random.Random(seed), random.Random(12345)
    held_out = [task.batch(judge, 64, False) for _ in range(4)]
    stepper = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    warm = max(steps // 10, 1)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(stepper, steps - warm, eta_min=rate / 10)
    ramp = torch.optim.lr_scheduler.LinearLR(stepper, 0.1, 1.0, warm)
    schedule = torch.optim.lr_scheduler.SequentialLR(stepper, [ramp, cosine], [warm])
    for step in range(steps + 1):
        if step % every == 0 or step == steps:
            run.curve.append((step, _measure(model, task, held_out)))
            if tell is not None:
                tell(step, run.curve[-1][1])
        if step == steps:
            break
        model.train()
        loss = task.loss(model, task.batch(generator, size, True))
        stepper.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        stepper.step()
        schedule.step()
    return run


@torch.no_grad()
def _measure(model: nn.Module, task: Task, held_out: list[tuple[torch.Tensor, ...]]) -> float:
    # before the first step BatchNorm has seen nothing: its own batch is the fair measure throughout
    model.train()
    return sum(float(task.loss(model, batch)) for batch in held_out) / len(held_out)


def pair(family: Family, seed: int, steps: int, every: int = 20) -> tuple[Run, Run]:
    """The unshared and the shared build from one seed on the same batches."""
    task = tasks()[family.task]
    return (
        train(family.apart, task, seed, steps, family.rate, every),
        train(family.shared, task, seed, steps, family.rate, every),
    )
