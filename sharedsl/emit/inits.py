"""Initialisers: each parameter is filled exactly once, by its owner's `reset_parameters`."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl import pytree as py
from sharedsl.emit.hosts import Host
from sharedsl.emit.init_words import shown
from sharedsl.emit.numbered import base_name
from sharedsl.emit.terms import in_terms, stored
from sharedsl.layers import LAYERS
from sharedsl.model.sites import Init
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.model.tree import Unit
from sharedsl.model.weights import Storage


def changed(host: Host) -> bool:
    """Whether some weight begins otherwise than torch's module would have it."""
    layer = LAYERS.get(host.unit.name)
    if layer is None:
        return False
    usual = {spec.name: spec.init for spec in layer.weights(host.unit.arguments)}
    return any(storage.name in usual and not same(storage.init, usual[storage.name]) for storage in host.owned)


def same(one: Init, other: Init) -> bool:
    return one.name == other.name and [(k, v.value) for k, v in one.args] == [(k, v.value) for k, v in other.args]


def init_numbers(host: Host) -> dict[str, Real]:
    """The numbers of the initialisers by the name that the constructor gives them: `std`."""
    found: dict[str, Real] = {}
    for storage in host.owned:
        if storage.init.name not in ("normal", "trunc_normal", "uniform", "constant"):
            continue
        if (fan_in_bound(storage.init) and row_size(host) is not None) or of_shape(storage, host) is not None:
            continue
        for name, value in storage.init.args:
            if value.value is None or name not in ("std", "bound", "value"):
                continue
            number = Real(float(value.value), value.code)
            found.setdefault(argument(storage, name, host), number)
    return found


def argument(storage: Storage, name: str, host: Host) -> str:
    """`std` for the weight itself, `bias_std` for others."""
    first = next(
        (each for each in host.owned if each.init.name in ("normal", "trunc_normal", "uniform", "constant")), None
    )
    own = base_name(storage.name)
    return name if first is None or base_name(first.name) == own else f"{own}_{name}"


def row_size(host: Host) -> py.Expr | None:
    """How many numbers go into one output, from the owner's own weights: what the usual bias is bounded by."""
    names = {storage.name: storage for storage in host.owned}
    if host.unit.name == "Linear" and "weight" in names and set(names) <= {"weight", "bias"}:
        return py.item(py.name("self.weight.shape"), 1)
    for storage in sorted(host.owned, key=lambda each: not each.name.startswith("weight_hh")):  # a state's, in a cell
        if storage.role in ("weight", "factor", "bank") and any(
            axis.name != "rank" and axis.side == "in" for axis in storage.axes
        ):
            return _columns(storage, host)
    return None


def of_shape(storage: Storage, host: Host) -> py.Expr | None:
    """A normal initialiser's std where it is 1 / sqrt(inputs) or 1 / sqrt(3 inputs) of the tensor itself."""
    args = dict(storage.init.args)
    if storage.init.name != "normal" or set(args) != {"std"} or not any(a.side == "in" for a in storage.axes):
        return None
    std, columns = args["std"].value, _product([int(a.size.value or 1) for a in storage.axes if a.side == "in"])
    if std is None or (not args["std"].code.names() and storage.role == "weight"):
        return None
    for factor in (1, 3):
        if abs(std - (factor * columns) ** -0.5) <= 1e-9 * std:
            fan = _columns(storage, host)
            return py.Binary("**", py.Binary("*", py.Const(3), fan) if factor == 3 else fan, py.number(-0.5))
    return None


def _columns(storage: Storage, host: Host) -> py.Expr:
    """`self.weight.shape[1]`, or the size of what is left behind the outputs' axes."""
    tensor = py.name(f"self.{storage.name}")
    if host.unit.name == "Linear" and storage.role not in ("bank", "coefficient", "core"):
        return py.item(py.Attr(tensor, "shape"), 1)
    outs = sum(axis.side == "out" for axis in storage.axes)
    if outs == len(storage.axes) - 1:
        return py.item(py.Attr(tensor, "shape"), outs)
    at = py.Const(0) if outs == 1 else py.tuple_of(*[py.Const(0)] * outs)
    return py.method(py.Index(tensor, at), "numel")


