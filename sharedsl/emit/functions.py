"""The spec's weightless functions as functions of the module."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from typing import Any

from sharedsl import pytree as py
from sharedsl.emit.elements import Orders
from sharedsl.emit.forward import Forward
from sharedsl.emit.places import set_place
from sharedsl.emit.runtime_sizes import MODULES, sizes_read, sizes_renamed
from sharedsl.emit.surroundings import Surroundings
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Model
from sharedsl.record import dataclass, field
from sharedsl.source import Span


@dataclass(slots=True)
class Functions:
    model: Model
    cx: py.CodeContext
    orders: Orders
    line: Callable[[Span], str]
    names: dict[str, str] = field(init=False)
    written: dict[str, py.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bodies that read alike, for other sizes, are one function."""
        self.names = {}
        taken: dict[str, list[tuple[str, py.FunctionDef]]] = {}
        for key, body in self.model.functions.items():
            function = self._function(body)
            known = taken.setdefault(function.name, [])
            same = next((name for name, other in known if _look(other) == _look(function)), None)
            if same is None:
                same = function.name if not known else f"{function.name}_{len(known) + 1}"
                known.append((same, function))
                self.written[same] = py.FunctionDef(same, function.params, function.body)
            self.names[key] = same

    def _function(self, body: d.Body) -> py.FunctionDef:
        around = Surroundings(
            env=sizes_renamed(body),
            model={},
            cx=self.cx,
            orders=self.orders,
            containers={},
            apply=_nothing,
            weight=_nothing,
            buffer=_nothing,
            lift=_nothing,
            line=self.line,
            functions=self.names,
            methods={},
            reserved=MODULES,
        )
        forward = Forward(around, body)
        set_place(self.cx, body, forward)
        statements = tuple(forward.run())
        params = tuple(
            py.Param(forward.name(each.name)) for each in body.inputs if each.type is not None or each.size is not None
        )
        name = body.name or body.key.split("(")[0]
        while keyword.iskeyword(name):
            name += "_"
        return py.FunctionDef(name, params, (*sizes_read(body, statements, forward), *statements))

    def write(self) -> tuple[py.Stmt, ...]:
        return tuple(self.written.values())


def _look(function: py.FunctionDef) -> object:
    return (function.params, function.body)


def _nothing(*_: Any) -> Any:
    from sharedsl.diagnostics import InternalError

    raise InternalError("a function has no layers")
