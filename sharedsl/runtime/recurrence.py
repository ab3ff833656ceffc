"""The meaning of recurrent layers: one step after the other, one layer after the other (torch's formulas and gates)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Carry = tuple[Tensor, ...]
Cell = Callable[[Tensor, Tensor, Carry], Carry]


def _gru(x: Tensor, recurrent: Callable[[Tensor], Tensor], carry: Carry) -> Carry:
    (h,) = carry
    (xr, xz, xn), (hr, hz, hn) = x.chunk(3, -1), recurrent(h).chunk(3, -1)
    reset, keep = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    return ((1 - keep) * torch.tanh(xn + reset * hn) + keep * h,)


def _lstm(x: Tensor, recurrent: Callable[[Tensor], Tensor], carry: Carry) -> Carry:
    h, c = carry
    i, f, g, o = (x + recurrent(h)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _rnn(x: Tensor, recurrent: Callable[[Tensor], Tensor], carry: Carry) -> Carry:
    return (torch.tanh(x + recurrent(carry[0])),)


def _rnn_relu(x: Tensor, recurrent: Callable[[Tensor], Tensor], carry: Carry) -> Carry:
    return (torch.relu(x + recurrent(carry[0])),)


def _affine(layer: Any, part: str, suffix: str) -> Callable[[Tensor], Tensor]:
    weight, bias = layer.weights[f"weight_{part}_{suffix}"], layer.weight(f"bias_{part}_{suffix}")
    weight = weight.reshape(-1, weight.shape[-1])
    bias = None if bias is None else bias.reshape(-1)
    return lambda x: x @ weight.T if bias is None else x @ weight.T + bias


def _direction(layer: Any, cell: Callable[..., Carry], carries: int, x: Tensor, suffix: str, reverse: bool) -> Tensor:
    """x [B, T, inputs] -> [B, T, hidden], from a zero state, back to front where `reverse`."""
    entering, recurrent = _affine(layer, "ih", suffix), _affine(layer, "hh", suffix)
    hidden = layer.weights[f"weight_hh_{suffix}"].shape[-1]
    carry: Carry = tuple(torch.zeros(x.shape[0], hidden, dtype=x.dtype) for _ in range(carries))
    outputs: dict[int, Tensor] = {}
    times = range(x.shape[1])
    for at in reversed(times) if reverse else times:
        carry = cell(entering(x[:, at]), recurrent, carry)
        outputs[at] = carry[0]
    return torch.stack([outputs[at] for at in times], dim=1)


def _layers(cell: Callable[..., Carry], carries: int = 1) -> Callable[..., Tensor]:
    def run(layer: Any, x: Tensor) -> Tensor:
        depth = layer.arguments.get("layers") or 1
        for at in range(depth):
            outputs = [_direction(layer, cell, carries, x, f"l{at}", reverse=False)]
            if layer.arguments.get("bidirectional"):
                outputs.append(_direction(layer, cell, carries, x, f"l{at}_reverse", reverse=True))
            x = torch.cat(outputs, dim=-1)
        return x

    return run


def _plain_rnn(layer: Any, x: Tensor) -> Tensor:
    kind = layer.arguments.get("act") or layer.arguments.get("nonlinearity") or "tanh"
    return _layers(_rnn_relu if kind == "relu" else _rnn)(layer, x)


RECURRENCES: dict[str, Callable[..., Any]] = {"GRU": _layers(_gru), "LSTM": _layers(_lstm, 2), "RNN": _plain_rnn}
