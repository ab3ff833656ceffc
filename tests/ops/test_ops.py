"""Each operation: the foretold shape is the actual one, the code computes what is expected, errors name both sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from sharedsl import pytree as py
from sharedsl.model import sizes
from sharedsl.model.dataflow import Tensor as Typed
from sharedsl.ops import GROUPS, OPS, ShapeError
from sharedsl.runtime.operations import OPERATIONS
from tests.ops.harness import Case, run, same_type, type_of

SEED = torch.Generator().manual_seed(0)


def r(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=SEED)


def p(*shape: int) -> torch.Tensor:
    """Positive."""
    return r(*shape).abs() + 0.1


def i(high: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, high, shape, generator=SEED)


def b(*shape: int) -> torch.Tensor:
    return r(*shape) > 0


X, Y = r(2, 3, 4), r(3, 1)
BINARY = [
    ("add", X, Y, lambda a, b: a + b),
    ("sub", X, Y, lambda a, b: a - b),
    ("mul", X, 2, lambda a, b: a * b),
    ("div", i(9, 2, 3), 2, lambda a, b: a / b),
    ("floordiv", i(9, 2, 3), 2, lambda a, b: a // b),
    ("mod", i(9, 5), 4, lambda a, b: a % b),
    ("pow", p(3), 0.5, lambda a, b: a**b),
    ("pow", X, 2, lambda a, b: a**b),
    ("eq", i(3, 9), i(3, 9), lambda a, b: a == b),
    ("ne", i(3, 9), 1, lambda a, b: a != b),
    ("lt", X, Y, lambda a, b: a < b),
    ("le", X, 0.0, lambda a, b: a <= b),
    ("gt", X, Y, lambda a, b: a > b),
    ("ge", X, Y, lambda a, b: a >= b),
    ("and", b(3), b(2, 3), lambda a, b: a & b),
    ("or", b(3), b(1), lambda a, b: a | b),
    ("matmul", r(2, 3, 4), r(4, 5), torch.matmul),
    ("matmul", r(2, 1, 3, 4), r(5, 4, 2), torch.matmul),
    ("matmul", r(3, 4), r(4), torch.matmul),
    ("matmul", r(4), r(2, 4, 3), torch.matmul),
    ("matmul", r(4), r(4), torch.dot),
]
UNARY = {
    "neg": lambda x: -x,
    "abs": torch.abs,
    "sign": torch.sign,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "erf": torch.erf,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "relu6": F.relu6,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "mish": F.mish,
    "hardswish": F.hardswish,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "stop_gradient": lambda x: x,
    "once": lambda x: x,
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "normalize": lambda x: F.normalize(x, dim=-1),
    "cumsum": lambda x: x.cumsum(-1),
    "sort": lambda x: x.sort().values,
    "flip": lambda x: x.flip(-1),
    "tril": torch.tril,
    "triu": torch.triu,
    "roll": lambda x: x.roll(1, -1),
    "rot90": lambda x: torch.rot90(x, 1, (-2, -1)),
}
REDUCTIONS = {
    "sum": torch.sum,
    "mean": torch.mean,
    "var": lambda x, **k: torch.var(x, unbiased=False, **k),
    "max": torch.amax,
    "min": torch.amin,
    "logsumexp": torch.logsumexp,
}
PATTERNS = [
    ("b t (h d) -> b h t d", (2, 3, 8), {"h": 2}, "x0.unflatten(-1, (2, -1)).transpose(1, 2)"),
    ("b h t d -> b t (h d)", (2, 4, 3, 5), {}, "x0.transpose(1, 2).flatten(2)"),
    ("m -> 1 m", (4,), {}, "x0.unsqueeze(0)"),
    ("t -> t 1", (4,), {}, "x0.unsqueeze(1)"),
    ("b t 1 -> b t", (2, 3, 1), {}, "x0.squeeze(2)"),
    ("t m h -> h t m", (2, 3, 4), {}, "x0.permute(2, 0, 1)"),
    ("b s r -> b s heads r", (2, 3, 4), {"heads": 5}, "x0.unsqueeze(2).expand(-1, -1, 5, -1)"),
    ("b c (h p) (w q) -> b (h w) (p q c)", (2, 3, 4, 6), {"p": 2, "q": 3}, ""),
    ("... d -> d ...", (2, 3, 4), {}, "x0.permute(2, 0, 1)"),
    ("b ... c -> b (... c)", (2, 3, 4, 5), {}, "x0.flatten(1)"),
    ("(a b) c -> b (a c)", (6, 4), {"a": 3}, ""),
    ("b d -> b (k d)", (2, 3), {"k": 2}, "x0.unsqueeze(1).expand(-1, 2, -1).flatten(1)"),
    ("a b -> a b", (2, 3), {}, "x0"),
]
NUMPY = np.random.default_rng(0)


def reference(text: str, x: torch.Tensor, given: dict[str, int]) -> torch.Tensor:
    """The pattern worked out entry by entry."""
    return OPERATIONS["reshape"](x, text, **given)


CASES: list[Case] = [
    *(Case(op, [left, right], want) for op, left, right, want in BINARY),
    *(Case(name, [p(2, 4, 3)], want) for name, want in UNARY.items()),
    Case("neg", [i(9, 3)], lambda x: -x),
    Case("not", [b(4)], lambda x: ~x, code="~x0"),
    Case("relu", [i(9, 3) - 4], F.relu),
    Case("log", [i(9, 3) + 1], lambda x: x.float().log()),
    Case("sqrt", [9], lambda x: torch.tensor(3.0), code="math.sqrt(x0)"),
    Case("abs", [-3], lambda x: 3, code="abs(x0)"),
    Case("leaky_relu", [X], lambda x: F.leaky_relu(x, 0.2), {"slope": 0.2}, "F.leaky_relu(x0, negative_slope=0.2)"),
    Case("elu", [X], lambda x: F.elu(x, 0.5), {"alpha": 0.5}),
    *(Case(name, [X], lambda x, f=f: f(x, dim=1), {"axis": 1}) for name, f in REDUCTIONS.items()),
    *(
        Case(name, [X], lambda x, f=f: f(x, dim=-1, keepdim=True), {"axis": -1, "keep": True})
        for name, f in REDUCTIONS.items()
    ),
    *(Case(name, [X], lambda x, f=f: f(x, dim=(0, 2)), {"axis": [0, -1]}) for name, f in REDUCTIONS.items()),
    *(Case(name, [X], lambda x, f=f: f(x, dim=(0, 1, 2))) for name, f in REDUCTIONS.items()),
    Case("sum", [b(2, 3)], lambda x: x.sum(1), {"axis": 1}),
    Case("prod", [X], lambda x: x.prod(1), {"axis": 1}),
    Case("prod", [X], lambda x: x.prod()),
    Case("any", [b(2, 3)], lambda x: x.any(0), {"axis": 0}),
    Case("any", [b(2, 3)], lambda x: x.any()),
    Case("all", [b(2, 3)], lambda x: x.all(1, keepdim=True), {"axis": 1, "keep": True}),
    Case("argmax", [X], lambda x: x.argmax(-1), {"axis": -1}),
    Case("argmin", [X], lambda x: x.argmin(0, keepdim=True), {"axis": 0, "keep": True}),
    Case("max", [X, Y], torch.maximum),
    Case("min", [X, Y, 0.5], lambda a, b, c: torch.minimum(a, b).clamp(max=c)),
    Case("max", [0, i(9, 3) - 4], lambda a, b: b.clamp(min=0)),
    Case("min", [3, 4], lambda a, b: 3, code="min(x0, x1)"),
    Case("where", [b(2, 3), r(3), 0], lambda c, x, y: torch.where(c, x, 0.0)),
    Case("where", [b(2, 3), 1, 0], lambda c, x, y: c.long()),
    Case("clamp", [X], lambda x: x.clamp(-0.5, 0.5), {"low": -0.5, "high": 0.5}),
    Case("clamp", [i(9, 4)], lambda x: x.clamp(min=3), {"low": 3}),
    Case("cast", [i(9, 4)], lambda x: x.float(), {"dtype": "float32"}, "x0.float()"),
    Case("cast", [X], lambda x: x.long(), {"dtype": "int64"}, "x0.long()"),
    Case("cast", [X], lambda x: x.bfloat16(), {"dtype": "bfloat16"}, "x0.to(torch.bfloat16)"),
    Case("cast_like", [i(9, 3), X], lambda x, y: x.float()),
    Case("dropout", [X], lambda x: x, {"p": 0.0}, "x0"),
    Case("dropout", [X], lambda x: x, {"p": 0.1}, "F.dropout(x0, 0.1, self.training)"),
    Case("cosine_similarity", [r(2, 5), r(2, 5)], lambda a, b: F.cosine_similarity(a, b, -1)),
    Case("softmax", [X], lambda x: F.softmax(x, 1), {"axis": 1}, "x0.softmax(dim=1)"),
    *(
        Case("reshape", [r(*shape)], lambda x, t=t, g=g: reference(t, x, g), {"text": t, **g}, code)
        for t, shape, g, code in PATTERNS
    ),
    Case("permute", [X], lambda x: x.permute(2, 0, 1), {"text": "a b c -> c a b"}),
    Case("repeat", [r(2, 3)], lambda x: x.repeat_interleave(2, 1), {"text": "a b -> a (b two)", "two": 2}),
    Case("concat", [r(2, 3), r(2, 1)], lambda a, b: torch.cat((a, b), -1), {"axis": -1}, "torch.cat((x0, x1), dim=-1)"),
    Case("concat", [[r(2, 3), r(1, 3)]], lambda parts: torch.cat(parts), {"axis": 0}),
    Case("concat", [r(2, 0, 3), r(2, 4, 3)], lambda a, b: b, {"axis": 1}, "x1"),
    Case(
        "concat",
        [r(2, 0, 3), r(2, 4, 3), r(2, 1, 3)],
        lambda a, b, c: torch.cat((b, c), 1),
        {"axis": 1},
        "torch.cat((x1, x2), dim=1)",
    ),
    Case("stack", [X, X + 1], lambda a, b: torch.stack((a, b))),
    Case("stack", [[X, X + 1, X]], lambda parts: torch.stack(parts, -1), {"axis": -1}),
    Case("split", [r(2, 6)], lambda x: x.split((4, 2), -1), {"sizes": [4, 2], "axis": -1}, "x0.split((4, 2), dim=-1)"),
    Case("split", [r(2, 6)], lambda x: x.chunk(3, 1), {"sizes": 3, "axis": 1}, "x0.chunk(3, dim=1)"),
    Case("unbind", [r(2, 3)], lambda x: x.unbind(), {"axis": 0}, "x0.unbind()"),
    Case("unbind", [r(2, 3)], lambda x: x.unbind(-1), {"axis": -1}),
    Case("flatten", [X], lambda x: x.flatten(1), {"start": 1}, "x0.flatten(1)"),
    Case("flatten", [X], lambda x: x.flatten(0, 1), {"end": 1}),
    Case("expand", [r(1, 4)], lambda x: x.expand(2, 3, 4), {"dims": [2, 3, 4]}, "x0.expand(2, 3, -1)"),
    Case("roll", [X], lambda x: x.roll(2, 1), {"by": 2, "axis": 1}),
    Case("rot90", [X], lambda x: torch.rot90(x, 2, (0, 1)), {"times": 2, "axes": [0, 1]}),
    Case("flip", [X], lambda x: x.flip(0), {"axis": 0}),
    Case("pad", [X], lambda x: F.pad(x, (0, 0, 1, 2)), {"before": 1, "after": 2, "axis": 1}),
    Case("pad", [X], lambda x: F.pad(x, (3, 0), value=1.5), {"before": 3, "value": 1.5}),
    Case("index", [X, 1], lambda x, k: x[1]),
    Case("index", [r(5, 3), i(5, 2, 4)], lambda x, k: x[k], code="x0[x1]"),
    Case("index", [X], lambda x: x[:, 0], {"subs": [[None, None, None], 0]}, "x0[:, 0]"),
    Case("index", [X], lambda x: x[-1], {"subs": [-1]}),
    Case("index", [r(6, 3)], lambda x: x[1:5:2, -2:], {"subs": [[1, 5, 2], [-2, None, None]]}, "x0[1:5:2, -2:]"),
    Case("gather", [r(2, 5, 3), i(5, 2, 4)], lambda x, k: torch.stack([x[n][k[n]] for n in range(2)])),
    Case("gather", [r(2, 5), i(5, 2, 4)], lambda x, k: x.gather(1, k), {"axis": 1}, "x0.gather(1, x1)"),
    Case("gather", [r(5, 3), i(5, 4)], lambda x, k: x[k], {"axis": 0}),
    Case("scatter_add", [r(2, 5, 3), i(5, 2, 4), r(2, 4, 3)], OPERATIONS["scatter_add"], {"axis": 1}),
    Case("top", [r(2, 6)], lambda x: x.topk(3).indices, {"count": 3}, "x0.topk(3).indices"),
    Case("top", [r(6, 2)], lambda x: x.topk(3, dim=0).indices, {"count": 3, "axis": 0}),
    Case("sort", [X], lambda x: x.sort(1).values, {"axis": 1}),
    Case("one_hot", [i(4, 2, 3)], lambda x: F.one_hot(x, 4).float(), {"classes": 4}),
    Case("tril", [r(4, 4)], lambda x: x.tril(-1), {"diagonal": -1}),
    Case("arange", [], lambda: torch.arange(5), {"bounds": [5]}, "torch.arange(5)"),
    Case("arange", [], lambda: torch.arange(5), {"bounds": [0, 5]}, "torch.arange(5)"),
    Case("arange", [], lambda: torch.arange(2, 9, 3), {"bounds": [2, 9, 3]}),
    Case("zeros", [], lambda: torch.zeros(2, 3), {"dims": [2, 3]}, "torch.zeros(2, 3)"),
    Case("ones", [], lambda: torch.ones(2, 3), {"dims": [2, 3]}),
    Case("full", [], lambda: torch.full((2, 3), 0.5), {"dims": [2, 3], "value": 0.5}),
    Case("full", [], lambda: torch.full((2,), 3.0), {"dims": [2], "value": 3}),
    Case("normal", [], None, {"dims": [2, 3], "std": 0.5, "mean": 1.0}),
    Case("trunc_normal", [], None, {"dims": [2, 3], "std": 0.5, "cut": 3.0}),
    Case("uniform", [], None, {"dims": [2, 3], "low": -1.0}),
    Case(
        "einsum",
        [r(4, 5, 3), r(2, 3)],
        lambda w, x: torch.einsum("ghd,bd->gbh", w, x),
        {"pattern": "g h d, b d -> g b h"},
    ),
    Case(
        "einsum",
        [r(2, 3), r(3, 4), r(4, 5)],
        lambda a, b, c: a @ b @ c,
        {"pattern": "one two, two three, three four -> one four"},
    ),
    Case(
        "einsum", [r(3, 3)], lambda a: a.sum(0), {"pattern": "a b -> b"}, "torch.einsum('ab->b', x0)".replace("'", '"')
    ),
    Case(
        "conv1d",
        [r(2, 4, 9), r(6, 2, 3), r(6)],
        lambda x, w, c: F.conv1d(x, w, c, 2, 1, 2, 2),
        {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
    ),
    Case("conv2d", [r(2, 3, 7, 8), r(4, 3, 3, 2)], lambda x, w: F.conv2d(x, w, padding=(1, 0)), {"padding": [1, 0]}),
    Case(
        "conv2d",
        [r(2, 3, 7, 8), r(4, 3, 3, 3), r(4)],
        lambda x, w, c: F.conv2d(x, w, c, padding=1),
        {"padding": "same"},
    ),
    Case("conv3d", [r(1, 2, 4, 4, 4), r(3, 2, 2, 2, 2)], F.conv3d),
    Case("max_pool1d", [r(2, 3, 9)], lambda x: F.max_pool1d(x, 3, 2), {"kernel": 3, "stride": 2}),
    Case("max_pool2d", [r(2, 3, 9, 8)], lambda x: F.max_pool2d(x, 2), {"kernel": 2}, "F.max_pool2d(x0, 2)"),
    Case("avg_pool1d", [r(2, 3, 9)], lambda x: F.avg_pool1d(x, 3, padding=1), {"kernel": 3, "padding": 1}),
    Case("avg_pool2d", [r(2, 3, 9, 8)], lambda x: F.avg_pool2d(x, (2, 3)), {"kernel": [2, 3]}),
    Case("adaptive_avg_pool1d", [r(2, 3, 9)], lambda x: F.adaptive_avg_pool1d(x, 2), {"size": 2}),
    Case("adaptive_avg_pool2d", [r(2, 3, 9, 8)], lambda x: F.adaptive_avg_pool2d(x, (1, 2)), {"size": [1, 2]}),
    Case("global_avg_pool", [r(2, 3, 4, 5)], lambda x: x.mean((2, 3)), code="x0.mean(dim=(2, 3))"),
    Case("layer_norm", [X, r(4), r(4)], lambda x, w, c: F.layer_norm(x, (4,), w, c)),
    Case("layer_norm", [X], lambda x: F.layer_norm(x, (4,))),
    Case("rms_norm", [X, r(4)], lambda x, w: F.rms_norm(x, (4,), w, 1e-6)),
    Case("sinusoid", [], lambda: OPERATIONS["sinusoid"](7, 6), {"length": 7, "dim": 6}),
    Case("rotary", [r(2, 5, 3, 8), torch.arange(5)], OPERATIONS["rotary"], {"base": 100.0}),
    Case("rotary", [r(2, 5, 8), torch.arange(5) + 3], OPERATIONS["rotary"], {"base": 100.0}),
    Case("rotary", [r(2, 5, 3, 8), i(9, 2, 5)], OPERATIONS["rotary"], {"base": 10000.0}),
    Case("attend", [r(2, 5, 4, 8), r(2, 5, 4, 8), r(2, 5, 4, 6)], OPERATIONS["attend"]),
]
IDS = [f"{case.op}-{at}" for at, case in enumerate(CASES)]


def close(found: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple | list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            close(one, other)
        return
    assert torch.allclose(torch.as_tensor(found).double(), torch.as_tensor(wanted).double(), atol=1e-5), (found, wanted)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_operation(case: Case) -> None:
    outcome = run(case.op, case.args, case.settings)
    assert same_type(outcome.value, outcome.type), (outcome.text, outcome.type)
    if case.want is not None:
        wanted = case.want(*case.args, **(case.settings if case.want in OPERATIONS.values() else {}))
        close(outcome.value, wanted)
    if case.code:
        assert outcome.text == case.code


def tuples(value: Any) -> Any:
    return tuple(map(tuples, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_interpreter_agrees(case: Case) -> None:
    """What the oracle takes the operation to mean, written apart from the code above."""
    if case.want is None or case.op == "cast_like":
        return
    settings = {name: tuples(v) for name, v in case.settings.items()}
    meaning = OPERATIONS.get(case.op)
    if meaning is None:
        pytest.skip("the interpreter does not know it")
    close(run(case.op, case.args, case.settings).value, meaning(*case.args, **settings))


def test_every_operation_has_a_case_and_a_doc() -> None:
    assert set(OPS) == {case.op for case in CASES}
    assert sum(len(group) for _, group in GROUPS) == len(OPS)
    assert all(operation.doc for operation in OPS.values())


# ---------------------------------------------------------------------------- attention

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


# ---------------------------------------------------------------------------- FLOPs

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


# ---------------------------------------------------------------------------- sentences

WRONG: list[tuple[str, list[Any], dict[str, Any], str, int | None]] = [
    ("add", [r(2, 3), r(2, 4)], {}, "float[2, 3] and float[2, 4] differ along the last axis: 3 and 4", 1),
    ("mul", [r(2, 3, 1), r(4, 1)], {}, "differ along axis -2, counted from the end: 3 and 4", 1),
    ("and", [b(2), r(2)], {}, "`and` and `or` want bool, and this is float[2]", 1),
    ("matmul", [r(2, 3), r(4, 5)], {}, "`@` contracts the last axis of float[2, 3], 3, with 4 of float[4, 5]", 1),
    ("matmul", [2.0, r(4, 5)], {}, "numbers are multiplied with `*`", 0),
    ("sum", [r(2, 3)], {"axis": 2}, "`axis` is 2, and float[2, 3] has 2 axes", None),
    ("mean", [i(3, 4)], {}, "`mean` wants float, and this is int[4]", 0),
    ("gelu", [i(3, 4)], {}, "`gelu` wants float, and this is int[4]", 0),
    ("where", [r(2), r(2), r(2)], {}, "`where` decides by bool, and this is float[2]", 0),
    ("reshape", [r(2, 9)], {"text": "b (h d) -> b h d", "h": 2}, "does not divide 9 by 2", 0),
    ("reshape", [r(2, 8)], {"text": "b (h d) -> b h d"}, "splits 8 into `(h d)`: give the size of `h` or `d`", 0),
    ("reshape", [r(2, 8)], {"text": "b t d -> b d"}, '"b t d -> b d" wants 3 axes, and float[2, 8] has 2', 0),
    ("reshape", [r(2, 8)], {"text": "b d -> b"}, "drops `d`, which has 8 entries", None),
    ("reshape", [r(2, 8)], {"text": "b d -> b k d"}, "does not tell the size of `k`; give it as `k = ...`", None),
    ("reshape", [r(2, 8)], {"text": "b (d -> b d"}, "opens a parenthesis and does not close it", None),
    ("reshape", [r(2, 8)], {"text": "b ... -> b (...)"}, "joins `...` alone; `flatten` does that", None),
    ("reshape", [r(2, 8)], {"text": "b d"}, 'a pattern is written "left -> right"', None),
    ("concat", [r(2, 3), r(3, 3)], {"axis": 1}, "which differ along axis 0: 2 and 3", 1),
    ("stack", [r(2), r(3)], {}, "`stack` wants equal shapes, and these are float[2] and float[3]", 1),
    ("split", [r(2, 6)], {"sizes": [4, 3]}, "`split` cuts 6 entries along the last axis into 7", 0),
    ("split", [r(2, 6)], {"sizes": 4}, "`split` cannot cut 6 entries along the last axis into 4 equal parts", 0),
    ("expand", [r(2, 3)], {"dims": [4, 3]}, "`expand` makes 4 entries of 2", 0),
    ("index", [r(2, 3)], {"subs": [2]}, "index 2 is outside of axis 0, which has 2 entries", 0),
    ("index", [r(2, 3)], {"subs": [0, 0, 0]}, "3 indices for float[2, 3], which has 2 axes", 0),
    ("index", [r(2, 3), r(4)], {}, "an index must be whole numbers, and this is float[4]", 1),
    ("gather", [r(2, 5, 3), i(5, 3, 4)], {}, "differ along axis 0: 2 and 3", 1),
    ("scatter_add", [r(2, 5), i(5, 2, 4), r(2, 3)], {}, "the values must be float[2, 4]", 2),
    ("top", [r(2, 5)], {"count": 6}, "`top` wants 6 of 5 entries", 0),
    ("arange", [], {"bounds": [5, 2]}, "`arange` from 5 to 2 goes backwards", None),
    ("einsum", [r(2, 3), r(4, 5)], {"pattern": "a b, b c -> a c"}, '`b` of "a b, b c -> a c" is 3 and 4 at once', 1),
    ("einsum", [r(2, 3)], {"pattern": "a b -> c"}, "does not tell the size of `c`", None),
    ("attend", [Q, r(2, 5, 3, 8), r(2, 5, 3, 8)], {}, "4 query heads cannot share 3 key heads evenly", 1),
    ("attend", [Q, r(2, 5, 4, 6), V], {}, "differ in head size: 8 and 6", 1),
    ("attend", [Q, K, r(2, 6, 4, 8)], {}, "differ in length: 5 and 6", 2),
    ("attend", [Q, K, V, b(2, 6)], {}, "the mask is bool[2, 6] where bool[2, 5] is wanted: 6 for 5", 3),
    (
        "attend",
        [Q, K, V, None, r(3, 5, 5)],
        {},
        "the bias float[3, 5, 5] cannot be added to scores float[2, 4, 5, 5]",
        4,
    ),
    ("attend", [Q, K, V], {"window": 0}, "`window` must be a whole number of at least 1", None),
    ("rotary", [r(2, 5, 7), torch.arange(5)], {}, "turns pairs, and the last axis has 7 entries", 0),
    ("rotary", [r(2, 5, 8), torch.arange(4)], {}, "the positions must be int[5] or int[2, 5], and this is int[4]", 1),
    ("conv2d", [r(2, 3, 8, 8), r(4, 2, 3, 3)], {}, "takes 2 channels, and the input has 3", 1),
    ("dropout", [X], {"p": 1.0}, "`p` of `dropout` must be a number from 0 up to, not including, 1", None),
    ("cast", [X], {"dtype": "float31"}, "`cast` wants one of float, float16", None),
]


@pytest.mark.parametrize(("op", "args", "settings", "message", "arg"), WRONG)
def test_sentences(op: str, args: list[Any], settings: dict[str, Any], message: str, arg: int | None) -> None:
    with pytest.raises(ShapeError) as caught:
        run(op, args, settings)
    assert message in str(caught.value)
    assert caught.value.arg == arg


def test_what_may_be_missing() -> None:
    missing = Typed("float", (sizes.size(2),), optional=True)
    with pytest.raises(ShapeError, match="may be missing here"):
        OPS["add"].result((missing, missing), {})


# ---------------------------------------------------------------------------- symbolic sizes

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


def test_helpers_are_formatted(tmp_path: Any) -> None:
    import subprocess
    import sys
    from pathlib import Path

    cx = py.CodeContext()
    cx.use("torch", "F", "Tensor")
    for args, settings in [*ATTEND, ([Q, K, V, MASKS[2], BIAS], {"causal": True, "dropout": 0.1, "scale": 0.5})]:
        cx.helpers |= run("attend", args, settings).cx.helpers
    cx.helpers |= run("rotary", [r(2, 5, 8), torch.arange(5)], {}).cx.helpers
    cx.helpers |= run("rotary", [r(2, 5, 1, 8), torch.arange(5)], {}).cx.helpers
    cx.helpers |= run("sinusoid", [], {"length": 4, "dim": 4}).cx.helpers
    (tmp_path / "helpers.py").write_text(py.print_module(py.Module((*cx.imports(), *cx.helpers.values()))))
    ruff = str(Path(sys.executable).with_name("ruff"))
    for verb in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [ruff, *verb, "--isolated", "--no-cache", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
