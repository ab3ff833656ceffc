"""Parameters whose defaults are formulas of other parameters: `ff = 4 * dim` follows `dim` where it is not given."""

from __future__ import annotations

from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.model import sizes
from sharedsl.model.poly import Poly
from sharedsl.model.sizes import Size, Value
from sharedsl.model.tree import Model
from sharedsl.syntax import ast


def derived(item: ast.Block, args: tuple[ast.Arg, ...], model: Model) -> dict[str, Poly]:
    """name -> its default as a formula, for the parameters that `args` leave out, in the order of the text."""
    given = {arg.name or item.params[at].name for at, arg in enumerate(args) if arg.name or at < len(item.params)}
    names: dict[str, Value] = dict(model.parameters)
    found: dict[str, Poly] = {}
    for param in item.params:
        value = model.parameters.get(param.name)
        if param.default is None or param.name in given or not isinstance(value, Size) or value.value is None:
            continue
        try:
            formula = evaluate(param.default, Scope(names))
        except Failure:
            continue
        if isinstance(formula, Size) and formula.value == value.value and formula.formula.names():
            found[param.name] = formula.formula
            names[param.name] = sizes.parameter(param.name, value.value)
    return found
