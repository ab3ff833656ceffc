"""What is stored, applied and saved: sums over storages and sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sharedsl.analysis.applied import Applied
from sharedsl.analysis.budget.quantity import ZERO, numel, product, times, total
from sharedsl.model.dataflow import Tensor
from sharedsl.model.federated import local_layers
from sharedsl.model.poly import Poly
from sharedsl.model.sites import Path, WeightSpec
from sharedsl.model.tree import BufferSpec, Model
from sharedsl.model.weights import Solved, Storage

#: bytes of one number
BYTES = {
    "float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2, "int16": 2,
    "float8_e4m3fn": 1, "float8_e5m2": 1, "int8": 1, "uint8": 1, "bool": 1,
    "float": 4, "int": 8,
}  # fmt: skip


def stored(solved: Solved) -> Poly:
    """All parameters, each storage once."""
    return _together(solved.storages)


def trainable(solved: Solved) -> Poly:
    return _together(storage for storage in solved.storages if storage.trainable)


def frozen(solved: Solved) -> Poly:
    return _together(storage for storage in solved.storages if not storage.trainable)


def _together(storages: Iterable[Storage]) -> Poly:
    """The elements of storages; the layers of a stack share their axes, which are counted once."""
    uses: dict[int, tuple[Storage, int]] = {}
    for storage in storages:
        known = uses.get(id(storage.axes))
        uses[id(storage.axes)] = (storage, 1 if known is None else known[1] + 1)
    return total(times(numel(storage.axes), count) for storage, count in uses.values())


def sent(solved: Solved) -> Poly:
    """The parameters that a round of federated training sends."""
    return _together(storage for storage in solved.storages if not storage.local)


def sent_bytes(solved: Solved, dtype: str) -> Poly:
    kept = [storage for storage in solved.storages if not storage.local]
    return total(times(numel(storage.axes), BYTES[dtype_of(storage, dtype)]) for storage in kept)


def sent_buffers(model: Model, solved: Solved, dtype: str | None = None) -> Poly:
    """The numbers in buffers that a round may send as well: not those of layers that are local; bytes, with a dtype."""
    here = local_layers(solved)
    return total(
        times(_size(spec.type), count * (1 if dtype is None else _buffer_bytes(spec, dtype)))
        for path, spec, count in _buffers(model)
        if spec.persistent and path not in here
    )


def applied(solved: Solved) -> Poly:
    """Every site's own full shape, once per application, and its private parts."""
    uses = Counter(id(site.spec) for site in solved.sites)
    specs = {id(site.spec): site.spec for site in solved.sites}
    parts = [times(spec_numel(specs[key]), count) for key, count in uses.items()]
    parts += [numel(solved.storages[at].axes) for private in solved.private.values() for at in private]
    return total(parts)


def spec_numel(spec: WeightSpec) -> Poly:
    return numel(spec.axes)


def buffer_list(model: Model) -> Iterator[tuple[BufferSpec, int]]:
    """Each buffer that a layer declares, with how many of it there are: one for each application of the layer."""
    for _, spec, count in _buffers(model):
        yield spec, count


def _buffers(model: Model) -> Iterator[tuple[Path, BufferSpec, int]]:
    applied = Applied(model)
    for path, unit in applied.buffered():
        for spec in unit.buffers.values():
            yield path, spec, applied.count(path)


def buffers(model: Model) -> Poly:
    """Numbers in persistent buffers."""
    return total(times(_size(spec.type), slots) for spec, slots in buffer_list(model) if spec.persistent)


def _size(type_: Tensor) -> Poly:
    return product(dim.formula for dim in type_.dims)


def saved_bytes(model: Model, solved: Solved, dtype: str) -> Poly:
    """What a checkpoint weighs: parameters and persistent buffers, each in its own dtype."""
    by_dtype = bytes_by_dtype(model, solved, dtype)
    return total(by_dtype.values())


def bytes_by_dtype(model: Model, solved: Solved, dtype: str) -> dict[str, Poly]:
    """dtype -> bytes. `dtype` is the build's, which weights have that do not name their own."""
    parts: dict[str, list[Poly]] = {}
    for storage in solved.storages:
        kind = dtype_of(storage, dtype)
        parts.setdefault(kind, []).append(times(numel(storage.axes), BYTES[kind]))
    for spec, slots in buffer_list(model):
        if spec.persistent:
            kind = {"float": dtype, "int": "int64"}.get(spec.type.dtype, spec.type.dtype)
            parts.setdefault(kind, []).append(times(_size(spec.type), slots * BYTES[kind]))
    return {kind: total(each) for kind, each in sorted(parts.items())}


def dtype_of(storage: Storage, default: str) -> str:
    """float32 is what a weight has that says nothing; the build's `dtype` line then decides."""
    return default if storage.dtype in ("float32", "float") else storage.dtype


def artifact_bits(model: Model, solved: Solved, dtype: str, bits: int) -> Poly:
    """Parameters at `bits` each and buffers as they are, in bits."""
    kept = [times(_size(s.type), n * 8 * _buffer_bytes(s, dtype)) for s, n in buffer_list(model) if s.persistent]
    return total([times(stored(solved), bits), *kept]) if solved.storages else total([ZERO, *kept])


def _buffer_bytes(spec: BufferSpec, dtype: str) -> int:
    return BYTES[{"float": dtype, "int": "int64"}.get(spec.type.dtype, spec.type.dtype)]
