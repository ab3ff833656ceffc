"""What may stand at a place in an item, by the tokens before it: what all items have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping

from sharedsl.analysis.scope import FileScope
from sharedsl.ide import docs, words
from sharedsl.ide.calls import call_at
from sharedsl.ide.paths import parameters_of
from sharedsl.ide.symbols import Home, member_kind, members, primitive_of
from sharedsl.ide.view import View
from sharedsl.layers import LAYERS
from sharedsl.layers.inits import INITS
from sharedsl.ops import OPS
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import CLOSING, Token

#: operations that are written as operators
_OPERATORS = {
    "add", "sub", "mul", "div", "floordiv", "mod", "pow", "matmul", "neg", "eq", "ne", "lt", "le", "gt", "ge", "and",
    "or", "not",
}  # fmt: skip
#: words whose `{` holds statements; any other `{` is a selector's
_BRACED = {"sharing", "build", "model", "block", "function", "extern", "for", "if", "else", "stage", "forward"}


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` replaces what is written of it at `span`. kind: keyword, member, parameter, .. as symbols have it."""

    text: str
    kind: str
    detail: str = ""
    doc: str = ""
    span: Span = field(default_factory=lambda: Span("", 0, 0), compare=False)


def words_of(table: Mapping[str, tuple[str, str]], wanted: Iterable[str] = ()) -> Iterator[Completion]:
    for word in wanted or table:
        yield Completion(word, "keyword", *table[word])


def said(table: Mapping[str, words.Word], wanted: Iterable[str] = (), kind: str = "keyword") -> Iterator[Completion]:
    """Words inside of statements; `in groups of` is told as `groups` is."""
    for text in wanted or table:
        word = next((table[part] for part in reversed(text.split()) if part in table and part != "of"), None)
        yield Completion(text, kind, word.form if word else "", word.text if word else "")


