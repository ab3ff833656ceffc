"""The configuration of a project: `[tool.sharedsl]` of pyproject.toml, or sharedsl.toml, checked by pydantic.

The nearest one above a spec counts. A project without one costs no import of pydantic.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache, lru_cache
from typing import Any

from sharedsl.lint.rules import all_rules
from sharedsl.lint.runner import CHECKED
from sharedsl.lint.settings import Limits, Settings

#: file -> the table that is ours
_FILES = {"sharedsl.toml": (), "pyproject.toml": ("tool", "sharedsl")}


class ConfigError(Exception):
    """A configuration that cannot be used; the message names the file and the key."""


def settings_for(path: str) -> Settings:
    """The settings for a spec, from the nearest configuration above it."""
    found = find(os.path.dirname(os.path.abspath(path)))
    return Settings() if found is None else _read(found, _bytes(found))


def find(folder: str) -> str | None:
    """The nearest configuration file, `sharedsl.toml` before a pyproject.toml with our table."""
    while True:
        for name, keys in _FILES.items():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (not keys or b"[tool.sharedsl" in _bytes(path)):
                return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as problem:
        raise ConfigError(f"{path} cannot be read: {problem.strerror}") from None


@lru_cache(32)
def _read(path: str, text: bytes) -> Settings:
    try:
        table: Any = tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: {problem}") from None
    for key in _FILES[os.path.basename(path)]:
        table = table.get(key, {})
    return from_table(table, path)


def from_table(table: dict[str, Any], path: str) -> Settings:
    """The settings that a table says. ConfigError names what is wrong with it."""
    from pydantic import ValidationError

    try:
        config = _model().model_validate(table)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        raise ConfigError(f"{path}: {where}: {_said(first)}") from None
    lint = config.lint
    return Settings(lint.select, lint.ignore, lint.severity, Limits(**lint.limits.model_dump()))


def _said(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    return str(error["msg"])


def schema() -> dict[str, Any]:
    """The JSON schema of `[tool.sharedsl]` and of sharedsl.toml."""
    found: dict[str, Any] = _model().model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


@cache
def _model() -> Any:
    from enum import Enum

    from pydantic import BaseModel, ConfigDict, Field, create_model

    strict = ConfigDict(extra="forbid", use_enum_values=True)
    codes = (*all_rules(), *CHECKED)
    code: Any = Enum("Code", {each.replace("-", "_"): each for each in codes}, type=str)  # type: ignore[misc]
    severity: Any = Enum("Severity", {each: each for each in ("error", "warning", "info", "off")}, type=str)  # type: ignore[misc]
    share = {"head", "budget", "private"}
    limits: dict[str, Any] = {
        name: (type(value), Field(value, ge=0, le=1) if name in share else Field(value, gt=0))
        for name, value in ((each, getattr(Limits(), each)) for each in Limits.__slots__)
    }
    limit_model: type[BaseModel] = create_model("Limits", __config__=strict, __doc__="Where rules begin.", **limits)
    lint_model: type[BaseModel] = create_model(
        "Lint",
        __config__=strict,
        __doc__="Which rules run, and how bad what they find is.",
        select=(list[code] | None, Field(None, description="only these rules")),
        ignore=(list[code], Field([], description="not these rules")),
        severity=(dict[code, severity], Field({}, description="how bad a finding is, by rule")),
        limits=(limit_model, Field(limit_model(), description="where rules begin to speak")),
    )
    return create_model(
        "sharedsl", __config__=strict, __doc__="The settings of sharedsl.", lint=(lint_model, Field(lint_model()))
    )