def several_outputs(storage: Storage) -> py.Expr | None:
    """The fan-in of a block's own weight with several axes of outputs, which torch would count among the inputs."""
    outs = sum(axis.side == "out" for axis in storage.axes)
    if outs < 2 or outs == len(storage.axes) or any(axis.side == "in" for axis in storage.axes[:outs]):
        return None
    tensor = py.name(f"self.{storage.name}")
    if outs == len(storage.axes) - 1:
        return py.item(py.Attr(tensor, "shape"), outs)
    return py.method(py.Index(tensor, py.tuple_of(*[py.Const(0)] * outs)), "numel")


def buffer_fills(unit: Unit) -> list[py.Stmt]:
    """Buffers at their first values."""
    found: list[py.Stmt] = []
    for name, spec in unit.buffers.items():
        value = spec.value.value if isinstance(spec.value, Size | Real) else spec.value
        number = value if isinstance(value, int | float) else 0
        found.append(py.ExprStmt(py.method(py.name(f"self.{name}"), "fill_", py.number(number))))
    return found


def fan_in_bound(init: Init) -> bool:
    """Uniform within 1 / sqrt(fan-in): the usual bias."""
    return init.name == "uniform" and any(name == "bound" and value.code.op == "**" for name, value in init.args)


def init_code(
    storage: Storage,
    tensor: py.Expr,
    cx: py.CodeContext,
    numbers: dict[str, py.Expr] | None = None,
    fan_in: py.Expr | None = None,
    std: py.Expr | None = None,
    own_fan_in: py.Expr | None = None,
    joined: bool = False,
) -> list[py.Stmt]:
    """Statements that fill `tensor`; numbers of the constructor are attributes, `fan_in` code for what a row has,
    `own_fan_in` the same for this very tensor where torch would count it wrongly. `joined`: a Linear's layout."""
    cx.use("nn")
    init = storage.init
    args = dict(init.args)

    def number(name: str, usual: float) -> py.Expr:
        if numbers is not None and name in numbers:
            return numbers[name]
        value = args.get(name)
        return _written(value) if value is not None else py.number(usual)

    code: py.Expr
    low: py.Expr
    match init.name:
        case "zeros" | "ones":
            code = py.call(f"nn.init.{init.name}_", tensor)
        case "constant":
            code = py.call("nn.init.constant_", tensor, number("value", 0.0))
        case "normal" if std is not None:
            code = py.call("nn.init.normal_", tensor, std=std)
        case "normal":
            mean = number("mean", 0.0) if "mean" in args else None
            code = py.call("nn.init.normal_", tensor, mean=mean, std=number("std", 1.0))
        case "trunc_normal":
            code = _trunc_normal(tensor, args)
        case "uniform" if fan_in is not None and fan_in_bound(init):
            return _within(tensor, py.Binary("**", fan_in, py.number(-0.5)))
        case "uniform":
            if numbers is not None and "bound" in numbers:
                high = numbers["bound"]
                if not isinstance(high, py.Attr):
                    return _within(tensor, high)
                low = py.Unary("-", high)
            else:
                low, high = _bounds(args)
            code = py.call("nn.init.uniform_", tensor, low, high)
        case "kaiming_uniform" | "kaiming_normal":
            return _kaiming(storage, tensor, init, cx, None if "seed" in args else own_fan_in)
        case "xavier_uniform" | "xavier_normal" | "orthogonal":
            gain = number("gain", 1.0) if "gain" in args else None
            code = py.call(f"nn.init.{init.name}_", tensor, gain=gain)
        case "lengths":
            return [_lengths(storage, tensor, cx, joined)]
        case "identity":
            code = py.call("nn.init.eye_", tensor)
        case "rows":
            return _rows(tensor, init, cx)
        case "log_count":
            return [_log_count(storage, tensor, cx)]
        case "step_sizes":
            return _step_sizes(tensor, args, cx)
        case _:
            code = py.call(f"nn.init.{init.name}_", tensor)
    return [py.ExprStmt(code)]


