"""Cases of contractions, convolutions, pooling, norms, positions and attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sharedsl.runtime.operations import OPERATIONS
from tests.ops.draws import X, i, r
from tests.ops.harness import Case

NETWORKS: list[Case] = [
    Case(
        "einsum",
        [r(4, 5, 3), r(2, 3)],
        lambda w, x: torch.einsum("ghd,bd->gbh", w, x),
        {"pattern": "g h d, b d -> g b h"},
    ),
    Case(
        "einsum",
        [r(2, 3), r(3, 4), r(4, 5)],
        lambda a, b, c: a @ b @ c,
        {"pattern": "one two, two three, three four -> one four"},
    ),
    Case(
        "einsum", [r(3, 3)], lambda a: a.sum(0), {"pattern": "a b -> b"}, "torch.einsum('ab->b', x0)".replace("'", '"')
    ),
    Case(
        "conv1d",
        [r(2, 4, 9), r(6, 2, 3), r(6)],
        lambda x, w, c: F.conv1d(x, w, c, 2, 1, 2, 2),
        {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
    ),
    Case("conv2d", [r(2, 3, 7, 8), r(4, 3, 3, 2)], lambda x, w: F.conv2d(x, w, padding=(1, 0)), {"padding": [1, 0]}),
    Case(
        "conv2d",
        [r(2, 3, 7, 8), r(4, 3, 3, 3), r(4)],
        lambda x, w, c: F.conv2d(x, w, c, padding=1),
        {"padding": "same"},
    ),
    Case("conv3d", [r(1, 2, 4, 4, 4), r(3, 2, 2, 2, 2)], F.conv3d),
    Case("max_pool1d", [r(2, 3, 9)], lambda x: F.max_pool1d(x, 3, 2), {"kernel": 3, "stride": 2}),
    Case("max_pool2d", [r(2, 3, 9, 8)], lambda x: F.max_pool2d(x, 2), {"kernel": 2}, "F.max_pool2d(x0, 2)"),
    Case("avg_pool1d", [r(2, 3, 9)], lambda x: F.avg_pool1d(x, 3, padding=1), {"kernel": 3, "padding": 1}),
    Case("avg_pool2d", [r(2, 3, 9, 8)], lambda x: F.avg_pool2d(x, (2, 3)), {"kernel": [2, 3]}),
    Case("adaptive_avg_pool1d", [r(2, 3, 9)], lambda x: F.adaptive_avg_pool1d(x, 2), {"size": 2}),
    Case("adaptive_avg_pool2d", [r(2, 3, 9, 8)], lambda x: F.adaptive_avg_pool2d(x, (1, 2)), {"size": [1, 2]}),
    Case("global_avg_pool", [r(2, 3, 4, 5)], lambda x: x.mean((2, 3)), code="x0.mean(dim=(2, 3))"),
    Case("layer_norm", [X, r(4), r(4)], lambda x, w, c: F.layer_norm(x, (4,), w, c)),
    Case("layer_norm", [X], lambda x: F.layer_norm(x, (4,))),
    Case("rms_norm", [X, r(4)], lambda x, w: F.rms_norm(x, (4,), w, 1e-6)),
    Case("sinusoid", [], lambda: OPERATIONS["sinusoid"](7, 6), {"length": 7, "dim": 6}),
    Case("rotary", [r(2, 5, 3, 8), torch.arange(5)], OPERATIONS["rotary"], {"base": 100.0}),
    Case("rotary", [r(2, 5, 8), torch.arange(5) + 3], OPERATIONS["rotary"], {"base": 100.0}),
    Case("rotary", [r(2, 5, 3, 8), i(9, 2, 5)], OPERATIONS["rotary"], {"base": 10000.0}),
    Case("attend", [r(2, 5, 4, 8), r(2, 5, 4, 8), r(2, 5, 4, 6)], OPERATIONS["attend"]),
]
