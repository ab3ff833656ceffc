"""`with lora(rank) / diagonal / scale [on Q]`: what the parts are, and which weights get them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sharedsl.comptime import Failure, evaluate
from sharedsl.diagnostics import Label
from sharedsl.model.sizes import Real, Size, size
from sharedsl.sharing.context import Line
from sharedsl.sharing.report import suggestion
from sharedsl.sharing.variables import PartSpec
from sharedsl.sharing.world import World
from sharedsl.source import Span
from sharedsl.syntax import ast

#: the parts of a line, each with the keys that it is put on; None stands for all
Chosen = list[tuple[ast.Part, PartSpec, set[object] | None]]
PARTS: dict[str, tuple[str, ...]] = {"lora": ("rank", "alpha", "gated"), "diagonal": (), "scale": ("inputs",)}
#: what `adapt` puts beside a storage; an adapter is a layer
ADAPTATIONS: dict[str, tuple[str, ...]] = {
    "lora": ("rank", "alpha", "gated", "capped"),
    "dora": ("rank", "alpha", "capped"),
    "vera": ("rank", "seed"),
    "diagonal": (),
    "scale": ("inputs",),
}


def spec_of(part: ast.Part, line: Line, world: World, takes: Mapping[str, tuple[str, ...]] = PARTS) -> PartSpec | None:
    """The private part that a `with` names; mistakes are reported."""
    if part.name not in takes:
        _unknown(part, takes, world)
        return None
    given = arguments(part, takes[part.name], line, world)
    if given is None:
        return None
    if "rank" not in takes[part.name]:
        inputs = given.get("inputs", False)
        if not isinstance(inputs, bool):
            world.report.error("wrong-kind", f"`inputs` of `{part.name}` is true or false", part.span)
            return None
        return PartSpec(part.name, inputs=inputs)
    name, rank = part.name, given.get("rank")
    if not isinstance(rank, Size) or rank.value is None or rank.value < 1:
        message = f"`{name}` needs a rank of at least 1"
        world.report.error("missing-argument", message, part.span, help=f"write `{name}(rank = 8)`")
        return None
    for key, kinds, what in (("alpha", Size | Real, "a number"), ("gated", bool, "true or false"),
                             ("capped", bool, "true or false"), ("seed", Size, "a whole number")):  # fmt: skip
        if given.get(key) is not None and not isinstance(given[key], kinds):
            world.report.error("wrong-kind", f"`{key}` of `{name}` is {what}", part.span)
            return None
    capped = bool(given.get("capped", takes is PARTS))
    alpha: Size | Real | None = given.get("alpha")  # type: ignore[assignment]
    if alpha is not None and alpha.value == 0:
        message = f"`{name}` with an alpha of 0 adds nothing: its correction is alpha / rank times the two factors"
        world.report.error("bad-value", message, part.span, help="leave `alpha` out for a scale of 1")
        return None
    seed: Size | None = given.get("seed")  # type: ignore[assignment]
    if name == "vera" and seed is None:
        seed = size(0)
    return PartSpec(name, rank, alpha, bool(given.get("gated")), capped, seed)


def _unknown(part: ast.Part, takes: Mapping[str, tuple[str, ...]], world: World) -> None:
    word = Span(part.span.path, part.span.start, part.span.start + len(part.name))
    if part.name in ADAPTATIONS or part.name in PARTS:
        whose = "`adapt`" if takes is PARTS else "tie, share and fold"
        message = f"`{part.name}` is a part that {whose} can have; this line cannot"
        world.report.error("unknown-part", message, word, help=f"one of {', '.join(takes)}")
        return
    more = "step_embedding" if takes is PARTS else "adapter"
    help, fixes = suggestion(part.name, word, (*takes, more))
    world.report.error("unknown-part", f"there is no private part `{part.name}`", word, help=help, fixes=fixes)


def arguments(part: ast.Part, names: tuple[str, ...], line: Line, world: World) -> dict[str, object] | None:
    """What a part is written with, by name; mistakes are reported."""
    given: dict[str, object] = {}
    for at, arg in enumerate(part.args):
        name = arg.name or (names[at] if at < len(names) else "")
        if name not in names or name in given:
            takes = ", ".join(names) or "nothing"
            message = f"`{part.name}` has no argument `{arg.name}`" if arg.name else f"`{part.name}` takes {takes}"
            if name in given:
                message = f"`{name}` is given twice"
            world.report.error("unknown-argument", message, arg.value.span, help=f"it takes {takes}")
            return None
        try:
            given[name] = evaluate(arg.value, line.scope)
        except Failure as problem:
            world.fail(problem, arg.value.span)
            return None
    return given


def fits(spec: PartSpec, site: int, part: ast.Part, world: World) -> bool:
    """Whether a weight can have the part: one with outputs and inputs; a square one for a diagonal."""
    axes = world.sites[site].spec.axes
    outs = [axis.size for axis in axes if axis.side == "out"]
    ins = [axis.size for axis in axes if axis.side == "in"]
    if not outs or not ins:
        return False
    if spec.kind == "diagonal":
        rows, columns = 1, 1
        for size in outs:
            rows *= size.value or 0
        for size in ins:
            columns *= size.value or 0
        if rows != columns:
            message = f"a diagonal needs a square weight, and `{world.title(site)}` is {rows} x {columns}"
            world.report.error("shape", message, part.span, help="name the square weights with `on`")
            return False
    return True


def of_parts(
    parts: tuple[ast.Part, ...], line: Line, world: World, named: Callable[[ast.Part], set[object] | None]
) -> Chosen:
    """The parts of a line with the keys that each is put on."""
    out: Chosen = []
    for part in parts:
        if part.name == "step_embedding":
            if not isinstance(line.relation, ast.Fold):
                message = "`step_embedding` tells the steps of a fold apart; there is none here"
                world.report.error("unknown-part", message, part.span, also=(Label(line.span, "not a fold"),))
            continue
        spec = spec_of(part, line, world)
        if spec is None:
            continue
        keys = None if part.on is None else named(part)
        if keys is not None and not keys:
            continue
        out.append((part, spec, keys))
    return out


def specs_for(key: object, site: int, chosen: Chosen, world: World) -> tuple[PartSpec, ...]:
    """The private parts of one weight of a line; two of one kind contradict each other."""
    found: list[PartSpec] = []
    for part, spec, keys in chosen:
        if (keys is None or key in keys) and fits(spec, site, part, world):
            if any(each.kind == spec.kind for each in found):
                message = f"`{world.title(site)}` gets `{spec.kind}` twice"
                world.report.error("two-private-parts", message, part.span, help="keep one of them")
                continue
            found.append(spec)
    return tuple(found)


def check_used(chosen: Chosen, used: set[str], world: World) -> None:
    """A part that no weight of its line can have does nothing."""
    for part, spec, _ in chosen:
        if spec.kind not in used and not any(d.span == part.span for d in world.report.found):
            message = f"`{spec.kind}` is put on no weight: it needs one with outputs and inputs, such as a Linear's"
            world.report.error("no-site", message, part.span)
