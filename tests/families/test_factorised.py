"""Plan-owned weights, gathers and tensor factorisations: what is stored, under which keys, and how it starts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

import sharedsl
from sharedsl.model.gathers import hashed

SPECS = Path(__file__).parents[2] / "specs" / "factorised"
NET = """
model Net(dim = 16, depth = 3) {
  layer layers = Linear(dim, dim, bias = false) * depth
  layer head   = Linear(dim, dim, bias = false)
  forward(x: float[B, dim]) -> float[B, dim] { return x |> layers |> head }
}
"""


def compiled(tmp_path: Path, plan: str, *, extra: str = "") -> Any:
    file = tmp_path / "net.sdsl"
    file.write_text(f"{NET}{extra}sharing p of Net {{\n{plan}\n}}\nbuild Made = Net() with p\n")
    return sharedsl.load(str(file))["Made"]


def test_a_plans_weight_is_registered_at_the_root_under_its_name(tmp_path: Path) -> None:
    build = compiled(tmp_path, "weight t[dim] init ones()\ntie layers[*].weight = circulant(t)")
    module = build.module()
    assert set(module.state_dict()) == {"t", "head.weight"}
    assert build.verify().ok
    assert torch.equal(module.t, torch.ones(16))


def test_the_index_is_refilled_after_the_meta_device(tmp_path: Path) -> None:
    build = compiled(tmp_path, "weight t[40]\ntie {layers[*], head}.weight = hashed(t, dim, dim, seed = 5)")
    plain = build.module()
    with torch.device("meta"):
        other = build.module()
    other = other.to_empty(device="cpu")
    other.reset_parameters()
    other.load_state_dict(plain.state_dict())
    x = torch.randn(2, 16)
    assert torch.equal(plain(x), other(x))


def test_hashes_in_the_code_are_those_of_the_compiler(tmp_path: Path) -> None:
    module = compiled(tmp_path, "weight t[7]\ntie head.weight = hashed(t, dim, dim, seed = 3)").module()
    x = torch.eye(16)
    for each in module.layers:
        torch.nn.init.eye_(each.weight)
    made = module(x).t()
    want = [[float(module.t[hashed(3, i, j) % 7]) * (hashed(1_000_006, i, j) % 2 * 2 - 1) for j in range(16)]
            for i in range(16)]  # fmt: skip
    assert torch.equal(made, torch.tensor(want))


def test_a_table_of_several_layers_is_cut_by_layer(tmp_path: Path) -> None:
    plan = (
        "weight big[dim * depth | dim]\nfor i in range(depth) { tie layers[i].weight = big[i * dim : (i + 1) * dim] }"
    )
    build = compiled(tmp_path, plan)
    assert {key: tuple(each.shape) for key, each in build.module().state_dict().items()} == {
        "big": (48, 16),
        "head.weight": (16, 16),
    }
    assert build.verify().ok


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("rank 4 as tucker", {"core": (4, 4), "outputs": (16, 4), "inputs": (16, 4)}),
        ("as tucker(outputs = 3)", {"core": (3, 16), "outputs": (16, 3)}),
        ("rank 5 as cp", {"weights": (5,), "outputs": (16, 5), "inputs": (16, 5)}),
        ("rank 3 as tt(rows = [4, 4], columns = [2, 8])", {"core0": (4, 2, 3), "core1": (3, 4, 8)}),
        ("as kronecker(2)", {"a": (2, 2, 2), "b": (2, 8, 8)}),
        ("as kronecker(1, left = [4, 2])", {"a": (4, 2), "b": (4, 8)}),
        ("rank 1 as kronecker(4)", {"a": (4, 4, 4), "u": (4, 4, 1), "v": (4, 1, 4)}),
        ("as monarch(4)", {"right": (4, 4, 4), "left": (4, 4, 4)}),
        ("as butterfly", {f"stage{at}": (8, 2, 2) for at in range(4)}),
    ],
)
def test_parts_of_a_contraction(tmp_path: Path, form: str, keys: dict[str, tuple[int, ...]]) -> None:
    build = compiled(tmp_path, f"factorize head.weight {form}")
    found = {key: tuple(each.shape) for key, each in build.module().state_dict().items() if key.startswith("head")}
    assert found == {f"head.weight_{name}": shape for name, shape in keys.items()}
    assert build.verify().ok


def test_parts_are_sites_shared_frozen_and_untied(tmp_path: Path) -> None:
    extra = """sharing base of Net {
  factorize layers[*].weight as kronecker(2)
  share layers[*].weight.a
  freeze layers[*].weight.b
}
"""
    (tmp_path / "net.sdsl").write_text(
        f"{NET}{extra}sharing p of Net extends base {{ untie layers[2].weight.a }}\n"
        "build Base = Net() with base\nbuild Made = Net() with p\n"
    )
    loaded = sharedsl.load(str(tmp_path / "net.sdsl"))
    base, made = loaded["Base"], loaded["Made"]
    assert [key for key in base.module().state_dict() if key.endswith("_a")] == ["layers.0.weight_a"]
    assert [key for key in made.module().state_dict() if key.endswith("_a")] == [
        "layers.0.weight_a",
        "layers.2.weight_a",
    ]
    assert not base.module().layers[0].weight_b.requires_grad
    assert base.verify().ok and made.verify().ok


@pytest.mark.parametrize("form", ["rank 4 as tucker", "rank 5 as cp", "as kronecker(4)", "as monarch(4)",
                                  "as butterfly", "rank 3 as tt(rows = [4, 4], columns = [4, 4])"])  # fmt: skip
def test_a_contraction_starts_with_the_spread_of_the_weight(tmp_path: Path, form: str) -> None:
    torch.manual_seed(0)
    build = compiled(tmp_path, f"factorize head.weight {form}")
    squares = []
    for _ in range(400):
        module = build.module()
        for each in module.layers:
            torch.nn.init.eye_(each.weight)
        squares.append(module(torch.eye(16)).square().mean().item())
    spread = math.sqrt(sum(squares) / len(squares))
    assert spread == pytest.approx((3 * 16) ** -0.5, rel=0.1)


def test_lines_in_any_order_come_to_the_same(tmp_path: Path) -> None:
    lines = ["weight t[dim]", "weight s[dim]", "tie layers[0].weight = circulant(t)", "tie head.weight = circulant(s)",
             "tie layers[1].weight = circulant(t)", "factorize layers[2].weight rank 2 as cp"]  # fmt: skip
    one = compiled(tmp_path, "\n".join(lines)).source()
    other = compiled(tmp_path, "\n".join(reversed(lines))).source()
    bare = [line for line in zip(one.splitlines(), other.splitlines(), strict=True) if line[0] != line[1]]
    assert all("#" in a or "net.sdsl" in a or "plan" in a or "lines" in a for a, _ in bare), bare


def test_rows_of_a_train_are_looked_up_without_the_table() -> None:
    build = sharedsl.load(str(SPECS / "tt_embedding.sdsl"))["TrainEmbedding"]
    source = build.source()
    assert "F.embedding" not in source and "x // 9900 % 120" in source
    module = build.module()
    assert sum(each.numel() for each in module.parameters()) == 72_400
    assert module(torch.tensor([[0, 999_999]])).shape == (1, 2, 64)
