"""How attention reads in torch: `F.scaled_dot_product_attention`, with the masks that a spec asks for only.

What fits into one call is one call. Where places decide who sees whom (causal over a longer memory, windows), or a mask
joins a bias, the module gets a small function made for exactly that combination.
"""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting
from sharedsl.model.sizes import Real, Size
from sharedsl.ops.base import Call, number
from sharedsl.record import dataclass, replace

Q, K, V, MASK, BIAS = range(5)


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
    #: whether the caller's sizes say if heads are grouped
    maybe_grouped: bool
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
        maybe_grouped=queries.dims[2].same(keys.dims[2]) and queries.dims[2].code != keys.dims[2].code,
        scaled=call.settings["scale"] is not None,
        dropped=_drops(call.settings["dropout"]),
    )


def _drops(dropout: Setting) -> bool:
    return isinstance(dropout, Real | Size) and (dropout.value != 0 or bool(dropout.code.names()))


def attend_code(call: Call) -> py.Expr:
    call.cx.use("F")
    plan = _plan(call)
    scale = number(call.settings["scale"]) if plan.scaled else None
    dropout: py.Expr | None = None
    if plan.dropped:
        dropout = py.Ternary(call.cx.training, number(call.settings["dropout"]), py.Const(0.0))
    seen, simple = _inline_mask(call, plan)
    if simple:
        causal = py.Const(True) if plan.causal else None
        groups = _fewer(number(call.type(K).dims[2]), number(call.type(Q).dims[2])) if plan.maybe_grouped else None
        return _sdpa(call.code(Q), call.code(K), call.code(V), seen, causal, plan, scale, dropout, groups)
    return _through_helper(call, plan, scale, dropout)


def _fewer(keys: py.Expr, queries: py.Expr) -> py.Expr:
    return py.Compare(keys, "<", queries)


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
    groups: py.Expr | None = None,
) -> py.Expr:
    """`groups`: code for whether heads are grouped, where only the caller's sizes say."""
    heads_first = [py.method(each, "transpose", py.Const(1), py.Const(2)) for each in (queries, keys, values)]
    grouped: py.Expr | None = py.Const(True) if plan.grouped else groups
    mixed = py.call(
        "F.scaled_dot_product_attention",
        *heads_first,
        attn_mask=mask,
        dropout_p=dropout,
        is_causal=causal,
        scale=scale,
        enable_gqa=grouped,
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
    """Short: two that differ in the details are told apart by a number."""
    if plan.window:
        return "window_attention"
    return "causal_attention" if plan.causal else "attention"


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
    text = "Attention over [batch, length, heads, head_dim]."
    if plan.causal:
        text += " No query sees what comes after it."
    if plan.window:
        text += " Each sees only what is nearer than the window."
    if plan.masked:
        text += " `mask` is true where a key may be seen."
    return text


def _body(plan: _Plan) -> list[py.Stmt]:
    if _flagged(plan):
        return _causal_or_masked(plan)
    if plan.causal and not plan.square and not plan.window and not plan.biased:
        return _causal_and_longer(plan)
    body: list[py.Stmt] = _positions(plan) if plan.places else []
    if plan.masked:
        body += _with_mask(plan)
    if plan.biased:
        body += _with_bias(plan)
    return [*body, py.Return(_final(plan, py.Name("scores" if plan.biased else "visible")))]


def _final(plan: _Plan, seen: py.Expr, causal: py.Expr | None = None) -> py.Expr:
    parts = [py.Name(each) for each in ("queries", "keys", "values")]
    scale = py.Name("scale") if plan.scaled else None
    dropout = py.Name("dropout") if plan.dropped else None
    heads = [py.item(py.Attr(part, "shape"), 2) for part in parts]
    groups = _fewer(heads[1], heads[0]) if plan.maybe_grouped else None
    return _sdpa(parts[0], parts[1], parts[2], seen, causal, plan, scale, dropout, groups)


def _causal_or_masked(plan: _Plan) -> list[py.Stmt]:
    """As many queries as keys: torch's flag where there is no mask, a triangle within the mask where there is one."""
    visible, mask, length = py.Name("visible"), py.Name("mask"), py.Name("length")
    every = py.call("torch.ones", length, length, dtype=py.name("torch.bool"), device=py.name("mask.device"))
    inside: tuple[py.Stmt, ...] = (
        py.Assign((length,), py.item(py.name("queries.shape"), 1)),
        py.Assign((visible,), py.Binary("&", py.method(every, "tril"), _view(mask, plan.masked))),
    )
    return [
        py.Assign((visible,), py.Const(None)),
        py.If(py.Compare(mask, "is not", py.Const(None)), inside),
        py.Return(_final(plan, visible, py.Compare(mask, "is", py.Const(None)))),
    ]


def _causal_and_longer(plan: _Plan) -> list[py.Stmt]:
    """Keys of before as well: one query sees all of them, a first piece needs torch's flag alone."""
    name, none = py.Name, py.Const(None)
    rows, columns, visible, earlier = (name(each) for each in ("rows", "columns", "visible", "earlier"))
    lengths = py.TupleExpr((py.item(py.name("queries.shape"), 1), py.item(py.name("keys.shape"), 1)))
    body: list[py.Stmt] = [py.Assign((py.TupleExpr((rows, columns)),), lengths)]
    body += _with_mask(replace(plan, causal=False)) if plan.masked else [py.Assign((visible,), none)]
    every = py.call("torch.ones", rows, columns, dtype=py.name("torch.bool"), device=py.name("queries.device"))
    triangle = py.method(every, "tril", py.Binary("-", columns, rows))
    several, longer = py.Compare(rows, ">", py.Const(1)), py.Compare(rows, "<", columns)
    absent = py.Compare(visible, "is", none)
    if not plan.masked:
        test: py.Expr = py.BoolOp("and", (py.Compare(rows, ">", py.Const(1)), longer))
        inside: tuple[py.Stmt, ...] = (py.Assign((visible,), triangle),)
    else:
        needed = py.BoolOp("or", (py.Compare(visible, "is not", none), longer))
        test = py.BoolOp("and", (several, needed)) if plan.mask_maybe else several
        both = py.Binary("&", visible, earlier)
        joined = py.Ternary(absent, earlier, both) if plan.mask_maybe else both
        inside = (py.Assign((earlier,), triangle), py.Assign((visible,), joined))
    body.append(py.If(test, inside))
    flag = py.BoolOp("and", (absent, several)) if plan.mask_maybe or not plan.masked else None
    return [*body, py.Return(_final(plan, visible, flag))]


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
    if plan.mask_maybe:
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
