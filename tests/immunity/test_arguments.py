"""A constructor's arguments mean what the model's parameters mean: other sizes give the module of other sizes."""

from __future__ import annotations

import inspect
import math

import pytest
import torch

from sharedsl.comptime.values import plain
from tests.immunity import builds


@pytest.mark.parametrize("path", sorted({path for path, _ in builds.names()}))
def test_arguments_are_parameters(path: str) -> None:
    """The full-size file, constructed at the test sizes, has the parameters of the build compiled at those sizes.

    A parameter whose value is part of the code (an irregular plan, a list, a loop's length) is no argument; nor is a
    parameter of the plan, such as a rank.
    """
    for name in (name for where, name in builds.names() if where == path):
        cls = getattr(builds.module(path, name, test=False), name)
        small, full = builds.compiled(path, name, test=True), builds.compiled(path, name, test=False)
        usual = {key: plain(value) for key, value in full.model.parameters.items()}
        other = {key: plain(value) for key, value in small.model.parameters.items() if plain(value) != usual[key]}
        if not other.keys() <= inspect.signature(cls).parameters.keys() or small.solved.plans != full.solved.plans:
            continue
        with torch.device("meta"):
            module = cls(**other)
        wanted = sum(math.prod(storage.shape) for storage in small.solved.storages)
        assert sum(parameter.numel() for parameter in module.parameters()) == wanted, name
