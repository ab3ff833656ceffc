"""The code of operations: sizes known at run time, where new tensors are made, dropout."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from sharedsl import pytree as py
from sharedsl.model import sizes
from sharedsl.model.dataflow import Tensor as Typed
from sharedsl.ops import OPS
from tests.ops.harness import run

B, T, S = map(sizes.runtime, "BTS")
dim, heads = sizes.parameter("dim", 8), sizes.parameter("heads", 2)


def code(op: str, types: list[Typed], settings: dict[str, Any]) -> tuple[str, str]:
    operation = OPS[op]
    result = operation.result(tuple(types), settings)
    names = tuple(py.Name(f"x{at}") for at in range(len(types)))
    return str(result), py.one_line(operation.code(names, settings, tuple(types), result, py.CodeContext()))


SYMBOLIC = [
    (
        "reshape",
        [Typed("float", (B, T, dim))],
        {"text": "b t (h d) -> b h t d", "h": heads},
        "float[B, 2, T, 4]",
        "x0.unflatten(-1, (heads, -1)).transpose(1, 2)",
    ),
    ("arange", [], {"bounds": (S, sizes.combine("+", S, T))}, "int[T]", "torch.arange(S, S + T)"),
    (
        "concat",
        [Typed("float", (B, S, dim)), Typed("float", (B, T, dim))],
        {"axis": sizes.size(1)},
        "float[B, S + T, 8]",
        "torch.cat((x0, x1), dim=1)",
    ),
    (
        "concat",
        [Typed("float", (B, sizes.size(0), dim)), Typed("float", (B, T, dim))],
        {"axis": sizes.size(1)},
        "float[B, T, 8]",
        "x1",
    ),
    ("expand", [Typed("int", (T,))], {"dims": (B, T)}, "int[B, T]", "x0.expand(B, -1)"),
    ("index", [Typed("float", (B, T, dim))], {"subs": ((None, None, None), sizes.size(0))}, "float[B, 8]", "x0[:, 0]"),
    (
        "index",
        [Typed("float", (B, T, dim))],
        {"subs": ((None, None, None), (sizes.size(1), None, None))},
        "float[B, T - 1, 8]",
        "x0[:, 1:]",
    ),
    ("zeros", [], {"dims": (B, dim)}, "float[B, 8]", "torch.zeros(B, dim)"),
    ("mul", [Typed("float", (B, T, dim)), Typed("float", (dim,))], {}, "float[B, T, 8]", "x0 * x1"),
]


@pytest.mark.parametrize(("op", "types", "settings", "shape", "text"), SYMBOLIC)
def test_run_time_sizes(op: str, types: list[Typed], settings: dict[str, Any], shape: str, text: str) -> None:
    assert code(op, types, settings) == (shape, text)


def test_where_new_tensors_are_made() -> None:
    cx = py.CodeContext(device=py.name("tokens.device"), dtype=py.name("x.dtype"))
    made = OPS["zeros"].code((), {"dims": (B, dim)}, (), Typed("float", (B, dim)), cx)
    assert py.one_line(made) == "torch.zeros(B, dim, dtype=x.dtype, device=tokens.device)"
    counted = OPS["arange"].code((), {"bounds": (T,)}, (), Typed("int", (T,)), cx)
    assert py.one_line(counted) == "torch.arange(T, device=tokens.device)"


def test_dropout_drops_in_training() -> None:
    torch.manual_seed(0)
    dropped = run("dropout", [torch.ones(1000)], {"p": 0.5}, training=True).value
    assert 0.4 < (dropped == 0).float().mean().item() < 0.6
    assert math.isclose(dropped.max().item(), 2.0)
