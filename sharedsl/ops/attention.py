"""Attention: which shapes go together, and what it costs."""

from __future__ import annotations

from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sizes import Real, Size, combine, product, size
from sharedsl.ops.attention_code import BIAS, MASK, K, Q, V, attend_code
from sharedsl.ops.base import (
    Args,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    broadcast,
    real,
    tensor,
)

NAMES = ("the queries", "the keys", "the values", "the mask", "the bias")


# ---------------------------------------------------------------------------- shapes


def _attend(args: Args, settings: Settings) -> Type:
    queries, keys, values = (tensor(args, at, NAMES[at]) for at in (Q, K, V))
    for at, each in enumerate((queries, keys, values)):
        if len(each.dims) != 4 or each.dtype != "float":
            raise ShapeError(f"{NAMES[at]} must be float[batch, length, heads, head_dim], and this is {each}", at)
    _check_keys(queries, keys, values)
    batch, rows, heads, _ = queries.dims
    scores = (batch, heads, rows, keys.dims[1])
    if len(args) > MASK and args[MASK] is not None:
        _check_mask(tensor(args, MASK, NAMES[MASK]), scores)
    if len(args) > BIAS and args[BIAS] is not None:
        _check_bias(tensor(args, BIAS, NAMES[BIAS]), scores)
    _check_settings(settings)
    return Tensor("float", (batch, rows, heads, values.dims[3]))


def _check_keys(queries: Tensor, keys: Tensor, values: Tensor) -> None:
    if not keys.dims[0].same(queries.dims[0]):
        raise ShapeError(f"queries {queries} and keys {keys} have batches of {queries.dims[0]} and {keys.dims[0]}", K)
    if not keys.dims[3].same(queries.dims[3]):
        raise ShapeError(
            f"queries {queries} and keys {keys} differ in head size: {queries.dims[3]} and {keys.dims[3]}", K
        )
    for axis, word in ((0, "batch"), (1, "length"), (2, "heads")):
        if not values.dims[axis].same(keys.dims[axis]):
            raise ShapeError(
                f"keys {keys} and values {values} differ in {word}: {keys.dims[axis]} and {values.dims[axis]}", V
            )
    heads, groups = queries.dims[2], keys.dims[2]
    if groups.value == 0 or combine("%", heads, groups).value != 0:
        raise ShapeError(f"{heads} query heads cannot share {groups} key heads evenly", K)


def _check_mask(mask: Tensor, scores: tuple[Size, ...]) -> None:
    batch, _, rows, columns = scores
    wanted = {2: (batch, columns), 3: (batch, rows, columns), 4: scores}.get(len(mask.dims))
    if mask.dtype != "bool" or wanted is None:
        raise ShapeError(
            f"the mask must be bool[B, M], bool[B, T, M] or bool[B, heads, T, M], and this is {mask}", MASK
        )
    for have, want in zip(mask.dims, wanted, strict=True):
        if not have.same(want) and not (have.value == 1 and len(mask.dims) > 2):
            raise ShapeError(f"the mask is {mask} where {Tensor('bool', wanted)} is wanted: {have} for {want}", MASK)


def _check_bias(bias: Tensor, scores: tuple[Size, ...]) -> None:
    want = Tensor("float", scores)
    if bias.dtype != "float" or len(bias.dims) > 4:
        raise ShapeError(f"the bias must be float[heads, T, M], added to scores {want}, and this is {bias}", BIAS)
    try:
        whole = broadcast([bias, want])
    except ShapeError:
        whole = ()
    if len(whole) != 4 or not all(map(Size.same, whole, scores)):
        raise ShapeError(f"the bias {bias} cannot be added to scores {want}", BIAS) from None


def _check_settings(settings: Settings) -> None:
    window = settings["window"]
    if window is not None and not (isinstance(window, Size) and (window.value is None or window.value >= 1)):
        raise ShapeError("`window` must be a whole number of at least 1")
    dropout = settings["dropout"]
    if not isinstance(dropout, Real | Size) or dropout.value is None or not 0 <= dropout.value < 1:
        raise ShapeError("`dropout` must be a number from 0 up to, not including, 1")


def _cost(args: Args, settings: Settings, result: Type) -> Size:
    """Two products for each pair of a query and a key, no discount for masks."""
    queries, keys, values = (tensor(args, at, NAMES[at]) for at in (Q, K, V))
    pairs = product([queries.dims[0], queries.dims[2], queries.dims[1], keys.dims[1]])
    widths = combine("+", queries.dims[3], values.dims[3])
    return combine("*", size(2), combine("*", pairs, widths))


ATTENTION = (
    Operation(
        "attend",
        (
            OpParam("queries"),
            OpParam("keys"),
            OpParam("values"),
            OpParam("mask", "tensor", False, maybe=True),
            OpParam("bias", "tensor", False, maybe=True),
            OpParam("causal", "setting", False, False),
            OpParam("scale", "setting", False),
            OpParam("window", "setting", False),
            OpParam("dropout", "setting", False, real(0.0)),
        ),
        "`attend(q, k, v, mask = none, bias = none, causal = false, scale = none, window = none, dropout = 0.0)`: "
        "softmax(q k / sqrt(head_dim) + bias) v, over [batch, length, heads, head_dim] (Vaswani et al. 2017). Fewer "
        "key heads than query heads are shared by neighbours. `mask` is true where a key may be seen; `causal` "
        "hides what comes after a query, whose place is counted from the end of the keys; `window` hides what lies "
        "`window` places back or more (and ahead, where not causal).",
        _attend,
        attend_code,
        _cost,
    ),
)
