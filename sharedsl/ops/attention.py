"""Attention as torch computes it: `F.scaled_dot_product_attention`, with the masks that a spec asks for only.

What fits into one call is one call. Where places decide who sees whom (causal over a longer memory, windows), or a mask
joins a bias, the module gets a small function made for exactly that combination.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting, Tensor, Type
from sharedsl.model.sizes import Real, Size, combine, product, size
from sharedsl.ops.base import (
    Args,
    Call,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    broadcast,
    number,
    real,
    tensor,
)

Q, K, V, MASK, BIAS = range(5)
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


# ---------------------------------------------------------------------------- code


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one use of attention needs. `masked` is how many axes the mask has, 0 for none."""

    causal: bool
    window: bool
    square: bool
    masked: int
    mask_maybe: bool
    biased: bool
    bias_maybe: bool
    grouped: bool
    scaled: bool
    dropped: bool

    @property
    def places(self) -> bool:
        """Whether the places of query and key decide what is seen, beyond what torch's own flag covers."""
        alone = self.square and not self.window and not self.biased and (not self.masked or self.mask_maybe)
        return self.window or (self.causal and not alone) or (self.causal and self.masked > 0)


def _plan(call: Call) -> _Plan:
    queries, keys = call.type(Q), call.type(K)
    masked, biased = call.given(MASK), call.given(BIAS)
    return _Plan(
        causal=bool(call.settings["causal"]),
        window=call.settings["window"] is not None,
        square=queries.dims[1].same(keys.dims[1]),
        masked=len(call.type(MASK).dims) if masked else 0,
        mask_maybe=masked and call.type(MASK).optional,
        biased=biased,
        bias_maybe=biased and call.type(BIAS).optional,
        grouped=not queries.dims[2].same(keys.dims[2]),
        scaled=call.settings["scale"] is not None,
        dropped=_drops(call.settings["dropout"]),
    )


def _drops(dropout: Setting) -> bool:
    return isinstance(dropout, Real | Size) and (dropout.value != 0 or bool(dropout.code.names()))


def _code(call: Call) -> py.Expr:
    call.cx.use("F")
    plan = _plan(call)
    scale = number(call.settings["scale"]) if plan.scaled else None
    dropout: py.Expr | None = None
    if plan.dropped:
        dropout = py.Ternary(call.cx.training, number(call.settings["dropout"]), py.Const(0.0))
    seen, simple = _inline_mask(call, plan)
    if simple:
        causal = py.Const(True) if plan.causal else None
        return _sdpa(call.code(Q), call.code(K), call.code(V), seen, causal, plan, scale, dropout)
    return _through_helper(call, plan, scale, dropout)


def _inline_mask(call: Call, plan: _Plan) -> tuple[py.Expr | None, bool]:
    """The mask argument, and whether one plain call of torch's function says it all."""
    if plan.places or (plan.masked and plan.biased):
        return None, False
    if plan.biased:
        return call.code(BIAS), not plan.causal
    if not plan.masked:
        return None, True
    code = call.code(MASK)
    view = _view(code, plan.masked)
    if not plan.mask_maybe or view == code:
        return view, True
    if isinstance(code, py.Name | py.Attr):
        return py.Ternary(py.Compare(code, "is", py.Const(None)), py.Const(None), view), True
    return None, False


def _view(mask: py.Expr, axes: int) -> py.Expr:
    """The mask as [batch, heads, queries, keys]."""
    every, new = py.SliceExpr(), py.Const(None)
    if axes == 2:
        return py.Index(mask, py.TupleExpr((every, new, new, every)))
    return py.Index(mask, py.TupleExpr((every, new))) if axes == 3 else mask


def _sdpa(
    queries: py.Expr,
    keys: py.Expr,
    values: py.Expr,
    mask: py.Expr | None,
    causal: py.Expr | None,
    plan: _Plan,
    scale: py.Expr | None,
    dropout: py.Expr | None,
) -> py.Expr:
    heads_first = [py.method(each, "transpose", py.Const(1), py.Const(2)) for each in (queries, keys, values)]
    mixed = py.call(
        "F.scaled_dot_product_attention",
        *heads_first,
        attn_mask=mask,
        dropout_p=dropout,
        is_causal=causal,
        scale=scale,
        enable_gqa=py.Const(True) if plan.grouped else None,
    )
    return py.method(mixed, "transpose", py.Const(1), py.Const(2))


# ---------------------------------------------------------------------------- a function for one combination


def _through_helper(call: Call, plan: _Plan, scale: py.Expr | None, dropout: py.Expr | None) -> py.Expr:
    call.cx.use("torch", "Tensor")
    name = call.cx.helper(_helper(plan))
    args = [call.code(Q), call.code(K), call.code(V)]
    args += [call.code(at) for at, there in ((MASK, plan.masked > 0), (BIAS, plan.biased)) if there]
    window = number(call.settings["window"]) if plan.window else None
    return py.call(name, *args, window=window, scale=scale, dropout=dropout)


def _helper_name(plan: _Plan) -> str:
    base = {(True, True): "window_attention", (False, True): "local_attention", (True, False): "causal_attention"}
    name = base.get((plan.causal, plan.window), "attention")
    if plan.masked:
        kind = {2: "mask", 3: "row_mask", 4: "head_mask"}[plan.masked]
        name += f"_{'optional_' if plan.mask_maybe else ''}{kind}"
    if plan.biased:
        name += "_optional_bias" if plan.bias_maybe else "_bias"
    extra = [
        word for word, there in (("grouped", plan.grouped), ("scaled", plan.scaled), ("dropout", plan.dropped)) if there
    ]
    if _flagged(plan):
        extra.append("square")
    return "_".join([name, *extra])


