"""Which build decides what a text comes to: the first of the file that uses a model, else the model's defaults."""

from __future__ import annotations

from collections.abc import Callable

from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, compile_build, compile_plan
from sharedsl.ide.facts import Facts
from sharedsl.model.sizes import Real, Size, Value
from sharedsl.record import replace
from sharedsl.syntax import ast


def plain(value: Value) -> object:
    """An argument as plain Python."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value.value if isinstance(value, Size | Real) else value


class Deciding:
    """The facts of one version of a file, made when they are asked for. `before` are those of the version before."""

    def __init__(self, analysis: Analysis, before: Deciding | None = None) -> None:
        #: a text that is being typed is often not whole; what is said of it is not compiled
        self.analysis = replace(analysis, misread=())
        self._known: dict[str, Facts | None] = {}
        self._before = before._known if before is not None else {}

    def of_build(self, name: str) -> Facts | None:
        return self._made(f"build {name}", lambda: compile_build(self.analysis, name))

    def of_model(self, name: str) -> Facts | None:
        """By the first build that uses it, or by its defaults."""
        for build in self.analysis.builds.values():
            if build.model == name:
                found = self.of_build(build.name)
                if found is not None:
                    return found
        return self.plain(name)

    def plain(self, name: str) -> Facts | None:
        """A model at its defaults, without a plan."""
        return self._made(f"model {name}", lambda: compile_plan(self.analysis, name))

    def of_plan(self, plan: ast.Plan) -> Facts | None:
        """By the first build that takes it, or on the model's defaults."""
        for build in self.analysis.builds.values():
            if build.model == plan.model and any(ref.name == plan.name for ref in build.plans):
                return self.of_build(build.name)
        if any(param.default is None for param in plan.params):
            return None
        key = f"plan {plan.model} {plan.name}"
        return self._made(key, lambda: compile_plan(self.analysis, plan.model, (plan.name,)))

    def compared(self, model: str, plan: str = "") -> Facts | None:
        """A model under one plan alone, or none, at the sizes of the build that decides: plans side by side."""
        known = self.of_model(model)
        build = known.compiled.build if known is not None else None
        given = known.model.root.arguments if known is not None and build is not None else {}
        named = {arg.name for arg in build.args} if build is not None else set()
        sizes = {name: plain(value) for name, value in given.items() if name in named}
        plans = (plan,) if plan else ()
        return self._made(f"compare {model} {plan}", lambda: compile_plan(self.analysis, model, plans, sizes))

    def of_block(self, item: ast.Block | ast.Function) -> Facts | None:
        """By the first model of the file that reaches it."""
        if isinstance(item, ast.Block) and item.kind == "model":
            return self.of_model(item.name)
        for name in self._models():
            facts = self.of_model(name)
            if facts is not None and (isinstance(item, ast.Function) or facts.unit(item.name_span)):
                return facts
        return None

    def _models(self) -> list[str]:
        """Those of builds first, in the text's order."""
        built = [build.model for build in self.analysis.builds.values()]
        items = self.analysis.file.items
        models = [item.name for item in items if isinstance(item, ast.Block) and item.kind == "model"]
        return list(dict.fromkeys((*built, *models)))

    def _made(self, key: str, make: Callable[[], Compiled]) -> Facts | None:
        if key not in self._known:
            try:
                compiled, known = make(), self._before.get(key)
                self._known[key] = known if known is not None and known.same_as(compiled) else Facts(compiled)
            except Broken:
                self._known[key] = None
        return self._known[key]
