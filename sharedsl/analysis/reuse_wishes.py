"""What one body of one unit is to be changed by: values that it hands out, takes in, or passes from part to part."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.model.reuses import ReuseEdit
from sharedsl.model.sites import Path, Step
from sharedsl.record import dataclass

#: a value below a body: the path of an application, and the name that its forward gives the value
Place = tuple[Path, str]
#: where a value that goes down into a part comes from: another part's value, or an input of this body by its number
Source = Place | int


@dataclass(frozen=True, slots=True)
class Wish:
    """`exports` are handed to whoever calls the body, `imports` come from there, `links` go from part to part.

    Imports carry numbers: those of one number are one value, and one more input.
    """

    exports: tuple[Place, ...] = ()
    imports: tuple[tuple[Place, int], ...] = ()
    links: tuple[tuple[Place, Place], ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.exports or self.imports or self.links)

    @property
    def inputs(self) -> dict[int, Place]:
        """The further inputs, by number: the first place that each goes to."""
        found: dict[int, Place] = {}
        for place, number in self.imports:
            found.setdefault(number, place)
        return found

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the body's own values that come from outside."""
        return tuple(dict.fromkeys(name for (path, name), _ in self.imports if not path))

    def here(self) -> tuple[tuple[Place, Place], ...]:
        """The links between different parts of this body: it hands the values on itself."""
        return tuple(link for link in self.links if link[0][0][0] != link[1][0][0])

    def steps(self) -> tuple[Step, ...]:
        """The parts of the body that something goes into or comes out of."""
        places = [*self.exports, *(place for place, _ in self.imports), *(each for link in self.links for each in link)]
        return tuple(dict.fromkeys(path[0] for path, _ in places if path))

    def below(self, step: Step) -> tuple[Wish, tuple[Source, ...]]:
        """What this means for one part, and where each of its further inputs comes from."""
        here = self.here()
        exports = dict.fromkeys(_in(place) for place in self.exports if _at(place, step))
        exports |= dict.fromkeys(_in(producer) for producer, _ in here if _at(producer, step))
        sources: dict[Source, int] = {}
        imports: list[tuple[Place, int]] = []
        given: list[tuple[Place, Source]] = [*self.imports, *((consumer, producer) for producer, consumer in here)]
        for place, source in given:
            if _at(place, step):
                imports.append((_in(place), sources.setdefault(source, len(sources))))
        inner = tuple((_in(a), _in(b)) for a, b in self.links if _at(a, step) and _at(b, step))
        return Wish(tuple(exports), tuple(imports), inner), tuple(sources)


def root_wish(edits: Iterable[ReuseEdit]) -> Wish:
    return Wish(links=tuple(((each.producer, each.name), (each.consumer, each.name)) for each in edits))


def _at(place: Place, step: Step) -> bool:
    return bool(place[0]) and place[0][0] == step


def _in(place: Place) -> Place:
    return (place[0][1:], place[1])
