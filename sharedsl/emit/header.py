"""The docstring of the file: what it is, the letters of its shapes, and the table of what is shared."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sharedsl import pytree as py
from sharedsl.analysis.identity import shown_path
from sharedsl.emit.hosts import Layout
from sharedsl.model import dataflow as d
from sharedsl.model import weights as w
from sharedsl.model.sites import key
from sharedsl.source import SourceFile, Span

WIDTH = 88
_LETTERS = {
    "B": "batch",
    "T": "length",
    "M": "length of the memory",
    "S": "length kept",
    "H": "height",
    "W": "width",
    "C": "channels",
}


def docstring(compiled: Any, plan: Layout, files: dict[str, SourceFile]) -> str:
    model = plan.model
    lines = py.wrap(_sentence(model.root.doc, compiled.name), WIDTH - 3)
    letters = _letters(model.root.bodies[model.entries[None]] if None in model.entries else None)
    if letters:
        lines += ["", *py.wrap(f"Shapes: {letters}.", WIDTH)]
    lines += ["", *_counts(plan.solved)]
    table = _table(plan.solved, files, compiled.analysis.source.path)
    if table:
        lines += ["", "What is shared (each tensor exists once, under the first name):", *table]
    return "\n".join(lines)


def _sentence(doc: str, name: str) -> str:
    return first_sentence(doc) or f"{name}."


def first_sentence(doc: str) -> str:
    text = " ".join(doc.split())
    end = text.find(". ")
    while end != -1 and text[:end].endswith(("et al", "e.g", "i.e", "cf")):
        end = text.find(". ", end + 1)
    return text if end == -1 else text[: end + 1]


def _letters(body: d.Body | None) -> str:
    if body is None:
        return ""
    names: dict[str, None] = {}
    for name, (source, _) in body.sizes:
        if not source.startswith("state:"):
            names.setdefault(name)
    return ", ".join(f"{name} {_LETTERS[name]}" if name in _LETTERS else name for name in names)


def _counts(solved: w.Solved) -> list[str]:
    stored = sum(_numel(storage.shape) for storage in solved.storages)
    often = Counter(id(site.spec) for site in solved.sites)
    specs = {id(site.spec): site.spec for site in solved.sites}
    applied = sum(_numel(specs[each].shape) * count for each, count in often.items())
    applied += sum(_numel(solved.storages[number].shape) for numbers in solved.private.values() for number in numbers)
    return [f"Stored parameters: {stored:,}. Applied in one forward: {applied:,}."]


def _numel(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def _table(solved: w.Solved, files: dict[str, SourceFile], main: str) -> list[str]:
    """One row per group of tensors that are shared alike: owner, readers, lines of the spec."""
    readers: dict[int, dict[str, None]] = {}
    times: dict[int, int] = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        for number in w.storages_of(read):
            readers.setdefault(number, {})[key(site.path)] = None
            times[number] = times.get(number, 0) + 1
    groups: dict[tuple[str, tuple[str, ...], int, str], list[w.Storage]] = {}
    for storage in solved.storages:
        if times.get(storage.index, 0) < 2:
            continue
        owner = key(storage.owner)
        places = tuple(_place(name, owner) for name in readers[storage.index])
        group = (_top(owner), places, times[storage.index], _lines_of(storage.because, files, main))
        groups.setdefault(group, []).append(storage)
    rows: list[str] = []
    for (top, places, count, lines), storages in groups.items():
        name = _name(top, storages)
        where = _places(places)
        source = f" ({lines})" if lines else ""
        rows += _row(f"{name}: {count} times{where}{source}")
    return rows[:40]


def _row(text: str) -> list[str]:
    first, *rest = py.wrap(text, WIDTH - 4)
    return [f"  {first}", *(f"    {line}" for line in rest)]


def _top(owner: str) -> str:
    parts = owner.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and parts[1].isdigit() else parts[0]


def _place(name: str, owner: str) -> str:
    """A reader by its layer; what it is called in the owner's own layer is left out."""
    top = _top(name)
    return top


def _name(top: str, storages: list[w.Storage]) -> str:
    if len(storages) == 1:
        storage = storages[0]
        return f"{key(storage.owner)}.{storage.name}" if storage.owner else storage.name
    return f"{top}.* ({len(storages)} tensors)"


def _places(places: tuple[str, ...]) -> str:
    names = list(dict.fromkeys(places))
    if len(names) <= 1:
        return ""
    stacks: dict[str, list[int]] = {}
    for name in names:
        stem, _, index = name.rpartition(".")
        if stem and index.isdigit():
            stacks.setdefault(stem, []).append(int(index))
        else:
            stacks.setdefault(name, [])
    return ", in " + ", ".join(_ranges(stem, numbers) for stem, numbers in stacks.items())


def _ranges(stem: str, numbers: list[int]) -> str:
    if not numbers:
        return stem
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] + 1 == number:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"{stem} {shown}"


def _lines_of(because: tuple[Span, ...], files: dict[str, SourceFile], main: str) -> str:
    """The lines that made it so; those of other files with the file's name."""
    found: dict[str, None] = {}
    for span in because:
        file = files.get(span.path)
        if file is not None:
            line = file.position(span.start)[0]
            found[f"line {line}" if span.path == main else f"{shown_path(span.path)}:{line}"] = None
    return ", ".join(found)
