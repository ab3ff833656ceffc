"""As much of TextMate's way of colouring as `grammar/sharedsl.tmLanguage.json` uses: `match`, `captures`, `include`.

In each place the rule that matches first counts, the earlier rule among equals; lines are read one by one.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import regex

PATH = Path(__file__).parents[2] / "grammar" / "sharedsl.tmLanguage.json"
USED = {"match", "name", "captures", "include", "patterns", "comment"}


@cache
def grammar() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(PATH.read_text())
    return whole


@cache
def rules() -> list[tuple[Any, dict[str, Any]]]:
    """Every rule in order, its pattern compiled."""
    found: list[tuple[Any, dict[str, Any]]] = []

    def add(rule: dict[str, Any]) -> None:
        assert set(rule) <= USED, f"this reader does not know {set(rule) - USED}"
        if "include" in rule:
            add(grammar()["repository"][rule["include"].removeprefix("#")])
        elif "match" in rule:
            found.append((regex.compile(rule["match"]), rule))
        for each in rule.get("patterns", ()):
            add(each)

    for rule in grammar()["patterns"]:
        add(rule)
    return found


@cache
def colours(line: str) -> list[list[str]]:
    """The scopes of each character of a line, without the root's."""
    out: list[list[str]] = [[] for _ in line]
    at = 0
    while at < len(line):
        best = None
        for pattern, rule in rules():
            match = pattern.search(line, at)
            if match and match.end() > at and (best is None or match.start() < best[0].start()):
                best = match, rule
        if best is None:
            break
        match, rule = best
        _paint(out, match, rule)
        at = max(match.end(), at + 1)
    return out


def _paint(out: list[list[str]], match: Any, rule: dict[str, Any]) -> None:
    for place in range(*match.span()):
        out[place] += [rule["name"]] if "name" in rule else []
    for group, capture in rule.get("captures", {}).items():
        start, end = match.span(int(group))
        for place in range(max(start, 0), end):
            out[place].append(capture["name"])


def runs(line: str) -> list[tuple[str, str]]:
    """(text, scopes) of each stretch of equal scopes; blanks that have none are left out."""
    found: list[tuple[str, str]] = []
    before: list[str] | None = None
    for char, scopes in zip(line, colours(line), strict=True):
        if scopes == before:
            found[-1] = (found[-1][0] + char, found[-1][1])
        else:
            found.append((char, " ".join(scope.removesuffix(".sharedsl") for scope in scopes)))
        before = scopes
    return [(text, scopes) for text, scopes in found if scopes or text.strip()]
