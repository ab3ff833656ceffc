"""What the check of an item depends on: the items that it mentions, those that they mention, and so on.

A need is the serial number of a chunk, or the name of something in the standard library, which never changes. Two
checks of one item with the same needs find the same; unless they found something: then what else there is in the file
may be in the message, and the outline of the file must be the same too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.analysis.scope import FileScope, Scope
from sharedsl.ide.document import Chunk, Document
from sharedsl.record import dataclass, field
from sharedsl.syntax import ast

Need = frozenset[object]
_NOTHING: Need = frozenset()


class Needs:
    """The needs of the items of one version of a file. `before` are those of the version before.

    What an edit leaves as it was is the very same object as before, so that comparing it costs nothing.
    """

    def __init__(self, scope: Scope, documents: dict[str, Document], before: Needs | None = None) -> None:
        self.scope = scope
        chunks = [(each.path, chunk) for each in documents.values() for chunk in each.chunks]
        self._chunk_of = {id(item): chunk for _, chunk in chunks for item in chunk.items}
        self._homes = {chunk.serial: path for path, chunk in chunks}
        #: chunk -> its layout, where that is not the one it was read with
        self._editions = {chunk.serial: chunk.anchor.edition for _, chunk in chunks if chunk.anchor.edition}
        self._reach = {path: _Reach(scope.files.get(path), self._chunk_of) for path in documents}
        self._whole: dict[int, Need] = {}
        self._of_words: dict[tuple[frozenset[str], str], Need] = {}
        main = documents[scope.main.path]
        self.anchors = main.anchors()
        self.documents = documents
        self.outline: object = self._outline(main)
        #: all names that may be meant where one is unknown
        plans = {key: tuple(file.plans) for key, file in scope.files.items()}
        self.reach: object = (tuple(scope.main.names), plans, tuple(scope.main.builds))
        self._known = _Known() if before is None else self._left(before, chunks)
        if before is not None and before.outline == self.outline:
            self.outline = before.outline
        if before is not None and before.reach == self.reach:
            self.reach = before.reach

    def _left(self, before: Needs, chunks: list[tuple[str, Chunk]]) -> _Known:
        """What is left of the version before: all that leads neither to what is gone nor to what means another now."""
        words = {path: each.changed(before._reach.get(path, _EMPTY)) for path, each in self._reach.items()}
        gone: set[object] = {serial for serial in before._homes if serial not in self._homes}
        gone |= {chunk.serial for path, chunk in chunks if not chunk.words.isdisjoint(words[path])}
        return _Known(before._whole, before._of_words, gone, words)

    def of_item(self, item: ast.Item) -> Need:
        chunk = self._chunk_of[id(item)]
        found = self._whole.get(chunk.serial)
        return self.of_chunk(chunk) if found is None else found

    def chunk_of(self, item: ast.Item) -> Chunk:
        return self._chunk_of[id(item)]

    def of_chunk(self, chunk: Chunk) -> Need:
        """The chunk and all that it leads to."""
        found = self._whole.get(chunk.serial)
        if found is None:
            found = self._known.whole.get(chunk.serial)
            if found is None or not found.isdisjoint(self._known.gone):
                found = self._closure([chunk])
            self._whole[chunk.serial] = found
        return found

    def of_words(self, words: Iterable[str], path: str) -> Need:
        """All that these words lead to in a file."""
        key = (frozenset(words), path)
        found = self._of_words.get(key)
        if found is None:
            found, known = self._known.of_words.get(key), self._known
            if found is None or not (found.isdisjoint(known.gone) and key[0].isdisjoint(known.words.get(path, ()))):
                chunks, others = self._named(*key)
                found = frozenset().union(others, *map(self.of_chunk, chunks))
            self._of_words[key] = found
        return found

    def layout(self, need: Need) -> object:
        """How the items of a need are laid out: what was said of them may quote it, or mend it."""
        return tuple((serial, edition) for serial, edition in self._editions.items() if serial in need)

    def _closure(self, chunks: list[Chunk]) -> Need:
        found: dict[object, None] = {}
        todo = list(chunks)
        while todo:
            chunk = todo.pop()
            if chunk.serial in found:
                continue
            found[chunk.serial] = None
            more, others = self._named(chunk.words, self._homes[chunk.serial])
            found.update(dict.fromkeys(others))
            todo += more
        return frozenset(found)

    def _named(self, words: frozenset[str], path: str) -> tuple[list[Chunk], Need]:
        return self._reach.get(path, _EMPTY).named(words)

    def _outline(self, main: Document) -> object:
        """All names in their order, and every plan and build: who asks for what, and what could have been meant."""
        names: list[object] = [(name, each.home.path) for name, each in self.scope.main.names.items()]
        for chunk in main.chunks:
            for item in chunk.items:
                names.append(getattr(item, "name", None))
                if isinstance(item, ast.Plan | ast.Build | ast.Import):
                    names.append(chunk.serial)
        others = [(path, file.names.keys()) for path, file in self.scope.files.items() if file is not self.scope.main]
        return tuple(names), [(path, tuple(keys)) for path, keys in others]


@dataclass(slots=True)
class _Known:
    """Needs of the version before, and what they must not lead to if they are to be taken over."""

    whole: dict[int, Need] = field(default_factory=dict)
    of_words: dict[tuple[frozenset[str], str], Need] = field(default_factory=dict)
    gone: set[object] = field(default_factory=set)
    #: path -> the words that stand for something else now
    words: dict[str, set[str]] = field(default_factory=dict)


class _Reach:
    """What the words of one file stand for."""

    def __init__(self, home: FileScope | None, chunk_of: dict[int, Chunk]) -> None:
        self.chunks: dict[str, list[Chunk]] = {}
        self.library: dict[str, object] = {}
        #: name of a plan -> its model and where it is
        self.plans: dict[str, list[tuple[str, Chunk]]] = {}
        if home is None:
            return
        for item in home.file.items:
            if isinstance(item, ast.Plan):
                self.plans.setdefault(item.name, []).append((item.model, chunk_of[id(item)]))
            elif not isinstance(item, ast.Import):
                self.chunks.setdefault(item.name, []).append(chunk_of[id(item)])
        for name, each in home.names.items():
            if each.home is not home:
                self._imported(name, each.item, each.home, chunk_of)
        for (model, name), plan in home.plans.items():
            if plan.home is not home and id(plan.plan) in chunk_of:
                self.plans.setdefault(name, []).append((model, chunk_of[id(plan.plan)]))
        self.names = frozenset((*self.chunks, *self.library, *self.plans))

    def changed(self, before: _Reach) -> set[str]:
        """The words that stood for something else before."""
        found = _differing(self.chunks, before.chunks) | _differing(self.library, before.library)
        return found | _differing(self.plans, before.plans)

    def _imported(self, name: str, item: ast.Item, home: FileScope, chunk_of: dict[int, Chunk]) -> None:
        chunk = chunk_of.get(id(item))
        if chunk is None:
            self.library[name] = (home.path, name)
            return
        self.chunks.setdefault(name, []).append(chunk)
        for plan in home.plans.values():  # a model brings its plans along
            if plan.plan.model == name and id(plan.plan) in chunk_of:
                self.plans.setdefault(plan.plan.name, []).append((name, chunk_of[id(plan.plan)]))

    def named(self, words: frozenset[str]) -> tuple[list[Chunk], Need]:
        chunks: list[Chunk] = []
        others: set[object] = set()
        for word in words & self.names:
            chunks += self.chunks.get(word, ())
            chunks += [chunk for model, chunk in self.plans.get(word, ()) if model in words]
            if word in self.library:
                others.add(self.library[word])
        return chunks, frozenset(others) if others else _NOTHING

    names: frozenset[str] = frozenset()


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> set[str]:
    """The keys whose values are not the same in both."""
    if one == other:
        return set()
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


_EMPTY = _Reach(None, {})
