"""Writes into a model who makes the rotary tables and who is given them, as `emit/hoist.py` has found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sharedsl.emit.angles import Table, like, table_of
from sharedsl.emit.hoist import Hoist
from sharedsl.emit.names import assigned, names_in
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import nodes, reads
from sharedsl.model.sizes import Real, Size, combine, size
from sharedsl.model.tree import Model, Unit
from sharedsl.record import fields, replace

#: per table: what a body calls its cosines and its sines
Names = Mapping[Table, tuple[d.Var, d.Var]]


def hoisted(model: Model) -> Model:
    """The model with tables for rotary positions in place of positions, wherever that saves work."""
    plan = Hoist(model)
    if not plan.run():
        return model
    made: dict[int, Unit] = {}
    for unit in plan.units:
        children = {
            name: replace(child, units=tuple(made.get(id(each), each) for each in child.units))
            for name, child in unit.children.items()
        }
        bodies = {key: _body(plan, unit, key, body, made) for key, body in unit.bodies.items()}
        below = any(id(each) in made for child in unit.children.values() for each in child.units)
        if below or any(bodies[key] is not body for key, body in unit.bodies.items()):
            made[id(unit)] = replace(unit, children=children, bodies=bodies)
    return replace(model, root=made.get(id(model.root), model.root))


def _body(plan: Hoist, unit: Unit, key: str, body: d.Body, made: Mapping[int, Unit]) -> d.Body:
    given = (id(unit), key) in plan.given
    own = plan.own[id(unit), key]
    asked = {
        table
        for call in nodes(body.statements)
        if isinstance(call, d.Call)
        for table in plan.asked(unit, body, call) or ()
    }
    tables = [
        table for table in plan.tables[id(unit), key] if given or table in asked or (own[table] > 1 and _at_home(body))
    ]
    if not tables:
        return body
    names = _names(tables, unit, body)

    def change(node: Any) -> Any:
        if isinstance(node, d.Call):
            wanted = plan.asked(unit, body, node)
            if not wanted:
                return None
            callee = unit.children[node.uses[0].child].units[node.uses[0].index or 0].bodies[node.uses[0].body or ""]
            missing = (None,) * (len(callee.inputs) - len(node.args))
            gone = _gone(unit, node, made)
            args = tuple(None if at in gone else _changed(arg, change) for at, arg in enumerate(node.args))
            return replace(node, args=(*args, *missing, *(var for table in wanted for var in names[table])))
        table = table_of(node, body)
        if table is None or table not in names:
            return None
        return replace(node, op="rotate", args=(_changed(node.args[0], change), *names[table]), settings=())

    inputs = [d.Input(var.name, var.type) for table in tables for var in names[table]] if given else []
    statements: list[d.Statement] = []
    waiting = [] if given else list(tables)
    for at, statement in enumerate(body.statements):
        ready = {table: call for table, call in _needed(plan, unit, body, statement).items() if table in waiting}
        for table, call in ready.items():
            waiting.remove(table)
            source = like(body, at, call)
            assert source is not None
            if not isinstance(source, d.Var):
                source, statement = _before(source, statement, body, statements)
            statements.append(_making(table, names[table], source, statement))
        statements.append(_changed(statement, change))
    left = _left(body, statements) if given else body.inputs
    return replace(body, inputs=(*left, *inputs), statements=tuple(statements))


def _left(body: d.Body, statements: list[d.Statement]) -> tuple[d.Input, ...]:
    """The inputs, without what only tables were made from."""
    before, now = reads(body.statements), reads(tuple(statements))
    measured = {source for _, (source, _) in body.sizes}
    gone = before - now - measured
    return tuple(replace(one, type=None) if one.name in gone and one.size is None else one for one in body.inputs)


def _gone(unit: Unit, call: d.Call, made: Mapping[int, Unit]) -> set[int]:
    """The arguments that no callee asks for any more."""
    asked: set[int] = set()
    for use in call.uses:
        child = unit.children[use.child].units[use.index or 0]
        body = made.get(id(child), child).bodies[use.body or ""]
        asked |= {at for at, one in enumerate(body.inputs) if one.type is not None or one.size is not None}
    return set(range(len(call.args))) - asked


def _at_home(body: d.Body) -> bool:
    """Whether a float input says where and as what tables are made."""
    return like(replace(body, statements=(d.Return(()),)), 0, None) is not None


def _needed(plan: Hoist, unit: Unit, body: d.Body, statement: d.Statement) -> dict[Table, d.Call | None]:
    """The tables that a statement turns by, each with the first call that is given it."""
    found: dict[Table, d.Call | None] = {}
    for node in nodes(statement):
        if isinstance(node, d.Call):
            for table in plan.asked(unit, body, node) or ():
                found.setdefault(table, node)
        elif (own := table_of(node, body)) is not None:
            found.setdefault(own, None)
    return found


def _names(tables: list[Table], unit: Unit, body: d.Body) -> Names:
    taken = names_in(body.statements) | assigned(body.statements) | {one.name for one in body.inputs}
    taken |= {name for name, _ in body.sizes} | unit.states.keys()
    found: dict[Table, tuple[d.Var, d.Var]] = {}
    for table in tables:
        assert isinstance(table.places.type, d.Tensor)
        between = (size(1),) if table.heads else ()
        type_ = d.Tensor("float", (*table.places.type.dims, *between, combine("//", table.dim, size(2))))
        cos, sin, number = "cos", "sin", 2
        while {cos, sin} & taken:
            cos, sin, number = f"cos_{number}", f"sin_{number}", number + 1
        taken |= {cos, sin}
        found[table] = (d.Var(cos, type_), d.Var(sin, type_))
    return found


def _making(table: Table, names: tuple[d.Var, d.Var], source: d.Var, statement: d.Statement) -> d.Assign:
    cos, sin = names
    settings = (("dim", table.dim), ("base", table.base), ("heads", table.heads))
    both = d.Many((cos.type, sin.type))
    made = d.Op("rotary_tables", (table.places, source), settings, both, span=statement.span)
    return d.Assign((cos.name, sin.name), made, span=statement.span)


def _before(
    value: d.Expr, statement: d.Statement, body: d.Body, statements: list[d.Statement]
) -> tuple[d.Var, d.Statement]:
    """A part of a statement, computed in a statement of its own before it."""
    taken = names_in(body.statements) | assigned(body.statements) | {one.name for one in body.inputs}
    taken |= {name for name, _ in body.sizes}
    name = next(each for each in ("x", "h", "features", "hidden", "hidden_2") if each not in taken)
    target = statement.targets[0] if isinstance(statement, d.Assign) and len(statement.targets) == 1 else None
    if target is not None and target not in names_in((*statements, statement)) | assigned(tuple(statements)):
        name = target
    var = d.Var(name, value.type)
    statements.append(d.Assign((name,), value, span=statement.span))
    return var, _changed(statement, lambda node: var if node is value else None)


def _changed(node: Any, change: Callable[[Any], Any]) -> Any:
    """The node with each part that `change` gives something for replaced by that."""
    made = change(node)
    if made is not None:
        return made
    if isinstance(node, tuple):
        return tuple(_changed(each, change) for each in node)
    if isinstance(node, Size | Real | d.Use | d.Tensor | d.Many) or not hasattr(node, "__dataclass_fields__"):
        return node
    parts = {each.name: getattr(node, each.name) for each in fields(node)}
    found = {name: part if name in ("span", "type") else _changed(part, change) for name, part in parts.items()}
    return type(node)(**found) if any(found[name] is not parts[name] for name in parts) else node
