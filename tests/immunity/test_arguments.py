"""A constructor's arguments mean what the model's parameters mean: other sizes give the module of other sizes."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest
import torch
from torch import nn

from sharedsl.analysis.pipeline import Broken, Compiled, compile_build
from sharedsl.comptime.values import plain
from sharedsl.emit import module_source
from sharedsl.runtime.built import module_class
from tests.immunity import builds

#: larger modules are compared by their shapes alone
MOST = 5_000_000


@pytest.mark.parametrize("path", sorted({path for path, _ in builds.names()}))
def test_arguments_are_parameters(path: str) -> None:
    """The full-size file, constructed at the test sizes, is the build compiled at those sizes: parameters, their first
    values, and results.

    A parameter whose value is part of the code (an irregular plan, a list, a loop's length) is no argument, and keeps
    its value; so do the parameters of the plan.
    """
    for name in (name for where, name in builds.names() if where == path):
        cls = getattr(builds.module(path, name, test=False), name)
        full = builds.compiled(path, name, test=False)
        given, kept = _arguments(path, name, cls)
        small = _compiled(path, name, given | kept)
        if small is None or not given:
            continue
        with torch.device("meta"):
            made, wanted = cls(**given), _class(small)()
        have, want = (_shapes(each) for each in (made, wanted))
        if _plan_changes(full, small, have, want):
            continue
        assert have == want, name
        if sum(math.prod(shape) for shape in want.values()) <= MOST:
            _check_values(name, cls, given, small)


def _arguments(path: str, name: str, cls: type[nn.Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The test sizes that the constructor takes, and what the parameters are that it does not take."""
    small, full = builds.compiled(path, name, test=True), builds.compiled(path, name, test=False)
    usual = {key: plain(value) for key, value in full.model.parameters.items()}
    other = {key: plain(value) for key, value in small.model.parameters.items() if plain(value) != usual[key]}
    taken = inspect.signature(cls).parameters.keys()
    kept = {key: usual[key] for key in other.keys() - taken if isinstance(usual[key], int | float)}
    return {key: value for key, value in other.items() if key in taken}, kept


def _compiled(path: str, name: str, values: dict[str, Any]) -> Compiled | None:
    """The build at these sizes; None where they do not go with what is part of the code, or with the plan."""
    try:
        return compile_build(builds.analysis(path), name, overrides=values)
    except Broken:
        return None


def _class(small: Compiled) -> type[nn.Module]:
    text = module_source(small, spec_path="spec", spec_hash="", files=small.analysis.sources)
    return module_class(text, small.name)


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """By name; a tensor of which nothing is left at these sizes is none."""
    tensors = (*module.named_parameters(), *module.named_buffers())
    return {name: tuple(each.shape) for name, each in tensors if each.numel()}


def _plan_changes(full: Compiled, small: Compiled, have: dict[str, Any], want: dict[str, Any]) -> bool:
    """Whether the plan says another thing at these sizes, for which the test line sets the plan's own parameters.

    A rank is then lowered, and weights of which nothing is left are gone.
    """
    unlike = {key for key in have.keys() | want.keys() if have.get(key) != want.get(key)}
    if unlike and have.keys() == want.keys() and all("lora" in key for key in unlike):
        return True  # a rank that is more than these weights can have, which the compiler lowers
    at_test = builds.compiled(full.analysis.source.path, full.name, test=True)
    return at_test.solved.plans != full.solved.plans and have != want


def _check_values(name: str, cls: type[nn.Module], given: dict[str, Any], small: Compiled) -> None:
    torch.manual_seed(0)
    made = cls(**given).eval()
    torch.manual_seed(0)
    wanted = _class(small)().eval()
    there = [(key, each) for key, each in made.named_parameters() if each.numel()]
    for (key, mine), other in zip(there, wanted.parameters(), strict=True):
        assert torch.equal(mine, other), (name, key)
    inputs = builds.inputs_of(small, seed=1, batch=2, optional=False)
    results = []
    for module in (made, wanted):
        torch.manual_seed(0)
        with torch.no_grad():
            results.append(builds.first(module(*inputs)))
    mine, theirs = results
    assert torch.allclose(mine, theirs, atol=1e-5, equal_nan=True), name
