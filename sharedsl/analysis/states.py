"""The states of a block: what they stand for at the start of a call, and how long the growing ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis.flow_values import V
from sharedsl.analysis.shop import Draft, Shop
from sharedsl.model import dataflow as d
from sharedsl.model import poly, sizes
from sharedsl.model.sizes import Real, Size
from sharedsl.model.tree import StateSpec

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def state_sizes(shop: Shop, draft: Draft) -> dict[str, Size]:
    """The sizes that a block's states bind, which the axes of its inputs may mention."""
    states = draft.unit.states.values()
    found = {spec.size_name: grown_size(shop, spec.size_name) for spec in states if spec.size_name is not None}
    for spec in states:
        if spec.type is None and isinstance(spec.value, Size):
            found[spec.name] = sizes.runtime(spec.name) if shop.incremental else spec.value
    return found


def grown_size(shop: Shop, name: str) -> Size:
    """How long a growing state is at the start of a call."""
    if not shop.incremental:
        return sizes.size(0)
    return Size(poly.name(shop.grown or name), poly.name(shop.grown or name), sizes.named(name))


def first_value(flow: Flow, name: str, spec: StateSpec) -> V:
    """What a state stands for at the start: what is kept, or its first value where nothing is."""
    incremental = flow.shop.incremental
    if spec.type is None:
        return sizes.runtime(name) if incremental else spec.value
    if spec.size_name is not None:
        flow.sizes[spec.size_name] = grown_size(flow.shop, spec.size_name)
    dims = tuple(flow.sizes.get(str(size), size) for size in spec.type.dims)
    spec.type = type = d.Tensor(spec.type.dtype, dims)
    if incremental:
        return d.Var(name, type, span=spec.span)
    if isinstance(spec.value, Size | Real) and spec.value.value:
        return d.Op("full", (), (("dims", dims), ("value", spec.value)), type, span=spec.span)
    return d.Op("zeros", (), (("dims", dims),), type, span=spec.span)
