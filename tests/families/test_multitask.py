"""Several tasks: what they share, what each has of its own, and that gradients go where the plans say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sharedsl
from sharedsl.api import Builds
from sharedsl.model.sites import key
from sharedsl.model.weights import Read
from tests.compiled import SPECS, analysis, compiled


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(13)


def module(spec: str, name: str, **sizes: object) -> Any:
    return sharedsl.load(SPECS / f"multitask/{spec}.sdsl")[name].module(**sizes).double()


def arrays(made: nn.Module) -> dict[str, Any]:
    return {name: each.detach().numpy() for name, each in made.named_parameters()}


def moved(made: nn.Module, loss: Tensor) -> set[str]:
    """The parameters that a loss trains."""
    made.zero_grad()
    loss.backward()
    return {name for name, each in made.named_parameters() if each.grad is not None and each.grad.any()}


def owners(spec: str, name: str) -> dict[str, str]:
    """Each weight's place, and the place of its owner."""
    path = SPECS / f"multitask/{spec}.sdsl"
    solved = compiled(path.read_text(), name, str(path), test=True).solved
    found = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        assert isinstance(read, Read)
        storage = solved.storages[read.storage]
        found[key(site.path)] = f"{key(storage.owner)}.{storage.name}" if storage.owner else storage.name
    return found


# ---------------------------------------------------------------- hard sharing


def test_both_tasks_train_the_one_trunk() -> None:
    """The trunk's gradient is the sum of the tasks'."""
    made, x = module("two_heads", "TwoHeads", inputs=6, dim=8, classes=3), torch.randn(4, 6, dtype=torch.float64)
    gradients = []
    for weight in ((1, 0), (0, 1), (1, 1)):
        made.zero_grad()
        digit, parity = made(x)
        (weight[0] * digit.square().sum() + weight[1] * parity.square().sum()).backward()
        gradients.append(made.digit_trunk.widen.weight.grad.clone())
    assert torch.allclose(gradients[0] + gradients[1], gradients[2], atol=1e-12)
    assert all(bool(each.any()) for each in gradients)
    assert not any(name.startswith("parity_trunk") for name in arrays(made))


def test_norms_of_their_own_for_two_tasks() -> None:
    made = module("two_heads", "TwoHeadsOwnNorms", inputs=6, dim=8, classes=3)
    assert {name for name in arrays(made) if name.startswith("parity_trunk")} == {
        "parity_trunk.norm.weight", "parity_trunk.norm.bias",
    }  # fmt: skip


# ---------------------------------------------------------------- heads of related tasks

MANY = {"inputs": 6, "dim": 8, "width": 4, "classes": [3, 3, 2, 2]}


@pytest.mark.parametrize(
    ("name", "hidden", "answers"),
    [
        ("HeadsApart", [0, 1, 2, 3], [0, 1, 2, 3]),
        ("RelatedHeads", [0, 0, 2, 2], [0, 1, 2, 3]),
        ("RelatedAnswers", [0, 0, 0, 0], [0, 1, 2, 3]),
        ("OneHeadForTwo", [0, 0, 2, 2], [0, 0, 2, 2]),
    ],
)
def test_related_tasks_share_parts_of_their_heads(name: str, hidden: list[int], answers: list[int]) -> None:
    made, x = module("related", name, **MANY), torch.randn(4, 6, dtype=torch.float64)
    starts = [0, 3, 6, 8, 10]
    for task in range(4):
        found = moved(made, made(x)[:, starts[task] : starts[task + 1]].square().sum())
        assert {each for each in found if each.startswith("heads.")} == {
            f"heads.{owner}.{part}.{kind}"
            for part, owner in (("hidden", hidden[task]), ("answer", answers[task]))
            for kind in ("weight", "bias")
        }
        assert "trunk.weight" in found


# ---------------------------------------------------------------- one encoder, several decoders


def test_decoders_share_queries_and_keys_alone() -> None:
    found = owners("translations", "TranslationsQueriesAndKeys")
    second = {place: owner for place, owner in found.items() if place.startswith("decoders.1.layers.")}
    for place, owner in second.items():
        shared = place.split(".")[-3] in ("attn", "cross") and place.split(".")[-2] in ("q", "k")
        assert owner == (place.replace("decoders.1", "decoders.0") if shared else place)
    assert {found[f"decoders.{i}.{part}.weight"] for i in (0, 1) for part in ("embed", "head")} == {"embed.weight"}


