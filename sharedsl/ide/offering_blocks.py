"""What may stand at a place in a model, a block, a function or an extern layer."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.ide import docs, words
from sharedsl.ide.calls import chain_before
from sharedsl.ide.offering import Completion, Place, said, words_of
from sharedsl.ide.paths import homes_of
from sharedsl.ide.symbols import Home, members, primitive_of
from sharedsl.syntax import ast

_DTYPES = ("float32", "float16", "bfloat16", "float64")
#: behind these no value begins in the parentheses of a head
_ENDS = ("LPAR", "COMMA", "NAME", "NUMBER", "RPAR", "RSQB")
_TENSORS = ("float", "int", "bool")


class InBlock(Place):
    """The statements of a block, and of its forwards."""

    def all(self) -> Iterator[Completion]:
        if not self.blocks:
            yield from self._head()
        elif self.last.type == "DOT":
            yield from self._behind_dot()
        elif not self.line:
            yield from self._statement()
        elif self.inside and self.first != "forward":
            yield from self._value()
        else:
            yield from self._declaration()

    @property
    def inside(self) -> bool:
        """Whether this is what a forward computes."""
        return "forward" in self.blocks or self.head == "function"

    def _head(self) -> Iterator[Completion]:
        types = self.head == "function" or "->" in self.texts()
        if self.last.type == "COLON":
            yield from said(words.KINDS, _TENSORS if types else ())
        elif self.last.type == "EQUAL":
            yield from self.of_kind(self._kind())
            yield from self.constants()
        elif self.inner is not None and (self.inner.type == "LSQB" or self.last.type not in _ENDS):
            yield from self.constants()
        elif self.last.type == "RPAR" and self.head == "function":
            yield Completion("->", "keyword", "-> float[..]", "What comes out.")

    def _kind(self) -> str:
        """`: layer`, of the parameter whose default is typed."""
        at = len(self.tokens) - 2
        return f": {self.tokens[at].text}" if at > 0 and self.tokens[at - 1].type == "COLON" else ""

    def _statement(self) -> Iterator[Completion]:
        if self.inside:
            yield from words_of(docs.STATEMENTS)
            yield from self._names()
        elif self.head == "extern":
            yield from words_of(docs.DECLARATIONS, ("weight", "buffer", "forward"))
        else:
            yield from words_of(docs.DECLARATIONS)

    # ------------------------------------------------------------------ declarations

    def _declaration(self) -> Iterator[Completion]:
        if self.last.type == "COLON":
            yield from self._types()
        elif self.first == "layer":
            yield from self._layer()
        elif self.inner is not None and self.inner.type == "LSQB" and self.first != "init":
            yield from self.constants()
            yield from self._sizes()
        elif self.first == "weight":
            yield from self._weight()
        elif self.first == "init":
            yield from self._init()
        elif self.first == "forward":
            if self.last.type == "RPAR" and "->" not in self.texts():
                yield Completion("->", "keyword", "-> float[..]", "What comes out.")
        elif self.last.type not in ("NAME", "NUMBER", "RPAR", "RSQB") or self.in_call():
            yield from self.constants()

    def _types(self) -> Iterator[Completion]:
        if self.first == "weight":
            yield from (Completion(name, "keyword") for name in _DTYPES)
        else:
            yield from said(words.KINDS, _TENSORS)

    def _layer(self) -> Iterator[Completion]:
        if not self.open and self.last.type == "EQUAL":
            yield from self.layers()
        elif self.open:
            yield from self.arguments()
            yield from self.wanted()
            if self.inner is not None and self.texts(inside=True)[-1:] in ([], [","]) and not self.in_call():
                yield from self.layers() if self.inner.type == "LSQB" and self.open == [3] else ()
            yield from self.constants()
        elif self.last.type in ("STAR", "IF", "IN"):
            yield from self.constants()

    def _weight(self) -> Iterator[Completion]:
        if self.last.text == "init":
            yield from self.inits()
        elif self.in_call():
            yield from self.arguments()
            yield from self.constants()
        elif len(self.line) > 2:
            given = self.texts()
            if "init" not in given:
                yield from words_of(docs.RELATIONS, ("init",))
            yield from said(words.MARKS, [each for each in words.MARKS if each not in given])

    def _init(self) -> Iterator[Completion]:
        if "=" in self.texts():
            if self.in_call():
                yield from self.arguments()
                yield from self.constants()
            elif self.last.type == "EQUAL":
                yield from self.inits()
        elif self.last.text in ("init", "{", ","):
            yield from self.members([self.own] if self.own is not None else [])

    def constants(self) -> Iterator[Completion]:
        for name in self._loop_names():
            yield Completion(name, "local")
        yield from self.names_of(self.own)
        if self.own is None:
            yield from (Completion(name, "parameter") for name in self._typed_params())
        yield from self.plain()

    def _loop_names(self) -> list[str]:
        """Names of loops that the place is in: `xs[i in range(n)] = ..`, `for x in xs { .. }`."""
        chunk = self.view.chunk_at(self.offset)
        found = []
        for each in self.view.names(chunk) if chunk is not None else ():
            loop = each.declares and each.symbol.kind == "local" and ":" not in each.symbol.inside
            if loop and self.line and self.line[0].start <= each.span.start < self.offset:
                found.append(each.symbol.name)
        for at, token in enumerate(self.tokens[:-1]):
            if token.text == "for" and self.tokens[at + 1].type == "NAME" and "for" in self.blocks:
                found.append(self.tokens[at + 1].text)
        return list(dict.fromkeys(found))

    def _typed_params(self) -> list[str]:
        """Parameters of an item that cannot be read yet."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return [b.text for a, b in pairs if a.type in ("LPAR", "COMMA") and b.type == "NAME" and b.start < self.offset]

    def _sizes(self) -> Iterator[Completion]:
        """Run-time sizes that have been named: `B`, `T`."""
        chunk = self.view.chunk_at(self.offset)
        for each in self.view.names(chunk) if chunk is not None else ():
            if each.declares and each.symbol.kind == "size":
                yield Completion(each.symbol.name, "size")

    # ------------------------------------------------------------------ forwards

    def _value(self) -> Iterator[Completion]:
        if self.first == "for" and self.last.type in ("RPAR", "NAME") and not self.open and "in" in self.texts():
            yield from said(words.VALUES, ("while",))
            return
        yield from self.arguments()
        yield from self.wanted()
        if self.last.type == "PIPE":
            yield from self.members([self.own] if self.own is not None else [])
            yield from self._of_kinds()
            yield from self.functions()
            yield from self.operations()
            return
        yield from self._names()

    def _of_kinds(self) -> Iterator[Completion]:
        """Parameters that are called: functions and layers."""
        for each in self.names_of(self.own):
            if ": function" in each.detail or ": layer" in each.detail:
                yield each

    def _names(self) -> Iterator[Completion]:
        """Names that have a value here, then what can be called."""
        chunk = self.view.chunk_at(self.offset)
        begin = self.line[0].start if self.line else self.offset
        kinds = {"local": [], "input": [], "size": []}  # type: dict[str, list[Completion]]
        for each in self.view.names(chunk) if chunk is not None else ():
            kind = each.symbol.kind
            if each.declares and kind in kinds and each.span.end < self.offset:
                new = kind == "local" and each.span.start >= begin and self.first != "for"
                inside = each.symbol.inside.split(":")[0] == self._forward_name()
                if inside and not new:
                    kinds[kind].append(Completion(each.symbol.name, kind))
        yield from reversed(kinds["local"])
        yield from kinds["input"]
        yield from self.members([self.own] if self.own is not None else [])
        yield from kinds["size"]
        yield from self.names_of(self.own)
        yield from self.functions()
        yield from said(words.FORWARD, kind="operation")
        yield from self.operations()
        yield from (Completion(word, "keyword") for word in ("true", "false", "none"))

    def _forward_name(self) -> str:
        if isinstance(self.item, ast.Block):
            for each in self.item.body:
                if isinstance(each, ast.Forward) and each.span.start <= self.offset <= each.span.end:
                    return f"{self.item.name}.{each.name or 'forward'}"
        return getattr(self.item, "name", "")

    def _behind_dot(self) -> Iterator[Completion]:
        chain = chain_before(self.tokens[:-1])
        homes = homes_of(chain, self.own, self.files)
        yield from self.members(homes)
        yield from weights_behind(self, chain, [self.own] if self.own is not None else [])
        if not homes and self.inside:
            yield Completion("T", "keyword", "x.T", "The last two axes exchanged.")


def weights_behind(place: Place, chain: list[str], starts: list[Home]) -> Iterator[Completion]:
    """The weights of a primitive layer that a path leads to."""
    for start in starts:
        for home in homes_of(chain[:-1], start, place.files) if chain else []:
            member = members(home.item).get(chain[-1]) if isinstance(home.item, ast.Block | ast.Extern) else None
            primitive = primitive_of(member) if member is not None else None
            for name in docs.weight_names(primitive) if primitive else ():
                yield Completion(name, "weight", primitive or "")
