"""Attention: masks, biases, windows, grouped heads, and which code each gets."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from sharedsl import pytree as py
from sharedsl.model import sizes
from sharedsl.model.dataflow import Tensor as Typed
from sharedsl.ops import OPS
from sharedsl.runtime.operations import OPERATIONS
from tests.ops.draws import b, close, r
from tests.ops.harness import run, same_type, type_of

Q, K, V = r(2, 5, 4, 8), r(2, 5, 4, 8), r(2, 5, 4, 8)
K2, V2 = r(2, 5, 2, 8), r(2, 5, 2, 8)
KM, VM = r(2, 7, 4, 8), r(2, 7, 4, 8)
MASKS = {
    2: torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]).bool(),
    3: b(2, 5, 5) | torch.eye(5).bool(),
    4: b(2, 4, 5, 5) | torch.eye(5).bool(),
}
LONG = torch.tensor([[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1]]).bool()
BIAS = r(4, 5, 5)
ATTEND: list[tuple[list[Any], dict[str, Any]]] = [
    ([Q, K, V], {"causal": True}),
    ([Q, K2, V2], {"causal": True, "scale": 1.0}),
    ([Q, KM, VM], {"causal": True}),
    ([Q, KM, VM], {"scale": 0.3}),
    ([Q, KM, VM], {"causal": True, "window": 3}),
    ([Q, K, V], {"window": 2}),
    ([Q, KM, VM], {"window": 2}),
    ([Q, K, V], {"causal": True, "window": 2}),
    *(([Q, K, V, mask], settings) for mask in MASKS.values() for settings in ({}, {"causal": True}, {"window": 3})),
    ([Q, KM, VM, LONG], {"causal": True}),
    ([Q, K, V, None, BIAS], {}),
    ([Q, K, V, None, BIAS], {"causal": True}),
    ([Q, K, V, MASKS[2], BIAS], {}),
    ([Q, K, V, MASKS[2], BIAS], {"causal": True, "window": 4}),
    ([Q, K2, V2, MASKS[4], BIAS[:1]], {"dropout": 0.1}),
]


@pytest.mark.parametrize(("args", "settings"), ATTEND)
def test_attention(args: list[Any], settings: dict[str, Any]) -> None:
    outcome = run("attend", args, settings)
    assert same_type(outcome.value, outcome.type)
    close(outcome.value, OPERATIONS["attend"](*args, **settings))


@pytest.mark.parametrize("mask_there", [True, False])
@pytest.mark.parametrize("bias_there", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("with_bias", [True, False])
def test_optional_mask_and_bias(
    mask_there: bool, bias_there: bool, causal: bool, window: int | None, with_bias: bool
) -> None:
    """One code for both: the mask and the bias may be None when it runs."""
    operation, cx = OPS["attend"], py.CodeContext()
    types = [type_of(each) for each in (Q, K, V)]
    types.append(Typed("bool", (sizes.size(2), sizes.size(5)), optional=True))
    types += [Typed("float", tuple(map(sizes.size, (4, 5, 5))), optional=True)] if with_bias else []
    settings = {"causal": causal, "window": None if window is None else sizes.size(window)}
    names = tuple(map(py.Name, "qkvmb"[: len(types)]))
    result = operation.result(tuple(types), settings)
    expr = operation.code(names, settings, tuple(types), result, cx)
    space: dict[str, Any] = {"torch": torch, "F": F, "Tensor": torch.Tensor, "q": Q, "k": K, "v": V}
    for helper in cx.helpers.values():
        exec(py.print_module(py.Module((helper,))), space)
    space["m"] = MASKS[2] if mask_there else None
    space["b"] = BIAS if bias_there else None
    bias = space["b"] if with_bias else None
    wanted = OPERATIONS["attend"](Q, K, V, space["m"], bias, causal=causal, window=window)
    close(eval(py.one_line(expr), space), wanted)


PLAIN_CODE = [
    ([Q, K, V], {"causal": True}, "is_causal=True).transpose(1, 2)"),
    ([Q, K2, V2], {"causal": True}, "is_causal=True, enable_gqa=True).transpose(1, 2)"),
    ([Q, K, V, MASKS[2]], {}, "attn_mask=x3[:, None, None, :]).transpose(1, 2)"),
    ([Q, K, V, None, BIAS], {}, "attn_mask=x4).transpose(1, 2)"),
]


@pytest.mark.parametrize(("args", "settings", "end"), PLAIN_CODE)
def test_attention_is_one_call_where_it_can_be(args: list[Any], settings: dict[str, Any], end: str) -> None:
    outcome = run("attend", args, settings)
    assert outcome.text.startswith("F.scaled_dot_product_attention(x0.transpose(1, 2), ")
    assert outcome.text.endswith(end)
    assert not outcome.cx.helpers


def test_run_time_lengths_decide_the_flag() -> None:
    """Causal over as many keys as queries is torch's flag; over a longer memory it is a mask from the end."""
    length, more = sizes.runtime("T"), sizes.combine("+", sizes.runtime("S"), sizes.runtime("T"))
    for keys, flag in ((length, True), (more, False)):
        types = tuple(
            Typed("float", (sizes.runtime("B"), n, sizes.size(2), sizes.size(4))) for n in (length, keys, keys)
        )
        cx = py.CodeContext()
        result = OPS["attend"].result(types, {"causal": True})
        text = py.one_line(OPS["attend"].code(tuple(map(py.Name, "qkv")), {"causal": True}, types, result, cx))
        assert ("is_causal=True" in text) == flag
        assert (list(cx.helpers) == ["causal_attention"]) == (not flag)
