"""How a constructor makes the parts of its module: one by one, as lists, or by the indices that exist."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.classes import Class, Classes
from sharedsl.emit.elements import Orders
from sharedsl.emit.hosts import Host
from sharedsl.emit.inits import init_numbers
from sharedsl.emit.kinds import listed
from sharedsl.emit.leaf_sizes import leaf_sizes, size_words
from sharedsl.emit.repeats import smaller_outputs
from sharedsl.emit.terms import constant, in_terms, literal_of, tidy
from sharedsl.layers import LAYERS
from sharedsl.model.sizes import Arith, Real, Size, Value, product
from sharedsl.record import dataclass

SELF = py.Name("self")


@dataclass(slots=True)
class Parts:
    """The parts of one class."""

    classes: Classes
    cx: py.CodeContext
    each: Class
    #: the parameters in the words of the constructor
    env: dict[str, Arith]

    @property
    def host(self) -> Host:
        return self.each.host

    def child(self, name: str, elements: dict[int | None, Host]) -> py.Stmt:
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

    def partly_frozen(self, name: str, elements: dict[int | None, Host]) -> list[py.Stmt]:
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
        if axis is not None and axis.value == value:
            return py.arith(axis.code)
        words = size_words(host).get(name)
        code = self.classes.scopes.inside(self.host.path, words.code) if words is not None else None
        if words is None or words.value != value or code is None:
            return py.Const(value)
        return py.arith(tidy(code.substitute(self.env)))

    def _numbers(self, host: Host, found: Class) -> list[tuple[str, py.Expr]]:
        """Numbers of the initialiser that are not the class's usual ones."""
        result: list[tuple[str, py.Expr]] = []
        for name, number in init_numbers(host).items():
            near, far = self.classes.parent_number(host, number), self.classes.root_number(number)
            if near is not None:
                result.append((name, py.arith(near)))
            elif far is not None:
                result.append((name, self._number(far, name, host)))
            elif name not in found.usual or found.usual[name][0] != number.value:
                result.append((name, self.classes.plain_number(host, number)))
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
