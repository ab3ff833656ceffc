"""Loops of run-time length against plain transcriptions: adaptive computation, truncated gradients, fixed points."""

from __future__ import annotations

import inspect
import math
import sys

import numpy as np
import pytest
import torch
from torch import nn

import sharedsl
from tests.compiled import SPECS
from tests.families.by_hand import apply


@pytest.fixture(autouse=True)
def in_float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


def small(spec: str, build: str, **sizes: object) -> nn.Module:
    return sharedsl.load(SPECS / spec)[build].module(**sizes)


# ---------------------------------------------------------------------------- adaptive computation time

SMALL_ACT = {"vocab": 61, "dim": 16, "heads": 2, "ff": 24}


def act_reference(state, transform, halting, signals, epsilon):
    """tensor2tensor's `universal_transformer_act`, basic: position by position, with numpy's floats and plain ifs.

    `transform` is the layer and `halting` gives p, both of numpy arrays [length, dim]; a signal for each step.
    """
    length = state.shape[0]
    halted, remainder, updates = np.zeros(length), np.zeros(length), np.zeros(length)
    previous, weights = np.zeros_like(state), []
    step, most = 0, len(signals)
    while any(halted[t] < 1 - epsilon and updates[t] < most for t in range(length)):
        state = state + signals[step]
        p = halting(state)
        weight = np.zeros(length)
        for t in range(length):
            if halted[t] >= 1:
                continue
            updates[t] += 1
            if halted[t] + p[t] > 1 - epsilon:
                remainder[t] += 1 - halted[t]
                halted[t] += remainder[t]
                weight[t] = remainder[t]
            else:
                halted[t] += p[t]
                weight[t] = p[t]
        state = transform(state)
        previous = weight[:, None] * state + (1 - weight[:, None]) * previous
        weights.append(weight)
        step += 1
    return previous, updates + remainder, np.array(weights)


