"""How fast an editor is answered: from a change to its diagnostics, hovers, completions; beside a bare interpreter."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

from benchmarks.clock import processes, python
from benchmarks.compiler import Row, thousand_lines
from sharedsl.analysis.pipeline import analyze
from sharedsl.collector import Idle
from sharedsl.ide import completion, hints, hover
from sharedsl.ide.workspace import Workspace
from sharedsl.source import SourceFile

PATH = "/specs/measured.sdsl"


def rows(rounds: int) -> list[Row]:
    found = [_start(rounds)]
    for lines, aim in ((100, ""), (1000, "15 / 50 ms"), (10000, "- / 150 ms")):
        found += _of_size(lines, aim, max(rounds * 4, 20) if lines < 10000 else rounds)
    return found


def text_of(lines: int) -> str:
    """A spec of that many lines: models, plans and builds again and again under other names."""
    text = thousand_lines()
    if lines < 1000:
        return "\nbuild ".join("\n".join(text.split("\n")[: lines + 20]).split("\nbuild ")[:-1]) + "\n"
    imports, body = text.split("\n", 1)
    return "\n".join([imports, *(body.replace("Bytes", f"Bytes{at}y") for at in range(lines // 1000))])


def _start(rounds: int) -> Row:
    commands = {"bare": python("-c", "pass"), "server": python("-c", "import sharedsl.lsp.server")}
    taken = processes(commands, max(rounds // 3, 3))
    return ("import of the language server / `python -c pass`", f"{taken['server'] / taken['bare']:.0f} x", "")


def _of_size(lines: int, aim: str, rounds: int) -> list[Row]:
    text = text_of(lines)
    count = text.count("\n")
    workspace = Workspace()
    workspace.put(PATH, text)
    fresh = _timed(lambda: analyze(SourceFile(PATH, text)))
    workspace.diagnostics(PATH)
    words, comments, lints, answers, rests = [], [], [], [], []
    rng = random.Random(lines)
    idle = Idle()  # as the server does, garbage is collected between answers
    for is_word, edited in _typed(text, rng, rounds):
        rests.append(_timed(idle.rest))
        changes = words if is_word else comments
        changes.append(_timed(lambda edited=edited: (workspace.put(PATH, edited), workspace.at_once(PATH))))
        lints.append(_timed(lambda: workspace.diagnostics(PATH)))
        view = workspace.view(PATH)
        assert view is not None
        at = rng.randrange(len(edited))
        for ask in (hover.hover, completion.completions, _hints):
            answers.append(_timed(lambda ask=ask, view=view, at=at: ask(view, at)))
    idle.end()
    return [
        (f"editor, {count:,} lines: a word typed to errors and shapes, p50 / p95", _both(words), aim),
        ("the same, a comment typed", _both(comments), aim),
        ("the same, analysed anew (change to errors only, once)", f"{fresh * 1e3:.0f} ms", ""),
        ("the same, lint of what changed, after a pause", _both(lints), ""),
        ("the same, a hover, a completion, hints of 60 lines", _both(answers), "- / 50 ms" if lines == 1000 else ""),
        ("the same, garbage collected when nobody waits", _both(rests), ""),
    ]


def _typed(text: str, rng: random.Random, rounds: int) -> list[tuple[bool, str]]:
    """Texts one after the other: a word or a comment is typed letter by letter somewhere; whether it is a word."""
    found: list[tuple[bool, str]] = []
    while len(found) < rounds:
        words = [at for at in range(len(text) - 3) if text[at : at + 3] == "dim" and text[at - 1] in "( ,"]
        at = rng.choice(words)
        for letters in ("d", "di", "dim"):
            found.append((True, text[:at] + letters + text[at + 3 :]))
        places = [at for at, char in enumerate(text) if char == "\n" and text[at - 1 : at] not in ("", "\n", "{", "}")]
        at = rng.choice(places)
        for letters in ("  #", "  # n", ""):
            found.append((False, text[:at] + letters + text[at:]))
    return found[:rounds]


def _hints(view, at: int) -> object:  # type: ignore[no-untyped-def]
    return hints.hints(view, at, at + 2400)


def _timed(function: Callable[[], object]) -> float:
    """Seconds of this process: what else the machine does has no part in it."""
    start = time.process_time()
    function()
    return time.process_time() - start


def _both(taken: list[float]) -> str:
    high = sorted(taken)[min(len(taken) - 1, int(0.95 * len(taken)))]
    return f"{statistics.median(taken) * 1e3:.1f} / {high * 1e3:.1f} ms"


if __name__ == "__main__":
    for what, number, aim in rows(15):
        print(f"{what}: {number}  (aim {aim or '-'})")
