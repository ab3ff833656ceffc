"""One report for each broken place, the fix that mends it, and the rest of the tree."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse
from sharedsl.syntax.lexer import tokenize

DATA = sorted((Path(__file__).parent / "data").glob("*.sdsl"))
SPECS = {path.stem: path.read_text() for path in DATA}


def read(text: str) -> tuple[ast.File, list[Diagnostic]]:
    return parse(SourceFile("x", text))


def mended(text: str, problem: Diagnostic) -> str:
    for edit in sorted(problem.fixes[0].edits, key=lambda edit: -edit.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def braces(text: str, mark: str) -> list[int]:
    """Where the braces of bodies are: those of selectors have no space inside."""
    tokens = tokenize(text, "x")[0]
    return [
        token.start
        for token in tokens
        if token.text == mark
        and (text[token.end : token.end + 1].isspace() if mark == "{" else text[token.start - 1].isspace())
    ]


@pytest.mark.parametrize("name", SPECS)
def test_a_missing_opening_brace(name: str) -> None:
    text = SPECS[name]
    whole, _ = read(text)
    for at in braces(text, "{"):
        if text[:at].rstrip().endswith("else"):
            continue
        broken = text[:at] + text[at + 1 :]
        _, problems = read(broken)
        assert len(problems) == 1, (text[max(0, at - 60) : at + 30], problems)
        assert "`{`" in problems[0].message
        assert read(mended(broken, problems[0])) == (whole, []), mended(broken, problems[0])


@pytest.mark.parametrize("name", SPECS)
def test_a_missing_closing_brace(name: str) -> None:
    text = SPECS[name]
    whole, _ = read(text)
    for at in braces(text, "}"):
        broken = text[:at] + text[at + 1 :]
        tree, problems = read(broken)
        assert 1 <= len(problems) <= 2, (text[max(0, at - 60) : at + 30], problems)
        assert len(tree.items) >= len(whole.items) - 1


MARKS = {"a parenthesis": "()", "a bracket": "[]", "an equals sign": "=", "a comma": ","}


@pytest.mark.parametrize("what", MARKS)
@pytest.mark.parametrize("name", SPECS)
def test_a_missing_mark_is_one_mistake(name: str, what: str) -> None:
    text = SPECS[name]
    whole, _ = read(text)
    places = [token.start for token in tokenize(text, "x")[0] if token.text in MARKS[what]]
    for at in random.Random(0).sample(places, min(12, len(places))):
        tree, problems = read(text[:at] + text[at + 1 :])
        assert len(problems) <= 2, (text[max(0, at - 60) : at + 30], problems)
        assert len(tree.items) >= len(whole.items) - 1


@pytest.mark.parametrize("name", SPECS)
def test_a_broken_line_costs_that_line_only(name: str) -> None:
    text = SPECS[name]
    whole, _ = read(text)
    for match in re.finditer(r"^  (?:layer|tie|share|return|fold) .*[^{,\n]$", text, re.MULTILINE):
        broken = text[: match.start()] + "  ] 3 = ( } {"[:11] + text[match.end() :]
        tree, problems = read(broken)
        assert 1 <= len(problems) <= 2, (broken[match.start() - 40 : match.start() + 40], problems)
        assert len(tree.items) >= len(whole.items) - 1


HEAD = "model Bert(vocab = 3, dim = 4) {\n"
MODEL = f"""{HEAD}  layer a = Linear(vocab, dim)
  forward(x: float[B, T]) -> float[B, T] {{
    y = a(x) + 1
    return y
  }}
}}
"""

#: (what is written, instead of what, the message, the text after the fix or None)
CASES = [
    ("modle Bert", "model Bert", "expected `model`, found `modle`", MODEL),
    ("  model Bert", "model Bert", "`model` begins an item, which stands at the start of a line", MODEL),
    ("layr a", "layer a", "expected `layer`, found `layr`", MODEL),
    ("retrun y", "return y", "expected `return`, found `retrun`", MODEL),
    ("3,, dim", "3, dim", "`,` stands here twice", MODEL),
    ("3 dim", "3, dim", "expected `,`, found `dim`", MODEL),
    ("x float", "x: float", "expected `:`, found `float`", MODEL),
    ("a(x + 1", "a(x) + 1", "expected `)` to close this `(`, found the end of the line", None),
    ("a(x)) + 1", "a(x) + 1", "this `)` closes nothing", MODEL),
    ("y a(x)", "y = a(x)", "expected `=`, found `a`", MODEL),
    ("vocab = , dim", "vocab = 3, dim", "expected an expression, found `,`", None),
    ("y = a(x) +\n", "y = a(x) + 1\n", "expected an expression, found the end of the line", None),
    ("return\n", "return y\n", "expected an expression, found the end of the line", None),
    ("layer = L", "layer a = L", "expected a name after `layer`, found `=`", None),
    (
        "tie a = b\n",
        "layer a = Linear(vocab, dim)\n",
        "expected a declaration in the body of `model Bert`, found `tie`",
        None,
    ),
    ("layer z = b\n", "y = a(x) + 1\n", "expected a statement in the body of `forward`, found `layer`", None),
    ("}\n}\n}\n", "}\n}\n", "this `}` closes nothing", MODEL),
    ("T]\n  {\n", "T] {\n", "expected `{` on the same line", None),
]


@pytest.mark.parametrize(("written", "instead", "message", "after"), CASES, ids=[case[0].strip() for case in CASES])
def test_messages(written: str, instead: str, message: str, after: str | None) -> None:
    assert instead in MODEL
    broken = MODEL.replace(instead, written, 1)
    tree, problems = read(broken)
    assert [problem.message for problem in problems] == [message]
    assert len(tree.items) == 1
    if after is not None:
        assert read(mended(broken, problems[0])) == (read(after)[0], [])


def test_all_that_is_open_at_the_end_is_closed_at_once() -> None:
    broken = MODEL[: MODEL.index(" + 1")].removesuffix(")")
    _, [problem] = read(broken)
    assert problem.message == "expected `)` and 2 `}` to close this `(`, found the end of the file"
    assert mended(broken, problem) == broken + ")\n  }\n}"
    assert not read(mended(broken, problem))[1]


def test_every_broken_place_is_reported_at_once() -> None:
    text = MODEL.replace("layer a =", "layer a") + MODEL.replace("y = a(x)", "y = a((x)").replace("Bert", "B")
    text += "sharing s of B {\n  tie a b\n  tie c = d\n  shar e\n}\n"
    tree, problems = read(text)
    assert len(tree.items) == 3
    assert [problem.message[:13] for problem in problems] == [
        "expected `=`,",
        "expected `)` ",
        "expected `=`,",
        "expected `sha",
    ]
    plan = tree.items[2]
    assert isinstance(plan, ast.Plan)
    assert len(plan.body) == 3


def test_what_cannot_be_read_becomes_a_bad_expression() -> None:
    tree, [problem] = read("model A(x = ) {}")
    [model] = tree.items
    assert isinstance(model, ast.Block)
    assert model.params == (ast.Param("x", None, ast.BadExpr()),)
    assert problem.fixes == ()


@pytest.mark.parametrize("junk", ["}", "x = 3", "hello", "(", '"text"', "]]]", "for", "3"])
def test_junk_between_items(junk: str) -> None:
    for text in (f"{junk}\n{MODEL}", f"{MODEL}{junk}\n{MODEL}", f"{MODEL}{junk}"):
        tree, problems = read(text)
        assert len(problems) == 1, problems
        assert set(tree.items) == set(read(MODEL)[0].items)


DEEP = {
    "parentheses": lambda n: "(" * n + "x" + ")" * n,
    "lists": lambda n: "[" * n + "x" + "]" * n,
    "calls": lambda n: "f(" * n + "x" + ")" * n,
    "chained calls": lambda n: "f" + "(x)" * n,
    "attributes": lambda n: "x" + ".a" * n,
    "minus": lambda n: "- " * n + "x",
    "not": lambda n: "not " * n + "x",
    "powers": lambda n: "x" + " ** x" * n,
    "sums": lambda n: "x" + " + x" * n,
    "pipes": lambda n: "x" + " |> x" * n,
    "ternaries": lambda n: "x" + " if x else x" * n,
    "open parentheses": lambda n: "(" * n,
    "open lists": lambda n: "[" * n,
    "closed": lambda n: ")" * n,
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("depth", [101, 20_000])
def test_deep_expressions(kind: str, depth: int) -> None:
    _, problems = read(f"model A(x = {DEEP[kind](depth)}) {{}}\nmodel B() {{}}")
    assert problems
    if kind != "closed":
        assert [problem.code for problem in problems] == ["nesting-too-deep"]


@pytest.mark.parametrize("depth", [101, 5_000])
@pytest.mark.parametrize("nested", ["if x { ", "if x { y = 1 } else if x { ", "for x in x { "])
def test_deep_statements(nested: str, depth: int) -> None:
    text = "function f() -> int { " + nested * depth + "y = 1 " + "}" * depth + " }"
    _, problems = read(text)
    assert [problem.code for problem in problems] == ["nesting-too-deep"]


def test_nesting_below_the_limit() -> None:
    for kind, make in DEEP.items():
        if not kind.startswith(("open", "closed")):
            assert not read(f"model A(x = {make(95)}) {{}}")[1], kind
