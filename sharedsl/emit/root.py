"""What only the model's class has: one reset for all, old names accepted, and errors that name the spec's line."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.classes import Classes
from sharedsl.emit.hosts import Layout
from sharedsl.emit.tables import prefix_dict
from sharedsl.model import weights as w
from sharedsl.model.sites import key

SELF = py.Name("self")


def root_parts(plan: Layout, classes: Classes) -> tuple[py.Stmt, ...]:
    """Methods of the root's class, after its forwards."""
    parts: list[py.Stmt] = [_reset(plan, classes), _call()]
    return tuple(parts)


def _reset(plan: Layout, classes: Classes) -> py.FunctionDef:
    """Modules in the order in which the constructor made them, so that both give the same numbers."""
    from sharedsl.emit.inits import buffer_fills, init_code, once, own_numbers, several_outputs

    body: list[py.Stmt] = []
    root = classes.of[()]
    for storage in plan.hosts[()].owned:
        numbers = own_numbers(
            classes.said_inside(plan.hosts[()], storage), plan.model.root, root.env if root is not None else {}
        )
        tensor = py.Attr(SELF, storage.name)
        body += init_code(storage, tensor, py.CodeContext(), numbers, own_fan_in=several_outputs(storage))
    body = once(body)
    body += buffer_fills(plan.model.root)
    body += plan.hosts[()].tables.fills(py.CodeContext())
    module = py.Name("module")
    has = py.BoolOp(
        "and",
        (
            py.Compare(module, "is not", SELF),
            py.call("hasattr", module, py.Const("reset_parameters")),
        ),
    )
    each = py.If(has, (py.ExprStmt(py.method(module, "reset_parameters")),))
    body.append(py.For(module, py.method(SELF, "modules"), (each,)))
    return py.FunctionDef("reset_parameters", (py.Param("self"),), tuple(body))


def _call() -> py.FunctionDef:
    forward = py.Return(
        py.Call(py.Attr(py.call("super"), "__call__"), (py.Starred(py.Name("args")),), (("", py.Name("kwargs")),))
    )
    handler = py.Except(
        py.Name("Exception"),
        "error",
        (py.ExprStmt(py.call("_name_spec_line", py.Name("error"))), py.Simple("raise")),
    )
    return py.FunctionDef(
        "__call__",
        (py.Param("self"), py.Param("*args"), py.Param("**kwargs")),
        (py.Try((forward,), (handler,)),),
    )


def note_function(spec_path: str) -> py.FunctionDef:
    """`_name_spec_line`: the comment behind the failing line says which line of the spec it was made from."""
    error, frame, found, this, rest = (py.Name(name) for name in ("error", "frame", "found", "this", "rest"))
    frames = py.call("reversed", py.call("traceback.extract_tb", py.Attr(error, "__traceback__")))
    start = py.Binary("-", py.Attr(frame, "lineno"), py.Const(1))
    lines = py.Index(py.call("linecache.getlines", this), py.SliceExpr(start))
    statement = py.item(py.method(rest, "partition", py.Const("\n\n")), 0)
    place = py.method(py.item(found, 1), "replace", py.Const("spec:"), py.Const(f"{spec_path}:"))
    inner = (
        py.Assign((rest,), py.method(py.Const(""), "join", lines)),
        py.Assign((found,), py.call("re.search", py.Const(r"# (\S+:\d+)"), statement)),
        py.If(found, (py.Return(py.method(error, "add_note", py.FString(("in ", place)))),)),
    )
    body = (
        py.Assign((this,), py.name("_name_spec_line.__code__.co_filename")),
        py.For(frame, frames, (py.If(py.Compare(py.Attr(frame, "filename"), "==", this), inner),)),
    )
    return py.FunctionDef(
        "_name_spec_line",
        (py.Param("error"),),
        body,
        docstring="Note on an error which line of the spec it comes from.",
    )


