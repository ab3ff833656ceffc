"""What a forward gets: its inputs bound to a call's arguments, and the run-time sizes that they fix."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.arguments import Poisoned, shown, value_of
from sharedsl.analysis.flow_values import RUNTIME, V, described
from sharedsl.analysis.names import unknown
from sharedsl.analysis.scope import FileScope
from sharedsl.analysis.shop import Shop
from sharedsl.diagnostics import Label
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.poly import Poly
from sharedsl.model.sizes import Named, Real, Size, Value
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call in `forward`."""

    name: str | None
    value: V
    span: Span


def match(
    shop: Shop, inputs: tuple[ast.Input, ...], args: list[Argument], what: str, span: Span
) -> dict[str, Argument]:
    """Arguments by the inputs' names. An input given as `none` counts as left out."""
    by_name = {one.name: one for one in inputs}
    found: dict[str, Argument] = {}
    for at, arg in enumerate(args):
        name = arg.name or (inputs[at].name if at < len(inputs) else None)
        if name is None:
            message = f"{what} takes {len(inputs)} input{'s' if len(inputs) != 1 else ''}, and this is number {at + 1}"
            shop.report.error("wrong-count", message, arg.span)
            raise Poisoned
        if name not in by_name:
            place = Span(arg.span.path, arg.span.start, arg.span.start + len(name))
            shop.report.add(unknown("unknown-argument", f"{what} has no input `{name}`", name, place, by_name))
            raise Poisoned
        if name in found:
            shop.report.error("duplicate-argument", f"{what} is given `{name}` twice", arg.span)
            raise Poisoned
        found[name] = arg
    found = {name: arg for name, arg in found.items() if arg.value is not None}
    missing = [f"`{one.name}`" for one in inputs if one.name not in found and one.default is None]
    if missing:
        shop.report.error("missing-argument", f"{what} needs {', '.join(missing)}", span)
        raise Poisoned
    return found


# ---------------------------------------------------------------------------- binding sizes

#: an input, what it is given, its type, and the sizes of its axes as far as they are known
_Later = tuple[ast.Input, Argument, d.Tensor, list[Size | None]]


