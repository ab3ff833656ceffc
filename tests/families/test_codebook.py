"""Weights written in the numbers of a book: what the codes say, whose gradients a number gets, what is saved."""

from __future__ import annotations

import torch

import sharedsl
from tests.compiled import SPECS

SIZES = {"inputs": 12, "hidden": 9, "narrow": 6, "classes": 4, "size": 8}


def clusters(weight: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Plain k-means in one dimension: the means, and which of them is nearest to each number."""
    book = torch.linspace(float(weight.min()), float(weight.max()), count, dtype=weight.dtype)
    for _ in range(20):
        codes = (weight[..., None] - book).abs().argmin(-1)
        book = torch.stack([weight[codes == i].mean() if (codes == i).any() else book[i] for i in range(count)])
    return book, (weight[..., None] - book).abs().argmin(-1)


def test_codes_of_a_trained_net() -> None:
    torch.manual_seed(0)
    module = sharedsl.load(SPECS / "factorised/codebook.sdsl")["CodedLeNet300"].module(**SIZES).double()
    weights = []
    with torch.no_grad():
        for layer in (module.up, module.mid, module.down):
            assert layer.codes.dtype == torch.long and layer.codes.count_nonzero() == 0
            book, codes = clusters(torch.randn(layer.codes.shape, dtype=torch.float64), 8)
            layer.book.copy_(book)
            layer.codes.copy_(codes)
            assert len(codes.unique()) > 4
            weights.append(book[codes].requires_grad_())
    x = torch.randn(5, 12, dtype=torch.float64)
    want = ((x @ weights[0].T).relu() @ weights[1].T).relu() @ weights[2].T
    got = module(x)
    assert torch.allclose(got, want, atol=1e-12)
    torch.autograd.backward((got, want), (torch.ones_like(got), torch.ones_like(want)))
    for layer, weight in zip((module.up, module.mid, module.down), weights, strict=True):
        sums = torch.stack([weight.grad[layer.codes == i].sum() for i in range(8)])
        assert torch.allclose(layer.book.grad, sums, atol=1e-12)
    other = sharedsl.load(SPECS / "factorised/codebook.sdsl")["CodedLeNet300"].module(**SIZES).double()
    other.load_state_dict(module.state_dict())
    assert torch.equal(other(x), got)


def test_one_book_for_all_layers() -> None:
    build = sharedsl.load(SPECS / "factorised/codebook.sdsl")["CodedLeNetOneBook"]
    module = build.module(**SIZES)
    assert [name for name, _ in module.named_parameters() if name.endswith("book")] == ["up.book"]
    assert {name for name, _ in module.named_buffers()} == {"up.codes", "mid.codes", "down.codes"}
