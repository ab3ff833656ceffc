"""A second look at a file with errors: names that the checks did not come to, for what stands before them was wrong.

A wrong line silences what depends on it: the rest of a call, the builds of a model. But whether a name exists does not
depend on values, so it can be told from the text alone, and a user need not mend one mistake to hear of the next.
Nothing is said here of a file without errors, and nothing that is only a guess: a selector's word is wrong if no block
in reach has it and one has nearly it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import cast

from sharedsl.analysis.budget.quantities import QUANTITIES, quantity_span
from sharedsl.analysis.calling import WORDS as APPLIED
from sharedsl.analysis.echoes import IMPORTS
from sharedsl.analysis.expressions import WORDS
from sharedsl.analysis.names import unknown
from sharedsl.analysis.scope import Scope
from sharedsl.comptime.builtins import FUNCTIONS
from sharedsl.comptime.evaluate import CONSTANTS
from sharedsl.diagnostics import Diagnostic, error
from sharedsl.diagnostics.nearest import distance, nearest
from sharedsl.layers import LAYERS
from sharedsl.ops import OPS
from sharedsl.sharing.building import CALLS
from sharedsl.sharing.select import NUMBERED, PARTS
from sharedsl.source import Span
from sharedsl.syntax import ast

#: what values and inputs may be
DTYPES = ("float", "int", "bool")
_KINDS = (*DTYPES, "function", "layer", "list", "str")
_BUILT_IN = frozenset((*CONSTANTS, *WORDS, *APPLIED, *FUNCTIONS, *OPS, *LAYERS))


#: an item, the file's scope, and the names of all members in reach -> what is wrong with the item's names
Look = Callable[[ast.Item, Scope, frozenset[str]], Iterable[Diagnostic]]


def look_again(scope: Scope, found: Sequence[Diagnostic], look: Look | None = None) -> list[Diagnostic]:
    """What the names of the main file say that `found` does not. An editor's `look` remembers what `look_at` says."""
    said = {each.span for each in found}
    members, look = all_members(scope), look or look_at
    # where an import failed, what a selector names may have come with it
    whole = not any(each.code in IMPORTS for each in found)
    items = [item for item in scope.main.file.items if whole or not isinstance(item, ast.Plan)]
    looks: Iterator[Diagnostic] = (each for item in items for each in look(item, scope, members))
    return [each for each in looks if each.span not in said]


def look_at(item: ast.Item, scope: Scope, reach: frozenset[str]) -> Iterator[Diagnostic]:
    match item:
        case ast.Block():
            members = {*(param.name for param in item.params), *_members(item.body)}
            yield from _declarations(item, members, scope)
            layers = dict(_layers(item.body))
            for forward in _forwards(item.body):
                yield from _body(forward.inputs, forward.body or (), members, scope, layers)
        case ast.Function():
            yield from _body(item.inputs, item.body, set(), scope, {})
        case ast.Plan():
            yield from _plan_refs(item.model, item.extends, scope, item.name)
            yield from _plan(item, scope, reach)
        case ast.Build():
            yield from _plan_refs(item.model, item.plans, scope)
            in_reach = scope.main.known.keys() | _BUILT_IN
            for name in _free(tuple(arg.value for arg in item.args), set(in_reach)):
                yield unknown("unknown-name", f"nothing here is called `{name.name}`", name.name, name.span, in_reach)
            for line in item.body:
                if isinstance(line, ast.BudgetLine) and line.quantity not in QUANTITIES:
                    message = f"there is no budget for `{line.quantity}`"
                    yield unknown("budget-unknown", message, line.quantity, quantity_span(line), QUANTITIES)


def _members(body: Iterable[object]) -> Iterator[str]:
    """What the declarations of a block call things, those in conditions and loops too."""
    for each in body:
        match each:
            case ast.LayerDecl() | ast.WeightDecl() | ast.BufferDecl():
                yield each.name
            case ast.StateDecl():
                yield each.name
                yield from _sizes(each.type)
            case ast.Forward() if each.name:
                yield each.name
            case ast.DeclIf():
                yield from _members((*each.then, *each.other))
            case ast.DeclFor():
                yield each.name
                yield from _members(each.body)


def _forwards(body: Iterable[object]) -> Iterator[ast.Forward]:
    for each in body:
        match each:
            case ast.Forward():
                yield each
            case ast.DeclIf():
                yield from _forwards((*each.then, *each.other))
            case ast.DeclFor():
                yield from _forwards(each.body)


def _sizes(type: ast.Type) -> Iterator[str]:
    """The names that a type gives to run-time sizes."""
    for dim in type.dims or ():
        if dim.value is not None:
            yield from (each.name for each in _names(dim.value) if each.name[:1].isupper())


