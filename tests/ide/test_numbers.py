"""Every number and shape that hints, lenses and `budget --json` show is that of the module that torch builds.

Modules are built at the builds' own sizes on the meta device; shapes are those of a run there.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from sharedsl.ide import hints, lenses
from sharedsl.ide.facts import Facts
from sharedsl.ide.hints import Hint
from sharedsl.ide.numbers import bytes_text
from sharedsl.ide.symbols import word_at
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.model.sites import Step
from sharedsl.syntax import ast
from tests.compiled import SPECS
from tests.ide.built import Built, name_of
from tests.ide.cases import SPECS as TOPICS

ALL = [*sorted(SPECS.rglob("*.sdsl")), *sorted(TOPICS.glob("*.sdsl"))]
#: some of each kind; the rest takes minutes
SAMPLE = {
    "imports", "stacks", "branches", "lists", "reuse", "scans", "turns", "adapt", "tensors",
    "gathers", "vision", "forwards", "states", "tied",
}  # fmt: skip
NUMBER = re.compile(r"\d[\d,]*")


def specs(paths: list[Path]) -> list[object]:
    marks = {True: [], False: [pytest.mark.slow]}
    return [pytest.param(each, id=each.stem, marks=marks[each.stem in SAMPLE]) for each in paths]


@lru_cache(maxsize=2)
def opened(path: Path) -> View:
    workspace = Workspace()
    workspace.put(str(path), path.read_text(encoding="utf-8"))
    view = workspace.view(str(path))
    assert view is not None
    return view


@lru_cache(maxsize=8)
def _built(view: View, build: str) -> Built:
    facts = view.facts.of_build(build) or view.facts.plain(build)
    assert facts is not None
    return Built(facts.compiled)


def built(view: View, facts: Facts) -> Built:
    return _built(view, facts.title)


def number(text: str) -> int:
    found = NUMBER.search(text)
    assert found is not None, text
    return int(found[0].replace(",", ""))


def blocks(view: View) -> Iterator[tuple[ast.Block, Facts]]:
    for item in view.items:
        if isinstance(item, ast.Block):
            facts = view.facts.of_block(item)
            if facts is not None:
                yield item, facts


def layers(body: tuple[ast.Declaration, ...]) -> Iterator[ast.LayerDecl]:
    for each in body:
        if isinstance(each, ast.LayerDecl):
            yield each
        yield from layers((*getattr(each, "then", ()), *getattr(each, "other", ())))


def layer_lines(view: View) -> None:
    """The counts of every layer line, and what is said of sharing."""
    shown = hints.hints(view, 0, len(view.text), ("parameters", "sharing"))
    lines = 0
    for item, facts in blocks(view):
        for line in layers(item.body):
            known = facts.unit(item.name_span, line.name)
            here = [each for each in shown if each.offset == line.span.end]
            if known is None or line.name not in known[0].children:
                assert not here, line.name
                continue
            made, lines = built(view, facts), lines + 1
            _counts(facts, made, here, name_of((*known[1], Step(line.name))))
            _sharing(facts, made, here, known[0].children[line.name], known[1])
    assert lines or not any(isinstance(item, ast.Block) for item in view.items)


def _counts(facts: Facts, made: Built, here: list[Hint], name: str) -> None:
    stored = made.parameters(name)
    counts = [each for each in here if each.kind == "parameters"]
    assert [number(each.text) for each in counts] == ([stored] if stored else []), (facts.title, name)


def _sharing(facts: Facts, made: Built, here: list[Hint], child: object, path: tuple[Step, ...]) -> None:
    """What is said of sharing, against the weights that a run asked for and the parameters that there are."""
    count = len(child.units)  # type: ignore[attr-defined]
    slots = [(*path, Step(child.name, at if child.stacked else None)) for at in range(count)]  # type: ignore[attr-defined]
    applied = sum(made.applied(each) for each in slots)
    for each in here:
        if each.kind != "sharing":
            assert applied, (facts.title, slots[0])
            continue
        text = each.text.strip()
        assert number(each.tooltip) == applied, (facts.title, slots[0])
        if text.startswith("="):
            names = [name for name, _ in made.module.named_parameters()]
            own = tuple(name_of(slot) + "." for slot in slots)
            said = [name for name in names if re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)]
            assert said and not any(name.startswith(own) for name in said), (text, slots[0])
        elif "stored once" in text:
            times: dict[int, int] = {}
            for slot in slots:
                for _, storages in made.readers(slot):
                    for at in storages:
                        times[at] = times.get(at, 0) + 1
            assert set(times.values()) == {number(text)}, (facts.title, slots[0])
        else:
            assert number(text) == applied


def every_lens(view: View) -> None:
    for each in lenses.lenses(view):
        if each.command:
            continue
        item = next(item for item in view.items if getattr(item, "name_span", None) == each.span)
        facts = _deciding(view, item)
        made, prefix = built(view, facts), ""
        text = each.title.removeprefix(f"{facts.title}: ")
        if isinstance(item, ast.Block) and item.kind == "block":
            known = facts.unit(item.name_span)
            assert known is not None
            prefix, path_ = name_of(known[1]), known[1]
            assert number(text.split("parameter")[1]) == made.applied(path_), (item.name, text)
        elif "applied" in text:
            assert number(text.split("parameter")[1]) == made.applied(()), text
        assert number(text) == made.parameters(prefix), (getattr(item, "name", ""), text)
        if not prefix:
            assert f", {bytes_text(made.bytes)}" in text, (text, made.bytes)


def _deciding(view: View, item: ast.Item) -> Facts:
    facts = view.facts.of_build(item.name) if isinstance(item, ast.Build) else None
    facts = facts or (view.facts.of_block(item) if isinstance(item, ast.Block) else None)
    assert facts is not None
    return facts


def budget_json(view: View, capsys: pytest.CaptureFixture[str]) -> None:
    from sharedsl.cli.main import run

    if not view.analysis.builds:
        return
    assert run(["budget", "--json", view.path]) == 0
    found = json.loads(capsys.readouterr().out)["builds"]
    assert {each["name"] for each in found} >= set(view.analysis.builds)
    for each in found:
        if "@" in each["name"]:
            continue
        module = _built(view, each["name"]).module
        parameters = list(module.parameters())
        names = {name for name, _ in module.named_parameters()}
        saved = module.state_dict().items()
        assert each["params"]["stored"] == sum(one.numel() for one in parameters)
        assert each["params"]["trainable"] == sum(one.numel() for one in parameters if one.requires_grad)
        assert each["params"]["applied"] == _built(view, each["name"]).applied(())
        assert each["buffers"] == sum(one.numel() for name, one in saved if name not in names)
        assert each["bytes"] == _built(view, each["name"]).bytes


def assignments(view: View) -> None:
    """The shape of every assignment that ran."""
    shown = {each.offset: each for each in hints.hints(view, 0, len(view.text), ("shapes",))}
    for item in view.items:
        facts = view.facts.of_block(item) if isinstance(item, ast.Block | ast.Function) else None
        if facts is None or not isinstance(item, ast.Block | ast.Function):
            continue
        made = built(view, facts)
        for statement, name, end in _targets(view, item):
            hint = shown.pop(end, None)
            ran = made.ran.get((view.path, statement.span.start, statement.span.end, name))
            if not ran:
                assert hint is None, (getattr(item, "name", ""), name)
                continue
            assert hint is not None, (getattr(item, "name", ""), name)
            fits = [_shape(hint.text, sizes) == shape for _, shape, sizes in ran]
            assert fits[0] or any(fits), (getattr(item, "name", ""), name, hint.text, ran[0])
            if len({shape for _, shape, _ in ran}) == 1:
                assert all(fits), (name, hint.text)
    assert not shown


def _targets(view: View, item: ast.Block | ast.Function) -> Iterator[tuple[ast.Assign, str, int]]:
    bodies = (
        [item.body] if isinstance(item, ast.Function) else [f.body for f in item.body if isinstance(f, ast.Forward)]
    )
    todo = [each for body in bodies for each in body or ()]
    while todo:
        each = todo.pop(0)
        if isinstance(each, ast.Assign):
            at = each.span.start
            for name in each.targets:
                place = word_at(view.text, name, at, each.span.end, view.path)
                assert place is not None
                at = place.end
                yield each, name, place.end
        todo += (*getattr(each, "body", ()), *getattr(each, "then", ()), *getattr(each, "other", ()))


def _shape(text: str, sizes: dict[str, int]) -> object:
    """`: float[B, T // 2, 16]` at these run-time sizes; None for a number, `: int`. `: 30 * float[B, T]` is many."""
    many = re.match(r": (\d+) \* (.*)", text)
    if many is not None:
        return int(many[1]), frozenset((_shape(f": {many[2]}", sizes),))
    if text in (": int", ": float", ": bool"):
        return None
    inside = text.partition("[")[2].rpartition("]")[0]
    return tuple(eval(f"({inside},)", {}, dict(sizes))) if inside else ()


@pytest.mark.parametrize("path", specs(ALL))
def test_all_numbers_are_those_of_torch(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = opened(path)
    layer_lines(view)
    every_lens(view)
    assignments(view)
    budget_json(view, capsys)


@pytest.mark.parametrize("kind", hints.KINDS)
def test_kinds_are_apart(kind: str) -> None:
    view = opened(random.Random(kind).choice(ALL))
    every = hints.hints(view, 0, len(view.text))
    without = hints.hints(view, 0, len(view.text), tuple(each for each in hints.KINDS if each != kind))
    assert without == [each for each in every if each.kind != kind]
