"""What a hover tells: shapes, owners, who else reads a weight, costs, formulas, and the documentation of names."""

from __future__ import annotations

from sharedsl.analysis.pipeline import Broken, compile_build
from sharedsl.analysis.scope import Definition
from sharedsl.analysis.show import axes
from sharedsl.ide import docs
from sharedsl.ide.facts import Facts, owner_of
from sharedsl.ide.numbers import amount, bytes_text, count, times
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.values import type_at
from sharedsl.ide.view import View
from sharedsl.model.sites import Path, Step
from sharedsl.model.tree import Unit
from sharedsl.model.weights import Storage
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown about the text at `span`."""

    span: Span
    text: str


def hover(view: View, offset: int) -> Hover | None:
    found = view.name_at(offset)
    if found is not None:
        text = _symbol(view, found)
        return Hover(found.span, text) if text else None
    return _word(view, offset)


def _code(text: str) -> str:
    return f"```sdsl\n{text}\n```"


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


# ---------------------------------------------------------------------------- words of the language


def _word(view: View, offset: int) -> Hover | None:
    """A keyword, where it begins a statement or an item."""
    chunk = view.chunk_at(offset)
    if chunk is None:
        return None
    for token in view.tokens(chunk):
        if token.start <= offset <= token.end and token.type not in ("NAME", "_NL"):
            plan = bool(chunk.items) and isinstance(chunk.items[0], ast.Plan)
            tables = (docs.ITEMS, docs.RELATIONS if plan else docs.DECLARATIONS, docs.BUILD_LINES, docs.STATEMENTS)
            for table in (*tables, docs.RELATIONS, docs.DECLARATIONS):
                if token.text in table:
                    form, text = table[token.text]
                    return Hover(Span(view.path, token.start, token.end), _joined(_code(form), text))
    return None


# ---------------------------------------------------------------------------- names


def _symbol(view: View, found: Occurrence) -> str:
    symbol = found.symbol
    match symbol.kind:
        case "primitive" | "operation":
            call = docs.built_in(symbol.name)
            return _joined(_code(call.label), call.doc) if call is not None else ""
        case "model" | "block" | "extern" | "function":
            return _item(view, symbol)
        case "plan":
            return _plan(view, symbol)
        case "build":
            return build_text(view, symbol.name)
        case "layer":
            return _layer(view, found)
        case "weight":
            return _weight(view, found)
        case "local" | "input" | "state" | "buffer":
            return _value(view, found)
        case "parameter":
            return _parameter(view, found)
        case "size":
            return _joined(_code(symbol.name), "A size that is known when the module runs.")
        case "forward":
            return _joined(_code(f"forward {symbol.name}"), f"A forward of `{symbol.inside}`.")
        case "stage":
            return f"A stage of the plan `{symbol.inside}`."
        case "file":
            return _code(f'import "{symbol.name}"') + f"\n\n`{symbol.path}`"
        case "option":
            return _joined(_code(symbol.name), docs.PARTS.get(symbol.name, ""))
        case _:
            return _argument(view, found)


def definition_of(view: View, symbol: Symbol) -> Definition | None:
    file = view.analysis.scope.files.get(symbol.path)
    found = file.names.get(symbol.name) if file is not None else None
    return found


def _item(view: View, symbol: Symbol) -> str:
    definition = definition_of(view, symbol)
    if definition is None:
        return ""
    call = docs.definition_call(definition)
    word = "extern layer" if symbol.kind == "extern" else symbol.kind
    facts = view.facts.of_block(definition.item) if isinstance(definition.item, ast.Block | ast.Function) else None
    cost = ""
    if facts is not None and isinstance(definition.item, ast.Block):
        cost = block_text(facts, definition.item)
    where = f'from "{symbol.path}"' if symbol.path != view.path else ""
    return _joined(_code(f"{word} {call.label}"), where, call.doc, cost)


def block_text(facts: Facts, item: ast.Block) -> str:
    if item.kind == "model":
        return totals_text(facts)
    known = facts.units.get(item.name_span)
    if known is None:
        return ""
    _unit, path = known
    row = facts.rows.get(".".join(map(str, path)))
    if row is None:
        return ""
    return f"In `{facts.title}`, as `{row.path}`: {count(row.stored, 'parameter')} of its own, {row.applied:,} applied."


def totals_text(facts: Facts) -> str:
    totals = facts.totals
    stored, applied = facts.total("stored") or 0, facts.total("applied") or 0
    lines = [f"`{facts.title}`: **{count(stored, 'parameter')}**, {applied:,} applied{times(stored, applied)}"]
    weight = facts.total("bytes")
    if weight is not None:
        lines.append(f"{bytes_text(weight)} in {facts.compiled.dtype}")
    formula = totals.poly("flops")
    if formula is not None:
        cost = facts.total("flops")
        lines.append(f"FLOPs: {amount(cost)}" if cost is not None else f"FLOPs: `{formula}`")
    return "  \n".join(lines)


def build_text(view: View, name: str) -> str:
    build = view.analysis.builds.get(name)
    if build is None:
        return ""
    plans = ", ".join(ref.name for ref in build.plans)
    head = _code(f"build {name} = {build.model}(..)" + (f" with {plans}" if plans else ""))
    facts = view.facts.of_build(name)
    if facts is None:
        try:
            compile_build(view.facts.analysis, name)
        except Broken as problem:
            return _joined(head, build.doc, f"It cannot be made: {problem.diagnostics[0].message}")
        return head
    return _joined(head, build.doc, totals_text(facts))


def _plan(view: View, symbol: Symbol) -> str:
    found = view.analysis.scope.plan(symbol.inside, symbol.name)
    if found is None:
        return ""
    plan = found.plan
    params = f"({', '.join(each.text for each in docs.params_of(plan.params))})" if plan.params else ""
    extends = f" extends {', '.join(ref.name for ref in plan.extends)}" if plan.extends else ""
    facts = view.facts.of_plan(plan)
    return _joined(
        _code(f"sharing {plan.name}{params} of {plan.model}{extends}"), plan.doc, totals_text(facts) if facts else ""
    )


# ---------------------------------------------------------------------------- layers and weights


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
    if facts is None or definition.item.name_span not in facts.units:
        facts = view.facts.of_block(definition.item)
    return (facts, definition.item.name_span) if facts is not None else None


def _layer(view: View, found: Occurrence) -> str:
    symbol = found.symbol
    known = facts_for(view, symbol, found.span.start)
    if known is None:
        return _joined(_code(f"layer {symbol.name}"), _declaration(view, found))
    facts, block = known
    unit, path = facts.units[block]
    child = unit.children.get(symbol.name)
    layer = facts.layer(block, symbol.name)
    if child is None or layer is None:
        return _code(f"layer {symbol.name}")
    kinds = " | ".join(dict.fromkeys(each.name for each in child.units))
    size = f" * {len(child.units)}" if child.stacked else ""
    lines = [f"In `{facts.title}`: {count(layer.stored, 'parameter')} stored, {layer.applied:,} applied"]
    if layer.borrowed:
        lines.append("reads " + ", ".join(f"`{each}`" for each in layer.borrowed[:4]))
    if layer.times > 1:
        lines.append(f"each of its weights is applied {layer.times} times and stored once")
    if layer.flops is not None:
        lines.append(f"FLOPs: {amount(layer.flops)}")
    weights = _weights(facts, child.units[0], (*path, Step(child.name, 0 if child.stacked else None)))
    return _joined(_code(f"layer {symbol.name} = {kinds}{size}"), "  \n".join(lines), weights, child.units[0].doc)


def _declaration(view: View, found: Occurrence) -> str:
    if found.place is None:
        return ""
    source = view.analysis.sources.get(found.place.path)
    return f"`{source.line(source.position(found.place.start)[0]).strip()}`" if source is not None else ""


def _weights(facts: Facts, unit: Unit, path: Path) -> str:
    rows = []
    for name, spec in unit.weights.items():
        reads = facts.weight((*path, Step(name)))
        text = reads[0][0] if reads else ""
        rows.append(f"| `{name}` | `{axes(spec.axes)}` | {f'`{text}`' if text else ''} |")
    return "\n".join(["| weight | axes | reads |", "|---|---|---|", *rows]) if rows else ""


def _weight(view: View, found: Occurrence) -> str:
    """`embed.weight` in a plan or a forward: its owner, and everything else that reads it."""
    item = view.item_at(found.span.start)
    facts = None
    if isinstance(item, ast.Plan):
        facts = view.facts.of_plan(item)
    elif isinstance(item, ast.Block):
        facts = view.facts.of_block(item)
    if facts is None:
        return ""
    path = _path(facts, found, item)
    reads = facts.weight(path) if path is not None else []
    if not reads:
        return _joined(_code(f"weight {found.symbol.name}"), _declaration(view, found))
    lines = [_code(f"{'.'.join(map(str, path or ()))} = {reads[0][0]}")]
    for _, storage, readers in {id(each[1]): each for each in reads}.values():
        lines.append(_storage(storage, readers))
    return _joined(*lines)


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
    if isinstance(item, ast.Block) and item.name_span in facts.units:
        steps = list(facts.units[item.name_span][1])
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


# ---------------------------------------------------------------------------- values, parameters, arguments


def _value(view: View, found: Occurrence) -> str:
    type = type_at(view, found)
    name = found.symbol.name
    return _code(f"{name}: {type}") if type else _joined(_code(name), _declaration(view, found))


def _parameter(view: View, found: Occurrence) -> str:
    symbol = found.symbol
    file = view.analysis.scope.files.get(symbol.path)
    definition = file.names.get(symbol.inside) if file is not None else None
    params = getattr(definition.item, "params", ()) if definition is not None else ()
    if not params and file is not None:
        params = tuple(
            one for plan in file.plans.values() if plan.plan.name == symbol.inside for one in plan.plan.params
        )
    text = next((docs.param_text(one) for one in params if one.name == symbol.name), symbol.name)
    value = ""
    if definition is not None and isinstance(definition.item, ast.Block):
        facts = view.facts.of_block(definition.item)
        known = facts.units.get(definition.item.name_span) if facts is not None else None
        if known is not None and facts is not None and symbol.name in known[0].arguments:
            number = getattr(known[0].arguments[symbol.name], "value", None)
            value = f"{number:,} in `{facts.title}`" if isinstance(number, int | float) else ""
    return _joined(_code(text), f"A parameter of `{symbol.inside}`.", value)


def _argument(view: View, found: Occurrence) -> str:
    """A named argument of something that is built in."""
    from sharedsl.ide.calls import call_at

    call = call_at(view, found.span.start)
    if call is None:
        return ""
    one = next((one for one in call.callee.params if one.name == found.symbol.name), None)
    return _joined(_code(one.text), one.doc) if one is not None else ""