def _layers(body: Iterable[object]) -> Iterator[tuple[str, str]]:
    """Of each layer that is declared, which one it is."""
    for each in body:
        match each:
            case ast.LayerDecl():
                value = each.value
                while isinstance(value, ast.Binary):
                    value = value.left
                if isinstance(value, ast.Call) and isinstance(value.function, ast.Name):
                    yield each.name, value.function.name
            case ast.DeclIf():
                yield from _layers((*each.then, *each.other))
            case ast.DeclFor():
                yield from _layers(each.body)


def _free(node: object, known: set[str]) -> Iterator[ast.Name]:
    """The names below that are not known and that no comprehension binds."""
    bound = {name for each in _inside(node) if isinstance(each, ast.Comprehension) for name in each.names}
    return (each for each in _names(node) if each.name not in known and each.name not in bound)


def _declarations(item: ast.Block, members: set[str], scope: Scope) -> Iterator[Diagnostic]:
    """The names in what a block's layers and weights are made of, and the words for number formats."""
    in_reach = members | scope.main.known.keys() | _BUILT_IN
    in_reach |= {each.variable for each in _inside(item.body) if isinstance(each, ast.LayerDecl) and each.variable}
    for each in _inside(item.body):
        match each:
            case ast.LayerDecl():
                kinds = {id(call.function) for call in _inside(each.value) if isinstance(call, ast.Call)}
                for name in _free(each.value, in_reach):
                    if id(name) in kinds:
                        message = f"no layer or block is called `{name.name}`"
                        yield unknown("unknown-layer", message, name.name, name.span, scope.main.known)
                    else:
                        yield unknown("unknown-name", _nothing(name), name.name, name.span, in_reach)
            case ast.WeightDecl():
                for name in _free((each.outs, each.ins), in_reach):
                    yield unknown("unknown-name", _nothing(name), name.name, name.span, in_reach)
            case ast.Type() if each.base not in _KINDS:
                place = Span(each.span.path, each.span.start, each.span.start + len(each.base))
                yield unknown("unknown-dtype", f"no values are `{each.base}`", each.base, place, DTYPES)


def _nothing(name: ast.Name) -> str:
    return f"nothing here is called `{name.name}`"


# ---------------------------------------------------------------------------- forwards


def _body(
    inputs: Sequence[ast.Input],
    body: Sequence[ast.Statement],
    members: set[str],
    scope: Scope,
    layers: Mapping[str, str],
) -> Iterator[Diagnostic]:
    """The names in a body that nothing in reach has, wherever in the body it gets its value."""
    known = {*members, *(one.name for one in inputs), *(size for one in inputs for size in _sizes(one.type))}
    known |= {name for each in _inside(body) for name in _bound(each)}
    in_reach = known | scope.main.known.keys()
    for each in _inside(body):
        if isinstance(each, ast.Name) and each.name not in in_reach and each.name not in _BUILT_IN:
            yield unknown("unknown-name", f"nothing here is called `{each.name}`", each.name, each.span, in_reach)
        elif isinstance(each, ast.Call) and isinstance(each.function, ast.Name):
            name = each.function.name
            if name in layers:
                yield from _inputs(each, name, layers[name], scope)
            elif name not in known:
                yield from _arguments(each, name)


def _bound(node: object) -> Iterator[str]:
    match node:
        case ast.Assign():
            yield from node.targets
        case ast.For() | ast.Comprehension():
            yield from node.names


def _arguments(call: ast.Call, name: str) -> Iterator[Diagnostic]:
    """Named arguments that an operation does not take."""
    op = OPS.get(name)
    if op is None or any(param.kind == "names" for param in op.params):
        return
    names = [param.name for param in op.params]
    for arg in call.args:
        if arg.name is not None and arg.name not in names:
            place = Span(arg.span.path, arg.span.start, arg.span.start + len(arg.name))
            yield unknown("unknown-argument", f"`{name}` has no argument `{arg.name}`", arg.name, place, names)


def _inputs(call: ast.Call, name: str, kind: str, scope: Scope) -> Iterator[Diagnostic]:
    """Arguments that a layer's forward has no inputs for."""
    block = scope.main.names.get(kind)
    if block is None and kind in LAYERS:
        names = [one.name for one in LAYERS[kind].inputs]
    elif block is not None and isinstance(block.item, ast.Block):
        main = [each for each in block.item.body if isinstance(each, ast.Forward) and each.name is None]
        if len(main) != 1:
            return
        names = [one.name for one in main[0].inputs]
    else:
        return
    for at, arg in enumerate(call.args):
        if arg.name is not None and arg.name not in names:
            place = Span(arg.span.path, arg.span.start, arg.span.start + len(arg.name))
            yield unknown("unknown-argument", f"`{name}` has no input `{arg.name}`", arg.name, place, names)
        elif arg.name is None and at >= len(names):
            takes = f"{len(names)} input{'s' if len(names) != 1 else ''}"
            yield error("wrong-count", f"`{name}` takes {takes}, and this is number {at + 1}", arg.span)
            return


