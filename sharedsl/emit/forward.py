"""A forward as Python statements: the typed dataflow of one body, in the words of the class that it becomes part of."""

from __future__ import annotations

import keyword
import re

from sharedsl import pytree as py
from sharedsl.analysis.dead import spoken
from sharedsl.emit.carries import handed_back
from sharedsl.emit.collected import collected
from sharedsl.emit.comments import commented, with_shape
from sharedsl.emit.cuts import cut_off
from sharedsl.emit.fetching import fetched_names, fetches
from sharedsl.emit.loops import running_loop
from sharedsl.emit.names import assigned, names_in
from sharedsl.emit.repeats import Repeat, Value, carried, grouped, smaller, whole
from sharedsl.emit.reroll import reroll
from sharedsl.emit.rewriting import contains
from sharedsl.emit.scans import once, scan
from sharedsl.emit.stacks import stack
from sharedsl.emit.surroundings import Surroundings
from sharedsl.emit.terms import in_terms
from sharedsl.emit.turning import OPERATIONS
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.record import dataclass, field, replace


@dataclass(slots=True)
class Forward:
    """Lowers one body. Statements are collected in `out`."""

    around: Surroundings
    body: d.Body
    out: list[py.Stmt] = field(default_factory=list)
    repeats: dict[str, Repeat] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    assigned_later: frozenset[str] = frozenset()
    statement: d.Statement | None = None
    #: weights of other owners that were fetched at the top, by the owner's call
    fetched: dict[py.Expr, tuple[str, ...]] = field(default_factory=dict)
    kept: dict[str, Repeat | None] = field(default_factory=dict)
    #: names that a running loop hands from turn to turn, whose values are whole
    handed_on: frozenset[str] = frozenset()
    #: what the caller's states are called here, and the use whose place in there is the first
    cache: str = "cache"
    first: d.Use | None = None
    #: the states of the layer that a scan at hand applies, where they are variables
    carried: tuple[py.Name, ...] = ()
    #: names of values that were computed before a stack's loop, and of those that were handed to this forward
    lifted: dict[object, str] = field(default_factory=dict)

    @property
    def carrying(self) -> bool:
        """Whether its states are arguments and results."""
        return self.around.carries and self.body.keeps and bool(self.body.states)

    def run(self) -> list[py.Stmt]:
        self.block(spoken(self.body.statements), frozenset())
        return [*fetches(self.fetched, self.out), *self.out]

    # ------------------------------------------------------------------------ names

    def name(self, spec: str) -> str:
        """The spec's name, unless Python or the class needs it."""
        if spec not in self.names:
            text = spec
            while keyword.iskeyword(text) or text in self.around.reserved:
                text += "_"
            self.names[spec] = text
        return self.names[spec]

    def fresh(self, wanted: str) -> str:
        taken = set(self.names.values()) | self.around.reserved
        taken |= {name for names in self.fetched.values() for name in names}
        taken |= {name for name, _ in self.body.sizes} | {self.name(each.name) for each in self.body.inputs}
        taken |= names_in(self.body.statements)
        text, number = wanted, 2
        while text in taken or keyword.iskeyword(text):
            text, number = f"{wanted}_{number}", number + 1
        return text

    def fetch(self, owner: py.Expr, wanted: tuple[str, ...], at: int) -> py.Expr:
        """A weight of another module, which gives these all at once, got at the top of the forward."""
        code = py.call(owner)
        if code not in self.fetched:
            self.fetched[code] = fetched_names(owner, wanted, self.fresh)
        return py.Name(self.fetched[code][at])

    # ------------------------------------------------------------------------ statements

    def block(self, statements: tuple[d.Statement, ...], after: frozenset[str]) -> None:
        ungraded = [] if self.body.keeps else cut_off(statements, after)
        outside: list[py.Stmt] = []
        for at, statement in enumerate(statements):
            if any(at == each.stop for each in ungraded):
                self.around.cx.use("torch")
                self.out = [*outside, py.With(py.call("torch.no_grad"), None, tuple(self.out))]
            if any(at == each.start for each in ungraded):
                outside, self.out = self.out, []
            self.later = after | names_in(statements[at + 1 :])
            self.assigned_later = frozenset(self.name(each) for each in assigned(statements[at + 1 :]))
            self.statement = statement
            start = len(self.out)
            self.one(statement)
            comment = self.around.line(statement.span)
            self.out[start:] = commented(self.out[start:], comment)
            if self.out:
                self.out[-1] = with_shape(self.out[-1], statement)

    def one(self, statement: d.Statement) -> None:
        match statement:
            case d.Assign():
                self.assign(statement)
            case d.Return():
                values = [self.forced(each) for each in statement.values]
                if self.carrying:
                    values = handed_back(self, values)
                self.out.append(py.Return(values[0] if len(values) == 1 else py.TupleExpr(tuple(values))))
            case d.Loop():
                self.loop(statement)
            case d.While():
                running_loop(self, statement)
            case d.Present():
                self.present(statement)
            case d.Check():
                self.check(statement)
            case d.Keep():
                self.keep(statement)

    def assign(self, statement: d.Assign) -> None:
        if len(statement.targets) > 1:
            targets = tuple(py.Name(self.name(each)) for each in statement.targets)
            if isinstance(statement.value, d.Collect):
                items = tuple(self.forced(each) for each in statement.value.items)
                if not any(contains(item, target) for at, item in enumerate(items) for target in targets[:at]):
                    self.out += [py.Assign((target,), item) for target, item in zip(targets, items, strict=True)]
                    return
                self.out.append(py.Assign((py.TupleExpr(targets),), py.TupleExpr(items)))
            else:
                self.out.append(py.Assign((py.TupleExpr(targets),), self.forced(statement.value)))
            for each in statement.targets:
                self.repeats.pop(each, None)
            return
        target = statement.targets[0]
        value = self.lower(statement.value)
        self.bind(target, value)

    def bind(self, target: str, value: Value) -> None:
        self.repeats.pop(target, None)
        if target in self.handed_on:
            value = Value(whole(value))
        if value.repeat is not None:
            self.repeats[target] = value.repeat
        name = py.Name(self.name(target))
        if value.code != name:
            self.out.append(py.Assign((name,), value.code))

    def keep(self, statement: d.Keep) -> None:
        if not self.body.keeps and statement.state not in self.later:
            return  # for the next call, which does not ask for it
        value = self.lower(statement.value)
        self.kept[statement.state] = value.repeat
        if not self.body.keeps:
            held = value.code.id if isinstance(value.code, py.Name) else None
            if held is not None and held not in self.assigned_later:
                self.names[statement.state] = held
                self.repeats.pop(statement.state, None)
                if value.repeat is not None:
                    self.repeats[statement.state] = value.repeat
            else:
                self.bind(statement.state, value)
            return
        if self.carrying:
            self.bind(statement.state, value)
            return
        self.repeats.pop(statement.state, None)
        if value.repeat is not None:
            self.repeats[statement.state] = value.repeat
        name = py.Name(self.name(statement.state))
        place = py.Index(py.Name("state"), py.Const(statement.state))
        if self.around.states.get(statement.state) is None:  # a count: its name still means what it was at the start
            self.out.append(py.Assign((place,), value.code))
            return
        self.out.append(py.Assign((name, place), value.code))

    def present(self, statement: d.Present) -> None:
        test = py.Compare(py.Name(self.name(statement.name)), "is not", py.Const(None))
        sides = []
        after = self.later
        for side in (statement.then, statement.other):
            outer, self.out = self.out, []
            self.block(side, after)
            sides.append(tuple(self.out))
            self.out = outer
        then, other = sides
        if not then and not other:
            return
        if not then:
            test, then, other = replace(test, op="is"), other, ()
        self.out.append(py.If(test, then, (), other))

    def check(self, statement: d.Check) -> None:
        left, right = (self.number(each) for each in (statement.left, statement.right))
        test = py.Compare(left, statement.op, right)
        text = statement.text
        if not self.body.keeps and set(re.findall(r"\w+", text)) & self.around.states.keys():
            text = py.one_line(test).replace("self.", "")  # without the states, of which nothing is kept here
        self.out.append(py.Assert(test, py.Const(text)))

    def loop(self, statement: d.Loop) -> None:
        turns = []
        after = self.later | names_in(statement.turns[0] if statement.turns else ())
        for turn in statement.turns:
            outer, self.out = self.out, []
            self.block(turn, after)
            turns.append(tuple(self.out))
            self.out = outer
        names = (self.fresh("layer"),)
        elements = {
            container: self.name(name)
            for at, name in enumerate(statement.names)
            if (container := _stack_of(statement, at)) is not None
        }
        self.out.extend(reroll(turns, dict(self.around.containers), names, None, self.around.orders, elements))

    # ------------------------------------------------------------------------ expressions

    def forced(self, expr: d.Expr) -> py.Expr:
        return whole(self.lower(expr))

    def lower(self, expr: d.Expr) -> Value:
        match expr:
            case d.Var():
                return Value(py.Name(self.name(expr.name)), self.repeats.get(expr.name))
            case d.Const():
                return Value(self.constant(expr))
            case d.Weight():
                return self.around.weight(expr.name, self, expr.type)
            case d.Buffer():
                return Value(self.around.buffer(expr.name))
            case d.Op():
                return self.op(expr)
            case d.Call():
                return self.call(expr)
            case d.CallSelf():
                method = py.Attr(py.Name("self"), self.around.methods[expr.body])
                states, late = self.around.handing(expr, self)
                return Value(py.Call(method, (*self.arguments(expr.args)[0], *states), late))
            case d.CallFunction():
                return Value(py.Call(py.Name(self.around.functions[expr.body]), *self.arguments(expr.args)))
            case d.Once():
                return once(self, expr)
            case d.Pick():
                return Value(py.item(self.forced(expr.of), expr.index))
            case d.Collect():
                return Value(py.ListExpr(tuple(self.forced(item) for item in expr.items)))
            case d.IfPresent():
                return Value(self.choice(expr))

    def arguments(self, args: tuple[d.Expr | None, ...]) -> tuple[tuple[py.Expr, ...]]:
        return (tuple(self.forced(arg) for arg in args if arg is not None),)

    def choice(self, expr: d.IfPresent) -> py.Expr:
        test = py.Compare(py.Name(self.name(expr.name)), "is", py.Const(None))
        then, other = (py.Const(None) if side is None else self.forced(side) for side in (expr.then, expr.other))
        return py.Ternary(test, other, then)

    def constant(self, expr: d.Const) -> py.Expr:
        if expr.value is None or isinstance(expr.value, bool):
            return py.Const(expr.value)
        return py.arith(in_terms(expr.value, self.around.env).code)

    def number(self, value: Size) -> py.Expr:
        return py.arith(in_terms(value, self.around.env).code)

    def op(self, expr: d.Op) -> Value:
        operation = OPERATIONS[expr.op]
        values = [None if arg is None else self.lower(arg) for arg in expr.args]
        types = [None if arg is None else in_terms(arg.type, self.around.env) for arg in expr.args]
        result = in_terms(expr.type, self.around.env)
        settings = {name: in_terms(value, self.around.env) for name, value in expr.settings}
        kept = carried(expr, values, self.around.states)
        codes: list[py.Expr | None] = []
        for at, value in enumerate(values):
            keep = kept is not None or (expr.op == "attend" and at in (1, 2) and grouped(values))
            if value is not None and value.repeat is not None and keep:
                codes.append(value.code)
                types[at] = smaller(types[at], value.repeat)
            else:
                codes.append(None if value is None else whole(value))
        if kept is not None:
            result = smaller(result, kept)
        code = operation.code(tuple(codes), settings, tuple(types), result, self.around.cx)
        return Value(collected(code, self.around.containers, self.around.counts), kept)

    # ------------------------------------------------------------------------ calls of layers

    def call(self, call: d.Call) -> Value:
        values = [None if arg is None else self.lower(arg) for arg in call.args]
        if call.scan is not None:
            return scan(self, call, values)
        if len(call.uses) == 1:
            return self.around.apply(call.uses[0], values, call, self)
        return stack(self, call, values)


def _stack_of(statement: d.Loop, at: int) -> py.Expr | None:
    """The stack whose elements a loop's variable stands for, one after the other."""
    items = [item[at] for item in statement.items if at < len(item)]
    stacks = {item[0] if isinstance(item, tuple) and len(item) == 2 else None for item in items}
    stack = stacks.pop() if len(stacks) == 1 else None
    return py.Attr(py.Name("self"), stack) if isinstance(stack, str) else None
