"""Classes for leaves that are not torch's own modules: further uses of a weight, factors, private parts, initialisers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sharedsl import pytree as py
from sharedsl.analysis import lowering as low
from sharedsl.emit.hosts import Host
from sharedsl.emit.inits import argument, changed, init_code, init_numbers, of_shape, row_size
from sharedsl.emit.needs import Module, Role, Tensor
from sharedsl.emit.reads import code_of, scale_code
from sharedsl.emit.terms import in_terms, literal_of
from sharedsl.layers import LAYERS
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Real, Value


@dataclass(frozen=True, slots=True)
class Shape:
    """A parameter's shape in torch's layout: its length on each axis, and the names that the constructor calls them."""

    sizes: tuple[int, ...]
    names: tuple[str, ...]


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


SELF = py.Name("self")
X = py.Name("x")


def parameter(name: str) -> py.Expr:
    return py.Attr(SELF, name)


def role_names(host: Host) -> dict[Role, str]:
    """The argument that asks an owner for each of its further uses."""
    names: dict[Role, str] = {}
    for role in host.roles:
        name = _role_name(host, role)
        number = 2
        while name in names.values():
            name, number = f"{_role_name(host, role)}_{number}", number + 1
        names[role] = name
    return names


def _role_name(host: Host, role: Role) -> str:
    if role.bias:
        return "base"
    form = role.form
    if isinstance(form, low.Whole) and isinstance(form.expr, w.Read):
        if host.unit.name == "Embedding" and role.layer == "Linear":
            return "project"
        names = {storage.index: storage.name for storage in host.owned}
        if names.get(form.expr.storage, "").startswith("weight_v"):
            return "basis"
        return "lookup" if role.layer == "Embedding" else "base"
    if isinstance(form, low.Whole) and isinstance(form.expr, w.Permute):
        return "transpose"
    if host.unit.name == "Embedding":
        return "project" if role.layer == "Linear" else "lookup"
    return "other"


def plain(host: Host, solved: w.Solved) -> bool:
    """Whether the leaf's own use is that of torch's module with its own weights."""
    names = {storage.name for storage in host.owned}
    if not names >= set(host.unit.weights):
        return False
    if host.reach is None:
        return len(host.variants) < 2
    if host.reach.needs:
        return False
    for name, site in host.apps[0].weights.items():
        read = solved.reads[site]
        if isinstance(read, w.Repeat) and host.reach.repeated is not None:
            read = read.of
        if not isinstance(read, w.Read) or solved.storages[read.storage].name != name:
            return False
    return True


@dataclass(slots=True)
class LeafWriter:
    host: Host
    solved: w.Solved
    cx: py.CodeContext
    env: Mapping[str, object]
    #: the argument that asks an owner for a role
    keyword: Callable[[Path, Role], str]

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
        doc = self._doc()
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
            code = init_code(storage, parameter(storage.name), self.cx, own, row_size(self.host), of_shape(storage, self.host))
            statements.extend(code)
        return tuple(statements)

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
        for role, name in names.items():
            params.append(py.Param(name, default=py.Const(False)))
            bias = parameter("bias") if role.bias else None
            body.append(py.If(py.Name(name), (py.Return(self._term(role.layer, role.form, bias)),)))
        extra, own = self._own()
        body.append(py.Return(own))
        return py.FunctionDef("forward", (*params[:2], *extra, *params[2:]), tuple(body))

    # ------------------------------------------------------------------------ a module of its own

    def _module(self, inits: Mapping[str, object]) -> LeafCode:
        host = self.host
        shapes = {storage.name: shape_of(storage, host) for storage in host.owned}
        sizes: dict[str, int] = {}
        for shape in shapes.values():
            sizes |= dict(zip(shape.names, shape.sizes, strict=True))
        self.cx.use("torch", "nn")
        numbers = init_numbers(host)
        params = [py.Param("self"), *(py.Param(name) for name in sizes)]
        body: list[py.Stmt] = [py.ExprStmt(py.method(py.call("super"), "__init__"))]
        for name in numbers:
            params.append(py.Param(name))
            body.append(py.Assign((parameter(name),), py.Name(name)))
        for name, shape in shapes.items():
            empty = py.call("torch.empty", *(py.Name(size) for size in shape.names))
            trained = next(storage.trainable for storage in host.owned if storage.name == name)
            frozen = None if trained else py.Const(False)
            body.append(py.Assign((parameter(name),), py.call("nn.Parameter", empty, requires_grad=frozen)))
        body += self._buffers()
        functions: list[py.Stmt] = []
        if shapes:
            body.append(py.ExprStmt(py.method(SELF, "reset_parameters")))
            functions.append(py.FunctionDef("reset_parameters", (py.Param("self"),), self._resets()))
        init = py.FunctionDef("__init__", tuple(params), tuple(body))
        return LeafCode(
            (py.name("nn.Module"),), (init, *functions, self._uses()), self._doc(), sizes, numbers, self._name()
        )

    def _buffers(self) -> list[py.Stmt]:
        return []

    def _name(self) -> str:
        host = self.host
        names = {storage.name for storage in host.owned}
        kind = host.unit.name
        if names == {"bias"}:
            return "Bias"
        if any(name.startswith("weight_u") for name in names) and not any(name.startswith("weight_v") for name in names):
            return f"Basis{kind}"
        if any(name.startswith(("weight_u", "weight_v")) for name in names):
            return f"LowRank{kind}"
        if any("lora" in name for name in names):
            return f"Lora{kind}" if "weight" in names else "Lora"
        if any("bank" in name or "coef" in name for name in names):
            return f"Mixed{kind}"
        return f"Shared{kind}"

    # ------------------------------------------------------------------------ what it computes

    def _own(self) -> tuple[tuple[py.Param, ...], py.Expr]:
        """The leaf's own use: its further arguments and its result."""
        host = self.host
        if plain(host, self.solved):
            return (), py.method(py.call("super"), "forward", X)
        if host.reach is None or (not host.unit.weights.keys() - {"bias"}) or self._bias_only():
            return (), py.Binary("+", X, parameter("bias"))
        params: list[py.Param] = []
        tensors = self._tensors(self.host.owned)
        modules: list[tuple[Module, py.Expr]] = []
        assert host.reach is not None
        for need in host.reach.needs:
            name = _fresh("owner" if isinstance(need, Module) else need.name, params)
            params.append(py.Param(name))
            if isinstance(need, Tensor):
                tensors[need.storage] = self._logical(self.solved.storages[need.storage], py.Name(name))
            else:
                modules.append((need, py.Name(name)))
        return tuple(params), self._result(tensors, modules)

    def _bias_only(self) -> bool:
        return {storage.name for storage in self.host.owned} == {"bias"} and not (
            self.host.reach is not None and self.host.reach.needs
        )

    def _tensors(self, storages: list[w.Storage]) -> dict[int, py.Expr]:
        return {each.index: self._logical(each, parameter(each.name)) for each in storages}

    def _logical(self, storage: w.Storage, code: py.Expr) -> py.Expr:
        """A storage in the shape of its axes; torch's layout joins several outputs axes, and several inputs axes."""
        registered = shape_of(storage, self.host).sizes
        if registered == storage.shape:
            return code
        return code

    def _result(self, tensors: Mapping[int, py.Expr], modules: list[tuple[Module, py.Expr]]) -> py.Expr:
        host = self.host
        app = host.apps[0]
        site = app.weights.get("weight")
        bias_read = self.solved.reads[app.weights["bias"]] if "bias" in app.weights else None
        repeated = host.reach.repeated if host.reach is not None else None
        if isinstance(bias_read, w.Repeat) and repeated is not None:
            bias_read = bias_read.of
        known = bias_read is not None and all(number in tensors for number in w.storages_of(bias_read))
        bias = code_of(bias_read, tensors, {}, self.cx) if known and bias_read is not None else None
        if site is not None and host.unit.name in low.CHAINABLE:
            form = low.lower(self.solved.reads[site], host.unit.name, self.solved.sites[site].spec.axes)
            if isinstance(form, low.Repeated) and repeated is not None:
                form = form.of
            return self._combined(form, bias, tensors, modules)
        weights: dict[str, py.Expr | None] = {}
        for name, number in app.weights.items():
            read = self.solved.reads[number]
            weights[name] = code_of(read, tensors, {}, self.cx)
        return LAYERS[host.unit.name].functional((X,), weights, self._numbers(), self.cx)

    def _numbers(self) -> dict[str, Value]:
        """The layer's arguments as plain numbers, for code outside of the parent."""
        own = {name: literal_of(value) for name, value in self.host.unit.arguments.items()}
        return {name: in_terms(value, own) for name, value in self.host.unit.arguments.items()}

    def _combined(
        self,
        form: low.Form,
        bias: py.Expr | None,
        tensors: Mapping[int, py.Expr],
        modules: list[tuple[Module, py.Expr]],
    ) -> py.Expr:
        parts = form.parts if isinstance(form, low.Sum) else (form,)
        waiting = list(modules)
        total: py.Expr | None = None
        for part in parts:
            inside = all(number in tensors for expr in _expressions(part) for number in w.storages_of(expr))
            if inside:
                code = self._term(self.host.unit.name, part, bias, tensors)
                bias = None
            else:
                need, base = waiting.pop(0)
                code = self.used(need, base)
                if isinstance(part, low.Chain) and all(n in tensors for n in w.storages_of(part.left)):
                    self.cx.use("F")
                    left = code_of(part.left, tensors, {}, self.cx)
                    code = py.call("F.linear", code, left, *((bias,) if bias is not None else ()))
                    bias = None
            total = code if total is None else py.Binary("+", total, code)
        assert total is not None
        return total if bias is None else py.Binary("+", total, bias)

    def used(self, need: Module, base: py.Expr) -> py.Expr:
        """The call of another owner; its role's argument is named when all owners are known."""
        if need.role is None:
            return py.call(base, X)
        return py.Call(base, (X,), ((self.keyword(need.path, need.role), py.Const(True)),))

    def _term(
        self, layer: str, form: low.Form, bias: py.Expr | None = None, tensors: Mapping[int, py.Expr] | None = None
    ) -> py.Expr:
        """One product with x, over own storages."""
        tensors = tensors if tensors is not None else self._tensors(self.host.owned)
        self.cx.use("F")
        tail = (bias,) if bias is not None else ()
        match form:
            case low.Whole():
                weight = code_of(form.expr, tensors, {}, self.cx)
                if layer == "Embedding":
                    return py.call("F.embedding", X, weight)
                if layer == "Linear":
                    return py.call("F.linear", X, weight, *tail)
                return LAYERS[layer].functional((X,), {"weight": weight, "bias": bias}, {}, self.cx)
            case low.Chain():
                left, right = (code_of(each, tensors, {}, self.cx) for each in (form.left, form.right))
                if layer == "Embedding":
                    return py.call("F.linear", py.call("F.embedding", X, left), py.method(right, "t"))
                return py.call("F.linear", py.call("F.linear", X, right), left, *tail)
            case low.Scaled():
                scaled = py.Binary("*", scale_code(Real(form.factor, form.code), {}), self._term(layer, form.of, None, tensors))
                return scaled if bias is None else py.Binary("+", scaled, bias)
            case low.Sum():
                total = self._term(layer, form.parts[0], bias, tensors)
                for part in form.parts[1:]:
                    total = py.Binary("+", total, self._term(layer, part, None, tensors))
                return total
            case low.Repeated():
                small = self._term(layer, form.of, None, tensors)
                whole = py.method(small, "repeat_interleave", py.Const(form.times), dim=py.integer(-1))
                return whole if bias is None else py.Binary("+", whole, bias)

    def _doc(self) -> str:
        host = self.host
        names = role_names(host)
        kind = host.unit.name
        if host.roles and plain(host, self.solved):
            uses = " and ".join(_use_words(name) for name in names.values())
            return f"{_article(kind)} whose weight is used again: {uses}."
        if plain(host, self.solved) and not host.exports:
            return f"nn.{kind} with the initial values of the spec."
        if host.exports and not host.roles:
            return f"{_article(kind)} that others read: without input it gives its weight."
        if self._bias_only():
            return "A bias whose weight is another layer's."
        owned = {storage.name for storage in host.owned}
        if any("lora" in name for name in owned):
            if "weight" not in owned:
                return f"The low-rank correction of {_article(kind)[0].lower() + _article(kind)[1:]} that it is given."
            return f"{_article(kind)} with a low-rank correction of its own."
        if any(n.startswith("weight_u") for n in owned) and not any(n.startswith("weight_v") for n in owned):
            return f"{_article(kind)} over another's basis: its weight is a product with the factor given."
        if any(name.endswith(("_u", "_v")) for name in owned):
            return f"{_article(kind)} whose weight is a product of two factors."
        return f"{_article(kind)} made of shared and private parts."