def _inside(node: object) -> Iterator[object]:
    """Every node below, and itself, in the text's order."""
    todo = [node]
    while todo:
        each = todo.pop()
        if type(each) is tuple:
            todo += each[::-1]
            continue
        fields = _fields(cast(Hashable, type(each)))
        if fields is not None:
            yield each
            todo += [getattr(each, name) for name in fields]


@cache
def _fields(kind: Hashable) -> tuple[str, ...] | None:
    """What nodes of a kind hold, the last first; None for what is no node, as a place or a text."""
    names = getattr(kind, "__dataclass_fields__", None)
    if names is None or kind is Span:
        return None
    return tuple(name for name in reversed(names) if not name.endswith("span"))


def _names(node: object) -> Iterator[ast.Name]:
    return (each for each in _inside(node) if isinstance(each, ast.Name))


# ---------------------------------------------------------------------------- plans


def _plan_refs(model: str, refs: Sequence[ast.PlanRef], scope: Scope, own: str = "") -> Iterator[Diagnostic]:
    names = dict.fromkeys((*scope.plans_of(model), *(name for _, name in scope.main.plans)))
    for ref in refs:
        if ref.name not in names:
            place = Span(ref.span.path, ref.span.start, ref.span.start + len(ref.name))
            others = [name for name in names if name != own]
            yield unknown("unknown-plan", f"there is no plan `{ref.name}`", ref.name, place, others)


def _plan(plan: ast.Plan, scope: Scope, reach: frozenset[str]) -> Iterator[Diagnostic]:
    """Words of selectors and expressions that are nobody's name and nearly somebody's."""
    nodes = list(_inside(plan.body))
    own = {param.name for param in plan.params}
    own |= {each.name for each in nodes if isinstance(each, ast.WeightDecl | ast.Part)}
    own |= {name for each in nodes if isinstance(each, ast.PlanFor | ast.Comprehension) for name in each.names}
    model = scope.model(plan.model)
    sizes = {param.name for param in model.item.params} if model and isinstance(model.item, ast.Block) else set()
    known = own | sizes | reach | _weights() | set(PARTS)
    in_reach = known | scope.main.known.keys() | _BUILT_IN
    called = {id(each.function) for each in nodes if isinstance(each, ast.Call)}
    for each in nodes:
        if isinstance(each, ast.Segment) and not each.alternatives and each.name.isidentifier():
            if each.name not in known and not NUMBERED.fullmatch(each.name):
                place = Span(each.span.path, each.span.start, each.span.start + len(each.name))
                yield from _if_nearly("no-site", f"nothing is called `{each.name}`", each.name, place, known)
        elif isinstance(each, ast.Name) and each.name not in in_reach:
            candidates: Iterable[str] = known
            if id(each) in called:
                # which forms there are is not known here
                candidates = [name for name in (*FUNCTIONS, *CALLS) if distance(name, each.name) == 1]
            message = f"nothing here is called `{each.name}`"
            yield from _if_nearly("unknown-name", message, each.name, each.span, candidates)


def _if_nearly(code: str, message: str, word: str, span: Span, known: Iterable[str]) -> Iterator[Diagnostic]:
    near = nearest(word, known)
    if near is not None:
        yield unknown(code, message, word, span, (near,))


def all_members(scope: Scope) -> frozenset[str]:
    """The members of every block in reach, and the axes of their weights."""
    blocks = [item for file in scope.files.values() for item in file.file.items if isinstance(item, ast.Block)]
    return frozenset().union(*map(_of_block, blocks))


#: of blocks that were asked about before, by identity: an editor keeps those that are not edited
_OF_BLOCK: dict[int, tuple[ast.Block, frozenset[str]]] = {}


def _of_block(block: ast.Block) -> frozenset[str]:
    known = _OF_BLOCK.get(id(block))
    if known is None or known[0] is not block:
        if len(_OF_BLOCK) > 2000:
            _OF_BLOCK.clear()
        found = {*_members(block.body), *(param.name for param in block.params)}
        found |= {each.name for each in _inside(block.body) if isinstance(each, ast.Name)}
        found |= {each.label for each in _inside(block.body) if isinstance(each, ast.Dim) and each.label}
        known = _OF_BLOCK[id(block)] = (block, frozenset(found))
    return known[1]


@cache
def _weights() -> frozenset[str]:
    """What the primitive layers call their weights and their axes."""
    names: tuple[str, ...] = ("weight", "bias", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    names += ("running_mean", "running_var")
    names += ("inputs", "outputs", "height", "width", "depth", "channels", "gates")
    return frozenset((*names, *(param.name for layer in LAYERS.values() for param in layer.params)))
