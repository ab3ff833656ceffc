"""Constructors: which arguments a class takes, and how it makes its parts."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.classes import Class, Classes
from sharedsl.emit.hosts import Host
from sharedsl.emit.inits import buffer_fills, init_code, once, own_numbers, several_outputs
from sharedsl.emit.parts import Parts
from sharedsl.emit.root import alias_table
from sharedsl.emit.terms import constant, in_terms, literal_of, tidy
from sharedsl.model.sizes import Arith, Real, Size, literal, named
from sharedsl.model.tree import Unit
from sharedsl.model.weights import Storage
from sharedsl.record import dataclass, field

SELF = py.Name("self")
#: what torch calls buffers that are no floats
KINDS = {"int": "torch.long", "bool": "torch.bool"}


@dataclass(slots=True)
class Constructor:
    classes: Classes
    cx: py.CodeContext
    each: Class
    host: Host = field(init=False)
    #: the parameters in the words of the constructor
    env: dict[str, Arith] = field(init=False)

    def __post_init__(self) -> None:
        self.host, self.env = self.each.host, self.each.env

    def write(self, stored: set[str]) -> tuple[py.FunctionDef, ...]:
        """`__init__` (and `reset_parameters` for weights of its own). `stored`: parameters that the forwards read."""
        fills = self._fills()
        stored = stored | parameters_read(fills, self.host.unit)
        own = {name for name in stored if name in self.each.env}
        self.env = {name: named(f"self.{name}") if name in own else code for name, code in self.each.env.items()}
        parts = self._buffers() + self._tables() + self._weights()
        made = Parts(self.classes, self.cx, self.each, self.env)
        for name, elements in self.host.children.items():
            parts.append(made.child(name, elements))
            parts += made.partly_frozen(name, elements)
        used = self._closed({each.id for each in py.walk(parts) if isinstance(each, py.Name)} | stored)
        requires = [each for each in self._requires() if self._said(each) <= used]
        body: list[py.Stmt] = [py.ExprStmt(py.method(py.call("super"), "__init__"))]
        unit = self.host.unit
        params = [name for name in unit.arguments if name in used and name not in self.each.env]
        derived = [name for name in unit.arguments if name in own]
        self.each.params = tuple(params)
        for name in params:
            if name in stored:
                body.append(py.Assign((py.Attr(SELF, name),), py.Name(name)))
        for name in derived:
            code = tidy(self.each.env[name].substitute({each: self.env[each] for each in own if each != name}))
            body.append(py.Assign((py.Attr(SELF, name),), py.arith(code)))
        body += requires
        body += parts
        if not self.host.path and self.classes.dtype != "float32":
            self.cx.use("torch")
            body.append(py.ExprStmt(py.method(SELF, "to", py.name(f"torch.{self.classes.dtype}"))))
        if not self.host.path and alias_table(self.classes.layout) is not None:
            hook = py.Name("_accept_aliases")
            body.append(py.ExprStmt(py.method(SELF, "register_load_state_dict_pre_hook", hook)))
        if len(body) == 1 and not params and not self.each.extras:
            return ()
        functions = [py.FunctionDef("__init__", (py.Param("self"), *self._params(params)), tuple(body))]
        fills = (*fills, *buffer_fills(self.host.unit), *self.host.tables.fills(self.cx))
        if fills and self.host.path:
            functions.append(py.FunctionDef("reset_parameters", (py.Param("self"),), fills))
        return tuple(functions)

    def _params(self, names: list[str]) -> list[py.Param]:
        """The model's own constructor needs no argument: the build's values are the defaults."""
        found: list[py.Param] = []
        for name in names:
            value = self.host.unit.arguments[name]
            default = py.arith(literal_of(value)) if not self.host.path else None
            found.append(py.Param(name, default=default))
        return found + [py.Param(name) for name in self.each.extras]

    def _closed(self, used: set[str]) -> set[str]:
        """With what the computed ones are computed from; those that are numbers are no names."""
        todo = [name for name in used if name in self.each.env]
        while todo:
            for name in self.each.env[todo.pop()].names():
                if name not in used:
                    used.add(name)
                    todo += [name] if name in self.each.env else []
        return used

    def _said(self, condition: py.Stmt) -> set[str]:
        """The parameters in a condition; one of what nothing else reads would only be an argument for its own sake."""
        return {each.id for each in py.walk(condition) if isinstance(each, py.Name)} & set(self.host.unit.arguments)

    def _requires(self) -> list[py.Stmt]:
        found: list[py.Stmt] = []
        for _, whole in self.host.unit.requires:
            for code in conjuncts(whole):
                code = tidy(code.substitute(self.env))
                if not constant(code):
                    found.append(py.Assert(py.arith(code)))
        return found + self._divides()

    def _divides(self) -> list[py.Stmt]:
        """`share .. along heads in groups of n` needs heads that n divides, whatever the caller makes them."""
        found: dict[Arith, None] = {}
        for elements in self.host.children.values():
            for host in elements.values():
                if host.reach is None or host.reach.repeated is None:
                    continue
                repeated = host.reach.repeated
                outputs = self.classes.arguments(self.each, host)["outputs"]
                whole = outputs[repeated.axis] if isinstance(outputs, tuple) else outputs
                assert isinstance(whole, Size)
                rest = repeated.rest(whole)
                if rest is not None:
                    found[tidy(Arith("==", (in_terms(rest, self.env).code, literal(0))))] = None
        return [py.Assert(py.arith(code)) for code in found if not constant(code)]

    # ------------------------------------------------------------------------ own weights and buffers

    def _weights(self) -> list[py.Stmt]:
        """Filled before the parts are made, so that the order of filling is that of `modules()`."""
        statements: list[py.Stmt] = []
        for storage in self.host.owned:
            self.cx.use("torch", "nn")
            codes = [self.classes.scopes.inside(self.host.path, axis.size.code) for axis in storage.axes]
            said = [None if code is None else tidy(code.substitute(self.env)) for code in codes]
            sizes = [
                py.Const(size) if code is None else py.arith(code)
                for code, size in zip(said, storage.shape, strict=True)
            ]
            empty = py.call("torch.empty", *sizes)
            statements.append(py.Assign((py.Attr(SELF, storage.name),), new_parameter(empty, storage)))
        if statements and self.host.path:
            statements.append(py.ExprStmt(py.method(SELF, "reset_parameters")))
        elif statements:
            statements += self._fills()
        return statements

    def _tables(self) -> list[py.Stmt]:
        """The indices of gathers. A block with weights of its own fills them together with those."""
        made = self.host.tables.made(self.cx)
        if not made or (self.host.owned and self.host.path):
            return made
        if self.host.path:
            return [*made, py.ExprStmt(py.method(SELF, "reset_parameters"))]
        return made + self.host.tables.fills(self.cx)

    def _fills(self) -> tuple[py.Stmt, ...]:
        found: list[py.Stmt] = []
        for storage in self.host.owned:
            numbers = own_numbers(self.classes.said_inside(self.host, storage), self.host.unit, self.each.env)
            tensor = py.Attr(SELF, storage.name)
            found += init_code(storage, tensor, self.cx, numbers, own_fan_in=several_outputs(storage))
        return tuple(once(found))

    def _buffers(self) -> list[py.Stmt]:
        statements: list[py.Stmt] = []
        for name, spec in self.host.unit.buffers.items():
            self.cx.use("torch")
            rows = (py.Const(self.host.rows),) if self.host.rows > 1 else ()
            sizes = py.tuple_of(*rows, *(py.arith(in_terms(size, self.env).code) for size in spec.type.dims))
            value = spec.value.value if isinstance(spec.value, Size | Real) else spec.value
            kind = KINDS.get(spec.type.dtype)
            number = py.number(float(value or 0) if kind is None else int(value or 0))  # type: ignore[arg-type]
            full = py.call("torch.full", sizes, number, dtype=py.name(kind) if kind else None)
            keep = None if spec.persistent else py.Const(False)
            statements.append(py.ExprStmt(py.method(SELF, "register_buffer", py.Const(name), full, persistent=keep)))
        return statements


def parameters_read(code: object, unit: Unit) -> set[str]:
    """The unit's parameters that the code reads from `self`."""
    found = (each for each in py.walk(code) if isinstance(each, py.Attr) and each.value == SELF)
    return {each.name for each in found if each.name in unit.arguments}


def new_parameter(empty: py.Expr, storage: Storage) -> py.Expr:
    """A parameter of the owner's own; frozen ones get no gradient."""
    return py.call("nn.Parameter", empty, requires_grad=None if storage.trainable else py.Const(False))


def conjuncts(code: Arith) -> list[Arith]:
    """The conditions that `a and b and c` asks for."""
    if code.op != "and":
        return [code]
    return [part for each in code.args if isinstance(each, Arith) for part in conjuncts(each)]
