"""The oracle: an emitted module against its twin without sharing, outputs and every storage's gradient, in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import torch
from torch import nn

from sharedsl.analysis.budget.readable import expression, storage_name
from sharedsl.diagnostics import InternalError
from sharedsl.model.sites import show
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved, Storage, storages_of
from sharedsl.record import dataclass, field
from sharedsl.runtime.comparison import (
    Buffers,
    Mismatch,
    flat,
    gradients_apart,
    load_storages,
    loss_of,
    outputs_apart,
    quiet,
    run_module,
)
from sharedsl.runtime.inputs import NoInputs, Scenario, scenarios
from sharedsl.runtime.pieces import in_pieces, joined
from sharedsl.runtime.report import OutputCheck, Reader, Report, StorageCheck
from sharedsl.runtime.suspects import suspects
from sharedsl.runtime.twin import Twin, random_storages
from sharedsl.source import Span

#: how far outputs and gradients may be apart, relative to the largest entry
TOLERANCE = 1e-10
#: twins with more elements than this are refused
LIMIT = 200_000_000

Locate = Callable[[Span], str]


@dataclass(slots=True)
class Check:
    """What is compared: the model and plan as the compiler understood them, and the class that it emitted."""

    name: str
    model: Model
    solved: Solved
    module: Callable[[], nn.Module]
    #: the spec's place of a span, as `file:line`
    locate: Locate = field(default=lambda span: "")
    #: whether the module keeps states between calls
    incremental: bool = False


def compare(check: Check, seed: int = 0) -> Report:
    """The report; what is wrong is in it, nothing is raised but our own bugs."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _compare(check, seed)
    finally:
        torch.set_default_dtype(before)


def _compare(check: Check, seed: int) -> Report:
    values = random_storages(check.solved, seed)
    run = _Run(check, seed, errors={each.index: 0.0 for each in check.solved.storages if each.trainable})
    try:
        module = _emitted(check.module).double()
        held = load_storages(module, check.solved, values)
        with torch.no_grad():
            buffers = Buffers(module, check.model, seed)
        twin = Twin(check.model, check.solved, values, buffers)
        calls = scenarios(check.model, twin, seed)
        for scenario in calls:
            run.scenario(module, held, twin, scenario, training=False)
            if _has_statistics(module):
                run.scenario(module, held, twin, scenario, training=True)
                run.statistics(scenario, buffers, twin)
            if check.incremental:
                run.incremental(module, twin, scenario)
        run.accuse(module, buffers, values, calls)
    except (Mismatch, NoInputs) as problem:
        run.problems.append(str(problem))
    return run.report()


T = TypeVar("T")


def _emitted(action: Callable[[], T]) -> T:
    """The result of running emitted code, whose crash is a finding like any other."""
    try:
        return action()
    except (Mismatch, InternalError):
        raise
    except Exception as crash:
        notes = [" ".join(note.split()) for note in getattr(crash, "__notes__", ())]
        raise Mismatch("; ".join([f"the emitted module fails: {type(crash).__name__}: {crash}", *notes])) from crash


def _has_statistics(module: nn.Module) -> bool:
    return any(name.endswith("running_mean") for name, _ in module.named_buffers())


