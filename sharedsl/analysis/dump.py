"""Text of every stage, readable and stable: what `sharedsl dump --stage` prints and what goldens hold still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.comptime.values import code_of
from sharedsl.model import dataflow as d
from sharedsl.model import weights as w
from sharedsl.model.sites import Axis, Init, Site, Step, key, show
from sharedsl.model.sizes import Arith, Named, Real, Size, Value, named
from sharedsl.model.tree import Child, Model, Unit
from sharedsl.model.weights import Solved
from sharedsl.source import Span
from sharedsl.syntax import ast

STAGES = ("ast", "model", "sites", "plan")


# ---------------------------------------------------------------------------- the tree


def dump_ast(file: ast.File) -> str:
    """The syntax tree, a node a line."""
    lines: list[str] = []
    for item in file.items:
        _node(item, "", "", lines)
    return "\n".join(lines) + "\n"


def _node(node: object, label: str, indent: str, lines: list[str]) -> None:
    head = f"{indent}{label}"
    if not hasattr(node, "__dataclass_fields__"):
        lines.append(f"{head}{node!r}")
        return
    plain, deep = [], []
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, Span) or value is None or value == () or (name == "doc" and not value):
            continue
        (deep if _is_deep(value) else plain).append((name, value))
    shown = " ".join(f"{name}={value!r}" for name, value in plain)
    lines.append(f"{head}{type(node).__name__}{' ' if shown else ''}{shown}")
    for name, value in deep:
        if isinstance(value, tuple):
            for at, each in enumerate(value):
                _node(each, f"{name}[{at}]: ", indent + "  ", lines)
        else:
            _node(value, f"{name}: ", indent + "  ", lines)


def _is_deep(value: object) -> bool:
    if isinstance(value, tuple):
        return any(_is_deep(each) for each in value)
    return hasattr(value, "__dataclass_fields__")


# ---------------------------------------------------------------------------- sizes and values


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


def _arguments(values: Mapping[str, Value]) -> str:
    return ", ".join(_argument(name, each) for name, each in values.items() if not name.endswith(".axes"))


def _argument(name: str, of: Value) -> str:
    """`ff: 4 * dim = 3072`; a block's own parameter, whose code is its name, as `ff = 3072`."""
    own = isinstance(of, Size | Real) and of.code == named(name)
    return value(of) if own else f"{name}: {value(of)}"


def _init(init: Init) -> str:
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


# ---------------------------------------------------------------------------- the model


def dump_model(model: Model) -> str:
    """Units (each once), and what their forwards compute."""
    lines = [f"model {model.name}({_arguments(model.parameters)})"]
    names: dict[int, str] = {}
    taken: dict[str, int] = {}
    queue = [model.root]
    order: list[Unit] = []
    while queue:
        unit = queue.pop(0)
        if id(unit) in names or unit.kind == "primitive":
            continue
        taken[unit.name] = taken.get(unit.name, 0) + 1
        names[id(unit)] = unit.name if taken[unit.name] == 1 else f"{unit.name}#{taken[unit.name]}"
        order.append(unit)
        queue += [inner for child in unit.children.values() for inner in _once(child.units)]
    for unit in order:
        lines += ["", *_unit(unit, names)]
    for function in model.functions.values():
        lines += ["", f"function {function.key}", *_body(function)]
    return "\n".join(lines) + "\n"


def _once(units: tuple[Unit, ...]) -> list[Unit]:
    found = {id(unit): unit for unit in units}
    return list(found.values())


def _unit(unit: Unit, names: Mapping[int, str]) -> list[str]:
    lines = [f"{unit.kind} {names[id(unit)]}({_arguments(unit.arguments)})"]
    lines += [f"  require {code(each)}" for _, each in unit.requires]
    lines += [f"  layer {each}" for child in unit.children.values() for each in _child(child, names)]
    for spec in unit.weights.values():
        flags = "".join(f" {word}" for word, on in (("frozen", spec.frozen), ("no_decay", spec.no_decay)) if on)
        lines.append(f"  weight {spec.name}{axes(spec.axes)} {spec.dtype} init {_init(spec.init)}{flags}")
    lines += [f"  buffer {each.name}: {each.type} = {value(each.value)}" for each in unit.buffers.values()]
    for state in unit.states.values():
        growing = f" growing along axis {state.growing}" if state.growing is not None else ""
        lines.append(f"  state {state.name}: {state.type or 'int'}{growing}")
    for body in unit.bodies.values():
        lines += [f"  forward {body.key}", *("  " + line for line in _body(body))]
    return lines


