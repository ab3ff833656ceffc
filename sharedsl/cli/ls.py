"""List what there is: layers, operations, relations and codes of the language; models, plans and builds of specs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator

from sharedsl.analysis.pipeline import Analysis
from sharedsl.cli import session
from sharedsl.cli.inputs import specs
from sharedsl.cli.options import add_choice
from sharedsl.cli.table import Cell, table
from sharedsl.cli.terminal import Usage, paint, write
from sharedsl.syntax import ast

EXAMPLES = """examples:
  sharedsl ls layers
  sharedsl ls builds specs
  sharedsl ls plans specs/encoder/albert.sdsl --json
"""

#: what is listed -> its rows: name and what it is
Rows = Iterator[tuple[str, str]]


def configure(parser: argparse.ArgumentParser) -> None:
    add_choice(parser, "what", of=(*LANGUAGE, *OF_SPECS), metavar="WHAT", help="what to list")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="for models, plans and builds: specs or folders")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")


def run(options: argparse.Namespace) -> int:
    found = session.Findings()
    if options.what in LANGUAGE:
        if options.paths:
            raise Usage(f"`ls {options.what}` takes no paths: it lists what the language has")
        rows = [(name, "", text) for name, text in LANGUAGE[options.what]()]
    else:
        rows = []
        for path in specs(options.paths or ["."]):
            analysis = session.load(path, found)
            rows += [(name, path, text) for name, text in OF_SPECS[options.what](analysis)]
    if options.json:
        listed = [{"name": name, **({"spec": path} if path else {}), "text": text} for name, path, text in rows]
        write(json.dumps({"schema": 1, options.what: listed}, indent=2, ensure_ascii=False) + "\n")
    elif rows:
        p = paint()
        cells = [_cells(each) for each in rows]
        write(table(cells, left=(0, 1, 2), paint=p))
    return found.report()


def _cells(row: tuple[str, str, str]) -> list[Cell]:
    name, path, text = row
    return [(name, "cyan"), (path, "dim"), text] if path else [(name, "cyan"), text]


def _layers() -> Rows:
    from sharedsl.analysis.library import std_modules
    from sharedsl.layers import LAYERS

    for layer in LAYERS.values():
        params = ", ".join(_param(each.name, each.required, each.default) for each in layer.params)
        yield f"{layer.name}({params})", _first(layer.doc)
    for module in std_modules():
        for item in _std_items(module):
            yield f"{item.name}({_signature(item.params)})", f'from "{module}". {_first(item.doc)}'


def _std_items(module: str) -> list[ast.Block]:
    from sharedsl.analysis.library import parsed, std_file

    source = std_file(module)
    return [item for item in parsed(source)[0].items if isinstance(item, ast.Block)] if source is not None else []


def _param(name: str, required: bool, default: object) -> str:
    if required:
        return name
    shown = "none" if default is None else str(default).lower() if isinstance(default, bool) else default
    return f"{name} = {shown}"


def _signature(params: tuple[ast.Param, ...]) -> str:
    return ", ".join(each.name if each.default is None else f"{each.name} = .." for each in params)


def _first(text: str) -> str:
    """The first sentence, on one line."""
    line = " ".join(text.strip().split("\n\n")[0].split())
    end = line.find(". ")
    while end != -1 and line[:end].endswith(("et al", "e.g", "i.e")):
        end = line.find(". ", end + 1)
    return line if end == -1 else line[: end + 1]


def _operations() -> Rows:
    from sharedsl.ops import OPS

    for op in OPS.values():
        params = ", ".join(_param(each.name, each.required, each.default) for each in op.params)
        yield f"{op.name}({params})", _first(op.doc)


#: the relations of plans, as the language reference has them
RELATIONS = (
    ("tie A = E [with ..]", "A reads E: a view of another weight, scaled, transposed, sliced"),
    (
        "share P across C [how] [except Q] [with ..]",
        "each path of P is one storage for all elements of C, or per group",
    ),
    ("share S", "every site of S reads one storage"),
    ("share P along AXIS [in groups of n]", "slices of one weight along an axis are one: GQA, MQA"),
    ("fold X n times", "X is applied n times in a row, with one set of weights"),
    ("fold X as LIST", "the elements of a stack are applied in this order"),
    ("factorize S rank r", "S = u @ v; with `across C as basis`, `as bank(k)` factors are shared"),
    ("untie S", "S gets storages of its own again"),
    ("freeze S", "not trained"),
    ("local S", "never sent: what each client of a federation keeps"),
    ("stage NAME from step n { .. }", "lines that hold from then on in training; values and moments go on"),
    ("init S = ..", "how the storage begins"),
    ("with lora(rank) / diagonal / scale [on Q]", "a private part for each element of a tie, share or fold"),
    ("for x in .. { }, if .. { }, require ..", "decided when the spec is compiled"),
)


def _relations() -> Rows:
    yield from RELATIONS


def _rules() -> Rows:
    from sharedsl.lint.rules import pages

    for page in pages().values():
        yield page.code, page.title


def _codes() -> Rows:
    from sharedsl.diagnostics.codes import pages

    yield from ((page.code, page.title) for page in sorted(pages().values(), key=lambda page: page.code))


def _models(analysis: Analysis) -> Rows:
    for item in analysis.file.items:
        if isinstance(item, ast.Block) and item.kind == "model":
            yield f"{item.name}({_signature(item.params)})", _first(item.doc)


def _plans(analysis: Analysis) -> Rows:
    for item in analysis.file.items:
        if isinstance(item, ast.Plan):
            params = f"({_signature(item.params)})" if item.params else ""
            yield f"{item.name}{params} of {item.model}", _first(item.doc)


def _builds(analysis: Analysis) -> Rows:
    for item in analysis.file.items:
        if isinstance(item, ast.Build):
            plans = ", ".join(ref.name for ref in item.plans)
            yield item.name, f"{item.model} with {plans}" if plans else item.model
            for stage in analysis.stages.get(item.name, ()):
                yield f"{item.name}@{stage.name}", f"a stage of it, from step {stage.step:,}"


LANGUAGE: dict[str, Callable[[], Rows]] = {
    "layers": _layers,
    "ops": _operations,
    "relations": _relations,
    "codes": _codes,
    "rules": _rules,
}
OF_SPECS: dict[str, Callable[[Analysis], Rows]] = {"models": _models, "plans": _plans, "builds": _builds}
