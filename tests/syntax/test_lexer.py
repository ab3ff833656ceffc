"""What a word, a newline and a number are, by their neighbours alone."""

from __future__ import annotations

import pytest

from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse
from sharedsl.syntax.lexer import tokenize
from sharedsl.syntax.numbers import number_value


def kinds(text: str) -> str:
    return " ".join(token.type for token in tokenize(text, "x")[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@3", "NAME APP"),
        ("a@*", "NAME APP"),
        ("a @ b", "NAME AT NAME"),
        ("a@b", "NAME AT NAME"),
        ("layers[3:6]@*.norm", "NAME LSQB NUMBER COLON NUMBER RSQB APP DOT NAME"),
        ("x.for.model.weight", "NAME DOT NAME DOT NAME DOT NAME"),
        ("x. for", "NAME DOT NAME"),
        ("a -> b - > c", "NAME ARROW NAME MINUS CMP NAME"),
        ("a |> b | c", "NAME PIPE NAME VBAR NAME"),
        ("a // b ** c ... d", "NAME DOUBLE_SLASH NAME POWER NAME REST NAME"),
        ("a<=b==c=d", "NAME CMP NAME CMP NAME EQUAL NAME"),
        ('f("# no comment") # one', "NAME LPAR STRING RPAR"),
        ("1e-5 30_000 16MB 0.5 1.x", "NUMBER NUMBER NUMBER NUMBER NUMBER DOT NAME"),
        # soft words
        ("weight w[2]", "WEIGHT NAME LSQB NUMBER RSQB"),
        ("x = weight", "NAME EQUAL NAME"),
        ("state = weight + 1", "NAME EQUAL NAME PLUS NUMBER"),
        ("state, y = f(x)", "NAME COMMA NAME EQUAL NAME LPAR NAME RPAR"),
        ("f(weight = 1)", "NAME LPAR NAME EQUAL NUMBER RPAR"),
        ("f(\n  weight = 1)", "NAME LPAR NAME EQUAL NUMBER RPAR"),
        ("{ weight w[2] }", "LBRACE WEIGHT NAME LSQB NUMBER RSQB RBRACE"),
        ("tie a.{weight, b}", "TIE NAME DOT LBRACE NAME COMMA NAME RBRACE"),
        ("except {share}", "EXCEPT LBRACE NAME RBRACE"),
        ("untie {incremental}", "UNTIE LBRACE NAME RBRACE"),
        ("build a = b() { incremental }", "BUILD NAME EQUAL NAME LPAR RPAR LBRACE INCREMENTAL RBRACE"),
        ("share * across layer", "SHARE STAR ACROSS NAME"),
        ("test (a = 1)", "TEST LPAR NAME EQUAL NUMBER RPAR"),
        ("extern layer layer(x)", "EXTERN LAYER NAME LPAR NAME RPAR"),
        ("weight a[2] init init(1)", "WEIGHT NAME LSQB NUMBER RSQB INIT NAME LPAR NUMBER RPAR"),
        ("weight a[2]: init init x", "WEIGHT NAME LSQB NUMBER RSQB COLON NAME INIT NAME"),
    ],
)
def test_kinds(text: str, expected: str) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("a\nb", 1),
        ("a # comment\n\n# more\n  \nb", 1),
        ("f(a\nb)", 0),
        ("[a\nb\n]", 0),
        ("a,\nb", 0),
        ("a +\nb", 0),
        ("a =\nb", 0),
        ("a and\nb", 0),
        ("a ->\nb", 0),
        ("a\nelse", 0),
        ("a\n\n  |> b", 0),
        ("a\n|> b\n|> c\nd", 1),
        ("a *\nb", 0),
        ("share *\nshare b", 1),
        ("share a.*\nshare b", 1),
        ("share **\nshare b", 1),
        ("share a across b except *\nfreeze c", 1),
        # what cannot be the rest of an expression begins a line, whatever was left open
        ("f(a\nreturn b", 1),
        ("f(a\nlayer b = c", 1),
        ("a +\nreturn b", 1),
        ("a +\nif b", 1),
        ("[a\nfor b in c\nif d]", 0),
        ("a = [1,\n}", 1),
    ],
)
def test_newlines(text: str, ends: int) -> None:
    assert kinds(text).split().count("_NL") == ends


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("30_000", 30_000),
        ("12M", 12_000_000),
        ("2.5k", 2500),
        ("1G", 10**9),
        ("4T", 4 * 10**12),
        ("16MB", 16_000_000),
        ("16kB", 16_000),
        ("16KB", 16_000),
        ("2GiB", 2 * 2**30),
        ("1.5KiB", 1536),
        ("1e3M", 10**9),
        ("1000000000000000000", 10**18),
    ],
)
def test_integers(text: str, value: int) -> None:
    assert number_value(text) == value
    assert isinstance(number_value(text), int)
    assert not tokenize(text, "x")[1]


@pytest.mark.parametrize(("text", "value"), [("1.0", 1.0), ("1e5", 1e5), ("1e-5", 1e-5), ("0.3333k", 333.3)])
def test_fractions(text: str, value: float) -> None:
    assert number_value(text) == pytest.approx(value)
    assert isinstance(number_value(text), float)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1000000000000000001", "number-too-big"),
        ("1" * 10_000, "number-too-big"),
        ("2000000T", "number-too-big"),
        ("1e999", "number-too-big"),
        ("1e999999999999999", "number-too-big"),
        ("12B", "bad-number"),
        ("12b", "bad-number"),
        ("12K", "bad-number"),
        ("12mb", "bad-number"),
        ("12apples", "bad-number"),
        ("1.5.5e", "bad-number"),
        ('"open', "unterminated-string"),
        ("a $ b", "bad-character"),
        ("a;", "bad-character"),
        ("\0", "bad-character"),
        ("a\u00a0b", "bad-character"),
        ("é", "bad-character"),
        ("($$é$$)", "bad-character"),
    ],
)
def test_bad_tokens(text: str, code: str) -> None:
    problems = tokenize(text, "x")[1]
    assert [problem.code for problem in problems] == [code]
    number_value(text) if code == "number-too-big" else None


@pytest.mark.parametrize(("text", "mended"), [("12B", "12G"), ("3K", "3k"), ("16mb", "16MB"), ('f("a', 'f("a"')])
def test_fixes(text: str, mended: str) -> None:
    [problem] = tokenize(text, "x")[1]
    [edit] = problem.fixes[0].edits
    assert text[: edit.span.start] + edit.text + text[edit.span.end :] == mended


def test_docs() -> None:
    text = "## of nothing\n\n# no doc\nmodel A() {}\n## one\n##\n##   two\nmodel B() {}\n### no\nmodel C() {}\n"
    tree, problems = parse(SourceFile("x", text))
    assert not problems
    assert [item.doc for item in tree.items if isinstance(item, ast.Block)] == ["", "one\n\n  two", ""]


def test_crlf_is_read_with_its_offsets() -> None:
    text = "## doc\r\nmodel A(\r\n  x = 1) {\r\n  require x\r\n  require x\r\n}\r\n"
    tree, problems = parse(SourceFile("x", text))
    assert not problems
    [model] = tree.items
    assert isinstance(model, ast.Block)
    assert model.doc == "doc"
    assert text[model.body[1].span.start : model.body[1].span.end] == "require x"
