"""Put one model under several sharing plans side by side."""

from __future__ import annotations

import argparse
import json

from sharedsl.analysis.budget.document import Budget
from sharedsl.cli import session
from sharedsl.cli.budgets import of_plans
from sharedsl.cli.inputs import numbers, specs
from sharedsl.cli.options import add_form
from sharedsl.cli.table import bar, data, short, table
from sharedsl.cli.terminal import Usage, columns, paint, write
from sharedsl.diagnostics.paint import Paint

EXAMPLES = """examples:
  sharedsl compare specs/encoder/albert.sdsl --model Albert
  sharedsl compare model.sdsl --model Gpt --plans none,tied,twins --at B=1,T=128
  sharedsl compare model.sdsl --model Gpt --html compare.html

Without --plans: none, and every plan of the model that needs no arguments.
A plan with arguments is written "cycle(n = 3)", two plans together "a + b".
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a spec; - is standard input")
    add_form(parser)
    parser.add_argument("--model", metavar="NAME", help="the model (not needed where the spec has one)")
    parser.add_argument("--plans", metavar="none,A,B", help="the plans, in order; `none` is the model as it stands")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=N", help="change a parameter of the model")
    parser.add_argument("--at", action="append", default=[], metavar="B=1,T=128", help="run-time sizes")
    parser.add_argument("--json", action="store_true", help="print the budgets as JSON")
    parser.add_argument("--html", metavar="FILE", help="write the comparison as a page, with pictures of the plans")


def run(options: argparse.Namespace) -> int:
    paths = specs([options.path])
    if len(paths) != 1:
        raise Usage("compare wants one spec")
    plans = split(options.plans) if options.plans is not None else None
    found = session.Findings(options.output_format)
    overrides, at = numbers(options.set, "--set"), numbers(options.at, "--at")
    budgets, texts = of_plans(paths[0], options.model, plans, overrides, at, found)
    if options.json:
        document = {"schema": 1, "builds": [each.document() for each in budgets]}
        write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return found.report()
    p = paint()
    if budgets:
        write(overview(budgets, p))
    if options.html and budgets:
        from sharedsl.cli.page import page

        text = page(budgets[0].totals.model.name, paths[0], budgets, texts)
        try:
            with open(options.html, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as problem:
            raise Usage(f"{options.html} cannot be written: {problem.strerror}") from None
        write(f"\nwrote {options.html}\n")
    return found.report()


def split(text: str) -> list[str]:
    """`none,cycle(n = 3, m = 2),b` at the commas outside of parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def overview(budgets: list[Budget], p: Paint) -> str:
    first = budgets[0]
    flops = any(each.at and each.values["flops"] is not None for each in budgets)
    state = any(each.values["state_per_token"] for each in budgets)
    head = ["plan", "stored", "", "of none" if first.name == "none" else "of first", "applied", "sharing", "bytes"]
    head += [*(["FLOPs"] if flops else []), *(["state/token"] if state else [])]
    rows: list[list[str | tuple[str, str]]] = [[(title, "dim") for title in head]]
    most = max(each.values["stored"] or 0 for each in budgets) or 1
    base = first.values["stored"] or 1
    wide = max(min(columns() - 96, 24), 10)
    for each in budgets:
        v = each.values
        stored, applied = v["stored"] or 0, v["applied"] or 0
        row: list[str | tuple[str, str]] = [(each.name, "bold"), f"{stored:,}", (bar(stored / most, wide, p), "blue")]
        row += [f"{stored / base:.1%}", f"{applied:,}", (f"{applied / stored:.2f}x" if stored else "-", "green")]
        row += [data(v["bytes"])]
        row += [short(v["flops"])] if flops else []
        row += [f"{v['state_per_token']:,}" if v["state_per_token"] is not None else "-"] if state else []
        rows.append(row)
    title = f"{p(first.totals.model.name, 'bold')} under {len(budgets)} plan{'s' if len(budgets) > 1 else ''}"
    sizes = ", ".join(f"{name} = {value:,}" for name, value in first.sizes.items() if value is not None)
    hint = "" if flops or not any(v is None for v in first.sizes.values()) else _hint(first, p)
    return f"{title}  {p(sizes, 'dim')}\n\n" + table(rows, left=(0, 2), paint=p) + hint


def _hint(budget: Budget, p: Paint) -> str:
    names = ",".join(f"{name}={1 if name == 'B' else 128}" for name, value in budget.sizes.items() if value is None)
    return p(f"--at {names} adds FLOPs", "dim") + "\n"
