"""Rewrites one body for the values that a `reuse` hands through it: in, out, and from part to part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis.dead import pruned
from sharedsl.analysis.flow_values import same_type
from sharedsl.analysis.outputs import in_terms_of
from sharedsl.analysis.reuse_given import StillRead, with_given
from sharedsl.analysis.reuse_misfits import Refused, misfit
from sharedsl.analysis.reuse_parts import mapped, result_names, sizes_outside, without_unread, word_of
from sharedsl.analysis.reuse_wishes import Place, Source, Wish
from sharedsl.comptime.values import code_of
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import assigned, calls, nodes, reads, step_of
from sharedsl.model.sites import Step
from sharedsl.model.sizes import Arith
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field, replace

if TYPE_CHECKING:
    from sharedsl.analysis.reusing import Reusing

#: after everything
_END = 1 << 60


def rewritten(shop: Reusing, unit: Unit, old: d.Body, wish: Wish, root: bool) -> d.Body:
    """The body as the wish wants it. Its calls name the bodies of its parts as these will be called."""
    body = old
    for name in wish.given:
        try:
            body = with_given(body, unit, name)
        except StillRead:
            message = f"the state `{name}` is read before it is brought up to date, so it cannot be another layer's"
            raise Refused(
                "reuse-state", message, "assign it from what is new before anything else reads it", name
            ) from None
    work = _Rewriter(shop, unit, body, wish)
    work.plan()
    statements = work.block(body.statements)
    inputs = (*old.inputs, *work.more_inputs(body.inputs[len(old.inputs) :]))
    output = work.output
    body = pruned(replace(body, inputs=inputs, statements=tuple(statements), output=output), unit)
    if wish.exports:
        names = body.output_names or (None,)
        body = replace(body, output_names=(*names, *(name for _, name in wish.exports)) if any(names) else ())
    return body if root else without_unread(body, old)


@dataclass(slots=True)
class _Rewriter:
    shop: Reusing
    unit: Unit
    body: d.Body
    wish: Wish
    #: what goes through each part, and where its further inputs come from
    parts: dict[Step, tuple[Wish, tuple[Source, ...]]] = field(default_factory=dict)
    #: the variables that hold other parts' values and this body's further inputs
    held: dict[Source, d.Var] = field(default_factory=dict)
    words: dict[Source, str] = field(default_factory=dict)
    #: the types of further inputs, by number
    types: dict[int, d.Type] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    output: d.Type = field(init=False)

    def __post_init__(self) -> None:
        self.output = self.body.output

    # ------------------------------------------------------------------------ names

    def plan(self) -> None:
        """Which part gets what, and a name for every value: one that nothing needs any more is used again."""
        self.parts = {step: self.wish.below(step) for step in self.wish.steps()}
        body = self.body
        self.taken = {*reads(body.statements), *assigned(body.statements), *(each.name for each in body.inputs)}
        self.taken |= {*(name for name, _ in body.sizes), *self.unit.weights, *self.unit.buffers}
        for number, (path, name) in self.wish.inputs.items():
            self.words[number] = name if not path else self._free(name)
            self.taken.add(self.words[number])
        order: dict[Step, int] = {}
        for call in calls(body.statements):
            for use in call.uses if isinstance(call, d.Call) else ():
                order.setdefault(step_of(use), len(order))
        self._reached(order)
        ends: dict[Place, int] = dict.fromkeys(self.wish.exports, _END)
        for producer, consumer in self.wish.here():
            if order[consumer[0][0]] <= order[producer[0][0]]:
                self._refuse_order(consumer[1])
            ends[producer] = max(ends.get(producer, 0), order[consumer[0][0]])
        busy: dict[str, list[int]] = {}
        for place in sorted((each for each in ends if each[0]), key=lambda each: order[each[0][0]]):
            rows = busy.setdefault(place[1], [])
            start = order[place[0][0]]
            row = next((at for at, end in enumerate(rows) if end <= start), len(rows))
            rows[row : row + 1] = [ends[place]]
            self.words[place] = self._row(place[1], row)

    def _reached(self, order: dict[Step, int]) -> None:
        for step, (wish, _) in self.parts.items():
            if step not in order:
                names = [*(name for _, name in wish.exports), *(name for (_, name), _ in wish.imports)]
                message = f"`{step}` is applied by another forward of `{self.unit.name}`: values do not go through that"
                raise Refused("not-yet", message, "apply the layers in the forward itself", names[0] if names else "")

    def _row(self, name: str, row: int) -> str:
        base = self._free(name)
        word = base if row == 0 else f"{base}_{row + 1}"
        while word in self.taken:
            word += "_"
        return word

    def _free(self, wanted: str) -> str:
        word, number = wanted, 2
        if word in self.taken:
            wanted = word = f"shared_{wanted}"
        while word in self.taken:
            word, number = f"{wanted}_{number}", number + 1
        return word

    def _fresh(self, wanted: str) -> str:
        word, number = wanted, 2
        while word in self.taken or word in self.words.values():
            word, number = f"{wanted}_{number}", number + 1
        self.taken.add(word)
        return word

    def _refuse_order(self, name: str) -> None:
        message = f"`{name}` is wanted on a way through the forward on which it has not been computed"
        raise Refused(
            "reuse-order", message, "let the layer that computes it run on every way, before its readers", name
        )

    def more_inputs(self, own: tuple[d.Input, ...]) -> list[d.Input]:
        """The further inputs in the order of their numbers."""
        mine = dict(zip(self.wish.given, own, strict=True))
        found: list[d.Input] = []
        for number, (path, name) in self.wish.inputs.items():
            found.append(mine[name] if not path else d.Input(self.words[number], self.types[number]))
        return found

    # ------------------------------------------------------------------------ statements

    def block(self, statements: tuple[d.Statement, ...]) -> list[d.Statement]:
        return [made for each in statements for made in self.one(each)]

    def one(self, statement: d.Statement) -> list[d.Statement]:
        before: list[d.Statement] = []
        match statement:
            case d.Assign(value=d.Call() as call) if self._touched(call):
                return self.call(statement.targets, call)
            case d.Assign() | d.Keep():
                value = self.expr(statement.value, before)
                return [*before, replace(statement, value=value)]
            case d.Return():
                return self.result(statement, before)
            case d.Loop():
                return [replace(statement, turns=tuple(tuple(self.block(turn)) for turn in statement.turns))]
            case d.Present():
                return [self.present(statement)]
            case d.While():
                for each in calls(statement):
                    if isinstance(each, d.Call) and self._touched(each):
                        self._refuse_inside("a loop that is not unrolled", each)
                return [statement]
            case _:
                return [statement]

    def present(self, statement: d.Present) -> d.Present:
        held = dict(self.held)
        then = tuple(self.block(statement.then))
        self.held, inside = dict(held), self.held
        other = tuple(self.block(statement.other))
        self.held = {place: var for place, var in self.held.items() if place in inside}
        return replace(statement, then=then, other=other)

    def result(self, statement: d.Return, before: list[d.Statement]) -> list[d.Statement]:
        """What goes back to the caller: the results, and the values that others read."""
        values = [self.expr(each, before) for each in statement.values]
        if not self.wish.exports:
            return [*before, replace(statement, values=tuple(values))]
        known = assigned(self.body.statements)
        more: list[d.Expr] = []
        for path, name in self.wish.exports:
            var = self.held.get((path, name)) if path else d.Var(name, known[name], span=statement.span)
            if var is None:
                self._refuse_order(name)
            else:
                more.append(var)
        many = self.body.output.items if isinstance(self.body.output, d.Many) else (self.body.output,)
        if len(values) == 1 and len(many) > 1:
            values = [d.Pick(values[0], at, type, span=statement.span) for at, type in enumerate(many)]
        self.output = d.Many((*many, *(each.type for each in more)))
        return [*before, replace(statement, values=(*values, *more))]

    # ------------------------------------------------------------------------ expressions

    def expr(self, expr: d.Expr, before: list[d.Statement]) -> d.Expr:
        """The expression with its calls rewritten; calls that give back more than one value come `before` it."""
        if isinstance(expr, d.IfPresent | d.Call) and any(
            isinstance(each, d.Call) and self._touched(each)
            for each in nodes(expr)
            if isinstance(expr, d.IfPresent) or expr.scan is not None
        ):
            self._refuse_inside("a condition" if isinstance(expr, d.IfPresent) else "a scan", expr)
        expr = mapped(expr, lambda part: self.expr(part, before))
        if not isinstance(expr, d.Call) or not self._touched(expr):
            return expr
        if len(expr.uses) == 1 and not self.parts[step_of(expr.uses[0])][0].exports:
            return self.single(expr.uses[0], expr.args, expr, expr.type)
        types = expr.type.items if isinstance(expr.type, d.Many) else (expr.type,)
        names = tuple(self._fresh(each) for each in result_names(expr, len(types)))
        before += self.called(names, expr)
        found = tuple(d.Var(name, type, span=expr.span) for name, type in zip(names, types, strict=True))
        return d.Collect(found, expr.type, span=expr.span) if isinstance(expr.type, d.Many) else found[0]

    def call(self, targets: tuple[str, ...], call: d.Call) -> list[d.Statement]:
        """`targets = call`."""
        before: list[d.Statement] = []
        if call.scan is not None:
            self._refuse_inside("a scan", call)
        args = tuple(None if arg is None else self.expr(arg, before) for arg in call.args)
        call = replace(call, args=args)
        if len(targets) == 1 and isinstance(call.type, d.Many):
            names = tuple(self._fresh(each) for each in result_names(call, len(call.type.items)))
            found = tuple(d.Var(name, type, span=call.span) for name, type in zip(names, call.type.items, strict=True))
            last = d.Assign(targets, d.Collect(found, call.type, span=call.span), span=call.span)
            return [*before, *self.called(names, call), last]
        return [*before, *self.called(targets, call)]

    def called(self, targets: tuple[str, ...], call: d.Call) -> list[d.Statement]:
        if len(call.uses) == 1:
            return [self.assigned(call.uses[0], targets, call.args, call)]
        first, rest = call.args[0], list(call.args[1:])
        assert first is not None
        found: list[d.Statement] = []
        x = targets[0]
        if any(arg is not None and x in reads(arg) for arg in rest):
            x = self._fresh("h")
        for at, arg in enumerate(rest):
            if arg is not None and not isinstance(arg, d.Var | d.Const):
                held = self._fresh(word_of(arg))
                found.append(d.Assign((held,), arg, span=call.span))
                rest[at] = d.Var(held, arg.type, span=call.span)
        if not (isinstance(first, d.Var) and first.name == x):
            found.append(d.Assign((x,), first, span=call.span))
        turns: list[tuple[d.Statement, ...]] = []
        type = first.type
        for use in call.uses:
            args = (d.Var(x, type, span=call.span), *rest)
            turns.append((self.assigned(use, (x, *targets[1:]), args, call),))
            type = assigned(turns[-1])[x]
        items = tuple(((use.child, use.index),) for use in call.uses)
        found.append(d.Loop((self._fresh("layer"),), items, tuple(turns), span=call.span))
        if x != targets[0]:
            found.append(d.Assign((targets[0],), d.Var(x, type, span=call.span), span=call.span))
        return found

    def assigned(self, use: d.Use, targets: tuple[str, ...], args: tuple[d.Expr | None, ...], call: d.Call) -> d.Assign:
        """One use by itself, its results and what it hands out in variables."""
        made = self.single(use, args, call, None)
        wish, _ = self.parts.get(step_of(use), (Wish(), ()))
        types = made.type.items if isinstance(made.type, d.Many) else (made.type,)
        names = list(targets)
        for (path, name), type in zip(wish.exports, types[len(types) - len(wish.exports) :], strict=True):
            place: Place = ((step_of(use), *path), name)
            self.held[place] = d.Var(self.words[place], type, span=call.span)
            names.append(self.words[place])
        if len(names) < len(types):  # results that are not threaded on
            names += [self._fresh("unused") for _ in range(len(types) - len(names))]
        return d.Assign(tuple(names), made, span=call.span)

    def single(self, use: d.Use, args: tuple[d.Expr | None, ...], call: d.Call, type: d.Type | None) -> d.Call:
        """One use with all that it is to be given. `type` is known where the results stay as they were."""
        step = step_of(use)
        wish, sources = self.parts.get(step, (Wish(), ()))
        child = self.unit.child(step)
        params = self.unit.children[use.child].arguments[use.index or 0]
        if wish.empty or use.body is None:
            if type is None:
                type = self._plain_type(child, use, args, call)
            return replace(call, uses=(use,), args=args, type=type, form="layer")
        old, body = child.bodies[use.body], self.shop.body(child, use.body, wish)
        env = sizes_outside(body, args, {name: code_of(value) for name, value in params.items() if ".axes" not in name})
        further = body.inputs[len(body.inputs) - len(sources) :]
        more = tuple(self._source(source, one, env, use) for source, one in zip(sources, further, strict=True))
        kept = tuple(
            None if now.type is None and was.type is not None else arg
            for arg, now, was in zip(args, body.inputs, old.inputs, strict=False)
        )
        uses = (replace(use, body=body.key),)
        return replace(call, uses=uses, args=(*kept, *more), type=in_terms_of(body.output, env), form="layer")

    def _plain_type(self, child: Unit, use: d.Use, args: tuple[d.Expr | None, ...], call: d.Call) -> d.Type:
        """The result of a stack's element that nothing changes."""
        if use.body is None or len(call.uses) == 1:
            return call.type
        params = self.unit.children[use.child].arguments[use.index or 0]
        body = child.bodies[use.body]
        env = sizes_outside(body, args, {name: code_of(value) for name, value in params.items() if ".axes" not in name})
        return in_terms_of(body.output, env)

    def _source(self, source: Source, one: d.Input, env: dict[str, Arith], use: d.Use) -> d.Expr:
        """The value that goes into one of a part's further inputs."""
        assert one.type is not None
        wanted = in_terms_of(one.type, env)
        if isinstance(source, int):
            self.types.setdefault(source, wanted)
            return d.Var(self.words[source], wanted)
        var = self.held.get(source)
        if var is None:
            self._refuse_order(source[1])
            raise AssertionError
        if not same_type(var.type, wanted):
            message = f"`{step_of(use)}` would read `{source[1]}` as {wanted}, and what it is given is {var.type}"
            raise misfit(self.unit, use, source, message)
        return var

    def _touched(self, call: d.Call) -> bool:
        return any(step_of(use) in self.parts for use in call.uses)

    def _refuse_inside(self, what: str, expr: d.Expr) -> None:
        name = next((name for wish, _ in self.parts.values() for _, name in wish.exports), "")
        message = f"a value cannot be handed into or out of {what} yet"
        raise Refused("not-yet", message, "apply the layer in a statement of its own", name)
