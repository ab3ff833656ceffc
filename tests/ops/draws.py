"""Random operands of a fixed seed, and whether two results are one."""

from __future__ import annotations

from typing import Any

import torch

SEED = torch.Generator().manual_seed(0)


def r(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=SEED)


def p(*shape: int) -> torch.Tensor:
    """Positive."""
    return r(*shape).abs() + 0.1


def i(high: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, high, shape, generator=SEED)


def b(*shape: int) -> torch.Tensor:
    return r(*shape) > 0


X, Y = r(2, 3, 4), r(3, 1)


def close(found: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple | list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            close(one, other)
        return
    assert torch.allclose(torch.as_tensor(found).double(), torch.as_tensor(wanted).double(), atol=1e-5), (found, wanted)
