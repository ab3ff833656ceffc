"""The tasks that the families train on: real data that is installed with Python and scikit-learn.

Each task gives batches, a loss (nats; squared error for pictures) and the loss of a model that knows nothing.
"""

from __future__ import annotations

import math
import random
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LENGTH = 64
Batch = tuple[Tensor, ...]


@dataclass(frozen=True)
class Task:
    """`batch(generator, size, train)` draws examples; `loss(model, batch)` is what training lowers."""

    name: str
    unit: str
    #: the loss without any knowledge: of equal odds for every class, of the mean picture
    chance: float
    batch: Callable[[random.Random, int, bool], Batch]
    loss: Callable[[nn.Module, Batch], Tensor]


@cache
def text(limit: int = 2_000_000) -> tuple[Tensor, Tensor]:
    """The sources of Python's standard library as bytes: what is trained on, and what is held out."""
    collected = bytearray()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        collected += path.read_bytes()
        if len(collected) > limit:
            break
    whole = torch.frombuffer(collected, dtype=torch.uint8).long()
    cut = len(whole) * 9 // 10
    return whole[:cut], whole[cut:]


@cache
def digits() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """1,797 handwritten digits of 8 x 8 pixels in 0..1 (UCI; bundled with scikit-learn), one in five held out."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pictures = torch.tensor(data.data, dtype=torch.float32) / 16
    labels = torch.tensor(data.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    cut = len(order) * 4 // 5
    train, test = order[:cut], order[cut:]
    return (pictures[train], labels[train]), (pictures[test], labels[test])


def _windows(generator: random.Random, size: int, train: bool, length: int) -> Tensor:
    source = text()[0 if train else 1]
    starts = [generator.randrange(len(source) - length) for _ in range(size)]
    return torch.stack([source[start : start + length] for start in starts])


def _next_byte(generator: random.Random, size: int, train: bool) -> Batch:
    rows = _windows(generator, size, train, LENGTH + 1)
    return rows[:, :-1], rows[:, 1:]


def _next_part(generator: random.Random, size: int, train: bool) -> Batch:
    """Encoder: 32 bytes; decoder: the 32 after them, each from those before it."""
    rows = _windows(generator, size, train, LENGTH + 1)
    return rows[:, : LENGTH // 2], rows[:, LENGTH // 2 : -1], rows[:, LENGTH // 2 + 1 :]


def _language(model: nn.Module, batch: Batch) -> Tensor:
    *inputs, wanted = batch
    return F.cross_entropy(model(*inputs).flatten(0, 1), wanted.flatten())


def _digits(generator: random.Random, size: int, train: bool) -> Batch:
    pictures, labels = digits()[0 if train else 1]
    picked = torch.tensor([generator.randrange(len(labels)) for _ in range(size)])
    return pictures[picked], labels[picked]


def _pictures(generator: random.Random, size: int, train: bool) -> Batch:
    rows, labels = _digits(generator, size, train)
    return rows.view(-1, 1, 8, 8).expand(-1, 3, -1, -1), labels


def _classes(model: nn.Module, batch: Batch) -> Tensor:
    return F.cross_entropy(model(batch[0]), batch[1])


def _two_tasks(model: nn.Module, batch: Batch) -> Tensor:
    rows, labels = batch
    digit, parity = model(rows)
    return F.cross_entropy(digit, labels) + F.cross_entropy(parity, labels % 2)


def _rebuild(model: nn.Module, batch: Batch) -> Tensor:
    return F.mse_loss(model(batch[0]), batch[0])


def _spread() -> float:
    """Squared error of the mean picture."""
    pictures = digits()[0][0]
    return float(((pictures - pictures.mean(0)) ** 2).mean())


def tasks() -> dict[str, Task]:
    nats = "nats per byte"
    return {
        "text": Task("the next byte of text", nats, math.log(256), _next_byte, _language),
        "parts": Task("the next 32 bytes after 32", nats, math.log(256), _next_part, _language),
        "digits": Task("ten digits", "nats", math.log(10), _pictures, _classes),
        "two": Task("ten digits, and odd or even", "nats", math.log(10) + math.log(2), _digits, _two_tasks),
        "rebuild": Task("pictures of digits through 12 numbers", "squared error", _spread(), _digits, _rebuild),
    }
