"""Classes for leaves that are not torch's own modules: further uses, factors, private parts, initialisers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sharedsl import pytree as py
from sharedsl.emit.hosts import Host
from sharedsl.emit.inits import argument, buffer_fills, changed, init_code, init_numbers, of_shape, once, row_size
from sharedsl.emit.leaf_forms import SELF, LeafForms, X, parameter
from sharedsl.emit.leaf_sizes import leaf_sizes
from sharedsl.emit.leaf_words import (
    leaf_doc,
    leaf_name,
    plain,
    role_names,
    torch_statistics,
)
from sharedsl.emit.needs import Role
from sharedsl.emit.numbered import counted
from sharedsl.layers import LAYERS
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Real, Size
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass


@dataclass(slots=True)
class LeafCode:
    """The body of a leaf's class, without its name; equal ones are one class."""

    bases: tuple[py.Expr, ...]
    body: tuple[py.Stmt, ...]
    doc: str
    #: sizes that the constructor takes, by name; empty where torch's own constructor does
    sizes: dict[str, int]
    #: the initialisers' numbers, by argument name
    numbers: dict[str, Real]
    wanted: str
    #: a module of its own, not torch's with more to it: its call gives what the layer gives
    whole: bool = False


@dataclass(slots=True)
class LeafWriter:
    host: Host
    solved: w.Solved
    cx: py.CodeContext
    env: Mapping[str, object]
    unit_at: Callable[[Path], Unit]
    #: the argument that asks an owner for a role
    keyword: Callable[[Path, Role], str]

    def _forms(self) -> LeafForms:
        return LeafForms(self.host, self.solved, self.cx, self.unit_at, self.keyword)

    def write(self) -> LeafCode | None:
        """The leaf's class; None where torch's module is all that is needed."""
        host = self.host
        own = plain(host, self.solved)
        inits = {storage.name: storage.init for storage in host.owned}
        fresh = not own or changed(host)
        if own and not fresh and not host.roles and not host.exports:
            return None
        if own:
            return self._subclass(fresh)
        if torch_statistics(host, self.solved):
            return self._statistics()
        return self._module(inits)

    # ------------------------------------------------------------------------ torch's module with more to it

    def _subclass(self, fresh: bool) -> LeafCode:
        host = self.host
        made = LAYERS[host.unit.name].module(host.unit.arguments, self.cx)
        base = made.func if isinstance(made, py.Call) else made
        numbers = init_numbers(host) if fresh else {}
        body: list[py.Stmt] = []
        if numbers:
            body.append(_passing_init(numbers))
        if fresh:
            body.append(py.FunctionDef("reset_parameters", (py.Param("self"),), self._resets()))
        if host.roles or host.exports:
            body.append(self._uses())
        doc = leaf_doc(self.host, self.solved)
        wanted = host.unit.name if not (host.roles or host.exports) else "Shared" + host.unit.name
        return LeafCode((base,), tuple(body), doc, {}, numbers, wanted)

    def _resets(self) -> tuple[py.Stmt, ...]:
        statements: list[py.Stmt] = []
        numbers = init_numbers(self.host)
        for storage in self.host.owned:
            own = {
                name: parameter(argument(storage, name, self.host))
                for name, _ in storage.init.args
                if argument(storage, name, self.host) in numbers
            }
            code = init_code(
                storage,
                parameter(storage.name),
                self.cx,
                own,
                row_size(self.host),
                of_shape(storage, self.host),
                joined=self.host.unit.name == "Linear",
            )
            statements.extend(code)
        return tuple(once(counted(statements)))

    def _uses(self) -> py.FunctionDef:
        """`forward` with an argument for each further use."""
        host = self.host
        names = role_names(host)
        params = [py.Param("self"), py.Param("x", default=py.Const(None)) if host.exports else py.Param("x")]
        body: list[py.Stmt] = []
        if host.exports:
            exported = [parameter(name) for name in host.exports]
            value = exported[0] if len(exported) == 1 else py.TupleExpr(tuple(exported))
            body.append(py.If(py.Compare(X, "is", py.Const(None)), (py.Return(value),)))
        if host.stepped:
            params.append(py.Param("step", default=py.Const(None)))
            add = py.Assign((X,), py.Binary("+", X, py.Index(parameter("step"), py.Name("step"))))
            body.append(py.If(py.Compare(py.Name("step"), "is not", py.Const(None)), (add,)))
        for role, name in names.items():
            params.append(py.Param(name, default=py.Const(False)))
            bias = parameter("bias") if role.bias else None
            body.append(py.If(py.Name(name), (py.Return(self._forms().term(role.layer, role.form, role.split, bias)),)))
        extra, own = self._forms().own()
        if host.rows > 1:
            extra = (*extra, py.Param("application"))
        if host.unit.buffers and not plain(host, self.solved):
            body.append(counted_batch(host))
        if host.exports:
            extra = tuple(py.Param(one.name, default=py.Const(None)) for one in extra)
        body.append(py.Return(own))
        return py.FunctionDef("forward", (*params[:2], *extra, *params[2:]), tuple(body))

    # ------------------------------------------------------------------------ torch's module without weights

    def _statistics(self) -> LeafCode:
        """A norm that reads another's weights, or that keeps statistics for each of its applications."""
        host = self.host
        made = LAYERS[host.unit.name].module(host.unit.arguments, self.cx)
        assert isinstance(made, py.Call)
        args, kwargs = py.Starred(py.Name("args")), ("", py.Name("kwargs"))
        affine = () if host.owned else (("affine", py.Const(False)),)
        init = py.ExprStmt(py.Call(py.Attr(py.call("super"), "__init__"), (args,), (*affine, kwargs)))
        params = [py.Param("self"), py.Param("*args"), py.Param("**kwargs")]
        body: list[py.Stmt] = [init]
        if host.rows > 1:
            self.cx.use("torch")
            params.insert(2, py.Param("applications"))
            name, each = py.Name("name"), py.Name("buffer")
            rows = py.call("torch.stack", py.Binary("*", py.ListExpr((each,)), py.Name("applications")))
            keep = py.ExprStmt(py.method(SELF, "register_buffer", name, rows))
            every = py.call("list", py.method(SELF, "named_buffers"))
            body.append(py.For(py.TupleExpr((name, each)), every, (keep,)))
        functions = (py.FunctionDef("__init__", tuple(params), tuple(body)), self._uses())
        if host.rows > 1:
            doc = leaf_doc(host, self.solved)
            wanted = ("Base" if host.exports else "") + host.unit.name if host.owned else leaf_name(host)
        else:
            doc = f"A {host.unit.name} with statistics of its own and another's weights."
            wanted = leaf_name(host)
        return LeafCode((made.func,), functions, doc, {}, {}, wanted)

    # ------------------------------------------------------------------------ a module of its own

    def _module(self, inits: Mapping[str, object]) -> LeafCode:
        host = self.host
        shapes, sizes = leaf_sizes(host)
        self.cx.use("torch", "nn")
        numbers = init_numbers(host)
        params = [py.Param("self"), *(py.Param(name) for name in sizes)]
        body: list[py.Stmt] = [py.ExprStmt(py.method(py.call("super"), "__init__"))]
        for name in numbers:
            params.append(py.Param(name))
            body.append(py.Assign((parameter(name),), py.Name(name)))
        made: list[py.Stmt] = []
        for storage in host.owned:
            name, trained = storage.name, storage.trainable
            own = [py.Name(size) for size in shapes[name]] if name in shapes else map(py.Const, storage.shape)
            empty = py.call("torch.empty", *own)
            frozen = None if trained else py.Const(False)
            made.append(py.Assign((parameter(name),), py.call("nn.Parameter", empty, requires_grad=frozen)))
        body += counted(made)
        body += self._buffers(shapes)
        functions: list[py.Stmt] = []
        uses = self._uses()
        body += host.tables.made(self.cx)
        resets = (*self._resets(), *buffer_fills(host.unit), *host.tables.fills(self.cx))
        if resets:
            body.append(py.ExprStmt(py.method(SELF, "reset_parameters")))
            functions.append(py.FunctionDef("reset_parameters", (py.Param("self"),), resets))
        init = py.FunctionDef("__init__", tuple(params), tuple(body))
        return LeafCode(
            (py.name("nn.Module"),),
            (init, *functions, uses),
            leaf_doc(self.host, self.solved),
            sizes,
            numbers,
            leaf_name(self.host),
            whole=True,
        )

    def _buffers(self, shapes: Mapping[str, tuple[str, ...]]) -> list[py.Stmt]:
        """Statistics are as long as the weights beside them."""
        made: list[py.Stmt] = []
        length = next(iter(shapes.values()), ())
        for name, spec in self.host.unit.buffers.items():
            rows = (py.Name("applications"),) if self.host.rows > 1 else ()
            sizes = (*rows, *(py.Name(size) for size in length))
            value = spec.value.value if isinstance(spec.value, Size | Real) else spec.value
            filled: py.Expr = py.call("torch.ones" if value else "torch.zeros", *sizes)
            if spec.type.dtype == "int":
                filled = py.call("torch.zeros", *rows, dtype=py.name("torch.long")) if rows else _zero()
            made.append(py.ExprStmt(py.method(SELF, "register_buffer", py.Const(name), filled)))
        return made


def counted_batch(host: Host) -> py.Stmt:
    """A norm with statistics counts the batches that it has seen, as torch's own does."""
    count = parameter("num_batches_tracked")
    if host.rows > 1:
        count = py.Index(count, py.Name("application"))
    return py.If(parameter("training"), (py.AugAssign(count, "+", py.Const(1)),))


def _zero() -> py.Expr:
    return py.call("torch.tensor", py.Const(0))


def _passing_init(numbers: Mapping[str, Real]) -> py.FunctionDef:
    """A constructor that takes the initialiser's numbers beside torch's own arguments."""
    params = [py.Param("self"), py.Param("*args")]
    body: list[py.Stmt] = []
    for name in numbers:
        params.append(py.Param(name))
        body.append(py.Assign((parameter(name),), py.Name(name)))
    params.append(py.Param("**kwargs"))
    rest = py.Call(py.Attr(py.call("super"), "__init__"), (py.Starred(py.Name("args")),), (("", py.Name("kwargs")),))
    return py.FunctionDef("__init__", tuple(params), (*body, py.ExprStmt(rest)))
