"""The properties of a pair: what has to hold for every model and every plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from sharedsl.analysis.pipeline import Compiled, compile_build
from sharedsl.diagnostics import Diagnostic
from sharedsl.model import dataflow as d
from sharedsl.model.sites import key
from sharedsl.model.weights import Solved, storages_of
from sharedsl.source import SourceFile
from sharedsl.syntax import parse, print_file
from tests.compiled import analysis, source, totals
from tests.property.draw import Draw
from tests.property.specs import Pair
from tests.property.truth import lines_are_true


@dataclass
class Outcome:
    """What came of a pair: a build, or the errors that its spec has."""

    pair: Pair
    build: Compiled | None
    errors: tuple[Diagnostic, ...] = ()


def compiled_pair(pair: Pair) -> Outcome:
    whole = analysis(pair.text, "pair.sdsl")
    errors = tuple(each for each in whole.diagnostics if each.severity == "error")
    for each in whole.diagnostics:
        assert each.message and each.labels, each
    if errors:
        return Outcome(pair, None, errors)
    return Outcome(pair, compile_build(whole, "Built"))


# ---------------------------------------------------------------------------- without torch


def prints_back(pair: Pair) -> None:
    """`parse(print(ast)) == ast`."""
    tree, problems = parse(SourceFile("pair.sdsl", pair.text))
    assert not problems, problems
    text = print_file(tree)
    again, problems = parse(SourceFile("pair.sdsl", text))
    assert not problems and again == tree, text
    assert print_file(again) == text


def plain(solved: Solved) -> tuple[Any, ...]:
    """A solved plan without the places in the text that it came from."""
    storages = [
        (key(each.owner), each.name, each.shape, each.init, each.role, each.dtype, each.trainable, each.no_decay)
        for each in solved.storages
    ]
    return storages, solved.reads, {at: parts for at, parts in solved.private.items() if parts}


def order_is_nothing(outcome: Outcome) -> None:
    """Shuffled and doubled lines give the same plan, or the same errors."""
    again = compiled_pair(outcome.pair.shuffled(Draw(outcome.pair.seed + 1)))
    codes = [sorted(each.code for each in one.errors) for one in (outcome, again)]
    assert bool(codes[0]) == bool(codes[1]), f"{codes}\n{again.pair.text}"
    if outcome.build is None or again.build is None:
        return
    assert plain(outcome.build.solved) == plain(again.build.solved), again.pair.text


def adds_up(build: Compiled) -> None:
    """The budget's totals are what the solved plan holds."""
    found, solved = totals(build).at(), build.solved
    numel = [prod(each.shape) for each in solved.storages]
    assert found["stored"] == sum(numel)
    frozen = sum(size for size, each in zip(numel, solved.storages, strict=True) if not each.trainable)
    assert (found["frozen"], found["trainable"]) == (frozen, sum(numel) - frozen)
    parts = sum(numel[part] for held in solved.private.values() for part in held)
    assert found["applied"] == sum(prod(site.shape) for site in solved.sites) + parts
    assert len(solved.reads) == len(solved.sites)
    read = {storage for expr in solved.reads for storage in storages_of(expr)}
    assert read == set(range(len(solved.storages))), "a storage that nothing reads"
    for site, expr in zip(solved.sites, solved.reads, strict=True):
        assert expr.shape == site.shape, (site, expr)


# ---------------------------------------------------------------------------- with torch


def builds_as_counted(build: Compiled, text: str) -> None:
    """The module registers each storage once, under its key, and nothing else."""
    from sharedsl.runtime.built import module_class

    module = module_class(text, build.name)()
    wanted = {f"{key(each.owner)}.{each.name}".lstrip("."): each.shape for each in build.solved.storages}
    parameters = dict(module.named_parameters(remove_duplicate=False))
    assert parameters.keys() == wanted.keys()
    assert len({id(each) for each in parameters.values()}) == len(parameters)
    for each in build.solved.storages:
        name = f"{key(each.owner)}.{each.name}".lstrip(".")
        assert parameters[name].numel() == prod(each.shape), name
        assert parameters[name].requires_grad == each.trainable, name
    buffers = {name for name, _ in module.named_buffers()}
    state = {name: value for name, value in module.state_dict().items() if name not in buffers}
    stored = totals(build).at()["stored"]
    assert sum(value.numel() for value in parameters.values()) == stored
    assert sum(value.numel() for value in state.values()) == stored


