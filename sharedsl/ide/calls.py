"""The call that a place is in: who is called, and which argument stands there. For signature help and completion."""

from __future__ import annotations

import re

from sharedsl.ide import docs, words
from sharedsl.ide.docs import Callee
from sharedsl.ide.paths import homes_of, main_forward
from sharedsl.ide.symbols import Home, members, primitive_of
from sharedsl.ide.view import View
from sharedsl.layers import LAYERS
from sharedsl.ops import OPS
from sharedsl.record import dataclass
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import CLOSING, OPENING, Token

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """`active` is the parameter that the argument at the place is for; `given` are those named already, `placed` is how
    many arguments without a name stand before it."""

    callee: Callee
    active: int | None
    given: frozenset[str]
    placed: int = 0


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
                return _call(callee, [*tokens[at + 1 :], *_named(view.tokens(chunk), offset)])
    return None


def _named(tokens: list[Token], offset: int) -> list[Token]:
    """The `=` of the argument whose name the place is in, with the rest of that name."""
    at = next((at for at, token in enumerate(tokens) if token.start <= offset <= token.end and token.type != "_NL"), -1)
    while 0 <= at < len(tokens) - 1 and tokens[at].end == offset and tokens[at].type in ("LPAR", "COMMA"):
        at += 1
    if 0 <= at < len(tokens) - 1 and tokens[at + 1].type == "EQUAL" and tokens[at].end >= offset >= tokens[at].start:
        return [*([tokens[at]] if tokens[at].end > offset else []), tokens[at + 1]]
    return []


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
        elif depth == 0 and token.type == "EQUAL" and at and _WORD.fullmatch(tokens[at - 1].text):
            label = tokens[at - 1].text
            given.append(label)
    names = [one.name for one in callee.params]
    many = next((at for at, one in enumerate(callee.params) if ".." in one.text and ": " not in one.text), len(names))
    place = min(position, many)
    first = names.index(label) if label in names else place if label is None and place < len(names) else None
    placed = position - len(given) if label is None else position + 1 - len(given)
    return Call(callee, first, frozenset(given), max(placed, 0))


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
        return _of_words(view, item, name, before) or docs.built_in(name)
    if isinstance(item, ast.Block):
        owner = view.analysis.scope.main.names.get(item.name)
        for home in homes_of(chain[:-1], owner, view.analysis.scope.files):
            found = _member(view, home, name)
            if found is not None:
                return found
    return None


def words_call(view: View, name: str, before: list[Token]) -> Callee | None:
    """What a name means that is called and is no layer, function or operation."""
    return _of_words(view, view.item_at(before[-1].start), name, before)


def _of_words(view: View, item: ast.Item | None, name: str, before: list[Token]) -> Callee | None:
    """What is no operation: initialisers, views of plans, forms, quantities, functions of the compiler."""
    if isinstance(item, ast.Build):
        if len(before) > 1 and before[-2].text == "budget":
            return _quantity(view, item, name)
        return None
    behind = before[-2].text if len(before) > 1 else ""
    if behind == "init" or (behind == "=" and _statement(before) == "init"):
        return docs.initialiser(name)
    if isinstance(item, ast.Plan):
        if behind in ("with", ",") and name in docs.PARTS:
            return part(name)
        table = words.FORMS if behind == "as" else words.VIEWS | words.COMPTIME
        return docs.word_call(name, table[name]) if name in table else None
    for table in (words.FORWARD, words.COMPTIME):
        if name in table and (table is words.FORWARD or name not in OPS):
            return docs.word_call(name, table[name])
    return None


def _statement(before: list[Token]) -> str:
    """The first word of the statement that some tokens end in."""
    at = len(before)
    while at and before[at - 1].type not in ("_NL", "LBRACE", "RBRACE"):
        at -= 1
    return before[at].text if at < len(before) else ""


def _quantity(view: View, item: ast.Build, name: str) -> Callee | None:
    """A quantity of a budget, with the run-time sizes that it may be asked for."""
    if name not in docs.QUANTITIES:
        return None
    asked = words.ASKED.get(name, ())
    model = view.analysis.scope.model(item.model)
    forward = main_forward(model) if model is not None and name not in words.ASKED else None
    sizes = [
        dim.value.name
        for one in (forward.inputs if forward is not None else ())
        for dim in one.type.dims or ()
        if isinstance(dim.value, ast.Name) and dim.value.name[:1].isupper()
    ]
    numbers = [one.name for one in (forward.inputs if forward is not None else ()) if one.type.dims is None]
    params = [docs.Parameter(each, words.DEFAULTS.get(each, each), words.ARGUMENTS.get(each, "")) for each in asked]
    params += [docs.Parameter(each, each, "a size that is known when the module runs") for each in dict.fromkeys(sizes)]
    params += [docs.Parameter(each, each, "an input") for each in numbers]
    return Callee(name, tuple(params), docs.QUANTITIES[name])


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
    if isinstance(item, ast.Build | ast.Plan) and before[-2:-1] and before[-2].text in ("with", ",", "extends"):
        plan = view.analysis.scope.plan(item.model, name)
        if plan is not None:
            return Callee(name, docs.params_of(plan.plan.params), plan.plan.doc)
        if isinstance(item, ast.Plan) and name in docs.PARTS and before[-2:-1] and before[-2].text in ("with", ","):
            return part(name)
    return None


def part(name: str) -> Callee:
    """A private part's arguments."""
    from sharedsl.sharing.private import ADAPTATIONS, PARTS

    names = {**PARTS, **ADAPTATIONS, "adapter": ("width",)}.get(name, ())
    params = tuple(
        docs.Parameter(each, words.DEFAULTS.get(each, each), words.ARGUMENTS.get(each, "")) for each in names
    )
    return Callee(name, params, docs.PARTS[name])


def _member(view: View, home: Home, name: str) -> Callee | None:
    """A layer that is applied, or another forward; a parameter that stands for a layer or a function."""
    if not isinstance(home.item, ast.Block | ast.Extern):
        return None
    for one in home.item.params:
        if one.name == name and one.kind in ("layer", "function") and isinstance(one.default, ast.Name):
            known = home.home.names.get(one.default.name)
            return docs.definition_call(known) if known is not None else docs.built_in(one.default.name)
    if isinstance(home.item, ast.Block):
        name = _stack(home.item, name)
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


def _stack(item: ast.Block, name: str) -> str:
    """The stack that a loop's name is from: `for norm, mlp in zip(norms, mlps)`; else the name."""
    todo: list[object] = [
        each for forward in item.body if isinstance(forward, ast.Forward) for each in forward.body or ()
    ]
    while todo:
        each = todo.pop(0)
        if isinstance(each, ast.For) and name in each.names:
            source = each.source
            if isinstance(source, ast.Call):  # zip, enumerate
                args = [one.value for one in source.args]
                source = args[min(each.names.index(name), len(args) - 1)] if args else source
            while isinstance(source, ast.Index):
                source = source.value
            if isinstance(source, ast.Name):
                return source.name
        todo += (*getattr(each, "body", ()), *getattr(each, "then", ()), *getattr(each, "other", ()))
    return name


def _test(view: View, offset: int) -> Callee | None:
    item = view.item_at(offset)
    if not isinstance(item, ast.Build):
        return None
    model = view.analysis.scope.model(item.model)
    plans = [view.analysis.scope.plan(item.model, ref.name) for ref in item.plans]
    params = tuple(getattr(model.item, "params", ())) if model is not None else ()
    params += tuple(one for each in plans if each is not None for one in each.plan.params)
    return Callee("test", docs.params_of(params), "The small sizes at which the build is verified.") if params else None
