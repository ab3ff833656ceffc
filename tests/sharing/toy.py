"""Small models for plans: sites and a layer tree from a few words, without elaborating any spec.

A block is a dict: name -> block, (block, n) for a stack, [blocks] for a mixed one, or a leaf `W("heads=4, 2 | 8")`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sharedsl.model.sites import Axis, Init, Path, Site, Step, WeightSpec
from sharedsl.model.sizes import Size, parameter, size
from sharedsl.model.tree import Child, Unit
from sharedsl.sharing import LayerTree, PlanContext, expand, folds, solve
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse


def axes(text: str, params: dict[str, Size]) -> tuple[Axis, ...]:
    """`heads=4, 2 | 8`: named axes, outputs before the bar, inputs after it."""
    out: list[Axis] = []
    for side, part in zip(("out", "in"), text.split("|"), strict=False):
        for each in part.split(","):
            name, _, number = each.strip().rpartition("=")
            number = number.strip()
            value = params[number] if number in params else size(int(number))
            out.append(Axis(value, name.strip() or (number if number in params else None), side))  # type: ignore[arg-type]
    return tuple(out)


@dataclass
class Leaf:
    kind: str
    weights: dict[str, str]
    init: Init = field(default_factory=lambda: Init("kaiming_uniform"))


def W(shape: str, bias: str | None = None, kind: str = "Linear", init: str = "kaiming_uniform") -> Leaf:
    return Leaf(kind, {"weight": shape, **({"bias": bias} if bias else {})}, Init(init))


def Table(shape: str) -> Leaf:
    return Leaf("Embedding", {"weight": shape}, Init("normal", (("std", size(1)),)))


def Norm(shape: str) -> Leaf:
    return Leaf("LayerNorm", {"weight": shape, "bias": shape}, Init("ones"))


class Toy:
    """A model of the toy kind: `sites` in text order; `applied` gives paths more than one application."""

    def __init__(self, tree: dict[str, Any], params: dict[str, int] | None = None, **applied: int) -> None:
        self.params = {name: parameter(name, value) for name, value in (params or {}).items()}
        self.unit = self._unit("Toy", tree, "model")
        self.applied = applied
        self.sites = self.enumerate()

    def _unit(self, name: str, tree: dict[str, Any] | Leaf, kind: str = "block") -> Unit:
        if isinstance(tree, Leaf):
            unit = Unit(tree.kind, "primitive", {})
            for weight, shape in tree.weights.items():
                init = tree.init if weight == "weight" else Init("zeros")
                unit.weights[weight] = WeightSpec(weight, axes(shape, self.params), init)
            return unit
        unit = Unit(name, kind, {})
        for key, value in tree.items():
            block, count = value if isinstance(value, tuple) else (value, None)
            if isinstance(block, list):
                units = tuple(self._unit(key, each) for each in block)
                unit.children[key] = Child(key, units, ({},) * len(units), size(len(units)))
                continue
            made = self._unit(key, block)
            n = 1 if count is None else count
            unit.children[key] = Child(key, (made,) * n, ({},) * n, None if count is None else size(count))
        return unit

    def enumerate(self, edits: tuple[Any, ...] = ()) -> tuple[Site, ...]:
        """The sites, in text order, then index, then application; folds of single layers and of whole stacks."""
        found: list[tuple[Path, WeightSpec, str]] = []
        times: dict[tuple[str, ...], int] = {tuple(key.split("__")): n for key, n in self.applied.items()}
        runs: dict[tuple[str, ...], int] = {}
        elements: dict[tuple[tuple[str, ...], int | None], int] = {}
        for edit in edits:
            where = (*(step.name for step in edit.parent), edit.child)
            if edit.kind == "stack":
                runs[where] = len(edit.order) // len(edit.indices)
            elif edit.kind == "layer":
                elements[where, edit.indices[0] if edit.indices else None] = len(edit.order)
            else:
                for at, index in enumerate(edit.indices):
                    elements[where, index] = edit.order.count(at)
        self._walk(self.unit, (), (), times, runs, elements, found)
        return tuple(Site(at, path, spec, layer) for at, (path, spec, layer) in enumerate(found))

    def _walk(
        self, unit: Unit, path: Path, names: tuple[str, ...], times: Any, runs: Any, elements: Any, found: Any
    ) -> None:
        for weight, spec in unit.weights.items():
            found.append(((*path, Step(weight)), spec, unit.name))
        for name, child in unit.children.items():
            where = (*names, name)
            for at, each in enumerate(child.units):
                index = at if child.stacked else None
                n_runs = runs.get(where, 1)
                n_apps = elements.get((where, index), 1) * times.get(where, 1)
                for run in range(n_runs):
                    for app in range(n_apps):
                        step = Step(name, index, app if n_apps > 1 else None, run if n_runs > 1 else None)
                        self._walk(each, (*path, step), where, times, runs, elements, found)

    # ------------------------------------------------------------------ plans

    def context(self, text: str) -> PlanContext:
        file, problems = parse(SourceFile("toy.sdsl", text))
        assert not problems, problems
        plans = {item.name: item for item in file.items if isinstance(item, ast.Plan)}
        return PlanContext("Toy", dict(self.params), plans, LayerTree(self.unit))

    def solve(self, body: str, *names: str) -> Any:
        """A plan's lines (or whole `sharing` items); gives the solved plan and the diagnostics of all steps."""
        text = body if "sharing " in body else "sharing p of Toy {\n" + body + "\n}\n"
        ctx = self.context(text)
        refs = tuple(ast.PlanRef(name) for name in names or (list(ctx.plans)[-1],))
        expanded, found = expand(refs, ctx)
        edits, more = folds(expanded, ctx)
        sites = self.enumerate(edits) if edits else self.sites
        solved, last = solve(sites, expanded, ctx)
        return Result(solved, [*found, *more, *last], text, edits)


@dataclass
class Result:
    solved: Any
    diagnostics: list[Any]
    text: str
    edits: Any

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.diagnostics]

    def ok(self) -> Result:
        assert not self.diagnostics, "\n".join(f"{d.code}: {d.message}" for d in self.diagnostics)
        return self

    def names(self) -> list[str]:
        from sharedsl.model.sites import key

        return [f"{key(s.owner)}.{s.name}".lstrip(".") for s in self.solved.storages]

    def read(self, path: str) -> Any:
        from sharedsl.model.sites import show

        for site, expr in zip(self.solved.sites, self.solved.reads, strict=True):
            if show(site.path) == path:
                return expr
        raise KeyError(path)

    def owners(self, pattern: str, count: int) -> list[int]:
        """For `layers[%d].x.weight`: the storages, numbered in order of first use."""
        from sharedsl.model.weights import storages_of

        numbers: dict[int, int] = {}
        return [numbers.setdefault(storages_of(self.read(pattern % at))[0], len(numbers)) for at in range(count)]

    @property
    def stored(self) -> int:
        from math import prod

        return sum(prod(s.shape) for s in self.solved.storages)
