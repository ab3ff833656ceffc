"""Two lines together make weights one that neither names together.

Relations are equations, so they chain: `tie b = a` and `tie c = b` make `a` and `c` one. Where the second line stands
in another plan, or far away, that is easily missed. Write the third equation to say that it is meant: a plan is a set,
and a line that follows from others changes nothing. Lines that all point at the owner are not reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic, Label
from sharedsl.lint.lines import plan_of
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import declared, show
from sharedsl.source import Span

SEVERITY = "info"
_LINES = ("tie layers[1].weight = layers[0].weight", "tie layers[2].weight = layers[1].weight")
FAILING = stack(*_LINES)
MENDED = stack(*_LINES, "tie layers[2].weight = layers[0].weight")


def check(subject: Subject) -> Iterator[Diagnostic]:
    if sum(len(storage.because) > 1 for storage in subject.solved.storages) == 0:
        return
    groups: dict[Span, dict[int, int]] = {}
    for said in plan_of(subject).said:
        if said.pairs:
            groups.setdefault(said.line.span, {})
            for a, b in said.pairs:
                _join(groups[said.line.span], a, b)
    sites = subject.solved.sites
    for storage in subject.solved.storages:
        lines = [span for span in subject.lines_of(storage) if span in groups]
        if len(lines) < 2:
            continue
        members = list(subject.declared_readers(storage).values())
        bunches = [_bunches(groups[span], [site.index for site in members]) for span in lines]
        pair = _apart(storage.site, [site.index for site in members], bunches)
        if pair is not None and declared(sites[pair[0]].path) != declared(sites[pair[1]].path):
            one, other = (show(declared(sites[at].path)) for at in pair)
            yield finding(
                "joined-indirectly",
                f"`{one}` and `{other}` are one weight, and no single line says so",
                lines[-1],
                "together with the other line",
                *(Label(span, "this line") for span in lines[:-1][:3]),
                help=f"`tie {other} = {one}` says that it is meant",
            )


def _join(parent: dict[int, int], a: int, b: int) -> None:
    parent[_root(parent, a)] = _root(parent, b)


def _root(parent: dict[int, int], at: int) -> int:
    parent.setdefault(at, at)
    while parent[at] != at:
        at = parent[at]
    return at


def _bunches(parent: dict[int, int], members: list[int]) -> list[set[int]]:
    found: dict[int, set[int]] = {}
    for at in members:
        if at in parent:
            found.setdefault(_root(parent, at), set()).add(at)
    return [bunch for bunch in found.values() if len(bunch) > 1]


def _apart(owner: int, members: list[int], bunches: list[list[set[int]]]) -> tuple[int, int] | None:
    """The owner and a member that no line has in one bunch."""
    for other in members:
        if other != owner and not any(owner in bunch and other in bunch for each in bunches for bunch in each):
            return owner, other
    return None
