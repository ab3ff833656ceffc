"""What saving, loading and copying do to shared weights."""

from __future__ import annotations

import copy
import io
import json
import re
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from sharedsl.emit.planner import layout
from sharedsl.emit.root import aliases
from sharedsl.model.sites import key
from tests.immunity.builds import Built, first


def registered_once(model: nn.Module) -> None:
    every = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    assert every == [name for name, _ in model.named_parameters()]
    modules = list(model.named_modules(remove_duplicate=False))
    assert len(modules) == len(list(model.modules()))
    pointers = [each.untyped_storage().data_ptr() for each in model.parameters() if each.numel()]
    assert len(set(pointers)) == len(pointers)


def test_registration(build: Built) -> None:
    model = build.new()
    registered_once(model)
    names = [name for name, _ in model.named_parameters()]
    solved = build.compiled.solved
    wanted = {key(each.owner) + "." + each.name if each.owner else each.name: each for each in solved.storages}
    assert sorted(names) == sorted(wanted)
    for name, parameter in model.named_parameters():
        assert parameter.numel() == torch.Size(wanted[name].shape).numel(), name
    buffers = [name for name, _ in model.named_buffers()]
    assert set(model.state_dict()) <= {*names, *buffers}


def test_safetensors(build: Built, tmp_path: Path) -> None:
    model = build.new()
    file = tmp_path / "model.safetensors"
    save_file(model.state_dict(), file, metadata={"format": "pt"})
    other = build.new(seed=5)
    other.load_state_dict(load_file(file), strict=True)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    with file.open("rb") as stream:
        header = struct.unpack("<Q", stream.read(8))[0]
        json.loads(stream.read(header))
    size = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    assert file.stat().st_size == 8 + header + size


def test_aliases(build: Built) -> None:
    """A checkpoint under the names that an unshared model has loads; names that disagree are refused."""
    found = aliases(layout(build.compiled.model, build.compiled.solved))
    if not found:
        pytest.skip("nothing is read under another name")
    model, other = build.new(), build.new(seed=5)
    state = dict(model.state_dict())
    for name, owner in found.items():
        state[name] = state[owner].clone()
    other.load_state_dict(state, strict=True)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    name = next(iter(found))
    foreign = {**model.state_dict(), name: model.state_dict()[found[name]] + 1}
    with pytest.raises(RuntimeError, match=re.escape(name)):
        other.load_state_dict(foreign, strict=True)


def test_export(build: Built) -> None:
    """The state under the names of a model without sharing, and no others; it loads again."""
    found = aliases(layout(build.compiled.model, build.compiled.solved))
    model, other = build.new(), build.new(seed=5)
    if len(found) < 2:
        assert not hasattr(model, "export_state_dict")
        return
    state = model.export_state_dict()
    assert set(state) == {*model.state_dict(), *found}
    assert all(torch.equal(state[name], state[owner]) for name, owner in found.items())
    other.load_state_dict(state, strict=True)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def test_assign(build: Built) -> None:
    model = build.new()
    state = {name: value.clone() for name, value in build.new(seed=5).state_dict().items()}
    model.load_state_dict(state, strict=True, assign=True)
    registered_once(model)


def test_meta(build: Built) -> None:
    """meta, then `to_empty`, then `reset_parameters` is the same as making it, buffers included."""
    with torch.device("meta"):
        model = build.cls()
    assert all(parameter.is_meta for parameter in model.parameters())
    model.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.fill_(17)
    torch.manual_seed(0)
    model.reset_parameters()
    for name, value in build.new(seed=0).state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    registered_once(model)


def test_copies(build: Built) -> None:
    model = build.new()
    inputs = build.inputs()
    torch.manual_seed(0)
    expected = first(model(*inputs))
    twin = copy.deepcopy(model)
    registered_once(twin)
    torch.manual_seed(0)
    assert torch.equal(first(twin(*inputs)), expected)
    stream = io.BytesIO()
    torch.save(model, stream)
    stream.seek(0)
    loaded = torch.load(stream, weights_only=False)
    registered_once(loaded)
    torch.manual_seed(0)
    assert torch.equal(first(loaded(*inputs)), expected)
    registered_once(twin.double())
    assert all(each.dtype == torch.float64 for each in twin.parameters())


def test_formats(build: Built) -> None:
    """The module in double and in bfloat16 makes every tensor of its own in that format too."""
    inputs = build.inputs()
    model = build.new()
    torch.manual_seed(0)
    expected = first(model(*inputs))
    for dtype, close in ((torch.float64, 1e-3), (torch.bfloat16, None)):
        given = [each.to(dtype) if each.is_floating_point() else each for each in inputs]
        torch.manual_seed(0)
        result = first(build.new().to(dtype)(*given))
        assert result.dtype in (dtype, torch.bool, torch.int64)
        if close is not None:
            assert torch.allclose(result, expected.to(dtype), rtol=close, atol=close)
