"""The sizes that a leaf's own class is made with, and what its constructor calls them."""

from __future__ import annotations

from sharedsl.emit.hosts import Host
from sharedsl.emit.layouts import joined_shape
from sharedsl.emit.numbered import base_name
from sharedsl.model import weights as w
from sharedsl.model.sizes import Size, product
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """A parameter's shape in torch's layout: its length on each axis, and the names that the constructor calls them."""

    sizes: tuple[int, ...]
    names: tuple[str, ...]


def leaf_sizes(host: Host) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """The sizes that a leaf's own class is made with: for each parameter the names of its axes, and their values."""
    shapes: dict[str, tuple[str, ...]] = {}
    sizes: dict[str, int] = {}
    for storage in host.owned:
        if storage.role == "core":  # its lengths are the plan's, not the caller's
            continue
        shape = shape_of(storage, host)
        names: list[str] = []
        for name, value in zip(shape.names, shape.sizes, strict=True):
            if sizes.setdefault(name, value) != value:
                name = f"{storage.name}_{name}"
                sizes[name] = value
            names.append(name)
        shapes[storage.name] = tuple(names)
    if host.rows > 1:
        sizes["applications"] = host.rows
    return shapes, sizes


def size_words(host: Host) -> dict[str, Size]:
    """What the constructor's sizes are made of, in the model's words."""
    found: dict[str, Size] = {}
    for storage in host.owned:
        shape = shape_of(storage, host)
        parts: list[Size] = [axis.size for axis in storage.axes]
        if len(shape.sizes) != len(parts):
            sides = [[axis.size for axis in storage.axes if axis.side == side] for side in ("out", "in")]
            parts = [product(side) for side in sides if side]
        if [part.value for part in parts] == list(shape.sizes):
            for name, part in zip(shape.names, parts, strict=True):
                found.setdefault(name, part)
    return found


def shape_of(storage: w.Storage, host: Host) -> Shape:
    """How torch lays the storage out: a Linear's outputs joined, its inputs joined; everything else axis by axis."""
    sizes = joined_shape(storage, host.unit)
    plain_name = base_name(storage.name)
    if host.unit.name == "Linear" and storage.role not in ("bank", "coefficient", "core"):
        own = {"weight": ("outputs", "inputs"), "bias": ("outputs",)}.get(plain_name)
        return Shape(sizes, own if own and _usual_sizes(storage, host) else _names(storage, sizes))
    if host.unit.name == "Embedding" and plain_name == "weight" and _usual_sizes(storage, host):
        return Shape(sizes, ("rows", "dim"))
    table = host.unit.name == "Embedding" and storage.role in ("lora", "scale")
    return Shape(sizes, _names(storage, sizes, table))


def _usual_sizes(storage: w.Storage, host: Host) -> bool:
    """Whether the storage is as large as the layer's own weight."""
    spec = host.unit.weights.get(base_name(storage.name))
    return spec is not None and spec.shape == storage.shape


def _factor_names(name: str, table: bool, inner: bool) -> tuple[str, ...] | None:
    """What the axes of factors and private parts are called; a table has rows, each as long as its dim."""
    rows, columns = ("rows", "dim") if table else ("outputs", "inputs")
    match name:
        case "weight_u" | "weight_lora_b":
            return (rows, "rank")
        case "weight_v" | "weight_lora_a":
            return ("rank", columns)
        case "weight_lora_inner":
            return ("rank",)
        case "weight_lora_outer" | "weight_magnitude" | "weight_scale":
            return (columns if inner else rows,)
    return None


def _names(storage: w.Storage, sizes: tuple[int, ...], table: bool = False) -> tuple[str, ...]:
    inner = storage.axes[0].side == "in"
    usual = _factor_names(base_name(storage.name), table, inner)
    if usual is not None and len(usual) == len(sizes):
        return usual
    known = [axis.name for axis in storage.axes]
    if len(known) == len(sizes) and len(set(known)) == len(known) and all(known) and storage.role == "weight":
        return tuple(str(name) for name in known)
    first = "templates" if storage.role in ("bank", "coefficient") else f"{base_name(storage.name)}_size"
    rest = [name or f"{storage.name}_{at}" for at, name in enumerate(known[1:], 1)] if len(known) == len(sizes) else []
    if len(rest) + 1 == len(sizes) and len({first, *rest}) == len(sizes):
        return (first, *rest)
    return tuple(f"{storage.name}_{at}" for at in range(len(sizes)))
