"""Which lines of the emitted module come from which line of the spec, and the other way round."""

from __future__ import annotations

import ast as tree
import io
import re
import tokenize
from collections.abc import Callable, Iterator

from sharedsl.analysis.pipeline import Compiled
from sharedsl.model.tree import Unit
from sharedsl.source import Span

#: first and last line of the module, line of the spec; all counted from 1
Link = tuple[int, int, int]
LineOf = Callable[[Span], "int | None"]


def links(code: str, compiled: Compiled, line: LineOf) -> list[Link]:
    """From the comments of forwards, the declarations behind constructors, and the table of what is shared."""
    module = tree.parse(code)
    found = {*_declared(module, compiled, line), *_table(code, module, _made(compiled, line))}
    if line(compiled.model.span) is not None:  # the comments count the lines of the model's own file
        found |= {*_comments(code, module)}
    return sorted(found)


def _made(compiled: Compiled, line: LineOf) -> set[int]:
    """The lines of the spec, and no other file's, that made storages what they are."""
    spans = {span for storage in compiled.solved.storages for span in storage.because}
    return {at for span in spans if (at := line(span))}


def _comments(code: str, module: tree.Module) -> Iterator[Link]:
    """Statements that end with `# spec:21`."""
    ranges = sorted(_ranges(module), key=lambda each: each[1] - each[0])
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        said = re.search(r"\bspec:(\d+)", token.string) if token.type == tokenize.COMMENT else None
        if said:
            here = token.start[0]
            first, last = next((each for each in ranges if each[0] <= here <= each[1]), (here, here))
            yield first, last, int(said[1])


def _ranges(module: tree.Module) -> Iterator[tuple[int, int]]:
    """The lines of each statement; of one with a body, those before it."""
    for node in tree.walk(module):
        if isinstance(node, tree.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            yield node.lineno, max(node.lineno, last or node.lineno)


def _declared(module: tree.Module, compiled: Compiled, line: LineOf) -> Iterator[Link]:
    units = _units(compiled.model.root)
    for each in module.body:
        if not isinstance(each, tree.ClassDef):
            continue
        root = each.name == compiled.name
        unit = compiled.model.root if root else units.get(each.name)
        if unit is None:
            continue
        spans = [compiled.model.span if root else unit.span]
        spans += [compiled.build.name_span] if root and compiled.build is not None else []
        yield from ((each.lineno, each.lineno, at) for span in spans if (at := line(span)))
        for part in each.body:
            if not isinstance(part, tree.FunctionDef):
                continue
            if part.name == "forward":
                found = {line(body.span) for body in unit.bodies.values() if body.name is None}
                last = part.body[0].lineno - 1
                yield from ((part.lineno, max(part.lineno, last), at) for at in found if at)
            elif part.name == "__init__":
                yield from _constructed(part, unit, line)


def _constructed(function: tree.FunctionDef, unit: Unit, line: LineOf) -> Iterator[Link]:
    """`self.embed = Embedding(..)` and the line that declares `embed`."""
    spans = {name: child.span for name, child in unit.children.items()}
    spans |= {name: spec.span for name, spec in unit.weights.items() if spec.span is not None}
    spans |= {name: spec.span for name, spec in unit.buffers.items()}
    for each in function.body:
        target = each.targets[0] if isinstance(each, tree.Assign) else None
        if isinstance(target, tree.Attribute) and target.attr in spans:
            at = line(spans[target.attr])
            if at:
                yield each.lineno, each.end_lineno or each.lineno, at


def _units(root: Unit) -> dict[str, Unit]:
    """The blocks below a unit by name; primitives are not the spec's."""
    found: dict[str, Unit] = {}
    queue, seen = [root], {id(root)}
    while queue:
        unit = queue.pop()
        if unit.kind != "primitive":
            found.setdefault(unit.name, unit)
        for child in unit.children.values():
            for each in child.units:
                if id(each) not in seen:
                    seen.add(id(each))
                    queue.append(each)
    return found


def _table(code: str, module: tree.Module, made: set[int]) -> Iterator[Link]:
    """`(line 27)` behind what is shared, in the module's docstring."""
    doc = module.body[0] if module.body else None
    if not (isinstance(doc, tree.Expr) and isinstance(doc.value, tree.Constant)):
        return
    for number, text in enumerate(code.split("\n")[: doc.end_lineno], 1):
        if number >= doc.lineno:
            for said in re.finditer(r"\(((?:line \d+(?:, )?)+)\)", text):
                yield from ((number, number, int(at)) for at in re.findall(r"\d+", said[1]) if int(at) in made)
