"""What a number means: `12M`, `30_000`, `1e-5`, `16MB`, `2GiB`."""

from __future__ import annotations

import re

from sharedsl.diagnostics import Diagnostic, Edit, Fix, error
from sharedsl.source import Span

MAX_INTEGER = 10**18

UNITS = {
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip

_PARTS = re.compile(r"(\d[\d_]*)(\.\d+)?([eE][+-]?\d+)?(.*)", re.DOTALL)


def number_value(text: str) -> int | float:
    """An int unless a point or an exponent makes it a fraction. A number that `check_number` refuses is 0."""
    whole, fraction, exponent, unit = _split(text)
    scale = UNITS.get(unit, 1)
    if not fraction and not exponent:
        digits = whole.replace("_", "")
        value = int(digits) * scale if len(digits) < 25 else MAX_INTEGER + 1
        return value if value <= MAX_INTEGER else 0
    if not unit:
        number = float(whole.replace("_", "") + fraction + exponent)
        return number if number < float("inf") else 0.0
    return _scaled(whole.replace("_", ""), fraction, exponent, scale)


def check_number(text: str, span: Span) -> Diagnostic | None:
    """What is wrong with a number as it is written, if anything."""
    whole, fraction, exponent, unit = _split(text)
    if unit and unit not in UNITS:
        return _bad_unit(text, unit, span)
    digits = whole.replace("_", "").lstrip("0")
    if not fraction and not exponent:
        if len(digits) < 25 and int(digits or "0") * UNITS.get(unit, 1) <= MAX_INTEGER:
            return None
    elif float((digits or "0") + fraction + exponent) * UNITS.get(unit, 1) < float("inf"):
        return None
    return error("number-too-big", "this number is too big: the largest integer is 10^18", span)


def _split(text: str) -> tuple[str, str, str, str]:
    match = _PARTS.match(text)
    assert match is not None
    whole, fraction, exponent, unit = match.groups()
    return whole, fraction or "", exponent or "", unit


def _scaled(whole: str, fraction: str, exponent: str, scale: int) -> int | float:
    """`2.5k` is 2500 exactly; `0.3333k` stays a fraction."""
    shift = int(exponent[1:] or "0") if exponent else 0
    shift -= len(fraction) - 1 if fraction else 0
    digits = int((whole + fraction[1:])[:60]) * scale
    if abs(shift) <= 60:
        exact, rest = divmod(digits * int(10 ** max(shift, 0)), int(10 ** max(-shift, 0)))
        if not rest and exact <= MAX_INTEGER:
            return exact
    number = float(whole + fraction + exponent) * scale
    return number if number < float("inf") else 0.0


def _bad_unit(text: str, unit: str, span: Span) -> Diagnostic:
    number = text[: len(text) - len(unit)]
    at = Span(span.path, span.end - len(unit), span.end)
    by_case = [known for known in UNITS if known.lower() == unit.lower()]
    if unit in ("B", "b"):
        meant, why = "G", "`B` could be billions or bytes"
    elif by_case:
        meant, why = by_case[0], "units are written k, M, G, T, and kB, MB, KiB, MiB for bytes"
    else:
        help = "known units: k, M, G, T; kB, MB, GB, TB; KiB, MiB, GiB, TiB"
        return error("bad-number", f"`{unit}` is no unit of a number", at, help=help)
    fix = Fix(f"write `{number}{meant}`", (Edit(at, meant),))
    return error("bad-number", f"`{unit}` is no unit of a number: {why}", at, fixes=(fix,))
