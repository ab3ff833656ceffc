"""A consumer's body: a value that it assigned is an input now, and what only led to it is gone."""

from __future__ import annotations

from collections.abc import Callable

from sharedsl.analysis.dead import living
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import assigned, reads, size_names, with_codes
from sharedsl.model.sizes import Arith, named
from sharedsl.model.tree import Unit
from sharedsl.record import replace

#: stands for the input until it is known which name is free
_GIVEN = "\0given"


class StillRead(Exception):
    """A state that is to be another layer's is read before it is brought up to date."""


def with_given(body: d.Body, unit: Unit, name: str) -> d.Body:
    """The body with `name` as one more input, the last one."""
    statements = list(body.statements)
    at = max(at for at, each in enumerate(statements) if name in assigned((each,)))
    type = assigned(body.statements)[name]
    taken = d.Assign((name,), d.Var(_GIVEN, type, span=statements[at].span), span=statements[at].span)
    statements = [_unkept(each, name) for each in (*statements[: at + 1], taken, *statements[at + 1 :])]
    left = list(living(tuple(statements), unit.states.keys() - {name}))
    if name in unit.states and name in reads(_before(left, name)):
        raise StillRead
    earlier = _before(left, name)
    before = {*assigned(tuple(earlier)), *reads(tuple(earlier)), *(each.name for each in body.inputs)}
    if name in before:
        word = _free(f"shared_{name}", body)
        left = [_renamed(each, word) for each in left]
    else:
        word = name
        left = [each for each in left if not _is_given(each)]
    inputs = (*body.inputs, d.Input(word, type))
    return _without_state(replace(body, inputs=inputs, statements=tuple(left)), unit, name, word)


def _is_given(statement: d.Statement) -> bool:
    return isinstance(statement, d.Assign) and isinstance(statement.value, d.Var) and statement.value.name == _GIVEN


def _before(statements: list[d.Statement], name: str) -> tuple[d.Statement, ...]:
    """What runs before the value is taken in."""
    at = next((at for at, each in enumerate(statements) if _is_given(each)), len(statements))
    return tuple(statements[:at])


def _renamed(statement: d.Statement, word: str) -> d.Statement:
    if isinstance(statement, d.Assign) and isinstance(statement.value, d.Var) and statement.value.name == _GIVEN:
        return replace(statement, value=replace(statement.value, name=word))
    return statement


def _unkept(statement: d.Statement, name: str) -> d.Statement:
    """A state that is another's is not kept here."""
    match statement:
        case d.Keep(state=state) if state == name:
            return d.Assign((name,), statement.value, span=statement.span)
        case d.Loop():
            turns = tuple(tuple(_unkept(each, name) for each in turn) for turn in statement.turns)
            return replace(statement, turns=turns)
        case d.Present():
            then, other = (tuple(_unkept(each, name) for each in side) for side in (statement.then, statement.other))
            return replace(statement, then=then, other=other)
        case _:
            return statement


def _free(wanted: str, body: d.Body) -> str:
    taken = {*reads(body.statements), *assigned(body.statements), *(each.name for each in body.inputs)}
    taken |= {name for name, _ in body.sizes}
    text, number = wanted, 2
    while text in taken:
        text, number = f"{wanted}_{number}", number + 1
    return text


# ---------------------------------------------------------------------------- lengths of states that are gone


def _without_state(body: d.Body, unit: Unit, name: str, word: str) -> d.Body:
    """The length that the state had at the start of a call is read off the value that comes in."""
    if name not in unit.states:
        return body
    body = replace(body, states=tuple(each for each in body.states if each[0] != name))
    lost = {size: axis for size, (source, axis) in body.sizes if source == f"state:{name}"}
    if not lost:
        return body
    rest = [
        each for each, _ in body.states if (spec := unit.states[each]).size_name in lost and spec.growing is not None
    ]
    sizes = [(size, place) for size, place in body.sizes if size not in lost]
    given = body.inputs[-1].type
    for size, axis in lost.items():
        other = next((each for each in rest if unit.states[each].size_name == size), None)
        if other is not None:
            sizes.append((size, (f"state:{other}", unit.states[other].growing or 0)))
        elif isinstance(given, d.Tensor) and size in size_names((body.statements, body.output)):
            whole = next((text for text in ("M", "N", "L") if text not in dict(sizes)), "M_")
            back = _counted_back(given.dims[axis].code, size, whole)
            if back is None:
                raise StillRead
            sizes += [(whole, (word, axis)), (size, (f"before:{word}", axis))]
            body = _recoded(body, back)
    return replace(body, sizes=tuple(sizes))


def _counted_back(whole: Arith, start: str, name: str) -> Callable[[Arith], Arith] | None:
    """What becomes of code that says `S`, where the whole length, now `name`, is `S + T`: it is `M - T`."""
    if whole.op != "+" or named(start) not in whole.args:
        return None
    other = next((each for each in whole.args if each != named(start)), named(start))
    begins = Arith("-", (named(name), other))

    def change(code: Arith) -> Arith:
        if code == whole:
            return named(name)
        if code == named(start):
            return begins
        return Arith(code.op, tuple(change(each) if isinstance(each, Arith) else each for each in code.args))

    return change


def _recoded(body: d.Body, change: Callable[[Arith], Arith]) -> d.Body:
    inputs = tuple(replace(each, type=with_codes(each.type, change)) for each in body.inputs)
    statements = tuple(with_codes(each, change) for each in body.statements)
    return replace(body, inputs=inputs, statements=statements, output=with_codes(body.output, change))
