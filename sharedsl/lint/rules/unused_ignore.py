"""An ignore comment silences nothing.

The finding is gone, or the code is misspelt. The fix removes the comment, or the code from it. Codes of rules that are
switched off are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sharedsl.diagnostics import Diagnostic, Edit, Fix
from sharedsl.diagnostics.nearest import nearest
from sharedsl.lint.rule import finding
from sharedsl.lint.subject import File
from sharedsl.lint.suppress import Ignore
from sharedsl.source import SourceFile, Span

SEVERITY = "warning"
OF_FILE = True
FAILING = """
model M(dim = 8) {
  layer first = Linear(dim, dim)  # sharedsl: ignore[untied-head] kept for old checkpoints
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
"""
MENDED = FAILING.replace("  # sharedsl: ignore[untied-head] kept for old checkpoints", "")


def check(file: File) -> Iterator[Diagnostic]:
    """What is unused is known when all rules have run: see `unused`."""
    yield from ()


def unused(
    comments: list[Ignore], source: SourceFile, active: Collection[str], known: Collection[str]
) -> Iterator[Diagnostic]:
    """A finding for each code that no finding had, of rules that ran."""
    for comment in comments:
        idle = [(code, span) for code, span in comment.codes if code not in comment.used]
        idle = [(code, span) for code, span in idle if code in active or code not in known]
        for code, span in idle:
            if code not in known:
                guess = nearest(code, known)
                fixes: tuple[Fix, ...] = (Fix(f"write `{guess}`", (Edit(span, guess),), safe=True),) if guess else ()
                hint = f"; did you mean `{guess}`?" if guess else ""
                yield finding("unused-ignore", f"there is no rule `{code}`{hint}", span, fixes=fixes)
                continue
            fixes = _removal(comment, source) if len(idle) == len(comment.codes) else _without(comment, code)
            yield finding("unused-ignore", f"`{code}` finds nothing here", span, fixes=fixes)


def _removal(comment: Ignore, source: SourceFile) -> tuple[Fix, ...]:
    text = source.text
    start, end = comment.span.start, comment.span.end
    line = text.rfind("\n", 0, start) + 1
    if not text[line:start].strip():
        start, end = line, min(end + 1, len(text))
    else:
        start = len(text[:start].rstrip(" \t"))
    return (Fix("remove this comment", (Edit(Span(comment.span.path, start, end), ""),), safe=True),)


def _without(comment: Ignore, code: str) -> tuple[Fix, ...]:
    kept = ", ".join(each for each, _ in comment.codes if each != code)
    whole = Span(comment.span.path, comment.codes[0][1].start, comment.codes[-1][1].end)
    return (Fix(f"remove `{code}`", (Edit(whole, kept),), safe=True),)
