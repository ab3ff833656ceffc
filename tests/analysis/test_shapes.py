"""Specs with `# shape: ...` beside assignments and `# error: [code]` beside mistakes: those are found, no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze, compile_plan
from sharedsl.analysis.show import type_
from sharedsl.model import dataflow as d
from sharedsl.source import SourceFile

FOLDER = Path(__file__).parent / "shapes"
_SHAPE = re.compile(r"# shape: (.+)$")
_ERROR = re.compile(r"# (?:error|warning): \[([a-z-]+)\]")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sdsl")), ids=lambda path: path.stem)
def test_file(path: Path) -> None:
    source = SourceFile(path.name, path.read_text())
    whole = analyze(source)
    wanted = [(at, code) for at, line in enumerate(source.text.split("\n"), 1) for code in _ERROR.findall(line)]
    found = sorted((source.position(each.span.start)[0], each.code) for each in whole.diagnostics if each.span)
    assert found == wanted, [f"{each.code}: {each.message}" for each in whole.diagnostics]
    shapes = {at: match[1] for at, line in enumerate(source.text.split("\n"), 1) if (match := _SHAPE.search(line))}
    if whole.failed:
        assert not shapes
        return
    known: dict[int, str] = {}
    for model in whole.scope.models():
        build = compile_plan(whole, model).model
        units = [build.root, *(unit for child in build.root.children.values() for unit in child.units)]
        for body in [body for unit in units for body in unit.bodies.values()] + list(build.functions.values()):
            _collect(body.statements, source, known)
    assert {at: known.get(at) for at in shapes} == shapes


def _collect(statements: tuple[d.Statement, ...], source: SourceFile, known: dict[int, str]) -> None:
    for each in statements:
        if each.span.path != source.path:
            continue
        line = source.position(each.span.start)[0]
        match each:
            case d.Assign() | d.Keep():
                known[line] = type_(each.value.type)
            case d.Return():
                known[line] = ", ".join(type_(value.type) for value in each.values)
            case d.Loop():
                for turn in each.turns:
                    _collect(turn, source, known)
            case d.Present():
                _collect(each.then, source, known)
                _collect(each.other, source, known)
