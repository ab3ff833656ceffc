"""The operations of `forward`: shape rules, costs, and the torch code that they become.

`OPS` has every one by name. `Operation.result` raises ShapeError with a sentence for the user.
"""

from sharedsl.ops.activations import ACTIVATIONS
from sharedsl.ops.arithmetic import ARITHMETIC
from sharedsl.ops.attention import ATTENTION
from sharedsl.ops.base import Operation, OpParam, ShapeError
from sharedsl.ops.contraction import CONTRACTION
from sharedsl.ops.convolution import CONVOLUTION
from sharedsl.ops.creation import CREATION
from sharedsl.ops.indexing import INDEXING
from sharedsl.ops.positions import POSITIONS
from sharedsl.ops.reductions import REDUCTIONS
from sharedsl.ops.shapes import SHAPES

GROUPS: tuple[tuple[str, tuple[Operation, ...]], ...] = (
    ("Arithmetic, comparison, logic", ARITHMETIC),
    ("Functions of one number", ACTIVATIONS),
    ("Reductions", REDUCTIONS),
    ("Shapes", SHAPES),
    ("Entries", INDEXING),
    ("Contractions", CONTRACTION),
    ("Attention", ATTENTION),
    ("Positions", POSITIONS),
    ("Convolution, pooling, norms", CONVOLUTION),
    ("From nothing", CREATION),
)

OPS: dict[str, Operation] = {operation.name: operation for _, group in GROUPS for operation in group}

__all__ = ["GROUPS", "OPS", "OpParam", "Operation", "ShapeError"]
