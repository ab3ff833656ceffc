"""All that colours specs agrees with the grammar: the same keywords, and each word of every spec read as what it is.

What a word is, is said by the tree-sitter parse, which is checked against the compiler's own in test_treesitter.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sharedsl.syntax.lexer import STATEMENT_WORDS
from sharedsl.syntax.table import load_table
from tests.editors import textmate, treesitter
from tests.editors.treesitter import ROOT, SPECS

Place = tuple[int, int]
VALUES = {"true", "false", "none"}


# ---------------------------------------------------------------------------- TextMate


def textmate_roles(path: Path, places: dict[Place, tuple[str, str]]) -> dict[Place, str]:
    lines = [textmate.colours(line) for line in path.read_text().split("\n")]
    return {(row, column): _textmate_role(lines[row][column]) for row, column in places}


def _textmate_role(scopes: list[str]) -> str:
    assert not any(scope.startswith("invalid") for scope in scopes), scopes
    first, last = (scopes[0], scopes[-1]) if scopes else ("", "")
    for start, role in (
        ("comment.line.documentation", "doc_comment"), ("comment", "comment"), ("string", "string"),
        ("constant.numeric", "number"),
    ):  # fmt: skip
        if first.startswith(start):
            return role
    if last.startswith(("keyword.other.", "keyword.control", "keyword.operator.word", "storage.")):
        return "keyword"
    return "name" if last.startswith(("variable", "entity", "support", "constant.language")) else last


def test_textmate_leaves_nothing_unread() -> None:
    for path in SPECS:
        for number, line in enumerate(path.read_text().split("\n"), 1):
            for char, scopes in zip(line, textmate.colours(line), strict=True):
                where = f"{path}:{number}: {char!r}"
                assert scopes or char.isspace(), where
                assert not any(scope.startswith("invalid") for scope in scopes), where


# ---------------------------------------------------------------------------- Pygments


def pygments_roles(path: Path, places: dict[Place, tuple[str, str]]) -> dict[Place, str]:
    from sharedsl.highlight import SharedslLexer

    text = path.read_text()
    found: dict[Place, str] = {}
    for start, kind, _ in SharedslLexer().get_tokens_unprocessed(text):
        row = text.count("\n", 0, start)
        found[row, start - text.rfind("\n", 0, start) - 1] = _pygments_role(kind)
    return {place: found.get(place, "nothing") for place in places}


def _pygments_role(kind: Any) -> str:
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    for of, role in (
        (Keyword.Constant, "name"), (Keyword.Type, "name"), (Name, "name"), (Keyword, "keyword"),
        (Operator.Word, "keyword"), (String.Doc, "doc_comment"), (String, "string"), (Comment, "comment"),
        (Number, "number"),
    ):  # fmt: skip
        if kind in of:
            return role
    return str(kind)


# ---------------------------------------------------------------------------- Vim and Neovim

_VIM = (
    "Statement", "Relation", "Budget", "Item", "Import", "Clause", "Step", "Conditional", "Repeat", "Return",
    "WordOperator",
)  # fmt: skip
VIM_KEYWORDS = {f"sharedsl{each}" for each in _VIM}
VIM_OTHERS = {
    "sharedslNumber": "number", "sharedslString": "string", "sharedslComment": "comment", "sharedslDoc": "doc_comment",
}  # fmt: skip
EDITORS = {
    "nvim": ("nvim", "--clean", "--headless", "-n", "-u", "NONE"),
    "vim": ("vim", "--clean", "-N", "-n", "-es", "-u", "NONE", "-i", "NONE"),
}


@cache
def vim_groups(editor: str) -> dict[str, dict[Place, str]]:
    """The syntax groups of all words of all specs, as a real editor says them."""
    import tempfile

    if shutil.which(editor) is None:
        pytest.skip(f"there is no {editor}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "groups"
        commands = ["syntax on", f"let g:specs = {[str(path) for path in SPECS]}", f"let g:out = '{out}'"]
        commands.append(f"source {ROOT / 'tests' / 'editors' / 'vim_groups.vim'}")
        early = [f"set rtp^={ROOT / 'editors' / 'vim'}", "filetype plugin indent on"]
        options = [word for each in early for word in ("--cmd", each)]
        options += [word for each in commands for word in ("-c", each)]
        done = subprocess.run([*EDITORS[editor], *options], stdin=subprocess.DEVNULL, timeout=120, capture_output=True)
        if not out.exists():
            pytest.skip(f"{editor} cannot run scripts here: {done.stderr.decode()[:200]}")
        found: dict[str, dict[Place, str]] = {}
        for line in out.read_text().splitlines():
            file, row, column, group, filetype = line.split("\t")
            assert filetype == "sharedsl", line
            found.setdefault(file, {})[int(row), int(column)] = group
        return found


def vim_roles(editor: str) -> Callable[[Path, dict[Place, tuple[str, str]]], dict[Place, str]]:
    def roles(path: Path, places: dict[Place, tuple[str, str]]) -> dict[Place, str]:
        groups = vim_groups(editor)[str(path)]
        return {place: _vim_role(groups.get(place, "nothing")) for place in places}

    return roles


def _vim_role(group: str) -> str:
    return "keyword" if group in VIM_KEYWORDS else VIM_OTHERS.get(group, "name")


# ---------------------------------------------------------------------------- what they must agree on

READERS = {
    "textmate": textmate_roles,
    "pygments": pygments_roles,
    "nvim": vim_roles("nvim"),
    "vim": vim_roles("vim"),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_word_of_every_spec(reader: str) -> None:
    wrong = []
    for path in SPECS:
        places = treesitter.roles(path.read_text())
        found = READERS[reader](path, places)
        for place, (role, word) in places.items():
            if found[place] != role:
                wrong.append(f"{path.name}:{place[0] + 1}: `{word}` is a {role}, not a {found[place]}")
    assert not wrong


def words_of_textmate() -> set[str]:
    """The words that the patterns of the rules of keywords write out."""
    rules = [rule["match"] for _, rule in textmate.rules() if "comment" not in str(rule)]
    return set(re.findall(r"[a-z_]{2,}", re.sub(r"A-Za-z_?|\\[a-zA-Z]", " ", " ".join(rules))))


def words_of_treesitter() -> set[str]:
    import json

    grammar = json.loads((treesitter.GRAMMAR / "src" / "grammar.json").read_text())

    def texts(rule: Any) -> set[str]:
        if isinstance(rule, list):
            return set().union(*map(texts, rule))
        if not isinstance(rule, dict):
            return set()
        own = {rule["value"]} if rule.get("type") == "STRING" else set()
        return own.union(*(texts(each) for key, each in rule.items() if key in ("content", "members")))

    return set().union(*(texts(rule) for rule in grammar["rules"].values()))


def words_of_vim() -> set[str]:
    """The words of the patterns and lists that colour keywords."""
    text = (ROOT / "editors" / "vim" / "syntax" / "sharedsl.vim").read_text()
    found: set[str] = set()
    for kind, group, rest in re.findall(r"^syn (match|keyword) (\w+)\s+(.*)$", text, re.MULTILINE):
        if group in VIM_KEYWORDS:
            words = rest[1 : rest.rindex("/")] if kind == "match" else rest
            found |= set(re.findall(r"[a-z_]{2,}", re.sub(r"\\[a-zA-Z<>]|\[:\w+:\]", " ", words)))
    return found


def words_of_emacs() -> set[str]:
    """The words of the lists."""
    text = (ROOT / "editors" / "emacs" / "sharedsl-mode.el").read_text()
    lists = re.findall(r"\(defconst sharedsl--\w+\s+'\(([^)]*)\)\)", text)
    assert len(lists) == 4
    return set(re.findall(r'"(\w+)"', " ".join(lists)))


@pytest.mark.parametrize("words", [words_of_textmate, words_of_vim, words_of_emacs], ids=lambda each: each.__name__)
def test_keyword_sets(words: Callable[[], set[str]]) -> None:
    assert words() - VALUES - {"float", "int", "bool", "list"} == set(load_table().words)


@pytest.mark.parametrize("query", ["grammar/tree-sitter/queries", "editors/helix/queries/sharedsl"])
def test_queries_colour_every_keyword(query: str) -> None:
    text = re.sub(r";.*|\(#[^)]*\)", "", (ROOT / query / "highlights.scm").read_text())
    found = set(re.findall(r'"([a-z_]+)"', text)) | {"incremental"}
    assert "(incremental)" in text and found == set(load_table().words)


def test_keywords_of_the_tree_sitter_grammar() -> None:
    table = load_table()
    found = words_of_treesitter()
    assert {word for word in found if word[0].isalpha()} == set(table.words)
    comparisons = {"==", "!=", "<=", ">=", "<", ">"}
    assert {word for word in found if not word[0].isalpha()} == set(table.marks) | comparisons


@pytest.mark.parametrize("word", sorted(set(load_table().words) - {"import"}))
def test_words_are_names_where_names_stand(word: str) -> None:
    """After a dot; statements' words as values and parameters too."""
    from sharedsl.highlight import SharedslLexer

    line = f"    x = a.{word}"
    if word in STATEMENT_WORDS:
        line += f" + {word} * f({word} = 1)"
    text = f"function f(a: int) -> int {{\n{line}\n}}\n"
    root = treesitter.tree(text)
    assert not list(treesitter.mistakes(root))
    for match in re.finditer(rf"\b{word}\b", line):
        scopes = textmate.colours(line)[match.start()]
        assert _textmate_role(scopes) == "name", (match.start(), scopes)
        assert treesitter.roles(text)[1, match.start()][0] == "name"
    kinds = [kind for _, kind, value in SharedslLexer().get_tokens_unprocessed(text) if value == word]
    assert {_pygments_role(kind) for kind in kinds if word != "function"} <= {"name"}