def agrees_with_its_twin(build: Compiled, text: str) -> None:
    from sharedsl.runtime.verify import verify

    report = verify(build, seed=3, source=text)
    assert report.ok, report


def stages_go_on(outcome: Outcome, text: str) -> None:
    """Each stage is a build like others; where it only sets apart, it starts with the same outputs."""
    import torch

    from sharedsl.runtime.built import module_class

    build = outcome.build
    assert build is not None
    for name in build.stages:
        stage = compile_build(build.analysis, f"Built@{name}")
        code = source(stage)
        adds_up(stage)
        builds_as_counted(stage, code)
        agrees_with_its_twin(stage, code)
        before = module_class(text, build.name)().double()
        after = module_class(code, stage.name).enter(before)
        lines = [line for _, lines in outcome.pair.plans for line in lines if line.startswith(f"stage {name} ")]
        if all("{ untie" in line or "{ freeze" in line for line in lines):
            given = inputs_of(build)
            with torch.no_grad():
                torch.testing.assert_close(after.eval()(*given), before.eval()(*given), rtol=1e-9, atol=1e-9)


def inputs_of(build: Compiled) -> tuple[Any, ...]:
    """The first input of the main forward; the others may be left out."""
    import torch

    first = build.model.root.bodies[build.model.entries[None]].inputs[0]
    if first.name == "tokens":
        return (torch.arange(10).view(2, 5) % 7,)
    assert isinstance(first.type, d.Tensor)
    dim = build.model.parameters["dim"].value  # type: ignore[union-attr]
    shape = (2, dim, 6, 7) if len(first.type.dims) == 4 else (2, 5, dim)
    return (torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64),)


def sends_what_is_counted(build: Compiled, text: str) -> None:
    """What is local is neither in the messages nor in their size."""
    from sharedsl.runtime.built import module_class

    local = {f"{key(each.owner)}.{each.name}".lstrip(".") for each in build.solved.storages if each.local}
    if not local:
        return
    module = module_class(text, build.name)()
    names = {name for name, _ in module.named_parameters()}
    sent, wanted = set(module.shared_state_dict()), names - local
    assert sent & names == wanted
    assert totals(build).at()["sent"] == sum(module.get_parameter(name).numel() for name in wanted)


def check_pair(pair: Pair, deep: bool = True) -> Outcome:
    """Every property of a pair. `deep` runs it with torch."""
    outcome = compiled_pair(pair)
    prints_back(pair)
    order_is_nothing(outcome)
    if outcome.build is not None:
        adds_up(outcome.build)
        lines_are_true(outcome.build, pair)
        if deep:
            text = source(outcome.build)
            builds_as_counted(outcome.build, text)
            agrees_with_its_twin(outcome.build, text)
            stages_go_on(outcome, text)
            sends_what_is_counted(outcome.build, text)
    return outcome


def smallest(pair: Pair, check: Callable[[Pair], object]) -> tuple[Pair, BaseException | None]:
    """The pair with every line left out that the failure does not need."""
    problem = _failure(pair, check)
    again = problem is not None
    while again:
        again = False
        for plan, (_, lines) in enumerate(pair.plans):
            for line in range(len(lines)):
                fewer = pair.without(plan, line)
                found = _failure(fewer, check)
                if found is not None and type(found) is type(problem):
                    pair, problem, again = fewer, found, True
                    break
            if again:
                break
    return pair, problem


def _failure(pair: Pair, check: Callable[[Pair], object]) -> BaseException | None:
    try:
        check(pair)
    except Exception as problem:
        return problem
    return None
