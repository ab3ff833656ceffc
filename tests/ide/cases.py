"""Fixtures of what editors ask: a spec, places in it or changes of it, and the answer as text.

A file `fixtures/REQUEST/NAME.txt` begins with the specs of `tests/ide/specs` that are open, the one that is asked about
first. Its cases follow: a line that begins with `>>> ` says what is asked, the answer stands below it.

    spec: adapt
    >>> layers[*].attn.{‸q, v}              the cursor is at the mark, in the only or first such text
    >>> lora(rank ==> lora(‸                the text is replaced first; more changes behind ` &&& `, lines end with `⏎`
    >>> layer em‸bed --> table              what comes behind is what the request takes: a new name, kinds of hints
    >>> .                                   the whole text as it is

`python -m tests.ide.accept [REQUEST..]` writes the answers as they are now. Whoever does that reads them all.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.record import dataclass

FOLDER = Path(__file__).parent / "fixtures"
SPECS = Path(__file__).parent / "specs"
MARK = "‸"
ASKS = ">>> "


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked, as its line says it, and the answer."""

    asked: str
    answer: str


@dataclass(frozen=True, slots=True)
class Fixture:
    """A file of fixtures: all cases are about one spec."""

    request: str
    name: str
    specs: tuple[str, ...]
    cases: tuple[Case, ...]

    @property
    def path(self) -> Path:
        return FOLDER / self.request / f"{self.name}.txt"


@dataclass(frozen=True, slots=True)
class Place:
    """A text that is open, where the mark was in it, what else the request takes. `before` is the spec as it was."""

    workspace: Workspace
    view: View
    offset: int
    given: str
    before: str


def fixtures(request: str = "*") -> list[Fixture]:
    return [read(path) for path in sorted(FOLDER.glob(f"{request}/*.txt"))]


def read(path: Path) -> Fixture:
    head, *parts = ("\n" + path.read_text(encoding="utf-8")).split(f"\n{ASKS}")
    assert head.startswith("\nspec: "), path
    cases = []
    for part in parts:
        asked, _, answer = part.partition("\n")
        cases.append(Case(asked, answer.strip("\n")))
    return Fixture(path.parent.name, path.stem, tuple(head.strip().removeprefix("spec: ").split()), tuple(cases))


def written(fixture: Fixture) -> str:
    """The text of a fixture's file."""
    cases = [f"{ASKS}{each.asked}\n{each.answer}\n" for each in fixture.cases]
    return f"spec: {' '.join(fixture.specs)}\n" + "".join(f"\n{each}" for each in cases)


@cache
def text_of(spec: str) -> str:
    return (SPECS / f"{spec}.sdsl").read_text(encoding="utf-8")


def place(fixture: Fixture, case: Case) -> Place:
    """The workspace in which the question is asked."""
    spec, *others = fixture.specs
    asked, _, given = case.asked.partition(" --> ")
    before = text = text_of(spec)
    if asked != ".":
        for change in asked.split(" &&& "):
            old, arrow, new = change.partition(" ==> ")
            text = _changed(text, _lines(old), _lines(new) if arrow else None)
    workspace, view = _opened(text.replace(MARK, ""), (spec, *others))
    return Place(workspace, view, text.find(MARK), given, before)


def _changed(text: str, old: str, new: str | None) -> str:
    plain = old.replace(MARK, "")
    assert plain in text, f"{plain!r} is not in the spec"
    return text.replace(plain, old if new is None else new, 1)


def _lines(text: str) -> str:
    return text.replace("⏎", "\n")


@cache
def _opened(text: str, specs: tuple[str, ...]) -> tuple[Workspace, View]:
    workspace = Workspace()
    for each in specs[1:]:
        workspace.put(f"/specs/{each}.sdsl", text_of(each))
    path = f"/specs/{specs[0]}.sdsl"
    workspace.put(path, text)
    view = workspace.view(path)
    assert view is not None
    return workspace, view
