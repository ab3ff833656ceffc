"""Text of every stage, readable and stable: what `sharedsl dump --stage` prints and what goldens hold still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.analysis.show import arguments, axes, code, expr, init, type_, value, weight
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Site, key, show
from sharedsl.model.sizes import Value
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
    plain: list[tuple[str, object]] = []
    deep: list[tuple[str, object]] = []
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


# ---------------------------------------------------------------------------- the model


def dump_model(model: Model) -> str:
    """Units (each once), and what their forwards compute."""
    lines = [f"model {model.name}({arguments(model.parameters)})"]
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
    lines = [f"{unit.kind} {names[id(unit)]}({arguments(unit.arguments)})"]
    lines += [f"  require {code(each)}" for _, each in unit.requires]
    lines += [f"  layer {each}" for child in unit.children.values() for each in _child(child, names)]
    for spec in unit.weights.values():
        flags = "".join(f" {word}" for word, on in (("frozen", spec.frozen), ("no_decay", spec.no_decay)) if on)
        lines.append(f"  weight {spec.name}{axes(spec.axes)} {spec.dtype} init {init(spec.init)}{flags}")
    lines += [f"  buffer {each.name}: {each.type} = {value(each.value)}" for each in unit.buffers.values()]
    for state in unit.states.values():
        growing = f" growing along axis {state.growing}" if state.growing is not None else ""
        lines.append(f"  state {state.name}: {state.type or 'int'}{growing}")
    for body in unit.bodies.values():
        lines += [f"  forward {body.key}", *("  " + line for line in _body(body))]
    return lines


def _child(child: Child, names: Mapping[int, str]) -> list[str]:
    def one(unit: Unit, given: Mapping[str, Value]) -> str:
        return f"{names.get(id(unit), unit.name)}({arguments(given)})"

    made = [one(unit, given) for unit, given in zip(child.units, child.arguments, strict=True)]
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
        case d.While():
            until = f" while {expr(statement.condition)}" if statement.condition is not None else ""
            handed = f"  # hands on {', '.join(statement.carried)}" if statement.carried else ""
            head = f"for {statement.name} from {statement.start} to {statement.stop}{until}{handed}"
            return [head, *_indented(statement.body)]
        case d.Loop():
            lines = [f"for {', '.join(statement.names)}: {len(statement.turns)} turns"]
            for at, turn in enumerate(statement.turns):
                lines += [f"  turn {at}", *("  " + line for line in _indented(turn))]
            return lines


def _indented(statements: tuple[d.Statement, ...]) -> list[str]:
    return ["  " + line for each in statements for line in _statement(each)]


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
        lines.append(f"  #{each.index} {name}{axes(each.axes)} {each.dtype} init {init(each.init)}{role}{flags}")
    lines += ["", "reads"]
    for site, read in zip(solved.sites, solved.reads, strict=True):
        lines.append(f"  {show(site.path)} = {weight(read)}")
    return "\n".join(lines) + "\n"
