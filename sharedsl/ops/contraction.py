"""einsum: products summed over named axes."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sizes import Size, combine, product, size
from sharedsl.ops.base import Args, Call, Operation, OpParam, Settings, ShapeError, kind_of, listed
from sharedsl.ops.patterns import Sum, parse_sum


def _parsed(settings: Settings) -> Sum:
    text = settings["pattern"]
    if not isinstance(text, str):
        raise ShapeError('the pattern must be a text such as "b d, h d -> b h"')
    return parse_sum(text)


def _bind(args: Args, settings: Settings) -> tuple[Sum, dict[str, Size]]:
    pattern, types = _parsed(settings), listed(args)
    if len(types) != len(pattern.inputs):
        raise ShapeError(f'"{pattern.text}" is for {len(pattern.inputs)} operands, and these are {len(types)}')
    found: dict[str, Size] = {}
    for at, (names, each) in enumerate(zip(pattern.inputs, types, strict=True)):
        if len(names) != len(each.dims):
            raise ShapeError(
                f'"{" ".join(names)}" of "{pattern.text}" has {len(names)} axes, and {each} has {len(each.dims)}', at
            )
        for name, dim in zip(names, each.dims, strict=True):
            if name in found and not found[name].same(dim):
                raise ShapeError(f'`{name}` of "{pattern.text}" is {found[name]} and {dim} at once', at)
            found.setdefault(name, dim)
    strange = [name for name in pattern.output if name not in found]
    if strange:
        raise ShapeError(f'"{pattern.text}" does not tell the size of `{strange[0]}`')
    return pattern, found


def _einsum(args: Args, settings: Settings) -> Type:
    pattern, found = _bind(args, settings)
    return Tensor(kind_of(list(listed(args))), tuple(found[name] for name in pattern.output))


def _cost(args: Args, settings: Settings, result: Type) -> Size:
    """Operands are joined from the left. A step that sums nothing is a plain product and is not counted."""
    pattern, found = _bind(args, settings)
    total = size(0)
    names = set(pattern.inputs[0])
    for at, more in enumerate(pattern.inputs[1:], 1):
        later = {name for side in pattern.inputs[at + 1 :] for name in side} | set(pattern.output)
        left = {name for name in names if name in later or name in more}
        right = {name for name in more if name in later or name in names}
        summed = (left & right) - later
        if summed:
            involved = product([found[name] for name in found if name in left | right])
            total = combine("+", total, combine("*", size(2), involved))
        names = (left | right) & later
    return total


def _code(call: Call) -> py.Expr:
    call.cx.use("torch")
    letters = _parsed(call.settings).letters()
    return py.call("torch.einsum", py.Const(letters), *(call.code(at) for at in range(len(call.codes))))


CONTRACTION = (
    Operation(
        "einsum",
        (OpParam("operands", "tensors"), OpParam("pattern", "setting")),
        '`einsum(w, x, "g h d, b d -> g b h")`: products over all names, summed over those not on the right.',
        _einsum,
        _code,
        _cost,
    ),
)
