"""Gathers in the code: the index is a buffer that is not saved, filled from its formula when the module is."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from sharedsl import pytree as py
from sharedsl.model import weights as w
from sharedsl.model.gathers import MASK, MIX
from sharedsl.model.sizes import Arith, literal
from sharedsl.record import dataclass, field

SELF = py.Name("self")


@dataclass(slots=True)
class Tables:
    """The index buffers of one module, by what they hold."""

    found: dict[tuple[object, ...], str] = field(default_factory=dict)
    gathers: dict[str, tuple[w.Gather, Arith, bool]] = field(default_factory=dict)
    #: what the weight at hand is called
    label: str = "weight"

    def read(self, of: py.Expr, expr: w.Gather) -> py.Expr:
        """`t[self.weight_index]`, times the signs where there are any."""
        flat = of if len(expr.of.shape) == 1 else py.method(of, "flatten")
        code: py.Expr = py.Index(flat, self._buffer(expr, _flat(expr), f"{self.label}_index", False))
        if expr.sign is not None:
            code = py.Binary("*", code, self._buffer(expr, expr.sign, f"{self.label}_sign", True))
        return code

    def _buffer(self, expr: w.Gather, formula: Arith, wanted: str, real: bool) -> py.Expr:
        key = (expr.names, formula, expr.shape, real)
        known = self.found.get(key)
        if known is None:
            known, number = wanted, 2
            while known in self.gathers:
                known, number = f"{wanted}_{number}", number + 1
            self.found[key] = known
            self.gathers[known] = (expr, formula, real)
        return py.Attr(SELF, known)

    def made(self, cx: py.CodeContext) -> list[py.Stmt]:
        """The buffers registered, without values yet."""
        statements: list[py.Stmt] = []
        for name, (expr, _, real) in self.gathers.items():
            cx.use("torch")
            dtype = None if real else py.name("torch.long")
            empty = py.call("torch.empty", *(py.Const(length) for length in expr.shape), dtype=dtype)
            register = py.method(SELF, "register_buffer", py.Const(name), empty, persistent=py.Const(False))
            statements.append(py.ExprStmt(register))
        return statements

    def fills(self, cx: py.CodeContext) -> list[py.Stmt]:
        """The buffers filled from their formulas; positions are called as the spec calls them."""
        statements: list[py.Stmt] = []
        ranges: dict[str, py.Expr] = {}
        for name, (expr, formula, _) in self.gathers.items():
            cx.use("torch")
            for at, variable in enumerate(expr.names):
                if variable in formula.names():
                    code = _range(expr.shape, at)
                    if ranges.get(variable) != code:
                        ranges[variable] = code
                        statements.append(py.Assign((py.Name(_safe(variable)),), code))
            value = _code(formula, cx)
            buffer = py.Attr(SELF, name)
            copied = py.method(buffer, "copy_", value) if formula.names() else py.method(buffer, "fill_", value)
            statements.append(py.ExprStmt(copied))
        return statements


def has_gather(expr: w.Expr) -> bool:
    """Whether an expression reads through an index somewhere."""
    return any(isinstance(each, w.Gather) for each in _walk(expr))


def _walk(expr: w.Expr) -> Iterator[w.Expr]:
    yield expr
    for child in w.children(expr):
        yield from _walk(child)


def _flat(expr: w.Gather) -> Arith:
    """The position in the flattened source."""
    code = expr.index[0]
    for length, index in zip(expr.of.shape[1:], expr.index[1:], strict=True):
        code = Arith("+", (Arith("*", (code, literal(length))), index))
    return code


def _range(shape: tuple[int, ...], at: int) -> py.Expr:
    """The positions along one axis, standing so that they broadcast against the others."""
    positions = py.call("torch.arange", py.Const(shape[at]))
    if at == len(shape) - 1:
        return positions
    rest = [py.Const(1)] * (len(shape) - 1 - at)
    return py.method(positions, "view", py.Const(-1), *rest)


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in ("self", "torch", "nn", "F", "math") else name


def _code(formula: Arith, cx: py.CodeContext) -> py.Expr:
    if formula.op == "name":
        return py.Name(_safe(str(formula.args[0])))
    if formula.op == "num":
        return py.Const(formula.args[0])
    args = [arg for arg in formula.args if isinstance(arg, Arith)]
    parts = [_code(arg, cx) for arg in args]
    match formula.op:
        case "neg":
            return py.Unary("-", parts[0])
        case "abs":
            return py.method(parts[0], "abs")
        case "hash":
            return py.call(cx.helper(hash_helper()), *parts)
        case "min" | "max" as word:
            fixed = [at for at, arg in enumerate(args) if not arg.names()]
            if fixed:
                side = "max" if word == "min" else "min"
                return py.method(parts[1 - fixed[0]], "clamp", **{side: parts[fixed[0]]})
            return py.call("torch.minimum" if word == "min" else "torch.maximum", *parts)
    return py.Binary(formula.op, parts[0], parts[1])


def hash_helper() -> py.FunctionDef:
    """`hashed`: the module's function that spreads positions over numbers below 2 ** 31, as `model.gathers.hashed`."""
    seed, numbers, value, number, turn = (py.Name(n) for n in ("seed", "numbers", "value", "number", "_"))

    def kept(code: py.Expr) -> py.Assign:
        return py.Assign((value,), py.Binary("&", code, py.Const(MASK)))

    mixed = py.Binary("^", value, py.Binary(">>", value, py.Const(16)))
    rounds = py.For(turn, py.call("range", py.Const(2)), (kept(py.Binary("*", mixed, py.Const(MIX))),))
    next_number = kept(py.Binary("+", py.Binary("*", value, py.Const(31)), number))
    body = (next_number, rounds, py.Assign((value,), mixed))
    return py.FunctionDef(
        "hashed",
        (py.Param("seed"), py.Param("*numbers")),
        (kept(seed), py.For(number, numbers, body), py.Return(value)),
        docstring="A whole number below 2**31 for each position, the same on every machine.",
    )
