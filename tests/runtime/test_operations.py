"""The oracle's operations against torch's own functions."""

import math

import pytest
import torch
import torch.nn.functional as F

from sharedsl.layers import LAYERS
from sharedsl.ops import OPS
from sharedsl.runtime.attending import attend, rotary, visible
from sharedsl.runtime.operations import OPERATIONS
from sharedsl.runtime.patterns import pattern
from sharedsl.runtime.primitives import PRIMITIVES
from sharedsl.runtime.shaping import OutOfRange


@pytest.fixture(autouse=True)
def doubles():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


UNARY = {
    "relu": F.relu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "softplus": F.softplus, "mish": F.mish, "elu": F.elu,
    "leaky_relu": F.leaky_relu, "rsqrt": lambda x: torch.rsqrt(x.abs()), "erf": torch.erf,
    "softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1), "mean": torch.mean,
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in UNARY if name in OPERATIONS])
def test_functions_of_one_tensor(name):
    x = torch.randn(3, 4, 5)
    given = x.abs() if name == "rsqrt" else x
    torch.testing.assert_close(OPERATIONS[name](given), UNARY[name](x))


@pytest.mark.parametrize("name", [name for name in UNARY if name in OPERATIONS and name not in ("mean", "rsqrt")])
def test_large_numbers_and_zero(name):
    """Values and gradients where a power overflows, and where a branch ends."""
    gradients = []
    for function in (OPERATIONS[name], UNARY[name]):
        x = torch.tensor([[-1000.0, -40.0, -1e-3], [0.0, 40.0, 1000.0]], requires_grad=True)
        gradients.append((result := function(x), *torch.autograd.grad((result * torch.arange(1, 4)).sum(), x)))
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_attention(causal, groups):
    q, k, v = torch.randn(2, 5, 4, 3), torch.randn(2, 5, groups, 3), torch.randn(2, 5, groups, 7)
    swap = [each.transpose(1, 2) for each in (q, k, v)]
    want = F.scaled_dot_product_attention(*swap, is_causal=causal, enable_gqa=True).transpose(1, 2)
    torch.testing.assert_close(attend(q, k, v, causal=causal), want)


def test_attention_with_masks_bias_and_scale():
    q, k, v = torch.randn(2, 3, 4, 6), torch.randn(2, 5, 4, 6), torch.randn(2, 5, 4, 6)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]).bool()
    bias = torch.randn(4, 3, 5)
    added = bias + torch.zeros(2, 1, 1, 5).masked_fill(~mask[:, None, None], -math.inf)
    swap = [each.transpose(1, 2) for each in (q, k, v)]
    want = F.scaled_dot_product_attention(*swap, attn_mask=added, scale=0.3).transpose(1, 2)
    torch.testing.assert_close(attend(q, k, v, mask, bias, scale=0.3), want)


def test_causal_attention_over_a_longer_past_is_aligned_at_the_end():
    assert visible(2, 4, True, None).tolist() == [[True, True, True, False], [True, True, True, True]]
    assert visible(3, 3, True, 2).tolist() == [[True, False, False], [True, True, False], [False, True, True]]


def test_rotary_turns_pairs_and_keeps_relative_positions():
    q, k = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)

    def score(i, j):
        return (rotary(q, torch.tensor([i])) * rotary(k, torch.tensor([j]))).sum()

    torch.testing.assert_close(score(3, 1), score(9, 7))
    torch.testing.assert_close(rotary(q, torch.tensor([5])).norm(), q.norm())
    assert not torch.allclose(score(3, 1), score(3, 2))


@pytest.mark.parametrize(
    ("text", "sizes", "want"),
    [
        ("b t (h d) -> b h t d", {"h": 2}, lambda x: x.reshape(3, 4, 2, 3).transpose(1, 2)),
        ("b t c -> (b t) c", {}, lambda x: x.reshape(12, 6)),
        ("... c -> c ...", {}, lambda x: x.permute(2, 0, 1)),
        ("b ... -> b (...)", {}, lambda x: x.reshape(3, 24)),
        ("... c -> (... c)", {}, lambda x: x.reshape(-1)),
        ("b t c -> b t h c", {"h": 5}, lambda x: x[:, :, None].expand(3, 4, 5, 6)),
        ("b t c -> b 1 t c", {}, lambda x: x[:, None]),
        ("b t (c 2) -> b t c 2", {}, lambda x: x.reshape(3, 4, 3, 2)),
    ],
)
def test_patterns(text, sizes, want):
    x = torch.randn(3, 4, 6)
    torch.testing.assert_close(pattern(x, text, sizes), want(x))


def test_reductions_over_several_axes():
    x = torch.randn(3, 4, 5)
    for name, want in {
        "var": x.var((0, 2), unbiased=False),
        "logsumexp": x.logsumexp((0, 2)),
        "max": x.amax((0, 2)),
    }.items():
        torch.testing.assert_close(OPERATIONS[name](x, axis=(0, -1)), want)
    torch.testing.assert_close(OPERATIONS["mean"](x, axis=(0, 2), keep=True), x.mean((0, 2), keepdim=True))
    torch.testing.assert_close(OPERATIONS["argmax"](x), x.argmax())


def test_extremes_of_operands_and_numbers():
    x, y = torch.randn(3), torch.randn(3)
    torch.testing.assert_close(OPERATIONS["max"](x, y, 0), torch.maximum(x, y).clamp(min=0))
    torch.testing.assert_close(OPERATIONS["min"](torch.tensor([1, 9]), 5), torch.tensor([1, 5]))
    assert OPERATIONS["max"](3, 4) == 4 and OPERATIONS["min"](3, 4) == 3


def test_every_operation_and_layer_has_a_meaning():
    assert set(OPERATIONS) == set(OPS)
    assert set(PRIMITIVES) == set(LAYERS)


@pytest.mark.parametrize("size", [1, 3, (2, 5), 7])
def test_adaptive_pooling(size):
    x = torch.randn(2, 3, 7, 6)
    torch.testing.assert_close(OPERATIONS["adaptive_avg_pool2d"](x, size=size), F.adaptive_avg_pool2d(x, size))


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling(kind):
    x = torch.randn(2, 3, 7, 6)
    want = getattr(F, f"{kind}_pool2d")(x, 3, stride=2, padding=1)
    torch.testing.assert_close(OPERATIONS[f"{kind}_pool2d"](x, kernel=3, stride=2, padding=1), want)


def test_einsum_by_words():
    w, x = torch.randn(4, 5, 6), torch.randn(3, 6)
    torch.testing.assert_close(
        OPERATIONS["einsum"](w, x, pattern="gate hidden dim, b dim -> gate b hidden"),
        torch.einsum("ghd,bd->gbh", w, x),
    )


def test_an_index_out_of_range_says_which():
    with pytest.raises(OutOfRange) as caught:
        OPERATIONS["gather"](torch.randn(2, 3), torch.tensor([[0, 5], [1, 1]]))
    assert (caught.value.index, caught.value.rows) == (5, 3)
