"""Makes units: a block, primitive or extern layer with its arguments bound. Equal ones are made once."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.arguments import (
    Given,
    Parameter,
    Poisoned,
    bind,
    fingerprint,
    lifted,
    own_terms,
    parameters,
)
from sharedsl.analysis.declare import Declarer
from sharedsl.analysis.inits import apply_inits
from sharedsl.analysis.inserting import insert
from sharedsl.analysis.scope import Definition
from sharedsl.analysis.shop import MAX_DEPTH, Draft, Shop
from sharedsl.layers import Layer
from sharedsl.model.folds import DataflowEdit, InsertEdit
from sharedsl.model.sizes import Value
from sharedsl.model.tree import Unit
from sharedsl.source import Span
from sharedsl.syntax import ast


def make_unit(
    shop: Shop, target: Definition | Layer, args: list[Given], span: Span, folds: tuple[DataflowEdit, ...] = ()
) -> tuple[Draft, dict[str, Value]]:
    """The unit and its arguments in the caller's terms; `folds` are those inside it.

    Raises Poisoned where something is wrong (reported).
    """
    if isinstance(target, Layer):
        return _primitive(shop, target, args, span)
    item = target.item
    assert not isinstance(item, ast.Function)
    what = f"`{item.name}`"
    params = parameters(item.params, shop.names({}, target.home), shop.report)
    values = bind(params, args, what, span, shop.report)
    key = (id(target), tuple((name, fingerprint(value)) for name, value in values.items()), folds)
    _refuse_recursion(shop, target, span)
    if key not in shop.units:
        shop.units[key] = None
        shop.inside.append(target)
        try:
            shop.units[key] = declared_unit(shop, target, own_terms(values), span, folds)
        finally:
            shop.inside.pop()
    draft = shop.units[key]
    if draft is None:
        raise Poisoned
    return draft, values


def declared_unit(
    shop: Shop,
    target: Definition,
    names: Mapping[str, Value],
    via: Span,
    folds: tuple[DataflowEdit, ...] = (),
    root: bool = False,
) -> Draft:
    """A new unit of a block, model or extern layer; `names` are its parameters in its own terms."""
    item = target.item
    assert not isinstance(item, ast.Function)
    kind = "extern" if isinstance(item, ast.Extern) else item.kind
    module = item.module if isinstance(item, ast.Extern) else None
    unit = Unit(item.name, kind, dict(names), doc=item.doc, module=module, span=item.name_span)
    draft = Draft(unit, target.home, item, names=names, folds=folds)
    shop.drafts[id(unit)] = draft
    maker = Declarer(shop, draft, target.home, lambda *made: make_unit(shop, *made), via)
    maker.run(item.body, names)
    for edit in folds:
        if isinstance(edit, InsertEdit) and not edit.parent:
            insert(shop, draft, edit, lambda *made: make_unit(shop, *made))
    if not root and draft.inits:
        apply_inits(shop, draft)
    return draft


def _refuse_recursion(shop: Shop, target: Definition, span: Span) -> None:
    if target in shop.inside:
        names = [each.name for each in shop.inside[shop.inside.index(target) :]] + [target.name]
        chain = " contains ".join(f"`{name}`" for name in names)
        shop.report.error("recursive-block", f"a block cannot contain itself: {chain}", span)
        raise Poisoned
    if len(shop.inside) >= MAX_DEPTH:
        shop.report.error("nesting-too-deep", f"blocks are nested more than {MAX_DEPTH} deep here", span)
        raise Poisoned


# ---------------------------------------------------------------------------- primitives


def _primitive(shop: Shop, layer: Layer, args: list[Given], span: Span) -> tuple[Draft, dict[str, Value]]:
    values = bind(_layer_parameters(layer), args, f"`{layer.name}`", span, shop.report)
    key = (layer.name, tuple((name, fingerprint(value)) for name, value in values.items()))
    if key not in shop.units:
        shop.units[key] = None
        problem = layer.check(values)
        if problem is not None:
            shop.report.error("bad-size", f"`{layer.name}`: {problem}", span)
            raise Poisoned
        names = own_terms(values)
        unit = Unit(layer.name, "primitive", names, doc=layer.doc, span=span)
        unit.weights = {spec.name: spec for spec in layer.weights(names)}
        unit.buffers = {spec.name: spec for spec in layer.buffers(names)}
        shop.units[key] = shop.drafts[id(unit)] = Draft(unit, layer=layer, names=names)
    draft = shop.units[key]
    if draft is None:
        raise Poisoned
    return draft, values


_PARAMETERS: dict[str, tuple[Parameter, ...]] = {}


def _layer_parameters(layer: Layer) -> tuple[Parameter, ...]:
    """A primitive's parameters in the form that `bind` takes."""
    found = _PARAMETERS.get(layer.name)
    if found is None:
        found = tuple(_parameter(one.name, one.kind, one.required, one.default) for one in layer.params)
        _PARAMETERS[layer.name] = found
    return found


def _parameter(name: str, kind: str, required: bool, default: object) -> Parameter:
    if required:
        return Parameter(name, kind, None)
    value = lifted(default)
    return Parameter(name, kind, lambda before: value, optional=default is None)
