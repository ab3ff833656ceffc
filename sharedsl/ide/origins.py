"""The models and solved plans of one version of a file that are good for the next: their texts are as they were."""

from __future__ import annotations

from sharedsl.analysis.checking import Analysis
from sharedsl.ide.needs import Need, Needs
from sharedsl.record import dataclass
from sharedsl.syntax import ast


@dataclass(slots=True)
class Origin:
    """What something was made of: the words that its key mentions, the files they are read in, where these lead."""

    value: object
    words: frozenset[str]
    homes: tuple[str, ...]
    needs: Need
    #: the outline and the layout, where something was said of it
    told: object

    def needs_now(self, needs: Needs) -> Need:
        found = needs.of_words(self.words, self.homes[0])
        for home in self.homes[1:]:
            found |= needs.of_words(self.words, home)
        return found


class Origins:
    """By the identity of what was made: the keys, whole arguments of builds, take long to compare."""

    def __init__(self) -> None:
        self._made: dict[object, object] = {}
        self._models: dict[object, object] = {}
        self._of: dict[int, Origin] = {}

    def take_over(self, analysis: Analysis, needs: Needs) -> None:
        """Before anything is made of a new version: it gets what is left of the one before."""
        analysis._made = self._left(self._made, needs)  # type: ignore[assignment]
        analysis._models = self._left(self._models, needs)  # type: ignore[assignment]
        kept = [*analysis._made.values(), *analysis._models.values()]
        self._of = {id(each): self._of[id(each)] for each in kept}

    def _left(self, known: dict[object, object], needs: Needs) -> dict[object, object]:
        left = known.copy()
        for key, value in known.items():
            if not self._stays(self._of[id(value)], needs):
                del left[key]
        return left

    def _stays(self, origin: Origin, needs: Needs) -> bool:
        now = origin.needs_now(needs)
        if origin.needs is not now and origin.needs != now:
            return False
        origin.needs = now
        return origin.told is None or origin.told == (needs.outline, needs.layout(now))

    def keep(self, analysis: Analysis, needs: Needs) -> None:
        """What was made since is kept with what it was made of."""
        self._made, self._models = analysis._made, analysis._models  # type: ignore[assignment]
        path = analysis.source.path
        for key, made in analysis._made.items():
            if id(made) not in self._of:
                self._note(made, _made_words(key), (path,), bool(made.diagnostics), needs)
        for key, model in analysis._models.items():
            if id(model) not in self._of:
                # the values of its parameters may be layers of the file that uses it
                homes = tuple(dict.fromkeys((_model_home(key), path)))
                self._note(model, _model_words(key), homes, bool(model[1]), needs)

    def _note(self, value: object, words: frozenset[str], homes: tuple[str, ...], told: bool, needs: Needs) -> None:
        origin = self._of[id(value)] = Origin(value, words, homes, frozenset(), None)
        origin.needs = origin.needs_now(needs)
        origin.told = (needs.outline, needs.layout(origin.needs)) if told else None


def _words(node: object, found: set[str]) -> None:
    if isinstance(node, ast.Name):
        found.add(node.name)
    elif isinstance(node, tuple):
        for each in node:
            _words(each, found)
    elif hasattr(node, "__dataclass_fields__"):
        for name in node.__dataclass_fields__:
            if not name.endswith("span"):
                _words(getattr(node, name), found)


def _model_words(key: object) -> frozenset[str]:
    """Of a model's key: its home, its name, the values of its parameters."""
    assert isinstance(key, tuple)
    return frozenset((key[1], *_named(key[2])))


def _named(values: object) -> set[str]:
    """Layers and functions among the values, which are handed on by name."""
    if isinstance(values, str):
        return {values}
    if isinstance(values, tuple):
        return {name for each in values for name in _named(each)}
    name = getattr(values, "name", None)
    return {name} if isinstance(name, str) else set()


def _model_home(key: object) -> str:
    assert isinstance(key, tuple)
    return str(key[0])


def _made_words(key: object) -> frozenset[str]:
    assert isinstance(key, tuple)
    model, plans, args = key[:3]
    found: set[str] = {model}
    for ref in plans:
        found.add(ref.name)
        _words(ref.args, found)
    _words(args, found)
    return frozenset(found)
