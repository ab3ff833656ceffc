"""Which names a file can use: its own items, what it imports, and the layers and operations that are built in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from sharedsl.analysis.library import parsed, std_file, std_modules, where_in_std
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.diagnostics import Diagnostic, Edit, Label
from sharedsl.layers import LAYERS
from sharedsl.model.sizes import Named
from sharedsl.ops import OPS
from sharedsl.record import dataclass, field, replace
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

Load = Callable[[str], SourceFile | None]
Read = Callable[[SourceFile], tuple[ast.File, list[Diagnostic]]]
#: chains of imports longer than this are reported, not followed
MAX_IMPORTS = 100


@dataclass(slots=True, eq=False)
class Definition:
    """A block, model, function or extern layer, and the file whose names it is read with."""

    item: ast.Block | ast.Function | ast.Extern
    home: FileScope

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def kind(self) -> str:
        """The kind of parameter it can be given to."""
        return "function" if isinstance(self.item, ast.Function) else "layer"


@dataclass(slots=True, eq=False)
class PlanDefinition:
    plan: ast.Plan
    home: FileScope


@dataclass(slots=True, eq=False)
class FileScope:
    """One file: its tree and what its names stand for."""

    source: SourceFile
    file: ast.File
    names: dict[str, Definition] = field(default_factory=dict)
    #: plans by (name of the model, name), the file's own and imported ones
    plans: dict[tuple[str, str], PlanDefinition] = field(default_factory=dict)
    builds: dict[str, ast.Build] = field(default_factory=dict)
    known: dict[str, Named] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.source.path


@dataclass(slots=True, eq=False)
class Scope:
    """All files in reach by path; `main` is the one that is analysed."""

    main: FileScope
    files: dict[str, FileScope]

    def find(self, named: Named) -> Definition | None:
        """What a name handed on stands for; None for what is built in."""
        home = self.files.get(named.home)
        return home.names.get(named.name) if home else None

    def model(self, name: str) -> Definition | None:
        found = self.main.names.get(name)
        return found if found and isinstance(found.item, ast.Block) and found.item.kind == "model" else None

    def models(self) -> list[str]:
        return [name for name in self.main.names if self.model(name)]

    def plan(self, model: str, name: str) -> PlanDefinition | None:
        """A plan of a model: from this file, or from the one that the model comes from."""
        found = self.main.plans.get((model, name))
        definition = self.model(model)
        if found is None and definition is not None:
            found = definition.home.plans.get((definition.name, name))
        return found

    def plans_of(self, model: str) -> dict[str, PlanDefinition]:
        """All plans of a model by name, in the text's order."""
        found: dict[str, PlanDefinition] = {}
        definition = self.model(model)
        if definition is not None and definition.home is not self.main:
            found |= {name: plan for (of, name), plan in definition.home.plans.items() if of == definition.name}
        return found | {name: plan for (of, name), plan in self.main.plans.items() if of == model}


# ---------------------------------------------------------------------------- loading


def load_scope(source: SourceFile, load: Load, report: Reporter, read: Read = parsed) -> Scope:
    """Parse `source` and all that it imports; mistakes go to `report`. `read` gives a file's tree and its errors."""
    files: dict[str, FileScope] = {}
    main = _Loader(load, report, files, read).file(source, ())
    return Scope(main, files)


def std_definition(scope: Scope, module: str, name: str) -> Definition:
    """A block of the standard library that the compiler itself puts in, whatever the file imports."""
    found = scope.files.get(module)
    if found is None:
        source = std_file(module)
        assert source is not None
        found = _Loader(std_file, Reporter(), scope.files).file(source, ())
    return found.names[name]


