"""Random plans on a small model: as plain tuples for the reference solver, and as text for the real one."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.sharing.toy import Norm, Table, Toy, W

BLOCK = {
    "attn": {"q": W("heads=4,2|4", "heads=4,2"), "k": W("heads=4,2|4", "heads=4,2")},
    "up": W("8|4", "8"),
    "down": W("4|8"),
    "norm": Norm("4"),
}
TREE: dict[str, Any] = {
    "embed": Table("v=6|d=4"),
    "layers": (BLOCK, 4),
    "twin": BLOCK,
    "sq": W("4|4"),
    "rot": W("4|4"),
    "wide": W("4|6"),
    "head": W("6|4"),
}
LAYERS = [f"layers[{i}]" for i in range(4)]
APPLIED = {"twin": 2}


def toy() -> Toy:
    return Toy(TREE, None, **APPLIED)


def tables(
    model: Toy, folds: dict[str, int]
) -> tuple[dict[str, tuple[int, ...]], dict[str, int], dict[str, list[str]]]:
    """Shapes, applications and axis names by path, for the reference solver."""
    shapes, apps, axes = {}, {}, {}
    for site in model.sites:
        path = ".".join(str(step.layer()) for step in site.path)
        shapes[path] = site.shape
        axes[path] = [axis.name or "" for axis in site.spec.axes]
        top = path.split(".")[0]
        apps[path] = APPLIED.get(top, 1) * folds.get(top, 1)
    return shapes, apps, axes


WEIGHTS = [
    "embed.weight", "head.weight", "sq.weight", "rot.weight", "wide.weight", "twin.up.weight", "twin.down.weight",
    "layers[0].up.weight", "layers[1].up.weight", "layers[1].down.weight", "layers[2].down.weight", "twin.norm.bias",
    "layers[0].attn.q.weight", "layers[1].attn.q.weight", "layers[2].attn.k.weight", "twin.attn.k.weight",
    "layers[3].norm.weight", "layers[0].norm.weight",
]  # fmt: skip
SHAPES = {
    "embed.weight": (6, 4), "head.weight": (6, 4), "sq.weight": (4, 4), "rot.weight": (4, 4), "wide.weight": (4, 6),
}  # fmt: skip


def shape_of(path: str) -> tuple[int, ...]:
    if path in SHAPES:
        return SHAPES[path]
    for name, shape in (("up.weight", (8, 4)), ("down.weight", (4, 8)), ("norm", (4,))):
        if name in path:
            return shape
    return (4, 2, 4)


# ---------------------------------------------------------------------------- views


@st.composite
def views(draw: Any, depth: int = 2) -> Any:
    """A view and its shape."""
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        path = draw(st.sampled_from(WEIGHTS))
        return ("w", path), shape_of(path)
    expr, shape = draw(views(depth - 1))
    rank = len(shape)
    kind = draw(st.sampled_from(["T", "scale", "slice", "flip", "roll", "rot90", "permute", "reshape", "concat"]))
    axis = draw(st.integers(0, rank - 1))
    n = shape[axis]
    if kind == "T":
        return ("T", expr), shape[::-1]
    if kind == "scale":
        return ("scale", expr, draw(st.sampled_from([2, 0.5, -1, 3]))), shape
    if kind == "slice" and n > 1:
        lo = draw(st.integers(0, n - 1))
        hi = draw(st.integers(lo + 1, n))
        return ("slice", expr, axis, (lo, hi)), (*shape[:axis], hi - lo, *shape[axis + 1 :])
    if kind == "flip":
        return ("flip", expr, axis), shape
    if kind == "roll":
        return ("roll", expr, draw(st.integers(0, 3)), axis), shape
    if kind == "rot90" and rank >= 2:
        times = draw(st.integers(0, 3))
        turned = (*shape[:-2], shape[-1], shape[-2]) if times % 2 else shape
        return ("rot90", expr, times), turned
    if kind == "permute":
        order = tuple(draw(st.permutations(range(rank))))
        return ("permute", expr, order), tuple(shape[a] for a in order)
    if kind == "concat":
        other, more = draw(views(depth - 1))
        if len(more) == rank and all(a == b for at, (a, b) in enumerate(zip(shape, more, strict=True)) if at != axis):
            return ("concat", [expr, other], axis), (*shape[:axis], n + more[axis], *shape[axis + 1 :])
    return expr, shape


def fitted(expr: Any, shape: tuple[int, ...], wanted: tuple[int, ...]) -> Any | None:
    """The view cut or reshaped to the wanted shape, None where that does not do."""
    if shape == wanted:
        return expr
    if np.prod(shape) == np.prod(wanted):
        return ("reshape", expr, wanted)
    if len(shape) == len(wanted) and all(a >= b for a, b in zip(shape, wanted, strict=True)):
        for axis, (a, b) in enumerate(zip(shape, wanted, strict=True)):
            if a > b:
                expr = ("slice", expr, axis, (a - b, a))
        return expr
    return None


# ---------------------------------------------------------------------------- lines


@st.composite
def ties(draw: Any) -> Any | None:
    left = draw(st.sampled_from(WEIGHTS))
    shape = shape_of(left)
    cut = None
    if draw(st.integers(0, 3)) == 0:
        axis = draw(st.integers(0, len(shape) - 1))
        lo = draw(st.integers(0, shape[axis] - 1))
        hi = draw(st.integers(lo + 1, shape[axis]))
        cut = (axis, (lo, hi))
        shape = (*shape[:axis], hi - lo, *shape[axis + 1 :])
    expr, have = draw(views())
    made = fitted(expr, have, shape)
    if made is None:
        return None
    part = None
    if cut is None and draw(st.integers(0, 7)) == 0 and len(shape) > 1:
        part = draw(st.sampled_from([("lora", 2), ("scale", 0)]))
    elif draw(st.integers(0, 11)) == 0:
        made = ("detach", made)
    return ("tie", left, cut, made, part)


@st.composite
def repeats(draw: Any) -> Any | None:
    left = draw(st.sampled_from(["sq.weight", "layers[0].attn.q.weight", "twin.up.weight", "embed.weight"]))
    shape = shape_of(left)
    small = (shape[0] // 2, *shape[1:])
    source = draw(st.sampled_from([path for path in WEIGHTS if path != left]))
    made = fitted(("w", source), shape_of(source), small)
    return None if made is None else ("tie", left, None, ("repeat", made, 2, 0), None)


BLOCK_TIES = [
    ("tie", "layers[1]", None, ("w", "twin"), None),
    ("tie", "layers[2].attn.q", None, ("w", "layers[2].attn.k"), None),
    ("tie", "layers[3].attn", None, ("w", "twin.attn"), ("lora", 2)),
    ("tie", "twin.norm", None, ("w", "layers[0].norm"), None),
]
HOWS = [
    None,
    ("groups_of", 2),
    ("in_groups", 3),
    ("cycle", 3),
    ("reversed", 3),
    ("reversed", 2),
    ("list", (0, 1, 0, 2)),
]


@st.composite
def across(draw: Any) -> Any:
    wanted = draw(st.sampled_from([("*",), ("attn",), ("up", "down"), ("norm",), ("attn.q",)]))
    elements = draw(st.sampled_from([LAYERS, LAYERS[1:3], [*LAYERS[:3], "twin"], LAYERS[0::2]]))
    how = draw(st.sampled_from(HOWS)) if len(elements) == 4 else None
    excepted = draw(st.sampled_from([(), ("norm",), ("attn.k",)])) if wanted == ("*",) else ()
    part = None
    if draw(st.integers(0, 3)) == 0:
        inside = {"*": ("attn.q", "up"), "attn": ("attn.q", "attn.k"), "up": ("up",), "norm": (), "attn.q": ("attn.q",)}
        on = inside[wanted[0]]
        if on:
            kind, rank = draw(st.sampled_from([("lora", 2), ("lora", 9), ("scale", 0)]))
            part = (kind, rank, on)
    return ("across", wanted, elements, how, excepted, part)


ALONGS = [("along", "layers[1].attn.q.weight", "heads", 2), ("along", "layers[0].attn.q.weight", "heads", None),
          ("along", "twin.attn.k.weight", "heads", 2), ("along", "layers[2].attn.k.weight", "heads", None)]  # fmt: skip
FACTORS = [
    ("factorize", "embed.weight", 2),
    ("factorize", "sq.weight", 3),
    ("factorize", "twin.up.weight", 2),
    ("basis", "up.weight", LAYERS, 2),
    ("basis", "down.weight", LAYERS[:2], 3),
    ("bank", "attn.q.weight", LAYERS[2:], 2),
]
FACTOR_TIES = [
    [("factorize", "sq.weight", 2), ("factorize", "rot.weight", 2), ("factors", "sq.weight", "rot.weight", "u")],
    [
        ("factorize", "embed.weight", 2),
        ("factorize", "head.weight", 2),
        ("factors", "embed.weight", "head.weight", "v"),
    ],
]
ALLS = [
    ("all", ["layers[0].norm.weight", "layers[0].norm.bias", "twin.norm.bias"]),
    ("all", ["sq.weight", "rot.weight"]),
]


@st.composite
def plans(draw: Any) -> tuple[list[Any], dict[str, int]]:
    """Lines, and how often single layers are folded."""
    lines: list[Any] = []
    folds: dict[str, int] = {}
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from("tttttraaaablfgos"))
        match kind:
            case "t":
                line = draw(ties())
                lines += [] if line is None else [line]
            case "r":
                line = draw(repeats())
                lines += [] if line is None else [line]
            case "a":
                lines.append(draw(across()))
            case "b":
                lines.append(draw(st.sampled_from(BLOCK_TIES)))
            case "l":
                lines.append(draw(st.sampled_from(ALONGS)))
            case "f":
                lines.append(draw(st.sampled_from(FACTORS)))
            case "g":
                lines += draw(st.sampled_from(FACTOR_TIES))
            case "s":
                lines.append(draw(st.sampled_from(ALLS)))
            case "o" if not folds:
                part = draw(st.sampled_from([None, ("lora", 2), ("scale", 0)]))
                excepted = draw(st.sampled_from([(), ("norm",), ("norm", "attn.q")]))
                folds["twin"] = 3
                lines.append(("fold", "twin", 3, excepted, part))
    return lines, folds


# ---------------------------------------------------------------------------- text


def text(line: Any) -> str:
    """The line as the language writes it."""
    match line:
        case ("tie", left, cut, expr, part):
            slice_ = ""
            if cut is not None:
                axis, (lo, hi) = cut
                slice_ = "[" + ", ".join([*["*"] * axis, f"{lo}:{hi}"]) + "]"
            return f"tie {left}{slice_} = {view(expr)}{_with(part)}"
        case ("across", wanted, elements, how, excepted, part):
            p = wanted[0] if len(wanted) == 1 else "{" + ", ".join(wanted) + "}"
            minus = f" except {', '.join(excepted)}" if excepted else ""
            return f"share {p} across {', '.join(elements)}{_how(how)}{minus}{_with(part)}"
        case ("all", paths):
            return "share {" + ", ".join(paths) + "}"
        case ("along", path, axis, groups):
            return f"share {path} along {axis}" + (f" in groups of {groups}" if groups else "")
        case ("factorize", path, rank):
            return f"factorize {path} rank {rank}"
        case ("basis", tail, elements, rank):
            return f"factorize {tail} across {', '.join(elements)} rank {rank} as basis"
        case ("bank", tail, elements, count):
            return f"factorize {tail} across {', '.join(elements)} as bank({count})"
        case ("factors", one, other, name):
            return f"tie {one}.{name} = {other}.{name}"
        case ("fold", layer, times, excepted, part):
            minus = f" except {', '.join(excepted)}" if excepted else ""
            return f"fold {layer} {times} times{minus}{_with(part)}"
    raise AssertionError(line)


def _with(part: Any) -> str:
    if not part:
        return ""
    name = f"lora(rank = {part[1]})" if part[0] == "lora" else part[0]
    on = ""
    if len(part) == 3:
        on = " on " + (part[2][0] if len(part[2]) == 1 else "{" + ", ".join(part[2]) + "}")
    return f" with {name}{on}"


def _how(how: Any) -> str:
    match how:
        case None:
            return ""
        case ("groups_of", n):
            return f" in groups of {n}"
        case ("in_groups", n):
            return f" in {n} groups"
        case ("cycle", n):
            return f" in cycle of {n}"
        case ("reversed", n):
            return f" in cycle of {n} reversed"
    return f" as {list(how[1])}"


def view(expr: Any) -> str:
    match expr:
        case ("w", path):
            return str(path)
        case ("T", of):
            return f"({view(of)}).T"
        case ("scale", of, number):
            return f"{number} * {view(of)}" if number >= 0 else f"-{view(of)}"
        case ("slice", of, axis, (lo, hi)):
            return f"({view(of)})[" + ", ".join([*["*"] * axis, f"{lo}:{hi}"]) + "]"
        case ("concat", parts, axis):
            return f"concat({', '.join(map(view, parts))}, axis = {axis})"
        case ("reshape", of, shape):
            return f"reshape({view(of)}, {list(shape)})"
        case ("permute", of, order):
            return f"permute({view(of)}, {list(order)})"
        case ("flip", of, axis):
            return f"flip({view(of)}, axis = {axis})"
        case ("roll", of, by, axis):
            return f"roll({view(of)}, {by}, axis = {axis})"
        case ("rot90", of, times):
            return f"rot90({view(of)}, {times})"
        case ("repeat", of, times, axis):
            return f"repeat({view(of)}, {times}, axis = {axis})"
        case ("detach", of):
            return f"detach({view(of)})"
    raise AssertionError(expr)
