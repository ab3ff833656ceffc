"""How sizes, values, run-time expressions and weight expressions are written in dumps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.comptime.values import code_of
from sharedsl.model import dataflow as d
from sharedsl.model import weights as w
from sharedsl.model.sites import Axis, Init, Step
from sharedsl.model.sizes import Arith, Named, Real, Size, Value, named


def code(arith: Arith) -> str:
    """An expression as code would write it."""
    args = [code(arg) if isinstance(arg, Arith) else str(arg) for arg in arith.args]
    match arith.op:
        case "name" | "num":
            return args[0]
        case "str":
            return repr(arith.args[0])
        case "none":
            return "none"
        case "neg":
            return f"-{args[0]}"
        case "list":
            return f"[{', '.join(args)}]"
        case "index":
            return f"{args[0]}[{args[1]}]"
        case op if len(args) == 2 and not op.isalpha():
            left, right = (
                f"({text})" if isinstance(arg, Arith) and len(arg.args) == 2 else text
                for text, arg in zip(args, arith.args, strict=True)
            )
            return f"{left} {op} {right}"
        case op:
            return f"{op}({', '.join(args)})"


def value(of: Value) -> str:
    """A compile-time value: the code, and what it comes to."""
    match of:
        case Size() | Real():
            written, number = code(of.code), str(of.ground) if isinstance(of, Size) else f"{of.value:g}"
            return number if written == number else f"{written} = {number}"
        case Named():
            return of.name
        case tuple():
            return f"[{', '.join(value(item) for item in of)}]"
        case bool():
            return "true" if of else "false"
        case None:
            return "none"
        case _:
            return repr(of)


def arguments(values: Mapping[str, Value]) -> str:
    return ", ".join(_argument(name, each) for name, each in values.items() if not name.endswith(".axes"))


def _argument(name: str, of: Value) -> str:
    """`ff: 4 * dim = 3072`; a block's own parameter, whose code is its name, as `ff = 3072`."""
    own = isinstance(of, Size | Real) and of.code == named(name)
    return value(of) if own else f"{name}: {value(of)}"


def init(init: Init) -> str:
    args = ", ".join(f"{name} = {code_of_number(number)}" for name, number in init.args)
    return f"{init.name}({args})"


def code_of_number(number: Size | Real) -> str:
    return code(code_of(number))


def axes(of: Iterable[Axis]) -> str:
    """`[heads 12, head_dim 64 | dim 768]`."""
    sides: dict[str, list[str]] = {"out": [], "in": []}
    for axis in of:
        sides[axis.side].append(f"{axis.name} {axis.size}" if axis.name else str(axis.size))
    joined = " | ".join(", ".join(side) for side in sides.values() if side)
    return f"[{joined}]"


# ---------------------------------------------------------------------------- dataflow


def type_(of: d.Type) -> str:
    if isinstance(of, d.Many):
        return f"({', '.join(type_(item) for item in of.items)})"
    return str(of)


def expr(of: d.Expr | None) -> str:
    """A run-time expression on one line."""
    match of:
        case None:
            return "_"
        case d.Var() | d.Weight() | d.Buffer():
            return of.name
        case d.Const():
            return value(of.value)
        case d.Op():
            settings = [f"{name} = {_setting(each)}" for name, each in of.settings]
            return f"{of.op}({', '.join([*map(expr, of.args), *settings])})"
        case d.Call() if of.scan is not None:
            return _scan(of, of.scan)
        case d.Call():
            return f"{_uses(of.uses)}({', '.join(map(expr, of.args))})"
        case d.Once():
            return f"once {of.name} = ({expr(of.value)})"
        case d.CallSelf():
            return f"self.{of.body}({', '.join(map(expr, of.args))})"
        case d.CallFunction():
            return f"{of.body}({', '.join(map(expr, of.args))})"
        case d.Pick():
            return f"{expr(of.of)}[{of.index}]"
        case d.Collect():
            return f"[{', '.join(map(expr, of.items))}]"
        case d.IfPresent():
            return f"({expr(of.then)} if {of.name} is given else {expr(of.other)})"


def _scan(of: d.Call, how: d.Scanned) -> str:
    args = [
        f"{expr(arg)} by axis {at}" if at is not None else expr(arg) for arg, at in zip(of.args, how.axes, strict=True)
    ]
    order = " backwards" if how.reverse else ""
    return f"scan {_uses(of.uses)}({', '.join(args)}) along {how.length}{order}"


def _setting(setting: d.Setting) -> str:
    if isinstance(setting, tuple):
        return f"[{', '.join(map(_setting, setting))}]"
    return value(setting)


def _uses(uses: tuple[d.Use, ...]) -> str:
    """`layers[0..11]` for a plain run, else one by one."""
    shown = []
    for use in uses:
        step = f"+step[{use.step}]" if use.step is not None else ""
        body = f":{use.body}" if use.body not in (None, "forward") else ""
        shown.append(f"{Step(use.child, use.index, use.app, use.run)}{body}{step}")
    first, last = uses[0], uses[-1]
    plain = [f"{first.child}[{at}]" for at in range(first.index or 0, (first.index or 0) + len(uses))]
    if len(uses) > 2 and first.index is not None and shown == plain:
        return f"{first.child}[{first.index}..{last.index}]"
    return " > ".join(shown)


# ---------------------------------------------------------------------------- weights


def weight(of: w.Expr) -> str:
    """A weight expression on one line."""
    match of:
        case w.Read():
            return f"#{of.storage}"
        case w.Permute():
            return f"permute({weight(of.of)}, {list(of.order)})"
        case w.Reshape():
            return f"reshape({weight(of.of)}, {list(of.shape)})"
        case w.Slice():
            step = f":{of.step}" if of.step != 1 else ""
            return f"{weight(of.of)}[axis {of.axis}, {of.start}:{of.stop}{step}]"
        case w.Concat():
            return f"concat([{', '.join(map(weight, of.parts))}], axis {of.axis})"
        case w.Flip():
            return f"flip({weight(of.of)}, axis {of.axis})"
        case w.Rot90():
            return f"rot90({weight(of.of)}, {of.times}, axes {list(of.axes)})"
        case w.Roll():
            return f"roll({weight(of.of)}, {of.by}, axis {of.axis})"
        case w.Repeat():
            return f"repeat({weight(of.of)}, {of.times}, axis {of.axis})"
        case w.Scale():
            return f"{code(of.code)} * {weight(of.of)}"
        case w.Detach():
            return f"detach({weight(of.of)})"
        case w.MatMul():
            return f"({weight(of.left)} @ {weight(of.right)})"
        case w.Add():
            return f"({' + '.join(map(weight, of.parts))})"
        case w.Multiply():
            return f"({weight(of.left)} * {weight(of.right)})"
        case w.Mixture():
            return f"mixture({weight(of.coefficients)}, {weight(of.bank)})"
        case w.Diagonal():
            return f"diagonal({weight(of.of)})"
        case w.Contract():
            return f"einsum({','.join(of.terms)}->{of.result}; {', '.join(map(weight, of.parts))})"
        case w.Gather():
            return f"gather({weight(of.of)}, {formulas(of)})"
        case w.Normalize():
            return f"normalize({weight(of.of)}, axes {list(of.axes)})"


def formulas(of: w.Gather) -> str:
    """`[i in 8, j in 8], (i - j) % 8`: where the elements of a gather are."""
    over = ", ".join(f"{name} in {length}" for name, length in zip(of.names, of.shape, strict=True))
    sign = "" if of.sign is None else f", sign = {code(of.sign)}"
    return f"[{over}], {', '.join(map(code, of.index))}{sign}"
