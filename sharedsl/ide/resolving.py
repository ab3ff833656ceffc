"""Every name of an item with what it stands for: one walk over its tree, with the names in reach at hand."""

from __future__ import annotations

from sharedsl.analysis.scope import FileScope, Scope, resolve
from sharedsl.ide.naming_plans import Planned
from sharedsl.ide.paths import symbol_of
from sharedsl.ide.symbols import (
    Occurrence,
    Symbol,
)
from sharedsl.source import Span
from sharedsl.syntax import ast


def occurrences(item: ast.Item, home: FileScope, scope: Scope) -> list[Occurrence]:
    """The names of one item of the file `home`, in the order of the text."""
    walk = _Walk(home, scope)
    walk.item(item)
    return sorted(walk.found, key=lambda each: (each.span.start, each.span.end))


class _Walk(Planned):
    """One item, whatever it is."""

    def item(self, item: ast.Item) -> None:
        if isinstance(item, ast.Import):
            self._import(item)
            return
        self.inside = item.name
        match item:
            case ast.Block() | ast.Extern():
                self._block(item)
            case ast.Function():
                self.say(item.name_span, (Symbol("function", item.name, self.home.path), item.name_span), True)
                self._forward(item, item.name)
            case ast.Plan():
                self._plan(item)
            case ast.Build():
                self._build(item)

    def _import(self, item: ast.Import) -> None:
        path = resolve(item.path, self.home.path)
        file = self.scope.files.get(path)
        if file is not None:
            self.say(item.path_span, (Symbol("file", item.path, path), Span(path, 0, 0)))
        for name in item.names:
            definition = file.names.get(name.name) if file is not None else None
            if definition is not None:
                self.say(name.span, symbol_of(definition))
                continue
            for (model, plan), found in (file.plans if file is not None else {}).items():
                if plan == name.name:
                    self.say(name.span, (Symbol("plan", plan, found.home.path, model), found.plan.name_span))
                    break
