"""`init SELECTOR = value` inside a block: the weights below it get another initialiser.

Units are shared by all that have equal arguments, so those that an init line changes are copied first. The lines of an
outer block win over those of an inner one, a later line over an earlier one.
"""

from __future__ import annotations

from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.initialisers import init_of
from sharedsl.analysis.shop import Draft, Shop
from sharedsl.comptime import Scope, evaluate
from sharedsl.comptime.evaluate import position, slice_of
from sharedsl.comptime.values import Failure, Trace
from sharedsl.model.sites import Init
from sharedsl.model.tree import Child, Unit
from sharedsl.record import replace
from sharedsl.syntax import ast

Segments = tuple[ast.Segment, ...]


def apply_inits(shop: Shop, draft: Draft) -> None:
    """Carry out the init lines of a block on its own unit."""
    assert draft.home is not None
    scope = shop.names(draft.names, draft.home)
    for line in draft.inits:
        try:
            init = init_of(line.value, scope, shop.report)
            if not _Applier(shop, scope, init, {}).apply(draft.unit, line.selector.segments):
                message = f"`init` names no weight: `{shop.text(line.selector.span)}`"
                shop.report.error("no-site", message, line.selector.span)
        except Poisoned:
            continue
        except Failure as problem:
            shop.report.error("bad-value", str(problem), getattr(problem, "span", line.selector.span))


class _Applier:
    """Carries one line out; copies are made once per unit and rest of the selector."""

    def __init__(self, shop: Shop, scope: Scope, init: Init, copies: dict[object, tuple[Unit, bool]]) -> None:
        self.shop, self.scope, self.init, self.copies = shop, scope, init, copies

    def apply(self, unit: Unit, segments: Segments, above: int = 0) -> bool:
        """Change `unit`, `above` levels below the block of the line, in place; whether anything matched."""
        if not segments:
            return False
        head, rest = segments[0], segments[1:]
        if head.alternatives:
            matched = [self.apply(unit, (*each.segments, *rest), above) for each in head.alternatives]
            return any(matched)
        found = False
        if head.name == "**":
            found = self.apply(unit, rest, above)
            inner = [self._descend(unit, name, None, segments, above) for name in unit.children]
            return any(inner) or found
        if not rest:
            for name, spec in unit.weights.items():
                if head.name in ("*", name):
                    unit.weights[name] = replace(spec, init=replace(self.init, above=above), written=True)
                    found = True
            return found
        names = [name for name in unit.children if head.name in ("*", name)]
        matched = [self._descend(unit, name, head, rest, above) for name in names]
        return any(matched)

    def _descend(self, unit: Unit, name: str, head: ast.Segment | None, rest: Segments, above: int) -> bool:
        child = unit.children[name]
        chosen = set(range(len(child.units))) if head is None else self._elements(child, head)
        units, found = [], False
        for at, each in enumerate(child.units):
            if at not in chosen:
                units.append(each)
                continue
            copy, matched = self._copy(each, rest, above + 1)
            units.append(copy if matched else each)
            found = found or matched
        if found:
            unit.children[name] = replace(child, units=tuple(units))
        return found

    def _elements(self, child: Child, head: ast.Segment) -> set[int]:
        count = len(child.units)
        if not head.subs or head.subs[0].value is None:
            return set(range(count))
        sub = head.subs[0].value
        if isinstance(sub, ast.Slice):
            return set(slice_of(sub, count, self.scope))
        return {position(evaluate(sub, self.scope), count, Trace())}

    def _copy(self, unit: Unit, rest: Segments, above: int) -> tuple[Unit, bool]:
        key = (id(unit), rest, above)
        if key not in self.copies:
            copy = replace(unit, children=dict(unit.children), weights=dict(unit.weights), bodies={})
            original = self.shop.draft(unit)
            draft = replace(original, unit=copy, broken=set(original.broken), applied=set(), bodies={}, reading=[])
            self.shop.drafts[id(copy)] = draft
            self.copies[key] = (copy, self.apply(copy, rest, above))
        return self.copies[key]
