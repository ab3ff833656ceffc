"""A model at given arguments: its units, the dataflow of its forwards, and the sites of its weights."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.collect import TooMany, Walker
from sharedsl.analysis.growing import counter, grows_as
from sharedsl.analysis.numbering import Numbering, finish
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.roots import root_body
from sharedsl.analysis.scope import Definition, Scope
from sharedsl.analysis.shop import LIMIT, Draft, EntrySize, Inferred, Shop
from sharedsl.analysis.units import declared_unit
from sharedsl.comptime import Trace
from sharedsl.diagnostics import Diagnostic
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.folds import DataflowEdit, FoldEdit
from sharedsl.model.sizes import Real, Size, Value
from sharedsl.model.tree import Model
from sharedsl.source import NOWHERE, Span
from sharedsl.syntax import ast


def elaborate(
    scope: Scope,
    target: Definition,
    arguments: Mapping[str, Value],
    *,
    folds: tuple[DataflowEdit, ...] = (),
    incremental: bool = False,
    trace: Trace | None = None,
    via: Span = NOWHERE,
    presence: bool | None = None,
) -> tuple[Model | None, list[Diagnostic]]:
    """The model, or None where it has errors. `arguments` gives every parameter a value; `via` is where it is used."""
    inferred: dict[EntrySize, Size] = {}
    grown = counter(target) if incremental else None
    while True:
        shop = Shop(scope, Reporter(), trace or Trace(), incremental, folds=folds, inferred=inferred, grown=grown)
        shop.keeps = incremental
        shop.free, shop.presence = _free_sizes(target), presence
        try:
            model = _elaborated(shop, target, arguments, via)
        except Inferred as found:
            inferred |= found.sizes
            continue
        if model is not None and grown is not None and not grows_as(model, grown):
            grown = None
            continue
        return model, shop.report.found


def _elaborated(shop: Shop, target: Definition, arguments: Mapping[str, Value], via: Span) -> Model | None:
    report, folds = shop.report, shop.folds
    item = target.item
    assert isinstance(item, ast.Block)
    shop.inside.append(target)
    parameters = {name: at_root(name, value) for name, value in arguments.items()}
    try:
        draft = declared_unit(shop, target, parameters, via, folds, root=True)
    except Poisoned:
        return None
    entries, numberings = _entries(shop, draft)
    if not report.failed and entries:
        _unused(shop, draft)
        _unfolded(shop)
    if report.failed or draft.broken or not entries:
        if not report.failed and not draft.broken:
            report.error("no-forward", f"`{item.name}` has no forward", item.name_span)
        return None
    finish(numberings)
    try:
        sites = Walker().sites(draft.unit, tuple(body.key for body in entries.values()))
    except TooMany:
        report.error(
            "too-many-sites", f"`{item.name}` has more than {LIMIT:,} weights", via if via.path else item.name_span
        )
        return None
    return Model(
        item.name,
        draft.unit,
        parameters,
        {name: body.key for name, body in entries.items()},
        sites,
        shop.functions,
        defaults={one.name: one.default for body in entries.values() for one in body.inputs if one.default is not None},
        decided=frozenset(shop.decided),
        span=item.name_span,
    )


def _free_sizes(target: Definition) -> dict[str | None, set[str]]:
    """Run-time sizes that only optional inputs of a forward of the root name, alone: the length of a mask."""
    found: dict[str | None, set[str]] = {}
    for forward in target.item.body:
        names: dict[bool, set[str]] = {True: set(), False: set()}
        for one in forward.inputs if isinstance(forward, ast.Forward) else ():
            lone = {dim.value.name for dim in one.type.dims or () if isinstance(dim.value, ast.Name)}
            names[isinstance(one.default, ast.Name) and one.default.name == "none"] |= lone
        if isinstance(forward, ast.Forward):
            found[forward.name] = {name for name in names[True] - names[False] if name[:1].isupper()}
    return found


def at_root(name: str, value: Value) -> Value:
    """A parameter of the model: a symbol in every formula, its own name in code."""
    if isinstance(value, Size) and value.value is not None:
        return sizes.parameter(name, value.value)
    if isinstance(value, Real):
        return Real(value.value, sizes.named(name))
    if isinstance(value, tuple):
        code = sizes.named(name)
        return tuple(_item(item, sizes.Arith("index", (code, sizes.literal(at)))) for at, item in enumerate(value))
    return value


def _item(value: Value, code: sizes.Arith) -> Value:
    """An item of a list that is a parameter: a plain number in formulas."""
    if isinstance(value, Size) and value.value is not None:
        return Size(value.value, sizes.size(value.value).formula, code)
    if isinstance(value, Real):
        return Real(value.value, code)
    if isinstance(value, tuple):
        return tuple(_item(each, sizes.Arith("index", (code, sizes.literal(at)))) for at, each in enumerate(value))
    return value


def _entries(shop: Shop, draft: Draft) -> tuple[dict[str | None, d.Body], list[Numbering]]:
    """The bodies of the root's forwards, the main one first."""
    bodies: dict[str | None, d.Body] = {}
    numberings: list[Numbering] = []
    for name in sorted(draft.forwards, key=lambda name: name is not None):
        numbering = Numbering()
        body = root_body(shop, draft, draft.forwards[name], numbering)
        if body is not None:
            bodies[name] = body
            numberings.append(numbering)
    return bodies, numberings


def _unused(shop: Shop, draft: Draft) -> None:
    """Layers that no forward applies have no weights in the model: that is rarely meant."""
    for each in list(shop.drafts.values()):
        if each.home is None or each.home is not shop.scope.main or each.layer is not None:
            continue
        if each is not draft and not each.bodies:
            continue
        for name, child in each.unit.children.items():
            if name not in each.applied and not mentions(each.item, name):
                message = f"`{name}` is declared, and no forward applies it"
                shop.report.warn("unused-layer", message, child.span, help="it has no weights in the model")
        for name in each.unit.weights:
            place = each.places.get(name)
            if place is not None and each.unit.kind != "extern" and not mentions(each.item, name):
                message = f"the weight `{name}` is declared, and no forward reads it"
                shop.report.error("orphan", message, place, help="a weight that nothing reads would never be trained")


def mentions(node: object, name: str) -> bool:
    """Whether some forward below `node` says `name`."""
    if isinstance(node, ast.Name):
        return node.name == name
    if isinstance(node, tuple):
        return any(mentions(each, name) for each in node)
    if isinstance(node, ast.Block):
        return any(
            mentions(each, name) for each in node.body if isinstance(each, ast.Forward | ast.DeclIf | ast.DeclFor)
        )
    if isinstance(node, ast.LayerDecl) or not hasattr(node, "__dataclass_fields__"):
        return False
    return any(mentions(getattr(node, each), name) for each in node.__dataclass_fields__)


def _unfolded(shop: Shop) -> None:
    for edit in shop.folds:
        if isinstance(edit, FoldEdit) and not any(edit.span == used.span for used in shop.folded):
            message = f"`{edit.target}` is not applied in that way: a fold repeats what `forward` applies"
            shop.report.error("fold-nothing", message, edit.span)


def check_block(scope: Scope, target: Definition, arguments: Mapping[str, Value]) -> list[Diagnostic]:
    """The mistakes in a block that no model uses. Users know which inputs they give, so both ways are tried."""
    found = elaborate(scope, target, arguments, presence=True)[1]
    return found + elaborate(scope, target, arguments, presence=False)[1]
