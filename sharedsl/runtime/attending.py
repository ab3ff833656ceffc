"""The meaning of attention and of positions, written out: scores, masks, a softmax, a sum."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    causal: bool = False,
    scale: float | None = None,
    window: int | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """queries [B, T, heads, d], keys [B, M, groups, d], values [B, M, groups, e] -> [B, T, heads, e].

    Heads are in groups of heads // groups neighbours that read one key and value. Query t stands at position
    M - T + t where `causal` or a `window` compares positions. Dropout is off.
    """
    heads, groups = queries.shape[2], keys.shape[2]
    group = torch.tensor([head // (heads // groups) for head in range(heads)])
    keys, values = keys.index_select(2, group), values.index_select(2, group)
    factor = queries.shape[-1] ** -0.5 if scale is None else scale
    scores = torch.einsum("bthd,bmhd->bhtm", queries, keys) * factor
    if bias is not None:
        scores = scores + bias
    seen = visible(queries.shape[1], keys.shape[1], causal, window)
    if mask is not None:
        seen = seen & _mask(mask)
    scores = scores.masked_fill(~seen, -math.inf)
    powers = torch.exp(scores - scores.amax(-1, keepdim=True).detach())
    return torch.einsum("bhtm,bmhe->bthe", powers / powers.sum(-1, keepdim=True), values)


def visible(queries: int, keys: int, causal: bool, window: int | None) -> Tensor:
    """Which keys each query may look at, [T, M], by position alone."""
    at = torch.arange(keys - queries, keys)[:, None]
    to = torch.arange(keys)[None, :]
    seen = torch.ones(queries, keys, dtype=torch.bool)
    if causal:
        seen = seen & (to <= at)
    if window is not None:
        seen = seen & (at - to < window)
        if not causal:
            seen = seen & (to - at < window)
    return seen


def _mask(mask: Tensor) -> Tensor:
    """[B, M], [B, T, M] or [B, heads, T, M], true where a key may be seen."""
    if mask.ndim == 2:
        return mask[:, None, None, :]
    return mask[:, None] if mask.ndim == 3 else mask


def rotary(x: Tensor, positions: Any, *, base: float = 10000.0, **how: Any) -> Tensor:
    """x [B, T, d] or [B, T, heads, d]: the pairs (i, i + d/2) turned by positions * base ** (-2 i / d)."""
    half = x.shape[-1] // 2
    speeds = torch.tensor([base ** (-2 * i / x.shape[-1]) for i in range(half)], dtype=x.dtype)
    angles = positions.to(x.dtype)[..., None] * speeds
    if x.ndim == 4:
        angles = angles.unsqueeze(-2)
    cos, sin = torch.cos(angles), torch.sin(angles)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def sinusoid(length: int, dim: int) -> Tensor:
    """Vaswani et al. 2017, 3.5: [length, dim], sine at even and cosine at odd positions of the last axis."""
    table = torch.zeros(length, dim)
    for at in range(length):
        for i in range(dim):
            angle = at / 10000 ** (2 * (i // 2) / dim)
            table[at, i] = math.sin(angle) if i % 2 == 0 else math.cos(angle)
    return table
