"""Tensor factorisations and gathers against tensorly, tensorly-torch, numpy and scipy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import tensorly
import tltorch
import torch

import sharedsl

SPECS = Path(__file__).parents[2] / "specs" / "factorised"


def matrix(spec: str, build: str, **sizes: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    """The matrix that a model of one Linear is, and its parameters."""
    module = sharedsl.load(str(SPECS / f"{spec}.sdsl"))[build].module(**sizes).double()
    with torch.no_grad():
        for each in module.parameters():
            each.copy_(torch.randn_like(each))
        columns = next(iter(sizes.values())) if not isinstance(next(iter(sizes.values())), list) else None
        columns = columns or int(np.prod(next(iter(sizes.values()))))
        zero = module(torch.zeros(1, columns, dtype=torch.float64))
        whole = (module(torch.eye(columns, dtype=torch.float64)) - zero).T
    return whole.numpy(), {name.split("weight_")[-1]: each.detach().numpy() for name, each in module.named_parameters()}


DIGITS = [2, 3, 4]
NAMES = ["rows0", "rows1", "rows2", "columns0", "columns1", "columns2"]


def test_cp_is_tensorlys() -> None:
    whole, parts = matrix("tensor_linear", "CpMatrix", digits=DIGITS)
    with tensorly.backend_context("numpy", local_threadsafe=True):
        made = tensorly.cp_to_tensor((parts["weights"], [parts[name] for name in NAMES]))
    np.testing.assert_allclose(whole, made.reshape(24, 24), rtol=1e-12, atol=1e-12)


def test_tucker_is_tensorlys() -> None:
    whole, parts = matrix("tensor_linear", "TuckerMatrix", digits=[8, 8, 8])
    with tensorly.backend_context("numpy", local_threadsafe=True):
        made = tensorly.tucker_to_tensor((parts["core"], [parts[name] for name in NAMES]))
    scale = np.abs(whole).max()
    np.testing.assert_allclose(whole / scale, made.reshape(512, 512) / scale, atol=1e-12)


def test_a_train_of_pairs_is_tltorchs_block_tt() -> None:
    whole, parts = matrix("tensor_linear", "TrainMatrix", digits=[3, 4, 3])
    theirs = tltorch.TensorizedTensor.new(((3, 4, 3), (3, 4, 3)), rank=8, factorization="BlockTT").double()
    with torch.no_grad():
        for at, factor in enumerate(theirs.factors):
            factor.copy_(torch.from_numpy(parts[f"core{at}"]).reshape(factor.shape))
        made = theirs.to_matrix().numpy()
    np.testing.assert_allclose(whole, made, rtol=1e-12, atol=1e-12)


def test_kronecker_is_numpys() -> None:
    whole, parts = matrix("tensor_linear", "KroneckerMatrix", digits=[4, 4, 4])
    np.testing.assert_allclose(whole, np.kron(parts["a"], parts["b"]), atol=1e-12)


def test_phm_is_a_sum_of_kronecker_products() -> None:
    whole, parts = matrix("phm", "Phm", dim=12)
    made = sum(np.kron(a, b) for a, b in zip(parts["a"], parts["b"], strict=True))
    np.testing.assert_allclose(whole, made, atol=1e-12)


@pytest.mark.parametrize(("inputs", "outputs", "build"), [(32, 16, "Monarch"), (16, 32, "MonarchUp")])
def test_monarch_is_two_block_diagonals_and_permutations(inputs: int, outputs: int, build: str) -> None:
    whole, parts = matrix("monarch", build, inputs=inputs, outputs=outputs)
    first, second = parts["right"], parts["left"]
    inner = first.shape[0] * first.shape[1]
    strided = np.arange(inner).reshape(-1, 4).T.reshape(-1)
    middle = scipy.linalg.block_diag(*first)[strided]
    out = scipy.linalg.block_diag(*second) @ middle
    back = np.arange(outputs).reshape(4, -1).T.reshape(-1)
    np.testing.assert_allclose(whole, out[back], atol=1e-12)


def test_butterfly_is_a_product_of_sparse_matrices() -> None:
    whole, parts = matrix("monarch", "Butterfly", inputs=16, outputs=16)
    assert np.linalg.matrix_rank(whole) == 16
    ones = {name: np.ones_like(part) for name, part in parts.items()}
    assert len(ones) == 4 and all(part.shape == (8, 2, 2) for part in ones.values())


@pytest.mark.parametrize(
    ("build", "make"), [("Circulant", "circulant"), ("Toeplitz", "toeplitz"), ("Hankel", "hankel")]
)
def test_gathers_are_scipys(build: str, make: str) -> None:
    inputs, hidden = (9, 9) if build == "Circulant" else (7, 9)
    module = sharedsl.load(str(SPECS / "circulant.sdsl"))[build].module(inputs=inputs, hidden=hidden).double()
    taken: list[Any] = []
    real = torch.nn.functional.linear

    def spy(x: Any, weight: Any, bias: Any = None) -> Any:
        taken.append(weight)
        return real(x, weight, bias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "linear", spy)
        module(torch.randn(2, inputs, dtype=torch.float64))
    vector = (module.first if build == "Circulant" else module.diagonals).detach().numpy()
    want = {
        "circulant": lambda: scipy.linalg.circulant(vector),
        "toeplitz": lambda: scipy.linalg.toeplitz(vector[inputs - 1 :], vector[inputs - 1 :: -1]),
        "hankel": lambda: scipy.linalg.hankel(vector[:hidden], vector[hidden - 1 :]),
    }[make]()
    np.testing.assert_array_equal(taken[0].detach().numpy(), want)


def test_a_circulant_matrix_is_a_convolution_by_fourier_transform() -> None:
    vector, x = np.random.default_rng(0).normal(size=(2, 16))
    direct = scipy.linalg.circulant(vector) @ x
    np.testing.assert_allclose(direct, np.fft.ifft(np.fft.fft(vector) * np.fft.fft(x)).real, atol=1e-12)


@pytest.mark.parametrize(
    ("build", "factorization", "rank"),
    [("TuckerConv", "tucker", [16, 16, 3, 3]), ("CpConv", "cp", 16), ("TrainConv", "tt", [1, 16, 16, 3, 1])],
)
def test_convolutions_are_tltorchs(build: str, factorization: str, rank: Any) -> None:
    ours = sharedsl.load(str(SPECS / "tensor_conv.sdsl"))[build].module().double()
    plain = torch.nn.Conv2d(64, 128, 3, padding=1, bias=False).double()
    theirs = tltorch.FactorizedConv.from_conv(
        plain, rank=rank, factorization=factorization, decompose_weights=False, implementation="reconstructed"
    ).double()
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs.weight.parameters(), strict=True):
            other.copy_(mine.reshape(other.shape))
    x = torch.randn(2, 64, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-10, atol=1e-12)
