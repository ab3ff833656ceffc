"""Runs one operation three ways: its shape rule, its code, and what is expected of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from sharedsl import pytree as py
from sharedsl.model import sizes
from sharedsl.model.dataflow import Many, Setting, Type
from sharedsl.model.dataflow import Tensor as Typed
from sharedsl.model.sizes import Real, Size
from sharedsl.ops import OPS

torch.set_num_threads(1)


@dataclass
class Case:
    """`args` are tensors, numbers or None; `want` computes what is expected from them."""

    op: str
    args: list[Any]
    want: Callable[..., Any] | None
    settings: dict[str, Any] = field(default_factory=dict)
    #: the expected code, where it is worth fixing
    code: str = ""


def setting(bare: Any) -> Setting:
    match bare:
        case bool() | None | str() | Size() | Real():
            return bare
        case int():
            return sizes.size(bare)
        case float():
            return Real(bare, sizes.literal(bare))
        case list() | tuple():
            return tuple(setting(item) for item in bare)
    raise AssertionError(bare)


def type_of(arg: Any) -> Type | None:
    if arg is None:
        return None
    if isinstance(arg, list):
        return Many(tuple(found for item in arg if (found := type_of(item)) is not None))
    if isinstance(arg, torch.Tensor):
        kind = "float" if arg.is_floating_point() else "bool" if arg.dtype == torch.bool else "int"
        return Typed(kind, tuple(map(sizes.size, arg.shape)))
    kind = "bool" if isinstance(arg, bool) else "int" if isinstance(arg, int) else "float"
    return Typed(kind, ())


@dataclass
class Outcome:
    text: str
    value: Any
    type: Type
    cx: py.CodeContext


def run(op: str, args: list[Any], settings: dict[str, Any], training: bool = False) -> Outcome:
    """The operation's code, executed."""
    operation, cx = OPS[op], py.CodeContext()
    given = {name: setting(value) for name, value in settings.items()}
    types = tuple(map(type_of, args))
    result = operation.result(types, given)
    names = [None if arg is None else py.Name(f"x{at}") for at, arg in enumerate(args)]
    expr = operation.code(tuple(names), given, types, result, cx)
    text = py.one_line(expr)
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "math": math, "Tensor": torch.Tensor}
    assert py.names_used(py.ExprStmt(expr)) & {"torch", "nn", "F", "math"} <= cx.modules
    for helper in cx.helpers.values():
        assert py.names_used(helper) & {"torch", "nn", "F", "math", "Tensor"} <= cx.modules
        exec(py.print_module(py.Module((helper,))), space)
    space["self"] = SimpleNamespace(training=training)
    space |= {f"x{at}": arg for at, arg in enumerate(args)}
    return Outcome(text, eval(text, space), result, cx)


def plain(args: list[Any]) -> Any:
    return args


def same_type(value: Any, type: Type) -> bool:
    """Whether a value has the shape and kind that the rule foretold."""
    if isinstance(type, Many):
        return len(value) == len(type.items) and all(map(same_type, value, type.items))
    found = type_of(value)
    assert isinstance(found, Typed)
    return found.dtype == type.dtype and [dim.value for dim in found.dims] == [dim.value for dim in type.dims]
