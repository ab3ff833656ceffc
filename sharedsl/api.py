"""The Python interface: `load` a spec, look at its builds, and get modules from them.

builds = sharedsl.load("specs/encoder/albert.sdsl")
build = builds["AlbertBase"]
build.budget(B=1, T=128).values["flops"]
module = build.module()                  # an nn.Module, as `sharedsl compile` would write it
small = build.module(dim=64, heads=4)    # the same architecture and plan at other sizes
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sharedsl.analysis.budget.limits import runtime_sizes
from sharedsl.analysis.budget.subject import budget_of
from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, analyze, compile_build
from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax.read import read_source

if TYPE_CHECKING:
    from sharedsl.analysis.budget.document import Budget
    from sharedsl.runtime.built import Module, Optimizer
    from sharedsl.runtime.report import Report


class SpecError(Exception):
    """A spec has mistakes: `diagnostics` has them as data, the text shows them as `sharedsl check` does."""

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
        from sharedsl.diagnostics.paint import Paint
        from sharedsl.diagnostics.text import full

        self.diagnostics = tuple(each for each in diagnostics if each.severity == "error")
        super().__init__("\n" + full(self.diagnostics, sources, Paint(colour=False)).rstrip())


def load(path: str | os.PathLike[str]) -> Builds:
    """The builds of a spec. FileNotFoundError where there is none; SpecError where it has mistakes."""
    name = os.fspath(path)
    source = read_source(name)
    if isinstance(source, Diagnostic):
        if source.code == "no-file":
            raise FileNotFoundError(source.message)
        raise SpecError((source,), {})
    analysis = analyze(source)
    if analysis.failed:
        raise SpecError(analysis.diagnostics, analysis.sources)
    return Builds(analysis)


class Builds(Mapping[str, "Build"]):
    """The builds of one spec by name, in the text's order."""

    def __init__(self, analysis: Analysis) -> None:
        self._builds = {name: Build(analysis, name) for name in analysis.builds}
        #: the spec's path
        self.path = analysis.source.path

    def __getitem__(self, name: str) -> Build:
        if name not in self._builds:
            from sharedsl.diagnostics.nearest import nearest

            build, _, stage = name.partition("@")
            if build in self._builds and stage in self._builds[build].stages:
                raise KeyError(f"{name!r} is a stage: builds[{build!r}].stage({stage!r})")
            guess = nearest(name, self._builds)
            hint = f"; did you mean {guess!r}?" if guess else f"; there is {', '.join(self._builds) or 'none'}"
            raise KeyError(f"{self.path} has no build {name!r}{hint}")
        return self._builds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._builds)

    def __len__(self) -> int:
        return len(self._builds)

    def __repr__(self) -> str:
        lines = [f"Builds of {self.path}:", *(f"  {build}" for build in self._builds.values())]
        return "\n".join(lines if self._builds else [f"{self.path} has no builds"])

    def _repr_html_(self) -> str:
        from sharedsl.analysis.budget.display import as_html

        return as_html((each.budget() for each in self._builds.values()), f"Builds of {self.path}")

    def _repr_markdown_(self) -> str:
        from sharedsl.analysis.budget.display import as_markdown

        return as_markdown(each.budget() for each in self._builds.values())


class Build:
    """One build: a model at given arguments under a sharing plan."""

    def __init__(self, analysis: Analysis, name: str) -> None:
        self._analysis, self._compiled = analysis, _compiled(analysis, name)
        #: as the spec calls it
        self.name = name
        #: the model's name
        self.model: str = self._compiled.model.name
        #: the plans, as the build names them; empty without one
        self.plan: str = ", ".join(self._compiled.plans)
        #: the stages of the plans by name, in the order in which training comes to them
        self.stages: tuple[str, ...] = () if "@" in name else tuple(each.name for each in analysis.stages.get(name, ()))

    def stage(self, name: str) -> Build:
        """A stage of the build, which has a module, a budget and a proof of its own."""
        if name not in self.stages:
            raise KeyError(f"{self.name} has no stage {name!r}; there is {', '.join(self.stages) or 'none'}")
        return Build(self._analysis, f"{self.name}@{name}")

    def enter(self, previous: Module, optimizer: Optimizer | None = None, **overrides: object) -> Module:
        """For a stage: its module with the values of `previous`, a module of the build or of a stage before this one.

        The optimizer goes on with the new parameters and their moments. The training loop decides when; `from step` in
        the spec is one such rule. `overrides` are those that `previous` was made with.
        """
        if self._compiled.stage is None:
            raise ValueError(f"{self.name} is not a stage; build.stage(name) is one")
        from sharedsl.runtime.built import module_class

        made = module_class(self.source(**overrides), self._compiled.name)
        return made.enter(previous, optimizer)  # type: ignore[attr-defined, no-any-return]

    def budget(self, **sizes: int) -> Budget:
        """Parameters, bytes, FLOPs and state at run-time `sizes` (B=1, T=128), without building."""
        budget = budget_of(self._compiled, sizes)
        _known(sizes, runtime_sizes(budget.totals), f"{self.model} has no run-time size")
        for name, size in sizes.items():
            if not isinstance(size, int) or size < 0:
                raise ValueError(f"{name} must be a whole number of at least 0, not {size!r}")
        return budget

    def source(self, **overrides: object) -> str:
        """The module as `sharedsl compile` writes it; `overrides` are other values for the model's parameters."""
        from sharedsl.runtime.source import source_of

        compiled = _compiled(self._analysis, self.name, **overrides) if overrides else self._compiled
        return source_of(compiled)

    def module(self, **overrides: object) -> Module:
        """The module, made. `overrides` are values for the model's parameters: `build.module(depth=2)`."""
        from sharedsl.runtime.built import module_class

        return module_class(self.source(**overrides), self._compiled.name)()

    def verify(self, seed: int = 0) -> Report:
        """The build at its `test` sizes against its twin without sharing: outputs and all gradients."""
        from sharedsl.runtime.verify import verify_build

        return verify_build(self._analysis, self.name, seed=seed)

    def __repr__(self) -> str:
        stored, applied = (self.budget().values[each] or 0 for each in ("stored", "applied"))
        plan = f" with {self.plan}" if self.plan else ""
        return f"{self.name} = {self.model}{plan}: {stored:,} stored, {applied:,} applied"

    def _repr_html_(self) -> str:
        from sharedsl.analysis.budget.display import as_html

        return as_html([self.budget()])

    def _repr_markdown_(self) -> str:
        from sharedsl.analysis.budget.display import as_markdown

        return as_markdown([self.budget()])


def _known(given: Iterable[str], known: Sequence[str], problem: str) -> None:
    """TypeError for a keyword that means nothing here."""
    for name in given:
        if name not in known:
            from sharedsl.diagnostics.nearest import nearest

            guess = nearest(name, known)
            hint = f"; did you mean {guess!r}?" if guess else f"; there is {', '.join(known) or 'none'}"
            raise TypeError(f"{problem} {name!r}{hint}")


def _compiled(analysis: Analysis, name: str, **overrides: object) -> Compiled:
    if overrides:
        build = analysis.builds[name.partition("@")[0]]
        found = analysis.scope.model(build.model)
        params = list(getattr(found.item, "params", ())) if found is not None else []
        plans = [analysis.scope.plan(build.model, ref.name) for ref in build.plans]
        params += [param for each in plans if each is not None for param in each.plan.params]
        _known(overrides, [param.name for param in params], f"{build.model} has no parameter")
    try:
        return compile_build(analysis, name, overrides=overrides)
    except Broken as broken:
        raise SpecError(broken.diagnostics, analysis.sources) from None
