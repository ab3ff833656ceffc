"""The class of a block or of the model: constructor, forwards, and how it calls its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sharedsl import pytree as py
from sharedsl.diagnostics import InternalError
from sharedsl.emit.classes import Class, Classes
from sharedsl.emit.construct import Constructor
from sharedsl.emit.forward import Forward, Surroundings, Value, assigned, names_in
from sharedsl.emit.hosts import Binding, Constant, Given, Host, Own, Ref
from sharedsl.emit.applications import step_of
from sharedsl.emit.lift import Lifted
from sharedsl.emit.needs import Need, Tensor
from sharedsl.emit.reads import code_of, scale_code
from sharedsl.emit.reroll import Container, Orders, replace as substitute
from sharedsl.emit.header import first_sentence
from sharedsl.emit.states import enters, slots_of, stateful
from sharedsl.emit.terms import in_terms, stored
from sharedsl.layers import LAYERS
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Arith, Size, combine, size
from sharedsl.model.sizes import Value as Argument
from sharedsl.model.tree import Unit
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
    incremental: bool = False


@dataclass(slots=True)
class CompositeWriter:
    """Writes one class. `known` are the names that its code must not use for variables."""

    file: File
    each: Class
    host: Host = field(init=False)
    slot_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.host = self.each.host

    def write(self, extra: Callable[[Class], tuple[py.Stmt, ...]] | None = None) -> py.ClassDef:
        methods = self._methods()
        self._name_slots(methods)
        functions = self._forwards(methods)
        used = _parameters_used(functions, self.host.unit)
        init = Constructor(self.file.classes, self.file.cx, self.each).write(used)
        more = extra(self.each) if extra is not None else ()
        doc = _sentence(self.host.unit.doc) if self.host.path else None
        self.each.code = py.ClassDef(
            self.each.name, (py.name("nn.Module"),), (*init, *functions, *more), docstring=self._doc(doc)
        )
        return self.each.code

    def _doc(self, doc: str | None) -> str | None:
        if not self.host.slots:
            return doc
        names = [f"`{name}`" for name in self.slot_names]
        words = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
        verb = "is" if len(names) == 1 else "are"
        given = f"{self.host.unit.name} that shares: {words} {verb} another's, handed in by the caller."
        return "\n".join(py.wrap(given, 77))

    # ------------------------------------------------------------------------ which forwards there are

    def _methods(self) -> dict[str, tuple[str, d.Body]]:
        """By body key: the method's name and the body. Bodies that read alike become one method."""
        found: dict[str, tuple[str, d.Body]] = {}
        for host in self.each.hosts[:1]:
            keys: dict[str, Unit] = {}
            for app in host.apps:
                for key in app.bodies:
                    keys.setdefault(key, app.unit)
            entries = {key: name for name, key in self.file.classes.layout.model.entries.items()}
            ordered = sorted(keys, key=lambda key: (key not in entries, keys[key].bodies[key].name is not None))
            taken: set[str] = set()
            for key in ordered:
                body = keys[key].bodies[key]
                wanted = body.name or "forward"
                name, number = wanted, 2
                while name in taken:
                    name, number = f"{wanted}_{number}", number + 1
                taken.add(name)
                found[key] = (name, body)
        return found

    def _name_slots(self, methods: Mapping[str, tuple[str, d.Body]]) -> None:
        taken: set[str] = {"self", "cache", "slot", "state"}
        for _, body in methods.values():
            taken |= names_in(body.statements) | {each.name for each in body.inputs} | assigned(body.statements)
        names: list[str] = []
        for slot in self.host.slots:
            name = slot.name
            while name in taken:
                name = f"shared_{name}"
            taken.add(name)
            names.append(name)
        self.slot_names = tuple(names)

    def _forwards(self, methods: Mapping[str, tuple[str, d.Body]]) -> tuple[py.FunctionDef, ...]:
        self.each.methods.clear()
        written: dict[object, str] = {}
        functions: list[py.FunctionDef] = []
        names = {key: name for key, (name, _) in methods.items()}
        entries = set(self.file.classes.layout.model.entries.values())
        for key, (name, body) in sorted(
            methods.items(), key=lambda item: (item[1][1].name is None, item[0] not in entries, item[0])
        ):
            function, self.each.dropped[key] = self._forward(name, body, names)
            look = (function.params, function.body, body.name)
            if look in written:
                self.each.methods[key] = names[key] = written[look]
                continue
            written[look] = name
            self.each.methods[key] = name
            functions.append(function)
        order = list(dict.fromkeys(name for name, _ in methods.values()))
        return tuple(sorted(functions, key=lambda each: order.index(each.name)))

    # ------------------------------------------------------------------------ one forward

    def _forward(self, name: str, body: d.Body, names: Mapping[str, str]) -> tuple[py.FunctionDef, set[str]]:
        """The method, and the inputs that it turns out not to need."""
        unit = self.host.unit
        env = stored(self.each.env, unit.arguments)
        around = Surroundings(
            env=env,
            cx=self.file.cx,
            orders=self.file.orders,
            containers=self._containers(),
            apply=self._apply,
            weight=self._weight,
            lift=self._lift,
            line=self.file.line,
            functions=self.file.functions,
            methods=names,
            counts=self._counts(env),
            reserved=frozenset(self.slot_names) | {"self", "cache", "slot", "state"},
            states={key: spec.type for key, spec in unit.states.items()},
            incremental=self.file.incremental,
        )
        forward = Forward(around, body)
        self._place_new_tensors(body, forward)
        lifted = [self._lifted_name(each, body) for each in self.host.lifted.values()]
        statements = forward.run()
        params = [py.Param("self")]
        late: list[py.Param] = []
        head: list[py.Stmt] = []
        for each in body.inputs:
            if each.type is None and each.size is None:
                continue
            optional = isinstance(each.type, d.Tensor) and each.type.optional
            if optional or each.default is not None:
                late.append(py.Param(forward.name(each.name), default=self._default(each, forward)))
                head += self._filled(each, body, forward)
            else:
                params.append(py.Param(forward.name(each.name)))
        params += [py.Param(slot) for slot in (*self.slot_names, *lifted)]
        if self.file.incremental and stateful(unit):
            root = not self.host.path
            (late if root else params).append(py.Param("cache", default=py.Const(None) if root else None))
            if not root:
                params.append(py.Param("slot"))
            head += enters(unit, body, forward, root)
        used = py.names_used(tuple(statements))
        head = [each for each in head if not (isinstance(each, py.Assign) and _unread(each, used, unit))]
        whole = (*sizes_read(body, (*head, *statements), forward), *head, *statements)
        dropped: set[str] = set()
        if self.host.path:
            used = py.names_used(whole)
            dropped = {each.name for each in body.inputs if forward.name(each.name) not in used}
            params = [each for each in params if each.name not in {forward.name(one) for one in dropped}]
            late = [each for each in late if each.name not in {forward.name(one) for one in dropped}]
        return py.FunctionDef(name, (*params, *late), whole), dropped

    def _place_new_tensors(self, body: d.Body, forward: Forward) -> None:
        """New tensors are made where the inputs are."""
        set_place(self.file.cx, body, forward)

    def _default(self, each: d.Input, forward: Forward) -> py.Expr:
        if each.size is not None and isinstance(each.default, d.Const):
            return forward.constant(each.default)
        return py.Const(None)

    def _filled(self, each: d.Input, body: d.Body, forward: Forward) -> list[py.Stmt]:
        """What an input that the caller leaves out becomes."""
        if each.default is None or each.size is not None or not isinstance(each.type, d.Tensor):
            return []
        if isinstance(each.default, d.Const) and each.default.value is None:
            return []
        name = py.Name(forward.name(each.name))
        code = forward.forced(each.default)
        if not (isinstance(each.default, d.Op) and not _scalar(each.default.type)):
            like = next((o for o in body.inputs if o is not each and o.type == each.type and o.default is None), None)
            self.file.cx.use("torch")
            if like is not None and code == py.Const(0):
                code = py.call("torch.zeros_like", py.Name(forward.name(like.name)))
            else:
                source = next(o for o in body.inputs if isinstance(o.type, d.Tensor) and not o.type.optional)
                shape = py.tuple_of(*(forward.number(size) for size in each.type.dims))
                kind = {"int": "torch.long", "bool": "torch.bool"}.get(each.type.dtype)
                code = py.call(
                    "torch.full",
                    shape,
                    code,
                    dtype=py.name(kind) if kind else None,
                    device=py.Attr(py.Name(forward.name(source.name)), "device"),
                )
        return [py.If(py.Compare(name, "is", py.Const(None)), (py.Assign((name,), code),))]

    def _containers(self) -> dict[py.Expr, Container]:
        found: dict[py.Expr, Container] = {}
        for name, elements in self.host.children.items():
            keys = tuple(index for index in elements if index is not None)
            if keys:
                found[py.Attr(SELF, name)] = Container(keys, keys != tuple(range(len(keys))))
        return found

    def _counts(self, env: Any) -> dict[str, tuple[int, py.Expr]]:
        """Each stack's length, and its code."""
        found: dict[str, tuple[int, py.Expr]] = {}
        for name, child in self.host.unit.children.items():
            if child.count is not None:
                found[name] = (len(child.units), py.arith(in_terms(child.count, env).code))
        return found

    # ------------------------------------------------------------------------ calls of parts

    def _apply(self, use: d.Use, values: list[Value | None], call: d.Call, forward: Forward) -> Value:
        if step_of(use) in self.host.lifted:
            each = self.host.lifted[step_of(use)]
            return Value(py.Name(self._lifted_name(each, forward.body)))
        binding = self.host.bindings[step_of(use)]
        unit = self.host.unit.child(step_of(use))
        if use.step is not None:
            raise InternalError("a step embedding that the fold did not lower")
        inputs = [None if value is None else forward.whole(value) for value in values]
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
        if repeated is not None:
            arguments = smaller_outputs(arguments, repeated)
        args = {name: in_terms(value, forward.around.env) for name, value in arguments.items()}
        cx = self.file.cx
        if binding.reach.kind == "functional":
            code = layer.functional(tuple(inputs), self._tensors(use, binding, forward), args, cx)
            return Value(code)
        made = layer.call(MODULE, tuple(inputs), args, cx)
        code = _rewritten(made, lambda call: self._through(call, binding, forward))
        if repeated is None:
            return Value(code)
        outputs = arguments.get("outputs")
        count = len(outputs) if isinstance(outputs, tuple) else 1
        return Value(code, (repeated[0] - count, repeated[1]))

    def _through(self, call: py.Call, binding: Binding, forward: Forward) -> py.Expr:
        """A call of a leaf's module, by the way that it is reached."""
        reach = binding.reach
        callee = self._reference(binding.callee, reach.callee, forward)
        needs = tuple(
            self._reference(ref, need, forward) for ref, need in zip(binding.needs, reach.needs, strict=True)
        )
        kwargs = call.kwargs
        assert binding.callee is not None and reach.callee is not None
        if binding.callee.role is not None:  # type: ignore[union-attr]
            word = self.file.classes.keyword(reach.callee.path, reach.callee.role)  # type: ignore[arg-type]
            kwargs = (*kwargs, (word, py.Const(True)))
        args = call.args
        if reach.scale is not None:
            args = (py.Binary("*", args[0], scale_code(reach.scale, forward.around.env)), *args[1:])
        code: py.Expr = py.Call(callee, (*args, *needs), kwargs)
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
        return {
            name: code_of(solved.reads[site], tensors, {}, self.file.cx) for name, site in app.weights.items()
        }

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
            optional = isinstance(one.type, d.Tensor) and one.type.optional or one.default is not None
            if optional:
                late.append((one.name, value))
            else:
                args.append(value)
        if target is not None:
            lifted = self.file.classes.layout.hosts[target.path].lifted.values()
            needs += [py.Name(forward.lifted[each.step, each.target]) for each in lifted]
        args += needs
        if self.file.incremental and stateful(unit):
            args += [py.Name("cache"), self._slot(use)]
        func = callee if method == "forward" else py.Attr(callee, method)
        if not needs and not late:
            return py.Call(func, tuple(args))
        if all(name == value.id for name, value in late if isinstance(value, py.Name)) and not needs:
            return py.Call(func, (*args, *(value for _, value in late)))
        return py.Call(func, tuple(args), tuple(late))

    def _lifted_name(self, lifted: Lifted, body: d.Body) -> str:
        taken = names_in(body.statements) | {each.name for each in body.inputs} | assigned(body.statements)
        name = lifted.name
        while name in taken or name in self.slot_names:
            name = f"{name}_value"
        return name

    def _lift(self, call: d.Call, forward: Forward) -> None:
        """What all elements of a stack would compute alike: once, in this forward's own sizes."""
        for each in self.host.lifts.get(call.uses, ()):
            body = self.host.unit.child(step_of(call.uses[0])).bodies[each.body]
            env = {**forward.around.env, **self._sizes_of(call, body, forward)}
            inner = Forward(replace(forward.around, env=env), forward.body)
            args = tuple(inner.forced(arg) for arg in each.call.args if arg is not None)
            callee = self._path(SELF, self.host.path, each.target[len(self.host.path) :])
            name = forward.fresh(each.name)
            forward.names.setdefault(name, name)
            forward.lifted[each.step, each.target] = name
            comment = self.file.line(each.call.span)
            forward.out.append(py.Assign((py.Name(name),), py.Call(callee, args), comment))

    def _sizes_of(self, call: d.Call, body: d.Body, forward: Forward) -> dict[str, Arith]:
        """The elements' run-time sizes in this forward's words."""
        found: dict[str, Arith] = {}
        for name, (source, axis) in body.sizes:
            at = next((at for at, one in enumerate(body.inputs) if one.name == source), None)
            arg = call.args[at] if at is not None and at < len(call.args) else None
            if arg is not None and isinstance(arg.type, d.Tensor):
                found[name] = in_terms(arg.type.dims[axis], forward.around.env).code
        for at, one in enumerate(body.inputs):
            arg = call.args[at] if at < len(call.args) else None
            if one.size is not None and isinstance(arg, d.Const) and isinstance(arg.value, Size):
                found[one.name] = in_terms(arg.value, forward.around.env).code
        return found

    def _slot(self, use: d.Use) -> py.Expr:
        """The number of this application's states: counted per application, below what the caller says."""
        offset = slots_of(self.host, use, self.file.classes.layout)
        if not self.host.path:
            return py.Const(offset)
        return py.Name("slot") if offset == 0 else py.Binary("+", py.Name("slot"), py.Const(offset))

    def _weight(self, name: str, forward: Forward) -> Value:
        """A weight that the block declares itself."""
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
        return Value(code_of(expr, tensors, forward.around.env, self.file.cx))

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
        fetched = forward.fetch(code, ref.name)
        if len(owner.exports) > 1:
            return py.item(fetched, list(owner.exports).index(ref.name))
        return fetched

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


