"""What a build comes to when it is made and run, to hold hints and lenses to: on the meta device, at its own sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from math import prod
from typing import Any, ClassVar
from unittest import mock

import torch
from torch import Tensor, nn

from sharedsl.analysis.pipeline import Compiled
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step, declared, key
from sharedsl.model.weights import storages_of
from sharedsl.runtime.built import module_class
from sharedsl.runtime.frames import Frame, RequireFailed
from sharedsl.runtime.inputs import _Maker, _size_choices, _size_names, state_sizes
from sharedsl.runtime.interpret import Interpreter
from sharedsl.runtime.source import source_of


class _Recording(Interpreter):
    """An interpreter that writes down the shape of every value that is assigned."""

    def _statement(self, statement: d.Statement, frame: Frame) -> None:
        Interpreter._statement(self, statement, frame)
        if isinstance(statement, d.Assign | d.Keep):
            names = statement.targets if isinstance(statement, d.Assign) else (statement.state,)
            for name in names:
                value = frame.names.get(name)
                if isinstance(value, Tensor | int | list | tuple):
                    shape = _shape(value)
                    at = (statement.span.path, statement.span.start, statement.span.end, name)
                    records = self.ran.setdefault(at, [])
                    if shape not in [known for _, known, _ in records]:
                        records.append((declared(frame.path), shape, dict(frame.sizes)))

    ran: ClassVar[dict[Any, Any]] = {}


class Built:
    """A build as torch has it."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled, self.model, self.solved = compiled, compiled.model, compiled.solved

    @cached_property
    def module(self) -> nn.Module:
        name = self.compiled.build.name if self.compiled.build is not None else self.compiled.name
        with torch.device("meta"):
            return module_class(source_of(self.compiled), name)()

    def parameters(self, prefix: str = "") -> int:
        """Numbers of the parameters registered below a path, shared ones once."""
        named = self.module.named_parameters()
        return sum(each.numel() for name, each in named if not prefix or name.startswith(f"{prefix}."))

    @property
    def bytes(self) -> int:
        return sum(each.numel() * each.element_size() for each in self.module.state_dict().values())

    # ------------------------------------------------------------------ a run

    @cached_property
    def _sites(self) -> dict[Path, int]:
        found = {site.path: site.index for site in self.solved.sites}
        for site in self.solved.sites:
            found.setdefault(declared(site.path), site.index)
        return found

    @cached_property
    def ran(self) -> dict[Any, Any]:
        """Every value that was assigned in a run of every forward, with all inputs and with those that it needs."""
        recording: dict[Any, Any] = {}
        self.read: dict[Path, int] = {}
        for entry, body_key in self.model.entries.items():
            body = self.model.root.bodies[body_key]
            may = [
                each.name for each in body.inputs if getattr(each.type, "optional", False) or each.default is not None
            ]
            for left_out in ((), tuple(may)) if may else ((),):
                self._run(entry, body, left_out, recording)
        return recording

    def _run(self, entry: str | None, body: d.Body, left_out: tuple[str, ...], recording: dict[Any, Any]) -> None:
        states = state_sizes(self.model)
        problem: Exception | None = None
        for sizes in _size_choices([name for name in _size_names(body) if name not in states]):
            given = _Maker(body, sizes | dict.fromkeys(states, 0), 0).all()
            given |= {name: 6 - at for at, name in enumerate(_turns(body))}
            given = {name: _meta(value) for name, value in given.items() if name not in left_out}
            interpreter = _Recording(self.model, self._weight, dtype=torch.float32)
            _Recording.ran = {}
            try:
                with torch.device("meta"), torch.no_grad(), _answering():
                    interpreter.run(entry, given)
            except (RequireFailed, RuntimeError, ValueError, IndexError) as failed:
                problem = failed
                continue
            for at, records in _Recording.ran.items():
                recording.setdefault(at, []).extend(records)
            return
        raise AssertionError(f"{entry or 'forward'} does not run: {problem}")

    def _weight(self, path: Path, name: str) -> Tensor:
        whole = (*path, Step(name))
        at = self._sites.get(whole, self._sites.get(declared(whole), -1))
        self.read[self.solved.sites[at].path] = at
        return torch.empty([int(axis.size.value or 0) for axis in self.solved.sites[at].spec.axes], device="meta")

    def applied(self, prefix: Path) -> int:
        """Numbers of the weights that the runs asked for below a layer, and of their private parts, once for each
        application."""
        assert self.ran is not None
        below = [at for path, at in self.read.items() if declared(path)[: len(prefix)] == prefix]
        parts = [self.solved.storages[one] for at in below for one in self.solved.private.get(at, ())]
        return sum(map(self._numel, below)) + sum(prod(each.shape) for each in parts)

    def _numel(self, site: int) -> int:
        return prod(int(axis.size.value or 0) for axis in self.solved.sites[site].spec.axes)

    def readers(self, prefix: Path) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The sites that were read below a layer, with the storages that they read."""
        assert self.ran is not None
        for path, at in self.read.items():
            if declared(path)[: len(prefix)] == prefix:
                yield at, storages_of(self.solved.reads[at])


def _turns(body: d.Body) -> list[str]:
    """Inputs that are numbers of turns, of which the later ones are often a part of the earlier."""
    return [each.name for each in body.inputs if each.size is not None]


@contextmanager
def _answering() -> Iterator[None]:
    """Numbers that tensors without values are asked for: a lookup is inside of its table, a loop goes on."""
    with (
        mock.patch.object(Tensor, "__bool__", lambda tensor: True),
        mock.patch.object(Tensor, "__int__", lambda tensor: 0),
        mock.patch.object(Tensor, "item", lambda tensor: 0),
    ):
        yield


def _shape(value: Any) -> Any:
    """Of a tensor its shape, of several how many there are of which shapes; None of a number."""
    if isinstance(value, list | tuple):
        return len(value), frozenset(map(_shape, value))
    return tuple(value.shape) if isinstance(value, Tensor) else None


def _meta(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value.to("meta", torch.float32 if value.is_floating_point() else value.dtype)


def name_of(path: Path) -> str:
    """As a checkpoint has it."""
    return key(path)
