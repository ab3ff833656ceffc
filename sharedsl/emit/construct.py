"""Constructors: which arguments a class takes, and how it makes its parts."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.classes import Class, Classes
from sharedsl.emit.elements import Orders
from sharedsl.emit.hosts import Host
from sharedsl.emit.inits import buffer_fills, init_code, init_numbers, several_outputs
from sharedsl.emit.kinds import listed
from sharedsl.emit.leaf_sizes import leaf_sizes
from sharedsl.emit.root import alias_table
from sharedsl.emit.terms import constant, in_terms, literal_of, tidy
from sharedsl.layers import LAYERS
from sharedsl.model.sizes import Arith, Real, Size, Value, combine, literal, named, product, size
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
        own = {name for name in stored if name in self.each.env}
        self.env = {name: named(f"self.{name}") if name in own else code for name, code in self.each.env.items()}
        parts = self._buffers() + self._tables() + self._weights()
        for name, elements in self.host.children.items():
            parts.append(self._child(name, elements))
            parts += self._partly_frozen(name, elements)
        requires = self._requires()
        used = {each.id for each in py.walk((*parts, *requires)) if isinstance(each, py.Name)} | stored
        body: list[py.Stmt] = [py.ExprStmt(py.method(py.call("super"), "__init__"))]
        used = self._closed(used)
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
        fills = (*self._fills(), *buffer_fills(self.host.unit), *self.host.tables.fills(self.cx))
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
                axis, times = host.reach.repeated
                outputs = self.classes.arguments(self.each, host)["outputs"]
                whole = outputs[axis] if isinstance(outputs, tuple) else outputs
                assert isinstance(whole, Size)
                if whole.value != times:
                    rest = in_terms(combine("%", whole, size(times)), self.env).code
                    found[tidy(Arith("==", (rest, literal(0))))] = None
        return [py.Assert(py.arith(code)) for code in found if not constant(code)]

    # ------------------------------------------------------------------------ own weights and buffers

    def _weights(self) -> list[py.Stmt]:
        """Filled before the parts are made, so that the order of filling is that of `modules()`."""
        statements: list[py.Stmt] = []
        for storage in self.host.owned:
            self.cx.use("torch", "nn")
            sizes = [py.arith(in_terms(axis.size, self.env).code) for axis in storage.axes]
            names = {name for axis in storage.axes for name in axis.size.code.names()}
            if not names <= set(self.host.unit.arguments):
                sizes = [py.Const(size) for size in storage.shape]
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
            found += init_code(storage, py.Attr(SELF, storage.name), self.cx, own_fan_in=several_outputs(storage))
        return tuple(found)

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

    # ------------------------------------------------------------------------ parts

    def _child(self, name: str, elements: dict[int | None, Host]) -> py.Stmt:
        target = py.Attr(SELF, name)
        self.cx.use("nn")
        if None in elements:
            return py.Assign((target,), self._made(elements[None]))
        keys = [index for index in elements if index is not None]
        made = [self._made(elements[key]) for key in keys]
        child = self.host.unit.children[name]
        count = child.count
        assert count is not None
        whole = keys == list(range(len(child.units)))
        length = py.arith(in_terms(count, self.env).code) if whole else py.Const(len(keys))
        if keys == list(range(len(keys))):
            return py.Assign((target,), py.call("nn.ModuleList", _listed(made, length, self.classes.orders)))
        return py.Assign((target,), py.call("nn.ModuleDict", self._keyed(keys, made)))

    def _partly_frozen(self, name: str, elements: dict[int | None, Host]) -> list[py.Stmt]:
        """Single weights of torch's own modules that are not trained."""
        found: list[py.Stmt] = []
        for index, host in elements.items():
            each = self.classes.of[host.path]
            if not host.leaf or (each is not None and each.leaf is not None and each.leaf.whole):
                continue
            if any(storage.trainable for storage in host.owned):
                part: py.Expr = py.Attr(SELF, name)
                if index is not None:
                    keyed = tuple(elements) != tuple(range(len(elements)))
                    part = py.Index(part, py.Const(str(index) if keyed else index))
                for storage in host.owned:
                    if not storage.trainable:
                        weight = py.Attr(part, storage.name)
                        found.append(py.ExprStmt(py.method(weight, "requires_grad_", py.Const(False))))
        return found

    def _keyed(self, keys: list[int], made: list[py.Expr]) -> py.Expr:
        """Elements that exist, by their index in the spec's stack."""
        if len(keys) > 2 and all(each == made[0] for each in made):
            step = keys[1] - keys[0]
            source: py.Expr = py.tuple_of(*(py.Const(key) for key in keys))
            if keys == list(range(keys[0], keys[-1] + 1, step)):
                start = [py.Const(keys[0])] if keys[0] or step > 1 else []
                bounds = [*start, py.Const(keys[-1] + 1), *([py.Const(step)] if step > 1 else [])]
                source = py.call("range", *bounds)
            return py.DictComp(py.call("str", py.Name("i")), made[0], py.Name("i"), source)
        return py.DictExpr(tuple((py.Const(str(key)), code) for key, code in zip(keys, made, strict=True)))

    def _made(self, host: Host) -> py.Expr:
        """The constructor's call for one part."""
        found = self.classes.of[host.path]
        if found is None or found.leaf is not None:
            made = self._leaf(host, found)
            frozen = host.owned and not any(storage.trainable for storage in host.owned)
            whole = found is None or not found.leaf or not found.leaf.whole
            return py.method(made, "requires_grad_", py.Const(False)) if frozen and whole else made
        values = self.classes.argument_codes(self.each, host, self.env)
        args: list[py.Expr] = []
        kwargs: list[tuple[str, py.Expr]] = []
        for name in found.params:
            code = py.arith(values[name])
            if kwargs or (constant(values[name]) and args):
                kwargs.append((name, code))
            else:
                args.append(code)
        for name, number in found.extras.items():
            kwargs.append((name, self._number(number, name, host)))
        return py.Call(py.Name(found.name), tuple(args), tuple(kwargs))

    def _leaf(self, host: Host, found: Class | None) -> py.Expr:
        from sharedsl.emit.calls import smaller_outputs

        arguments = self.classes.arguments(self.each, host)
        if host.reach is not None and host.reach.repeated is not None:
            arguments = smaller_outputs(arguments, host.reach.repeated)
        args = {name: in_terms(value, self.env) for name, value in arguments.items()}
        if host.unit.kind == "extern":
            return py.Call(py.Name(host.unit.name), tuple(_plain_code(value) for value in args.values()))
        if found is None:
            return LAYERS[host.unit.name].module(args, self.cx)
        assert found.leaf is not None
        numbers = tuple(self._numbers(host, found))
        if host.rows > 1 and not found.leaf.whole:
            numbers = (*numbers, ("applications", py.Const(host.rows)))
        if not found.leaf.whole:
            made = LAYERS[host.unit.name].module(args, self.cx)
            assert isinstance(made, py.Call)
            return py.Call(py.Name(found.name), made.args, (*made.kwargs, *numbers))
        _, own = leaf_sizes(host)
        sizes = tuple(self._size(name, value, args, host) for name, value in own.items())
        return py.Call(py.Name(found.name), sizes, numbers)

    def _size(self, name: str, value: int, args: dict[str, Value], host: Host) -> py.Expr:
        """A size of a part's class as the parent writes it."""
        given = args.get(name)
        if given is not None and name in ("inputs", "outputs", "rows", "dim"):
            number = _product(given)
            if number == value:
                parts = given if isinstance(given, tuple) else (given,)
                return py.arith(product([each for each in parts if isinstance(each, Size)]).code)
        axis = _axes(host, args).get(name)
        return py.arith(axis.code) if axis is not None and axis.value == value else py.Const(value)

    def _numbers(self, host: Host, found: Class) -> list[tuple[str, py.Expr]]:
        """Numbers of the initialiser that are not the class's usual ones."""
        result: list[tuple[str, py.Expr]] = []
        for name, number in init_numbers(host).items():
            code = self.classes.root_number(host, number)
            if code is not None:
                result.append((name, self._number(code, name, host)))
            elif found.usual.get(name) != number.value:
                result.append((name, py.number(number.value)))
        return result

    def _number(self, code: Arith, name: str, host: Host) -> py.Expr:
        """A number in the model's parameters: the root computes it, everyone below is given it."""
        if not self.host.path:
            if code.names() & {"sqrt"}:
                self.cx.use("math")
            expr = py.arith(in_terms(Real(0.0, code), self.env).code)
            if any(isinstance(each, py.Name) and each.id == "math" for each in py.walk(expr)):
                self.cx.use("math")
            return expr
        for known, value in self.each.extras.items():
            if value == code:
                return py.Name(known)
        wanted = name
        if wanted in self.each.extras or wanted in self.host.unit.arguments:
            wanted = f"{host.path[-1].name}_{name}"
        self.each.extras[wanted] = code
        return py.Name(wanted)


