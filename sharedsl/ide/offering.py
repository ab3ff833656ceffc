"""What may stand at a place in an item, by the tokens before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharedsl.analysis.scope import FileScope
from sharedsl.ide import docs
from sharedsl.ide.calls import call_at, chain_before
from sharedsl.ide.paths import homes_of, parameters_of
from sharedsl.ide.symbols import Home, member_kind, members, primitive_of
from sharedsl.ide.view import View
from sharedsl.layers import LAYERS
from sharedsl.layers.inits import INITS
from sharedsl.ops import OPS
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import Token


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` replaces what is written of it at `span`. kind: keyword, member, parameter, .. as symbols have it."""

    text: str
    kind: str
    detail: str = ""
    doc: str = ""
    span: Span = field(default_factory=lambda: Span("", 0, 0), compare=False)


def words_of(table: dict[str, tuple[str, str]]) -> Iterator[Completion]:
    for word, (form, text) in table.items():
        yield Completion(word, "keyword", form, text)


class Place:
    """A place in an item, with the tokens before it."""

    def __init__(self, view: View, tokens: list[Token], offset: int) -> None:
        self.view, self.tokens, self.offset = view, tokens, offset
        self.head = tokens[0].text
        self.item = view.item_at(offset)
        self.line = self._line()
        self.depth = sum({"LBRACE": 1, "RBRACE": -1}.get(token.type, 0) for token in tokens)

    def _line(self) -> list[Token]:
        """The tokens of the statement before the place."""
        at = len(self.tokens)
        while at and self.tokens[at - 1].type not in ("_NL", "LBRACE", "RBRACE"):
            at -= 1
        if at and self.tokens[at - 1].type == "LBRACE" and at > 1 and self._selecting(at - 1):
            return [*self._before(at - 1), *self.tokens[at - 1 :]]
        return self.tokens[at:]

    def _selecting(self, brace: int) -> bool:
        """Whether a `{` belongs to a selector: `layers.{a, b}`, `share {a, b}`."""
        before = self.tokens[brace - 1]
        return before.type in ("DOT", "COMMA") or before.text in (*docs.RELATIONS, "except", "on", "across")

    def _before(self, brace: int) -> list[Token]:
        at = brace
        while at and self.tokens[at - 1].type not in ("_NL", "LBRACE", "RBRACE"):
            at -= 1
        return self.tokens[at:brace]

    @property
    def last(self) -> Token:
        return self.tokens[-1]

    @property
    def first(self) -> str:
        return self.line[0].text if self.line else ""

    def all(self) -> Iterator[Completion]:
        match self.head:
            case "sharing":
                yield from self._in_plan()
            case "build":
                yield from self._in_build()
            case "import":
                return
            case _:
                yield from self._in_block()

    # ------------------------------------------------------------------ plans

    def _model(self) -> Home | None:
        """The model that a plan or a build is of, even where the rest cannot be read."""
        word = "of" if self.head == "sharing" else "="
        at = next((at for at, token in enumerate(self.tokens) if token.text == word), None)
        name = self.tokens[at + 1].text if at is not None and at + 1 < len(self.tokens) else ""
        return self.view.analysis.scope.model(name)

    def _in_plan(self) -> Iterator[Completion]:
        if not self.depth:
            yield from self._plan_head()
        elif self.last.type == "DOT":
            yield from self._members(self._chain_homes())
        elif not self.line:
            yield from words_of(docs.RELATIONS)
            yield from (Completion(word, "keyword") for word in ("for", "if", "require"))
        elif self.last.text in ("with",) or (self.last.text == "," and self._after("with")):
            yield from (Completion(name, "option", "", text) for name, text in docs.PARTS.items())
        elif self._call_arguments():
            yield from self._arguments()
        elif (
            self.last.text in (*docs.RELATIONS, "across", "except", "on", "{", ",", "along")
            or self.last.type == "EQUAL"
        ):
            yield from self._selectors()
        else:
            yield from self._clauses()

    def _plan_head(self) -> Iterator[Completion]:
        if self.last.text == "of":
            yield from self._models()
        elif self.last.text == "extends" or (self.last.text == "," and self._after("extends")):
            yield from self._plans()
        elif any(token.text == "of" for token in self.tokens):
            yield Completion("extends", "keyword", "extends plan", "Inherits a solved plan.")
        elif len(self.tokens) > 1:
            yield Completion("of", "keyword")

    def _after(self, word: str) -> bool:
        """Whether that word is the last of its kind before the place."""
        clauses = ("with", "extends", "across", "except", "on", "in", "as", "rank")
        found = [token.text for token in self.line if token.text in clauses]
        return bool(found) and found[-1] == word

    def _selectors(self) -> Iterator[Completion]:
        model = self._model()
        if model is None:
            return
        homes = [model]
        if (
            self.last.text in ("share", "factorize", "reuse", "{", ",", "except", "on")
            and "across" not in self._words_before()
        ):
            homes = [*self._collection(model), model]
        elif self.last.text in ("except", "on") or (self.last.text == "," and self._after("except")):
            homes = self._collection(model) or [model]
        yield Completion("*", "keyword", "", "everything directly below")
        yield Completion("**", "keyword", "", "everything at any depth")
        yield from self._members(homes)
        yield from self._names_of(model)

    def _words_before(self) -> set[str]:
        return {token.text for token in self.line}

    def _collection(self, model: Home) -> list[Home]:
        """The elements behind `across`, on either side of the place."""
        text = self.view.text
        end = text.find("\n", self.offset)
        start = self.line[0].start if self.line else self.offset
        found = re.search(r"\bacross\s+([\w.\[\]*:@]+)", text[start : end if end >= 0 else len(text)])
        if found is None:
            return []
        return homes_of(re.findall(r"[A-Za-z_]\w*", re.sub(r"\[[^\]]*\]", "", found.group(1))), model, self._files())

    def _clauses(self) -> Iterator[Completion]:
        words = {
            "share": ("across", "along", "in groups of", "in cycle of", "as", "except", "with"),
            "factorize": ("rank", "across", "as basis", "as bank", "in groups of"),
            "fold": ("times", "as", "except", "with"),
            "adapt": ("with",),
            "tie": ("with",),
            "reuse": ("across", "in groups of", "as"),
            "stage": ("from step",),
        }.get(self.first, ())
        yield from (Completion(word, "keyword") for word in words)

    # ------------------------------------------------------------------ builds

    def _in_build(self) -> Iterator[Completion]:
        if self._call_arguments():
            yield from self._arguments()
        elif not self.depth:
            if self.last.type == "EQUAL":
                yield from self._models()
            elif self.last.text == "with" or self.last.text == ",":
                yield from self._plans()
            elif any(token.text == "=" for token in self.tokens):
                yield Completion("with", "keyword", "with plan, plan")
        elif not self.line:
            yield from words_of(docs.BUILD_LINES)
        elif self.last.text == "budget":
            yield from (Completion(name, "quantity", "", text) for name, text in docs.QUANTITIES.items())
        elif self.last.text == "dtype":
            yield from (Completion(name, "keyword") for name in docs.DTYPES)
        else:
            model = self._model()
            yield from self._names_of(model) if model is not None else ()

    def _models(self) -> Iterator[Completion]:
        for name in self.view.analysis.scope.models():
            found = self.view.analysis.scope.model(name)
            doc = getattr(found.item, "doc", "") if found is not None else ""
            yield Completion(name, "model", "", doc)

    def _plans(self) -> Iterator[Completion]:
        model = self._model()
        for name, plan in self.view.analysis.scope.plans_of(model.name if model is not None else "").items():
            if name != getattr(self.item, "name", None) or self.head == "build":
                yield Completion(name, "plan", f"of {plan.plan.model}", plan.plan.doc)

    # ------------------------------------------------------------------ blocks, models, functions

    def _in_block(self) -> Iterator[Completion]:
        inside = self._in_forward()
        if self.last.type == "DOT":
            yield from self._members(self._chain_homes())
        elif self._call_arguments():
            yield from self._arguments()
            yield from self._expression(inside)
        elif self.depth and not self.line:
            yield from words_of(docs.STATEMENTS if inside else docs.DECLARATIONS)
            if inside:
                yield from self._expression(True)
        elif self.last.text == "init":
            yield from self._inits()
            yield from self._own_members()
        elif self.first == "init" and self.last.type == "EQUAL":
            yield from self._inits()
        elif self.first == "layer" and self.last.type == "EQUAL":
            yield from self._layers()
        elif self.last.type == "COLON" and not inside:
            kinds = ("int", "float", "bool", "list", "function", "layer", "str")
            yield from (Completion(word, "keyword") for word in kinds)
        elif self.depth:
            yield from self._expression(inside)

    def _in_forward(self) -> bool:
        if self.head == "function":
            return self.depth > 0
        return self.depth > 1 or (self.depth == 1 and any(token.text == "forward" for token in self.line))

    def _inits(self) -> Iterator[Completion]:
        for name, takes, meaning in INITS:
            yield Completion(name, "operation", f"{name}({takes})", meaning)

    def _layers(self) -> Iterator[Completion]:
        for name, each in self.view.analysis.scope.main.names.items():
            if each.kind == "layer":
                yield Completion(name, "block", docs.definition_call(each).label, each.item.doc)
        for name, layer in LAYERS.items():
            call = docs.layer_call(layer)
            yield Completion(name, "primitive", call.label, call.doc)

    def _expression(self, inside: bool) -> Iterator[Completion]:
        """Names that have a value here."""
        chunk = self.view.chunk_at(self.offset)
        for each in self.view.names(chunk) if chunk is not None else ():
            if each.declares and each.span.end < self.offset and each.symbol.kind in ("local", "input", "size"):
                if each.symbol.kind == "size" or each.symbol.inside.startswith(self._forward_name()):
                    yield Completion(each.symbol.name, each.symbol.kind)
        yield from self._own_members()
        if self.item is not None:
            definition = self.view.analysis.scope.main.names.get(getattr(self.item, "name", ""))
            yield from self._names_of(definition) if definition is not None else ()
        for name, function in self.view.analysis.scope.main.names.items():
            if function.kind == "function":
                yield Completion(name, "function", docs.definition_call(function).label, function.item.doc)
        if inside:
            for name, op in OPS.items():
                yield Completion(name, "operation", docs.operation_call(op).label, op.doc)
        yield from (Completion(word, "keyword") for word in ("true", "false", "none"))

    def _forward_name(self) -> str:
        if not isinstance(self.item, ast.Block):
            return getattr(self.item, "name", "")
        for each in self.item.body:
            if isinstance(each, ast.Forward) and each.span.start <= self.offset <= each.span.end:
                return f"{self.item.name}.{each.name or 'forward'}"
        return self.item.name

    def _own_members(self) -> Iterator[Completion]:
        definition = self.view.analysis.scope.main.names.get(getattr(self.item, "name", ""))
        if definition is not None:
            yield from self._members([definition])

    # ------------------------------------------------------------------ what several have

    def _files(self) -> dict[str, FileScope]:
        return self.view.analysis.scope.files

    def _chain_homes(self) -> list[Home]:
        """The blocks that the path before a dot leads to."""
        chain = chain_before(self.tokens[:-1])
        owner = self._model() if self.head in ("sharing", "build") else None
        if owner is None and self.item is not None:
            owner = self.view.analysis.scope.main.names.get(getattr(self.item, "name", ""))
        if owner is None:
            return []
        starts = [owner]
        if self.head == "sharing" and "across" not in self._words_before():
            starts = [*self._collection(owner), owner]
        homes = [home for start in starts for home in homes_of(chain, start, self._files())]
        self._primitive = self._primitive_of(chain, starts)
        return homes

    _primitive: str | None = None

    def _primitive_of(self, chain: list[str], starts: list[Home]) -> str | None:
        for start in starts:
            for home in homes_of(chain[:-1], start, self._files()) if chain else []:
                member = members(home.item).get(chain[-1]) if isinstance(home.item, ast.Block | ast.Extern) else None
                if member is not None and primitive_of(member):
                    return primitive_of(member)
        return None

    def _members(self, homes: list[Home]) -> Iterator[Completion]:
        for home in homes:
            if isinstance(home.item, ast.Block | ast.Extern):
                for name, member in members(home.item).items():
                    detail = primitive_of(member) or ""
                    yield Completion(name, member_kind(member), detail)
        if self._primitive is not None:
            for name in docs.weight_names(self._primitive):
                yield Completion(name, "weight", self._primitive)

    def _names_of(self, definition: Home) -> Iterator[Completion]:
        """The parameters of a block or model."""
        for name in parameters_of(definition):
            yield Completion(name, "parameter")

    def _call_arguments(self) -> bool:
        call = call_at(self.view, self.offset)
        return call is not None and self.last.type in ("LPAR", "COMMA")

    def _arguments(self) -> Iterator[Completion]:
        """The named arguments of a call that are not there yet."""
        call = call_at(self.view, self.offset)
        for one in call.callee.params if call is not None else ():
            if call is not None and one.name not in call.given:
                yield Completion(f"{one.name} = ", "argument", one.text, one.doc)
