"""What is said of operands that do not fit: both sizes, and which operand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sharedsl.model import sizes
from sharedsl.model.dataflow import Tensor as Typed
from sharedsl.ops import OPS, ShapeError
from tests.ops.draws import X, b, i, r
from tests.ops.harness import run

Q, K, V = r(2, 5, 4, 8), r(2, 5, 4, 8), r(2, 5, 4, 8)
WRONG: list[tuple[str, list[Any], dict[str, Any], str, int | None]] = [
    ("add", [r(2, 3), r(2, 4)], {}, "float[2, 3] and float[2, 4] differ along the last axis: 3 and 4", 1),
    ("mul", [r(2, 3, 1), r(4, 1)], {}, "differ along axis -2, counted from the end: 3 and 4", 1),
    ("and", [b(2), r(2)], {}, "`and` and `or` want bool, and this is float[2]", 1),
    ("matmul", [r(2, 3), r(4, 5)], {}, "`@` contracts the last axis of float[2, 3], 3, with 4 of float[4, 5]", 1),
    ("matmul", [2.0, r(4, 5)], {}, "numbers are multiplied with `*`", 0),
    ("sum", [r(2, 3)], {"axis": 2}, "`axis` is 2, and float[2, 3] has 2 axes", None),
    ("mean", [i(3, 4)], {}, "`mean` wants float, and this is int[4]", 0),
    ("gelu", [i(3, 4)], {}, "`gelu` wants float, and this is int[4]", 0),
    ("where", [r(2), r(2), r(2)], {}, "`where` decides by bool, and this is float[2]", 0),
    ("reshape", [r(2, 9)], {"text": "b (h d) -> b h d", "h": 2}, "does not divide 9 by 2", 0),
    ("reshape", [r(2, 8)], {"text": "b (h d) -> b h d"}, "splits 8 into `(h d)`: give the size of `h` or `d`", 0),
    ("reshape", [r(2, 8)], {"text": "b t d -> b d"}, '"b t d -> b d" wants 3 axes, and float[2, 8] has 2', 0),
    ("reshape", [r(2, 8)], {"text": "b d -> b"}, "drops `d`, which has 8 entries", None),
    ("reshape", [r(2, 8)], {"text": "b d -> b k d"}, "does not tell the size of `k`; give it as `k = ...`", None),
    ("reshape", [r(2, 8)], {"text": "b (d -> b d"}, "opens a parenthesis and does not close it", None),
    ("reshape", [r(2, 8)], {"text": "b ... -> b (...)"}, "joins `...` alone; `flatten` does that", None),
    ("reshape", [r(2, 8)], {"text": "b d"}, 'a pattern is written "left -> right"', None),
    ("concat", [r(2, 3), r(3, 3)], {"axis": 1}, "which differ along axis 0: 2 and 3", 1),
    ("stack", [r(2), r(3)], {}, "`stack` wants equal shapes, and these are float[2] and float[3]", 1),
    ("split", [r(2, 6)], {"sizes": [4, 3]}, "`split` cuts 6 entries along the last axis into 7", 0),
    ("split", [r(2, 6)], {"sizes": 4}, "`split` cannot cut 6 entries along the last axis into 4 equal parts", 0),
    ("expand", [r(2, 3)], {"dims": [4, 3]}, "`expand` makes 4 entries of 2", 0),
    ("index", [r(2, 3)], {"subs": [2]}, "index 2 is outside of axis 0, which has 2 entries", 0),
    ("index", [r(2, 3)], {"subs": [0, 0, 0]}, "3 indices for float[2, 3], which has 2 axes", 0),
    ("index", [r(2, 3), r(4)], {}, "an index must be whole numbers, and this is float[4]", 1),
    ("gather", [r(2, 5, 3), i(5, 3, 4)], {}, "differ along axis 0: 2 and 3", 1),
    ("scatter_add", [r(2, 5), i(5, 2, 4), r(2, 3)], {}, "the values must be float[2, 4]", 2),
    ("top", [r(2, 5)], {"count": 6}, "`top` wants 6 of 5 entries", 0),
    ("arange", [], {"bounds": [5, 2]}, "`arange` from 5 to 2 goes backwards", None),
    ("einsum", [r(2, 3), r(4, 5)], {"pattern": "a b, b c -> a c"}, '`b` of "a b, b c -> a c" is 3 and 4 at once', 1),
    ("einsum", [r(2, 3)], {"pattern": "a b -> c"}, "does not tell the size of `c`", None),
    ("attend", [Q, r(2, 5, 3, 8), r(2, 5, 3, 8)], {}, "4 query heads cannot share 3 key heads evenly", 1),
    ("attend", [Q, r(2, 5, 4, 6), V], {}, "differ in head size: 8 and 6", 1),
    ("attend", [Q, K, r(2, 6, 4, 8)], {}, "differ in length: 5 and 6", 2),
    ("attend", [Q, K, V, b(2, 6)], {}, "the mask is bool[2, 6] where bool[2, 5] is wanted: 6 for 5", 3),
    (
        "attend",
        [Q, K, V, None, r(3, 5, 5)],
        {},
        "the bias float[3, 5, 5] cannot be added to scores float[2, 4, 5, 5]",
        4,
    ),
    ("attend", [Q, K, V], {"window": 0}, "`window` must be a whole number of at least 1", None),
    ("rotary", [r(2, 5, 7), torch.arange(5)], {}, "turns pairs, and the last axis has 7 entries", 0),
    ("rotary", [r(2, 5, 8), torch.arange(4)], {}, "the positions must be int[5] or int[2, 5], and this is int[4]", 1),
    ("conv2d", [r(2, 3, 8, 8), r(4, 2, 3, 3)], {}, "takes 2 channels, and the input has 3", 1),
    ("dropout", [X], {"p": 1.0}, "`p` of `dropout` must be a number from 0 up to, not including, 1", None),
    ("cast", [X], {"dtype": "float31"}, "`cast` wants one of float, float16", None),
]


@pytest.mark.parametrize(("op", "args", "settings", "message", "arg"), WRONG)
def test_sentences(op: str, args: list[Any], settings: dict[str, Any], message: str, arg: int | None) -> None:
    with pytest.raises(ShapeError) as caught:
        run(op, args, settings)
    assert message in str(caught.value)
    assert caught.value.arg == arg


def test_what_may_be_missing() -> None:
    missing = Typed("float", (sizes.size(2),), optional=True)
    with pytest.raises(ShapeError, match="may be missing here"):
        OPS["add"].result((missing, missing), {})
