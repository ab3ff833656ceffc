"""How a forward calls its parts: by which module, with which further arguments, in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sharedsl import pytree as py
from sharedsl.analysis.lowering import CHAINABLE
from sharedsl.diagnostics import InternalError
from sharedsl.emit.applications import calls as calls_in
from sharedsl.emit.applications import step_of
from sharedsl.emit.classes import Classes
from sharedsl.emit.elements import Orders
from sharedsl.emit.forward import Forward
from sharedsl.emit.hosts import Binding, Constant, Given, Host, Own, Ref
from sharedsl.emit.layouts import Weights
from sharedsl.emit.lift import Lifted
from sharedsl.emit.names import assigned, names_in
from sharedsl.emit.needs import Need, Tensor, repeated_by
from sharedsl.emit.reads import scale_code
from sharedsl.emit.repeats import Repeat, Repeated, Value, smaller_outputs, whole
from sharedsl.emit.rewriting import replace as substitute
from sharedsl.emit.states import slots_of, stateful
from sharedsl.emit.terms import in_terms, tidy
from sharedsl.emit.words import words_of
from sharedsl.layers import LAYERS
from sharedsl.model import dataflow as d
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Size
from sharedsl.model.sizes import Value as Argument
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, replace
from sharedsl.source import Span

SELF = py.Name("self")
#: stands for the module in the code of a layer's call, until it is known how the module is reached
MODULE = py.Name("\0module")


@dataclass(slots=True)
class File:
    """What all classes of one file share."""

    classes: Classes
    cx: py.CodeContext
    orders: Orders
    line: Callable[[Span], str]
    functions: Mapping[str, str]
    #: states of scanned layers are plain variables, no places in a dict
    carries: bool = False


@dataclass(slots=True)
class Calls:
    """The calls in the forwards of one class."""

    file: File
    host: Host
    #: what the class calls its further arguments
    slot_names: tuple[str, ...] = ()

    def apply(self, use: d.Use, values: list[Value | None], call: d.Call, forward: Forward) -> Value:
        if step_of(use) in self.host.lifted:
            each = self.host.lifted[step_of(use)]
            return Value(py.Name(self.lifted_name(each, forward.body)))
        binding = self.host.bindings[step_of(use)]
        unit = self.host.unit.child(step_of(use))
        inputs = [None if value is None else whole(value) for value in values]
        if unit.kind == "primitive":
            return self._primitive(use, binding, unit, inputs, forward)
        return Value(self._block(use, binding, unit, inputs, forward))

    def _primitive(
        self, use: d.Use, binding: Binding, unit: Unit, inputs: list[py.Expr | None], forward: Forward
    ) -> Value:
        layer = LAYERS[unit.name]
        child = self.host.unit.children[use.child]
        arguments = child.arguments[use.index or 0]
        repeated = binding.reach.repeated
        whole_outputs = arguments.get("outputs")
        if repeated is not None:
            arguments = smaller_outputs(arguments, repeated)
        args = {name: in_terms(value, forward.around.env) for name, value in arguments.items()}
        cx = self.file.cx
        if binding.reach.kind == "functional":
            code = layer.functional(tuple(inputs), self._tensors(use, binding, forward), args, cx)
            return Value(code)
        target = binding.reach.callee
        each = self.file.classes.of.get(target.path) if target is not None else None
        if each is not None and each.leaf is not None and each.leaf.whole and unit.name not in CHAINABLE:
            made: py.Expr = py.Call(MODULE, tuple(one for one in inputs if one is not None))
        else:
            made = layer.call(MODULE, tuple(inputs), args, cx)
        code = _rewritten(made, lambda call: self._through(call, binding, forward, use))
        if repeated is None:
            return Value(code)
        return Value(code, _repeat(whole_outputs, repeated, forward))

    def _through(self, call: py.Call, binding: Binding, forward: Forward, use: d.Use) -> py.Expr:
        """A call of a leaf's module, by the way that it is reached."""
        reach = binding.reach
        callee = self._reference(binding.callee, reach.callee, forward)
        needs = tuple(self._reference(ref, need, forward) for ref, need in zip(binding.needs, reach.needs, strict=True))
        kwargs = call.kwargs
        assert binding.callee is not None and reach.callee is not None
        if binding.callee.role is not None:
            word = self.file.classes.keyword(reach.callee.path, reach.callee.role)  # type: ignore[arg-type]
            kwargs = (*kwargs, (word, py.Const(True)))
        if (row := self._row(use, reach.callee.path)) is not None:
            needs = (*needs, row)
        args = call.args
        scale = None if reach.scale is None else scale_code(reach.scale, forward.around.model)
        looked_up = binding.callee.role is not None and binding.callee.role.layer == "Embedding"
        if scale is not None and not looked_up:
            args = (py.Binary("*", args[0], scale), *args[1:])
        if use.step is not None:
            kwargs = (*kwargs, ("step", py.Const(use.step)))
        code: py.Expr = py.Call(callee, (*args, *needs), kwargs)
        if scale is not None and looked_up:
            code = py.Binary("*", scale, code)
        if binding.then is not None:
            code = py.call(self._reference(binding.then, reach.then, forward), code)
        return code

    def _tensors(self, use: d.Use, binding: Binding, forward: Forward) -> dict[str, py.Expr | None]:
        """The weights of a leaf that has none of its own, from other owners."""
        app = next(app.children[step_of(use)] for app in self.host.apps if step_of(use) in app.children)
        solved = self.file.classes.layout.solved
        tensors: dict[int, py.Expr] = {}
        for ref, need in zip(binding.needs, binding.reach.needs, strict=True):
            assert isinstance(need, Tensor)
            tensors[need.storage] = self._reference(ref, need, forward)
        weights = self._reader(tensors, forward)
        self.host.tables.label = use.child
        found: dict[str, py.Expr | None] = {}
        for name, site in app.weights.items():
            axes = solved.sites[site].spec.axes
            split = sum(axis.side == "out" for axis in axes)
            linear = app.unit.name == "Linear"
            found[name] = weights.joined(solved.reads[site], split) if linear else weights.logical(solved.reads[site])
        return found

    def _reader(self, tensors: Mapping[int, py.Expr], forward: Forward) -> Weights:
        layout, model = self.file.classes.layout, forward.around.model
        return Weights(layout.solved, layout.model.unit_at, tensors, model, self.file.cx, self.host.tables)

    def _block(
        self, use: d.Use, binding: Binding, unit: Unit, inputs: list[py.Expr | None], forward: Forward
    ) -> py.Expr:
        callee = self._reference(binding.callee, binding.reach.callee, forward)
        needs = [
            self._reference(ref, need, forward) for ref, need in zip(binding.needs, binding.reach.needs, strict=True)
        ]
        if unit.kind == "extern" or use.body is None:
            return py.Call(callee, tuple(each for each in inputs if each is not None))
        body = unit.bodies[use.body]
        target = binding.reach.callee
        each = self.file.classes.of[target.path] if target is not None else None
        method = each.methods.get(use.body, "forward") if each is not None else "forward"
        dropped = each.dropped.get(use.body, set()) if each is not None else set()
        args: list[py.Expr] = []
        late: list[tuple[str, py.Expr]] = []
        for one, value in zip(body.inputs, [*inputs, *[None] * len(body.inputs)], strict=False):
            if value is None or (one.type is None and one.size is None) or one.name in dropped:
                continue
            optional = (isinstance(one.type, d.Tensor) and one.type.optional) or one.default is not None
            if optional:
                late.append((one.name, value))
            else:
                args.append(value)
        if target is not None:
            lifted = self.file.classes.layout.hosts[target.path].lifted.values()
            needs += [py.Name(forward.lifted[each.step, each.target]) for each in lifted]
            if use.step is not None and self.file.classes.layout.hosts[target.path].always_stepped:
                needs.append(py.Const(use.step))
            elif use.step is not None:
                late.append(("step", py.Const(use.step)))
            if (row := self._row(use, target.path)) is not None:
                needs.append(row)
        args += needs
        if body.keeps and stateful(unit):
            args += forward.carried if self.file.carries else (py.Name(forward.cache), self._slot(use, forward))
        func = callee if method == "forward" else py.Attr(callee, method)
        if not needs and not late:
            return py.Call(func, tuple(args))
        if all(name == value.id for name, value in late if isinstance(value, py.Name)) and not needs:
            return py.Call(func, (*args, *(value for _, value in late)))
        return py.Call(func, tuple(args), tuple(late))

    def lifted_name(self, lifted: Lifted, body: d.Body) -> str:
        taken = names_in(body.statements) | {each.name for each in body.inputs} | assigned(body.statements)
        name = lifted.name
        while name in taken or name in self.slot_names:
            name = f"{name}_value"
        return name

    def lift(self, call: d.Call, forward: Forward) -> None:
        """What all elements of a stack would compute alike: once, in this forward's own sizes."""
        for each in self.host.lifts.get(call.uses, ()):
            body = self.host.unit.child(step_of(call.uses[0])).bodies[each.body]
            words = words_of(self.host.unit, call, call.uses[0], body)
            env = dict(forward.around.env)
            env |= {name: tidy(code.substitute(dict(forward.around.env))) for name, code in words.items()}
            inner = Forward(replace(forward.around, env=env), forward.body)
            args = tuple(inner.forced(arg) for arg in each.call.args if arg is not None)
            callee = self._path(SELF, self.host.path, each.target[len(self.host.path) :])
            name = forward.fresh(each.name)
            forward.names.setdefault(name, name)
            forward.lifted[each.step, each.target] = name
            comment = self.file.line(each.call.span)
            forward.out.append(py.Assign((py.Name(name),), py.Call(callee, args), comment))

    def _row(self, use: d.Use, target: Path) -> py.Expr | None:
        """Which application of a layer with buffers this is; None where there is only one."""
        layout = self.file.classes.layout
        if layout.hosts[target].rows == 1:
            return None
        ways = layout.applied.ways[target]
        at = py.Const(ways.index(step_of(use)))
        if self.host.rows == 1:
            return at
        own = py.Name("application")
        return own if len(ways) == 1 else py.Binary("+", py.Binary("*", py.Const(len(ways)), own), at)

    def handing(
        self, call: d.CallSelf, forward: Forward
    ) -> tuple[tuple[py.Expr, ...], tuple[tuple[str, py.Expr], ...]]:
        """The states, for another forward of the same block."""
        unit = self.host.unit
        if not (unit.bodies[call.body].keeps and stateful(unit)):
            return (), ()
        cache = py.Name(forward.cache)
        return ((cache, py.Name("slot")), ()) if self.host.path else ((), (("cache", cache),))

    def _slot(self, use: d.Use, forward: Forward) -> py.Expr:
        """The number of this application's states: counted per application, below what the caller says."""
        offset = slots_of(self.host, use, self.file.classes.layout)
        if forward.first is not None:
            return py.Const(offset - slots_of(self.host, forward.first, self.file.classes.layout))
        if not self.host.path:
            return py.Const(offset)
        return py.Name("slot") if offset == 0 else py.Binary("+", py.Name("slot"), py.Const(offset))

    def buffer(self, name: str) -> py.Expr:
        """A buffer of the block's own: this application's row."""
        rows = py.Attr(SELF, name)
        return rows if self.host.rows == 1 else py.Index(rows, py.Name("application"))

    def turn_place(self, loop: d.While, forward: Forward) -> py.Expr | None:
        """The place of the first layer with states that a running loop calls: its turns are told apart below that."""
        if not forward.body.keeps:
            return None
        uses = (use for call in calls_in(loop.body) if isinstance(call, d.Call) for use in call.uses)
        first = next((use for use in uses if stateful(self.host.unit.child(step_of(use)))), None)
        return None if first is None else self._slot(first, forward)

    def weight(self, name: str, forward: Forward, type_: d.Tensor | None = None) -> Value:
        """A weight that the block declares itself; `type_` is its type in the words of the forward."""
        expr, refs = self.host.weights[name]
        solved = self.file.classes.layout.solved
        tensors: dict[int, py.Expr] = {}
        for number, ref in refs.items():
            storage = solved.storages[number]
            path = tuple(step.layer() for step in storage.owner)
            if isinstance(ref, Own) and not ref.below:
                tensors[number] = py.Attr(SELF, storage.name)
            else:
                tensors[number] = self._reference(ref, Tensor(path, storage.name, number), forward)
        self.host.tables.label = name
        reader = self._reader(tensors, forward)
        if isinstance(expr, w.Repeat) and type_ is not None:
            often = in_terms(repeated_by(expr, solved).often(type_.dims[expr.axis]), forward.around.env)
            small = reader.logical(expr.of)
            return Value(py.method(small, "repeat_interleave", py.arith(often.code), dim=py.Const(expr.axis)))
        return Value(reader.logical(expr))

    # ------------------------------------------------------------------------ paths in the code

    def _reference(self, ref: Ref | None, need: Need | None, forward: Forward) -> py.Expr:
        assert ref is not None and need is not None
        if isinstance(ref, Constant):
            return py.Const(ref.number)
        if isinstance(ref, Given):
            base: py.Expr = py.Name(self.slot_names[ref.slot])
            start = need.path[: len(need.path) - len(ref.below)]
            return self._path(base, start, ref.below)
        code = self._path(SELF, self.host.path, ref.below) if ref.below else SELF
        if ref.name is None:
            return code
        owner = self.file.classes.layout.hosts[need.path]
        if not owner.leaf:
            return py.Attr(code, ref.name)
        exports = tuple(owner.exports)
        return forward.fetch(code, exports, exports.index(ref.name))

    def _path(self, base: py.Expr, start: Path, below: Path) -> py.Expr:
        host = self.file.classes.layout.hosts.get(start)
        code = base
        for step in below:
            code = py.Attr(code, step.name)
            elements = host.children.get(step.name, {}) if host is not None else {}
            if step.index is not None:
                keys = tuple(elements)
                keyed = keys != tuple(range(len(keys)))
                code = py.Index(code, py.Const(str(step.index) if keyed else step.index))
            host = elements.get(step.index)
        return code


def _rewritten(node: Any, change: Callable[[py.Call], py.Expr]) -> Any:
    """`node` with the call of the module, wherever it stands in it, replaced."""
    for each in py.walk(node):
        if isinstance(each, py.Call) and each.func == MODULE:
            return substitute(node, each, change(each))
    raise InternalError("the code of a layer's call does not call its module")


def _repeat(outputs: Argument | None, repeated: Repeated, forward: Forward) -> Repeat:
    """The repeat of a Linear's result."""
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    part = parts[repeated.axis]
    assert isinstance(part, Size)
    return repeated.axis - len(parts), in_terms(repeated.often(part), forward.around.env)
