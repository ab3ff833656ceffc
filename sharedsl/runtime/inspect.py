"""Looks into any existing `nn.Module`: which parameters are shared, by whom, and what that saves.

Two ways of sharing are told apart: one Parameter under several names (a tie, or a module reached by several paths), and
different Parameters that are views of one storage (which optimizers, copies and checkpoints treat as separate).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from sharedsl.runtime.uses import count_uses


@dataclass(frozen=True, slots=True)
class SharedParameter:
    """Names that stand for one tensor. `views`: through different Parameters over one storage."""

    names: tuple[str, ...]
    shape: tuple[int, ...]
    numel: int
    views: bool
    #: how many operations of the traced forward read it; None without a trace
    uses: int | None = None


@dataclass(frozen=True, slots=True)
class SharedModule:
    """One module that several paths lead to."""

    paths: tuple[str, ...]
    kind: str
    numel: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `inspect` found. Counts are numbers of elements.

    `stored`: each tensor once. `listed`: every name in the state dict, which is what a plain checkpoint writes.
    `applied`: each parameter once per use, by a trace of one forward where `traced`, else by the names that reach it.
    """

    kind: str
    stored: int
    listed: int
    applied: int
    traced: bool
    buffers: int
    parameters: tuple[SharedParameter, ...]
    modules: tuple[SharedModule, ...]

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def inspect(module: nn.Module, inputs: Sequence[Any] | Mapping[str, Any] | None = None) -> Inspection:
    """The sharing in `module`. With example `inputs` one forward is traced and uses are counted; nothing is changed."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"inspect wants an nn.Module, not {type(module).__name__}")
    names: dict[int, list[str]] = {}
    tensors: dict[int, nn.Parameter] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
        tensors[id(parameter)] = parameter
    uses = count_uses(module, tensors, inputs) if inputs is not None else None
    listed = sum(tensors[key].numel() * len(each) for key, each in names.items())
    applied = listed if uses is None else sum(tensors[key].numel() * count for key, count in uses.items())
    return Inspection(
        kind=type(module).__name__,
        stored=sum(_extent(group) for group in _storages(tensors).values()),
        listed=listed,
        applied=applied,
        traced=uses is not None,
        buffers=sum(buffer.numel() for buffer in module.buffers()),
        parameters=_shared_parameters(names, tensors, uses),
        modules=_shared_modules(module),
    )


def made_on_meta(kind: type[nn.Module], arguments: Mapping[str, Any]) -> nn.Module:
    """The class, made without memory for its parameters. One with a `config_class` (transformers) gets its config."""
    config = getattr(kind, "config_class", None)
    with torch.device("meta"):
        return kind(**arguments) if config is None else kind(config(**arguments))


def inspect_class(kind: type[nn.Module], arguments: Mapping[str, Any]) -> Inspection:
    """The sharing in the module that a class makes: on the meta device, so no memory is filled."""
    return inspect(made_on_meta(kind, arguments))


def load_class(target: str) -> type[nn.Module]:
    """The class that `FILE.py:Class` or `package.module:Class` names. ValueError says what is wrong with the target."""
    file, _, wanted = target.rpartition(":")
    if not file or not wanted.isidentifier():
        raise ValueError(f"{target!r} is not of the form FILE.py:Class or package.module:Class")
    module = _imported(file)
    found = getattr(module, wanted, None)
    if not isinstance(found, type) or not issubclass(found, nn.Module):
        classes = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, nn.Module)]
        shown = ", ".join(each.__name__ for each in classes[:12]) + (", .." if len(classes) > 12 else "")
        others = f"; it has {shown}" if classes else ""
        raise ValueError(f"{file} has no nn.Module named {wanted}{others}")
    return found


def _imported(file: str) -> ModuleType:
    """The module of a file or of a dotted name. A file inside a package is imported as the package's, so that its
    relative imports work; the files beside it can be imported as when it is run.
    """
    path = Path(file).resolve()
    if not path.is_file():
        if file.endswith(".py") or not all(part.isidentifier() for part in file.split(".")):
            raise ValueError(f"there is no file {file}")
        sys.path.insert(0, "")
        if importlib.util.find_spec(file.partition(".")[0]) is None:
            raise ValueError(f"there is no file or module {file}")
        return importlib.import_module(file)
    if path.suffix != ".py":
        raise ValueError(f"{file} is not a Python file")
    folder, package = path.parent, list[str]()
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        package.insert(0, folder.name)
        folder = folder.parent
    sys.path.insert(0, str(folder))
    if package:
        return importlib.import_module(".".join([*package, path.stem]))
    name = f"_inspected_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------------------- which tensors are one


def _storages(tensors: Mapping[int, nn.Parameter]) -> dict[int, list[nn.Parameter]]:
    groups: dict[int, list[nn.Parameter]] = {}
    for parameter in tensors.values():
        groups.setdefault(parameter.untyped_storage()._cdata, []).append(parameter)
    return groups


def _elements(parameter: nn.Parameter) -> tuple[int, int]:
    """The range of storage elements that a parameter lies in."""
    start = int(parameter.storage_offset())
    if not parameter.numel():
        return start, start
    reach = sum((int(size) - 1) * int(stride) for size, stride in zip(parameter.shape, parameter.stride(), strict=True))
    return start, start + reach + 1


def _extent(group: list[nn.Parameter]) -> int:
    """How many elements of one storage the parameters of a group cover together."""
    if len(group) == 1:
        return group[0].numel()
    covered = end = 0
    for start, stop in sorted(map(_elements, group)):
        covered += max(0, stop - max(start, end))
        end = max(end, stop)
    return covered


def _overlapping(group: list[nn.Parameter]) -> list[list[nn.Parameter]]:
    """The parameters of one storage, in chains with elements in common: neighbours in a flat buffer are not shared."""
    chains: list[list[nn.Parameter]] = []
    end = 0
    for parameter in sorted(group, key=_elements):
        start, stop = _elements(parameter)
        if chains and start < end:
            chains[-1].append(parameter)
        else:
            chains.append([parameter])
        end = max(end, stop)
    return chains


def _shared_parameters(
    names: dict[int, list[str]], tensors: dict[int, nn.Parameter], uses: dict[int, int] | None
) -> tuple[SharedParameter, ...]:
    found = []
    for group in _storages(tensors).values():
        for chain in _overlapping(group):
            every = tuple(name for parameter in chain for name in names[id(parameter)])
            count = None if uses is None else sum(uses[id(parameter)] for parameter in chain)
            if len(every) > 1 or (count or 0) > 1:
                first = chain[0]
                found.append(SharedParameter(every, tuple(first.shape), _extent(chain), len(chain) > 1, count))
    return tuple(found)


def _shared_modules(module: nn.Module) -> tuple[SharedModule, ...]:
    paths: dict[int, list[str]] = {}
    modules: dict[int, nn.Module] = {}
    for path, each in module.named_modules(remove_duplicate=False):
        paths.setdefault(id(each), []).append(path)
        modules[id(each)] = each
    found = []
    inside: tuple[str, ...] = ()
    for key, reached in paths.items():
        if len(reached) > 1 and not all(path.startswith(inside) for path in reached):
            numel = sum(parameter.numel() for parameter in modules[key].parameters())
            found.append(SharedModule(tuple(reached), type(modules[key]).__name__, numel))
            inside += tuple(f"{path}." for path in reached)
    return tuple(found)


# ---------------------------------------------------------------------------- as text


def _lines(found: Inspection) -> list[str]:
    how = "in one traced forward" if found.traced else "by the names that reach it"
    lines = [
        f"{found.kind}: {found.stored:,} stored, {found.listed:,} listed, {found.applied:,} applied ({how})",
        f"buffers: {found.buffers:,}" if found.buffers else "",
    ]
    lines = [line for line in lines if line]
    if not found.parameters and not found.modules:
        return [*lines, "nothing is shared"]
    if found.modules:
        lines.append("modules reached by several paths:")
        lines += [f"  {each.kind} ({each.numel:,}): {', '.join(map(_root, each.paths))}" for each in found.modules]
    if found.parameters:
        lines.append("shared parameters:")
        lines += [f"  {_parameter_line(each)}" for each in found.parameters]
    return lines


def _root(path: str) -> str:
    return path or "(root)"


def _parameter_line(each: SharedParameter) -> str:
    shape = " x ".join(map(str, each.shape)) or "scalar"
    text = f"{' = '.join(each.names)}  [{shape}] {each.numel:,}"
    if each.views:
        text += "  through views of one storage: optimizers and copies take them for different parameters"
    if each.uses is not None:
        text += f"  used {each.uses} times" if each.uses != 1 else "  used once"
    return text