def _axes(host: Host, args: dict[str, Value]) -> dict[str, Size]:
    """The named axes of a leaf's weight, as its arguments give them: `heads` and `head_dim` of its outputs."""
    spec = host.unit.weights.get("weight")
    if spec is None:
        return {}
    found: dict[str, Size] = {}
    for side, argument in (("out", "outputs"), ("in", "inputs")):
        given = args.get(argument)
        sizes = given if isinstance(given, tuple) else (given,)
        axes = [axis for axis in spec.axes if axis.side == side]
        for axis, length in zip(axes, sizes, strict=False):
            if axis.name and isinstance(length, Size):
                found[axis.name] = length
    return found


def new_parameter(empty: py.Expr, storage: Storage) -> py.Expr:
    """A parameter of the owner's own; frozen ones get no gradient."""
    return py.call("nn.Parameter", empty, requires_grad=None if storage.trainable else py.Const(False))


def _listed(made: list[py.Expr], length: py.Expr, orders: Orders) -> py.Expr:
    """A list of parts: equal ones by a comprehension."""
    if len(made) == 1:
        return py.ListExpr((made[0],))
    if all(each == made[0] for each in made):
        return py.Generator(made[0], py.Name("_"), py.call("range", length))
    first, rest = made[0], made[1:]
    if len(rest) > 1 and all(each == rest[0] for each in rest):
        fewer = py.Binary("-", length, py.Const(1)) if not isinstance(length, py.Const) else None
        times = fewer or py.Const(len(rest))
        tail = py.ListComp(rest[0], py.Name("_"), py.call("range", times))
        return py.Binary("+", py.ListExpr((first,)), tail)
    runs: list[tuple[py.Expr, int]] = []
    for each in made:
        if runs and runs[-1][0] == each:
            runs[-1] = (each, runs[-1][1] + 1)
        else:
            runs.append((each, 1))
    if len(runs) <= 3 and len(made) > 3:
        parts = [
            py.ListExpr((code,)) if times == 1 else py.ListComp(code, py.Name("_"), py.call("range", py.Const(times)))
            for code, times in runs
        ]
        total: py.Expr = parts[0]
        for part in parts[1:]:
            total = py.Binary("+", total, part)
        return total
    return listed(made, length, orders) or py.ListExpr(tuple(made))


def _product(value: Value) -> int:
    result = 1
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, Size) and each.value is not None:
            result *= each.value
    return result


def _plain_code(value: Value) -> py.Expr:
    return py.arith(value.code) if isinstance(value, Size | Real) else py.arith(literal_of(value))


def conjuncts(code: Arith) -> list[Arith]:
    """The conditions that `a and b and c` asks for."""
    if code.op != "and":
        return [code]
    return [part for each in code.args if isinstance(each, Arith) for part in conjuncts(each)]
