"""Mixture-of-Recursions against a plain transcription: token by token, with lists of indices."""

from __future__ import annotations

import pytest
import torch

import sharedsl
from tests.compiled import SPECS
from tests.families.by_hand import apply

SIZES = {"vocab": 61, "dim": 24, "depth": 8, "heads": 3, "kv_heads": 1, "ff": 32}
MORE = {"MorSharedKeys2": {"depth": 6, "recursions": 3}}


def gathered(module, x, sets, depth):
    """The shared layers on each row's chosen tokens, in their order; positions are those in the sequence."""
    results = []
    for row, chosen in enumerate(sets):
        y = x[row, chosen][None]
        for at in range(depth):
            y = apply(module.rounds[0].layers[at], y, torch.tensor([chosen]), 8)
        results.append(y[0])
    return results


def expert_choice(module, tokens, recursions):
    batch, length = tokens.shape
    every = torch.arange(length).expand(batch, length)
    x = apply(module.first, module.embed(tokens), every, 8)
    inside = [list(range(length)) for _ in range(batch)]
    for r in range(recursions):
        keep = length * (recursions - r) // recursions
        weight = module.rounds[r].router.weight[0]
        gates = [{t: 0.1 * torch.sigmoid(x[row, t] @ weight) for t in inside[row]} for row in range(batch)]
        inside = [sorted(sorted(each, key=lambda t: -each[t].item())[:keep]) for each in gates]
        given = gathered(module, x, inside, 2)
        new = x.clone()
        for row in range(batch):
            for place, t in enumerate(inside[row]):
                new[row, t] = x[row, t] + gates[row][t] * given[row][place]
        x = new
    return module.norm(apply(module.last, x, every, 8)) @ module.embed.weight.T, inside


def token_choice(module, tokens, recursions):
    batch, length = tokens.shape
    every = torch.arange(length).expand(batch, length)
    start = x = apply(module.first, module.embed(tokens), every, 8)
    scores = (x @ module.rounds.router.weight.T).softmax(-1)
    gate, last = scores.max(-1)
    for r in range(recursions):
        new = x.clone()
        for row in range(batch):
            chosen = [t for t in range(length) if last[row, t] >= r]
            if not chosen:
                continue
            y = x[row, chosen][None]
            whole = torch.ones(1, len(chosen), len(chosen), dtype=torch.bool)
            for layer in module.rounds.layers:
                y = apply(layer, y, torch.tensor([chosen]), 8, mask=whole)
            for place, t in enumerate(chosen):
                new[row, t] = gate[row, t] * y[0, place] + (start[row, t] if last[row, t] == r else 0)
        x = new
    return module.norm(apply(module.last, x, every, 8)) @ module.embed.weight.T, last


def rotated(heads, positions):
    """[K, heads, 8] at K positions: feature i and i + 4 are the parts of a number that is turned."""
    speeds = 10000.0 ** (-torch.arange(4, dtype=heads.dtype) / 4)
    angle = (torch.as_tensor(positions, dtype=heads.dtype)[:, None] * speeds)[:, None]
    number = torch.complex(heads[..., :4], heads[..., 4:]) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat((number.real, number.imag), -1)


def seeing(layer, x, inside, keys, values):
    """A layer for each row's chosen tokens, one at a time; there is one head of keys and values."""
    rows = []
    for row, chosen in enumerate(inside):
        queries = rotated(layer.q(layer.norm1(x[row])).unflatten(-1, (3, 8)), chosen)
        mixed = []
        for place, t in enumerate(chosen):
            weights = (queries[place] @ keys[row, : t + 1, 0].T / 8**0.5).softmax(-1)
            mixed.append((weights @ values[row, : t + 1, 0]).flatten())
        y = x[row] + layer.out(torch.stack(mixed))
        rows.append(y + layer.mlp(layer.norm2(y)))
    return rows


def lending(module, tokens, recursions):
    """Token by token: keys and values of all tokens from the first round, queries of the chosen ones."""
    batch, length = tokens.shape
    x = module.embed(tokens)
    kept, y = [], x
    for layer in module.layers:
        normed = layer.norm1(y)
        keys = torch.stack([rotated(layer.k(each).unflatten(-1, (1, 8)), range(length)) for each in normed])
        kept.append((keys, layer.v(normed).unflatten(-1, (1, 8))))
        y = torch.stack(seeing(layer, y, [list(range(length))] * batch, *kept[-1]))
    x = x + 0.1 * torch.sigmoid(x @ module.router[0].weight.T) * y
    inside = [list(range(length)) for _ in range(batch)]
    for r in range(1, recursions):
        keep = length * (recursions - r) // recursions
        gates = [
            {t: 0.1 * torch.sigmoid(x[row, t] @ module.router[r].weight[0]) for t in inside[row]}
            for row in range(batch)
        ]
        inside = [sorted(sorted(each, key=lambda t: -each[t].item())[:keep]) for each in gates]
        y = torch.stack([x[row, chosen] for row, chosen in enumerate(inside)])
        for layer, (keys, values) in zip(module.layers, kept, strict=True):
            y = torch.stack(seeing(layer, y, inside, keys, values))
        new = x.clone()
        for row, chosen in enumerate(inside):
            for place, t in enumerate(chosen):
                new[row, t] = x[row, t] + gates[row][t] * y[row, place]
        x = new
    return module.norm(x) @ module.embed.weight.T, inside


@pytest.mark.parametrize("name", ["MorExpertChoice3", "MorTokenChoice3", "MorSharedKeys2"])
def test_against_a_transcription(name: str) -> None:
    torch.manual_seed(0)
    module = sharedsl.load(SPECS / "folding/mor.sdsl")[name].module(**SIZES | MORE.get(name, {})).double()
    with torch.no_grad():
        for each in module.parameters():
            each.add_(0.2 * torch.randn_like(each))
    tokens = torch.randint(0, 61, (3, 11))
    reference = {"MorExpertChoice3": expert_choice, "MorTokenChoice3": token_choice, "MorSharedKeys2": lending}[name]
    want, chosen = reference(module, tokens, 3)
    got = module(tokens)
    assert torch.allclose(got, want, atol=1e-10)
    left, right = (torch.autograd.grad(each.square().mean(), list(module.parameters())) for each in (got, want))
    assert all(torch.allclose(a, b, rtol=1e-8, atol=1e-10) for a, b in zip(left, right, strict=True))
    if name != "MorTokenChoice3":
        assert all(len(each) == 3 for each in chosen) and len({tuple(each) for each in chosen}) > 1
    else:
        assert len(chosen.unique()) > 1