def _within(tensor: py.Expr, bound: py.Expr) -> list[py.Stmt]:
    """Uniform between minus and plus the same."""
    name = py.Name("bound")
    fill = py.call("nn.init.uniform_", tensor, py.Unary("-", name), name)
    return [py.Assign((name,), bound), py.ExprStmt(fill)]


def once(statements: list[py.Stmt]) -> list[py.Stmt]:
    """Without assignments that only repeat the last one of their name."""
    last: dict[py.Expr, py.Stmt] = {}
    found: list[py.Stmt] = []
    for each in statements:
        if isinstance(each, py.Assign) and isinstance(each.targets[0], py.Name):
            if last.get(each.targets[0]) == each:
                continue
            last[each.targets[0]] = each
        found.append(each)
    return found


def own_numbers(words: Mapping[str, Arith], unit: Unit, env: Mapping[str, Arith]) -> dict[str, py.Expr]:
    """The numbers of a block's own weight that its parameters say, as the block's methods write them."""
    inside = stored(env, unit.arguments)
    return {name: py.arith(in_terms(Real(0.0, code), inside).code) for name, code in words.items()}


def _written(value: Size | Real) -> py.Expr:
    return shown(value) if isinstance(value, Real) else py.number(_plain(value))


def _plain(value: Size | Real | None) -> int | float:
    assert value is not None and value.value is not None
    return value.value


def _bounds(args: dict[str, Size | Real]) -> tuple[py.Expr, py.Expr]:
    if "bound" in args:
        bound = _plain(args["bound"])
        return py.number(-bound), py.number(bound)
    return py.number(_plain(args.get("low", Real(0.0, args["high"].code)))), py.number(_plain(args["high"]))


def _trunc_normal(tensor: py.Expr, args: dict[str, Size | Real]) -> py.Expr:
    std = float(_plain(args["std"])) if "std" in args else 1.0
    mean = float(_plain(args["mean"])) if "mean" in args else 0.0
    cut = float(_plain(args["cut"])) if "cut" in args else 2.0
    keywords: dict[str, py.Expr | None] = {"mean": py.number(mean) if mean else None, "std": py.number(std)}
    return py.call(
        "nn.init.trunc_normal_", tensor, **keywords, a=py.number(mean - cut * std), b=py.number(mean + cut * std)
    )


def _kaiming(
    storage: Storage, tensor: py.Expr, init: Init, cx: py.CodeContext, fan_in: py.Expr | None
) -> list[py.Stmt]:
    """As torch fills a Linear: uniform within 1 / sqrt(fan-in). `fan_in` is given where torch would count wrongly."""
    slope = next((float(_plain(value)) for name, value in init.args if name == "a"), 5**0.5)
    if fan_in is not None:
        return _within_fan(tensor, fan_in, init.name == "kaiming_normal", 2 / (1 + slope**2))
    cx.use("math")
    ins = [int(axis.size.value or 1) for axis in storage.axes if axis.side == "in"]
    if not ins or len(storage.axes) < 2:
        bound = py.number((1 / max(_product(ins), 1)) ** 0.5)
        return [py.ExprStmt(py.call("nn.init.uniform_", tensor, py.Unary("-", bound), bound))]
    a = py.call("math.sqrt", py.Const(5)) if abs(slope - 5**0.5) < 1e-9 else py.number(slope)
    seed = dict(init.args).get("seed")
    if seed is not None:
        return [_drawn(init, tensor, cx, a, _plain(seed))]
    return [py.ExprStmt(py.call(f"nn.init.{init.name}_", tensor, a=a))]