def _use_words(name: str) -> str:
    return {
        "project": "`project` turns features into scores of its rows",
        "transpose": "`transpose` maps back",
        "base": "`base` leaves private parts out",
        "basis": "`basis` is the right factor alone",
        "lookup": "`lookup` reads rows",
    }.get(name, f"`{name}`")


def _article(kind: str) -> str:
    return ("An " if kind[0] in "AEIOU" else "A ") + kind


def _fresh(name: str, params: list[py.Param]) -> str:
    taken = {param.name for param in params} | {"self", "x"}
    text, number = name, 2
    while text in taken:
        text, number = f"{name}_{number}", number + 1
    return text


def _expressions(form: low.Form) -> tuple[w.Expr, ...]:
    from sharedsl.emit.needs import expressions

    return expressions(form)


def _passing_init(numbers: Mapping[str, Real]) -> py.FunctionDef:
    """A constructor that takes the initialiser's numbers beside torch's own arguments."""
    params = [py.Param("self"), py.Param("*args")]
    body: list[py.Stmt] = []
    for name in numbers:
        params.append(py.Param(name))
        body.append(py.Assign((parameter(name),), py.Name(name)))
    params.append(py.Param("**kwargs"))
    rest = py.Call(
        py.Attr(py.call("super"), "__init__"), (py.Starred(py.Name("args")),), (("", py.Name("kwargs")),)
    )
    return py.FunctionDef("__init__", tuple(params), (*body, py.ExprStmt(rest)))


