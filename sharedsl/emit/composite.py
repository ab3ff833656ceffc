"""The class of a block or of the model: constructor, forwards, and how it calls its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sharedsl import pytree as py
from sharedsl.emit.calls import Calls, File
from sharedsl.emit.classes import Class
from sharedsl.emit.construct import Constructor, parameters_read
from sharedsl.emit.elements import Container
from sharedsl.emit.forward import Forward
from sharedsl.emit.header import first_sentence
from sharedsl.emit.hosts import Host
from sharedsl.emit.names import assigned, names_in
from sharedsl.emit.places import set_place
from sharedsl.emit.rewriting import replace as substitute
from sharedsl.emit.runtime_sizes import MODULES, size_name, sizes_read, sizes_renamed
from sharedsl.emit.states import enters, stateful
from sharedsl.emit.surroundings import Surroundings
from sharedsl.emit.terms import in_terms, stored
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field, replace

SELF = py.Name("self")


@dataclass(slots=True)
class CompositeWriter:
    """Writes one class. `known` are the names that its code must not use for variables."""

    file: File
    each: Class
    host: Host = field(init=False)
    slot_names: tuple[str, ...] = ()

    calls: Calls = field(init=False)

    def __post_init__(self) -> None:
        self.host = self.each.host
        self.calls = Calls(self.file, self.host)

    def write(self, extra: Callable[[Class], tuple[py.Stmt, ...]] | None = None) -> py.ClassDef:
        methods = self._methods()
        self._name_slots(methods)
        functions = self._forwards(methods)
        used = parameters_read(functions, self.host.unit)
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
        names = [
            f"`{name}`" for name, slot in zip(self.slot_names, self.host.slots, strict=True) if slot.name != "turn"
        ]
        if not names:
            return doc
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
        taken: set[str] = {"self", "cache", "slot", "state", "step", "application"}
        for _, body in methods.values():
            taken |= names_in(body.statements) | {each.name for each in body.inputs} | assigned(body.statements)
        names: list[str] = []
        for slot in self.host.slots:
            name = slot.name
            while name in taken:
                name = f"shared_{name}"
            taken.add(name)
            names.append(name)
        self.slot_names = self.calls.slot_names = tuple(names)

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
        reserved = (
            frozenset(self.slot_names)
            | MODULES
            | {"self", "cache", "slot", "state"}
            | ({"step"} if self.host.stepped else set())
            | ({"application"} if self.host.rows > 1 else set())
        )
        env = stored(self.each.env, unit.arguments) | sizes_renamed(body)
        around = Surroundings(
            env=env,
            model=self.file.classes.model_env(self.host, env),
            cx=self.file.cx,
            orders=self.file.orders,
            containers=self._containers(),
            apply=self.calls.apply,
            weight=self.calls.weight,
            buffer=self.calls.buffer,
            lift=self.calls.lift,
            line=self.file.line,
            functions=self.file.functions,
            methods=names,
            counts=self._counts(env),
            reserved=reserved,
            states=dict(body.states),
            carries=self.file.carries,
            unit=unit,
            handing=self.calls.handing,
            turn_place=self.calls.turn_place,
        )
        forward = Forward(around, body)
        self._place_new_tensors(body, forward)
        lifted = [self.calls.lifted_name(each, body) for each in self.host.lifted.values()]
        statements = list(self._first_rows(tuple(forward.run())))
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
        if self.host.stepped:
            head += self._step(body, forward, params, late)
        if self.host.rows > 1:
            params.append(py.Param("application"))
        if forward.carrying:
            params += [py.Param(forward.name(state)) for state, _ in body.states]
        elif body.keeps and stateful(unit):
            root = not self.host.path
            (late if root else params).append(py.Param("cache", default=py.Const(None) if root else None))
            if not root:
                params.append(py.Param("slot"))
            head += enters(unit, body, forward, root)
        used = py.names_used(tuple(statements))
        head = [each for each in head if not (isinstance(each, py.Assign) and _unread(each, used, unit))]
        entered = [each for each in head if isinstance(each, py.Assign) and each.targets == (py.Name("state"),)]
        others = [each for each in head if each not in entered]
        if "state" not in py.names_used((*others, *statements)):
            head = others
        whole = (*sizes_read(body, (*head, *statements), forward), *head, *statements)
        dropped: set[str] = set()
        if self.host.path:
            used = py.names_used(whole)
            dropped = {each.name for each in body.inputs if forward.name(each.name) not in used}
            params = [each for each in params if each.name not in {forward.name(one) for one in dropped}]
            late = [each for each in late if each.name not in {forward.name(one) for one in dropped}]
        return py.FunctionDef(name, (*params, *late), whole), dropped

    def _first_rows(self, statements: tuple[py.Stmt, ...]) -> tuple[py.Stmt, ...]:
        """`2 * application + 0`, which loops are made from, without the zero."""
        if self.host.rows > 1:
            layout = self.file.classes.layout
            below = {ways for path, ways in layout.applied.ways.items() if path[:-1] == self.host.path}
            for count in {len(ways) for ways in below}:
                scaled = py.Binary("*", py.Const(count), py.Name("application"))
                statements = substitute(statements, py.Binary("+", scaled, py.Const(0)), scaled)
        return statements

    def _step(self, body: d.Body, forward: Forward, params: list[py.Param], late: list[py.Param]) -> list[py.Stmt]:
        """The signal that tells the steps of a fold apart, added to the first input."""
        x, step = py.Name(forward.name(body.inputs[0].name)), py.Name("step")
        row = py.Index(self.calls.weight("step", forward).code, step)
        add = py.Assign((x,), py.Binary("+", x, row))
        if self.host.always_stepped:
            params.append(py.Param("step"))
            return [add]
        late.append(py.Param("step", default=py.Const(None)))
        return [py.If(py.Compare(step, "is not", py.Const(None)), (add,))]

    def _place_new_tensors(self, body: d.Body, forward: Forward) -> None:
        set_place(self.file.cx, body, forward, self.host)

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


def _unread(statement: py.Assign, used: set[str], unit: Unit) -> bool:
    """The length of a state, or a count, that nothing asks for."""
    names = {size_name(spec.size_name or "") if spec.type is not None else spec.name for spec in unit.states.values()}
    target = statement.targets[0]
    return isinstance(target, py.Name) and target.id in names and target.id not in used


def _scalar(type_: d.Type) -> bool:
    return isinstance(type_, d.Tensor) and not type_.dims


def _sentence(doc: str) -> str | None:
    text = first_sentence(doc)
    return "\n".join(py.wrap(text, 77)) if text else None


__all__ = ["CompositeWriter", "File", "replace"]
