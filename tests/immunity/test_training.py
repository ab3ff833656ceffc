"""What optimizers, averages, functional transforms and checkpointing do to shared weights."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.utils.checkpoint import checkpoint

from sharedsl.model.weights import Storage, storages_of
from tests.immunity.builds import Built, first


def test_initialised_once(build: Built) -> None:
    """Every parameter is filled by exactly one call of torch.nn.init, or one copy of what was computed for it."""
    filled: Counter[int] = Counter()
    depth = [0]

    def counting(function: Any) -> Any:
        def counted(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if depth[0] == 0:
                memory = tensor.untyped_storage()
                whole = tensor.numel() * tensor.element_size() == memory.nbytes()
                known = filled[memory.data_ptr()]
                filled[memory.data_ptr()] = known + 1 if whole else max(known, 1)
            depth[0] += 1
            try:
                return function(tensor, *args, **kwargs)
            finally:
                depth[0] -= 1

        return counted

    model = build.new()
    fills = [(nn.init, name) for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")]
    originals = [(where, name, getattr(where, name)) for where, name in (*fills, (torch.Tensor, "copy_"))]
    for where, name, function in originals:
        setattr(where, name, counting(function))
    try:
        model.reset_parameters()
    finally:
        for where, name, function in originals:
            setattr(where, name, function)
    for name, parameter in model.named_parameters():
        assert filled[parameter.untyped_storage().data_ptr()] == 1, name


def test_initial_loss(build: Built) -> None:
    """A head over a vocabulary starts by knowing nothing: the loss is ln V."""
    inputs = build.inputs(batch=32)
    result = first(build.new()(*inputs))
    vocab = build.compiled.sizes.get("vocab")
    count = getattr(vocab, "value", None)
    if count is None or result.shape[-1] != count:
        pytest.skip("no head over a vocabulary")
    table = _tied_table(build)
    if table is None or any(name == "std" and (value.value or 0) >= 1 for name, value in table.init.args):
        pytest.skip("no head reads an embedding table, or the spec itself starts it with large numbers, as T5 does")
    model = build.new()
    target = torch.randint(0, count, result.shape[:-1], generator=torch.Generator().manual_seed(3))
    loss = nn.functional.cross_entropy(first(model(*inputs)).flatten(0, -2), target.flatten())
    assert abs(float(loss) - math.log(count)) < 1


def _tied_table(build: Built) -> Storage | None:
    """A table that an Embedding and a Linear read."""
    solved = build.compiled.solved
    layers: dict[int, set[str]] = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        for number in storages_of(read):
            layers.setdefault(number, set()).add(site.layer)
    return next((each for each in solved.storages if {"Embedding", "Linear"} <= layers.get(each.index, set())), None)


def test_clipping(build: Built) -> None:
    model = build.new()
    first(model(*build.inputs())).square().mean().backward()
    total = math.sqrt(sum(float(each.grad.square().sum()) for each in model.parameters() if each.grad is not None))
    listed = [value for _, value in model.named_parameters(remove_duplicate=False)]
    assert float(nn.utils.clip_grad_norm_(listed, 1e9)) == pytest.approx(total, rel=1e-5)


def test_every_parameter_learns(build: Built) -> None:
    model = build.new().train()
    first_loss = first(model(*build.inputs(optional=True))).square().mean()
    result = model(*build.inputs(optional=True))
    others = list(result)[1:] if isinstance(result, tuple | list) else []
    loss = first_loss + sum(each.square().mean() for each in others)
    loss.backward()
    missing = [name for name, each in model.named_parameters() if each.requires_grad and each.grad is None]
    assert not missing


def test_average(build: Built) -> None:
    """One step of an average over the state dict moves every weight by exactly its share."""
    model, average = build.new(seed=1), build.new(seed=2)
    before = {name: value.clone() for name, value in average.state_dict().items()}
    with torch.no_grad():
        for mine, theirs in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 0.1)
    for name, value in average.named_parameters():
        assert torch.allclose(value, before[name].lerp(model.state_dict()[name], 0.1)), name


def test_functional_call(build: Built) -> None:
    model, other = build.new(), build.new(seed=5)
    inputs = build.inputs()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(0)
    given = functional_call(model, dict(other.named_parameters()), inputs)
    torch.manual_seed(0)
    state = {
        **other.state_dict(),
        **{n: b for n, b in model.state_dict().items() if n not in dict(other.named_parameters())},
    }
    other.load_state_dict(state)
    assert torch.allclose(first(given), first(other(*inputs)), atol=1e-6)
    for name, value in model.state_dict().items():
        assert torch.equal(value, kept[name]), name
    assert all(isinstance(each, nn.Parameter) for each in model.parameters())


def test_per_sample_gradients(build: Built) -> None:
    """In double, since a vectorised sum runs in another order. Another tower's inputs, no samples, go in whole."""
    if any(isinstance(each, nn.RNNBase) for each in build.new().modules()):
        pytest.skip("torch has no batching rule for its recurrent kernels")
    if build.early:
        pytest.skip("a loop that stops by what it has computed stops at another turn for every sample")
    model = build.new().double()
    inputs = [each.double() if each.is_floating_point() else each for each in build.inputs(batch=3)]
    batched = build.batched()[: len(inputs)]
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    buffers = dict(model.named_buffers())

    def loss(weights: dict[str, torch.Tensor], *given: torch.Tensor) -> torch.Tensor:
        batch = tuple(each.unsqueeze(0) if one else each for each, one in zip(given, batched, strict=True))
        return first(functional_call(model, {**weights, **buffers}, batch)).square().sum()

    samples = vmap(grad(loss), in_dims=(None, *(0 if one else None for one in batched)))(parameters, *inputs)
    assert list(samples) == list(parameters)
    alone = grad(loss)(parameters, *(each[0] if one else each for each, one in zip(inputs, batched, strict=True)))
    for name, value in samples.items():
        assert value.shape[0] == 3
        scale = float(alone[name].abs().max())
        assert torch.allclose(value[0], alone[name], rtol=1e-6, atol=1e-6 * max(scale, 1)), name


def test_checkpointing(build: Built) -> None:
    """The whole model, recomputed in the backward pass without re-entering autograd."""
    plain, saved = build.new(), build.new()
    inputs = build.inputs()
    torch.manual_seed(0)
    first(plain(*inputs)).square().mean().backward()
    torch.manual_seed(0)
    result = checkpoint(saved, *inputs, use_reentrant=False)
    first(result).square().mean().backward()
    for (name, one), two in zip(plain.named_parameters(), saved.parameters(), strict=True):
        if one.grad is not None:
            assert torch.allclose(one.grad, two.grad, atol=1e-6), name
    assert "checkpoint(" not in build.source or "use_reentrant=False" in build.source
