"""Diagnostics as workflow commands, which show up beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.diagnostics.record import Diagnostic
from sharedsl.diagnostics.text import Sources

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(diagnostics: Iterable[Diagnostic], sources: Sources) -> str:
    return "".join(_one(each, sources) + "\n" for each in diagnostics)


def _one(each: Diagnostic, sources: Sources) -> str:
    properties = [f"title={_property(f'sharedsl: {each.code}')}"]
    if each.span and each.span.path:
        properties.insert(0, f"file={_property(each.span.path)}")
        source = sources.get(each.span.path)
        if source is not None:
            line, column = source.position(each.span.start)
            end_line, end_column = source.position(each.span.end)
            properties[1:1] = [f"line={line}", f"endLine={end_line}", f"col={column}", f"endColumn={end_column}"]
    said = [each.message, *(label.text for label in each.labels[:1] if label.text), *each.notes]
    if each.help:
        said.append(f"help: {each.help}")
    return f"::{_COMMANDS[each.severity]} {','.join(properties)}::{_data(chr(10).join(said))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
