"""What a hover tells: shapes, owners, who else reads a weight, costs, formulas, and the documentation of names."""

from __future__ import annotations

from sharedsl.analysis.pipeline import Broken, compile_build
from sharedsl.analysis.scope import Definition
from sharedsl.ide import docs
from sharedsl.ide.facts import Facts
from sharedsl.ide.hover_weights import declaration, layer_text, weight_text
from sharedsl.ide.hover_words import code, function, joined, word
from sharedsl.ide.numbers import amount, bytes_text, count, times
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.values import shown_value, type_at
from sharedsl.ide.view import View
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.print_expressions import print_expr, print_type


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown about the text at `span`."""

    span: Span
    text: str


def hover(view: View, offset: int) -> Hover | None:
    found = view.name_at(offset)
    if found is not None:
        text = function(view, found.span.start) if found.symbol.kind == "operation" else ""
        text = text or _symbol(view, found)
        if text:
            return Hover(found.span, text)
    told = word(view, offset)
    return Hover(*told) if told is not None else None


# ---------------------------------------------------------------------------- names


def _symbol(view: View, found: Occurrence) -> str:
    symbol = found.symbol
    match symbol.kind:
        case "primitive" | "operation":
            call = docs.built_in(symbol.name)
            return joined(code(call.label), call.doc) if call is not None else ""
        case "model" | "block" | "extern" | "function":
            return _item(view, symbol)
        case "plan":
            return _plan(view, symbol)
        case "build":
            return build_text(view, symbol.name)
        case "layer":
            return layer_text(view, found)
        case "weight":
            return weight_text(view, found)
        case "local" | "input" | "state" | "buffer":
            return _value(view, found)
        case "parameter":
            return _parameter(view, found)
        case "size":
            return joined(code(symbol.name), "A size that is known when the module runs.")
        case "forward":
            return joined(code(_head(view, found) or f"forward {symbol.name}"), f"A forward of `{symbol.inside}`.")
        case "stage":
            return _stage(view, found)
        case "file":
            return code(f'import "{symbol.name}"') + f"\n\n`{symbol.path}`"
        case "option":
            return joined(code(symbol.name), docs.PARTS.get(symbol.name, ""))
        case _:
            return _argument(view, found)


def _head(view: View, found: Occurrence) -> str:
    """What stands from the declaration of a name to its `{`, on one line."""
    source = view.analysis.sources.get(found.place.path) if found.place is not None else None
    if source is None or found.place is None:
        return ""
    start = source.text.rfind("\n", 0, found.place.start) + 1
    return " ".join(source.text[start:].partition("{")[0].split())


def _stage(view: View, found: Occurrence) -> str:
    plan = found.symbol.inside
    builds = [build for build in view.analysis.builds.values() if any(ref.name == plan for ref in build.plans)]
    facts = view.facts.of_build(f"{builds[0].name}@{found.symbol.name}") if builds else None
    return joined(code(_head(view, found)), f"A stage of the plan `{plan}`.", totals_text(facts) if facts else "")


def definition_of(view: View, symbol: Symbol) -> Definition | None:
    file = view.analysis.scope.files.get(symbol.path)
    found = file.names.get(symbol.name) if file is not None else None
    return found


def _item(view: View, symbol: Symbol) -> str:
    definition = definition_of(view, symbol)
    if definition is None:
        return ""
    call = docs.definition_call(definition)
    kind = "extern layer" if symbol.kind == "extern" else symbol.kind
    facts = view.facts.of_block(definition.item) if isinstance(definition.item, ast.Block | ast.Function) else None
    cost = ""
    if facts is not None and isinstance(definition.item, ast.Block):
        cost = block_text(facts, definition.item)
    where = f'from "{symbol.path}"' if symbol.path != view.path else ""
    label = f"{kind} {call.label}"
    if isinstance(definition.item, ast.Function):
        outs = ", ".join(
            (f"{out.name}: " if out.name else "") + print_type(out.type) for out in definition.item.outputs
        )
        label += f" -> {f'({outs})' if len(definition.item.outputs) > 1 else outs}"
    return joined(code(label), where, call.doc, cost)


def block_text(facts: Facts, item: ast.Block) -> str:
    if item.kind == "model":
        return totals_text(facts)
    known = facts.unit(item.name_span)
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
    source = view.analysis.sources[build.span.path]
    head = code(" ".join(source.slice(build.span).partition("{")[0].split()))
    facts = view.facts.of_build(name)
    if facts is None:
        try:
            compile_build(view.facts.analysis, name)
        except Broken as problem:
            return joined(head, build.doc, f"It cannot be made: {problem.diagnostics[0].message}")
        return head
    return joined(head, build.doc, totals_text(facts))


def _plan(view: View, symbol: Symbol) -> str:
    found = view.analysis.scope.plan(symbol.inside, symbol.name)
    if found is None:
        return ""
    plan = found.plan
    params = f"({', '.join(each.text for each in docs.params_of(plan.params))})" if plan.params else ""
    extends = f" extends {', '.join(ref.name for ref in plan.extends)}" if plan.extends else ""
    facts = view.facts.of_plan(plan)
    return joined(
        code(f"sharing {plan.name}{params} of {plan.model}{extends}"), plan.doc, totals_text(facts) if facts else ""
    )


# ---------------------------------------------------------------------------- values, parameters, arguments


def _value(view: View, found: Occurrence) -> str:
    behind = view.text[found.span.end : found.span.end + 8].lstrip()
    if found.symbol.kind == "input" and not found.declares and behind[:1] == "=" and behind[:2] != "==":
        return _argument(view, found)
    type = type_at(view, found)
    name = found.symbol.name
    return code(f"{name}: {type}") if type else joined(code(name), declaration(view, found))


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
    return joined(code(text), f"A parameter of `{symbol.inside}`.", _given(view, symbol, definition))


def _given(view: View, symbol: Symbol, definition: Definition | None) -> str:
    """What a parameter is in the build that decides, or who gives a plan's parameter which value."""
    if definition is not None and isinstance(definition.item, ast.Block):
        facts = view.facts.of_block(definition.item)
        known = facts.unit(definition.item.name_span) if facts is not None else None
        value = shown_value(known[0].arguments.get(symbol.name, ...)) if known is not None else ""
        return f"`{value}` in `{facts.title}`" if value and facts is not None else ""
    lines = []
    for item in view.items:
        refs = item.plans if isinstance(item, ast.Build) else item.extends if isinstance(item, ast.Plan) else ()
        for ref in refs:
            given = next((arg.value for arg in ref.args if arg.name == symbol.name), None)
            if ref.name == symbol.inside and given is not None and not isinstance(item, ast.Import):
                lines.append(f"`{print_expr(given)}` in `{item.name}`")
    return "  \n".join(lines)


def _argument(view: View, found: Occurrence) -> str:
    """A named argument, as what is called declares it."""
    from sharedsl.ide.calls import call_at

    call = call_at(view, found.span.start)
    if call is None:
        return ""
    one = next((one for one in call.callee.params if one.name == found.symbol.name), None)
    return joined(code(one.text), one.doc) if one is not None else ""
