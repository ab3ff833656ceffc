"""State per application: every decoder of `specs/`, built to be run step by step, gives what it gives for the whole.

A build that is not `incremental` itself is read once more with that line. Folds, shared stacks, execution orders and
applications of one layer at several places all take part; the slots that the caller's cache ends up with are the
applications that keep a state, one each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sharedsl.analysis.pipeline import Broken, Compiled, compile_build
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Unit
from sharedsl.runtime.built import module_class
from sharedsl.runtime.comparison import flat, load_storages, run_module
from sharedsl.runtime.inputs import Scenario, scenarios
from sharedsl.runtime.pieces import in_pieces, joined
from sharedsl.runtime.twin import Twin, random_storages
from sharedsl.runtime.verify import verify
from sharedsl.syntax import ast
from tests.compiled import SPECS, analysis, compiled, source

#: models that only train: their stages change the model, and nobody decodes with them
TRAINING = "training"
#: files that every run of the tests takes; the others are slow together
QUICK = ("attention/heads.sdsl", "attention/mla.sdsl", "folding/golf.sdsl", "language/opt.sdsl")


def units(unit: Unit, seen: dict[int, Unit]) -> list[Unit]:
    if id(unit) not in seen:
        seen[id(unit)] = unit
        for child in unit.children.values():
            for each in child.units:
                units(each, seen)
    return list(seen.values())


def attends(node: Any) -> Iterator[d.Op]:
    if isinstance(node, tuple | list):
        for each in node:
            yield from attends(each)
    elif hasattr(node, "__dataclass_fields__"):
        if isinstance(node, d.Op) and node.op == "attend":
            yield node
        for name in node.__dataclass_fields__:
            if name not in ("span", "type"):
                yield from attends(getattr(node, name))


def remembers(made: Compiled) -> bool:
    """Whether the model itself computes a memory at the first step, once: an encoder and a decoder."""

    def found(node: Any) -> bool:
        if isinstance(node, tuple | list):
            return any(map(found, node))
        if isinstance(node, d.Once):
            return True
        return hasattr(node, "__dataclass_fields__") and any(
            found(getattr(node, name)) for name in node.__dataclass_fields__ if name not in ("span", "type")
        )

    return any(found(body.statements) for body in made.model.root.bodies.values())


def decodes(made: Compiled) -> bool:
    """Whether the model keeps a state and never looks ahead: all of its attention is causal."""
    every = units(made.model.root, {})
    if not any(unit.states for unit in every):
        return False
    found = [op for unit in every for body in unit.bodies.values() for op in attends(body.statements)]
    return all(op.setting("causal") for op in found)


def decoders(spec: str) -> list[str]:
    """The builds of a spec whose model decodes."""
    path = SPECS / spec
    whole = analysis(path.read_text(), str(path))
    found = []
    for name in whole.builds:
        try:
            made = compile_build(whole, name, test=True)
        except Broken:  # that all specs compile is another test's business
            continue
        if not decodes(made) and not encodes_once(spec, name, made):
            continue
        if not looks_ahead(made):
            found.append(name)
    return found


def encodes_once(spec: str, name: str, made: Compiled) -> bool:
    """Whether it is an encoder and a decoder that reads what was encoded at the first step."""
    if not any(unit.states for unit in units(made.model.root, {})) or "once(" not in (SPECS / spec).read_text():
        return False
    try:
        return remembers(incremental(spec, name))
    except Broken:  # adaptive computation time: a `while` can keep nothing from call to call
        return False


def incremental(spec: str, name: str) -> Compiled:
    """The build, with the line `incremental` where it has none."""
    path = Path(SPECS, spec)
    text = path.read_text()
    build = analysis(text, str(path)).builds[name]
    words = text[build.span.start : build.span.end].rstrip()
    if not any(isinstance(line, ast.IncrementalLine) for line in build.body):
        more = f"{words[:-1]}\n  incremental\n}}" if words.endswith("}") else f"{words} {{\n  incremental\n}}"
        text = text[: build.span.start] + more + text[build.span.start + len(words) :]
    whole = analysis(text, str(path))
    made = compile_build(whole, name, test=True)
    assert made.incremental
    return made


FILES = [str(path.relative_to(SPECS)) for path in sorted(SPECS.rglob("*.sdsl")) if TRAINING not in path.parts]


def test_decoders_are_found() -> None:
    assert {"Gpt2SmallDecoder", "Gpt2Folded", "Gpt2SmallSandwich"} <= set(decoders("language/gpt2.sdsl"))
    assert "MorCycle2" in decoders("crosslayer/recursions.sdsl")
    assert "GolfNet" in decoders("folding/golf.sdsl")
    assert {"TakaseCycleRev", "TiedTransformer"} <= set(decoders("crosslayer/takase.sdsl"))
    assert "BartTiedStacks" in decoders("encoder_decoder/bart.sdsl")
    assert not decoders("encoder/bert.sdsl")


def looks_ahead(made: Compiled) -> bool:
    """Whether results change with what comes after them (a recurrence that runs backwards, say)."""
    twin = Twin(made.model, made.solved, random_storages(made.solved, 0))
    for scenario in scenarios(made.model, twin, 0):
        whole = flat(twin.run(scenario.entry, scenario.given))
        for piece in (in_pieces(scenario, made.model) or [])[:1]:
            first = flat(twin.run(piece.entry, piece.given))
            for one, want in zip(first, whole, strict=True):
                if one.dim() == want.dim():
                    cut = want[tuple(slice(0, length) for length in one.shape)]
                    if apart(one, cut) > 1e-10:
                        return True
    return False


def one_by_one(scenario: Scenario, made: Compiled) -> list[Scenario]:
    """The sequence a token at a time."""
    import sharedsl.runtime.pieces as pieces

    kept = pieces._lengths
    try:
        pieces._lengths = lambda length: [1] * length
        return in_pieces(scenario, made.model) or []
    finally:
        pieces._lengths = kept


@pytest.mark.parametrize(
    "spec", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in FILES]
)
def test_step_by_step(spec: str) -> None:
    for name in decoders(spec):
        made = incremental(spec, name)
        report = verify(made)
        assert report.ok, str(report)
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            _compare(made)
        finally:
            torch.set_default_dtype(before)


def _compare(made: Compiled) -> None:
    module: nn.Module = module_class(source(made), made.name)().double().eval()
    values = random_storages(made.solved, 0)
    load_storages(module, made.solved, values)
    twin = Twin(made.model, made.solved, values)
    stepped = 0
    for scenario in scenarios(made.model, twin, 0):
        steps = one_by_one(scenario, made)
        if not steps:
            continue
        stepped += 1
        body = made.model.root.bodies[made.model.entries[scenario.entry]]
        cache: dict[object, object] = {}
        with torch.no_grad():
            whole = flat(run_module(module, scenario))
            given = joined([flat(run_module(module, each, cache=cache)) for each in steps], body)
        for one, want in zip(given, whole, strict=True):
            if one is not None:
                assert apart(one, want) <= 1e-10
        assert places(cache) == slots(twin, steps)
    assert stepped


def places(cache: dict[Any, Any]) -> int:
    """The slots of a cache; each turn of a running loop has a cache of its own inside."""
    return sum(1 if all(isinstance(key, str) for key in each) else places(each) for each in cache.values())


def apart(one: Tensor, other: Tensor) -> float:
    return float(((one - other).abs().max() / other.abs().max().clamp(min=1e-30)).detach())


def slots(twin: Twin, steps: list[Scenario]) -> int:
    """The applications that keep something, by what the spec means."""
    interpreter = twin.interpreter()
    with torch.no_grad():
        for each in steps:
            interpreter.run(each.entry, each.given)
    return len({(path, *turns) for path, _, *turns in interpreter.states})


DECODER = """
import "std/transformer" { DecoderLayer, RotaryDecoderLayer }
import "std/positions" { LearnedPositions }