@dataclass(slots=True)
class Binding:
    """The names that inputs bind: run-time sizes, and how each input is known inside."""

    shop: Shop
    home: FileScope
    #: the block's parameters
    fixed: Mapping[str, Value]
    what: str
    sizes: dict[str, Size] = field(default_factory=dict)
    #: own name of a run-time size -> where it is read
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    names: dict[str, V] = field(default_factory=dict)
    inputs: dict[str, d.Input] = field(default_factory=dict)

    def refuse_twins(self, inputs: tuple[ast.Input, ...]) -> None:
        """Two inputs of one name."""
        first: dict[str, ast.Input] = {}
        for one in inputs:
            if one.name in first:
                also = Label(first[one.name].span, "first here")
                self.shop.report.error("duplicate-name", f"two inputs are called `{one.name}`", one.span, "", also)
                raise Poisoned
            first[one.name] = one

    def bind(self, inputs: tuple[ast.Input, ...], given: Mapping[str, Argument]) -> None:
        """Raises Poisoned where an argument does not fit; every misfit is reported."""
        self.refuse_twins(inputs)
        failed = False
        later: list[_Later] = []
        for one in sorted(inputs, key=lambda one: one.default is not None):
            if one.name in given:
                try:
                    self._input(one, given[one.name], later)
                except Poisoned:
                    failed = True
        for one, arg, type, dims in later:
            try:
                self._fixed_dims(one, arg, type, dims)
            except Poisoned:
                failed = True
        if failed:
            raise Poisoned

    def _input(self, one: ast.Input, arg: Argument, later: list[_Later]) -> None:
        if one.type.dims is None:
            self._plain(one, arg)
            return
        if not isinstance(arg.value, RUNTIME) or not isinstance(arg.value.type, d.Tensor):
            raise self.misfit(one, arg, described(arg.value))
        type = arg.value.type
        if type.optional and one.default is None:
            raise self.misfit(one, arg, f"{type}, so it may be missing")
        if type.dtype != one.type.base:
            raise self.misfit(one, arg, str(type))
        later.append((one, arg, type, self._lone_names(one, arg, type)))

    def misfit(self, one: ast.Input, arg: Argument, got: str) -> Poisoned:
        want = self.shop.text(one.type.span) or one.type.base
        message = f"`{one.name}` of {self.what} is {want}, and this is {got}"
        self.shop.report.error("input-shape", message, arg.span, "", Label(one.span, "declared here"))
        return Poisoned()

    def _plain(self, one: ast.Input, arg: Argument) -> None:
        """A number, a truth value or a function: known when the spec is compiled, or a run-time size."""
        value, base = arg.value, one.type.base
        code = sizes.named(one.name)
        if base == "int" and isinstance(value, Size):
            self.names[one.name] = size = Size(value.ground, value.formula, code)
            self.inputs[one.name] = d.Input(one.name, d.Tensor("int", ()), None, size)
        elif base == "float" and isinstance(value, Real | Size) and value.value is not None:
            self.names[one.name] = Real(float(value.value), code)
            self.inputs[one.name] = d.Input(one.name, d.Tensor("float", ()))
        elif base == "float" and isinstance(value, RUNTIME) and value.type == d.Tensor("float", ()):
            self.names[one.name] = d.Var(one.name, value.type, span=one.span)
            self.inputs[one.name] = d.Input(one.name, value.type)
        elif (base == "bool" and isinstance(value, bool)) or (base == "function" and _is_function(value)):
            self.names[one.name] = value
            self.inputs[one.name] = d.Input(one.name, None)
        else:
            raise self.misfit(one, arg, described(value))

    def _lone_names(self, one: ast.Input, arg: Argument, type: d.Tensor) -> list[Size | None]:
        """Binds `B`, `T`, ..; the sizes of the axes in the block's own terms, None where they are computed later."""
        dims = one.type.dims or ()
        rest = [at for at, dim in enumerate(dims) if dim.value is None]
        if (len(dims) != len(type.dims) and not rest) or len(dims) - len(rest) > len(type.dims):
            raise self.misfit(one, arg, f"{type}: {len(type.dims)} axes, not {len(dims) - len(rest)}")
        hidden = len(type.dims) - len(dims) + 1
        spread: list[ast.Dim | None] = []
        for dim in dims:
            spread += [None] * hidden if dim.value is None else [dim]
        return [self._axis(one, arg, type, at, dim) for at, dim in enumerate(spread)]

    def _axis(self, one: ast.Input, arg: Argument, type: d.Tensor, at: int, dim: ast.Dim | None) -> Size | None:
        actual = type.dims[at]
        if dim is None:
            return self._hidden(one, at, actual)
        name = dim.value.name if isinstance(dim.value, ast.Name) else None
        if name is None or not is_runtime_name(name, self.fixed):
            return None
        if name not in self.sizes:
            self.sizes[name] = Size(actual.ground, actual.formula, sizes.named(name))
            self.places[name] = (one.name, at)
        elif not self.sizes[name].same(actual):
            self.shop.infer(self.sizes[name], actual)
            raise self._disagree(one, arg, type, name, actual)
        return self.sizes[name]

    def _disagree(self, one: ast.Input, arg: Argument, type: d.Tensor, name: str, actual: Size) -> Poisoned:
        source, axis = self.places.get(name, (one.name, 0))
        message = (
            f"`{name}` of {self.what} is {self.sizes[name]} in axis {axis} of `{source}`, and {actual} here: {type}"
        )
        self.shop.report.error("input-shape", message, arg.span, "", Label(one.span, "declared here"))
        return Poisoned()

    def _hidden(self, one: ast.Input, at: int, actual: Size) -> Size:
        """An axis under `...` gets a name too, so that code can say it: the caller's where that is free."""
        shown = str(actual) if isinstance(actual.ground, Poly) else ""
        name = shown if is_runtime_name(shown, self.fixed) and shown.isidentifier() else f"D{at}"
        while name in self.sizes and not self.sizes[name].same(actual):
            name += "_"
        if name not in self.sizes:
            self.sizes[name] = Size(actual.ground, actual.formula, sizes.named(name))
            self.places[name] = (one.name, at)
        return self.sizes[name]

    def _fixed_dims(self, one: ast.Input, arg: Argument, type: d.Tensor, dims: list[Size | None]) -> None:
        """The axes whose sizes are parameters or computed: they must be what the caller gives."""
        written = [dim for dim in one.type.dims or () if dim.value is not None]
        hidden = len(dims) - len(written)
        rest = next((at for at, dim in enumerate(one.type.dims or ()) if dim.value is None), len(dims))
        for at, size in enumerate(dims):
            if size is not None:
                continue
            dim = written[at if at < rest else at - hidden]
            assert dim.value is not None
            scope = self.shop.names({**self.fixed, **self.sizes, **_numbers(self.names)}, self.home)
            want = value_of(dim.value, scope, self.shop.report)
            if not isinstance(want, Size):
                self.shop.report.error("bad-size", f"a size must be a whole number, not {shown(want)}", dim.span)
                raise Poisoned
            if not want.same(type.dims[at]):
                self.shop.infer(want, type.dims[at])
                said = self.shop.text(dim.span)
                is_ = f" = {want}" if said != str(want) else ""
                message = f"axis {at} of `{one.name}` of {self.what} is {said}{is_}, and here {type.dims[at]}: {type}"
                self.shop.report.error("input-shape", message, arg.span, "", Label(one.span, "declared here"))
                raise Poisoned
            dims[at] = want
        own = d.Tensor(type.dtype, tuple(size for size in dims if size is not None), type.optional)
        self.names[one.name] = d.Var(one.name, own, span=one.span)
        self.inputs[one.name] = d.Input(one.name, own)


def is_runtime_name(name: str, fixed: Mapping[str, Value]) -> bool:
    """Upper-case sizes are bound when the module runs, unless a parameter has that name."""
    return name[:1].isupper() and name not in fixed


def _is_function(value: V) -> bool:
    return isinstance(value, Named) and value.kind == "function"


def _numbers(names: Mapping[str, V]) -> dict[str, Value]:
    return {name: value for name, value in names.items() if isinstance(value, Size | Real)}
