"""Which layers an expression of a forward may stand for: `layers[0]`, the `layer` of a loop, `first = layers[0]`."""

from __future__ import annotations

from sharedsl.analysis.scope import FileScope
from sharedsl.ide.paths import members_of
from sharedsl.ide.symbols import Home, Member, blocks_of
from sharedsl.syntax import ast

#: a layer, and the block that declares it
Declared = tuple[Home, Member]


class LayerNames:
    """What the locals of one item stand for, where they are layers."""

    def __init__(self, files: dict[str, FileScope]) -> None:
        self.files = files
        self.known: dict[str, list[Declared]] = {}

    def of(self, node: ast.Expr | ast.Slice | None, owner: Home | None) -> list[Declared]:
        match node:
            case ast.Name():
                if node.name in self.known:
                    return self.known[node.name]
                member = members_of(owner).get(node.name) if owner is not None else None
                return [(owner, member)] if owner is not None and member is not None else []
            case ast.Attribute():
                inner = [(home, members_of(home).get(node.name)) for home in self.homes(node.value, owner)]
                return [(home, member) for home, member in inner if member is not None]
            case ast.Index() | ast.At():
                return self.of(node.value, owner)
            case ast.List():
                return self._all(node.items, owner)
            case ast.Ternary():
                return self._all((node.then, node.other), owner)
            case ast.Binary(op="+"):
                return self._all((node.left, node.right), owner)
            case ast.Call(function=ast.Name(name="reversed")):
                return self._all(tuple(each.value for each in node.args), owner)
            case ast.Comprehension():
                before = dict(self.known)
                self.loop(node.names, node.source, owner)
                found = self.of(node.value, owner)
                self.known = before
                return found
            case _:
                return []

    def _all(self, nodes: tuple[ast.Expr, ...], owner: Home | None) -> list[Declared]:
        return [each for node in nodes for each in self.of(node, owner)]

    def homes(self, node: ast.Expr, owner: Home | None) -> list[Home]:
        """The blocks that the layers may be."""
        found = [block for home, member in self.of(node, owner) for block in blocks_of(member, home, self.files)]
        return list({id(each): each for each in found}.values())

    def assign(self, names: tuple[str, ...], values: tuple[ast.Expr, ...], owner: Home | None) -> None:
        found = [self.of(each, owner) for each in values] if len(names) == len(values) else [[] for _ in names]
        self._bind(names, found)

    def loop(self, names: tuple[str, ...], source: ast.Expr, owner: Home | None) -> None:
        """`for a, b in zip(xs, ys)`, `for i, layer in layers`, `for layer in layers`."""
        columns: list[tuple[ast.Expr, ...]]
        match source:
            case ast.Call(function=ast.Name(name="zip")):
                columns = [(each.value,) for each in source.args]
            case ast.Call(function=ast.Name(name="enumerate")):
                columns = [(), tuple(each.value for each in source.args)]
            case ast.List() if len(names) > 1:
                rows = [each.items for each in source.items if isinstance(each, ast.List)]
                columns = list(zip(*rows, strict=False))
            case _:
                columns = [*[() for _ in names[1:]], (source,)]
        self._bind(names, [self._all(each, owner) for each in columns])

    def _bind(self, names: tuple[str, ...], found: list[list[Declared]]) -> None:
        """A name that stands for anything else hides a layer of that name."""
        for at, name in enumerate(names):
            self.known[name] = found[at] if at < len(found) else []
