"""Which layer's weights each layer reads in the cross-layer specs, against the published lists."""

from __future__ import annotations

import pytest
import torch

import sharedsl
from sharedsl.model.weights import Read
from tests.compiled import SPECS, compiled

#: spec, build, stack -> the label of each layer, at the build's own sizes
FULL = [
    ("crosslayer/takase", "TakaseCycle", "encoder", "012345012345"),
    ("crosslayer/takase", "TakaseCycle", "decoder", "012345012345"),
    ("crosslayer/takase", "TakaseCycleRev", "encoder", "012345543210"),
    ("crosslayer/takase", "TakaseCycleRev", "decoder", "012345543210"),
    ("crosslayer/takase", "TakaseSequence", "encoder", "000111222333444555"),
    ("crosslayer/takase", "TakaseSequence", "decoder", "000111222333444555"),
    ("crosslayer/takase", "TransformerOneLayer", "encoder", "000000"),
    ("crosslayer/maps", "MapInterleaved", "layers", "010203040506"),
    ("crosslayer/maps", "MapSkip", "layers", "012012012012"),
    ("crosslayer/maps", "MapSequence", "layers", "001122334455"),
    ("crosslayer/maps", "MapGroups", "layers", "000112223344"),
    ("crosslayer/maps", "MapReversed", "layers", "012301233210"),
    ("crosslayer/maps", "MapSandwich", "layers", "011111111112"),
    ("crosslayer/maps", "MapMiddleCycle", "layers", "012121212123"),
    ("crosslayer/maps", "MapMiddleSequence", "layers", "011111222223"),
    ("crosslayer/maps", "MapListed", "layers", "0123434210"),
    ("crosslayer/maps", "MapTail", "layers", "012333333333"),
]
#: the same, at the test sizes
SMALL = [
    ("crosslayer/maps", "MapInterleaved", "layers", "010203"),
    ("crosslayer/maps", "MapSandwich", "layers", "011112"),
    ("crosslayer/maps", "MapMiddleCycle", "layers", "01212123"),
    ("crosslayer/recursions", "MorCycle2", "layers", "012012"),
    ("crosslayer/recursions", "MorSequence2", "layers", "001122"),
    ("crosslayer/recursions", "MorMiddleCycle2", "layers", "012123"),
    ("crosslayer/recursions", "MorMiddleCycle3", "layers", "01212123"),
    ("crosslayer/recursions", "MorMiddleSequence3", "layers", "01112223"),
]


def owners(spec: str, name: str, stack: str, test: bool) -> list[int]:
    """For each layer the index of the layer that owns what it reads; all of its weights agree."""
    path = SPECS / f"{spec}.sdsl"
    solved = compiled(path.read_text(), name, str(path), test=test).solved
    found: dict[int, set[int]] = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        head = site.path[0]
        if head.name != stack:
            continue
        assert isinstance(read, Read) and head.index is not None
        owner = solved.storages[read.storage].owner[0]
        assert owner.name == stack and owner.index is not None
        found.setdefault(head.index, set()).add(owner.index)
    assert all(len(each) == 1 for each in found.values()), found
    return [min(found[at]) for at in sorted(found)]


@pytest.mark.parametrize(
    ("spec", "name", "stack", "labels", "test"),
    [(*row, False) for row in FULL] + [(*row, True) for row in SMALL],
    ids=[f"{row[1]}-{row[2]}" for row in FULL] + [f"{row[1]}-small" for row in SMALL],
)
def test_owner_map(spec: str, name: str, stack: str, labels: str, test: bool) -> None:
    first = {label: labels.index(label) for label in labels}
    assert owners(spec, name, stack, test) == [first[label] for label in labels]


def test_norms_stay_private_in_the_sandwich() -> None:
    path = SPECS / "crosslayer" / "subformer.sdsl"
    solved = compiled(path.read_text(), "SubformerEncoder", str(path)).solved
    for site, read in zip(solved.sites, solved.reads, strict=True):
        assert isinstance(read, Read)
        owner = solved.storages[read.storage].owner
        if site.path[1].name in ("norm1", "norm2") or site.path[0].index in (0, 5):
            assert owner[0].index == site.path[0].index
        else:
            assert owner[0].index == 1


@pytest.mark.parametrize(("name", "stacks"), [("SubformerTranslator", ("encoder", "decoder")), ("SubformerWide", ())])
def test_both_stacks_are_sandwiches(name: str, stacks: tuple[str, ...]) -> None:
    """Ends and norms are private, the middle is one; attention to the source goes with it."""
    path = SPECS / "crosslayer" / "subformer.sdsl"
    solved = compiled(path.read_text(), name, str(path)).solved
    last, seen = 5, set()
    for site, read in zip(solved.sites, solved.reads, strict=True):
        assert isinstance(read, Read)
        here, owner = site.path[0], solved.storages[read.storage].owner[0]
        norm = site.path[1].name.startswith("norm")
        if here.name in stacks and here.index not in (0, last) and not norm:
            assert (owner.name, owner.index) == (here.name, 1)
            seen.add(site.path[1].name)
        elif here.name == "middle" and not norm:
            assert (owner.name, owner.index) == ("middle", 0)
            seen.add(site.path[1].name)
        elif here.name in (*stacks, "middle", "first", "last"):
            assert (owner.name, owner.index) == (here.name, here.index)
    assert seen == ({"attn", "cross", "ffn"} if stacks else {"attn", "ffn"})


def test_the_middle_of_the_sandwich_is_wider() -> None:
    """Up behind the first layer, down before the last, with a norm each."""
    sizes = {"vocab": 61, "table": 8, "dim": 16, "wide": 24, "depth": 5, "heads": 2, "ff": 24, "wide_ff": 32}
    made = sharedsl.load(SPECS / "crosslayer/subformer.sdsl")["SubformerWide"].module(**sizes)
    widths: list[int] = []
    for layer in (made.mix, made.first, *made.middle, made.last):
        layer.register_forward_hook(lambda _, __, out: widths.append(out.shape[-1]))
    logits = made(torch.randint(0, 61, (2, 4)))
    assert widths == [8, 16, 24, 24, 24, 16] and logits.shape == (2, 4, 61)
    assert sum(tuple(each.shape) == (61, 8) for each in made.parameters()) == 1