@dataclass(slots=True)
class _Loader:
    load: Load
    report: Reporter
    files: dict[str, FileScope]
    read: Read = parsed

    def file(self, source: SourceFile, importing: tuple[str, ...]) -> FileScope:
        tree, problems = self.read(source)
        for problem in problems:
            self.report.add(problem)
        scope = FileScope(source, tree)
        self.files[source.path] = scope
        for item in tree.items:
            if isinstance(item, ast.Import):
                self._import(item, scope, (*importing, source.path))
        for item in tree.items:
            self._define(item, scope)
        scope.known = _known(scope)
        return scope

    def _import(self, item: ast.Import, scope: FileScope, importing: tuple[str, ...]) -> None:
        path = resolve(item.path, scope.path)
        if path in importing or len(importing) > MAX_IMPORTS:
            text = f"more than {MAX_IMPORTS} files import each other in a row"
            if path in importing:
                text = "files import each other: " + " -> ".join((*importing[importing.index(path) :], path))
            self.report.error("import-cycle", text, item.path_span)
            return
        found = self.files.get(path)
        if found is None:
            source = std_file(path) if path.startswith("std/") else self.load(path)
            if source is None:
                self.report.add(_not_found(item, path))
                return
            found = self.file(SourceFile(path, source.text), importing)
        for name in item.names:
            self._import_name(name, found, scope)

    def _import_name(self, name: ast.Name, found: FileScope, scope: FileScope) -> None:
        if name.name in LAYERS or name.name in OPS:
            return
        if name.name in found.names:
            previous = scope.names.get(name.name)
            if previous is not None and previous is not found.names[name.name]:
                self.report.error("duplicate-name", f"`{name.name}` is imported twice, from different files", name.span)
            scope.names[name.name] = found.names[name.name]
            return
        plans = {key: plan for key, plan in found.plans.items() if key[1] == name.name}
        if plans:
            scope.plans |= plans
            return
        message = f"`{found.path}` has no `{name.name}`"
        module = where_in_std(name.name)
        candidates = () if module else tuple(found.names)
        help = f'it is in "{module}"' if module else ""
        self.report.add(unknown("import-unknown-name", message, name.name, name.span, candidates, help))

    def _define(self, item: ast.Item, scope: FileScope) -> None:
        match item:
            case ast.Block() | ast.Function() | ast.Extern():
                self._define_name(item, scope)
            case ast.Plan():
                key = (item.model, item.name)
                self._once("plan", item, scope.plans[key].plan if key in scope.plans else None)
                scope.plans[key] = PlanDefinition(item, scope)
            case ast.Build():
                self._once("build", item, scope.builds.get(item.name))
                scope.builds[item.name] = item
            case _:
                pass

    def _define_name(self, item: ast.Block | ast.Function | ast.Extern, scope: FileScope) -> None:
        previous = scope.names.get(item.name)
        self._once("name", item, previous.item if previous else None)
        if previous is None or previous.home is not scope:
            scope.names[item.name] = Definition(item, scope)

    def _once(self, what: str, item: _Named, previous: _Named | None) -> None:
        if previous is not None and previous is not item:
            first = Label(_name_span(previous), "first here")
            self.report.error("duplicate-name", f"this {what} is taken: `{item.name}`", _name_span(item), "", first)


_Named = ast.Block | ast.Function | ast.Extern | ast.Plan | ast.Build


def _name_span(item: _Named) -> Span:
    return item.name_span if item.name_span.path else item.span


def _known(scope: FileScope) -> dict[str, Named]:
    """What parameters of kind `layer` and `function` can be given by name."""
    known = _built_in().copy()
    for name, definition in scope.names.items():
        known[name] = Named(definition.kind, name, scope.path)
    return known


_BUILT_IN: dict[str, Named] = {}


def _built_in() -> dict[str, Named]:
    if not _BUILT_IN:
        _BUILT_IN.update((name, Named("function", name)) for name in OPS)
        _BUILT_IN.update((name, Named("layer", name)) for name in LAYERS)
    return _BUILT_IN


def resolve(path: str, importer: str) -> str:
    """The path of the file that an import names."""
    if path.startswith("std/"):
        return path
    folder = os.path.dirname(importer)
    joined = os.path.normpath(os.path.join(folder, path)).replace(os.sep, "/")
    if importer.startswith("std/"):
        return joined
    return joined if joined.endswith(".sdsl") else joined + ".sdsl"


def _not_found(item: ast.Import, path: str) -> Diagnostic:
    what = f"there is no `{item.path}`" if path.startswith("std/") else f"there is no file `{path}`"
    help = "" if path.startswith("std/") else "paths are relative to this file"
    found = unknown("import-not-found", what, item.path, item.path_span, std_modules(), help)
    quoted = tuple(replace(fix, edits=tuple(Edit(e.span, f'"{e.text}"') for e in fix.edits)) for fix in found.fixes)
    return replace(found, fixes=quoted)


def names_in(scope: FileScope) -> Iterable[str]:
    """Every block, model and layer that the file can name."""
    yield from (name for name, each in scope.names.items() if each.kind == "layer")
    yield from LAYERS
