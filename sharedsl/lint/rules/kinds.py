"""Kinds of primitive layers and operations that rules ask for."""

from __future__ import annotations

from sharedsl.lint.subject import units
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Unit
from sharedsl.record import fields

BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d"})
NORMS = frozenset({"LayerNorm", "RMSNorm", "GroupNorm"}) | BATCH_NORMS
#: operations that normalise
_OPS = frozenset({"layer_norm", "rms_norm", "group_norm", "normalize", "tanh", "sigmoid"})


def normalises(unit: Unit) -> bool:
    """Whether a norm, or what bounds values as one does, is somewhere in a unit."""
    return any(each.name in NORMS or "norm" in each.name.lower() or _runs(each) for each in units(unit))


def _runs(unit: Unit) -> bool:
    return any(_has_op(statement) for body in unit.bodies.values() for statement in body.statements)


def _has_op(node: object) -> bool:
    if isinstance(node, d.Op) and node.op in _OPS:
        return True
    if isinstance(node, tuple):
        return any(_has_op(each) for each in node)
    if isinstance(node, d.Tensor | d.Many) or not hasattr(node, "__dataclass_fields__"):
        return False
    return any(_has_op(getattr(node, each.name)) for each in fields(node) if each.name not in ("span", "type"))  # type: ignore[arg-type]
