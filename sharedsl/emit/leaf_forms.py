"""What a leaf's forward computes: products with own weights, and the calls of other owners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sharedsl import pytree as py
from sharedsl.analysis import lowering as low
from sharedsl.emit.applications import App
from sharedsl.emit.digits import looked_up
from sharedsl.emit.hosts import Host
from sharedsl.emit.layouts import Weights, joined_shape
from sharedsl.emit.leaf_words import bias_only, plain, torch_statistics
from sharedsl.emit.needs import Module, Role, Tensor, Turn, expressions
from sharedsl.emit.numbered import picked
from sharedsl.emit.reads import scale_code
from sharedsl.emit.rewriting import replace
from sharedsl.emit.terms import in_terms, literal_of
from sharedsl.layers import LAYERS
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Arith, Real, Value, literal, named
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass

SELF = py.Name("self")
X = py.Name("x")


def parameter(name: str) -> py.Expr:
    return py.Attr(SELF, name)


@dataclass(slots=True)
class LeafForms:
    host: Host
    solved: w.Solved
    cx: py.CodeContext
    unit_at: Callable[[Path], Unit]
    #: the argument that asks an owner for a role
    keyword: Callable[[Path, Role], str]

    def own(self) -> tuple[tuple[py.Param, ...], py.Expr]:
        """The leaf's own use: its further arguments and its result."""
        host = self.host
        if plain(host, self.solved):
            return (), py.method(py.call("super"), "forward", X)
        if bias_only(host):
            return (), py.Binary("+", X, parameter("bias"))
        params: list[py.Param] = []
        tensors: dict[int, py.Expr] = {each.index: parameter(each.name) for each in host.owned}
        modules: list[tuple[Module, py.Expr]] = []
        for need in host.reach.needs if host.reach is not None else ():
            word = {Module: "owner", Turn: "turn"}.get(type(need)) or need.name  # type: ignore[union-attr]
            name = _fresh(word, params)
            params.append(py.Param(name))
            if isinstance(need, Tensor):
                tensors[need.storage] = py.Name(name)
            elif isinstance(need, Module):
                modules.append((need, py.Name(name)))
        apps = [next(app for app in host.apps if self._reads(app) == reads) for reads in host.variants[1:]]
        results = [self._result(app, tensors, modules) for app in [host.apps[0], *apps]]
        return tuple(params), self._as_large(picked(results))

    def _as_large(self, code: Any) -> Any:
        """Others' tensors are cut to as many rows and columns as the leaf's own weight has, whatever these are."""
        own = next((each for each in self.host.owned if each.name == "weight"), None)
        if own is None or self.host.unit.name != "Linear":
            return code
        lengths = joined_shape(own, self.host.unit)
        for axis, length in enumerate(lengths):
            every, end = py.SliceExpr(), py.item(py.Attr(parameter("weight"), "shape"), axis)
            before, after = (py.SliceExpr(None, stop) for stop in (py.Const(length), end))
            inside = (before, after) if axis == 0 else tuple(py.TupleExpr((every, each)) for each in (before, after))
            for each in {each for each in py.walk(code) if isinstance(each, py.Index) and each.index == inside[0]}:
                code = replace(code, each, py.Index(each.value, inside[1]))
        return code

    def _reads(self, app: App) -> tuple[w.Expr, ...]:
        return tuple(self.solved.reads[site] for _, site in app.sites)

    def _weights(self, tensors: Mapping[int, py.Expr]) -> Weights:
        return Weights(self.solved, self.unit_at, tensors, {}, self.cx, self.host.tables)

    def _result(self, app: App, tensors: Mapping[int, py.Expr], modules: list[tuple[Module, py.Expr]]) -> py.Expr:
        host, weights = self.host, self._weights(tensors)
        repeated = host.reach.repeated if host.reach is not None else None
        bias: py.Expr | None = None
        if "bias" in app.weights and host.unit.name in low.CHAINABLE:
            read = self.solved.reads[app.weights["bias"]]
            if isinstance(read, w.Repeat) and repeated is not None:
                read = read.of
            if all(number in tensors for number in w.storages_of(read)):
                bias = weights.joined(read, len(read.shape))
        if "weight" in app.weights and host.unit.name in low.CHAINABLE:
            site = app.weights["weight"]
            axes = self.solved.sites[site].spec.axes
            form = low.lower(self.solved.reads[site], host.unit.name, axes)
            if isinstance(form, low.Repeated) and repeated is not None:
                form = form.of
            split = sum(axis.side == "out" for axis in axes)
            return self._combined(form, split, bias, tensors, modules)
        given: dict[str, py.Expr | None] = {
            name: weights.logical(self.solved.reads[number]) for name, number in app.weights.items()
        }
        if host.rows > 1:
            row = py.Name("application")
            given |= {name: py.Index(parameter(name), row) for name in ("running_mean", "running_var")}
        return LAYERS[host.unit.name].functional((X,), given, self._numbers(), self.cx)

    def _numbers(self) -> dict[str, Value]:
        """The layer's arguments as plain numbers, for code outside of the parent."""
        own = {name: literal_of(value) for name, value in self.host.unit.arguments.items()}
        if torch_statistics(self.host, self.solved):
            own |= {name: named(f"self.{name}") for name in ("eps", "momentum")}
        for name, weight, axis in self._lengths():
            own[name] = Arith("index", (named(f"self.{weight}.shape"), literal(axis)))
        if self.host.unit.name in ("LayerNorm", "RMSNorm"):
            own["dim"] = Arith("index", (named("x.shape"), literal(-1)))
        return {name: in_terms(value, own) for name, value in self.host.unit.arguments.items()}

    def _lengths(self) -> Iterator[tuple[str, str, int]]:
        """The layer's sizes that are lengths of its own weights: what they are called, which weight, which axis."""
        owned = {each.name: each for each in self.host.owned}
        for name, spec in self.host.unit.weights.items():
            storage = owned.get(name)
            if storage is not None and joined_shape(storage, self.host.unit) == spec.shape:
                for at, axis in enumerate(spec.axes):
                    if axis.size.code.op == "name" and axis.size.code.args[0] in self.host.unit.arguments:
                        yield str(axis.size.code.args[0]), name, at

    def _combined(
        self,
        form: low.Form,
        split: int,
        bias: py.Expr | None,
        tensors: Mapping[int, py.Expr],
        modules: list[tuple[Module, py.Expr]],
    ) -> py.Expr:
        parts = form.parts if isinstance(form, low.Sum) else (form,)
        waiting = list(modules)
        total: py.Expr | None = None
        layer = self.host.unit.name
        for part in parts:
            inside = all(number in tensors for expr in expressions(part) for number in w.storages_of(expr))
            if inside:
                code = self.term(layer, part, split, bias, tensors)
                bias = None
            else:
                need, base = waiting.pop(0)
                code = self.used(need, base)
                if isinstance(part, low.Chain) and all(n in tensors for n in w.storages_of(part.left)):
                    self.cx.use("F")
                    left = self._weights(tensors).joined(part.left, len(part.left.shape) - 1)
                    code = py.call("F.linear", code, left, *((bias,) if bias is not None else ()))
                    bias = None
            total = code if total is None else py.Binary("+", total, code)
        assert total is not None
        return total if bias is None else py.Binary("+", total, bias)

    def used(self, need: Module, base: py.Expr) -> py.Expr:
        """The call of another owner, for a role of it."""
        if need.role is None:
            return py.call(base, X)
        return py.Call(base, (X,), ((self.keyword(need.path, need.role), py.Const(True)),))

    def term(
        self,
        layer: str,
        form: low.Form,
        split: int = 1,
        bias: py.Expr | None = None,
        tensors: Mapping[int, py.Expr] | None = None,
    ) -> py.Expr:
        """One product with x, over own storages."""
        if tensors is None:
            tensors = {each.index: parameter(each.name) for each in self.host.owned}
        weights = self._weights(tensors)
        self.cx.use("F")
        tail = (bias,) if bias is not None else ()
        match form:
            case low.Whole():
                weight = weights.joined(form.expr, split)
                if layer == "Embedding":
                    return py.call("F.embedding", X, weight)
                return py.call("F.linear", X, weight, *tail)
            case low.Chain():
                left = weights.joined(form.left, len(form.left.shape) - 1)
                right = weights.joined(form.right, 1)
                if layer == "Embedding":
                    return py.call("F.linear", py.call("F.embedding", X, left), py.method(right, "t"))
                return py.call("F.linear", py.call("F.linear", X, right), left, *tail)
            case low.Scaled():
                inner = self.term(layer, form.of, split, None, tensors)
                scaled = py.Binary("*", scale_code(Real(form.factor, form.code), {}), inner)
                return scaled if bias is None else py.Binary("+", scaled, bias)
            case low.Sum():
                total = self.term(layer, form.parts[0], split, bias, tensors)
                for part in form.parts[1:]:
                    total = py.Binary("+", total, self.term(layer, part, split, None, tensors))
                return total
            case low.Digits():
                return looked_up(form, [weights.logical(part) for part in form.parts], X, self.cx)
            case low.Repeated():
                whole = weights.joined(self._whole(form), split)
                return py.call("F.linear", X, whole, *tail)

    def _whole(self, form: low.Form) -> w.Expr:
        """The expression that a form was made of."""
        match form:
            case low.Whole() | low.Digits():
                return form.expr
            case low.Chain():
                return w.MatMul(form.left, form.right, (*form.left.shape[:-1], *form.right.shape[1:]))
            case low.Sum():
                parts = tuple(self._whole(part) for part in form.parts)
                return w.Add(parts, parts[0].shape)
            case low.Scaled():
                of = self._whole(form.of)
                return w.Scale(of, form.factor, form.code, of.shape)
            case low.Repeated():
                of = self._whole(form.of)
                shape = list(of.shape)
                shape[form.axis] *= form.times
                return w.Repeat(of, form.axis, form.times, tuple(shape))


def _fresh(name: str, params: list[py.Param]) -> str:
    taken = {param.name for param in params} | {"self", "x"}
    text, number = name, 2
    while text in taken:
        text, number = f"{name}_{number}", number + 1
    return text
