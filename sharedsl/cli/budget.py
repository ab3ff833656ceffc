"""Tell what each build costs: parameters, bytes, FLOPs and state, without building it."""

from __future__ import annotations

import argparse
import json

from sharedsl.analysis.budget.document import Budget
from sharedsl.cli import session
from sharedsl.cli.budgets import of_builds
from sharedsl.cli.inputs import numbers, specs
from sharedsl.cli.options import add_form, add_specs
from sharedsl.cli.table import bar, data, short, table
from sharedsl.cli.terminal import paint, write
from sharedsl.diagnostics.paint import Paint

EXAMPLES = """examples:
  sharedsl budget specs/encoder/albert.sdsl
  sharedsl budget model.sdsl --build Small --at B=1,T=128 --storages
  sharedsl budget model.sdsl --set dim=1024,depth=24 --json

stored    parameters, each tensor once       applied   what all applications see, each time
state     numbers kept per token and sequence (keys and values)
FLOPs     of one forward: 2 x multiply-accumulates, as PyTorch's counter counts them; wants --at
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_specs(parser, needed=True)
    add_form(parser)
    parser.add_argument(
        "--build", action="append", default=[], metavar="NAME", help="only this build (may be repeated)"
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=N", help="change a parameter of the model")
    parser.add_argument("--at", action="append", default=[], metavar="B=1,T=128", help="run-time sizes")
    parser.add_argument("--modules", action="store_true", help="a row for each layer")
    parser.add_argument("--storages", action="store_true", help="a row for each stored tensor, and what reads it")
    parser.add_argument("--formulas", action="store_true", help="each total as a formula in the model's parameters")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(options: argparse.Namespace) -> int:
    found = session.Findings(options.output_format)
    overrides, at = numbers(options.set, "--set"), numbers(options.at, "--at")
    budgets = of_builds(specs(options.paths), options.build, overrides, at, found)
    if options.json:
        document = {"schema": 1, "builds": [each.document() for each in budgets]}
        write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return found.report()
    p = paint()
    if budgets:
        write(overview(budgets, p))
    for each in budgets:
        details = [
            modules(each, p) if options.modules else "",
            storages(each, p) if options.storages else "",
            formulas(each, p) if options.formulas else "",
        ]
        if any(details):
            write("\n" + p(each.name, "bold") + "\n\n" + "\n".join(part for part in details if part))
    return found.report()


def overview(budgets: list[Budget], p: Paint) -> str:
    """One row for each build; a column that says nothing is left out."""
    frozen = any(each.values["frozen"] for each in budgets)
    buffers = any(each.values["buffers"] for each in budgets)
    flops = any(each.values["flops"] is not None and each.at for each in budgets)
    state = any(each.values["state_per_token"] for each in budgets)
    sent = any(each.sent for each in budgets)
    head = ["build", "stored", *(["frozen"] if frozen else []), "applied", "ratio", *(["buffers"] if buffers else [])]
    head += ["bytes", *(["FLOPs"] if flops else []), *(["state/token"] if state else [])]
    head += ["sent", "+ buffers", "a round"] if sent else []
    rows: list[list[str | tuple[str, str]]] = [[(title, "dim") for title in head]]
    for each in budgets:
        v = each.values
        stored, applied = v["stored"] or 0, v["applied"] or 0
        row: list[str | tuple[str, str]] = [(each.name, "bold"), f"{stored:,}"]
        row += [f"{v['frozen']:,}"] if frozen else []
        row += [f"{applied:,}", (f"{applied / stored:.2f}x" if stored else "-", "green" if applied > stored else "")]
        row += [f"{v['buffers']:,}"] if buffers else []
        row += [data(v["bytes"])]
        row += [("<= " if each.totals.early else "") + short(v["flops"])] if flops else []
        row += [f"{v['state_per_token']:,}" if v["state_per_token"] is not None else "-"] if state else []
        row += _sent(each) if sent else []
        rows.append(row)
    return table(rows, paint=p) + _settings(budgets, p)


def _sent(budget: Budget) -> list[str]:
    """Numbers in the parameters and in the buffers that a round of federated training sends, and their bytes."""
    found = budget.sent
    if found is None:
        return ["-", "-", "-"]
    return [f"{found['params']:,}", f"{found['buffers']:,}", data(found["bytes"] + found["buffer_bytes"])]


def _settings(budgets: list[Budget], p: Paint) -> str:
    at = {name: value for each in budgets for name, value in each.at.items()}
    if at:
        without = [each.sizes for each in budgets if each.values["flops"] is None]
        missing = [name for sizes in without for name, value in sizes.items() if value is None]
        hint = f"; FLOPs want {', '.join(dict.fromkeys(missing))}, too" if missing else ""
        return p("at " + ", ".join(f"{name} = {value:,}" for name, value in at.items()) + hint, "dim") + "\n"
    if any(each.values["flops"] is None for each in budgets):
        sizes = next(each for each in budgets if each.values["flops"] is None)
        names = ",".join(f"{name}={1 if name == 'B' else 128}" for name, value in sizes.sizes.items() if value is None)
        return p(f"--at {names} adds FLOPs", "dim") + "\n" if names else ""
    return ""


def modules(budget: Budget, p: Paint) -> str:
    """The tree of layers; equal neighbours in a stack are one row."""
    rows: list[list[str | tuple[str, str]]] = [[(t, "dim") for t in ("layer", "", "stored", "applied", "FLOPs")]]
    whole = budget.values["stored"] or 1
    for row in budget.modules:
        name = "  " * row.depth + row.path.split(".")[-1]
        flops = short(row.flops) if row.flops is not None else "-"
        share = (bar(row.stored / whole, 10, p), "blue")
        rows.append([name, (row.layer, "dim"), f"{row.stored:,}", f"{row.applied:,}", flops, share])
    return table(rows, left=(0, 1, 5), paint=p)


def storages(budget: Budget, p: Paint) -> str:
    """Every stored tensor with its readers; readers with one expression are one line."""
    lines = []
    for row in budget.storages:
        shape = " x ".join(map(str, row.shape)) or "scalar"
        marks = "" if row.trainable else p("  frozen", "yellow")
        line = budget.line_of(row.span)
        where = f"  {row.span.path}:{line}" if line else ""
        lines.append(f"{p(row.owner, 'bold')}  [{shape}]  {row.numel:,}{marks}{p(where, 'dim')}")
        by_expression: dict[str, list[str]] = {}
        for reader in row.readers:
            by_expression.setdefault(reader.expression, []).append(reader.site)
        for expression, sites in by_expression.items():
            shown = ", ".join(sites[:4]) + (f" and {len(sites) - 4:,} more" if len(sites) > 4 else "")
            said = "" if expression == row.owner else p(f" = {expression}", "cyan")
            if len(row.readers) > 1 or said:
                lines.append(f"    {shown}{said}")
    return "\n".join(lines) + "\n"


def formulas(budget: Budget, p: Paint) -> str:
    """Each total as an expression; what all of them rest on comes last, once."""
    lines = []
    conditions = [set(formula.where) for formula in budget.formulas.values()]
    shared = set.intersection(*conditions) if conditions else set()
    for name, formula in budget.formulas.items():
        lines.append(f"{p(name, 'bold')} = {_unwrapped(formula.expression)}")
        held = ", ".join(f"{parameter} = {value}" for parameter, value in formula.fixed.items())
        if held:
            lines.append(p(f"    for {held} only", "yellow"))
        own = [condition for condition in formula.where if condition not in shared]
        if own:
            lines.append(p(f"    where {', '.join(own)}", "dim"))
    if shared:
        first = next(iter(budget.formulas.values())).where
        lines.append(p(f"where {', '.join(each for each in first if each in shared)}", "dim"))
    return "\n".join(lines) + "\n"


def _unwrapped(text: str) -> str:
    """Without parentheses around the whole."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1]
