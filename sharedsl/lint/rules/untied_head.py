"""The head of a small language model has a matrix of its own beside the embedding's.

Both are vocabulary times width. In a small model that is much of everything: GPT-2 small would be 163 instead of 124
million. Tying them (Press & Wolf 2017; Inan et al. 2017) usually helps perplexity at this size; large models leave them
apart, where the matrix is a small part. Reported from a tenth of the stored parameters on (`limits.head`).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from sharedsl.diagnostics import Diagnostic, Edit, Fix
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import language
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import Site, declared, show
from sharedsl.model.weights import storages_of
from sharedsl.source import Span

SEVERITY = "warning"
FAILING = language("freeze mid.bias")
MENDED = language("freeze mid.bias", "tie head.weight = embed.weight")


def check(subject: Subject) -> Iterator[Diagnostic]:
    tables = [site for site in subject.solved.sites if site.layer == "Embedding" and _is_vocabulary(site)]
    heads = [site for site in subject.solved.sites if site.layer == "Linear" and _is_vocabulary(site)]
    for head in heads:
        table = next((each for each in tables if each.shape == head.shape), None)
        if table is None or _common(subject, head, table):
            continue
        saved = prod(head.shape)
        span = subject.layer_span(declared(head.path[:-1]))
        if span is None or saved < subject.limits.head * subject.stored or len(head.path) != 2:
            continue
        names = show(declared(head.path)), show(declared(table.path))
        yield finding(
            "untied-head",
            f"`{names[0]}` and `{names[1]}` have the same shape: tied, `{subject.name}` would store "
            f"{saved:,} parameters less ({saved / subject.stored:.0%})",
            span,
            help=f"`tie {names[0]} = {names[1]}` in its plan",
            fixes=_fix(subject, f"tie {names[0]} = {names[1]}"),
        )


def _is_vocabulary(site: Site) -> bool:
    return len(site.shape) == 2 and site.shape[0] > site.shape[1] and site.path[-1].name == "weight"


def _common(subject: Subject, head: Site, table: Site) -> bool:
    one, other = (set(storages_of(subject.solved.reads[site.index])) for site in (head, table))
    return bool(one & other)


def _fix(subject: Subject, line: str) -> tuple[Fix, ...]:
    """The line at the end of the build's last plan, or a plan of its own for a build that has none."""
    text = subject.analysis.source.text
    own = [plan for plan in subject.plan_items if any(plan.name == ref.name for ref in subject.refs)]
    if own:
        span = own[-1].span
        end = span.end - 1
        start = max(text.rfind("\n", 0, end) + 1, span.start)
        inline = text[start:end].strip()
        new = f"\n  {line}\n" if inline else f"  {line}\n"
        at = len(text[:end].rstrip()) if inline else start
        place = Span(span.path, at, end)
        return (Fix(f"add `{line}` to the plan `{own[-1].name}`", (Edit(place, new),)),)
    build = subject.compiled.build
    if build is None or subject.refs:
        return ()
    name = "tied"
    while subject.analysis.scope.plan(subject.model.name, name) is not None:
        name += "_head"
    args = subject.analysis.source.text.find(")", build.args[-1].span.end if build.args else build.name_span.end)
    if args < 0:
        return ()
    start = text.rfind("\n", 0, build.span.start) + 1
    above = start
    while above and text[text.rfind("\n", 0, above - 1) + 1 : above].startswith("##"):
        above = text.rfind("\n", 0, above - 1) + 1
    plan = f"sharing {name} of {subject.model.name} {{ {line} }}\n\n"
    edits = (
        Edit(Span(build.span.path, above, above), plan),
        Edit(Span(build.span.path, args + 1, args + 1), f" with {name}"),
    )
    return (Fix(f"build it with a plan that says `{line}`", edits),)
