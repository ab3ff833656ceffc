"""What each request answers, as text that people read: one function a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import unified_diff

from sharedsl.diagnostics import Diagnostic, Edit
from sharedsl.ide import actions, coloring, completion, hints, hover, lenses, navigation, outline
from sharedsl.ide.calls import call_at
from sharedsl.ide.outline import Outline
from sharedsl.source import Span
from tests.ide.cases import Place

#: completions that an editor shows without scrolling
SHOWN = 12


def spot(at: Place, span: Span) -> str:
    """`7:3`, and the file where it is another one."""
    source = at.workspace.source(span.path)
    assert source is not None
    line, column = source.position(span.start)
    return f"{'' if span.path == at.view.path else span.path + ' '}{line}:{column}"


def marked(at: Place, span: Span) -> str:
    """The line of a place, the place in corner brackets."""
    source = at.workspace.source(span.path)
    assert source is not None
    line, _ = source.position(span.start)
    start = source.line_starts()[line - 1]
    text = source.line(line)
    low, high = span.start - start, min(span.end - start, len(text))
    return f"{spot(at, span)}  {text[:low].lstrip()}⟦{text[low:high]}⟧{text[high:]}".rstrip()


def diff(before: str, after: str) -> str:
    lines = unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=0)
    return "\n".join(each for each in list(lines)[2:] if not each.startswith("@@"))


def edited(text: str, edits: Iterable[Edit]) -> str:
    for each in sorted(edits, key=lambda each: -each.span.start):
        text = text[: each.span.start] + each.text + text[each.span.end :]
    return text


def _diagnostic(at: Place, each: Diagnostic) -> str:
    lines = [f"{each.severity}[{each.code}] {each.message}"]
    lines += [f"  {marked(at, label.span)}" + (f"  -- {label.text}" if label.text else "") for label in each.labels]
    lines += [f"  note: {note}" for note in each.notes]
    lines += [f"  help: {each.help}"] if each.help else []
    lines += [f"  fix: {fix.message}{'' if fix.safe else ' (unsafe)'}" for fix in each.fixes]
    return "\n".join(lines)


def diagnostics(at: Place) -> str:
    """Of a changed spec only what the change brings."""
    found = [each for each in at.workspace.diagnostics(at.view.path) if each.code != "unused-plan"]
    return "\n".join(_diagnostic(at, each) for each in found) or "nothing"


def hovered(at: Place) -> str:
    found = hover.hover(at.view, at.offset)
    return f"⟦{at.view.source.slice(found.span)}⟧\n{found.text}" if found is not None else "nothing"


def completed(at: Place) -> str:
    found = completion.completions(at.view, at.offset)
    typed = [each for each in found if each.text.lower().startswith(at.view.source.slice(each.span).lower())]
    lines = [f"{each.text}  [{each.kind}]" + (f"  {each.detail}" if each.detail else "") for each in typed[:SHOWN]]
    more = [f".. and {len(typed) - SHOWN} more"] if len(typed) > SHOWN else []
    return "\n".join(lines + more) or "nothing"


def signature(at: Place) -> str:
    call = call_at(at.view, at.offset)
    if call is None:
        return "nothing"
    params = [f"⟦{one.text}⟧" if index == call.active else one.text for index, one in enumerate(call.callee.params)]
    about = call.callee.params[call.active].doc if call.active is not None else ""
    return "\n".join(each for each in (f"{call.callee.name}({', '.join(params)})", about, call.callee.doc) if each)


def definition(at: Place) -> str:
    span = navigation.definition(at.view, at.offset)
    return marked(at, span) if span is not None else "nothing"


def references(at: Place) -> str:
    return "\n".join(marked(at, each) for each in navigation.references(at.workspace, at.view, at.offset)) or "nothing"


def highlight(at: Place) -> str:
    found = navigation.highlights(at.view, at.offset)
    return "\n".join(f"{'write' if each.declares else 'read '} {marked(at, each.span)}" for each in found) or "nothing"


def rename(at: Place) -> str:
    span = navigation.prepare_rename(at.view, at.offset)
    edits = navigation.rename(at.workspace, at.view, at.offset, at.given)
    if isinstance(edits, str):
        return edits
    assert span is not None
    said = [f"⟦{at.view.source.slice(span)}⟧"]
    for path in dict.fromkeys(each.span.path for each in edits):
        source = at.workspace.source(path)
        assert source is not None
        said += [path] if path != at.view.path else []
        said.append(diff(source.text, edited(source.text, [each for each in edits if each.span.path == path])))
    return "\n".join(said)


def symbols(at: Place) -> str:
    return "\n".join(_outline(at, each, 0) for each in outline.outline(at.view))


def _outline(at: Place, each: Outline, depth: int) -> str:
    detail = f"  {each.detail}" if each.detail else ""
    last = at.view.source.position(each.span.end)[0]
    own = f"{'  ' * depth}{each.name}  [{each.kind}]{detail}  {spot(at, each.place)}, to line {last}"
    return "\n".join([own, *(_outline(at, one, depth + 1) for one in each.inner)])


def workspace(at: Place) -> str:
    found = outline.search(at.workspace, at.given)
    lines = [f"{each.name}  [{each.kind}]  {each.detail}  {path}".replace("    ", "  ") for path, each in found]
    return "\n".join(lines) or "nothing"


def tokens(at: Place) -> str:
    """Line by line: every word with its kind."""
    lines: dict[int, list[str]] = {}
    for each in coloring.colors(at.view):
        line = at.view.source.position(each.start)[0]
        kind = ".".join((each.kind, *each.modifiers))
        lines.setdefault(line, []).append(f"{at.view.text[each.start : each.end]}⟦{kind}⟧")
    return "\n".join(f"{line}: {' '.join(words)}" for line, words in lines.items())


def formatting(at: Place) -> str:
    after = edited(at.view.text, actions.formatting(at.view))
    if after == at.view.text:
        return "nothing"
    return diff(at.view.text, after) + ("\nas the spec was" if after == at.before else "")


def acted(at: Place) -> str:
    found = at.workspace.diagnostics(at.view.path)
    lines = []
    for each in actions.actions(at.view, found, at.offset, at.offset):
        about = f" for {each.about.code}" if each.about is not None else ""
        lines.append(f"{each.title}{'' if each.safe else ' (unsafe)'}{about}")
        lines.append(diff(at.view.text, edited(at.view.text, each.edits)))
    return "\n".join(lines) or "nothing"


def hinted(at: Place) -> str:
    """The lines that have hints, with them."""
    kinds = tuple(at.given.split()) if at.given else hints.KINDS
    found = hints.hints(at.view, 0, len(at.view.text), kinds)
    shown: dict[int, str] = {}
    for each in reversed(found):
        line = at.view.source.position(each.offset)[0]
        column = each.offset - at.view.source.line_starts()[line - 1]
        text = shown.get(line, at.view.source.line(line))
        shown[line] = f"{text[:column]}⟦{each.text}⟧{text[column:]}"
    return "\n".join(shown[line].strip() for line in sorted(shown)) or "nothing"


def lens(at: Place) -> str:
    said = []
    for each in lenses.lenses(at.view):
        said.append(f"{at.view.source.slice(each.span)}: {each.title}")
        if each.command:
            said.append(lenses.compare_plans(at.view, each.arguments[1]))
    return "\n".join(said) or "nothing"


def folding(at: Place) -> str:
    lines = at.view.text.split("\n")
    return "\n".join(
        f"{first + 1}-{last + 1} {kind}: {lines[first].strip()} .. {lines[last].strip()}"
        for first, last, kind in outline.folds(at.view)
    )


def selection(at: Place) -> str:
    shown = []
    for span in outline.growing(at.view, at.offset):
        text = at.view.source.slice(span)
        head, *rest = text.split("\n")
        shown.append(f"{head} .. {rest[-1].strip() or rest[-2].strip()}" if len(rest) > 1 else text.rstrip())
    return "\n".join(shown)


#: request -> its answer
ANSWERS: dict[str, Callable[[Place], str]] = {
    "diagnostics": diagnostics, "hover": hovered, "completion": completed, "signature": signature,
    "definition": definition, "references": references, "highlight": highlight, "rename": rename, "symbols": symbols,
    "workspace": workspace, "tokens": tokens, "formatting": formatting, "actions": acted, "hints": hinted,
    "lens": lens, "folding": folding, "selection": selection,
}  # fmt: skip
