"""FLOPs are those that torch's counter finds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sharedsl.model import sizes
from sharedsl.ops import OPS
from tests.ops.harness import run, type_of

COUNTED: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("matmul", [(2, 3, 4), (4, 5)], {}),
    ("matmul", [(2, 3, 4), (2, 4, 5)], {}),
    ("matmul", [(3, 4), (4, 5)], {}),
    ("matmul", [(2, 3, 6, 4), (3, 4, 5)], {}),
    ("einsum", [(4, 5, 3), (2, 3)], {"pattern": "g h d, b d -> g b h"}),
    ("einsum", [(2, 3), (3, 4), (4, 5)], {"pattern": "a b, b c, c d -> a d"}),
    ("einsum", [(2, 7, 3), (2, 5, 3)], {"pattern": "b i d, b j d -> b i j"}),
    ("conv2d", [(2, 4, 8, 9), (6, 2, 3, 3)], {"groups": 2, "stride": 2}),
    ("conv1d", [(2, 4, 8), (6, 4, 3)], {"padding": 1}),
    ("attend", [(2, 5, 4, 8), (2, 7, 4, 8), (2, 7, 4, 8)], {}),
    ("attend", [(2, 5, 4, 8), (2, 5, 4, 8), (2, 5, 4, 8)], {"causal": True}),
    ("attend", [(2, 5, 4, 8), (2, 5, 2, 8), (2, 5, 2, 8)], {"causal": True}),
    ("add", [(2, 3), (2, 3)], {}),
]


@pytest.mark.parametrize(("op", "shapes", "settings"), COUNTED)
def test_flops_are_torch_s(op: str, shapes: list[Any], settings: dict[str, Any]) -> None:
    args = [torch.randn(shape, device="meta") for shape in shapes]
    with FlopCounterMode(display=False) as counter:
        outcome = run(op, args, settings)
    types = tuple(type_of(arg) for arg in args)
    given = {name: sizes.size(v) if type(v) is int else v for name, v in settings.items()}
    assert OPS[op].flops(types, given, outcome.type).value == counter.get_total_flops()
