"""The model's words in the words of a block: its `dim` may be called `width` there, or be half of it, or be unknown.

What plans and initialisers say is in the model's parameters, and names of two scopes that are spelled alike mean
nothing to each other: the arguments of the blocks on the way down tell which is which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.emit.hosts import Layout
from sharedsl.emit.init_words import code_of
from sharedsl.emit.terms import constant, tidy
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Arith, Real, Size, Value, named
from sharedsl.model.tree import Model
from sharedsl.record import dataclass, field


@dataclass(slots=True)
class Scopes:
    """Every block's parameters in the model's words."""

    model: Model
    _known: dict[Path, dict[str, Arith]] = field(default_factory=dict)
    _words: dict[Path, dict[Arith, Arith]] = field(default_factory=dict)

    def of(self, path: Path) -> dict[str, Arith]:
        if path not in self._known:
            if not path:
                self._known[path] = {name: named(name) for name, each in self._given(path).items() if _numeric(each)}
            else:
                outer = self.of(path[:-1])
                codes = {name: code_of(each) for name, each in self._given(path).items() if _numeric(each)}
                self._known[path] = {name: tidy(code.substitute(outer)) for name, code in codes.items()}
        return self._known[path]

    def _given(self, path: Path) -> Mapping[str, Value]:
        if not path:
            return self.model.root.arguments
        return self.model.unit_at(path[:-1]).children[path[-1].name].arguments[path[-1].index or 0]

    def inside(self, path: Path, code: Arith) -> Arith | None:
        """Code in the model's words, in those of the block at `path`; None where its parameters do not say it."""
        if path not in self._words:
            found: dict[Arith, Arith] = {}
            for name, each in self.of(path).items():
                if not constant(each):
                    found.setdefault(each, named(name))
            self._words[path] = found
        return _rewritten(tidy(code), self._words[path])


def _rewritten(code: Arith, words: Mapping[Arith, Arith]) -> Arith | None:
    if code in words:
        return words[code]
    if code.op == "name":
        return None
    args: list[object] = []
    for each in code.args:
        part = _rewritten(each, words) if isinstance(each, Arith) else each
        if part is None and each is not None:
            return None
        args.append(part)
    return Arith(code.op, tuple(args))  # type: ignore[arg-type]


def _numeric(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(_numeric(each) for each in value)
    return isinstance(value, Size | Real) and value.value is not None


def scale_names(solved: w.Solved) -> tuple[str, ...]:
    """The model's parameters that the constants of a plan are made of: `dim ** -0.5 * embed.weight`."""
    return tuple(sorted({name for code in _scales(solved.reads) for name in code.names()}))


def unsaid_scales(layout: Layout, scopes: Scopes) -> set[str]:
    """Those of them that some reader writes as a number, because its block does not have them."""
    found: set[str] = set()
    for path, host in layout.hosts.items():
        exprs = [each for variant in host.variants for each in variant]
        exprs += [expr for expr, _ in host.weights.values()]
        codes = [] if host.leaf else _scales(exprs)
        for app in host.apps:
            for step, binding in host.bindings.items():
                reach = binding.reach
                codes += [] if reach.scale is None else [reach.scale.code]
                if reach.kind == "functional" and step in app.children:
                    codes += _scales([layout.solved.reads[site] for site in app.children[step].weights.values()])
        found |= {name for code in codes if scopes.inside(path, code) is None for name in code.names()}
        if host.leaf:  # a leaf's own class knows sizes of its weights, and no more
            found |= {name for code in _scales(exprs) for name in code.names()}
    return found


def _scales(exprs: Iterable[w.Expr]) -> list[Arith]:
    """The codes of the constants in weight expressions."""
    found: dict[Arith, None] = {}
    seen: set[int] = set()
    todo = list(exprs)
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        todo += w.children(each)
        if isinstance(each, w.Scale):
            found[each.code] = None
    return list(found)


def unsaid_sizes(solved: w.Solved) -> set[str]:
    """Parameters behind sizes that have no words in the code, such as what a partial tie leaves of a weight."""
    found: set[str] = set()
    for site, read in zip(solved.sites, solved.reads, strict=True):
        if isinstance(read, w.Concat) and len(read.shape) > 2:  # put together axis by axis, in numbers
            found.update(*(axis.size.formula.names() for axis in site.spec.axes))
    for storage in solved.storages:
        if storage.site >= len(solved.sites):  # a plan's own weight
            continue
        whole = solved.sites[storage.site].spec.axes
        read = solved.reads[storage.site]
        for at, (axis, before) in enumerate(zip(storage.axes, whole, strict=False)):
            if isinstance(read, w.Repeat) and read.axis == at:
                continue  # one for all: said by the repeat
            if storage.role == "weight" and not axis.size.code.names() and not axis.size.same(before.size):
                found |= before.size.formula.names()
    return found
