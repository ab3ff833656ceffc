"""Diagnostics as a JUnit report: a test suite for each file, a failure for each message."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.diagnostics.record import Diagnostic
from sharedsl.diagnostics.text import Sources, place


def render(diagnostics: Iterable[Diagnostic], sources: Sources, files: Iterable[str] = ()) -> str:
    """`files` are those that were looked at; one without findings is a test that passes."""
    by_file: dict[str, list[Diagnostic]] = {path: [] for path in files}
    for each in diagnostics:
        by_file.setdefault(each.span.path if each.span else "", []).append(each)
    count = sum(map(len, by_file.values()))
    tests = sum(max(len(found), 1) for found in by_file.values())
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    lines.append(f'<testsuites name="sharedsl" tests="{tests}" failures="{count}" errors="0">')
    for path, found in by_file.items():
        name = _text(path or "sharedsl")
        lines.append(f'  <testsuite name="{name}" tests="{max(len(found), 1)}" failures="{len(found)}" errors="0">')
        lines += [line for each in found for line in _case(each, sources)]
        if not found:
            lines.append(f'    <testcase name="no findings" classname="{name}"/>')
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(each: Diagnostic, sources: Sources) -> list[str]:
    where = place(each.span, sources) if each.span else ""
    line = sources[each.span.path].position(each.span.start)[0] if each.span and each.span.path in sources else 1
    said = [f"{where}: {each.message}", *each.notes, *([f"help: {each.help}"] if each.help else [])]
    file = _text(each.span.path if each.span else "")
    return [
        f'    <testcase name="{_text(each.code)}" classname="{file}" file="{file}" line="{line}">',
        f'      <failure type="{each.severity}" message="{_text(each.message)}">{_text(chr(10).join(said))}</failure>',
        "    </testcase>",
    ]


def _text(text: str) -> str:
    """Escaped, without the characters that XML cannot have."""
    kept = "".join(
        char if char in "\t\n\r" or 0x20 <= ord(char) < 0xFFFE or ord(char) > 0xFFFF else "\ufffd" for char in text
    )
    for char, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        kept = kept.replace(char, name)
    return kept
