"""Cases of operations that arrange, pick and make entries."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sharedsl.runtime.operations import OPERATIONS
from tests.ops.draws import X, i, r
from tests.ops.harness import Case

PATTERNS = [
    ("b t (h d) -> b h t d", (2, 3, 8), {"h": 2}, "x0.unflatten(-1, (2, -1)).transpose(1, 2)"),
    ("b h t d -> b t (h d)", (2, 4, 3, 5), {}, "x0.transpose(1, 2).flatten(2)"),
    ("m -> 1 m", (4,), {}, "x0.unsqueeze(0)"),
    ("t -> t 1", (4,), {}, "x0.unsqueeze(1)"),
    ("b t 1 -> b t", (2, 3, 1), {}, "x0.squeeze(2)"),
    ("t m h -> h t m", (2, 3, 4), {}, "x0.permute(2, 0, 1)"),
    ("b s r -> b s heads r", (2, 3, 4), {"heads": 5}, "x0.unsqueeze(2).expand(-1, -1, 5, -1)"),
    ("b c (h p) (w q) -> b (h w) (p q c)", (2, 3, 4, 6), {"p": 2, "q": 3}, ""),
    ("... d -> d ...", (2, 3, 4), {}, "x0.permute(2, 0, 1)"),
    ("b ... c -> b (... c)", (2, 3, 4, 5), {}, "x0.flatten(1)"),
    ("(a b) c -> b (a c)", (6, 4), {"a": 3}, ""),
    ("b d -> b (k d)", (2, 3), {"k": 2}, "x0.unsqueeze(1).expand(-1, 2, -1).flatten(1)"),
    ("a b -> a b", (2, 3), {}, "x0"),
]


def reference(text: str, x: torch.Tensor, given: dict[str, int]) -> torch.Tensor:
    """The pattern worked out entry by entry."""
    return OPERATIONS["reshape"](x, text, **given)


SHAPES: list[Case] = [
    *(
        Case("reshape", [r(*shape)], lambda x, t=t, g=g: reference(t, x, g), {"text": t, **g}, code)
        for t, shape, g, code in PATTERNS
    ),
    Case("permute", [X], lambda x: x.permute(2, 0, 1), {"text": "a b c -> c a b"}),
    Case("repeat", [r(2, 3)], lambda x: x.repeat_interleave(2, 1), {"text": "a b -> a (b two)", "two": 2}),
    Case("concat", [r(2, 3), r(2, 1)], lambda a, b: torch.cat((a, b), -1), {"axis": -1}, "torch.cat((x0, x1), dim=-1)"),
    Case("concat", [[r(2, 3), r(1, 3)]], lambda parts: torch.cat(parts), {"axis": 0}),
    Case("concat", [r(2, 0, 3), r(2, 4, 3)], lambda a, b: b, {"axis": 1}, "x1"),
    Case(
        "concat",
        [r(2, 0, 3), r(2, 4, 3), r(2, 1, 3)],
        lambda a, b, c: torch.cat((b, c), 1),
        {"axis": 1},
        "torch.cat((x1, x2), dim=1)",
    ),
    Case("stack", [X, X + 1], lambda a, b: torch.stack((a, b))),
    Case("stack", [[X, X + 1, X]], lambda parts: torch.stack(parts, -1), {"axis": -1}),
    Case("split", [r(2, 6)], lambda x: x.split((4, 2), -1), {"sizes": [4, 2], "axis": -1}, "x0.split((4, 2), dim=-1)"),
    Case("split", [r(2, 6)], lambda x: x.chunk(3, 1), {"sizes": 3, "axis": 1}, "x0.chunk(3, dim=1)"),
    Case("unbind", [r(2, 3)], lambda x: x.unbind(), {"axis": 0}, "x0.unbind()"),
    Case("unbind", [r(2, 3)], lambda x: x.unbind(-1), {"axis": -1}),
    Case("flatten", [X], lambda x: x.flatten(1), {"start": 1}, "x0.flatten(1)"),
    Case("flatten", [X], lambda x: x.flatten(0, 1), {"end": 1}),
    Case("expand", [r(1, 4)], lambda x: x.expand(2, 3, 4), {"dims": [2, 3, 4]}, "x0.expand(2, 3, -1)"),
    Case("roll", [X], lambda x: x.roll(2, 1), {"by": 2, "axis": 1}),
    Case("rot90", [X], lambda x: torch.rot90(x, 2, (0, 1)), {"times": 2, "axes": [0, 1]}),
    Case("flip", [X], lambda x: x.flip(0), {"axis": 0}),
    Case("pad", [X], lambda x: F.pad(x, (0, 0, 1, 2)), {"before": 1, "after": 2, "axis": 1}),
    Case("pad", [X], lambda x: F.pad(x, (3, 0), value=1.5), {"before": 3, "value": 1.5}),
    Case("index", [X, 1], lambda x, k: x[1]),
    Case("index", [r(5, 3), i(5, 2, 4)], lambda x, k: x[k], code="x0[x1]"),
    Case("index", [X], lambda x: x[:, 0], {"subs": [[None, None, None], 0]}, "x0[:, 0]"),
    Case("index", [X], lambda x: x[-1], {"subs": [-1]}),
    Case("index", [r(6, 3)], lambda x: x[1:5:2, -2:], {"subs": [[1, 5, 2], [-2, None, None]]}, "x0[1:5:2, -2:]"),
    Case("gather", [r(2, 5, 3), i(5, 2, 4)], lambda x, k: torch.stack([x[n][k[n]] for n in range(2)])),
    Case("gather", [r(2, 5), i(5, 2, 4)], lambda x, k: x.gather(1, k), {"axis": 1}, "x0.gather(1, x1)"),
    Case("gather", [r(5, 3), i(5, 4)], lambda x, k: x[k], {"axis": 0}),
    Case("scatter_add", [r(2, 5, 3), i(5, 2, 4), r(2, 4, 3)], OPERATIONS["scatter_add"], {"axis": 1}),
    Case("top", [r(2, 6)], lambda x: x.topk(3).indices, {"count": 3}, "x0.topk(3).indices"),
    Case("top", [r(6, 2)], lambda x: x.topk(3, dim=0).indices, {"count": 3, "axis": 0}),
    Case("sort", [X], lambda x: x.sort(1).values, {"axis": 1}),
    Case("one_hot", [i(4, 2, 3)], lambda x: F.one_hot(x, 4).float(), {"classes": 4}),
    Case("tril", [r(4, 4)], lambda x: x.tril(-1), {"diagonal": -1}),
    Case("arange", [], lambda: torch.arange(5), {"bounds": [5]}, "torch.arange(5)"),
    Case("arange", [], lambda: torch.arange(5), {"bounds": [0, 5]}, "torch.arange(5)"),
    Case("arange", [], lambda: torch.arange(2, 9, 3), {"bounds": [2, 9, 3]}),
    Case("zeros", [], lambda: torch.zeros(2, 3), {"dims": [2, 3]}, "torch.zeros(2, 3)"),
    Case("ones", [], lambda: torch.ones(2, 3), {"dims": [2, 3]}),
    Case("full", [], lambda: torch.full((2, 3), 0.5), {"dims": [2, 3], "value": 0.5}),
    Case("full", [], lambda: torch.full((2,), 3.0), {"dims": [2], "value": 3}),
    Case("normal", [], None, {"dims": [2, 3], "std": 0.5, "mean": 1.0}),
    Case("trunc_normal", [], None, {"dims": [2, 3], "std": 0.5, "cut": 3.0}),
    Case("uniform", [], None, {"dims": [2, 3], "low": -1.0}),
]