def _drawn(init: Init, tensor: py.Expr, cx: py.CodeContext, a: py.Expr, seed: int | float) -> py.Stmt:
    """The same numbers on every device, in every precision, whatever else was drawn before."""
    cx.use("torch")
    empty = py.call("torch.empty", py.Attr(tensor, "shape"), device=py.Const("cpu"))
    generator = py.method(py.call("torch.Generator"), "manual_seed", py.number(seed))
    values = py.call(f"nn.init.{init.name}_", empty, a=a, generator=generator)
    return py.ExprStmt(py.method(py.method(tensor, "detach"), "copy_", values))


def _lengths(storage: Storage, tensor: py.Expr, cx: py.CodeContext, joined: bool) -> py.Stmt:
    """The length of each output's part of the weight beside it: with it the weight starts as its base (DoRA)."""
    cx.use("torch")
    assert isinstance(tensor, py.Attr)
    base = py.Attr(tensor.value, storage.name.replace("_magnitude", "", 1))
    ins = [int(at) for at in _plain_numbers(storage.init)]
    dims = [1] if joined else ins
    dim = py.Const(dims[0]) if len(dims) == 1 else py.tuple_of(*(py.Const(at) for at in dims))
    length = py.call("torch.linalg.vector_norm", py.method(base, "detach"), dim=dim)
    return py.ExprStmt(py.method(py.method(tensor, "detach"), "copy_", length))


def _plain_numbers(init: Init) -> list[int | float]:
    return [_plain(value) for _, value in init.args]


def _within_fan(tensor: py.Expr, fan_in: py.Expr, normal: bool, gain: float) -> list[py.Stmt]:
    """He et al. 2015: the variance is gain / fan-in."""
    std = py.Binary("**", fan_in, py.number(-0.5))
    if normal:
        scaled = std if abs(gain - 1) < 1e-9 else py.Binary("*", py.number(gain**0.5), std)
        return [py.ExprStmt(py.call("nn.init.normal_", tensor, std=scaled))]
    wide = (3 * gain) ** 0.5
    scaled = std if abs(wide - 1) < 1e-9 else py.Binary("*", py.number(wide), std)
    return _within(tensor, scaled)


def _rows(tensor: py.Expr, init: Init, cx: py.CodeContext) -> list[py.Stmt]:
    cx.use("torch")
    fills: list[py.Stmt] = []
    for at, (_, value) in enumerate(init.args):
        fills.append(py.ExprStmt(py.call("nn.init.constant_", py.item(tensor, at), py.number(_plain(value)))))
    return fills


def _log_count(storage: Storage, tensor: py.Expr, cx: py.CodeContext) -> py.Stmt:
    """log 1, log 2, .. along the last axis."""
    cx.use("torch")
    last = py.Index(py.Attr(tensor, "shape"), py.integer(-1))
    counted = py.method(py.call("torch.arange", py.Const(1), py.Binary("+", last, py.Const(1))), "log")
    return py.ExprStmt(py.method(py.method(tensor, "detach"), "copy_", counted))


def _step_sizes(tensor: py.Expr, args: dict[str, Size | Real], cx: py.CodeContext) -> list[py.Stmt]:
    """The inverse of softplus of numbers whose logarithms are evenly spread."""
    cx.use("torch", "math")
    low, high = (py.call("math.log", py.number(_plain(args[name]))) for name in ("low", "high"))
    step = py.Name("step")
    spread = py.method(py.method(py.call("torch.empty_like", tensor), "uniform_", low, high), "exp")
    rest = py.call("torch.log", py.Unary("-", py.call("torch.expm1", py.Unary("-", step))))
    fill = py.method(py.method(tensor, "detach"), "copy_", py.Binary("+", step, rest))
    return [py.Assign((step,), spread), py.ExprStmt(fill)]


def _product(values: list[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result
