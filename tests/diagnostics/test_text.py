"""The full form: carets under the right columns, labels beside and below, several files, fixes."""

from __future__ import annotations

import json

import pytest

from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label, github, sarif, text
from sharedsl.diagnostics import json as as_json
from sharedsl.diagnostics.paint import Paint, clean, width
from sharedsl.source import SourceFile, Span

SPEC = "model A() {\n  tie a = 2 * b\n  # 漢字\n  tie b = 漢字 * a\n}\n"
SOURCES = {"a.sdsl": SourceFile("a.sdsl", SPEC), "b.sdsl": SourceFile("b.sdsl", "hello\tworld\n")}


def at(words: str, path: str = "a.sdsl") -> Span:
    start = SOURCES[path].text.index(words)
    return Span(path, start, start + len(words))


def full(*labels: Label, **more: object) -> str:
    return text.full([Diagnostic("some-code", "what is wrong", labels, **more)], SOURCES, Paint())  # type: ignore[arg-type]


def test_one_label() -> None:
    assert full(Label(at("2 * b"), "twice")) == (
        "error[some-code]: what is wrong\n --> a.sdsl:2:11\n  |\n2 |   tie a = 2 * b\n  |           ^^^^^ twice\n\n"
    )


def test_two_labels_on_one_line_hang() -> None:
    shown = full(Label(at("2 * b"), "twice"), Label(at("tie a"), "this"))
    assert "  |   -----   ^^^^^ twice\n  |   |\n  |   this\n" in shown


def test_wide_characters_take_two_columns() -> None:
    assert "4 |   tie b = 漢字 * a\n  |           ^^^^^^^^ wide\n" in full(Label(at("漢字 * a"), "wide"))


def test_tabs_and_second_file() -> None:
    shown = full(Label(at("tie a"), "one"), Label(at("world", "b.sdsl"), "two"))
    assert " ::: b.sdsl:1:7\n" in shown
    assert "1 | hello    world\n  |          ----- two\n" in shown


def test_lines_left_out_are_marked() -> None:
    shown = full(Label(at("model"), "first"), Label(at("tie b"), "last"))
    assert "\n...\n4 |   tie b" in shown


def test_span_over_lines_marks_both_ends() -> None:
    shown = full(Label(Span("a.sdsl", 0, len(SPEC) - 1), "all of it"))
    assert "1 | model A() {\n  | ^^^^^^^^^^^ all of it\n" in shown
    assert "5 | }\n  | ^ to here\n" in shown


def test_fix_shows_before_and_after() -> None:
    fix = Fix("drop the factor", (Edit(at("2 * b"), "b"),))
    shown = full(Label(at("2 * b")), fixes=(fix,))
    assert "  = help: drop the factor\n  | -   tie a = 2 * b\n  | +   tie a = b\n" in shown


@pytest.mark.parametrize("start", [0, 5, len(SPEC) - 1, len(SPEC)])
@pytest.mark.parametrize("length", [0, 1, 30])
def test_any_span_renders(start: int, length: int) -> None:
    assert "^" in full(Label(Span("a.sdsl", start, min(start + length, len(SPEC))), "here"))


def test_unknown_file_and_no_place() -> None:
    assert "--> gone.sdsl" in full(Label(Span("gone.sdsl", 0, 0)))
    assert text.full([Diagnostic("c", "m")], SOURCES, Paint()) == "error[c]: m\n\n"


def test_control_characters_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in clean("a\x1b[31mb") and width("a\u0301") == 1


def test_colours_only_when_asked() -> None:
    found = [Diagnostic("c", "m", (Label(at("tie a"), "x"),))]
    assert "\x1b[" not in text.full(found, SOURCES, Paint())
    coloured = text.full(found, SOURCES, Paint(True))
    assert "\x1b[1;31m^^^^^\x1b[0m \x1b[1;31mx\x1b[0m" in coloured


def test_summary() -> None:
    warning = Diagnostic("c", "m", severity="warning")
    assert text.summary([], 1) == "no errors in 1 file"
    assert text.summary([Diagnostic("c", "m"), Diagnostic("c", "m"), warning], 3) == "2 errors and 1 warning in 3 files"


MANY = [
    Diagnostic(
        "a", "one", (Label(at("tie a"), "x"), Label(at("tie b"), "y")), ("n",), "h", (Fix("f", (Edit(at("b"), "c"),)),)
    ),
    Diagnostic("b", "two, with: 100%\nlines", (Label(Span("gone", 0, 0)),), severity="warning"),
]


def test_forms_agree() -> None:
    document = json.loads(as_json.render(MANY, SOURCES))
    assert [(d["code"], d["severity"]) for d in document["diagnostics"]] == [("a", "error"), ("b", "warning")]
    assert document["summary"] == {"errors": 1, "warnings": 1}
    first = document["diagnostics"][0]["labels"][0]
    assert (first["file"], first["start"], first["primary"]) == ("a.sdsl", {"line": 2, "column": 3, "offset": 14}, True)
    log = json.loads(sarif.render(MANY, SOURCES, {"a": "title"}))
    results = log["runs"][0]["results"]
    assert [(r["ruleId"], r["level"]) for r in results] == [("a", "error"), ("b", "warning")]
    region = results[0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (2, 3)
    lines = github.render(MANY, SOURCES).splitlines()
    assert lines[0].startswith("::error file=a.sdsl,line=2,endLine=2,col=3,endColumn=8,title=sharedsl%3A a::one")
    assert lines[1] == "::warning file=gone,title=sharedsl%3A b::two, with: 100%25%0Alines"
    assert text.concise(MANY, SOURCES, Paint()).splitlines()[0] == "a.sdsl:2:3: error[a]: one"
