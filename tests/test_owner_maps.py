"""Which layer reads whose weights, through the whole compiler, against the lists of the published methods."""

from __future__ import annotations

import pytest

from sharedsl.model.weights import Read
from tests.compiled import compiled

TOY = """\
model Toy(dim = 4, depth = 12) {{
  layer layers = Linear(dim, dim) * depth
  forward(x: float[B, dim]) -> float[B, dim] {{ return layers(x) }}
}}
sharing p of Toy {{ {line} }}
build Built = Toy(depth = {depth}) with p
"""

#: line, depth, label of each layer
MAPS = [
    ("share * across layers", 12, "000000000000"),  # ALBERT
    ("share * across layers in 3 groups", 12, "000011112222"),
    ("share * across layers in 5 groups", 12, "000112223344"),
    ("share * across layers in 7 groups", 12, "001122344556"),
    ("share * across layers in groups of 3", 12, "000111222333"),  # Takase & Kiyono: sequence
    ("share * across layers in cycle of 4", 12, "012301230123"),
    ("share * across layers in cycle of 4 reversed", 12, "012301233210"),
    ("share * across layers in cycle of 3 reversed", 12, "012012012210"),
    ("share * across layers in cycle of 6 reversed", 12, "012345543210"),
    ("share * across layers in cycle of 6 reversed", 18, "012345012345543210"),
    ("share * across layers in cycle of 3 reversed", 9, "012012210"),
    ("share * across layers in cycle of 3 reversed", 5, "01221"),
    ("share * across layers[1:-1]", 6, "011112"),  # Subformer: sandwich
    ("share * across layers[1:-1] in cycle of 2", 8, "01212123"),  # mixture of recursions: middle cycle
    ("share * across layers[1:-1] in groups of 3", 8, "01112223"),  # middle sequence
    ("share * across layers[0::2]", 6, "010203"),  # interleaved
    ("share * across layers in cycle of 2", 9, "010101010"),  # Zamba2's two blocks
    ("share * across layers in cycle of 3", 6, "012012"),  # skip-k
    ("share * across layers in groups of 2", 6, "001122"),  # MobileLLM-LS: twins
    ("share * across layers as [0, 1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 2, 1, 0]", 16, "0123456734567210"),
]
#: the same, where the layers are applied again: position -> layer
FOLDS = [
    ("fold layers 3 times", 2, "010101"),  # Perceiver
    ("fold layers as [0, 1, 2, 2, 1, 0]", 3, "012210"),
    ("fold layers[1:3] 2 times", 4, "012123"),
    ("fold layers[1] 3 times", 3, "01112"),
    ("fold layers as [0, 1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 2, 1, 0]", 8, "0123456734567210"),
]


def _digits(text: str) -> list[int]:
    return [int(digit) for digit in text]


def test_albert_of_18_layers_in_14_groups() -> None:
    """The smallest case that the reference code, which computes in floats, gets wrong."""
    owners = _owners("share * across layers in 14 groups", 18)
    numbers = {owner: at for at, owner in enumerate(dict.fromkeys(owners))}
    assert [numbers[owner] for owner in owners] == [at * 14 // 18 for at in range(18)]


@pytest.mark.parametrize(("line", "depth", "labels"), MAPS, ids=[line for line, _, _ in MAPS])
def test_maps(line: str, depth: int, labels: str) -> None:
    wanted = _digits(labels)
    first = {label: wanted.index(label) for label in wanted}
    assert _owners(line, depth) == [first[label] for label in wanted]


@pytest.mark.parametrize(("line", "depth", "layers"), FOLDS, ids=[line for line, _, _ in FOLDS])
def test_folds(line: str, depth: int, layers: str) -> None:
    build = compiled(TOY.format(line=line, depth=depth), "Built")
    body = build.model.root.bodies[build.model.entries[None]]
    (call,) = (value for statement in body.statements for value in statement.values)
    assert [use.index for use in call.uses] == _digits(layers)
    assert len(build.solved.storages) == 2 * depth
    assert len(build.solved.sites) == 2 * len(layers)
    for site, read in zip(build.solved.sites, build.solved.reads, strict=True):
        assert isinstance(read, Read)
        owner = build.solved.storages[read.storage]
        assert owner.owner[0].index == site.path[0].index and owner.name == site.path[-1].name


def _owners(line: str, depth: int) -> list[int | None]:
    """For each layer, the index of the layer that owns what it reads; weight and bias agree."""
    solved = compiled(TOY.format(line=line, depth=depth), "Built").solved
    owners: dict[str, dict[int | None, int | None]] = {"weight": {}, "bias": {}}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        assert isinstance(read, Read)
        owners[site.path[-1].name][site.path[0].index] = solved.storages[read.storage].owner[0].index
    assert owners["weight"] == owners["bias"]
    return [owners["weight"][at] for at in range(depth)]
