"""Weight expressions against numpy, and their gradients."""

import numpy as np
import pytest
import torch

from sharedsl.diagnostics import InternalError
from sharedsl.model import weights as w
from sharedsl.model.sizes import literal
from sharedsl.runtime.weights import value_of

A = np.arange(24.0).reshape(4, 6)
B = np.arange(6.0) + 1
C = np.arange(8.0).reshape(2, 4) - 3
BANK = np.arange(24.0).reshape(3, 2, 4)
STORAGES = {at: torch.tensor(each) for at, each in enumerate((A, B, C, BANK))}
a, b, c, bank = (w.Read(at, tuple(each.shape)) for at, each in STORAGES.items())

CASES = [
    (a, A),
    (w.Permute(a, (1, 0), (6, 4)), A.T),
    (w.Permute(bank, (2, 0, 1), (4, 3, 2)), BANK.transpose(2, 0, 1)),
    (w.Reshape(a, (2, 2, 6)), A.reshape(2, 2, 6)),
    (w.Slice(a, 1, 1, 6, 2, (4, 3)), A[:, 1:6:2]),
    (w.Concat((a, w.Slice(a, 0, 0, 2, 1, (2, 6))), 0, (6, 6)), np.concatenate([A, A[:2]])),
    (w.Flip(a, 1, (4, 6)), A[:, ::-1]),
    *[(w.Rot90(a, (0, 1), k, (6, 4) if k % 2 else (4, 6)), np.rot90(A, k)) for k in range(5)],
    (w.Rot90(bank, (2, 1), 1, (3, 4, 2)), np.rot90(BANK, 1, (2, 1))),
    (w.Roll(a, 1, 2, (4, 6)), np.roll(A, 2, 1)),
    (w.Roll(a, 0, -1, (4, 6)), np.roll(A, -1, 0)),
    (w.Repeat(c, 0, 3, (6, 4)), np.repeat(C, 3, 0)),
    (w.Scale(a, 0.5, literal(0.5), (4, 6)), A / 2),
    (w.Detach(a, (4, 6)), A),
    (w.MatMul(c, a, (2, 6)), C @ A),
    (w.MatMul(bank, a, (3, 2, 6)), BANK @ A),
    (w.Add((a, a, a), (4, 6)), 3 * A),
    (w.Multiply(b, a, (4, 6)), B * A),
    (w.Mixture(w.Slice(b, 0, 0, 3, 1, (3,)), bank, (2, 4)), np.einsum("k,kij->ij", B[:3], BANK)),
    (w.Diagonal(b, (6, 6)), np.diag(B)),
]


@pytest.mark.parametrize(
    ("expr", "want"), CASES, ids=lambda each: type(each).__name__ if hasattr(each, "shape") else ""
)
def test_values(expr, want):
    np.testing.assert_array_equal(value_of(expr, STORAGES).numpy(), want)


def test_gradients_pass_through_everything_but_detach():
    leaf = torch.tensor(A, requires_grad=True)
    read = w.Scale(w.Permute(a, (1, 0), (6, 4)), 2.0, literal(2.0), (6, 4))
    value = value_of(w.Add((read, w.Detach(read, (6, 4))), (6, 4)), {0: leaf})
    value.sum().backward()
    assert torch.equal(leaf.grad, torch.full((4, 6), 2.0, dtype=torch.float64))


def test_a_shape_that_is_not_true_is_our_bug():
    with pytest.raises(InternalError, match="says shape"):
        value_of(w.Permute(a, (1, 0), (4, 6)), STORAGES)
