"""A small model with a layer of every kind that relations tell apart, and what a result says of its storages."""

from __future__ import annotations

from typing import Any

from tests.sharing.test_contradictions import BLOCK
from tests.sharing.toy import Result, Table, Toy, W

TREE = {
    "embed": Table("vocab=10|d=8"),
    "layers": (BLOCK, 4),
    "body": BLOCK,
    "sq": W("8|8"),
    "rot": W("8|8"),
    "enc": W("16|8"),
    "dec": W("8|16", "8"),
    "conv": W("4|2,3,3", kind="Conv2d"),
    "turn": W("4|2,3,3", kind="Conv2d"),
    "head": W("10|8"),
    "wide": W("10|12"),
}
MODEL = Toy(TREE)


def named(result: Result, role: str) -> list[str]:
    return [key for key, s in zip(result.names(), result.solved.storages, strict=True) if s.role == role]


def storage(result: Result, key: str) -> Any:
    return result.solved.storages[result.names().index(key)]
