"""Expressions as documents: precedence, brackets, and where a long one may break, as `ruff format` breaks it."""

from __future__ import annotations

from sharedsl.pytree.doc import SOFT, SPACE, Doc, Group, IfBroken, Indent, render
from sharedsl.pytree.expression_nodes import (
    Attr,
    Binary,
    BoolOp,
    Call,
    Compare,
    Const,
    DictComp,
    DictExpr,
    Expr,
    FString,
    Generator,
    Index,
    Lambda,
    ListComp,
    ListExpr,
    Name,
    Raw,
    SliceExpr,
    Starred,
    Ternary,
    TupleExpr,
    Unary,
)
from sharedsl.pytree.layout import (
    BROKEN_SPACE,
    INSIDE,
    NONE,
    PRECEDENCE,
    bracketed,
    grouped,
    joined,
    listed,
    may_break,
    numbers,
    precedence,
    primary_wraps,
    wraps,
)
from sharedsl.pytree.literals import constant, escaped


def wrapped(expr: Expr, wrap: bool, level: int) -> Doc:
    return bracketed("(", expression(expr, INSIDE), ")", level) if wrap else expression(expr, level)


# ---------------------------------------------------------------------------- expressions


def expression(expr: Expr, level: int, fluent: bool | None = None) -> Doc:
    """The document of `expr` without parentheses around it. `fluent`: the layout of the chain it is a part of."""
    match expr:
        case Name():
            return expr.id
        case Raw():
            return expr.text
        case Const():
            return constant(expr.value)
        case FString():
            return f_string(expr)
        case Attr() | Call() | Index():
            return _primary(expr, level, fluent)
        case Binary() | BoolOp() | Compare():
            return grouped(_operators(_flatten(expr), level), level)
        case Unary():
            return _unary(expr, level)
        case Ternary():
            return grouped(_ternary(expr, level), level)
        case TupleExpr(items=()):
            return "()"
        case TupleExpr(items=(only,)):
            return bracketed("(", (expression(only, INSIDE), ","), ")", level)
        case TupleExpr():
            return bracketed("(", listed([expression(item, INSIDE) for item in expr.items]), ")", level)
        case ListExpr(items=()):
            return "[]"
        case ListExpr():
            return bracketed("[", listed([expression(item, INSIDE) for item in expr.items]), "]", level)
        case DictExpr(items=()):
            return "{}"
        case DictExpr():
            return bracketed("{", listed([_entry(key, value) for key, value in expr.items]), "}", level)
        case ListComp():
            return bracketed("[", _comprehension(expression(expr.element, INSIDE), expr), "]", level)
        case DictComp():
            return bracketed("{", _comprehension(_entry(expr.key, expr.value), expr), "}", level)
        case Generator():
            return bracketed("(", _comprehension(expression(expr.element, INSIDE), expr), ")", level)
        case Starred():
            return ("*", wrapped(expr.value, wraps(expr.value, 6), level))
        case Lambda():
            return _lambda(expr, level)
        case SliceExpr():
            return _slice(expr)


def _entry(key: Expr | None, value: Expr) -> Doc:
    if key is None:
        return ("**", expression(value, INSIDE))
    return Group((expression(key, INSIDE), ": ", expression(value, INSIDE)))


def _comprehension(element: Doc, of: ListComp | DictComp | Generator) -> Doc:
    source = wrapped(of.source, precedence(of.source) <= 2, INSIDE)
    parts: list[Doc] = [element, SPACE, Group(("for ", bare_tuple_flat(of.target), " in ", source))]
    for condition in of.conditions:
        parts += [SPACE, "if ", wrapped(condition, precedence(condition) <= 2, INSIDE)]
    return Group(tuple(parts))


def bare_tuple_flat(target: Expr) -> Doc:
    """The target of a `for`, without parentheses."""
    if isinstance(target, TupleExpr) and len(target.items) > 1:
        return joined([expression(item, NONE) for item in target.items], ", ")
    return expression(target, NONE)


