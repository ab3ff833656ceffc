"""A text in the one style: the same tree, the same comments in the same order, or nothing."""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic, InternalError
from sharedsl.formatting.comments import Comments
from sharedsl.formatting.doc import HARD, Doc, render
from sharedsl.formatting.statements import Builder, Entry
from sharedsl.formatting.tree import Node, read_item
from sharedsl.record import dataclass
from sharedsl.source import SourceFile
from sharedsl.syntax import parse
from sharedsl.syntax.document import item_starts


@dataclass(frozen=True, slots=True)
class Formatted:
    """The text, or the errors because of which there is none (then `text` is as it was)."""

    text: str
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        return bool(self.diagnostics)


def format_source(source: SourceFile) -> Formatted:
    """The spec in the one style. A text with syntax errors is left alone: the errors say why."""
    tree, problems = parse(source)
    if problems:
        return Formatted(source.text, tuple(problems))
    text = _printed(source)
    if "\r\n" in source.text.partition("\n")[0] + "\n":
        text = text.replace("\n", "\r\n")
    after = SourceFile(source.path, text)
    again, wrong = parse(after)
    if wrong or again != tree:
        raise InternalError(f"formatting would change what {source.path} means; it was not written")
    if Comments(text).texts() != Comments(source.text).texts():
        raise InternalError(f"formatting would lose a comment of {source.path}; it was not written")
    return Formatted(text)


def kept_in_style(source: SourceFile, text: str) -> str:
    """What a change made of a source: in the style too where the source was."""
    before = format_source(source)
    if before.failed or before.text != source.text:
        return text
    after = format_source(SourceFile(source.path, text))
    return text if after.failed else after.text


def _printed(source: SourceFile) -> str:
    text = source.text
    builder = Builder(Comments(text))
    starts = item_starts(text)
    ends = [*starts[1:], len(text)]
    read = (read_item(text, source.path, start, end) for start, end in zip(starts, ends, strict=False))
    items = [item for item in read if item is not None]
    _, entries = builder.entries(items, 0, len(text))
    lines: list[Doc] = []
    for at, entry in enumerate(entries):
        if at:
            lines.append(HARD)
            if entry.blank or _parted(entries, at):
                lines.append(HARD)
        lines.append(entry.doc)
    out = render(tuple(lines))
    return "\n".join(line.rstrip() for line in out.split("\n")) + "\n" if entries else ""


#: items that an empty line sets apart from their neighbours
_ALONE = frozenset({"model", "block", "function", "extern"})


def _parted(entries: list[Entry], at: int) -> bool:
    """Whether an empty line belongs above entry `at`, which is an item or the first of the comments above one."""
    above = entries[at - 1].node
    if above is None:
        return False
    below: Node | None = None
    for entry in entries[at:]:
        if entry.blank and entry is not entries[at]:
            return False
        below = entry.node
        if below is not None:
            break
    if below is None:
        return False
    kinds = {above.kind, below.kind}
    return bool(kinds & _ALONE) or ("import_" in kinds and len(kinds) > 1)
