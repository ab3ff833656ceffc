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
from sharedsl.lint.rules.whole_stacks import path_of
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import declared, show
from sharedsl.model.weights import Expr, children, storages_of

SEVERITY = "info"
FAILING = stack("tie layers[3].weight = layers[0].weight.T")
MENDED = stack("tie layers[3].weight = layers[0].weight")


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.refs:
        return
    for parent, name, elements in subject.stacks():
        if len(elements) < 3:
            continue
        at = len(parent)
        forms: dict[tuple[tuple[str, ...], tuple[int, ...]], dict[str, tuple[int, int]]] = {}
        for site in subject.solved.sites:
            path = declared(site.path)
            if len(path) > at and path[at].name == name and show(path[:at]) == show(parent):
                form = _form(subject.solved.reads[site.index])
                known = forms.setdefault((tuple(map(str, path[at + 1 :])), site.shape), {})
                known.setdefault(form, (path[at].index or 0, site.index))
        for key, known in forms.items():
            if len(known) < 2:
                continue
            odd = sorted(known.values())
            lines = [
                line
                for _, number in odd
                for each in storages_of(subject.solved.reads[number])
                for line in subject.lines_of(subject.solved.storages[each])
            ]
            if lines:
                whole = path_of(parent, name)
                yield finding(
                    "blocks-batching",
                    f"`{whole}[{odd[0][0]}]` and `{whole}[{odd[1][0]}]` read `{'.'.join(key[0])}` in different ways",
                    lines[-1],
                    help="elements of one form run as one batched product; these cannot",
                )
                break


def _form(expr: Expr) -> str:
    return f"{type(expr).__name__}({','.join(_form(each) for each in children(expr))})"