block Twice(dim) {
  layer inner  = RotaryDecoderLayer(dim, 2, 1, 12)
  layer layers = DecoderLayer(dim, 2) * 2
  forward(x: float[B, T, dim]) -> float[B, T, dim] { return inner(layers(inner(x))) }
}

model Random(dim = 8, depth = 5) {
  layer pos    = LearnedPositions(16, dim)
  layer layers = DecoderLayer(dim, 2) * depth
  layer twice  = Twice(dim)
  forward(x: float[B, T, dim]) -> float[B, T, dim] { return x |> pos |> layers |> twice |> layers }
}
"""


def random_plan(random: Random) -> str:
    """Some folds that may stand in one plan: of a slice, of the whole stack, in an order, of a block and inside it."""
    start = random.randrange(4)
    stop = random.randrange(start + 1, 6)
    order = [*range(5), *(random.randrange(5) for _ in range(random.randrange(4)))]
    random.shuffle(order)
    whole = random.choice(["", f"fold layers {random.randrange(2, 4)} times", f"fold layers as {order}"])
    part = "" if " as " in whole else f"fold layers[{start}:{stop}] {random.randrange(2, 4)} times"
    lines = [
        random.choice(["", part]) if stop - start < 5 or not whole else "",
        whole,
        random.choice(["", f"fold twice {random.randrange(2, 4)} times"]),
        random.choice(["", "fold twice.layers 2 times", "fold twice.layers[1] 3 times", "fold twice.inner 2 times"]),
        random.choice(["", "share * across layers", "share attn across layers[1:3]"]),
    ]
    return "\n  ".join(line for line in lines if line)


@pytest.mark.parametrize("seed", range(12))
def test_random_folds(seed: int) -> None:
    plan = random_plan(Random(seed))
    made = compiled(
        f"{DECODER}\nsharing p of Random {{\n  {plan}\n}}\nbuild B = Random() with p {{ incremental }}", "B"
    )
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        _compare(made)
    finally:
        torch.set_default_dtype(before)