def shape_of(storage: w.Storage, host: Host) -> Shape:
    """How torch lays the storage out: a Linear's outputs joined, its inputs joined; everything else axis by axis."""
    outs = [int(axis.size.value or 0) for axis in storage.axes if axis.side == "out"]
    ins = [int(axis.size.value or 0) for axis in storage.axes if axis.side == "in"]
    if host.unit.name == "Linear" and storage.role not in ("bank", "coefficient"):
        own = {"weight": ("outputs", "inputs"), "bias": ("outputs",)}.get(storage.name)
        sizes = tuple(_product(side) for side in (outs, ins) if side)
        return Shape(sizes, own or _names(storage, sizes))
    sizes = tuple(outs + ins)
    if host.unit.name == "Embedding" and storage.name == "weight":
        return Shape(sizes, ("rows", "dim"))
    return Shape(sizes, _names(storage, sizes))


def _names(storage: w.Storage, sizes: tuple[int, ...]) -> tuple[str, ...]:
    if len(sizes) == 2:
        if storage.name.endswith(("_u", "_b")):
            return ("outputs", "rank")
        if storage.name.endswith(("_v", "_a")):
            return ("rank", "inputs")
    known = [axis.name for axis in storage.axes]
    if len(known) == len(sizes) and len(set(known)) == len(known) and all(known) and storage.role == "weight":
        return tuple(str(name) for name in known)
    first = "templates" if storage.role in ("bank", "coefficient") else f"{storage.name}_size"
    rest = [name or f"{storage.name}_{at}" for at, name in enumerate(known[1:], 1)] if len(known) == len(sizes) else []
    if len(rest) + 1 == len(sizes) and len({first, *rest}) == len(sizes):
        return (first, *rest)
    return tuple(f"{storage.name}_{at}" for at in range(len(sizes)))


def _product(values: list[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result
