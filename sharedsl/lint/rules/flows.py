"""Where inputs go: which of the root's inputs reach each of its layers, and the last layers before each output."""

from __future__ import annotations

from sharedsl.model import dataflow as d
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field, fields

#: ("input", its kind) and ("layer", its name)
Taint = frozenset[tuple[str, str]]
_NONE: Taint = frozenset()


@dataclass(slots=True)
class Flows:
    """`fed[layer]` are the kinds of input that reach it; `outputs` the last layers on the way to each output."""

    fed: dict[str, set[str]] = field(default_factory=dict)
    outputs: list[set[str]] = field(default_factory=list)


def flows(model: Model) -> Flows:
    """Over all forwards of the root."""
    found = Flows()
    for key in dict.fromkeys(model.entries.values()):
        body = model.root.bodies[key]
        names = {each.name: _input(each) for each in body.inputs}
        results = _Walk(model.root, found).body(body, names)
        if len(results) > 1:
            found.outputs = [{name for kind, name in taint if kind == "layer"} for taint in results]
    return found


def _input(each: d.Input) -> Taint:
    """int is a text's tokens, float with four or more axes a picture; anything else tells nothing."""
    if not isinstance(each.type, d.Tensor):
        return _NONE
    if each.type.dtype == "int" and len(each.type.dims) == 2:
        return frozenset({("input", "tokens")})
    if each.type.dtype == "float" and len(each.type.dims) >= 4:
        return frozenset({("input", "pictures")})
    return _NONE


class _Walk:
    def __init__(self, root: Unit, found: Flows) -> None:
        self.root, self.found = root, found

    def body(self, body: d.Body, names: dict[str, Taint]) -> list[Taint]:
        results: list[Taint] = []
        self.block(body.statements, dict(names), results)
        return results

    def block(self, statements: tuple[object, ...], names: dict[str, Taint], results: list[Taint]) -> None:
        for statement in statements:
            match statement:
                case d.Assign():
                    taint = self.of(statement.value, names)
                    names.update(dict.fromkeys(statement.targets, taint))
                case d.Return():
                    results[:] = [self.of(value, names) for value in statement.values]
                case d.Loop():
                    for turn in statement.turns:
                        self.block(turn, names, results)
                case d.While():
                    self.block(statement.body, names, results)
                case _:
                    self.of(statement, names)

    def of(self, node: object, names: dict[str, Taint]) -> Taint:
        match node:
            case d.Var():
                return names.get(node.name, _NONE)
            case d.Call():
                taint = self.of(node.args, names)
                kinds = {name for kind, name in taint if kind == "input"}
                for use in node.uses:
                    self.found.fed.setdefault(use.child, set()).update(kinds)
                return frozenset(each for each in taint if each[0] != "layer") | {("layer", node.uses[-1].child)}
            case d.CallSelf():
                body = self.root.bodies[node.body]
                given = [self.of(arg, names) for arg in node.args]
                inner = dict(zip((each.name for each in body.inputs), given, strict=False))
                return frozenset().union(*self.body(body, inner))
            case tuple():
                return frozenset().union(*(self.of(each, names) for each in node))
            case d.Tensor() | d.Many():
                return _NONE
        if not hasattr(node, "__dataclass_fields__"):
            return _NONE
        parts = (getattr(node, each.name) for each in fields(node) if each.name not in ("span", "type"))  # type: ignore[arg-type]
        return frozenset().union(*(self.of(each, names) for each in parts))
