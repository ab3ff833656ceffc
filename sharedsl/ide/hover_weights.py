"""What a hover tells of layers and weights: counts, owners, who else reads them, costs."""

from __future__ import annotations

from sharedsl.analysis.show import axes
from sharedsl.ide.facts import Facts, owner_of
from sharedsl.ide.hover_words import code, joined
from sharedsl.ide.numbers import amount, count
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.view import View
from sharedsl.model.sites import Path, Step
from sharedsl.model.tree import Unit
from sharedsl.model.weights import Storage
from sharedsl.source import Span
from sharedsl.syntax import ast


def facts_for(view: View, symbol: Symbol, offset: int) -> tuple[Facts, Span] | None:
    """What decides the sizes of a block's member, and the place of the block's name."""
    file = view.analysis.scope.files.get(symbol.path)
    definition = file.names.get(symbol.inside) if file is not None else None
    if definition is None or not isinstance(definition.item, ast.Block):
        return None
    item = view.item_at(offset)
    facts = None
    if isinstance(item, ast.Plan):
        facts = view.facts.of_plan(item)
    elif isinstance(item, ast.Build):
        facts = view.facts.of_build(item.name)
    if facts is None or facts.unit(definition.item.name_span) is None:
        facts = view.facts.of_block(definition.item)
    return (facts, definition.item.name_span) if facts is not None else None


def layer_text(view: View, found: Occurrence) -> str:
    symbol = found.symbol
    known = facts_for(view, symbol, found.span.start)
    if known is None:
        return joined(code(f"layer {symbol.name}"), declaration(view, found))
    facts, block = known
    unit, path = facts.unit(block, symbol.name) or (facts.model.root, ())
    child = unit.children.get(symbol.name)
    layer = facts.layer(block, symbol.name)
    if child is None or layer is None:
        return code(f"layer {symbol.name}")
    names = dict.fromkeys(each.name for each in child.units)
    kinds = " | ".join(names) if len(names) == 1 or not child.stacked else f"({' | '.join(names)})"
    size = f" * {len(child.units)}" if child.stacked else ""
    lines = [f"In `{facts.title}`: {count(layer.stored, 'parameter')} stored, {layer.applied:,} applied"]
    if layer.borrowed:
        lines.append("reads " + ", ".join(f"`{each}`" for each in layer.borrowed[:4]))
    if layer.times > 1:
        lines.append(f"each of its weights is applied {layer.times} times and stored once")
    if layer.flops:
        lines.append(f"FLOPs: {amount(layer.flops)}")
    weights = _weights(facts, child.units[0], (*path, Step(child.name, 0 if child.stacked else None)))
    return joined(code(f"layer {symbol.name} = {kinds}{size}"), "  \n".join(lines), weights, child.units[0].doc)


def declared(view: View, found: Occurrence) -> str:
    """The line that declares a name."""
    if found.place is None:
        return ""
    source = view.analysis.sources.get(found.place.path)
    return source.line(source.position(found.place.start)[0]).strip() if source is not None else ""


def declaration(view: View, found: Occurrence) -> str:
    text = declared(view, found)
    return f"`{text}`" if text else ""


def _weights(facts: Facts, unit: Unit, path: Path) -> str:
    rows = []
    for name, spec in unit.weights.items():
        reads = facts.weight((*path, Step(name)))
        text = (reads[0][0] if reads else "").replace("|", "\\|")
        shown = axes(spec.axes).replace("|", "\\|")  # a cell ends with a bar, in code too
        rows.append(f"| `{name}` | `{shown}` | {f'`{text}`' if text else ''} |")
    return "\n".join(["| weight | axes | reads |", "|---|---|---|", *rows]) if rows else ""


def weight_text(view: View, found: Occurrence) -> str:
    """`embed.weight` in a plan or a forward: its owner, and everything else that reads it."""
    item = view.item_at(found.span.start)
    facts = None
    if isinstance(item, ast.Plan):
        facts = view.facts.of_plan(item)
    elif isinstance(item, ast.Block):
        facts = view.facts.of_block(item)
    path = _path(facts, found, item) if facts is not None else None
    reads = facts.weight(path) if facts is not None and path is not None else []
    if not reads:
        return _plan_weight(facts, found) or joined(code(declared(view, found) or f"weight {found.symbol.name}"))
    lines = [code(f"{'.'.join(map(str, path or ()))} = {reads[0][0]}")]
    for _, storage, readers in {id(each[1]): each for each in reads}.values():
        lines.append(_storage(storage, readers))
    return joined(*lines)


def _plan_weight(facts: Facts | None, found: Occurrence) -> str:
    """A weight that a plan declares itself."""
    storage = facts.storage(found.symbol.name) if facts is not None else None
    if facts is None or storage is None or found.trail not in ("", found.symbol.name):
        return ""
    return joined(code(f"weight {found.symbol.name}"), _storage(storage, facts.readers(storage)))


def _storage(storage: Storage, readers: list[str]) -> str:
    number = 1
    for size in storage.shape:
        number *= size
    owner = owner_of(storage)
    name = f"{owner}.{storage.name}" if owner else storage.name
    more = f" and {len(readers) - 8} more" if len(readers) > 8 else ""
    frozen = "" if storage.trainable else ", frozen"
    return (
        f"owner `{name}` `{axes(storage.axes)}`, {count(number, 'parameter')}{frozen}  \n"
        f"read by {', '.join(f'`{each}`' for each in readers[:8])}{more}"
    )


def _path(facts: Facts, found: Occurrence, item: object) -> Path | None:
    """The first declared weight that a path in the text may mean."""
    steps: list[Step] = []
    known = facts.unit(item.name_span, found.symbol.name) if isinstance(item, ast.Block) else None
    if known is not None:
        steps = list(known[1])
    unit = facts.model.unit_at(tuple(steps))
    for name in (found.trail or found.symbol.name).split("."):
        child = unit.children.get(name)
        if child is not None:
            steps.append(Step(name, 0 if child.stacked else None))
            unit = child.units[0]
        elif name in unit.weights:
            return (*steps, Step(name))
        elif name not in ("*", "**"):
            return None
    return None
