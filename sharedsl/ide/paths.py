"""Paths through blocks: where a chain of layers or a selector leads."""

from __future__ import annotations

from sharedsl.analysis.scope import Definition, FileScope
from sharedsl.ide.symbols import (
    Home,
    Member,
    Symbol,
    blocks_of,
    member_kind,
    member_place,
    members,
    named,
    word_at,
)
from sharedsl.source import Span
from sharedsl.syntax import ast

Found = tuple[Symbol, Span | None]


def symbol_of(definition: Definition) -> Found:
    item = definition.item
    kind = item.kind if isinstance(item, ast.Block) else "function" if isinstance(item, ast.Function) else "extern"
    return Symbol(kind, item.name, definition.home.path), item.name_span


def parameters_of(definition: Definition) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for one in getattr(definition.item, "params", ()):
        symbol = Symbol("parameter", one.name, definition.home.path, definition.name)
        found[one.name] = (symbol, named(one.span, one.name))
    return found


def inputs_of(definition: Definition, forward: ast.Forward | ast.Function | None) -> dict[str, Found]:
    """The inputs of a block's forward, or of a function, by name."""
    name = "" if isinstance(forward, ast.Function) or forward is None else f".{forward.name or 'forward'}"
    found: dict[str, Found] = {}
    for one in forward.inputs if forward is not None else ():
        symbol = Symbol("input", one.name, definition.home.path, f"{definition.name}{name}")
        found[one.name] = (symbol, named(one.span, one.name))
    return found


def members_of(home: Home) -> dict[str, Member]:
    return members(home.item) if isinstance(home.item, ast.Block | ast.Extern) else {}


def member_of(home: Home, name: str) -> Found | None:
    member = members_of(home).get(name)
    if member is None:
        return None
    place = member_place(member, home.home.source.text)
    return Symbol(member_kind(member), name, home.home.path, home.name), place


def state_sizes(home: Home) -> dict[str, Found]:
    """Run-time sizes that a block's states name: they mean the same in all of its forwards."""
    params, found = parameters_of(home), dict[str, Found]()
    for state in members_of(home).values():
        for dim in (state.type.dims or ()) if isinstance(state, ast.StateDecl) else ():
            name = dim.value.name if isinstance(dim.value, ast.Name) else ""
            if name[:1].isupper() and name not in params:
                found.setdefault(name, (Symbol("size", name, home.home.path, home.name), dim.span))
    return found


def main_forward(home: Home) -> ast.Forward | None:
    """The forward without a name."""
    body = home.item.body if isinstance(home.item, ast.Block) else ()
    return next((each for each in body if isinstance(each, ast.Forward) and each.name is None), None)


def value_of(home: Home, name: str) -> Found | None:
    """A value that a forward of a block assigns, as `reuse attn.weights` names it."""
    body = home.item.body if isinstance(home.item, ast.Block) else ()
    for forward in (each for each in body if isinstance(each, ast.Forward)):
        todo: list[ast.Statement] = list(forward.body or ())
        while todo:
            each = todo.pop(0)
            if isinstance(each, ast.Assign) and name in each.targets:
                inside = f"{home.name}.{forward.name or 'forward'}"
                span = word_at(home.home.source.text, name, each.span.start, each.span.end, each.span.path)
                return Symbol("local", name, home.home.path, inside), span
            todo += (*getattr(each, "body", ()), *getattr(each, "then", ()), *getattr(each, "other", ()))
    return None


def values_of(home: Home) -> list[str]:
    """The names that the forwards of a block assign, which `reuse` can hand on."""
    body = home.item.body if isinstance(home.item, ast.Block) else ()
    found: dict[str, None] = {}
    todo: list[object] = [each for forward in body if isinstance(forward, ast.Forward) for each in forward.body or ()]
    while todo:
        each = todo.pop(0)
        if isinstance(each, ast.Assign):
            found |= dict.fromkeys(each.targets)
        todo += (*getattr(each, "body", ()), *getattr(each, "then", ()), *getattr(each, "other", ()))
    return list(found)


def homes_of(chain: list[str], owner: Home | None, files: dict[str, FileScope]) -> list[Home]:
    """The blocks that a path of layers leads to."""
    homes = [owner] if owner is not None else []
    for name in chain:
        homes = step(name, homes, files)
    return homes


def step(name: str, homes: list[Home], files: dict[str, FileScope]) -> list[Home]:
    """One step further: into a layer, into all of them (`*`), or anywhere below (`**`)."""
    found: list[Home] = []
    todo = list(homes)
    while todo:
        home = todo.pop(0)
        for key, member in members_of(home).items():
            if name in ("*", "**", key):
                for each in blocks_of(member, home, files):
                    if each not in found:
                        found.append(each)
                        todo += [each] if name == "**" else []
    return [*homes, *found] if name == "**" else found


def selected(segments: tuple[ast.Segment, ...], homes: list[Home], files: dict[str, FileScope]) -> list[Home]:
    """The blocks that a selector names."""
    for segment in segments:
        if segment.alternatives:
            homes = [home for each in segment.alternatives for home in selected(each.segments, homes, files)]
        else:
            homes = step(segment.name, homes, files)
    return homes


def axes_named(member: Member) -> set[str]:
    """The axes that are called by the lone name of their size: of a weight, or of a layer made with a list of sizes."""
    if isinstance(member, ast.WeightDecl):
        dims = (*member.outs, *(member.ins or ()))
        return {dim.value.name for dim in dims if isinstance(dim.value, ast.Name) and not dim.label}
    found: set[str] = set()
    todo: list[object] = [member.value] if isinstance(member, ast.LayerDecl) else []
    while todo:
        match todo.pop():
            case ast.Call(args=args):
                todo += [each.value for each in args]
            case ast.List(items=items, labels=labels):
                pairs = zip(items, labels or (None,) * len(items), strict=True)
                found |= {each.name for each, label in pairs if isinstance(each, ast.Name) and label is None}
            case ast.Binary(left=left):
                todo.append(left)
            case _:
                pass
    return found


def axis_parameters(axis: str, members: list[tuple[Home, str]]) -> list[Found]:
    """The parameters of blocks that give an axis of the named members its size and its name."""
    found: list[Found] = []
    for home, name in members:
        own = members_of(home)
        chosen = own.values() if name in ("*", "**") else [own[name]] if name in own else []
        if axis in parameters_of(home) and any(axis in axes_named(each) for each in chosen):
            found.append(parameters_of(home)[axis])
    return found


def passed(segments: tuple[ast.Segment, ...], homes: list[Home], files: dict[str, FileScope]) -> list[tuple[Home, str]]:
    """The members that a selector goes through, each with the block that declares it."""
    found: list[tuple[Home, str]] = []
    for at, segment in enumerate(segments):
        if segment.alternatives:
            rest = segments[at + 1 :]
            paths = [(*one.segments, *rest) for one in segment.alternatives]
            return found + [each for path in paths for each in passed(path, homes, files)]
        found += [(home, segment.name) for home in homes]
        homes = step(segment.name, homes, files)
    return found
