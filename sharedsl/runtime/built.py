"""Emitted source as a live class: in a module of its own, so that tracebacks and `inspect` show its lines."""

from __future__ import annotations

import hashlib
import linecache
import sys
from types import ModuleType

import torch
from torch import nn

from sharedsl.diagnostics import InternalError

Module = nn.Module
Optimizer = torch.optim.Optimizer


def python_module(source: str, name: str) -> ModuleType:
    """The source, run once per text and name: the same text is the same module."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    full = f"sharedsl_generated_{name.lower()}_{digest}"
    if full in sys.modules:
        return sys.modules[full]
    path = f"<{full}>"
    module = ModuleType(full)
    module.__file__ = path
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    sys.modules[full] = module
    try:
        exec(compile(source, path, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[full]
        raise
    return module


def module_class(source: str, name: str) -> type[nn.Module]:
    """The class called `name` of emitted source."""
    found = getattr(python_module(source, name), name, None)
    if not isinstance(found, type) or not issubclass(found, nn.Module):
        raise InternalError(f"the emitted source has no module class {name}")
    return found
