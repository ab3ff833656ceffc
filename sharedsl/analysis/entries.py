"""The run-time sizes of a model's entry points: names of each one's own, and one name where two mean the same.

Layers are read for inputs of given shapes, whose sizes are the entry point's. Where a second entry point applies a
layer to what a first one did but for the names, its sizes take the first one's names: the layer is read once for both.
"""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.analysis.inputs import is_runtime_name
from sharedsl.analysis.shop import Draft, Inferred, Shop
from sharedsl.model import poly, sizes
from sharedsl.model.poly import Poly
from sharedsl.model.sizes import Size
from sharedsl.syntax import ast


def enter(shop: Shop, draft: Draft, forward: ast.Forward) -> None:
    """From here on, sizes are those of this forward."""
    shop.earlier |= shop.own
    shop.entry, shop.settled = forward.name, set()
    shop.own = {str(size.ground) for size in bound_sizes(shop, draft, forward).values()}


def bound_sizes(shop: Shop, draft: Draft, forward: ast.Forward) -> dict[str, Size]:
    """What the inputs of an entry point bind when the module runs, by its own names."""
    names: dict[str, None] = {}
    for one in forward.inputs:
        if one.type.base == "int" and one.type.dims is None:
            names[one.name] = None
        lone = [dim.value.name for dim in one.type.dims or () if isinstance(dim.value, ast.Name)]
        names |= dict.fromkeys(name for name in lone if is_runtime_name(name, draft.names))
    return {name: entry_size(shop, name) for name in names}


def entry_size(shop: Shop, name: str) -> Size:
    """A run-time size of the entry point that is being read."""
    known = shop.inferred.get((shop.entry, name))
    return sizes.runtime(name) if known is None else Size(known.ground, known.formula, sizes.named(name))


def settle(shop: Shop, key: tuple[object, ...]) -> None:
    """What was read for an earlier entry point fits as it is: the sizes in it keep their names."""
    if shop.earlier:
        shop.settled |= _names(key)


def adopt(shop: Shop, key: tuple[object, ...], known: Iterable[object]) -> None:
    """Raises Inferred where an earlier entry point had this read, and only the names of sizes are others."""
    if not shop.earlier:
        return
    taken = {name for entry, name in shop.inferred if entry == shop.entry} | shop.free.get(shop.entry, set())
    own = shop.own - shop.settled - taken
    for other in known if own else ():
        pairs: dict[str, str] = {}
        if not _pair(key, other, own, pairs):
            continue
        new = {name: each for name, each in pairs.items() if name != each}
        to = set(new.values())
        apart = len(to) == len(new) and to <= shop.earlier and not to & (shop.own - new.keys())
        if new and apart and _renamed(key, {name: poly.name(each) for name, each in new.items()}) == other:
            raise Inferred({(shop.entry, name): sizes.runtime(each) for name, each in new.items()})


def _names(key: object) -> frozenset[str]:
    if isinstance(key, tuple):
        return frozenset().union(*map(_names, key))
    return key.names() if isinstance(key, Poly) else frozenset()


def _pair(one: object, other: object, own: set[str], pairs: dict[str, str]) -> bool:
    """Whether two keys may be one; `pairs` are the names that stand in the same places."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_pair(a, b, own, pairs) for a, b in zip(one, other, strict=True))
    if isinstance(one, Poly) and isinstance(other, Poly):
        name = str(one)
        if name not in own:
            return True
        return pairs.setdefault(name, str(other)) == str(other)
    return one == other


def _renamed(key: object, env: dict[str, Poly]) -> object:
    if isinstance(key, tuple):
        return tuple(_renamed(each, env) for each in key)
    return key.substitute(env) if isinstance(key, Poly) else key
