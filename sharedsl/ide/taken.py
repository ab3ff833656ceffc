"""Whether a name can be had: nothing in reach has it, and it would hide nothing and be hidden by nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.ide.document import Chunk
from sharedsl.ide.mentions import in_view, views
from sharedsl.ide.paths import parameters_of
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.layers import LAYERS
from sharedsl.ops import OPS

_ITEMS = ("model", "block", "function", "extern")
_INSIDE = ("layer", "weight", "buffer", "state", "parameter", "input", "local", "size", "forward", "stage")
#: what stands for itself where nothing else of that name is in reach
_BUILT_IN = ("primitive", "operation")


def taken(workspace: Workspace, view: View, found: Occurrence, name: str) -> str:
    """Why a symbol cannot have a name; empty where it can."""
    symbol = found.symbol
    for each in views(workspace, view, symbol):
        why = _item_name(each, symbol, name) if symbol.kind not in _INSIDE else ""
        for chunk in each.document.chunks if not why else ():
            mine = [one for one in each.names(chunk) if symbol in one.symbols] if symbol.name in chunk.words else []
            if mine and name in chunk.words:
                why = why or _in_item(each, chunk, symbol, name)
        if why:
            return why
    return _of_plans(view, symbol, name) if symbol.kind == "parameter" else ""


def _item_name(view: View, symbol: Symbol, name: str) -> str:
    """The names at the left edge, of the file that declares it and of those that import it."""
    file = view.analysis.scope.files.get(view.path)
    if file is None:
        return ""
    if symbol.kind in _ITEMS and (name in file.names or name in LAYERS or name in OPS):
        return f"there is a `{name}` already" + (f" in {view.path}" if view.path != symbol.path else "")
    if symbol.kind == "build" and name in file.builds:
        return f"there is a build `{name}` already"
    if symbol.kind == "plan" and (symbol.inside, name) in file.plans:
        return f"`{symbol.inside}` has a plan `{name}` already"
    return ""


def _in_item(view: View, chunk: Chunk, symbol: Symbol, name: str) -> str:
    """The names of one item that names the symbol."""
    item, own = item_of(symbol), {one.name for one in chunk.items if hasattr(one, "name")}
    for place in view.names(chunk):
        for each in place.symbols if place.symbol.name == name else ():
            if symbol.kind in _ITEMS:
                if item_of(each) in own and each.kind in _INSIDE:
                    return f"`{item_of(each)}` has a `{name}`, which would hide it"
            elif symbol.kind not in _INSIDE or (symbol.kind == "stage") != (each.kind == "stage"):
                continue
            elif item in own and each.kind in (*_BUILT_IN, *_ITEMS):
                return f"`{item}` uses the {each.kind} `{name}`, which this would hide"
            elif each.path and item_of(each) == item and _meet(view, symbol, each):
                return f"`{item}` has a `{name}` already"
            elif not _plain(view, chunk) or not each.path or each.kind not in _INSIDE:
                continue
            elif symbol.kind == "parameter" and item not in own and item_of(each) in own:
                return f"`{item_of(each)}` has a `{name}`, which would hide it"
            elif item in own and place.trail in ("", name):
                return f"`{item}` speaks of the {each.kind} `{name}` of `{item_of(each)}`, which this would hide"
    return ""


def _plain(view: View, chunk: Chunk) -> bool:
    """Whether an item is a plan, in which a model's names stand beside the plan's own."""
    return any(each.symbol.kind == "plan" and each.declares for each in view.names(chunk))


def _of_plans(view: View, symbol: Symbol, name: str) -> str:
    """`test (..)` and `budget` lines give the parameters of a model and of its plans by name, in one list."""
    scope = view.analysis.scope
    for (model, plan), each in scope.main.plans.items():
        definition = scope.model(model)
        params = parameters_of(definition) if definition is not None else {}
        own = {one.name for one in each.plan.params}
        if symbol.inside == plan and symbol.name in own and name in params:
            return f"`{model}` has a parameter `{name}` already"
        if definition is not None and params.get(symbol.name, (None,))[0] == symbol and name in own:
            return f"the plan `{plan}` has a parameter `{name}` already"
    return ""


def item_of(symbol: Symbol) -> str:
    """The model, block, function or plan that a symbol belongs to; empty for these themselves."""
    return symbol.inside.split(".")[0].split(":")[0] if symbol.kind != "plan" else ""


def _meet(view: View, one: Symbol, other: Symbol) -> bool:
    """Whether a place of their item may mean either of two names: not those of two forwards, or of two loops."""
    parts = [each.inside.split(":")[0] for each in (one, other)]
    if all("." in each for each in parts) and parts[0] != parts[1]:
        return False
    if ":" not in one.inside or ":" not in other.inside:
        return True
    first, second = (list(_places(view, symbol)) for symbol in (one, other))
    return min(first) <= max(second) and min(second) <= max(first)


def _places(view: View, symbol: Symbol) -> Iterator[int]:
    return (each.span.start for each in in_view(view, symbol))