class Place(ABC):
    """A place in an item, with the tokens before it."""

    def __init__(self, view: View, tokens: list[Token], offset: int) -> None:
        self.view, self.tokens, self.offset = view, tokens, offset
        self.head = tokens[0].text
        self.item = view.item_at(offset)
        #: the words before the braces that the place is in, and the tokens of its statement
        self.blocks: list[str] = []
        self.line: list[Token] = []
        #: brackets of the statement that are open: where they are in `line`
        self.open: list[int] = []
        self._read()

    def _read(self) -> None:
        start = 0
        opened: list[int] = []
        for at, token in enumerate(self.tokens):
            block = token.type == "LBRACE" and self.tokens[start].text in _BRACED and not opened
            if block and start < at:
                self.blocks.append(self.tokens[start].text)
                start = at + 1
            elif token.type in ("LPAR", "LSQB", "LBRACE"):
                opened.append(at)
            elif token.type in CLOSING and opened:
                opened.pop()
            elif token.type == "RBRACE":
                if self.blocks:
                    self.blocks.pop()
                start = at + 1
            elif token.type == "_NL":
                start, opened = at + 1, []
        self.line = self.tokens[start:]
        self.open = [at - start for at in opened]

    @property
    def last(self) -> Token:
        return self.tokens[-1]

    @property
    def first(self) -> str:
        return self.line[0].text if self.line else ""

    @property
    def inner(self) -> Token | None:
        """The innermost bracket of the statement that is open."""
        return self.line[self.open[-1]] if self.open else None

    def texts(self, inside: bool = False) -> list[str]:
        """The words of the statement; without those in brackets, or only those since the innermost one."""
        if inside:
            return [token.text for token in self.line[self.open[-1] + 1 :]]
        depth, found = 0, []
        for token in self.line:
            depth -= token.type in CLOSING
            if depth == 0:
                found.append(token.text)
            depth += token.type in ("LPAR", "LSQB", "LBRACE")
        return found

    @abstractmethod
    def all(self) -> Iterator[Completion]:
        """What is offered, likeliest first."""

    # ------------------------------------------------------------------ names

    @property
    def files(self) -> dict[str, FileScope]:
        return self.view.analysis.scope.files

    @property
    def own(self) -> Home | None:
        return self.view.analysis.scope.main.names.get(getattr(self.item, "name", ""))

    def members(self, homes: list[Home]) -> Iterator[Completion]:
        for home in homes:
            if isinstance(home.item, ast.Block | ast.Extern):
                for name, member in members(home.item).items():
                    detail = primitive_of(member) or ""
                    yield Completion(name, member_kind(member), detail or _written(home, member))

    def names_of(self, definition: Home | None) -> Iterator[Completion]:
        """The parameters of a block or model."""
        params = {one.name: docs.param_text(one) for one in getattr(getattr(definition, "item", None), "params", ())}
        for name in parameters_of(definition) if definition is not None else ():
            yield Completion(name, "parameter", params.get(name, ""))

    def layers(self) -> Iterator[Completion]:
        for name, each in self.view.analysis.scope.main.names.items():
            if each.kind == "layer" and each.item is not self.item:
                kind = each.item.kind if isinstance(each.item, ast.Block) else "block"
                yield Completion(name, kind, docs.definition_call(each).label, each.item.doc)
        for name, layer in LAYERS.items():
            call = docs.layer_call(layer)
            yield Completion(name, "primitive", call.label, call.doc)

    def functions(self) -> Iterator[Completion]:
        for name, each in self.view.analysis.scope.main.names.items():
            if each.kind == "function" and each.item is not self.item:
                yield Completion(name, "function", docs.definition_call(each).label, each.item.doc)

    def operations(self) -> Iterator[Completion]:
        for name, op in OPS.items():
            if name not in _OPERATORS:
                yield Completion(name, "operation", docs.operation_call(op).label, op.doc)

    def inits(self) -> Iterator[Completion]:
        for name, takes, meaning in INITS:
            yield Completion(name, "operation", f"{name}({takes})", meaning)

    def models(self) -> Iterator[Completion]:
        for name in self.view.analysis.scope.models():
            found = self.view.analysis.scope.model(name)
            label = docs.definition_call(found).label if found is not None else ""
            yield Completion(name, "model", label, getattr(found.item, "doc", "") if found is not None else "")

    def plans(self, model: Home | None) -> Iterator[Completion]:
        given = self.texts()
        for name, plan in self.view.analysis.scope.plans_of(model.name if model is not None else "").items():
            if name not in given and plan.plan is not self.item:
                yield Completion(name, "plan", f"of {plan.plan.model}", plan.plan.doc)

    # ------------------------------------------------------------------ values

    @abstractmethod
    def constants(self) -> Iterator[Completion]:
        """What has a value when the spec is compiled."""

    def plain(self) -> Iterator[Completion]:
        yield from (Completion(word, "keyword") for word in ("true", "false", "none"))
        for name, word in words.COMPTIME.items():
            yield Completion(name, "operation", word.form, word.text)

    def in_call(self) -> bool:
        inner = self.inner
        return inner is not None and inner.type == "LPAR" and call_at(self.view, self.offset) is not None

    def arguments(self) -> Iterator[Completion]:
        """The named arguments of a call that are not there yet."""
        call = call_at(self.view, self.offset)
        if call is None or self.last.type not in ("LPAR", "COMMA"):
            return
        for at, one in enumerate(call.callee.params):
            many = ".." in one.text
            if at >= call.placed and one.name not in call.given and not many:
                yield Completion(f"{one.name} = ", "argument", one.text, one.doc)

    def wanted(self) -> Iterator[Completion]:
        """What fits the argument that the place is in: layers for `norm: layer`, functions, true and false."""
        call = call_at(self.view, self.offset)
        active = call.callee.params[call.active] if call is not None and call.active is not None else None
        if active is not None and self.last.type in ("EQUAL", "LPAR", "COMMA"):
            yield from self.of_kind(active.text)

    def of_kind(self, text: str) -> Iterator[Completion]:
        """Values for a parameter, by how it is declared."""
        if ": layer" in text:
            yield from self.layers()
        elif ": function" in text:
            yield from self.functions()
            yield from self.operations()
        elif ": bool" in text or text.endswith(("= true", "= false")):
            yield from (Completion(word, "keyword") for word in ("true", "false"))


def _written(home: Home, member: object) -> str:
    """What a layer is of: `DecoderLayer * depth`."""
    if not isinstance(member, ast.LayerDecl):
        return ""
    text = home.home.source.slice(member.value.span)
    return " ".join(text.split()) if len(text) < 60 else ""
