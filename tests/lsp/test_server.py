"""The server end to end, by a client that speaks plain JSON-RPC over its standard streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from tests.lsp.client import Client
from tests.lsp.requests import AT, METHODS, RENAME, no_bug, params

SPEC = """import "std/transformer" { DecoderLayer }

## A small language model.
model Lm(vocab = 100, dim = 16, depth = 4, heads = 4) {
  layer embed  = Embedding(vocab, dim)
  layer layers = DecoderLayer(dim, heads) * depth
  layer head   = Linear(dim, vocab, bias = false)
  forward(tokens: int[B, T]) -> float[B, T, vocab] {
    x = embed(tokens)
    return x |> layers |> head
  }
}

sharing tied of Lm { tie head.weight = embed.weight }
sharing all of Lm extends tied { share * across layers }

build Small = Lm() with all {}
"""
URI = "file:///specs/small.sdsl"
FULL = {"textDocument": {"uri": URI}}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.process.kill()


@pytest.fixture
def opened(client: Client) -> Iterator[Client]:
    assert [each["code"] for each in client.open(URI, SPEC)] in ([], ["over-sharing"])
    yield client
    assert client.close(URI) == []


def line_of(text: str) -> int:
    return SPEC[: SPEC.index(text)].count("\n")


def test_it_says_what_it_can(client: Client) -> None:
    wanted = {
        "hover", "completion", "signatureHelp", "definition", "references", "documentHighlight", "documentSymbol",
        "workspaceSymbol", "codeAction", "codeLens", "documentFormatting", "rename", "foldingRange", "selectionRange",
        "semanticTokens", "inlayHint", "executeCommand",
    }  # fmt: skip
    assert wanted <= {name.removesuffix("Provider") for name in client.capabilities}


def test_a_mistake_is_told_with_its_version_and_mended_by_its_fix(opened: Client) -> None:
    place = {"start": {"line": 8, "character": 8}, "end": {"line": 8, "character": 13}}
    opened.change(URI, 2, {"range": place, "text": "embd"})
    found = opened.published(URI, 2)
    assert [(each["code"], each["range"]["start"]) for each in found if each["severity"] == 1] == [
        ("unknown-name", {"line": 8, "character": 8})
    ]
    context = {"diagnostics": found}
    made = opened.request("textDocument/codeAction", {**FULL, "range": found[0]["range"], "context": context})
    edits = made[0]["edit"]["changes"][URI]
    opened.change(URI, 3, {"range": edits[0]["range"], "text": edits[0]["newText"]})
    assert not [each for each in opened.published(URI, 3) if each["severity"] == 1]


def test_a_hover_shows_the_owner(opened: Client) -> None:
    text = opened.at("hover", URI, line_of("layer head"), 9)["contents"]["value"]
    assert "`embed.weight`" in text and "0 parameters stored" in text
    assert "float[B, T, 16]" in opened.at("hover", URI, line_of("x = embed"), 4)["contents"]["value"]


def test_definition_leads_into_the_library(opened: Client) -> None:
    found = opened.at("definition", URI, line_of("layer layers"), 20)
    path = Path(found["uri"].removeprefix("file://"))
    line = path.read_text(encoding="utf-8").split("\n")[found["range"]["start"]["line"]]
    assert line.startswith("block DecoderLayer")


def test_hints_tell_shapes_counts_and_sharing(opened: Client) -> None:
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    found = opened.request("textDocument/inlayHint", {**FULL, "range": whole})
    by_line = {}
    for each in found:
        by_line.setdefault(each["position"]["line"], []).append(each["label"].strip())
    assert by_line[line_of("x = embed")] == [": float[B, T, 16]"]
    assert by_line[line_of("layer head")] == ["= embed.weight"]
    assert by_line[line_of("layer layers")][-1] == "applied 4 times, stored once"


def test_hints_can_be_switched_off_by_kind(opened: Client) -> None:
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    wanted = {"inlayHints": {"shapes": False, "parameters": False, "sharing": True}}
    opened.notify("workspace/didChangeConfiguration", {"settings": {"sharedsl": wanted}})
    found = opened.request("textDocument/inlayHint", {**FULL, "range": whole})
    assert {each["label"].strip() for each in found} == {"= embed.weight", "applied 4 times, stored once"}
    opened.notify("workspace/didChangeConfiguration", {"settings": {"sharedsl": {"inlayHints": True}}})
    assert len(opened.request("textDocument/inlayHint", {**FULL, "range": whole})) > 2


def test_plans_are_compared(opened: Client) -> None:
    lens = [each["command"] for each in opened.request("textDocument/codeLens", FULL)]
    compare = next(each for each in lens if each["title"] == "compare plans")
    table = opened.request("workspace/executeCommand", {key: compare[key] for key in ("command", "arguments")})
    assert "| all " in table and "| tied " in table


def test_formatting_gives_the_one_style(opened: Client) -> None:
    options = {"tabSize": 2, "insertSpaces": True}
    opened.change(URI, 2, {"text": SPEC.replace("layer head   =", "layer head=")})
    edits = opened.request("textDocument/formatting", {**FULL, "options": options})
    assert [each["newText"] for each in edits] == ["  layer head   = Linear(dim, vocab, bias = false)\n"]


def test_rename_prepares_and_edits_every_place(opened: Client) -> None:
    assert opened.at("prepareRename", URI, line_of("layer layers"), 9)["start"]["character"] == 8
    edits = opened.at("rename", URI, line_of("layer layers"), 9, newName="stack")["changes"][URI]
    assert len(edits) == 3
    assert opened.at("prepareRename", URI, line_of("layer embed"), 20) is None  # `Embedding`


@pytest.mark.parametrize("settings", [None, {}, {"sharedsl": None}, {"sharedsl": 3}, [], "x"], ids=repr)
def test_any_settings_are_survived(opened: Client, settings: object) -> None:
    opened.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert opened.at("hover", URI, 3, 7) is not None


#: nothing of that name is open, or it is no address at all
NOWHERE = ("file:///nowhere.sdsl", "untitled:Untitled-1", "file://[bad", "")


@pytest.mark.parametrize("uri", NOWHERE)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_open_has_no_answer(client: Client, method: str, uri: str) -> None:
    assert client.request(f"textDocument/{method}", params(uri, 0, 0)) is None
    no_bug(client)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("place", [(9999, 0), (3, 9999), (2**31 - 1, 2**31 - 1)])
def test_places_that_are_not_there(opened: Client, method: str, place: tuple[int, int]) -> None:
    found = opened.request(f"textDocument/{method}", params(URI, *place))
    if place[0] > 3 and method in (*AT, RENAME):
        assert found is None
    no_bug(opened)


def test_a_cancelled_request_is_no_trouble(opened: Client) -> None:
    number = opened.start("textDocument/semanticTokens/full", FULL)
    opened.notify("$/cancelRequest", {"id": number})
    opened.notify("$/cancelRequest", {"id": 99999})
    assert opened.at("hover", URI, 3, 7) is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_are_counted_as_the_client_counts_them(encoding: str) -> None:
    """Behind an emoji and a letter with its accent apart."""
    text = SPEC.replace("x = embed(tokens)", 'x = embed(tokens) + mean("🙂e\u0301é", nothing)')
    line = text[: text.index("nothing")].count("\n")
    before = text.split("\n")[line].split("nothing")[0]
    units = {"utf-8": len(before.encode()), "utf-16": len(before.encode("utf-16-le")) // 2, "utf-32": len(before)}
    client = Client(encoding)
    assert client.capabilities["positionEncoding"] == encoding
    found = client.open(URI, text)
    wanted = {"line": line, "character": units[encoding]}
    assert wanted in [each["range"]["start"] for each in found]
    # an edit behind the emoji hits the same place
    end = {"line": line, "character": units[encoding] + len("nothing")}
    client.change(URI, 2, {"range": {"start": wanted, "end": end}, "text": "tokens"})
    assert "nothing" not in json.dumps(client.published(URI, 2))
    assert client.at("definition", URI, line, units[encoding] + 1)["range"]["start"] == {"line": 7, "character": 10}
    assert client.stop() == 0


def test_an_import_is_followed_and_its_importers_told_again(tmp_path: Path) -> None:
    """A mistake in a file that is imported shows at the import, and goes when the file is mended."""
    inner, outer = tmp_path / "inner.sdsl", tmp_path / "outer.sdsl"
    inner.write_text("model M(dim = 8) {\n  layer one = Linear(dim, dim)\n")
    outer.write_text('import "inner" { M }\nbuild B = M() {}\n')
    client = Client(folder=str(tmp_path))
    found = client.open(outer.as_uri(), outer.read_text())
    assert found and found[0]["range"]["start"] == {"line": 0, "character": 7}
    client.open(inner.as_uri(), inner.read_text())
    good = inner.read_text() + "  forward(x: float[B, dim]) -> float[B, dim] { return one(x) }\n}\n"
    client.change(inner.as_uri(), 2, {"text": good})
    assert client.published(inner.as_uri(), 2) == []
    assert client.published(outer.as_uri()) == []
    edits = client.at("rename", inner.as_uri(), 0, 7, newName="Main")["changes"]
    assert sorted(Path(uri).name for uri in edits) == ["inner.sdsl", "outer.sdsl"]
    assert client.stop() == 0


def test_it_leaves_when_its_input_ends() -> None:
    client = Client()
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.process.wait(timeout=20) == 0


def test_without_pygls_there_is_a_clear_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sharedsl.cli.main import run

    monkeypatch.setitem(__import__("sys").modules, "pygls", None)
    assert run(["lsp"]) == 2
    assert 'pip install "sharedsl[lsp]"' in capsys.readouterr().err


def test_torch_is_never_imported(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, sharedsl.lsp.server\n"
        "from tests.ide.asking import ask_everything\n"
        "from sharedsl.ide.workspace import Workspace\n"
        "w = Workspace(); w.put('/a.sdsl', sys.argv[1]); ask_everything(w, '/a.sdsl', 200)\n"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, SPEC], cwd=root, check=True)
