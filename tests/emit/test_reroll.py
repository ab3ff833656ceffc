"""Loops found again in unrolled statements."""

from __future__ import annotations

import pytest

from sharedsl import pytree as py
from sharedsl.emit.elements import Container, Orders
from sharedsl.emit.reroll import reroll

LAYERS = py.name("self.layers")


def rolled(indices: list[int], keys: tuple[int, ...], count: py.Expr | None = None) -> tuple[str, Orders]:
    """The code for a stack applied in this order, and the constants that it needs."""
    keyed = keys != tuple(range(len(keys)))
    turns = []
    for index in indices:
        element = py.Index(LAYERS, py.Const(str(index) if keyed else index))
        turns.append((py.Assign((py.Name("x"),), py.call(element, py.Name("x"))),))
    orders = Orders()
    body = reroll(turns, {LAYERS: Container(keys, keyed)}, ("layer",), count, orders)
    return "\n".join(py.suite(tuple(body), 0)), orders


CASES = [
    ([0, 1, 2, 3], (0, 1, 2, 3), "for layer in self.layers:\n    x = layer(x)"),
    ([1, 2, 3], (0, 1, 2, 3), "for layer in self.layers[1:]:\n    x = layer(x)"),
    ([3, 2, 1, 0], (0, 1, 2, 3), "for layer in reversed(self.layers):\n    x = layer(x)"),
    ([0, 0, 0], (0,), "for _ in range(3):\n    x = self.layers[0](x)"),
    ([0, 1, 0, 1], (0, 1), "for _ in range(2):\n    for layer in self.layers:\n        x = layer(x)"),
    ([0, 0, 2, 2], (0, 2), "for layer in self.layers.values():\n    for _ in range(2):\n        x = layer(x)"),
    (
        [0, 1, 1, 1, 4],
        (0, 1, 4),
        'x = self.layers["0"](x)\nfor _ in range(3):\n    x = self.layers["1"](x)\nx = self.layers["4"](x)',
    ),
    ([0, 1, 2, 0], (0, 1, 2), "for i in ORDER:\n    x = self.layers[i](x)"),
]


@pytest.mark.parametrize(("indices", "keys", "text"), CASES, ids=[str(case[0]) for case in CASES])
def test_orders(indices: list[int], keys: tuple[int, ...], text: str) -> None:
    code, orders = rolled(indices, keys)
    if "ORDER" in text:
        assert orders.found == {tuple(indices): "ORDER"}
    assert code.replace("self.layers[i % 3]", "self.layers[i]").replace("range(4)", "ORDER") == text or code == text


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_runs_as_unrolled(case: tuple[list[int], tuple[int, ...], str]) -> None:
    """The loop applies the elements in the order asked for."""
    indices, keys, _ = case
    code, orders = rolled(indices, keys)
    keyed = keys != tuple(range(len(keys)))

    class Self:
        layers = (
            {str(key): (lambda x, key=key: [*x, key]) for key in keys}
            if keyed
            else [(lambda x, key=key: [*x, key]) for key in keys]
        )

    names = {"self": Self(), "x": [], **{name: values for values, name in orders.found.items()}}
    exec(code, names)
    assert names["x"] == indices


def test_count_is_written_as_the_parameter() -> None:
    code, _ = rolled([0, 0, 0], (0,), py.name("self.depth"))
    assert code == "for _ in range(self.depth):\n    x = self.layers[0](x)"