# ---------------------------------------------------------------------------- names of others' making


def alias_table(plan: Layout) -> py.Expr | None:
    """Prefixes of names that stand for the owner's, as the code writes them; None where there are none."""
    if plan.aliases is None:
        plan.aliases = _prefixes(plan)
    prefixes = plan.aliases
    if not prefixes:
        return None
    return prefix_dict(prefixes, py.Const)


def _prefixes(plan: Layout) -> dict[str, str]:
    solved = plan.solved
    owners = [key(each.owner) + "." + each.name if each.owner else each.name for each in solved.storages]
    known, real = aliases(plan), set(owners)
    for path, host in plan.hosts.items():
        real |= {key(path) + "." + name if path else name for name in host.unit.buffers}
    taken = {name[:at] for name in real for at in range(len(name)) if name[at - 1 : at] == "."}
    found: dict[str, str] = {}
    for name, owner in known.items():
        mine, own = name.split("."), owner.split(".")
        same = 0
        while same < min(len(mine), len(own)) - 1 and mine[-1 - same] == own[-1 - same]:
            same += 1
        for keep in range(same, -1, -1):
            left, right = mine[: len(mine) - keep], own[: len(own) - keep]
            prefix = ".".join(left) + ("." if keep else "")
            target = ".".join(right) + ("." if keep else "")
            if prefix in taken or prefix in real or found.get(prefix, target) != target:
                continue
            # a reader need not have all that the owner has: what a reuse of values left out is no name
            under = [each for each in owners if keep and each.startswith(target)]
            if all(known.get(prefix + each[len(target) :]) == each for each in under):
                found[prefix] = target
                break
    return found


def aliases(plan: Layout) -> dict[str, str]:
    """Names that a model without sharing would have, and the owner's: whole weights read as they are."""
    found: dict[str, str] = {}
    solved = plan.solved
    owners = [key(each.owner) + "." + each.name if each.owner else each.name for each in solved.storages]
    names = set(owners)
    for site, read in zip(solved.sites, solved.reads, strict=True):
        if isinstance(read, w.Read):
            own = key(site.path)
            owner = owners[read.storage]
            if own != owner and own not in names:
                found[own] = owner
    return found


def accept_function() -> py.FunctionDef:
    """The load hook: an alias may stand for its owner's name, and must agree with it."""
    names = ("alias", "owner", "name", "state_dict", "prefix", "value", "own", "errors")
    alias, owner, name, state, prefix, value, own, errors = (py.Name(each) for each in names)
    full = py.Binary("+", prefix, alias)
    matching = py.ListComp(name, name, state, (py.method(name, "startswith", full),))
    rest = py.Index(name, py.SliceExpr(py.call("len", full)))
    differ = py.BoolOp(
        "or",
        (
            py.Compare(py.Attr(value, "shape"), "!=", py.Attr(py.Index(state, own), "shape")),
            py.Unary("not", py.call("torch.equal", value, py.Index(state, own))),
        ),
    )
    complain = py.ExprStmt(py.method(errors, "append", py.FString((name, " and ", own, " are one tensor, but differ"))))
    body = (
        py.Assign((own,), py.Binary("+", py.Binary("+", prefix, owner), rest)),
        py.Assign((value,), py.method(state, "pop", name)),
        py.If(
            py.Compare(own, "not in", state),
            (py.Assign((py.Index(state, own),), value),),
            ((differ, (complain,)),),
        ),
    )
    loop = py.For(
        py.TupleExpr((alias, owner)),
        py.method(py.Name("ALIASES"), "items"),
        (py.For(name, matching, body),),
    )
    params = ("module", "state_dict", "prefix", "metadata", "strict", "missing", "unexpected", "errors")
    return py.FunctionDef(
        "_accept_aliases",
        tuple(py.Param(each) for each in params),
        (loop,),
        docstring="Loading takes a shared tensor under any of its names, if they agree.",
    )