def _unread(statement: py.Assign, used: set[str], unit: Unit) -> bool:
    """The length of a state that nothing asks for."""
    names = {spec.size_name for spec in unit.states.values()}
    target = statement.targets[0]
    return isinstance(target, py.Name) and target.id in names and target.id not in used


def set_place(cx: py.CodeContext, body: d.Body, forward: Forward) -> None:
    """The device and dtype of new tensors: the first input's."""
    tensors = [each for each in body.inputs if isinstance(each.type, d.Tensor) and each.type.dims]
    given = [each for each in tensors if isinstance(each.type, d.Tensor) and not each.type.optional]
    floats = [each for each in given if isinstance(each.type, d.Tensor) and each.type.dtype == "float"]
    cx.device = py.Attr(py.Name(forward.name(given[0].name)), "device") if given else None
    cx.dtype = py.Attr(py.Name(forward.name(floats[0].name)), "dtype") if floats else None


def _rewritten(node: Any, change: Callable[[py.Call], py.Expr]) -> Any:
    """`node` with the call of the module, wherever it stands in it, replaced."""
    for each in py.walk(node):
        if isinstance(each, py.Call) and each.func == MODULE:
            return substitute(node, each, change(each))
    raise InternalError("the code of a layer's call does not call its module")


def smaller_outputs(arguments: Mapping[str, Argument], repeated: tuple[int, int]) -> dict[str, Argument]:
    """A Linear's arguments before its outputs are repeated."""
    axis, times = repeated
    outputs = arguments["outputs"]
    if isinstance(outputs, tuple):
        part = outputs[axis]
        assert isinstance(part, Size)
        small: Argument = (*outputs[:axis], _divided(part, times), *outputs[axis + 1 :])
    else:
        assert isinstance(outputs, Size)
        small = _divided(outputs, times)
    return {**arguments, "outputs": small}


