"""Generated code without what a rename may move: which locals are called alike, where lines break, in what order names
that are only listed stand."""

from __future__ import annotations

import ast
import re

#: what a fresh name begins with
_FRESH = re.compile(r"(Z|z)q\d+_?(.?)")


def fresh(name: str, number: int) -> str:
    """A name of its own, of the same kind: what is a class, a size or a plural stays so."""
    return f"{'Zq' if name[0].isupper() else 'zq'}{number}{name}"


def plain(text: str) -> str:
    """The names as they were, in names that are made of them too."""
    return _FRESH.sub(lambda found: found[2].upper() if found[1] == "Z" else found[2], text)


def meaning(code: str) -> str:
    """What two modules have in common that differ by names alone."""
    tree = ast.parse(plain(re.sub(r"Shapes:.*", "", code)))
    tree = _Calls().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            _function(node)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "NO_DECAY":
            node.value = ast.Set([ast.Constant(each) for each in sorted(set(ast.literal_eval(node.value)))])
    return re.sub(r"(\\n|\s)+", "", ast.dump(tree))


class _Calls(ast.NodeTransformer):
    """`layer(x, mask = mask)` and `layer(x, mask)` are the same: which it is hangs on what names are equal."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        while node.keywords and isinstance(node.keywords[0].value, ast.Name):
            if node.keywords[0].arg != node.keywords[0].value.id:
                break
            node.args.append(node.keywords.pop(0).value)
        return node


def _function(node: ast.FunctionDef) -> None:
    """Every value of a local gets a name of its own: a name may be used again once nobody reads its value."""
    _Values().block(node.body)


class _Values:
    """The locals of a function, numbered as their values come."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.count = 0

    def new(self, name: str) -> None:
        self.known[name], self.count = f"value{self.count}", self.count + 1

    def block(self, body: list[ast.stmt]) -> None:
        for each in body:
            match each:
                case ast.Assign():
                    self.read(each.value)
                    for target in each.targets:
                        self.store(target, fresh=True)
                case ast.For():
                    self.read(each.iter)
                    self._joined(each)
                    self.store(each.target, fresh=False)
                    self.block_inside([*each.body, *each.orelse])
                case ast.If() | ast.While():
                    self.read(each.test)
                    self._joined(each)
                    self.block_inside([*each.body, *each.orelse])
                case ast.With():
                    for item in each.items:
                        self.read(item.context_expr)
                    self.block(each.body)
                case ast.FunctionDef() | ast.Try():
                    pass
                case _:
                    self.read(each)

    def block_inside(self, body: list[ast.stmt]) -> None:
        """Of a loop or a branch: what it assigns keeps one name, as it may be read outside or in the next turn."""
        for each in body:
            for node in ast.walk(each):
                if isinstance(node, ast.Name) and node.id in self.known and not hasattr(node, "done"):
                    node.id, node.done = self.known[node.id], True  # type: ignore[attr-defined]

    def _joined(self, statement: ast.stmt) -> None:
        for node in _in_order(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in self.known:
                self.new(node.id)

    def read(self, node: ast.AST) -> None:
        before = dict(self.known)
        for each in _in_order(node):
            if isinstance(each, ast.comprehension):
                for name in ast.walk(each.target):
                    if isinstance(name, ast.Name):
                        self.new(name.id)
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id in self.known and not hasattr(each, "done"):
                each.id, each.done = self.known[each.id], True  # type: ignore[attr-defined]
        self.known = before

    def store(self, node: ast.AST, fresh: bool) -> None:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                if fresh:
                    self.new(each.id)
                each.id, each.done = self.known[each.id], True  # type: ignore[attr-defined]
            elif isinstance(each, ast.Name) and each.id in self.known and not hasattr(each, "done"):
                each.id, each.done = self.known[each.id], True  # type: ignore[attr-defined]


def _in_order(node: ast.AST) -> list[ast.AST]:
    found = [each for each in ast.walk(node) if hasattr(each, "lineno") or isinstance(each, ast.comprehension)]
    return sorted(found, key=lambda each: _at(each))


def _at(node: ast.AST) -> tuple[int, int]:
    at = node.target if isinstance(node, ast.comprehension) else node
    return at.lineno, at.col_offset  # type: ignore[attr-defined]
