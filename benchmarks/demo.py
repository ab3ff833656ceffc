"""Trains small builds of one model, sharing and not sharing, side by side on real text for about a minute.

The text is the source code of Python's own standard library, bytes as tokens. Every build sees the same batches.
"""

from __future__ import annotations

import argparse
import random
import sys
import sysconfig
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sharedsl
from benchmarks import curves

SPEC = Path(__file__).parents[1] / "specs" / "language" / "bytes.sdsl"
BUILDS = ("BytesApart", "BytesShared", "BytesRelaxed")
LENGTH, BATCH = 128, 8


def text(limit: int = 3_000_000) -> Tensor:
    """The standard library's sources, one after another."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    collected = bytearray()
    for path in sorted(folder.glob("*.py")):
        collected += path.read_bytes()
        if len(collected) > limit:
            break
    return torch.frombuffer(collected, dtype=torch.uint8).long()


def batch(source: Tensor, generator: random.Random) -> tuple[Tensor, Tensor]:
    starts = [generator.randrange(len(source) - LENGTH - 1) for _ in range(BATCH)]
    rows = torch.stack([source[start : start + LENGTH + 1] for start in starts])
    return rows[:, :-1], rows[:, 1:]


def loss_of(model: nn.Module, pair: tuple[Tensor, Tensor]) -> Tensor:
    tokens, wanted = pair
    return F.cross_entropy(model(tokens).flatten(0, 1), wanted.flatten())


def train(seconds: float, seed: int = 0) -> dict[str, list[tuple[float, float]]]:
    """Loss on held-out text (nats a byte) of every build, step by step."""
    torch.manual_seed(seed)
    generator = random.Random(seed)
    builds = sharedsl.load(str(SPEC))
    models = {name: builds[name].module() for name in BUILDS}
    labels = {name: f"{name} ({sum(p.numel() for p in m.parameters()):,} parameters)" for name, m in models.items()}
    steppers = {name: torch.optim.AdamW(m.parameters(), lr=2e-3, weight_decay=0.01) for name, m in models.items()}
    source = text()
    cut = int(len(source) * 0.95)
    held_out = [batch(source[cut:], generator) for _ in range(4)]
    lines: dict[str, list[tuple[float, float]]] = {labels[name]: [] for name in models}
    start, step = time.monotonic(), 0
    while (spent := time.monotonic() - start) < seconds or step < 2:
        if step % 10 == 0:
            measure(models, labels, held_out, lines, step)
            bar(spent / seconds, step, {name: lines[labels[name]][-1][1] for name in models})
        pair = batch(source[:cut], generator)
        for name, model in models.items():
            loss = loss_of(model, pair)
            steppers[name].zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            steppers[name].step()
        step += 1
    measure(models, labels, held_out, lines, step)
    bar(1.0, step, {name: lines[labels[name]][-1][1] for name in models})
    print(file=sys.stderr)
    return lines


@torch.no_grad()
def measure(
    models: dict[str, nn.Module],
    labels: dict[str, str],
    held_out: list[tuple[Tensor, Tensor]],
    lines: dict[str, list[tuple[float, float]]],
    step: int,
) -> None:
    for name, model in models.items():
        losses = [float(loss_of(model, pair)) for pair in held_out]
        lines[labels[name]].append((float(step), sum(losses) / len(losses)))


def bar(done: float, step: int, losses: dict[str, float]) -> None:
    width = 28
    full = min(int(done * width), width)
    shown = "  ".join(f"{name.removeprefix('Bytes').lower()} {loss:.2f}" for name, loss in losses.items())
    text = f"[{'#' * full}{'.' * (width - full)}] step {step:4d}  loss: {shown}"
    print(f"\r{text:<88}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def main() -> None:
    torch.set_num_threads(1)  # the models are too small to gain from more
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to train (default 60)")
    parser.add_argument("-o", "--output", default="demo-out", help="where the picture goes (default demo-out/)")
    args = parser.parse_args()
    print("Training on the sources of Python's standard library, bytes as tokens:", file=sys.stderr)
    lines = train(args.seconds)
    print(curves.terminal(lines, colour=sys.stdout.isatty()))
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "loss.svg"
    picture.write_text(curves.svg(lines, "Sharing weights: loss on held-out text", "step", "nats per byte"))
    print(f"\nThe curves are in {picture}. The builds are in {SPEC.relative_to(SPEC.parents[2])}: change a plan and")
    print("run `make demo` again, or `sharedsl compare specs/language/bytes.sdsl --model Bytes` to see what it costs.")


if __name__ == "__main__":
    main()
