"""How a module tells what must not decay: by short ends of names where these tell it, else by whole names."""

from __future__ import annotations

import pytest
import torch

from sharedsl.api import Builds
from sharedsl.emit.tables import suffixes
from tests.compiled import analysis


@pytest.mark.parametrize(
    ("marked", "others", "ends"),
    [
        (["a.conv.weight_mix", "b.conv.weight_mix"], ["a.conv.weight", "head.bias"], ["weight_mix"]),
        (["a.scale"], ["b.scale"], ["a.scale"]),
        (["mix"], ["premix", "a.weight"], None),
        (["w"], ["a.w"], None),
    ],
)
def test_ends(marked: list[str], others: list[str], ends: list[str] | None) -> None:
    assert suffixes({**dict.fromkeys(marked, True), **dict.fromkeys(others, False)}) == ends


def test_names_whose_ends_do_not_tell() -> None:
    """The model's own `scale` must not decay, the block's of the same name may."""
    text = """\
block Part(dim) {
  weight scale[dim]
  forward(x: float[B, dim]) -> float[B, dim] { return scale * x }
}
model M(dim = 4) {
  layer part = Part(dim)
  weight scale[dim] no_decay
  forward(x: float[B, dim]) -> float[B, dim] { return scale * part(x) }
}
build It = M()
"""
    module = Builds(analysis(text))["It"].module()
    decays, rests = module.parameter_groups(0.1)
    assert [id(each) for each in rests["params"]] == [id(module.scale)]
    assert [id(each) for each in decays["params"]] == [id(module.part.scale)]
    assert isinstance(module(torch.ones(2, 4)), torch.Tensor)
