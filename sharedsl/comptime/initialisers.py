"""Which initialisers there are, and what they take: in models and in plans alike."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.model.sites import Init
from sharedsl.model.sizes import Real, Size
from sharedsl.source import Span
from sharedsl.syntax import ast

#: name -> what it takes; None: as many numbers as one likes
INITIALISERS: dict[str, tuple[str, ...] | None] = {
    "zeros": (),
    "ones": (),
    "constant": ("value",),
    "normal": ("std", "mean"),
    "trunc_normal": ("std", "mean", "cut"),
    "uniform": ("bound", "low", "high"),
    "xavier_uniform": ("gain",),
    "xavier_normal": ("gain",),
    "kaiming_uniform": ("a",),
    "kaiming_normal": ("a",),
    "orthogonal": ("gain",),
    "identity": (),
    "log_count": (),
    "step_sizes": ("low", "high"),
    "rows": None,
}


class BadInit(Exception):
    """An initialiser that cannot be; `word` may be one of `known` misspelt."""

    def __init__(self, code: str, message: str, span: Span, word: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.code, self.span, self.word, self.known = code, span, word, tuple(known)


def init_call(expr: ast.Expr) -> tuple[str, ast.Call]:
    """The name of the initialiser that is written, and its call. `normal` alone is `normal()`."""
    call = expr if isinstance(expr, ast.Call) else ast.Call(expr, (), span=expr.span)
    if not isinstance(call.function, ast.Name):
        raise BadInit("unknown-init", "an initialiser is written like `normal(std = 0.02)`", expr.span)
    name = call.function.name
    if name not in INITIALISERS:
        raise BadInit("unknown-init", f"no initialiser is called `{name}`", call.function.span, name, INITIALISERS)
    return name, call


def init_from(name: str, given: Iterable[tuple[str | None, object, Span]], span: Span) -> Init:
    """The initialiser of that name with these arguments. Numbers keep the code that computes them."""
    takes = INITIALISERS[name]
    args: list[tuple[str, Size | Real]] = []
    for at, (word, value, where) in enumerate(given):
        key = word or (str(at) if takes is None else takes[at] if at < len(takes) else None)
        if key is None or (takes is not None and key not in takes):
            message = f"`{name}` takes {', '.join(f'`{each}`' for each in takes or ()) or 'nothing'}"
            raise BadInit("unknown-argument" if word else "wrong-count", message, where, word or "", takes or ())
        if not isinstance(value, Size | Real) or value.value is None:
            raise BadInit("wrong-kind", f"`{key}` of `{name}` must be a number", where)
        args.append((key, value))
    if (name == "constant" and not args) or (name == "step_sizes" and len(args) < 2):
        needs = " and ".join(f"`{each}`" for each in takes or ())
        raise BadInit("missing-argument", f"`{name}` needs {needs}", span)
    return Init(name, tuple(args))
