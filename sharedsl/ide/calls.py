"""The call that a place is in: who is called, and which argument stands there. For signature help and completion."""

from __future__ import annotations

from sharedsl.ide import docs
from sharedsl.ide.docs import Callee
from sharedsl.ide.paths import homes_of
from sharedsl.ide.symbols import Home, members, primitive_of
from sharedsl.ide.view import View
from sharedsl.layers import LAYERS
from sharedsl.record import dataclass
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import CLOSING, OPENING, Token


@dataclass(frozen=True, slots=True)
class Call:
    """`active` is the parameter that the argument at the place is for; `given` are those named already."""

    callee: Callee
    active: int | None
    given: frozenset[str]


def call_at(view: View, offset: int) -> Call | None:
    """The innermost call whose parentheses a place is in."""
    chunk = view.chunk_at(offset)
    if chunk is None:
        return None
    tokens = [token for token in view.tokens(chunk, offset) if token.end <= offset]
    opened = _open(tokens)
    while opened:
        at = opened.pop()
        if tokens[at].type == "LPAR" and at:
            callee = _callee(view, tokens[:at], offset)
            if callee is not None:
                return _call(callee, tokens[at + 1 :])
    return None


def _open(tokens: list[Token]) -> list[int]:
    """The brackets that are not closed."""
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.type in OPENING:
            opened.append(at)
        elif token.type in CLOSING and opened:
            opened.pop()
    return opened


def _call(callee: Callee, tokens: list[Token]) -> Call:
    depth, position, first = 0, 0, None
    given: list[str] = []
    label: str | None = None
    for at, token in enumerate(tokens):
        if token.type in OPENING:
            depth += 1
        elif token.type in CLOSING:
            depth -= 1
        elif depth == 0 and token.type == "COMMA":
            position, label = position + 1, None
        elif depth == 0 and token.type == "EQUAL" and at and tokens[at - 1].type == "NAME":
            label = tokens[at - 1].text
            given.append(label)
    names = [one.name for one in callee.params]
    first = names.index(label) if label in names else position if label is None and position < len(names) else None
    return Call(callee, first, frozenset(given))


def _callee(view: View, before: list[Token], offset: int) -> Callee | None:
    """What stands before the opening parenthesis."""
    chain = chain_before(before)
    if not chain:
        word = before[-1].text
        if word == "test":
            return _test(view, offset)
        return None
    name = chain[-1]
    item = view.item_at(offset)
    if len(chain) == 1:
        own = _own(view, item, name, before)
        if own is not None:
            return own
        definition = view.analysis.scope.main.names.get(name)
        if definition is not None:
            return docs.definition_call(definition) if not _declares(before) else None
        return docs.built_in(name)
    if isinstance(item, ast.Block):
        owner = view.analysis.scope.main.names.get(item.name)
        for home in homes_of(chain[:-1], owner, view.analysis.scope.files):
            found = _member(view, home, name)
            if found is not None:
                return found
    return None


def _declares(before: list[Token]) -> bool:
    """`model Name(` has no arguments but parameters."""
    return len(before) > 1 and before[-2].text in ("model", "block", "function", "sharing", "layer")


def chain_before(tokens: list[Token]) -> list[str]:
    """`a.b[0].c` at the end of some tokens, as names."""
    chain: list[str] = []
    at = len(tokens) - 1
    while at >= 0:
        at = _without_subs(tokens, at)
        if at < 0 or tokens[at].type != "NAME":
            break
        chain.insert(0, tokens[at].text)
        if at < 2 or tokens[at - 1].type != "DOT":
            break
        at -= 2
    return chain


def _without_subs(tokens: list[Token], at: int) -> int:
    """Before `[..]` and `@n`."""
    while at >= 0 and tokens[at].type in ("RSQB", "APP"):
        if tokens[at].type == "APP":
            at -= 1
            continue
        depth = 0
        while at >= 0:
            depth += {"RSQB": 1, "LSQB": -1}.get(tokens[at].type, 0)
            at -= 1
            if depth == 0:
                break
    return at


def _own(view: View, item: ast.Item | None, name: str, before: list[Token]) -> Callee | None:
    """A member of the block, a plan after `with`, or a part of a relation."""
    if isinstance(item, ast.Block | ast.Extern):
        owner = view.analysis.scope.main.names.get(item.name)
        return _member(view, owner, name) if owner is not None else None
    if isinstance(item, ast.Build | ast.Plan):
        plan = view.analysis.scope.plan(item.model, name)
        if plan is not None:
            return Callee(name, docs.params_of(plan.plan.params), plan.plan.doc)
        if isinstance(item, ast.Plan) and name in docs.PARTS:
            return part(name)
    return None


def part(name: str) -> Callee:
    """A private part's arguments."""
    from sharedsl.sharing.private import ADAPTATIONS, PARTS

    names = {**PARTS, **ADAPTATIONS, "adapter": ("width",)}.get(name, ())
    return Callee(name, tuple(docs.Parameter(each, each) for each in names), docs.PARTS[name])


def _member(view: View, home: Home, name: str) -> Callee | None:
    """A layer that is applied, or another forward."""
    if not isinstance(home.item, ast.Block | ast.Extern):
        return None
    member = members(home.item).get(name)
    if isinstance(member, ast.Forward):
        return docs.forward_call(name, member, "")
    if not isinstance(member, ast.LayerDecl):
        return None
    for inner in homes_of([name], home, view.analysis.scope.files):
        if isinstance(inner.item, ast.Block | ast.Extern):
            forward = next((each for each in inner.item.body if isinstance(each, ast.Forward)), None)
            if forward is not None:
                return docs.forward_call(name, forward, inner.item.doc)
    primitive = primitive_of(member)
    if primitive is None:
        return None
    layer = LAYERS[primitive]
    params = tuple(docs.Parameter(each.name, each.name + (" = none" if each.optional else "")) for each in layer.inputs)
    return Callee(name, params, layer.doc)


def _test(view: View, offset: int) -> Callee | None:
    item = view.item_at(offset)
    model = view.analysis.scope.model(item.model) if isinstance(item, ast.Build) else None
    params = getattr(model.item, "params", ()) if model is not None else ()
    return Callee("test", docs.params_of(params), "The small sizes at which the build is verified.") if params else None
