"""Runs a model's dataflow one node at a time, each site's weight asked for by its own path.

Slow and plain on purpose: this is what a spec *means*. Every application of every layer asks for its own weights, so
that a caller who answers with a tensor per site runs the model without any sharing at all: the twin of `verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from sharedsl.diagnostics import InternalError
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step, show
from sharedsl.model.sizes import Real, Size
from sharedsl.model.tree import Model, StateSpec, Unit
from sharedsl.ops import OPS
from sharedsl.record import dataclass, field
from sharedsl.runtime.frames import COMPARE, Frame, RequireFailed, bound_sizes, number, plain
from sharedsl.runtime.loops import turns_of
from sharedsl.runtime.operations import OPERATIONS
from sharedsl.runtime.primitives import apply_extern, apply_primitive
from sharedsl.runtime.scanning import forget, kept_once, scanned

WeightOf = Callable[[Path, str], Tensor]
BufferOf = Callable[[Path, str], Tensor | None]
#: the states of a sequence, by the application they belong to, their name, and the turns of the loops around
States = dict[tuple[Any, ...], Any]


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(slots=True)
class Interpreter:
    """`weight(path of the application, name)` gives each site's tensor; `buffer` may replace a buffer's first value.

    `states` holds the states of the sequence so far and is brought up to date by each run.
    """

    model: Model
    weight: WeightOf
    buffer: BufferOf = lambda path, name: None
    training: bool = False
    dtype: torch.dtype = torch.float64
    states: States = field(default_factory=dict)
    #: the turns of running loops that are being taken: each keeps states of its own
    turns: tuple[int, ...] = ()
    #: what training has made of buffers
    updates: dict[tuple[Path, str], Tensor] = field(default_factory=dict)

    def run(self, entry: str | None, inputs: Mapping[str, Any]) -> Any:
        """The result of the root's forward `entry`; inputs that are not given are left out. Several results: a list."""
        body = self.model.root.bodies[self.model.entries[entry]]
        unknown = set(inputs) - {each.name for each in body.inputs}
        if unknown:
            raise InternalError(f"{self.model.name} has no input named {sorted(unknown)}")
        before = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)
        try:
            args = [inputs.get(each.name) for each in body.inputs]
            return self._body(body, args, Frame((), self.model.root, sizes=bound_sizes(body, args)))
        finally:
            torch.set_default_dtype(before)

    # ------------------------------------------------------------------------ bodies and statements

    def _body(self, body: d.Body, args: list[Any], frame: Frame) -> Any:
        args = args + [None] * (len(body.inputs) - len(args))
        frame.names = {each.name: value for each, value in zip(body.inputs, args, strict=True)}
        for name, (source, axis) in body.sizes:
            if source.startswith("state:"):
                held = self.states.get((frame.path, source.removeprefix("state:"), *self.turns))
                frame.sizes[name] = 0 if held is None else held.shape[axis]
            elif source.startswith("before:"):
                frame.sizes[name] = self._before(name, source.removeprefix("before:"), axis, body, frame)
        self._enter_states(body, frame)
        for each, value in zip(body.inputs, args, strict=True):
            if value is None and each.default is not None:
                frame.names[each.name] = self._default(each, frame)
        try:
            self._statements(body.statements, frame)
        except _Returned as returned:
            return returned.value
        raise InternalError(f"{body.key} does not return")

    def _before(self, name: str, source: str, axis: int, body: d.Body, frame: Frame) -> int:
        """How long another layer's state was at the start of this call: `S`, where what it gives is `S + T` long."""
        each = next(each for each in body.inputs if each.name == source)
        assert isinstance(each.type, d.Tensor)
        frame.sizes[name] = 0
        added: int = number(each.type.dims[axis], frame)
        return int(frame.names[source].shape[axis]) - added

    def _default(self, each: d.Input, frame: Frame) -> Any:
        assert each.default is not None
        value = self._value(each.default, frame)
        if each.size is not None:
            frame.sizes[str(each.size.ground)] = int(value)
        elif isinstance(each.type, d.Tensor) and isinstance(value, int | float):
            value = torch.full(self._shape(each.type.dims, frame), value, dtype=self._dtype(each.type.dtype))
        return value

    def _enter_states(self, body: d.Body, frame: Frame) -> None:
        if frame.unit is None:
            return
        types = dict(body.states)
        for name, spec in frame.unit.states.items():
            if name not in types:  # another layer's is read in its place
                continue
            value = self.states.get((frame.path, name, *self.turns))
            type = types.get(name, spec.type)
            if type is None:
                frame.sizes[name] = int(plain(spec.value) or 0) if value is None else int(value)
                value = frame.sizes[name]
            frame.names[name] = self._fresh_state(spec, type, frame) if type is not None and value is None else value

    def _fresh_state(self, spec: StateSpec, type: d.Tensor, frame: Frame) -> Tensor | None:
        shape = []
        for axis, size in enumerate(type.dims):
            at = 0 if axis == spec.growing else number(size, frame, missing=None)
            if at is None:
                return None
            shape.append(at)
        return torch.full(shape, float(plain(spec.value) or 0), dtype=self._dtype(type.dtype))

    def _statements(self, statements: tuple[d.Statement, ...], frame: Frame) -> None:
        for statement in statements:
            self._statement(statement, frame)

    def _statement(self, statement: d.Statement, frame: Frame) -> None:
        match statement:
            case d.Assign():
                value = self._value(statement.value, frame)
                if len(statement.targets) == 1:
                    frame.names[statement.targets[0]] = value
                else:
                    frame.names.update(zip(statement.targets, value, strict=True))
            case d.Return():
                values = [self._value(each, frame) for each in statement.values]
                raise _Returned(values[0] if len(values) == 1 else values)
            case d.Loop():
                for inside in statement.turns:
                    self._statements(inside, frame)
            case d.While():
                around = self.turns
                for turn in turns_of(statement, frame, lambda condition: self._value(condition, frame)):
                    self.turns = (*around, turn)
                    self._statements(statement.body, frame)
                    self.turns = around
            case d.Present():
                given = frame.names.get(statement.name) is not None
                self._statements(statement.then if given else statement.other, frame)
            case d.Check():
                left, right = number(statement.left, frame), number(statement.right, frame)
                if not COMPARE[statement.op](left, right):
                    raise RequireFailed(f"{statement.text}: {left} {statement.op} {right}")
            case d.Keep():
                value = self._value(statement.value, frame)
                frame.names[statement.state] = self.states[frame.path, statement.state, *self.turns] = value

    # ------------------------------------------------------------------------ expressions

    def _value(self, expr: d.Expr, frame: Frame) -> Any:
        value = self._evaluate(expr, frame)
        self._check(value, expr, frame)
        return value

    def _evaluate(self, expr: d.Expr, frame: Frame) -> Any:
        match expr:
            case d.Var():
                return frame.names[expr.name]
            case d.Const():
                return self._setting(expr.value, frame)
            case d.Weight():
                return self.weight(frame.path, expr.name)
            case d.Buffer():
                return self._buffer(frame.path, frame.unit, expr.name)
            case d.Op():
                args = [None if arg is None else self._value(arg, frame) for arg in expr.args]
                filled = OPS[expr.op].filled(dict(expr.settings))
                settings = {name: self._setting(value, frame) for name, value in filled.items()}
                return OPERATIONS[expr.op](*args, **settings)
            case d.Call():
                return self._call(expr, frame)
            case d.CallSelf():
                assert frame.unit is not None
                inner = Frame(frame.path, frame.unit, sizes=dict(frame.sizes))
                return self._body(frame.unit.bodies[expr.body], self._args(expr.args, frame), inner)
            case d.CallFunction():
                inner = Frame(frame.path, None, sizes=dict(frame.sizes))
                return self._body(self.model.functions[expr.body], self._args(expr.args, frame), inner)
            case d.Once():
                key = (frame.path, f"once {expr.name}", *self.turns)
                return kept_once(self.states, key, lambda: self._value(expr.value, frame))
            case d.Pick():
                return self._value(expr.of, frame)[expr.index]
            case d.Collect():
                return [self._value(item, frame) for item in expr.items]
            case d.IfPresent():
                chosen = expr.then if frame.names.get(expr.name) is not None else expr.other
                return None if chosen is None else self._value(chosen, frame)

    def _args(self, args: tuple[d.Expr | None, ...], frame: Frame) -> list[Any]:
        return [None if arg is None else self._value(arg, frame) for arg in args]

    def _call(self, call: d.Call, frame: Frame) -> Any:
        args = self._args(call.args, frame)
        if call.scan is None:
            return self._uses(call, args, frame)
        below = [(*frame.path, Step(use.child, use.index, use.app, use.run)) for use in call.uses]
        if not call.scan.keeps:
            forget(self.states, below, self.turns)
        length = number(call.scan.length, frame)
        return scanned(call.scan, args, length, lambda given: self._uses(call, given, frame))

    def _uses(self, call: d.Call, args: list[Any], frame: Frame) -> Any:
        """Each use in turn; the first result of one is the first input of the next."""
        assert frame.unit is not None
        result: Any = args[0] if args else None
        for use in call.uses:
            step = Step(use.child, use.index, use.app, use.run)
            if use.step is not None:
                args[0] = args[0] + self.weight((*frame.path, step), "step")[use.step]
            unit = frame.unit.child(step)
            result = self._apply(unit, use.body, args, Frame((*frame.path, step), unit, sizes=dict(frame.sizes)))
            args[:1] = [result[0] if isinstance(result, list | tuple) else result]
        return result

    def _apply(self, unit: Unit, body: str | None, args: list[Any], inner: Frame) -> Any:
        if body is not None:
            return self._body(unit.bodies[body], list(args), inner)
        weights = {name: self.weight(inner.path, name) for name in unit.weights if name != "step"}
        arguments = {name: plain(value) for name, value in unit.arguments.items()}
        if unit.kind == "extern":
            return apply_extern(unit, arguments, weights, args)
        buffers = {name: self._buffer(inner.path, unit, name) for name in unit.buffers}
        updates: dict[str, Tensor] = {}
        result = apply_primitive(unit, arguments, weights, buffers, args, self.training, updates)
        self.updates |= {(inner.path, name): value for name, value in updates.items()}
        return result

    def _buffer(self, path: Path, unit: Unit | None, name: str) -> Tensor:
        assert unit is not None
        given = self.updates.get((path, name))
        if given is None:
            given = self.buffer(path, name)
        if given is not None:
            return given
        spec = unit.buffers[name]
        shape = self._shape(spec.type.dims, Frame(path, unit))
        return torch.full(shape, float(plain(spec.value) or 0)).to(self._dtype(spec.type.dtype))

    # ------------------------------------------------------------------------ numbers and shapes

    def _setting(self, value: d.Setting, frame: Frame) -> Any:
        if isinstance(value, Size):
            return number(value, frame)
        if isinstance(value, tuple):
            return tuple(self._setting(item, frame) for item in value)
        return value.value if isinstance(value, Real) else value

    def _shape(self, dims: tuple[Size, ...], frame: Frame) -> tuple[int, ...]:
        return tuple(number(size, frame) for size in dims)

    def _dtype(self, name: str) -> torch.dtype:
        return {"float": self.dtype, "int": torch.long, "bool": torch.bool}[name]

    def _check(self, value: Any, expr: d.Expr, frame: Frame) -> None:
        """The compiler's shapes are claims; each is compared with what the meaning gives."""
        if not isinstance(value, Tensor) or not isinstance(expr.type, d.Tensor):
            return
        claimed = [number(size, frame, missing=None) for size in expr.type.dims]
        right = len(claimed) == value.ndim and all(
            want is None or want == got for want, got in zip(claimed, value.shape, strict=True)
        )
        if not right:
            name = expr.op if isinstance(expr, d.Op) else type(expr).__name__
            where = show(frame.path) or "the root"
            raise InternalError(f"{name} in {where}: the compiler says {expr.type}, it is {tuple(value.shape)}")
