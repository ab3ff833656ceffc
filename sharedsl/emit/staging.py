"""What only the file of a stage has: the table of what its tensors are made of, and how training goes on with them."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.extras import Extras
from sharedsl.emit.gathers import Tables
from sharedsl.emit.hosts import Layout
from sharedsl.emit.layouts import Weights, joined_shape
from sharedsl.emit.tables import Names, by_prefix, prefix_dict
from sharedsl.model import weights as w
from sharedsl.model.migration import PRIVATE, Migration, Stage, linear, storage_key, without_scale
from sharedsl.model.sites import declared, key

ENTER = '''
@classmethod
def enter(cls, previous, optimizer=None, {merge}**sizes):
    """This stage's module, with the values of a stage before it.

    The optimizer goes on with its parameters, in the groups and with the moments of
    those that they are made of.{rule}
    """
    stage = getattr(previous, "STAGE", None)
    if stage not in ORIGINS:
        raise ValueError(f"{{cls.__name__}} does not come after {{stage}}")
    like = next(previous.parameters())
    module = cls(**sizes).to(like.device, like.dtype).train(previous.training)
    old = previous.state_dict(keep_vars=True)
    new = module.state_dict(keep_vars=True)
    origins = {{name: _origins(name, ORIGINS[stage], old){first} for name in new}}
    with torch.no_grad():
        for name, made_of in origins.items():
            if made_of:
                new[name].copy_(_value(made_of, old))
    if optimizer is not None:
        _hand_over(optimizer, old, new, origins)
    return module
'''
RULE = """

Where several tensors become one, it begins as their mean, or as the first of
them (merge="first")."""

FIND = '''
def _origins(name, table, old):
    """What a tensor is made of: pairs of a function and the names of its arguments."""
    for prefix in sorted(table, key=len, reverse=True):
        if name.startswith(prefix):
            rest, origins = name[len(prefix) :], table[prefix]
            origins = (origins,) if isinstance(origins, str) else origins
            found = [
                (None, (origin + rest,)) if isinstance(origin, str) else origin
                for origin in origins
            ]
            return [one for one in found if all(each in old for each in one[1])]
    return [(None, (name,))] if name in old else []
'''
VALUE = '''
def _value(made_of, values{power}):
    """The mean of what a tensor is made of."""
    parts = [
        values[names[0]] if function is None else function(*(values[name] for name in names){pass_on})
        for function, names in made_of
    ]
    return parts[0] if len(parts) == 1 else torch.stack(parts).mean(0)
'''
HAND_OVER = '''
def _hand_over(optimizer, old, new, origins):
    """Give an optimizer the new parameters, each in the group of what it is made of."""
    names = {id(value): name for name, value in old.items()}
    home = {}
    for group in optimizer.param_groups:
        mine = [names[id(each)] for each in group["params"] if id(each) in names]
        home.update(dict.fromkeys(mine, group))
        group["params"] = [each for each in group["params"] if id(each) not in names]
        group.pop("param_names", None)
    moments = {name: optimizer.state.pop(old[name], {}) for name in home}
    for name, parameter in new.items():
        if not parameter.requires_grad:
            continue
        made_of = sum((each for _, each in origins[name]), ())
        groups = [home[each] for each in made_of if each in home]
        (groups or optimizer.param_groups)[0]["params"].append(parameter)
        known = [made for made in origins[name] if all(moments.get(n) for n in made[1])]
        if known{fresh}:
            optimizer.state[parameter] = _state(known, old, moments)
'''
STATE = '''
def _state(made_of, old, moments):
    """An optimizer's state for a parameter: moments merged as values are."""
    first = made_of[0][1][0]
    state = {}
    for kind, value in moments[first].items():
        if torch.is_tensor(value) and value.shape == old[first].shape:
            values = {name: each[kind] for name, each in moments.items() if kind in each}
            state[kind] = _value(made_of, values{power}).clone()
        else:
            state[kind] = value.clone() if torch.is_tensor(value) else value
    return state