def encoder_reference(module: nn.Module, tokens: torch.Tensor):
    wave = np.array(
        [
            [(math.sin if i % 2 == 0 else math.cos)(t / 10000 ** (2 * (i // 2) / 16)) for i in range(16)]
            for t in range(tokens.shape[0])
        ]
    )
    state = math.sqrt(16) * module.source(tokens).detach().numpy()
    weight, bias = (each.detach().numpy() for each in (module.encoder_halt.weight, module.encoder_halt.bias))
    return act_reference(
        state,
        lambda s: module.encoder(torch.tensor(s)[None])[0].detach().numpy(),
        lambda s: 1 / (1 + np.exp(-(s @ weight[0] + bias[0]))),
        [wave + row for row in module.encoder_step.detach().numpy()],
        0.01,
    )


@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0])
def test_adaptive_computation_time(spread: float) -> None:
    module = small("folding/universal.sdsl", "AdaptiveTransformerBase", **SMALL_ACT, steps=5)
    with torch.no_grad():
        module.encoder_halt.weight.normal_(std=spread)
        module.encoder_halt.bias.fill_(-1.0)
    tokens = torch.randint(0, 61, (9,))
    want, ponder, _ = encoder_reference(module, tokens)
    memory, got = module.encode(tokens[None])
    assert len(set(np.ceil(ponder))) > 1, "positions must halt at different steps for this to show anything"
    assert np.allclose(got[0].detach().numpy(), ponder, atol=1e-12)
    assert torch.allclose(memory[0], module.encoder_norm(torch.tensor(want)), atol=1e-10)


@pytest.mark.parametrize(
    ("p", "steps", "weights", "ponder"),
    [
        (0.3, 2, [0.3, 0.3], 2.0),  # the cut-off comes first: no remainder, the weights add up to 0.6
        (0.3, 6, [0.3, 0.3, 0.3, 0.1], 4.1),
        (0.6, 4, [0.6, 0.4], 2.4),
        (0.995, 4, [1.0], 2.0),
    ],
)
def test_halting_weights(p: float, steps: int, weights: list[float], ponder: float) -> None:
    module = small("folding/universal.sdsl", "AdaptiveTransformerBase", **SMALL_ACT, steps=steps)
    with torch.no_grad():
        module.encoder_halt.weight.zero_()
        module.encoder_halt.bias.fill_(math.log(p / (1 - p)))
    tokens = torch.randint(0, 61, (4,))
    want, _, given = encoder_reference(module, tokens)
    assert np.allclose(given, np.array(weights)[:, None].repeat(4, axis=1))
    taken = []
    module.encoder.register_forward_hook(lambda *_: taken.append(1))
    memory, got = module.encode(tokens[None])
    assert len(taken) == len(weights)
    assert torch.allclose(got, torch.full_like(got, ponder))
    assert torch.allclose(memory[0], module.encoder_norm(torch.tensor(want)), atol=1e-10)
    update = vars(sys.modules[type(module).__module__])["ponder"]
    books, sums = (torch.zeros(1, 1),) * 3, 0.0
    for _ in range(steps):
        u, *books = update(torch.full((1, 1), p), *books, 0.01)
        sums += float(u)
    assert sums == pytest.approx(sum(weights))


def test_halting_begins_with_one() -> None:
    module = small("folding/universal.sdsl", "AdaptiveTransformerBase", **SMALL_ACT)
    assert float(module.encoder_halt.bias.detach()) == float(module.decoder_halt.bias.detach()) == 1.0


# ---------------------------------------------------------------------------- gradients through the last steps alone


def graph_size(value: torch.Tensor) -> int:
    seen, queue = set(), [value.grad_fn]
    while queue:
        each = queue.pop()
        if each is not None and each not in seen:
            seen.add(each)
            queue += [below for below, _ in each.next_functions]
    return len(seen)


def gradients(loss: torch.Tensor, module: nn.Module) -> dict[str, torch.Tensor]:
    names, tensors = zip(*((name, each) for name, each in module.named_parameters() if each.requires_grad), strict=True)
    found = torch.autograd.grad(loss, tensors, allow_unused=True)
    return {name: torch.zeros(()) if each is None else each for name, each in zip(names, found, strict=True)}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return all(torch.allclose(left[name], right[name], rtol=1e-8, atol=1e-10) for name in left)


HUGINN = {"vocab": 61, "dim": 16, "heads": 2, "ff": 24}


def huginn_reference(module: nn.Module, tokens, start, steps: int, grad_steps: int) -> torch.Tensor:
    def at(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return apply(layer, x, torch.arange(tokens.shape[1]), 8, 50000.0)

    e = 4.0 * module.embed(tokens)
    for layer in module.prelude:
        e = at(layer, e)
    s = start
    for step in range(steps):
        if step == max(steps - grad_steps, 0):
            s = s.detach()
        s = module.adapter(torch.cat([s, e], dim=-1))
        for layer in module.core:
            s = at(layer, s)
    s = module.norm(s)
    for layer in module.coda:
        s = at(layer, s)
    return module.norm(s) @ module.embed.weight.T


@pytest.mark.parametrize(("steps", "grad_steps"), [(1, 8), (5, 2), (5, 5), (7, 1)])
def test_truncated_gradients(steps: int, grad_steps: int) -> None:
    module = small("folding/huginn.sdsl", "Huginn3B", **HUGINN)
    tokens, start = torch.randint(0, 61, (2, 6)), torch.randn(2, 6, 16)
    got = module(tokens, start, steps, grad_steps)
    want = huginn_reference(module, tokens, start, steps, grad_steps)
    assert torch.allclose(got, want, atol=1e-8)
    found = gradients(got.square().mean(), module)
    assert same(found, gradients(want.square().mean(), module))
    if grad_steps < steps:
        whole = gradients(huginn_reference(module, tokens, start, steps, steps).square().mean(), module)
        assert not same(found, whole)


def test_steps_without_gradients_need_no_memory() -> None:
    module = small("folding/huginn.sdsl", "Huginn3B", **HUGINN)
    tokens = torch.randint(0, 61, (1, 4))
    sizes = {steps: graph_size(module(tokens, steps=steps, grad_steps=3)) for steps in (4, 9, 20)}
    assert len(set(sizes.values())) == 1, sizes


def test_code_does_not_grow_with_steps() -> None:
    """One body stands for all steps, and the number of steps changes no parameter."""
    source = inspect.getsource(type(small("folding/huginn.sdsl", "Huginn3B", **HUGINN)).forward)
    assert source.count("for _ in range(steps - grad_steps)") == source.count("range(min(steps, grad_steps))") == 1
    assert "with torch.no_grad():" in source


@pytest.mark.parametrize("grad_steps", [1, 3])
def test_hierarchical_gradients(grad_steps: int) -> None:
    sizes = {"vocab": 61, "dim": 16, "depth": 2, "heads": 2, "ff": 24, "high_steps": 2, "low_steps": 3}
    module = small("folding/hierarchical.sdsl", "HierarchicalModel", **sizes, grad_steps=grad_steps)
    tokens = torch.randint(0, 61, (2, 5))

    def run(stack: nn.ModuleList, x: torch.Tensor) -> torch.Tensor:
        for layer in stack:
            x = apply(layer, x, torch.arange(5), 8)
        return x

    x = 4.0 * module.embed(tokens)
    fast, slow = module.low_start.expand(2, 5, 16), module.high_start.expand(2, 5, 16)
    for high in range(2):
        for low in range(3):
            if high == 1 and low == 3 - grad_steps:
                fast, slow = fast.detach(), slow.detach()
            fast = run(module.low, fast + slow + x)
        slow = run(module.high, slow + fast)
    want = module.head(module.norm(slow))
    got = module(tokens)
    assert torch.allclose(got, want, atol=1e-10)
    assert same(gradients(got.square().mean(), module), gradients(want.square().mean(), module))


# ---------------------------------------------------------------------------- fixed points


def test_fixed_point_is_reached() -> None:
    sizes = {"vocab": 61, "dim": 16, "heads": 2, "ff": 24, "max_len": 16}
    module = small("folding/deq.sdsl", "DeepEquilibriumSmall", **sizes, tolerance=1e-9)
    tokens = torch.randint(0, 61, (2, 7))
    taken = []
    module.body.register_forward_hook(lambda _, given, out: taken.append((given[0], out)))
    logits, moved = module(tokens, max_steps=500, grad_steps=1)
    z, applied = taken[-1]
    assert float(moved) <= 1e-9 and len(taken) < 500
    assert float((applied - z).detach().norm() / z.norm()) < 1e-7, "z = f(z, x)"
    # gradients are those of one step from the fixed point
    x = module.embed(tokens) + module.pos(torch.arange(7))
    want = (0.5 * z.detach() + 0.5 * module.body(z.detach(), x)) @ module.embed.weight.T
    assert torch.allclose(logits, want)
    assert same(gradients(logits.square().mean(), module), gradients(want.square().mean(), module))
    assert not moved.requires_grad


def test_fixed_point_stops_at_the_bound() -> None:
    sizes = {"vocab": 61, "dim": 16, "heads": 2, "ff": 24, "max_len": 16}
    module = small("folding/deq.sdsl", "DeepEquilibriumSmall", **sizes, tolerance=0.0)
    taken = []
    module.body.register_forward_hook(lambda *_: taken.append(1))
    module(torch.randint(0, 61, (1, 3)), max_steps=4, grad_steps=2)
    assert len(taken) == 4 + 2


def test_a_random_start_can_be_traced() -> None:
    module = small("folding/huginn.sdsl", "Huginn3B", **HUGINN).eval()
    tokens = torch.randint(0, 61, (2, 4))
    program = torch.export.export(module, (tokens,), {"steps": 3, "grad_steps": 1}, strict=False)
    assert program.module()(tokens, steps=3, grad_steps=1).shape == (2, 4, 61)
    draw = vars(sys.modules[type(module).__module__])["trunc_normal"]((20_000,), 2.0, 1.5)
    assert float(draw.abs().max()) <= 3.0
    assert float(draw.std()) == pytest.approx(2.0 * 0.7425, rel=0.03), "of a normal cut at 1.5 deviations"