def _flagged(plan: _Plan) -> bool:
    """Without its mask, torch's own flag does."""
    return plan.causal and plan.square and plan.mask_maybe and not plan.window and not plan.biased


def _helper(plan: _Plan) -> py.FunctionDef:
    tensor_, maybe = py.Name("Tensor"), py.Binary("|", py.Name("Tensor"), py.Const(None))
    params = [py.Param(name, tensor_) for name in ("queries", "keys", "values")]
    if plan.masked:
        params.append(py.Param("mask", maybe if plan.mask_maybe else tensor_))
    if plan.biased:
        params.append(py.Param("bias", maybe if plan.bias_maybe else tensor_))
    for there, name, kind in (
        (plan.window, "window", "int"),
        (plan.scaled, "scale", "float"),
        (plan.dropped, "dropout", "float"),
    ):
        if there:
            params.append(py.Param(name, py.Name(kind)))
    return py.FunctionDef(_helper_name(plan), tuple(params), tuple(_body(plan)), tensor_, _doc(plan))


def _doc(plan: _Plan) -> str:
    text = "Attention over [batch, length, heads, head_dim]"
    if plan.causal:
        text += "; no query sees what comes after it"
    if plan.window:
        text += "; each sees as far as the window" if not plan.causal else " or lies outside of its window"
    if plan.masked:
        text += "; `mask` is true where a key may be seen"
    return text + "."


def _body(plan: _Plan) -> list[py.Stmt]:
    name = py.Name
    body: list[py.Stmt] = []
    if _flagged(plan):
        body.append(py.If(py.Compare(name("mask"), "is", py.Const(None)), (py.Return(_final(plan, None, True)),)))
    if plan.places:
        body += _positions(plan)
    if plan.masked:
        body += _with_mask(plan)
    seen: py.Expr = name("visible")
    if plan.biased:
        body += _with_bias(plan)
        seen = name("scores")
    return [*body, py.Return(_final(plan, seen, False))]


def _final(plan: _Plan, seen: py.Expr | None, causal: bool) -> py.Expr:
    parts = [py.Name(each) for each in ("queries", "keys", "values")]
    scale = py.Name("scale") if plan.scaled else None
    dropout = py.Name("dropout") if plan.dropped else None
    return _sdpa(parts[0], parts[1], parts[2], seen, py.Const(True) if causal else None, plan, scale, dropout)


def _positions(plan: _Plan) -> list[py.Stmt]:
    """visible[i, j]: query i stands at place columns - rows + i."""
    name, one = py.Name, py.Const(1)
    ahead: py.Expr = py.Binary("-", name("columns"), name("rows"))
    lengths = py.TupleExpr((py.item(py.name("queries.shape"), 1), py.item(py.name("keys.shape"), 1)))
    every = py.call(
        "torch.ones", name("rows"), name("columns"), dtype=py.name("torch.bool"), device=py.name("queries.device")
    )
    body: list[py.Stmt] = [py.Assign((py.TupleExpr((name("rows"), name("columns"))),), lengths)]
    last = ahead if plan.causal else py.Binary("-", py.Binary("+", ahead, name("window")), one)
    body.append(py.Assign((name("visible"),), py.method(every, "tril", last)))
    if plan.window:
        first = py.Binary("+", py.Binary("-", ahead, name("window")), one)
        body.append(py.Assign((name("visible"),), py.method(name("visible"), "triu", first)))
    return body


def _with_mask(plan: _Plan) -> list[py.Stmt]:
    view = _view(py.Name("mask"), plan.masked)
    target = (py.Name("visible"),)
    missing = py.Compare(py.Name("mask"), "is", py.Const(None))
    if not plan.places:
        return [py.Assign(target, py.Ternary(missing, py.Const(None), view) if plan.mask_maybe else view)]
    both = py.Assign(target, py.Binary("&", py.Name("visible"), view))
    if plan.mask_maybe and not _flagged(plan):
        return [py.If(py.Compare(py.Name("mask"), "is not", py.Const(None)), (both,))]
    return [both]


def _with_bias(plan: _Plan) -> list[py.Stmt]:
    """The bias, minus infinity where a key may not be seen."""
    visible, bias = py.Name("visible"), py.Name("bias")
    filled = py.method(bias, "masked_fill", py.Unary("~", visible), py.call("float", py.Const("-inf")))
    target = (py.Name("scores"),)
    no_mask = plan.mask_maybe and not plan.places
    without_mask = py.Ternary(py.Compare(visible, "is", py.Const(None)), bias, filled) if no_mask else filled
    if not plan.bias_maybe:
        return [py.Assign(target, without_mask)]
    test = py.Compare(bias, "is", py.Const(None))
    return [py.If(test, (py.Assign(target, visible),), (), (py.Assign(target, without_mask),))]


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
        "key heads than query heads are shared by groups of neighbours. `mask` is true where a key may be seen; `causal` "
        "hides what comes after a query, whose place is counted from the end of the keys; `window` hides what lies "
        "`window` places back or more (and ahead, where not causal).",
        _attend,
        _code,
        _cost,
    ),
)