def _divided(number: Size, times: int) -> Size:
    return size(1) if number.value == times else combine("//", number, size(times))


def _parameters_used(functions: tuple[py.FunctionDef, ...], unit: Unit) -> set[str]:
    """The unit's parameters that the forwards read from `self`."""
    return {
        each.name
        for each in py.walk(functions)
        if isinstance(each, py.Attr) and each.value == SELF and each.name in unit.arguments
    }


def sizes_read(body: d.Body, whole: tuple[py.Stmt, ...], forward: Forward) -> list[py.Stmt]:
    """`B, T = tokens.shape`, for the sizes that the code reads."""
    used = {each.id for each in py.walk(whole) if isinstance(each, py.Name)}
    wanted: dict[str, dict[int, str]] = {}
    for name, (source, axis) in body.sizes:
        if name in used and not source.startswith("state:"):
            wanted.setdefault(source, {})[axis] = name
    statements: list[py.Stmt] = []
    for source, axes in wanted.items():
        tensor = next(each for each in body.inputs if each.name == source)
        assert isinstance(tensor.type, d.Tensor)
        shape = py.Attr(py.Name(forward.name(source)), "shape")
        if len(axes) == 1:
            axis, name = next(iter(axes.items()))
            statements.append(py.Assign((py.Name(name),), py.item(shape, axis)))
            continue
        targets = tuple(py.Name(axes.get(axis, "_")) for axis in range(len(tensor.type.dims)))
        statements.append(py.Assign((py.TupleExpr(targets),), shape))
    return statements


def _scalar(type_: d.Type) -> bool:
    return isinstance(type_, d.Tensor) and not type_.dims


def _sentence(doc: str) -> str | None:
    text = first_sentence(doc)
    return "\n".join(py.wrap(text, 77)) if text else None


__all__ = ["CompositeWriter", "File", "replace"]
