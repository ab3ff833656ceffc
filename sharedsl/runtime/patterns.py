"""The meaning of einops-style patterns, `b t (h d) -> b h t d`: axes split, moved, repeated, joined."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

Groups = list[list[str]]


def _groups(side: str) -> Groups:
    """`b t (h d)` as [[b], [t], [1, h, d]]: the 1 tells `(...)` from `...`."""
    groups: Groups = []
    inside = False
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word in "()":
            inside = word == "("
            if inside:
                groups.append(["1"])
        elif inside:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _spread(groups: Groups, count: int) -> Groups:
    """`...` as `count` axes; `1` as no name at all, each on its own."""
    spread: Groups = []
    hidden = [f"...{at}" for at in range(count)]
    for group in groups:
        if group == ["..."]:
            spread += [[name] for name in hidden]
        else:
            spread.append([each for name in group if name != "1" for each in (hidden if name == "..." else [name])])
    return spread


def _named_sizes(groups: Groups, shape: tuple[int, ...], given: Mapping[str, int]) -> dict[str, int]:
    sizes = dict(given)
    for group, length in zip(groups, shape, strict=True):
        unknown = [name for name in group if name not in sizes and not name.isdigit()]
        known = math.prod(int(name) if name.isdigit() else sizes[name] for name in group if name not in unknown)
        if len(unknown) == 1:
            sizes[unknown[0]] = length // known
    return sizes


def pattern(x: Tensor, text: str, sizes: Mapping[str, int]) -> Tensor:
    """`left -> right`: axes split, moved, new ones repeated, and joined. `sizes` gives those that x does not tell."""
    left_text, right_text = text.split("->")
    hidden = x.ndim - sum(group != ["..."] for group in _groups(left_text))
    left, right = (_spread(_groups(side), hidden) for side in (left_text, right_text))
    known = _named_sizes(left, tuple(x.shape), sizes)

    def length(name: str) -> int:
        return int(name) if name.isdigit() else known[name]

    flat_left = [name for group in left for name in group]
    flat_right = [name for group in right for name in group]
    x = x.reshape([length(name) for name in flat_left])
    fresh = [name for name in flat_right if name not in flat_left]
    for name in fresh:
        x = x.unsqueeze(-1).expand(*x.shape, length(name))
    have = flat_left + fresh
    x = x.permute([have.index(name) for name in flat_right])
    return x.reshape([math.prod(length(name) for name in group) for group in right])


def by_pattern(x: Tensor, text: str, **sizes: Any) -> Tensor:
    return pattern(x, text, sizes)
