"""Buffers belong to applications: a layer that is applied several times keeps as many sets of statistics."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sharedsl.runtime.built import module_class
from sharedsl.runtime.verify import verify
from tests.compiled import compiled, source, totals

NET = """
block Unit(width) {
  layer conv = Conv2d(width, width, 3, padding = 1, bias = false)
  layer norm = BatchNorm2d(width)
  forward(x: float[B, width, H, W]) -> float[B, width, H, W] { return x + relu(norm(conv(x))) }
}

## A unit inside of a unit, so that folds can nest.
block Pair(width) {
  layer first = Unit(width)
  layer rest  = Unit(width) * 2
  buffer shift: float[width] = 1
  forward(x: float[B, width, H, W]) -> float[B, width, H, W] {
    return rest(first(x)) + reshape(shift, "c -> c 1 1")
  }
}

model Net(width = 4, depth = 3) {
  layer unit  = Unit(width)
  layer units = Unit(width) * depth
  layer pair  = Pair(width)
  layer norm  = BatchNorm2d(width)
  forward encode(x: float[B, width, H, W]) -> float[B, width, H, W] { return norm(unit(x)) }
  forward(x: float[B, width, H, W], y: float[B, width, H, W]) -> float[B, width, H, W] {
    return units(encode(x)) - pair(encode(y))
  }
}
"""

#: plan -> how many rows each norm's statistics have (none: one set, without rows)
PLANS = {
    "": {"unit.norm": 2, "norm": 2, "units.0.norm": None, "pair.first.norm": None},
    "fold unit 3 times": {"unit.norm": 6, "units.0.norm": None},
    "fold units 2 times": {"units.0.norm": 2, "units.2.norm": 2},
    "share * across units": {"units.0.norm": None, "units.2.norm": None},
    "share * across units\n fold units[1:3] 2 times": {"units.0.norm": None, "units.1.norm": 2},
    "fold units[0:2] 2 times\n fold units 3 times": {"units.0.norm": 6, "units.2.norm": 3},
    "fold units as [0, 1, 2, 1, 0]": {"units.0.norm": 2, "units.2.norm": None},
    "fold pair 2 times\n fold pair.rest 3 times": {"pair.first.norm": 2, "pair.rest.1.norm": 6},
    "fold unit 2 times\n untie unit@1.norm": {"unit.norm": 4},
    "fold unit 2 times\n untie unit@1.norm.weight": {"unit.norm": 4},
}


def build(plan: str) -> tuple[nn.Module, dict[str, Tensor]]:
    made = compiled(f"{NET}\nsharing p of Net {{ {plan} }}\nbuild B = Net() with p", "B")
    report = verify(made)
    assert report.ok, str(report)
    assert any("running statistics" in each.call for each in report.outputs)
    module = module_class(source(made), "B")()
    kept = dict(module.named_buffers())
    assert totals(made).polys["buffers"].evaluate({"width": 4, "depth": 3}) == sum(
        each.numel() for each in kept.values()
    )
    return module, kept


@pytest.mark.parametrize("plan", PLANS)
def test_each_application_has_statistics(plan: str) -> None:
    module, kept = build(plan)
    for name, rows in PLANS[plan].items():
        mean = kept[f"{name}.running_mean"]
        assert list(mean.shape) == ([4] if rows is None else [rows, 4])
        assert kept[f"{name}.num_batches_tracked"].numel() == (rows or 1)
    module.train()
    module(torch.randn(3, 4, 5, 5), torch.randn(3, 4, 5, 5))
    for name in PLANS[plan]:
        assert (kept[f"{name}.num_batches_tracked"] == 1).all()
        assert (kept[f"{name}.running_mean"] != 0).all()
    module.reset_parameters()
    assert all((kept[f"{name}.running_mean"] == 0).all() for name in PLANS[plan])


def test_a_fold_is_separate_norms_with_tied_weights() -> None:
    """Three applications of a folded unit in training: torch's own norms, one for each, that share weight and bias."""
    module, kept = build("fold unit 3 times")
    torch.manual_seed(0)
    x, conv, norm = torch.randn(5, 4, 6, 6), module.unit.conv, module.unit.norm
    norms = [nn.BatchNorm2d(4) for _ in range(3)]
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    for each in norms:
        each.weight, each.bias = norm.weight, norm.bias
    last = nn.BatchNorm2d(4)
    for training in (True, True, False):
        module.train(training)
        wanted = x
        for each in norms:
            wanted = wanted + F.relu(each.train(training)(conv(wanted)))
        got = module.encode(x)
        assert torch.allclose(got, last.train(training)(wanted), atol=1e-6)
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        own = kept[f"unit.norm.{name}"]
        assert torch.allclose(own[:3], torch.stack([getattr(each, name) for each in norms]))
    assert not torch.allclose(kept["unit.norm.running_var"][0], kept["unit.norm.running_var"][1])


def test_verify_finds_statistics_of_the_wrong_application() -> None:
    made = compiled(f"{NET}\nsharing p of Net {{ fold unit 3 times }}\nbuild B = Net() with p", "B")
    right = source(made)
    for wrong in (
        right.replace("self.running_mean[application]", "self.running_mean[0]"),
        right.replace("self.num_batches_tracked[application] += 1", "self.num_batches_tracked[0] += 1"),
        right.replace("momentum=self.momentum", "momentum=0.2"),
    ):
        assert wrong != right
        assert not verify(made, source=wrong).ok


def test_full_graph_and_state_dict() -> None:
    module, _ = build("fold units 2 times")
    x = torch.randn(2, 4, 5, 5)
    module.eval()
    exported = torch.export.export(module, (x, x)).module()
    assert torch.allclose(exported(x, x), module(x, x), atol=1e-6)
    again, _ = build("fold units 2 times")
    again.load_state_dict(module.state_dict(), strict=True)
    assert torch.equal(again.eval()(x, x), module(x, x))


def test_every_application_draws_a_mask_of_its_own() -> None:
    """A folded dropout is that many dropouts, one after the other, and a shared one is one for each place."""
    text = """
block Noise(dim) {
  layer mix = Linear(dim, dim, bias = false)
  forward(x: float[B, dim]) -> float[B, dim] { return dropout(mix(x), 0.5) }
}
model M(dim = 64) {
  layer noise  = Noise(dim)
  layer noises = Noise(dim) * 2
  forward(x: float[B, dim]) -> float[B, dim] { return x |> noise |> noises }
}
sharing p of M {
  fold noise 2 times
  share * across noises
}
build B = M() with p
"""
    module = module_class(source(compiled(text, "B")), "B")().train()
    x = torch.ones(8, 64)
    for seed in (1, 2):
        torch.manual_seed(seed)
        got = module(x)
        torch.manual_seed(seed)
        wanted = x
        for linear in (module.noise.mix, module.noise.mix, module.noises[0].mix, module.noises[0].mix):
            wanted = F.dropout(linear(wanted), 0.5)
        assert torch.equal(got, wanted)