def _unary(expr: Unary, level: int) -> Doc:
    sign = "not " if expr.op == "not" else expr.op
    power = isinstance(expr.operand, Binary) and expr.operand.op == "**"
    return (sign, wrapped(expr.operand, precedence(expr.operand) < precedence(expr) or power, level))


def _ternary(expr: Ternary, level: int) -> Doc:
    gap = may_break(SPACE, level)
    other = expr.other
    last = _ternary(other, level) if isinstance(other, Ternary) else wrapped(other, precedence(other) < 2, level)
    then = wrapped(expr.then, precedence(expr.then) <= 2, level)
    if not isinstance(other, Ternary):
        last = grouped(last, level)
    return (then, gap, "if ", wrapped(expr.test, precedence(expr.test) <= 2, level), gap, "else ", last)


def _lambda(expr: Lambda, level: int) -> Doc:
    head = "lambda " + ", ".join(expr.params) + ": " if expr.params else "lambda: "
    if not isinstance(expr.body, Binary | BoolOp | Compare | Ternary | Name | Attr | Const | FString):
        return (head, expression(expr.body, NONE))
    number = next(numbers)
    body = expression(expr.body, INSIDE)
    return (head, Group((IfBroken("("), Indent((SOFT, body)), SOFT, IfBroken(")")), number))


def _slice(expr: SliceExpr) -> Doc:
    parts = [expr.start, expr.stop, expr.step]
    tight = all(part is None or _plain(part) for part in parts)
    texts: list[Doc] = ["" if part is None else expression(part, INSIDE) for part in parts]
    if tight or expr.start is expr.stop is expr.step is None:
        return (texts[0], ":", texts[1], *((":", texts[2]) if expr.step is not None else ()))
    result: list[Doc] = [texts[0], " :"] if expr.start is not None else [":"]
    if expr.stop is not None:
        result += [" ", texts[1]]
    if expr.step is not None:
        result += [" : " if expr.stop is not None else ": ", texts[2]]
    return tuple(result)


def _plain(expr: Expr) -> bool:
    match expr:
        case Unary(op="-" | "+" | "~"):
            return _plain(expr.operand)
        case Name() | Const():
            return True
        case _:
            return False


def f_string(expr: FString) -> str:
    literal = "".join(part for part in expr.parts if isinstance(part, str))
    quote = "'" if literal.count('"') > literal.count("'") else '"'
    text = ""
    for part in expr.parts:
        if isinstance(part, str):
            text += escaped(part, quote).replace("{", "{{").replace("}", "}}")
        else:
            inner = one_line(part)
            if quote == '"':
                inner = inner.replace('"', "'")
            text += "{" + (" " if inner.startswith("{") else "") + inner + "}"
    return f"f{quote}{text}{quote}"


def one_line(expr: Expr) -> str:
    """An expression on one line, however long."""
    return render(Group(expression(expr, NONE)), 1_000_000)


# ---------------------------------------------------------------------------- operators

#: an operand and whether it stands in parentheses; or an operator
_Part = tuple[Expr, bool] | str


def _flatten(expr: Expr) -> list[_Part]:
    """Operands and operators of an expression, and of those operands of it that need no parentheses."""
    match expr:
        case Binary(op="**"):
            return [*_operand(expr.left, 14), "**", *_operand(expr.right, 12)]
        case Binary():
            own = PRECEDENCE[expr.op]
            return [*_operand(expr.left, own - 1), expr.op, *_operand(expr.right, own)]
        case Compare():
            parts = _operand(expr.left, 6)
            for op, value in ((expr.op, expr.right), *expr.more):
                parts += [op, *_operand(value, 6)]
            return parts
        case BoolOp():
            parts = []
            for value in expr.values:
                parts += [expr.op] if parts else []
                parts += _operand(value, PRECEDENCE[expr.op])
            return parts
        case _:
            return [(expr, False)]


def _operand(expr: Expr, above: int) -> list[_Part]:
    return [(expr, True)] if wraps(expr, above) else _flatten(expr)


def operator_class(op: str) -> int:
    """Operators of one class break together: `and` with `or`, all comparisons."""
    return 4 if op in ("and", "or") else PRECEDENCE.get(op, PRECEDENCE["compare"])


