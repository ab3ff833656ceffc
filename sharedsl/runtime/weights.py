"""What weight expressions are worth: from tensors by storage number to the tensor that a site reads.

This is the oracle's own arithmetic. It shares nothing with the code that is emitted, so that a mistake there shows.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sharedsl.diagnostics import InternalError
from sharedsl.model import weights as w
from sharedsl.model.gathers import at, positions


def value_of(expr: w.Expr, storages: Mapping[int, Tensor]) -> Tensor:
    """The tensor that `expr` stands for, of shape `expr.shape`; differentiable in the storages it reads."""
    value = _value(expr, storages)
    if tuple(value.shape) != tuple(expr.shape):
        raise InternalError(f"{type(expr).__name__} says shape {expr.shape} and is {tuple(value.shape)}")
    return value


def _value(expr: w.Expr, storages: Mapping[int, Tensor]) -> Tensor:
    match expr:
        case w.Read():
            return storages[expr.storage]
        case w.Concat():
            return torch.cat([value_of(part, storages) for part in expr.parts], dim=expr.axis)
        case w.Add():
            return _sum([value_of(part, storages) for part in expr.parts])
        case w.MatMul():
            product: Tensor = torch.tensordot(value_of(expr.left, storages), value_of(expr.right, storages), dims=1)
            return product
        case w.Multiply():
            return value_of(expr.left, storages) * value_of(expr.right, storages)
        case w.Mixture():
            coefficients, bank = value_of(expr.coefficients, storages), value_of(expr.bank, storages)
            return _sum([coefficients[j] * bank[j] for j in range(bank.shape[0])])
        case w.Contract():
            return _contracted(expr, [value_of(part, storages) for part in expr.parts])
        case w.Gather():
            return _gathered(expr, value_of(expr.of, storages))
        case _:
            return _view(expr, value_of(expr.of, storages))


def _view(expr: w.Expr, of: Tensor) -> Tensor:
    match expr:
        case w.Permute():
            return of.permute(expr.order)
        case w.Reshape():
            return of.reshape(expr.shape)
        case w.Slice():
            return _take(of, expr.axis, list(range(expr.start, expr.stop, expr.step)))
        case w.Flip():
            return _take(of, expr.axis, list(reversed(range(of.shape[expr.axis]))))
        case w.Roll():
            length = of.shape[expr.axis]
            return _take(of, expr.axis, [(at - expr.by) % length for at in range(length)])
        case w.Repeat():
            return _take(of, expr.axis, [at // expr.times for at in range(of.shape[expr.axis] * expr.times)])
        case w.Rot90():
            return _rotated(of, expr.axes, expr.times)
        case w.Scale():
            return of * expr.factor
        case w.Detach():
            return of.detach()
        case w.Diagonal():
            return torch.eye(of.shape[0], dtype=of.dtype) * of
        case w.Normalize():
            return of / (of.detach() ** 2).sum(dim=expr.axes, keepdim=True).sqrt()
    raise InternalError(f"no meaning for the weight expression {type(expr).__name__}")


def _contracted(expr: w.Contract, parts: list[Tensor]) -> Tensor:
    """Every part spread over all the letters, multiplied, and summed over what the result has not."""
    letters = [*expr.result, *sorted(set("".join(expr.terms)) - set(expr.result))]
    total: Tensor | None = None
    for number, (term, part) in enumerate(zip(expr.terms, parts, strict=True)):
        stands = sorted(range(len(term)), key=lambda axis: letters.index(term[axis]))
        lengths = {letter: part.shape[axis] for axis, letter in enumerate(term)}
        spread = part.permute(stands).reshape([lengths.get(letter, 1) for letter in letters])
        total = spread if total is None else total * spread
        later = set("".join(expr.terms[number + 1 :])) | set(expr.result)
        done = [axis for axis, letter in enumerate(letters) if letter not in later and total.shape[axis] > 1]
        total = total.sum(dim=done, keepdim=True) if done else total
    assert total is not None
    return total.reshape(expr.shape)


def _gathered(expr: w.Gather, of: Tensor) -> Tensor:
    """Element by element, as the formulas say."""
    places = list(positions(expr.names, expr.shape))
    found = of[tuple(torch.tensor([at(code, place) for place in places]) for code in expr.index)]
    if expr.sign is not None:
        found = found * torch.tensor([at(expr.sign, place) for place in places], dtype=of.dtype)
    return found.reshape(expr.shape)


def _take(of: Tensor, axis: int, positions: list[int]) -> Tensor:
    return of.index_select(axis, torch.tensor(positions, dtype=torch.long))


def _rotated(of: Tensor, axes: tuple[int, int], times: int) -> Tensor:
    """A quarter turn takes element [i, j] to [n - 1 - j, i], n being the length of the second axis."""
    first, second = axes
    for _ in range(times % 4):
        turned = of.transpose(first, second)
        of = _take(turned, first, list(reversed(range(turned.shape[first]))))
    return of


def _sum(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
