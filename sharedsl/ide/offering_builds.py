"""What may stand at a place in a build."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.ide import docs, words
from sharedsl.ide.offering import Completion, Place, said, words_of
from sharedsl.ide.symbols import Home


class InBuild(Place):
    """The model, its arguments and plans, and the lines of a build."""

    def all(self) -> Iterator[Completion]:
        if self.open:
            yield from self.arguments()
            yield from self.wanted()
            yield from self.constants() if self.last.type not in ("LPAR", "COMMA") else ()
        elif not self.blocks:
            yield from self._head()
        elif not self.line:
            yield from words_of(docs.BUILD_LINES)
        elif self.last.text == "budget":
            yield from (Completion(name, "quantity", "", text) for name, text in docs.QUANTITIES.items())
        elif self.last.text == "dtype":
            yield from (Completion(name, "keyword") for name in docs.DTYPES)
        elif self.last.type in ("CMP", "STAR", "PLUS", "MINUS"):
            yield from self.constants()

    def _head(self) -> Iterator[Completion]:
        given = self.texts()
        if self.last.type == "EQUAL":
            yield from self.models()
        elif self.last.text == "with" or (self.last.type == "COMMA" and "with" in given):
            yield from self.plans(self.model)
        elif "=" in given and "with" not in given:
            yield Completion("with", "keyword", "with plan, plan", "The plans that the build takes.")

    @property
    def model(self) -> Home | None:
        at = next((at for at, token in enumerate(self.tokens) if token.text == "="), None)
        name = self.tokens[at + 1].text if at is not None and at + 1 < len(self.tokens) else ""
        return self.view.analysis.scope.model(name)

    def constants(self) -> Iterator[Completion]:
        yield from self.names_of(self.model)
        yield from said(words.VALUES, ("true", "false", "none"))
