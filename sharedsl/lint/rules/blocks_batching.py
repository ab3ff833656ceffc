"""The elements of a stack read one weight in different ways.

Elements of one form can be stacked and run as one batched product, kept in a loop of the generated code, or scanned
over. Where one element reads a matrix as it is, another transposed, scaled or with a private part, each needs code of
its own. Give the odd element the same form (a private part for all), or a layer of its own outside of the stack.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.model.weights import Expr, children

SEVERITY = "info"
FAILING = stack("tie layers[3].weight = layers[0].weight.T")
MENDED = stack("tie layers[3].weight = layers[0].weight")


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.refs:
        return
    for each in subject.stacks:
        if len(each.elements) < 3:
            continue
        at = len(each.parent)
        forms: dict[tuple[tuple[str, ...], tuple[int, ...]], dict[str, tuple[int, int]]] = {}
        for key, sites in each.sites.items():
            for site in sites:
                form = _form(subject.solved.reads[site.index])
                known = forms.setdefault((key, site.shape), {})
                known.setdefault(form, (subject.declared[site.index][at].index or 0, site.index))
        for name, known in forms.items():
            if len(known) < 2:
                continue
            odd = sorted(known.values())
            lines = [
                line
                for _, number in odd
                for storage in subject.storages[number]
                for line in subject.lines_of(subject.solved.storages[storage])
            ]
            if lines:
                whole = each.shown
                yield finding(
                    "blocks-batching",
                    f"`{whole}[{odd[0][0]}]` and `{whole}[{odd[1][0]}]` read `{'.'.join(name[0])}` in different ways",
                    lines[-1],
                    help="elements of one form run as one batched product; these cannot",
                )
                break


def _form(expr: Expr) -> str:
    return f"{type(expr).__name__}({','.join(_form(each) for each in children(expr))})"
