"""The meaning of operations that work number by number, and of reductions over an axis.

Operands may be tensors or plain Python numbers (a run-time size, a constant).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def tensor(value: Any) -> Tensor:
    """A number as a tensor; tensors stay."""
    return value if isinstance(value, Tensor) else torch.tensor(value)


def _unary(function: Callable[[Tensor], Tensor]) -> Callable[[Any], Tensor]:
    return lambda x: function(tensor(x))


def _floats(function: Callable[[Tensor], Tensor]) -> Callable[[Any], Tensor]:
    """Functions of real numbers: whole ones become floats first."""

    def run(x: Any) -> Tensor:
        x = tensor(x)
        return function(x if x.is_floating_point() else x.to(torch.get_default_dtype()))

    return run


def _logistic(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), with a power that is at most 1: another one overflows, and its gradient is no number."""
    negative = x < 0
    power = torch.exp(torch.where(negative, x, -x))
    return torch.where(negative, power, torch.ones_like(power)) / (1 + power)


def _gelu(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def _gelu_tanh(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _relu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.zeros_like(x))


def _softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


def _leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    return torch.where(x > 0, x, slope * x)


def _elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(x > 0, x, alpha * (torch.exp(torch.clamp(x, max=0)) - 1))


def _divide(a: Any, b: Any) -> Tensor:
    return torch.true_divide(tensor(a), tensor(b))


def _extreme(both: Callable[..., Tensor], along: Callable[..., Tensor]) -> Callable[..., Any]:
    """`max(a, b, ..)` of several operands element by element, `max(x, axis = ..)` of one along an axis."""

    def run(*operands: Any, axis: int | None = None, keep: bool = False) -> Any:
        given = [each for each in operands if each is not None]
        if len(given) == 1:
            return _reduce(along)(given[0], axis=axis, keep=keep)
        if not any(isinstance(each, Tensor) for each in given):
            return max(given) if both is torch.maximum else min(given)
        result = tensor(given[0])
        for each in given[1:]:
            left, right = result, tensor(each)
            kind = torch.result_type(left, right)
            result = both(left.to(kind), right.to(kind))
        return result

    return run


def _reduce(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Over one axis or several at once, or over all of them where none is named."""

    def run(x: Tensor, axis: Any = None, keep: bool = False) -> Tensor:
        named = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        gone = sorted(each % x.ndim for each in named)
        rest = [each for each in range(x.ndim) if each not in gone]
        shape = [x.shape[each] for each in rest]
        result = function(x.permute(rest + gone).reshape(*shape, -1), -1)
        for each in gone if keep else ():
            result = result.unsqueeze(each)
        return result

    return run


def _mean(x: Tensor, axis: int) -> Tensor:
    return x.sum(axis) / x.shape[axis]


def _var(x: Tensor, axis: int) -> Tensor:
    return ((x - x.mean(axis, keepdim=True)) ** 2).sum(axis) / x.shape[axis]


def _softmax(x: Tensor, axis: int = -1) -> Tensor:
    powers = torch.exp(x - x.amax(axis, keepdim=True).detach())
    return powers / powers.sum(axis, keepdim=True)


def _log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    shifted = x - x.amax(axis, keepdim=True).detach()
    return shifted - torch.log(torch.exp(shifted).sum(axis, keepdim=True))


def _where(condition: Tensor, then: Any, other: Any) -> Tensor:
    then, other = tensor(then), tensor(other)
    kind = torch.result_type(then, other)
    return torch.where(condition, then.to(kind), other.to(kind))


def _clamp(x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    if low is not None:
        x = torch.where(x < low, tensor(low).to(x.dtype), x)
    if high is not None:
        x = torch.where(x > high, tensor(high).to(x.dtype), x)
    return x


def _normalize(x: Tensor, axis: int = -1, eps: float = 1e-12) -> Tensor:
    return x / torch.clamp(torch.sqrt((x**2).sum(axis, keepdim=True)), min=eps)


def _cosine(a: Tensor, b: Tensor, axis: int = -1) -> Tensor:
    return (_normalize(a, axis, 1e-8) * _normalize(b, axis, 1e-8)).sum(axis)


def _add(a: Any, b: Any) -> Any:
    """Lists are joined."""
    return list(a) + list(b) if isinstance(a, list | tuple) else a + b


def _arithmetic(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: function(a, b)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _arithmetic(lambda a, b: a - b),
    "mul": _arithmetic(lambda a, b: a * b),
    "div": _divide,
    "floordiv": _arithmetic(lambda a, b: a // b),
    "mod": _arithmetic(lambda a, b: a % b),
    "pow": _arithmetic(lambda a, b: a**b),
    "neg": lambda a: -a,
    "eq": _arithmetic(lambda a, b: a == b),
    "ne": _arithmetic(lambda a, b: a != b),
    "lt": _arithmetic(lambda a, b: a < b),
    "le": _arithmetic(lambda a, b: a <= b),
    "gt": _arithmetic(lambda a, b: a > b),
    "ge": _arithmetic(lambda a, b: a >= b),
    "and": lambda a, b: torch.logical_and(tensor(a), tensor(b)),
    "or": lambda a, b: torch.logical_or(tensor(a), tensor(b)),
    "not": lambda a: torch.logical_not(tensor(a)),
    "abs": _unary(torch.abs),
    "sign": _unary(torch.sign),
    "exp": _floats(torch.exp),
    "log": _floats(torch.log),
    "sqrt": _floats(torch.sqrt),
    "rsqrt": _floats(lambda x: 1 / torch.sqrt(x)),
    "sin": _floats(torch.sin),
    "cos": _floats(torch.cos),
    "tan": _floats(torch.tan),
    "erf": _floats(torch.erf),
    "floor": _unary(torch.floor),
    "ceil": _unary(torch.ceil),
    "round": _unary(torch.round),
    "relu": _unary(_relu),
    "relu6": lambda x: _clamp(x, 0, 6),
    "gelu": _unary(_gelu),
    "gelu_tanh": _unary(_gelu_tanh),
    "silu": _unary(lambda x: x * _logistic(x)),
    "sigmoid": _floats(_logistic),
    "tanh": _floats(torch.tanh),
    "softplus": _unary(_softplus),
    "softsign": _unary(lambda x: x / (1 + torch.abs(x))),
    "hardswish": lambda x: x * _clamp(x + 3, 0, 6) / 6,
    "mish": _unary(lambda x: x * torch.tanh(_softplus(x))),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "where": _where,
    "clamp": _clamp,
    "min": _extreme(torch.minimum, lambda x, axis: x.amin(axis)),
    "max": _extreme(torch.maximum, lambda x, axis: x.amax(axis)),
    "sum": _reduce(lambda x, axis: x.sum(axis)),
    "mean": _reduce(_mean),
    "var": _reduce(_var),
    "prod": _reduce(lambda x, axis: x.prod(axis)),
    "any": _reduce(lambda x, axis: x.any(axis)),
    "all": _reduce(lambda x, axis: x.all(axis)),
    "argmax": _reduce(lambda x, axis: x.argmax(axis)),
    "argmin": _reduce(lambda x, axis: x.argmin(axis)),
    "normalize": _normalize,
    "cosine_similarity": _cosine,
    "logsumexp": _reduce(lambda x, axis: torch.logsumexp(x, axis)),
    "cumsum": lambda x, axis=-1: torch.cumsum(x, axis),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}
