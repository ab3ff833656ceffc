"""What may stand at a place in a sharing plan: relations, selectors that match, clauses that are still missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharedsl.ide import docs, words
from sharedsl.ide.calls import chain_before
from sharedsl.ide.offering import Completion, Place, said, words_of
from sharedsl.ide.offering_blocks import weights_behind
from sharedsl.ide.paths import homes_of, values_of
from sharedsl.ide.symbols import Home
from sharedsl.syntax import ast

_VALUE_WORDS = ("rank", "of", "in", "step", "if", "require", "as", "fold")
#: the private parts that a relation can have
_PARTS = {
    "adapt": ("lora", "dora", "vera", "scale", "diagonal", "adapter"),
    "fold": ("lora", "diagonal", "scale", "step_embedding"),
}
_CLAUSES = {
    "share": ("across", "along", "except", "with"),
    "reuse": ("across",),
    "factorize": ("rank", "as", "across"),
    "fold": ("times", "as", "except", "with"),
    "adapt": ("with",),
    "stage": ("from step",),
}
_GROUPING = ("in groups of", "in cycle of", "as")


class InPlan(Place):
    """The relations of a plan."""

    def all(self) -> Iterator[Completion]:
        if not self.blocks:
            yield from self._head()
        elif self.last.type == "DOT":
            yield from self._behind(self._chain(len(self.line) - 1))
        elif not self.line:
            yield from words_of(docs.RELATIONS)
            yield from words_of(docs.STATEMENTS, ("for", "if", "require"))
        elif self.open:
            yield from self._bracketed()
        else:
            yield from self._clause()

    # ------------------------------------------------------------------ the head

    def _head(self) -> Iterator[Completion]:
        given = self.texts()
        if self.open and self.last.type == "COLON":
            yield from said(words.KINDS)
        elif self.open and "of" in given:
            yield from self.arguments()
            yield from self.constants()
        elif self.last.text == "of":
            yield from self.models()
        elif self.last.text == "extends" or (self.last.type == "COMMA" and "extends" in given):
            yield from self.plans(self.model)
        elif self.open:
            yield from self.plain()
        elif "of" in given and "extends" not in given:
            yield from said(words.CLAUSES, ("extends",))
        elif len(self.tokens) > 1 and "of" not in given:
            yield from said(words.CLAUSES, ("of",))

    @property
    def model(self) -> Home | None:
        """The model that the plan is of, even where the rest cannot be read."""
        at = next((at for at, token in enumerate(self.tokens) if token.text == "of"), None)
        name = self.tokens[at + 1].text if at is not None and at + 1 < len(self.tokens) else ""
        return self.view.analysis.scope.model(name)

    def constants(self) -> Iterator[Completion]:
        item = self.item
        for name in self._loop_names():
            yield Completion(name, "local")
        for one in item.params if isinstance(item, ast.Plan) else ():
            yield Completion(one.name, "parameter", docs.param_text(one))
        yield from self.names_of(self.model)
        yield from self.plain()

    def _loop_names(self) -> list[str]:
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        loops = [b.text for a, b in pairs if a.text == "for" and b.type == "NAME"]
        comprehension = self.inner is not None and "for" in self.texts(inside=True)
        return list(dict.fromkeys(loops)) if "for" in self.blocks or comprehension else []

    # ------------------------------------------------------------------ clauses

    def _clause(self) -> Iterator[Completion]:
        last, first, given = self.last.text, self.first, self.texts()
        begins = len(self.line) == 1
        if first in ("if", "require", "for"):
            yield from self.constants() if last != "for" else ()
        elif first == "weight":
            yield from self._weight(given)
        elif last == "with":
            names = _PARTS.get(first, ("lora", "diagonal", "scale"))
            yield from (Completion(name, "option", "", docs.PARTS[name]) for name in names)
        elif last == "as":
            yield from self._forms() if first == "factorize" else self.constants()
        elif last in ("groups", "cycle"):
            yield from said(words.CLAUSES, ("of",))
        elif last == "in":
            yield from said(words.CLAUSES, ("groups of", "cycle of"))
            yield from self.constants()
        elif last == "along":
            yield from self._axes([token.text for token in self.line if token.type == "NAME"])
        elif self.last.type == "EQUAL":
            yield from self.inits() if first == "init" else self._right_side()
        elif not begins and last in _VALUE_WORDS:
            yield from self.constants()
        elif (begins and first != "stage") or last in ("across", "except", "on") or self.last.type == "COMMA":
            yield from self._selectors(self._starts())
        elif first == "tie" and "=" in given and self.last.type in ("STAR", "PLUS", "MINUS", "POWER", "SLASH"):
            yield from self._right_side()
        else:
            yield from self._more(given)

    def _weight(self, given: list[str]) -> Iterator[Completion]:
        if self.last.text == "init":
            yield from self.inits()
        elif len(self.line) > 2:
            if "init" not in given:
                yield from words_of(docs.RELATIONS, ("init",))
            yield from said(words.MARKS, [each for each in words.MARKS if each not in given])

    def _forms(self) -> Iterator[Completion]:
        across = "across" in self.texts()
        names = [name for name in words.FORMS if (name in ("basis", "bank")) == across]
        yield from said(words.FORMS, names, "option")

    def _more(self, given: list[str]) -> Iterator[Completion]:
        """Clauses that may follow what there is."""
        wanted = list(_CLAUSES.get(self.first, ()))
        grouped = any(word in given for word in ("groups", "cycle", "as"))
        if "cycle" in given[-3:] and "reversed" not in given:
            wanted.insert(0, "reversed")
        if "across" in given and not grouped:
            wanted = [*_GROUPING, *wanted]
        if "with" in given and "on" not in given:
            wanted.insert(0, "on")
        if "across" in given or "along" in given:
            wanted = [each for each in wanted if each not in ("across", "along")]
        if self.first == "tie":
            wanted = ["with"] if "=" in given else []
        if "along" in given and not grouped:
            wanted.insert(0, "in groups of")
        if self.first == "fold" and ("times" in given or "as" in given):
            wanted = [each for each in wanted if each not in ("times", "as")]
        if self.first == "factorize" and "across" in given:
            wanted = [each for each in wanted if each != "as"] + (["as"] if not grouped else [])
        yield from said(words.CLAUSES, list(dict.fromkeys(each for each in wanted if each not in given)) or ("",)[:0])

    # ------------------------------------------------------------------ selectors

    def _starts(self) -> list[Home]:
        """The blocks that the selector at the place begins in."""
        model = self.model
        if model is None:
            return []
        given = self.texts()
        if self.first in ("share", "reuse", "factorize") and not {"across"} & set(given):
            return [*self._collection(model), model]
        if given and [each for each in given if each in ("across", "except", "on")][-1:] in (["except"], ["on"]):
            return self._collection(model) or [model]
        return [model]

    def _collection(self, model: Home) -> list[Home]:
        """The elements behind `across`, on either side of the place."""
        text = self.view.text
        end = text.find("\n", self.offset)
        start = self.line[0].start if self.line else self.offset
        found = re.search(r"\bacross\s+([\w.\[\]*:@]+)", text[start : end if end >= 0 else len(text)])
        if found is None:
            return []
        return homes_of(re.findall(r"[A-Za-z_]\w*", re.sub(r"\[[^\]]*\]", "", found.group(1))), model, self.files)

    def _selectors(self, starts: list[Home]) -> Iterator[Completion]:
        yield from self.members(starts)
        yield from self._own_weights()
        yield Completion("*", "keyword", "", "everything directly below")
        yield Completion("**", "keyword", "", "everything at any depth")

    def _own_weights(self) -> Iterator[Completion]:
        """Weights that the plan declares itself."""
        for each in self.item.body if isinstance(self.item, ast.Plan) else ():
            if isinstance(each, ast.WeightDecl):
                yield Completion(each.name, "weight", "of this plan")

    def _right_side(self) -> Iterator[Completion]:
        """What a weight may read."""
        yield from self.members([self.model] if self.model is not None else [])
        yield from self._own_weights()
        yield from said(words.VIEWS, kind="operation")
        yield from self.names_of(self.model)

    def _chain(self, end: int) -> list[str]:
        """The path before a place of the statement, through selector braces: `attn` before `.{q, `."""
        tokens = self.line[:end]
        if not tokens or tokens[-1].type != "NAME" or len(tokens) < 3 or tokens[-3].type != "RBRACE":
            if not tokens or tokens[-1].type != "RBRACE":
                return chain_before(tokens)
            begin = next((at for at in range(len(tokens) - 1, -1, -1) if tokens[at].type == "LBRACE"), 0)
            inside = tokens[begin + 1 :]
            first = next((at for at, token in enumerate(inside) if token.type == "COMMA"), len(inside) - 1)
            outer = self._chain(begin - 1) if begin and tokens[begin - 1].type == "DOT" else []
            return [*outer, *chain_before(inside[:first])]
        return [*self._chain(end - 2), tokens[-1].text]

    def _behind(self, chain: list[str]) -> Iterator[Completion]:
        """What a path leads to: members, values for `reuse`, weights, their parts."""
        starts = self._starts()
        if self.last.type == "DOT" and self.inner is not None and self.inner.type == "LBRACE":
            outer = self._chain(self.open[-1] - 1) if self.line[self.open[-1] - 1].type == "DOT" else []
            chain = [*outer, *chain]
        homes = [home for start in starts for home in homes_of(chain, start, self.files)]
        homes = [home for at, home in enumerate(homes) if home not in homes[:at]]
        if self.first == "reuse":
            for home in homes:
                yield from (Completion(name, "local", f"of {home.name}") for name in values_of(home))
        yield from self.members(homes)
        yield from weights_behind(self, chain, starts)
        if not homes and len(chain) > 1:
            yield from (Completion(name, "weight", "", text) for name, text in words.PARTS.items())
            yield Completion("T", "keyword", "S.T", "The two sides exchanged.")

    # ------------------------------------------------------------------ brackets

    def _bracketed(self) -> Iterator[Completion]:
        inner, before = self.inner, self.line[self.open[-1] - 1]
        assert inner is not None
        if inner.type == "LBRACE":
            chain = self._chain(self.open[-1] - 1) if before.type == "DOT" else []
            if self.last.type in ("LBRACE", "COMMA"):
                taken = self.texts(inside=True)
                found = self._behind(chain) if chain else self._selectors(self._starts())
                yield from (each for each in found if each.text not in taken)
        elif inner.type == "LSQB":
            if before.type in ("NAME", "WEIGHT") and self.last.type in ("LSQB", "COMMA"):
                yield from self._axes(self._chain(self.open[-1]), " = ")
            yield from self.constants()
        elif before.text in words.VIEWS and self.last.type in ("LPAR", "COMMA"):
            yield from self.arguments()
            yield from self._right_side()
        else:
            yield from self.arguments()
            yield from self.wanted()
            yield from self.constants()

    def _axes(self, chain: list[str], behind: str = "") -> Iterator[Completion]:
        """The named axes of the weights that a path leads to, or of those that names of a line have in common."""
        model = self.model
        facts = self.view.facts.of_model(model.name) if model is not None else None
        found: dict[str, str] = {}
        for site in facts.solved.sites if facts is not None else ():
            names = [step.name for step in site.path]
            meant = chain[-1:] == names[-1:] and set(chain) <= set(names) if behind else bool(set(chain) & set(names))
            for axis in site.spec.axes if meant else ():
                if axis.name is not None:
                    found.setdefault(axis.name, f"of {'.'.join(names)}")
        yield from (Completion(name + behind, "argument", text) for name, text in found.items())