def test_a_language_trains_its_decoder_and_the_encoder() -> None:
    made = module("translations", "TranslationsApart", vocab=61, dim=16, depth=1, heads=2, ff=24)
    logits = made(torch.randint(0, 61, (2, 5)), torch.randint(0, 61, (2, 2, 4)))
    found = moved(made, logits[:, 1].square().sum())
    assert any(name.startswith("encoder.") for name in found) and "embed.weight" in found
    assert any(name.startswith("decoders.1.") for name in found)
    assert not any(name.startswith("decoders.0.") for name in found)


# ---------------------------------------------------------------- towers


def test_a_siamese_net_is_symmetric() -> None:
    made = module("siamese", "SiameseNet", inputs=10, dim=8, code=4)
    a, b = torch.randn(2, 3, 10, dtype=torch.float64)
    assert torch.allclose(made(a, b), made(b, a)) and torch.allclose(made(a, a), torch.full((3,), 1e-3).double())
    assert len(arrays(made)) == 6


@pytest.mark.parametrize(("name", "symmetric"), [("DprOne", True), ("DprApart", False), ("DprSharedWords", False)])
def test_one_tower_or_two(name: str, symmetric: bool) -> None:
    made = module("two_tower", name, vocab=61, dim=16, depth=1, heads=2, max_len=24)
    a, b = torch.randint(0, 61, (2, 3, 6))
    assert torch.allclose(made(a, b), made(b, a).T, atol=1e-10) == symmetric
    names = {each.split(".")[0] for each in arrays(made)}
    assert names == ({"question"} if symmetric else {"question", "passage"})
    assert ("passage.embed.weight" in arrays(made)) == (name == "DprApart")


def test_pictures_and_texts_share_nothing() -> None:
    sizes = {"size": 8, "patch": 4, "vision_dim": 16, "vision_depth": 1, "vision_heads": 2, "vocab": 61}
    made = module("clip", "ClipB32", **sizes, max_len=12, text_dim=8, text_depth=1, text_heads=2, space=6)
    seen = moved(made, made.picture(torch.randn(2, 3, 8, 8, dtype=torch.float64)).square().sum())
    read = moved(made, made.sentence(torch.randint(0, 61, (2, 5))).square().sum())
    assert not seen & read
    assert seen | read | {"scale"} == set(arrays(made))


# ---------------------------------------------------------------- stitches and experts


def test_cross_stitch_by_hand() -> None:
    made = module("cross_stitch", "CrossStitchNet", inputs=12, dim=8, classes=4)
    x = torch.randn(5, 12, dtype=torch.float64)
    for stitched in (False, True):  # at first the mixtures are the identity: two nets beside each other
        if stitched:
            for each in made.stitch:
                nn.init.normal_(each.mix)
        w = arrays(made)

        def layer(name: str, values: Any, w: dict[str, Any] = w) -> Any:
            return values @ w[f"{name}.weight"].T + w[f"{name}.bias"]

        a, b = (np.maximum(layer(name, x.numpy()), 0) for name in ("a", "b"))
        for i in range(2):
            mix = w[f"stitch.{i}.mix"] if stitched else np.eye(2)
            a, b = mix[0, 0] * a + mix[0, 1] * b, mix[1, 0] * a + mix[1, 1] * b
            a, b = np.maximum(layer(f"hidden_a.{i}", a), 0), np.maximum(layer(f"hidden_b.{i}", b), 0)
        found = [each.detach().numpy() for each in made(x)]
        assert np.abs(found[0] - layer("head_a", a)).max() < 1e-12
        assert np.abs(found[1] - layer("head_b", b)).max() < 1e-12


def test_mixture_of_experts_by_hand() -> None:
    """Every task mixes the same experts by a gate of its own."""
    made = module("mmoe", "MmoeTwoTasks", inputs=12, dim=8, mixed=3, classes=4)
    x, w = torch.randn(5, 12, dtype=torch.float64), arrays(made)
    experts = [np.maximum(x.numpy() @ w[f"experts.{i}.weight"].T + w[f"experts.{i}.bias"], 0) for i in range(3)]
    wanted = []
    for task in range(2):
        scores = np.exp(x.numpy() @ w[f"gates.{task}.weight"].T)
        gate = scores / scores.sum(1, keepdims=True)
        mixed = sum(gate[:, i : i + 1] * experts[i] for i in range(3))
        wanted.append(mixed @ w[f"towers.{task}.weight"].T + w[f"towers.{task}.bias"])
    assert np.abs(made(x).detach().numpy() - np.stack(wanted, 1)).max() < 1e-12


