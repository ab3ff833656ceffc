"""JSON schemas of draft 4, as far as the schema of SARIF goes: a keyword that is not known here is an error.

`wrong(value, schema)` gives what is wrong with a value: nothing where the schema allows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float), "integer": int}
#: what tells about a schema, and nothing of values
TOLD = frozenset(("$schema", "id", "title", "description", "default", "definitions"))
FORMATS: dict[str, Callable[[str], bool]] = {
    "uri": lambda text: bool(urlsplit(text).scheme) and not re.search(r"[\s<>\"{}|\\^`]", text),
    "uri-reference": lambda text: not re.search(r"[\s<>\"{}|\\^`]", text),
    "date-time": lambda text: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text)),
}


def wrong(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, place: str = "") -> Iterator[str]:
    root = schema if root is None else root
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from wrong(value, target, root, place)
        return
    for keyword, wanted in schema.items():
        if keyword in TOLD or (keyword == "additionalProperties" and not isinstance(value, dict)):
            continue
        for problem in RULES[keyword](value, wanted, schema, root, place):
            yield f"{place or 'the document'}: {problem}" if ": " not in problem else problem


def _type(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    if not any(_is_of(value, kind) for kind in kinds):
        yield f"{value!r:.40} is no {wanted}"


def _is_of(value: Any, kind: str) -> bool:
    if kind == "null" or value is None:
        return kind == "null" and value is None
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


def _properties(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
    for name, inner in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from wrong(value[name], inner, root, f"{place}.{name}")


def _additional(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
    for name in value.keys() - schema.get("properties", {}).keys():
        if wanted is False:
            yield f"there is no property `{name}`"
        elif isinstance(wanted, dict):
            yield from wrong(value[name], wanted, root, f"{place}.{name}")


def _items(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
    for at, each in enumerate(value if isinstance(value, list) else ()):
        yield from wrong(each, wanted, root, f"{place}[{at}]")


def _some(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
    if all(any(wrong(value, each, root, place)) for each in wanted):
        yield f"none of {wanted} holds"


def _one(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
    if sum(not any(wrong(value, each, root, place)) for each in wanted) != 1:
        yield f"not one of {wanted} holds"


def _simple(holds: Callable[[Any, Any], bool], kind: type | tuple[type, ...]) -> Callable[..., Iterator[str]]:
    def check(value: Any, wanted: Any, schema: Any, root: Any, place: str) -> Iterator[str]:
        if isinstance(value, kind) and not holds(value, wanted):
            yield f"{value!r:.60} against {wanted}"

    return check


def _repeats(items: list[Any]) -> bool:
    return any(each in items[:at] for at, each in enumerate(items))


RULES: dict[str, Callable[..., Iterator[str]]] = {
    "type": _type, "properties": _properties, "additionalProperties": _additional, "items": _items,
    "anyOf": _some, "oneOf": _one,
    "required": _simple(lambda value, names: not [name for name in names if name not in value], dict),
    "enum": _simple(lambda value, allowed: value in allowed, object),
    "minimum": _simple(lambda value, least: value >= least, (int, float)),
    "maximum": _simple(lambda value, most: value <= most, (int, float)),
    "minItems": _simple(lambda value, least: len(value) >= least, list),
    "uniqueItems": _simple(lambda value, yes: not (yes and _repeats(value)), list),
    "pattern": _simple(lambda value, text: bool(re.search(text, value)), str),
    "format": _simple(lambda value, name: FORMATS[name](value), str),
}  # fmt: skip