@dataclass(slots=True)
class _Run:
    check: Check
    seed: int
    errors: dict[int, float]
    outputs: list[OutputCheck] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)
    #: whether each call's results agree in evaluation mode
    first: list[bool] = field(default_factory=list)
    suspects: tuple[int, ...] = ()
    twin_numel: int = 0

    def scenario(
        self, module: nn.Module, held: dict[int, torch.Tensor], twin: Twin, scenario: Scenario, training: bool
    ) -> None:
        self.twin_numel = sum(tensor.numel() for tensor in twin.tensors)
        want = flat(twin.run(scenario.entry, scenario.given, training))
        with quiet(module, training):
            got = flat(_emitted(lambda: run_module(module, scenario)))
        name = f"{scenario} (training)" if training else str(scenario)
        error = outputs_apart(got, want)
        self.outputs.append(OutputCheck(name, error, error <= TOLERANCE))
        if not training:
            self.first.append(error <= TOLERANCE)
        errors, moved = gradients_apart(loss_of(got, self.seed), held, twin, loss_of(want, self.seed))
        self.moved |= moved
        for index, each in errors.items():
            self.errors[index] = max(self.errors[index], each)

    def statistics(self, scenario: Scenario, buffers: Buffers, twin: Twin) -> None:
        """After one step of training every application's statistics are what the twin's are; then all begin anew."""
        error = buffers.apart(twin.updates)
        self.outputs.append(OutputCheck(f"{scenario} (running statistics)", error, error <= TOLERANCE))
        buffers.fill()

    def accuse(
        self, module: nn.Module, buffers: Buffers, values: dict[int, torch.Tensor], calls: list[Scenario]
    ) -> None:
        """Where results are off: which tensors are read wrongly."""
        wrong = next((call for call, found in zip(calls, self.first, strict=True) if not found), None)
        if wrong is None:
            return

        def trial(tried: Mapping[int, torch.Tensor]) -> tuple[float, int]:
            load_storages(module, self.check.solved, tried)
            twin = Twin(self.check.model, self.check.solved, dict(tried), buffers)
            with torch.no_grad(), quiet(module, False):
                got = flat(run_module(module, wrong))
                error = outputs_apart(got, flat(twin.run(wrong.entry, wrong.given)))
            if error > TOLERANCE and tried is not values:
                return error, 0
            gradients = twin.gradients(loss_of(flat(twin.run(wrong.entry, wrong.given)), self.seed))
            sizes = [float(each.abs().max()) for each in gradients.values() if each.numel()]
            return error, sum(size > TOLERANCE * max(sizes) for size in sizes)

        self.suspects = suspects(trial, values, TOLERANCE)

    def incremental(self, module: nn.Module, twin: Twin, scenario: Scenario) -> None:
        """The sequence in pieces, its state handed on, gives what the whole gives: module and twin alike."""
        body = self.check.model.root.bodies[self.check.model.entries[scenario.entry]]
        pieces = in_pieces(scenario, self.check.model)
        if pieces is None:
            return
        interpreter = twin.interpreter()
        meant = joined([flat(interpreter.run(each.entry, each.given)) for each in pieces], body)
        whole = flat(twin.run(scenario.entry, scenario.given))
        cache: dict[object, object] = {}
        with torch.no_grad(), quiet(module, False):
            given = joined([flat(_emitted(partial(run_module, module, each, cache=cache))) for each in pieces], body)
        for what, results in (("by the module", given), ("as the spec means it", meant)):
            pairs = [(one, want) for one, want in zip(results, whole, strict=True) if one is not None]
            error = outputs_apart([one for one, _ in pairs], [want for _, want in pairs])
            self.outputs.append(OutputCheck(f"{scenario} in pieces: {what}", error, error <= TOLERANCE))

    def report(self) -> Report:
        storages = tuple(self._storage(each) for each in self.check.solved.storages)
        complete = bool(self.outputs) and not self.problems
        ok = complete and all(each.ok for each in self.outputs) and all(each.ok for each in storages)
        suspected = tuple(storage_name(each) for each in self.check.solved.storages if each.index in self.suspects)
        stored = sum(_numel(each) for each in self.check.solved.storages)
        return Report(
            self.check.name,
            ok,
            stored,
            self.twin_numel,
            tuple(self.outputs),
            storages,
            tuple(self.problems),
            suspected,
        )

    def _storage(self, storage: Storage) -> StorageCheck:
        readers = tuple(
            Reader(show(site.path), expression(expr, self.check.solved.storages))
            for site, expr in zip(self.check.solved.sites, self.check.solved.reads, strict=True)
            if storage.index in storages_of(expr)
        )
        error = self.errors.get(storage.index)
        lines = dict.fromkeys(self.check.locate(span) for span in (storage.span, *storage.because) if span is not None)
        return StorageCheck(
            storage_name(storage),
            storage.shape,
            storage.trainable,
            error,
            error is None or error <= TOLERANCE,
            storage.index in self.moved,
            readers,
            tuple(line for line in lines if line),
        )


def _numel(storage: Storage) -> int:
    count = 1
    for length in storage.shape:
        count *= length
    return count