def test_a_task_trains_all_experts_and_its_own_gate() -> None:
    sizes = {"inputs": 12, "dim": 8, "mixed": 3, "classes": 4}
    x = torch.randn(5, 12, dtype=torch.float64)
    made = module("mmoe", "MmoeTwoTasks", **sizes)
    found = moved(made, made(x)[:, 1].square().sum())
    assert {f"experts.{i}.weight" for i in range(3)} < found
    assert {name for name in found if name.startswith(("gates", "towers"))} == {
        "gates.1.weight", "towers.1.weight", "towers.1.bias",
    }  # fmt: skip
    assert "gates.1.weight" not in arrays(module("mmoe", "MmoeOneGate", **sizes))


# ---------------------------------------------------------------- adapters by task


def test_tasks_differ_in_adapters_and_heads_alone() -> None:
    """A task's module holds its own adapters and head beside the base, whose names all tasks know; only norms of the
    base are trained."""
    path = SPECS / "multitask/adapters.sdsl"
    lines = [f"build Task{task} = TaskBert(tasks = 2, task = {task}) with adapters_only" for task in (0, 1)]
    builds = Builds(analysis("\n".join([path.read_text(), *lines, ""]), str(path)))
    sizes = {"vocab": 61, "dim": 16, "depth": 2, "heads": 2, "squeeze": 4, "max_len": 24}
    ids, states = torch.randint(0, 61, (2, 5)), []
    for task in (0, 1):
        made = builds[f"Task{task}"].module(**sizes)
        states.append(made.state_dict())
        missing, _ = made.load_state_dict(states[0], strict=False)
        found = moved(made, made(ids).square().sum())
        own = {f"layers.{i}.adapters{n}.{task}.{part}.{kind}" for i in range(2) for n in (1, 2)
               for part in ("up", "down") for kind in ("weight", "bias")}  # fmt: skip
        own |= {f"heads_of.{task}.{kind}" for kind in ("weight", "bias")}
        assert set(missing) == (own if task else set())
        norms = {f"layers.{i}.norm{n}.{kind}" for i in range(2) for n in (1, 2) for kind in ("weight", "bias")}
        assert found == own | norms


# ---------------------------------------------------------------- one head for all layers, one net for all series


def test_one_head_for_all_layers() -> None:
    """Each layer's answers are what a decoder that ends there would say."""
    made = sharedsl.load(SPECS / "vision/detr_heads.sdsl")["DetrHeads"].module(
        classes=5, dim=16, depth=3, heads=2, ff=24, objects=4
    )
    memory = torch.randn(2, 7, 16)
    classes, boxes = made(memory)
    states: list[Tensor] = []
    for layer in made.layers:
        layer.register_forward_hook(lambda _, __, out: states.append(out))
    made(memory)
    for at, state in enumerate(states):
        assert torch.allclose(classes[:, at], made.class_heads[0](made.norm(state)), atol=1e-6)
        assert torch.allclose(boxes[:, at], made.box_heads[0](made.norm(state)), atol=1e-6)
    heads = {name.split(".")[1] for name in arrays(made) if name.startswith(("class_heads", "box_heads"))}
    assert heads == {"0"}


@pytest.mark.parametrize(("name", "alike"), [("PatchTstAlike", True), ("PatchTstOwnForecasts", False)])
def test_series_in_another_order_have_their_forecasts_in_that_order(name: str, alike: bool) -> None:
    sizes = {"channels": 3, "length": 12, "patch": 2, "dim": 8, "depth": 2, "heads": 2, "ff": 12, "horizon": 5}
    made = sharedsl.load(SPECS / "encoder/patch_tst.sdsl")[name].module(**sizes).double().eval()
    x, order = torch.randn(2, 12, 3, dtype=torch.float64), [2, 0, 1]
    assert torch.allclose(made(x[:, :, order]), made(x)[:, :, order], atol=1e-12) == alike
    other = x.clone()
    other[:, :, 1] += torch.randn(12)
    assert torch.allclose(made(other)[:, :, [0, 2]], made(x)[:, :, [0, 2]], atol=1e-12)
