"""Mixture-of-Recursions against a plain transcription: token by token, with lists of indices."""

from __future__ import annotations

import pytest
import torch

import sharedsl
from tests.compiled import SPECS

SIZES = {"vocab": 61, "dim": 24, "depth": 8, "heads": 3, "kv_heads": 1, "ff": 32}


def gathered(module, x, sets, depth):
    """The shared layers on each row's chosen tokens, in their order; positions are those in the sequence."""
    results = []
    for row, chosen in enumerate(sets):
        y = x[row, chosen][None]
        for at in range(depth):
            y = module.rounds[0].layers[at](y, torch.tensor([chosen]))
        results.append(y[0])
    return results


def expert_choice(module, tokens, recursions):
    batch, length = tokens.shape
    every = torch.arange(length).expand(batch, length)
    x = module.first(module.embed(tokens), every)
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
    return module.norm(module.last(x, every)) @ module.embed.weight.T, inside


def token_choice(module, tokens, recursions):
    batch, length = tokens.shape
    every = torch.arange(length).expand(batch, length)
    start = x = module.first(module.embed(tokens), every)
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
                y = layer(y, torch.tensor([chosen]), whole)
            for place, t in enumerate(chosen):
                new[row, t] = gate[row, t] * y[0, place] + (start[row, t] if last[row, t] == r else 0)
        x = new
    return module.norm(module.last(x, every)) @ module.embed.weight.T, last


@pytest.mark.parametrize("name", ["MorExpertChoice3", "MorTokenChoice3"])
def test_against_a_transcription(name: str) -> None:
    torch.manual_seed(0)
    module = sharedsl.load(SPECS / "folding/mor.sdsl")[name].module(**SIZES).double()
    with torch.no_grad():
        for each in module.parameters():
            each.add_(0.2 * torch.randn_like(each))
    tokens = torch.randint(0, 61, (3, 11))
    reference = expert_choice if name == "MorExpertChoice3" else token_choice
    want, chosen = reference(module, tokens, 3)
    got = module(tokens)
    assert torch.allclose(got, want, atol=1e-10)
    left, right = (torch.autograd.grad(each.square().mean(), list(module.parameters())) for each in (got, want))
    assert all(torch.allclose(a, b, rtol=1e-8, atol=1e-10) for a, b in zip(left, right, strict=True))
    if name == "MorExpertChoice3":
        assert all(len(each) == 3 for each in chosen) and len({tuple(each) for each in chosen}) > 1
    else:
        assert len(chosen.unique()) > 1
