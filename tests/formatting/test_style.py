"""The style, case by case, and the specs in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.formatting import format_source
from sharedsl.source import SourceFile
from sharedsl.syntax.read import read_source

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").rglob("*.sdsl"), *(ROOT / "sharedsl" / "std").glob("*.sdsl")])


def done(text: str) -> str:
    found = format_source(SourceFile("x.sdsl", text))
    assert not found.diagnostics
    return found.text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_specs_are_in_style(path: Path) -> None:
    source = read_source(str(path))
    assert isinstance(source, SourceFile)
    assert done(source.text) == source.text, f"sharedsl fmt {path.relative_to(ROOT)}"


def test_the_example_of_the_docs() -> None:
    text = re.findall(r"```sdsl\n(.*?)```", (ROOT / "docs" / "style.md").read_text(), re.DOTALL)[0]
    assert done(text) == text


CASES = {
    "columns": (
        "model M( ) {\n layer a=L(1)\n weight w[1]\n layer long =L( 2 )\n\n layer b= L(3)\n}",
        "model M() {\n  layer a    = L(1)\n  weight w[1]\n  layer long = L(2)\n\n  layer b = L(3)\n}\n",
    ),
    "states": (
        "block B() {\nstate a:int\nstate long: int\n}",
        "block B() {\n  state a:    int\n  state long: int\n}\n",
    ),
    "inline stays": ("sharing p of M {share *}", "sharing p of M { share * }\n"),
    "open stays": ("sharing p of M {\nshare * }", "sharing p of M {\n  share *\n}\n"),
    "empty": ("sharing p of M {\n\n}", "sharing p of M {}\n"),
    "else opens both": (
        "sharing p of M { if a { share x } else {\n share y } }",
        "sharing p of M {\n  if a {\n    share x\n  } else {\n    share y\n  }\n}\n",
    ),
    "trailing commas": ("build B = M(a = 1,) with p(b = [1, 2,], )", "build B = M(a = 1) with p(b = [1, 2])\n"),
    "one-tuples": ("build B = M(a = (1,))", "build B = M(a = (1,))\n"),
    "slices": (
        "sharing p of M { share a[ 1 : -1 ].b[i+1:j] }",
        "sharing p of M { share a[1:-1].b[i + 1 : j] }\n",
    ),
    "comments": (
        "#a\n\n\n\nbuild B = M( # b\n1 #  c\n)#d\n# e",
        "#a\n\nbuild B = M(  # b\n            1  #  c\n            )  #d\n# e\n",
    ),
    "blank lines": ("import \"a\" { b }\nblock A() {}\nsharing a of M { share x }\nbuild B = M()\n\n\nbuild C = M()",
                    'import "a" { b }\n\nblock A() {}\n\nsharing a of M { share x }\nbuild B = M()\n\nbuild C = M()\n'),
    "crlf": ("build B = M( )\r\nbuild C = M( )", "build B = M()\r\nbuild C = M()\r\n"),
    "nothing": ("", ""),
    "comment only": ("  # a  ", "# a\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    before, after = CASES[name]
    assert done(before) == after
    assert done(after) == after


def test_long_lines_are_filled() -> None:
    names = ", ".join(f"parameter{number} = {number}" for number in range(12))
    text = done(f"model M({names}) {{}}")
    assert all(len(line) <= 120 for line in text.split("\n"))
    assert text.split("\n")[1].startswith(" " * len("model M(") + "parameter")


def test_errors_leave_the_text_alone() -> None:
    text = "build B = = M( )\n"
    found = format_source(SourceFile("x.sdsl", text))
    assert found.failed and found.text == text and found.diagnostics[0].code == "syntax"
