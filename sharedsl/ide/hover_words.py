"""What the words of the language mean where they stand: keywords, clauses, forms, quantities, named arguments."""

from __future__ import annotations

from sharedsl.ide import docs, words
from sharedsl.ide.calls import call_at
from sharedsl.ide.docs import Callee
from sharedsl.ide.offering import Place
from sharedsl.ide.offering_blocks import InBlock
from sharedsl.ide.offering_builds import InBuild
from sharedsl.ide.offering_plans import InPlan
from sharedsl.ide.view import View
from sharedsl.source import Span
from sharedsl.syntax.lexer import Token


def code(text: str) -> str:
    return f"```sdsl\n{text}\n```"


def joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def word(view: View, offset: int) -> tuple[Span, str] | None:
    """The word at a place, and what it means there."""
    chunk = view.chunk_at(offset)
    tokens = view.tokens(chunk) if chunk is not None else []
    here = [at for at, token in enumerate(tokens) if token.start <= offset <= token.end and token.type != "_NL"]
    for at in reversed(here):
        text = _told(view, tokens, at)
        if text:
            return Span(view.path, tokens[at].start, tokens[at].end), text
    return None


def function(view: View, offset: int) -> str:
    """What a name that is called means, where that is no operation: an initialiser, a view of a plan."""
    chunk = view.chunk_at(offset)
    tokens = view.tokens(chunk) if chunk is not None else []
    at = next((at for at, token in enumerate(tokens) if token.start <= offset < token.end), 0)
    return _called(view, tokens, at) if at else ""


def _told(view: View, tokens: list[Token], at: int) -> str:
    token, before = tokens[at], tokens[:at]
    if token.type == "APP":
        return _application(token.text)
    if not before:
        return _formed(docs.ITEMS, token.text)
    place = {"sharing": InPlan, "build": InBuild}.get(tokens[0].text, InBlock)(view, before, token.start)
    follows = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if place.open and follows == "=" and tokens[at - 1].text != ":":
        return _argument(view, token) or _axis(place, token.text)
    if not place.line:
        tables = {"sharing": (docs.RELATIONS, docs.STATEMENTS), "build": (docs.BUILD_LINES,)}
        usual = (docs.STATEMENTS, docs.DECLARATIONS) if getattr(place, "inside", False) else (docs.DECLARATIONS,)
        for table in tables.get(tokens[0].text, usual):
            if token.text in table:
                return _formed(table, token.text)
    return _inside(view, tokens, at)


def _axis(place: Place, text: str) -> str:
    """`weight[inputs = 0:4]`, `[heads = n]`, `tucker(outputs = 4)`."""
    if place.inner is not None and place.inner.type == "LSQB":
        return joined(code(f"{text} = .."), "An axis of the weight.")
    return joined(code(f"{text} = r"), "The rank of this axis.") if "tucker" in place.texts() else ""


def _application(text: str) -> str:
    if text == "@*":
        return joined(code("tower@*"), "Every application of a layer that is applied more than once, each apart.")
    return joined(code(f"tower{text}"), f"Application {text[1:]} of a layer that is applied more than once, from 0.")


def _formed(table: dict[str, tuple[str, str]], text: str) -> str:
    if text not in table:
        return ""
    form, meaning = table[text]
    return joined(code(form), meaning)


def _said(table: dict[str, words.Word], text: str) -> str:
    return joined(code(table[text].form), table[text].text) if text in table else ""


def _inside(view: View, tokens: list[Token], at: int) -> str:
    """A word that does not begin its statement."""
    token, head, last = tokens[at], tokens[0].text, tokens[at - 1].text
    text = token.text
    if head == "build":
        if last == "budget" and text in docs.QUANTITIES:
            return joined(code(f"budget {text}"), docs.QUANTITIES[text] + ".")
        if last == "dtype" and text in docs.DTYPES:
            return joined(code(f"dtype {text}"), docs.BUILD_LINES["dtype"][1])
        if text == "with":
            return joined(code("build Name = Model(..) with plan, plan"), "The plans that the build takes.")
        return _said(words.VALUES, text)
    if last == "as" and text in words.FORMS:
        return _said(words.FORMS, text)
    if last == "along":
        return joined(code(f"share P along {text}"), "An axis of the weights that P names.")
    if last == ":" and text in words.KINDS:
        return _said(words.KINDS, text)
    if last == ":" and text in docs.DTYPES:
        return joined(code(f"weight w[..]: {text}"), "What the weight is kept in.")
    called = _called(view, tokens, at)
    if called:
        return called
    if token.type == "NAME" and text not in ("groups", "cycle", "reversed", "true", "false", "none", *words.MARKS):
        return ""
    for table in (words.CLAUSES,) if head == "sharing" else (words.MARKS,):
        if text in table:
            return _said(table, text)
    if text in words.MARKS:
        return _said(words.MARKS, text)
    if head == "extern" and text == "from":
        return joined(code('from "package.module"'), "The Python module that has a class of this name.")
    found = _formed(docs.RELATIONS, text) if text == "init" else ""
    return found or _said(words.VALUES, text) or _formed(docs.DECLARATIONS, text if text in ("for", "if") else "")


def _called(view: View, tokens: list[Token], at: int) -> str:
    """What is called here, as signature help has it."""
    if at + 1 >= len(tokens) or tokens[at + 1].text != "(":
        return ""
    from sharedsl.ide.calls import words_call

    call: Callee | None = words_call(view, tokens[at].text, tokens[: at + 1])
    return joined(code(call.label), call.doc) if call is not None else ""


def _argument(view: View, token: Token) -> str:
    """A named argument, as what is called declares it."""
    call = call_at(view, token.start)
    one = next((one for one in call.callee.params if one.name == token.text), None) if call is not None else None
    return joined(code(one.text), one.doc) if one is not None else ""
