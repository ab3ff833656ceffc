"""Emoji and combining letters before a place, in each of the units that a client may count in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from tests.lsp.client import Client
from tests.lsp.test_server import SPEC, URI

ODD = "🙂e\u0301👩\u200d🚀é漢"
#: the whole body on one line, so that everything on it stands behind the odd text
TEXT = SPEC.replace(
    "    x = embed(tokens)\n    return x |> layers |> head\n",
    f'    x = einsum(embed(tokens), "{ODD}"); y = embed(tokens) + nothing\n    return x |> layers |> head\n',
)
UNITS = {
    "utf-8": lambda text: len(text.encode("utf-8")),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}


class Typist:
    """A text behind a client of an encoding; places are told by what stands there."""

    def __init__(self, encoding: str, text: str) -> None:
        self.client, self.units, self.text = Client(encoding), UNITS[encoding], text
        assert self.client.capabilities["positionEncoding"] == encoding
        self.found = self.client.open(URI, text)

    def place(self, offset: int) -> dict[str, int]:
        before = self.text[:offset]
        return {"line": before.count("\n"), "character": self.units(before[before.rfind("\n") + 1 :])}

    def span(self, word: str, nth: int = 0) -> dict[str, dict[str, int]]:
        at = -1
        for _ in range(nth + 1):
            at = self.text.index(word, at + 1)
        return {"start": self.place(at), "end": self.place(at + len(word))}

    def offset(self, place: dict[str, int]) -> int:
        line = self.text.split("\n")[place["line"]]
        start = sum(len(each) + 1 for each in self.text.split("\n")[: place["line"]])
        at = next(at for at in range(len(line) + 1) if self.units(line[:at]) == place["character"])
        return start + at

    def slice(self, span: dict[str, dict[str, int]]) -> str:
        return self.text[self.offset(span["start"]) : self.offset(span["end"])]


@pytest.fixture(params=sorted(UNITS))
def typist(request: pytest.FixtureRequest) -> Iterator[Typist]:
    made = Typist(request.param, TEXT)
    yield made
    assert made.client.stop() == 0


def test_diagnostics(typist: Typist) -> None:
    assert [each["range"] for each in typist.found if each["severity"] == 1] == [typist.span(";")]


def test_hover_definition_and_highlights(typist: Typist) -> None:
    wanted = typist.span("embed", 2)
    found = typist.client.at("hover", URI, **wanted["start"])
    assert found["range"] == wanted and "layer embed" in found["contents"]["value"]
    found = typist.client.at("definition", URI, **typist.span("tokens", 2)["start"])
    assert typist.slice(found["range"]) == "tokens"
    found = typist.client.at("documentHighlight", URI, **wanted["start"])
    assert len(found) >= 3 and {typist.slice(each["range"]) for each in found} == {"embed"}


def test_rename(typist: Typist) -> None:
    wanted = typist.span("tokens", 2)
    assert typist.client.at("prepareRename", URI, **wanted["start"]) == wanted
    edits = typist.client.at("rename", URI, **wanted["start"], newName="ids")["changes"][URI]
    assert len(edits) >= 3 and {typist.slice(each["range"]) for each in edits} == {"tokens"}
    assert wanted in [each["range"] for each in edits]


def test_semantic_tokens(typist: Typist) -> None:
    data = typist.client.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}})["data"]
    line = character = 0
    words: list[tuple[int, str]] = []
    for at in range(0, len(data), 5):
        line, character = line + data[at], (character if data[at] == 0 else 0) + data[at + 1]
        start = {"line": line, "character": character}
        span = {"start": start, "end": {"line": line, "character": character + data[at + 2]}}
        words.append((line, typist.slice(span)))
    odd = typist.place(TEXT.index(ODD))["line"]
    assert [word for line, word in words if line == odd] == [
        "x", "=", "einsum", "embed", "tokens", f'"{ODD}"', "y", "=", "embed", "tokens", "+", "nothing",
    ]  # fmt: skip


def test_edits_hit_the_place(typist: Typist) -> None:
    typist.client.change(URI, 2, {"range": typist.span(" + nothing"), "text": ""})
    typist.text = typist.text.replace(" + nothing", "")
    found = typist.client.published(URI, 2)
    assert "nothing" not in str(found)
    typist.client.change(URI, 3, {"range": typist.span(ODD), "text": "b t d -> b t d"})
    typist.text = typist.text.replace(ODD, "b t d -> b t d")
    semicolon = typist.span(";")
    assert semicolon in [each["range"] for each in typist.client.published(URI, 3)]
    actions: list[dict[str, Any]] = typist.client.request(
        "textDocument/codeAction",
        {"textDocument": {"uri": URI}, "range": semicolon, "context": {"diagnostics": []}},
    )
    edits = [edit for each in actions for edit in each["edit"]["changes"][URI]]
    assert semicolon in [each["range"] for each in edits]


@pytest.mark.parametrize("encoding", sorted(UNITS))
def test_formatting_and_hints_behind_a_comment(encoding: str, tmp_path: Path) -> None:
    text = SPEC.replace("x = embed(tokens)", f"x   = embed(tokens)  # {ODD}").replace(
        "layer head   =", f"# {ODD}\n  layer head="
    )
    typist = Typist(encoding, text)
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    hints = typist.client.request("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": whole})
    beside = {text[: typist.offset(each["position"])].split("\n")[-1].strip() for each in hints}
    assert "x" in beside and "layer head= Linear(dim, vocab, bias = false)" in beside
    options = {"tabSize": 2, "insertSpaces": True}
    edits = typist.client.request("textDocument/formatting", {"textDocument": {"uri": URI}, "options": options})
    made = text
    for each in sorted(edits, key=lambda each: -typist.offset(each["range"]["start"])):
        start, end = (typist.offset(each["range"][name]) for name in ("start", "end"))
        made = made[:start] + each["newText"] + made[end:]
    from sharedsl.formatting import format_source
    from sharedsl.source import SourceFile

    assert edits and made == format_source(SourceFile("/a.sdsl", text)).text
    assert typist.client.stop() == 0
