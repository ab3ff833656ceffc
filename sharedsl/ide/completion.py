"""What may stand at a place: words of the language, names in reach, members, arguments, selectors that match."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from sharedsl.analysis.library import parsed, std_file, std_modules
from sharedsl.analysis.scope import resolve
from sharedsl.ide import docs
from sharedsl.ide.offering import Completion, words_of
from sharedsl.ide.offering_blocks import InBlock
from sharedsl.ide.offering_builds import InBuild
from sharedsl.ide.offering_plans import InPlan
from sharedsl.ide.view import View
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

_WORD = re.compile(r"\w*\Z", re.ASCII)
_PATH = re.compile(r'import\s+"([^"\n]*)\Z')
_NAMES = re.compile(r'import\s+"([^"\n]*)"\s*\{[^}]*\Z')


def completions(view: View, offset: int) -> list[Completion]:
    """In the order of how likely they are, each once."""
    text = view.text
    if _in_comment(text, offset):
        return []
    word = _WORD.search(text, max(0, offset - 100), offset)
    start = word.start() if word is not None else offset
    path = _PATH.search(text, max(0, offset - 300), offset)
    if path is not None:
        span = Span(view.path, offset - len(path.group(1)), offset)
        return [Completion(each, "file", span=span) for each in _paths(view.path)]
    found: dict[str, Completion] = {}
    for each in _at(view, start):
        found.setdefault(each.text, each)
    span = Span(view.path, start, offset)
    return [Completion(each.text, each.kind, each.detail, each.doc, span) for each in found.values()]


def _in_comment(text: str, offset: int) -> bool:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return "#" in re.sub(r'"[^"]*"', "", line)


def _paths(path: str) -> Iterator[str]:
    yield from std_modules()
    folder = os.path.dirname(path) or "."
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    own = os.path.basename(path)
    yield from (name.removesuffix(".sdsl") for name in names if name.endswith(".sdsl") and name != own)


def _at(view: View, start: int) -> Iterable[Completion]:
    text = view.text
    imported = _NAMES.search(text, max(0, start - 1000), start)
    if imported is not None:
        taken = set(re.findall(r"\w+", imported.group(0).partition("{")[2]))
        return (each for each in _importable(view, imported.group(1)) if each.text not in taken)
    if start == 0 or text[start - 1] == "\n":
        return words_of(docs.ITEMS)
    chunk = view.chunk_at(start)
    tokens = [token for token in view.tokens(chunk, start) if token.end <= start] if chunk is not None else []
    if not tokens:
        return words_of(docs.ITEMS)
    place = {"sharing": InPlan, "build": InBuild}.get(tokens[0].text, InBlock)
    return place(view, tokens, start).all() if tokens[0].text != "import" else ()


def _importable(view: View, path: str) -> Iterator[Completion]:
    target = resolve(path, view.path)
    file = view.analysis.scope.files.get(target)
    source: SourceFile | None = (
        file.source if file is not None else std_file(target) if path.startswith("std/") else None
    )
    if source is None:
        return
    tree = file.file if file is not None else parsed(source)[0]
    for item in tree.items:
        if isinstance(item, ast.Block | ast.Function | ast.Extern):
            kind = (
                item.kind if isinstance(item, ast.Block) else "function" if isinstance(item, ast.Function) else "extern"
            )
            yield Completion(item.name, kind, "", item.doc)
        elif isinstance(item, ast.Plan):
            yield Completion(item.name, "plan", f"of {item.model}", item.doc)
