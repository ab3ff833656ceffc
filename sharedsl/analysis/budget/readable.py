"""Weight expressions and compile-time arithmetic as people write them: `dim ** -0.5 * embed.weight`, `u @ v`."""

from __future__ import annotations

from sharedsl.analysis.show import formulas
from sharedsl.model import weights as w
from sharedsl.model.sites import key
from sharedsl.model.sizes import Arith

_SUM, _PRODUCT, _NEGATION, _POWER, _ATOM = range(1, 6)
_LEVEL = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT, "**": _POWER}


def storage_name(storage: w.Storage) -> str:
    """The storage's key in a checkpoint."""
    owner = key(storage.owner)
    return f"{owner}.{storage.name}" if owner else storage.name


def expression(expr: w.Expr, storages: tuple[w.Storage, ...]) -> str:
    return _Writer(storages).write(expr, 0)


def arithmetic(code: Arith, level: int = 0) -> str:
    """The expression with no more parentheses than it needs."""
    match code.op:
        case "name" | "num":
            return str(code.args[0])
        case "str":
            return repr(code.args[0])
        case "none":
            return "none"
        case "neg":
            return _wrap(f"-{_arg(code, 0, _NEGATION)}", _NEGATION, level)
        case "list":
            return "[" + ", ".join(_arg(code, at, 0) for at in range(len(code.args))) + "]"
        case "**":
            return _wrap(f"{_arg(code, 0, _ATOM)} ** {_arg(code, 1, _NEGATION)}", _POWER, level)
        case op if op in _LEVEL:
            here = _LEVEL[op]
            return _wrap(f"{_arg(code, 0, here)} {op} {_arg(code, 1, here + 1)}", here, level)
        case _:
            return f"{code.op}({', '.join(_arg(code, at, 0) for at in range(len(code.args)))})"


def _arg(code: Arith, at: int, level: int) -> str:
    arg = code.args[at]
    return arithmetic(arg, level) if isinstance(arg, Arith) else str(arg)


def _wrap(text: str, here: int, level: int) -> str:
    return f"({text})" if here < level else text


class _Writer:
    def __init__(self, storages: tuple[w.Storage, ...]) -> None:
        self.storages = storages

    def write(self, expr: w.Expr, level: int) -> str:
        match expr:
            case w.Read():
                return storage_name(self.storages[expr.storage])
            case w.Permute():
                return self._permute(expr)
            case w.Slice():
                return f"{self.write(expr.of, _ATOM)}[{_slice(expr)}]"
            case w.Scale():
                text = f"{arithmetic(expr.code, _PRODUCT)} * {self.write(expr.of, _PRODUCT)}"
                return _wrap(text, _PRODUCT, level)
            case w.MatMul():
                text = f"{self.write(expr.left, _PRODUCT)} @ {self.write(expr.right, _NEGATION)}"
                return _wrap(text, _PRODUCT, level)
            case w.Multiply():
                text = f"{self.write(expr.left, _PRODUCT)} * {self.write(expr.right, _NEGATION)}"
                return _wrap(text, _PRODUCT, level)
            case w.Add():
                return _wrap(" + ".join(self.write(part, _SUM) for part in expr.parts), _SUM, level)
            case _:
                return self._call(expr)

    def _permute(self, expr: w.Permute) -> str:
        of = self.write(expr.of, _ATOM)
        return f"{of}.T" if expr.order == (1, 0) else f"permute({self.write(expr.of, 0)}, {list(expr.order)})"

    def _call(self, expr: w.Expr) -> str:
        match expr:
            case w.Concat():
                parts = ", ".join(self.write(part, 0) for part in expr.parts)
                return f"concat({parts}, axis = {expr.axis})"
            case w.Mixture():
                return f"mix({self.write(expr.coefficients, 0)}, {self.write(expr.bank, 0)})"
            case w.Reshape():
                return f"reshape({self.write(expr.of, 0)}, {list(expr.shape)})"
            case w.Flip():
                return f"flip({self.write(expr.of, 0)}, axis = {expr.axis})"
            case w.Rot90():
                return f"rot90({self.write(expr.of, 0)}, {expr.times})"
            case w.Roll():
                return f"roll({self.write(expr.of, 0)}, {expr.by}, axis = {expr.axis})"
            case w.Repeat():
                return f"repeat({self.write(expr.of, 0)}, {expr.times}, axis = {expr.axis})"
            case w.Detach():
                return f"detach({self.write(expr.of, 0)})"
            case w.Diagonal():
                return f"diagonal({self.write(expr.of, 0)})"
            case w.Contract():
                parts = ", ".join(self.write(part, 0) for part in expr.parts)
                return f"einsum({','.join(expr.terms)}->{expr.result}; {parts})"
            case w.Gather():
                return f"gather({self.write(expr.of, 0)}, {formulas(expr)})"
            case w.Normalize():
                return f"normalize({self.write(expr.of, 0)}, axes = {list(expr.axes)})"
        raise AssertionError(type(expr).__name__)


def _slice(expr: w.Slice) -> str:
    before = ":, " * expr.axis
    return f"{before}{expr.start}:{expr.stop}" + (f":{expr.step}" if expr.step != 1 else "")
