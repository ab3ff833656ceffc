"""Small sizes for parameters that nobody gave a value, so that shapes can be checked all the same.

Different parameters get different sizes, so that mixing two of them up shows; the usual names get sizes that fit
together (`heads * head_dim == dim`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl.model import sizes
from sharedsl.model.sizes import Named, Real, Value, literal
from sharedsl.syntax import ast

_USUAL = {
    "dim": 64, "width": 64, "heads": 4, "kv_heads": 2, "head_dim": 16, "ff": 160, "hidden": 96, "inputs": 48,
    "outputs": 80, "depth": 2, "layers": 2, "n": 2, "steps": 3, "vocab": 97, "rows": 97, "max_len": 33, "kernel": 3,
    "stride": 1, "groups": 1, "rank": 8, "classes": 10,
}  # fmt: skip
_FIRST, _STEP = 112, 16


def assumed(params: Sequence[ast.Param], missing: set[str]) -> dict[str, Value]:
    """A value for each of the parameters called `missing`."""
    found: dict[str, Value] = {}
    for param in params:
        if param.name in missing:
            found[param.name] = _value(param, _FIRST + _STEP * len(found))
    return found


def _value(param: ast.Param, fresh: int) -> Value:
    match param.kind:
        case None | "int":
            return sizes.size(_USUAL.get(param.name, fresh))
        case "float":
            return Real(0.5, literal(0.5))
        case "bool":
            return True
        case "list":
            return (sizes.size(1), sizes.size(2))
        case "function":
            return Named("function", "gelu")
        case "layer":
            return Named("layer", "RMSNorm")
        case _:
            return ""