def _operators(parts: list[_Part], level: int) -> Doc:
    """The loosest operators may break before them; what stands between them is a group."""
    if len(parts) == 1:
        only = parts[0]
        assert not isinstance(only, str)
        return wrapped(only[0], only[1], level)
    loosest = min(operator_class(part) for part in parts if isinstance(part, str))
    docs: list[Doc] = []
    start = 0
    for at, part in enumerate(parts):
        if not isinstance(part, str) or operator_class(part) != loosest:
            continue
        docs.append(_side(parts[start:at], level))
        hugs = part == "**" and _simple(parts[at - 1]) and _simple(parts[at + 1])
        docs.append(may_break(SOFT if hugs else SPACE, level))
        docs.append((part, may_break(BROKEN_SPACE, level)) if hugs else part + " ")
        start = at + 1
    docs.append(_side(parts[start:], level))
    return tuple(docs)


def _side(parts: list[_Part], level: int) -> Doc:
    doc = _operators(parts, level)
    return doc if len(parts) == 1 else grouped(doc, level)


def _simple(part: _Part) -> bool:
    """Whether `**` goes without spaces beside this operand."""
    if isinstance(part, str) or part[1]:
        return False
    return _simple_operand(part[0])


def _simple_operand(expr: Expr) -> bool:
    match expr:
        case Unary(op="-" | "+" | "~"):
            return _simple_operand(expr.operand)
        case Attr():
            return _dotted(expr.value)
        case Name():
            return True
        case Const():
            return not isinstance(expr.value, str | bytes)
        case _:
            return False


def _dotted(expr: Expr) -> bool:
    return isinstance(expr, Name) or (isinstance(expr, Attr) and _dotted(expr.value))


# ---------------------------------------------------------------------------- attributes, calls, subscripts


def is_fluent(expr: Expr) -> bool:
    """Whether a chain has two attributes or more that follow a call, a subscript or parentheses."""
    after = 0
    while True:
        match expr:
            case Attr(value=value):
                if primary_wraps(value):
                    return after + 1 >= 2
                after += isinstance(value, Call | Index)
                expr = value
            case Call(func=value) | Index(value=value):
                if primary_wraps(value):
                    return after >= 2
                expr = value
            case _:
                return after >= 2


def _primary(expr: Attr | Call | Index, level: int, fluent: bool | None) -> Doc:
    root = fluent is None
    chain = is_fluent(expr) if fluent is None else fluent
    value = expr.func if isinstance(expr, Call) else expr.value
    wrap = primary_wraps(value)
    if wrap:
        head = wrapped(value, True, level)
    elif isinstance(value, Attr | Call | Index):
        head = expression(value, level, chain if chain else None)
    else:
        head = expression(value, level)
    match expr:
        case Attr():
            dot = may_break(SOFT, level) if chain and (wrap or isinstance(value, Call | Index)) else ""
            doc: Doc = (head, dot, "." + expr.name)
        case Call():
            doc = (head, arguments(expr, level))
        case Index():
            doc = (head, bracketed("[", _subscript(expr.index), "]", level))
    return Group(doc) if root and chain else doc


def _subscript(index: Expr) -> Doc:
    if isinstance(index, TupleExpr) and len(index.items) > 1:
        return listed([expression(item, INSIDE) for item in index.items])
    return expression(index, INSIDE)


def arguments(call: Call, level: int) -> Doc:
    """`(a, b, name=c)`: on one indented line if that is enough, else one argument a line with a trailing comma."""
    if not call.args and not call.kwargs:
        return "()"
    if len(call.args) == 1 and not call.kwargs and isinstance(call.args[0], Generator):
        only = call.args[0]
        return bracketed("(", _comprehension(expression(only.element, INSIDE), only), ")", level)
    items: list[Doc] = [expression(arg, INSIDE) for arg in call.args]
    for name, value in call.kwargs:
        items.append((f"{name}=" if name else "**", expression(value, INSIDE)))
    return bracketed("(", Group(listed(items)), ")", level)