def _child(child: Child, names: Mapping[int, str]) -> list[str]:
    def one(unit: Unit, arguments: Mapping[str, Value]) -> str:
        return f"{names.get(id(unit), unit.name)}({_arguments(arguments)})"

    made = [one(unit, arguments) for unit, arguments in zip(child.units, child.arguments, strict=True)]
    if child.count is None:
        return [f"{child.name} = {made[0]}"]
    if len(set(made)) == 1:
        return [f"{child.name} = {made[0]} * {value(child.count)}"]
    return [f"{child.name}[{at}] = {each}" for at, each in enumerate(made)]


# ---------------------------------------------------------------------------- dataflow


def _body(body: d.Body) -> list[str]:
    inputs = [f"{one.name}: {'left out' if one.type is None else type_(one.type)}" for one in body.inputs]
    lines = [f"  ({', '.join(inputs)}) -> {type_(body.output)}"]
    sizes = [f"{name} = {source}.shape[{axis}]" for name, (source, axis) in body.sizes]
    if sizes:
        lines.append(f"  sizes {', '.join(sizes)}")
    return lines + [f"  {line}" for each in body.statements for line in _statement(each)]


def type_(of: d.Type) -> str:
    if isinstance(of, d.Many):
        return f"({', '.join(type_(item) for item in of.items)})"
    return str(of)


def _statement(statement: d.Statement) -> list[str]:
    match statement:
        case d.Assign():
            return [f"{', '.join(statement.targets)} = {expr(statement.value)}  # {type_(statement.value.type)}"]
        case d.Return():
            return [f"return {', '.join(map(expr, statement.values))}"]
        case d.Check():
            return [f"check {statement.left} {statement.op} {statement.right}"]
        case d.Keep():
            return [f"keep {statement.state} = {expr(statement.value)}  # {type_(statement.value.type)}"]
        case d.Present():
            lines = [f"if {statement.name} is given", *_indented(statement.then)]
            return lines + (["else", *_indented(statement.other)] if statement.other else [])
        case d.Loop():
            lines = [f"for {', '.join(statement.names)}: {len(statement.turns)} turns"]
            for at, turn in enumerate(statement.turns):
                lines += [f"  turn {at}", *("  " + line for line in _indented(turn))]
            return lines


def _indented(statements: tuple[d.Statement, ...]) -> list[str]:
    return ["  " + line for each in statements for line in _statement(each)]


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
        case d.Call():
            return f"{_uses(of.uses)}({', '.join(map(expr, of.args))})"
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


# ---------------------------------------------------------------------------- sites and plans


def dump_sites(sites: Iterable[Site]) -> str:
    """Every weight as every application sees it."""
    rows = [f"{site.index:>6}  {show(site.path)}  {axes(site.spec.axes)}  {site.layer}" for site in sites]
    return "\n".join(rows) + "\n"


def dump_plan(solved: Solved) -> str:
    """The storages, and what each site reads."""
    lines = [f"plans: {', '.join(solved.plans) or 'none'}", "", "storages"]
    for each in solved.storages:
        flags = "" if each.trainable else " frozen"
        role = "" if each.role == "weight" else f" {each.role}"
        name = f"{key(each.owner)}.{each.name}" if each.owner else each.name
        lines.append(f"  #{each.index} {name}{axes(each.axes)} {each.dtype} init {_init(each.init)}{role}{flags}")
    lines += ["", "reads"]
    for site, read in zip(solved.sites, solved.reads, strict=True):
        lines.append(f"  {show(site.path)} = {weight(read)}")
    return "\n".join(lines) + "\n"


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