'''


def stage_code(stage: Stage, plan: Layout, cx: py.CodeContext) -> Extras:
    cx.use("torch")
    moves = [move for _, move in stage.entries]
    several = any(len(origins) > 1 for move in moves for origins in move.origins)
    every = [origin for move in moves for origins in move.origins for origin in origins]
    powers = any(linear(origin) and without_scale(origin)[0] != 1.0 for origin in every)
    fresh = tuple(dict.fromkeys(name for move in moves for name in _fresh(move)))
    tables = [(py.Const(name), _table(move, plan, cx, powers)) for name, move in stage.entries]
    comment = py.Comment("What each tensor is made of, by the stage before: a name or prefix there, if not its own.")
    constants: tuple[py.Stmt, ...] = (comment, py.Assign((py.Name("ORIGINS"),), py.DictExpr(tuple(tables))))
    if fresh:
        named = py.tuple_of(*(py.Const(name) for name in fresh))
        said = py.Comment("Computed from several tensors: an optimizer's moments begin afresh.")
        constants = (*constants, said, py.Assign((py.Name("FRESH"),), named))
    first = '[: 1 if merge == "first" else None]' if several else ""
    rule = RULE.replace("\n", "\n    ").replace("\n    \n", "\n\n") if several else ""
    enter = ENTER.format(merge='merge="mean", ' if several else "", rule=rule, first=first)
    value = VALUE.format(power=", power=1" if powers else "", pass_on=", power" if powers else "")
    power = ', -2 if kind.endswith("_sq") else -1' if powers else ""
    functions = (
        py.quoted_function(FIND),
        py.quoted_function(value),
        py.quoted_function(HAND_OVER.replace("{fresh}", " and name not in FRESH" if fresh else "")),
        py.quoted_function(STATE.replace("{power}", power)),
    )
    attributes = (
        py.Assign((py.Name("STAGE"),), py.Const(stage.name)),
        py.Assign((py.Name("FROM_STEP"),), py.Const(stage.step)),
    )
    return Extras(constants, attributes, (py.quoted_function(enter),), functions)


def _fresh(move: Migration) -> list[str]:
    """Tensors that no single tensor went into: products and sums have no moments of their own."""
    found = zip(move.new.storages, move.origins, strict=True)
    return [storage_key(each) for each, origins in found if any(not linear(origin) for origin in origins)]


def _table(move: Migration, plan: Layout, cx: py.CodeContext, powers: bool) -> py.Expr:
    """Names are listed where they mean something else than the same name before."""
    names = [storage_key(each) for each in move.old.storages]
    private = any(each.role in PRIVATE for each in move.old.storages)
    meant: dict[str, Names] = {name: (name,) for name in _buffers(plan)}
    views: dict[str, tuple[py.Expr, ...]] = {}
    afresh: list[str] = []
    for storage, origins in zip(move.new.storages, move.origins, strict=True):
        name = storage_key(storage)
        plain = [names[each.storage] for each in origins if isinstance(each, w.Read)]
        if len(plain) < len(origins):
            views[name] = tuple(_origin(each, storage, move, plan, cx, powers) for each in origins)
        elif origins:
            meant[name] = tuple(plain)
        elif private:  # else no prefix leads from it to a name that there was
            afresh.append(name)
    for name in (*views, *afresh):
        meant[name] = ()
    listed = by_prefix(meant, [name for name, others in meant.items() if others and others != (name,)])
    table: dict[str, tuple[str | py.Expr, ...]] = {**listed, **views, **dict.fromkeys(afresh, ())}

    def code(value: tuple[str | py.Expr, ...]) -> py.Expr:
        if len(value) == 1 and isinstance(value[0], str):
            return py.Const(value[0])
        return py.tuple_of(*(py.Const(each) if isinstance(each, str) else each for each in value))

    return prefix_dict(table, code) if table else py.DictExpr(())


def _origin(
    expr: w.Expr, storage: w.Storage, move: Migration, plan: Layout, cx: py.CodeContext, powers: bool
) -> py.Expr:
    """A name, or a function and the names of its arguments: from tensors as they were registered to one as it is."""
    names = [storage_key(each) for each in move.old.storages]
    if isinstance(expr, w.Read):
        return py.Const(names[expr.storage])
    read = w.storages_of(expr)
    letters = [chr(ord("a") + at) if len(read) < 20 else f"t{at}" for at in range(len(read))]
    tensors: dict[int, py.Expr] = {number: py.Name(letter) for number, letter in zip(read, letters, strict=True)}
    factor, bare = without_scale(expr) if linear(expr) else (1.0, expr)
    weights = Weights(move.old, plan.model.unit_at, tensors, {}, cx, Tables())
    registered = joined_shape(storage, plan.model.unit_at(declared(storage.owner)))
    outs = sum(axis.side == "out" for axis in storage.axes)
    code = weights.logical(bare) if registered == storage.shape else weights.joined(bare, outs)
    if factor != 1.0:
        code = py.Binary("*", py.Binary("**", py.number(factor), py.Name("power")), code)
    function = py.Lambda((*letters, *(("power=1",) if powers else ())), code)
    return py.tuple_of(function, py.tuple_of(*(py.Const(names[number]) for number in read)))


def _buffers(plan: Layout) -> list[str]:
    return [
        f"{key(path)}.{name}" if path else name
        for path, host in plan.hosts.items()
        for name, spec in host.unit.buffers.items()
        if spec.persistent
    ]
