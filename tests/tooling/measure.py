"""What `check` says of mistakes made on purpose: which are reported, which reports have no cause, how many have a fix.

`python -m tests.tooling.measure [--seed N]` prints the figures, by kind, and what went wrong.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics.forms import render
from sharedsl.diagnostics.paint import Paint
from sharedsl.source import SourceFile
from tests.tooling.mutations import Mutation, apply, mistakes, problems

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tooling.md"
_HEAD = """# What `check` makes of mistakes

Written by `python -m tests.tooling.measure --page`. Five mistakes are made on purpose in each spec that is long enough:
those that the text shows all at once, those that lie in values (shapes, kinds, what is missing) each alone, for nothing
is said of what depends on a mistake. A change that leaves a legal program is no mistake, it is drawn anew. A report has
a cause if it is on the line of a mistake or beside it, or is about a name or a value that the line declares.

| what | measured | aim |
|---|---|---|"""
#: what is said of values, which flow downwards
_VALUES = ("shape", "input-shape", "output-shape", "wrong-kind", "bad-size")
CORPUS = ROOT / "tests" / "tooling" / "data" / "mutations.json"
#: mistakes in one file
PER_FILE = 5


def files() -> list[Path]:
    """Every spec without errors that is long enough for five mistakes that lie apart."""
    paths = [*(ROOT / "specs").rglob("*.sdsl"), *(ROOT / "sharedsl" / "std").glob("*.sdsl")]
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(paths)}
    return [path for path, text in texts.items() if text.count("\n") >= 25 and not problems(text, str(path))]


@dataclass
class Figures:
    """Of a corpus: mistakes by kind, those found, those with a fix, reports, and reports without a cause."""

    made: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    spurious: int = 0
    #: what is worth a look
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.made.total()

    def add(self, other: Figures) -> None:
        for name in ("made", "found", "mended", "reports"):
            getattr(self, name).update(getattr(other, name))
        self.spurious += other.spurious
        self.notes += other.notes

    def summary(self) -> dict[str, float]:
        return {
            "mistakes": self.total,
            "kinds": len(self.made),
            "found": self.found.total() / self.total,
            "spurious": self.spurious,
            "reports each": (self.reports.total() + self.spurious) / self.total,
            "with a fix": self.mended.total() / self.total,
        }


def told(text: str, path: str) -> list[dict[str, Any]]:
    """The errors as `check --format json` prints them."""
    analysis = analyze(SourceFile(path, text))
    shown = render("json", analysis.diagnostics, analysis.sources, Paint(), [path], {})
    return [each for each in json.loads(shown)["diagnostics"] if each["code"] != "budget"]


def measure(path: Path, made: list[Mutation]) -> Figures:
    """The mistakes of one spec: those of the text all at once, those of values each alone."""
    text = path.read_text(encoding="utf-8")
    written = [each for each in made if not each.is_meant]
    figures = Figures()
    for group in [*([written] if written else []), *([each] for each in made if each.is_meant)]:
        figures.add(_measure(path, text, group))
    return figures


def draw(path: Path, seed: str = "0") -> list[Mutation]:
    """Five mistakes in a spec."""
    return mistakes(path.read_text(encoding="utf-8"), str(path), f"{seed} {path.relative_to(ROOT)}", PER_FILE)


def corpus() -> dict[Path, list[Mutation]]:
    """The committed mistakes, but for those on lines that have changed since."""
    found: dict[Path, list[Mutation]] = {}
    for name, entries in json.loads(CORPUS.read_text(encoding="utf-8")).items():
        path = ROOT / name
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        made = [Mutation(kind, line, before, tuple(after)) for kind, line, before, after in entries]
        found[path] = [each for each in made if each.line < len(lines) and lines[each.line] == each.before]
    return found


def write_corpus() -> None:
    drawn = {str(path.relative_to(ROOT)): draw(path) for path in files()}
    rows = {name: [[each.kind, each.line, each.before, each.after] for each in made] for name, made in drawn.items()}
    shown = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in entries) + "\n]"
        for name, entries in rows.items()
    )
    CORPUS.write_text("{\n" + shown + "\n}\n", encoding="utf-8")


def _measure(path: Path, text: str, made: list[Mutation]) -> Figures:
    broken, places = apply(text, made)
    figures = Figures(Counter(each.kind for each in made))
    name = path.relative_to(ROOT)
    found: set[Mutation] = set()
    mended: set[Mutation] = set()
    for each in told(broken, str(path)):
        cause = cause_of(each, str(path), places, broken.split("\n"))
        if cause is None:
            figures.spurious += 1
            label = each["labels"][0]
            said = f"[{each['code']}] {each['message']}"
            figures.notes.append(f"no cause: {name}:{label['start']['line']}: {said}; {[show(one) for one in made]}")
            continue
        figures.reports[cause.kind] += 1
        found.add(cause)
        if each["fixes"]:
            mended.add(cause)
    figures.found.update(each.kind for each in found)
    figures.mended.update(each.kind for each in mended)
    figures.notes += [f"not found: {name}: {show(each)}" for each in made if each not in found]
    figures.notes += [f"no fix: {name}: {show(each)}" for each in made if each in found - mended]
    return figures


def show(mutation: Mutation) -> str:
    after = " / ".join(line.strip() for line in mutation.after)
    return f"{mutation.kind}: {mutation.before.strip()!r} -> {after!r}"


def cause_of(report: dict[str, Any], path: str, places: dict[int, Mutation], lines: list[str]) -> Mutation | None:
    """The mistake that a report is about: it is on its line or beside it, or it is a consequence.

    A consequence underlines or quotes a name that the line declares or that the mistake took from it, or names the line
    as its second place, or stands at the head of the body that lacks what was on it, or, where the mistake is the
    only one and lies in a value, is about a value further down: a wrong size shows where it meets another.
    """
    label = report["labels"][0]
    start, end = label["start"], label["end"]
    if label["file"] == path:
        for line in (start["line"], start["line"] - 1, start["line"] + 1):
            if line in places:
                return places[line]
    for other in report["labels"][1:]:
        for line in range(other["start"]["line"], other["end"]["line"] + 1):
            if other["file"] == path and line in places:
                return places[line]
    said = set(re.findall(r"`(\w+)", report["message"]))
    if label["file"] == path:
        stop = end["column"] - 1 if end["line"] == start["line"] else None
        said |= set(re.findall(r"\w+", lines[start["line"] - 1][start["column"] - 1 : stop]))
    for mutation in dict.fromkeys(places.values()):
        if said & mutation.words:
            return mutation
    if report["code"] in ("no-return", "no-forward", "missing-argument"):
        return next((each for line, each in places.items() if start["line"] <= line), None)
    if report["code"] in _VALUES:
        return next((each for line, each in places.items() if each.is_meant and line < start["line"]), None)
    return None


def page(figures: Figures) -> str:
    """docs/tooling.md: the figures beside their aims, and by kind."""
    done = figures.summary()
    rows = [
        ("mistakes, of so many kinds", f"{done['mistakes']} of {done['kinds']}", "300 of 8"),
        ("their lines are reported", f"{done['found']:.1%}", "97%"),
        ("reports without a cause", f"{done['spurious']}", "0"),
        ("reports for each mistake", f"{done['reports each']:.2f}", "1.1 at most"),
        ("mistakes with a fix", f"{done['with a fix']:.1%}", "75%"),
    ]
    table = [f"| {what} | {number} | {aim} |" for what, number, aim in rows]
    kinds = [
        f"| {kind} | {figures.made[kind]} | {figures.found[kind]} | {figures.mended[kind]} |"
        for kind in sorted(figures.made)
    ]
    return "\n".join([_HEAD, *table, "", "| kind | made | reported | with a fix |", "|---|---|---|---|", *kinds, ""])


def main() -> None:
    figures = Figures()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", help="draw mistakes anew, with this seed, in place of the committed ones")
    parser.add_argument("--write", action="store_true", help="draw the committed corpus anew")
    parser.add_argument("--page", action="store_true", help="write docs/tooling.md")
    options = parser.parse_args()
    if options.write:
        write_corpus()
    chosen = {path: draw(path, options.seed) for path in files()} if options.seed else corpus()
    for path, made in chosen.items():
        figures.add(measure(path, made))
    if options.page:
        PAGE.write_text(page(figures), encoding="utf-8")
    print("\n".join(figures.notes))
    for kind in sorted(figures.made):
        counts = (figures.made[kind], figures.found[kind], figures.mended[kind], figures.reports[kind])
        print(f"{kind:26} made {counts[0]:3} found {counts[1]:3} with a fix {counts[2]:3} reports {counts[3]:3}")
    print(figures.summary())


if __name__ == "__main__":
    main()
