"""Stages of training: values and optimizer moments go on, and setting apart changes no output."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import sharedsl
from tests.compiled import SPECS, compiled, source

SMALL = {"vocab": 97, "dim": 32, "depth": 4, "heads": 4, "max_len": 16}
TINY = {"vocab": 97, "dim": 32, "depth": 2, "heads": 4, "max_len": 16}


def build(spec: str, name: str) -> Any:
    return sharedsl.load(SPECS / "training" / f"{spec}.sdsl")[name]


def tokens(seed: int = 0) -> Tensor:
    return torch.randint(0, 97, (2, 8), generator=torch.Generator().manual_seed(seed))


def loss_of(model: nn.Module, seed: int) -> Tensor:
    result = model(tokens(seed))
    given = result if isinstance(result, tuple) else (result,)
    return torch.stack([each.square().mean() for each in given]).sum()


def train(model: nn.Module, optimizer: Any, steps: int = 3) -> list[float]:
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, step)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def adamw(model: nn.Module) -> torch.optim.AdamW:
    """Weights decay, biases and norms do not: two groups."""
    flat = [each for each in model.parameters() if each.ndim < 2]
    wide = [each for each in model.parameters() if each.ndim > 1]
    return torch.optim.AdamW([{"params": wide, "weight_decay": 0.1}, {"params": flat, "weight_decay": 0.0}], lr=1e-2)


def first(result: Any) -> Tensor:
    return result[0] if isinstance(result, tuple) else result


def swe(optimizer: Any = adamw) -> tuple[Any, nn.Module, Any]:
    torch.manual_seed(0)
    whole = build("share_then_unshare", "SweBert")
    model = whole.module(**SMALL)
    made = optimizer(model)
    train(model, made)
    return whole.stage("apart"), model, made


def test_unsharing_changes_no_output() -> None:
    stage, model, _ = swe()
    apart = stage.enter(model, **SMALL)
    for seed in range(3):
        for one, other in zip(model(tokens(seed)), apart(tokens(seed)), strict=True):
            assert torch.equal(one, other)
    assert len(list(apart.parameters())) > len(list(model.parameters()))
    assert (apart.STAGE, apart.FROM_STEP) == ("apart", 50_000)


def test_stages_of_a_build() -> None:
    whole = build("share_then_unshare", "SweBert")
    stage = whole.stage("apart")
    assert whole.stages == ("apart",) and stage.stages == () and stage.name == "SweBert@apart"
    assert whole.budget().stored == 31_515_648 and stage.budget().stored == 109_482_240
    assert build("share_then_unshare", "SweBertHalves").stage("pairs").budget().stored == 66_955_008
    with pytest.raises(KeyError, match="there is apart"):
        whole.stage("together")
    with pytest.raises(ValueError, match="not a stage"):
        whole.enter(whole.module(**SMALL))


def test_the_step_after_unsharing_is_adamw_on_the_untied_twin() -> None:
    """By hand: every layer has the shared layer's moments and goes by its own gradient from then on."""
    stage, model, optimizer = swe()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    moments = {name: dict(optimizer.state[value]) for name, value in model.named_parameters()}
    moments = copy.deepcopy(moments)
    apart = stage.enter(model, optimizer, **SMALL)
    train(apart, optimizer, 1)
    twin = build("share_then_unshare", "SweBert").stage("apart").module(**SMALL)
    shared = {name: _shared(name) for name, _ in twin.named_parameters()}
    twin.load_state_dict({name: before[shared[name]] for name in shared})
    loss_of(twin, 0).backward()
    for name, parameter in twin.named_parameters():
        state = moments[shared[name]]
        gradient, decay = parameter.grad, 0.1 if parameter.ndim > 1 else 0.0
        assert gradient is not None
        mean = 0.9 * state["exp_avg"] + 0.1 * gradient
        square = 0.999 * state["exp_avg_sq"] + 0.001 * gradient**2
        time = int(state["step"]) + 1
        value = before[shared[name]] * (1 - 1e-2 * decay)
        value = value - 1e-2 * (mean / (1 - 0.9**time)) / ((square / (1 - 0.999**time)).sqrt() + 1e-8)
        assert torch.allclose(apart.get_parameter(name), value, atol=1e-6), name


def _shared(name: str) -> str:
    parts = name.split(".")
    return ".".join([parts[0], "0", *parts[2:]]) if parts[0] == "layers" else name


def test_groups_keep_their_hyperparameters() -> None:
    stage, model, optimizer = swe()
    apart = stage.enter(model, optimizer, **SMALL)
    wide, flat = optimizer.param_groups
    assert (wide["weight_decay"], flat["weight_decay"], wide["lr"]) == (0.1, 0.0, 1e-2)
    listed = [*wide["params"], *flat["params"]]
    assert {id(each) for each in listed} == {id(each) for each in apart.parameters()}
    assert len(listed) == len(list(apart.parameters())) == len(optimizer.state)
    assert all(each.ndim > 1 for each in wide["params"]) and all(each.ndim < 2 for each in flat["params"])


def test_momentum_of_sgd_goes_on() -> None:
    stage, model, optimizer = swe(lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    buffers = {name: optimizer.state[value]["momentum_buffer"].clone() for name, value in model.named_parameters()}
    apart = stage.enter(model, optimizer, **SMALL)
    for name, parameter in apart.named_parameters():
        assert torch.equal(optimizer.state[parameter]["momentum_buffer"], buffers[_shared(name)]), name
    own = [optimizer.state[each]["momentum_buffer"].data_ptr() for each in apart.parameters()]
    assert len(set(own)) == len(own)


def test_training_goes_on_and_is_saved() -> None:
    stage, model, optimizer = swe()
    apart = stage.enter(model, optimizer, **SMALL)
    losses = train(apart, optimizer, 20)
    assert losses[-1] < losses[0]
    assert not torch.equal(apart.layers[0].attn.q.weight, apart.layers[1].attn.q.weight)
    other = stage.module(**SMALL)
    other.load_state_dict(apart.state_dict(), strict=True)
    again = torch.optim.AdamW([{"params": group["params"]} for group in _like(optimizer, apart, other)], lr=1.0)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert train(other, again, 5) == train(apart, optimizer, 5)


def _like(optimizer: Any, model: nn.Module, other: nn.Module) -> list[dict[str, Any]]:
    names = {id(value): name for name, value in model.named_parameters()}
    return [
        {"params": [other.get_parameter(names[id(each)]) for each in group["params"]]}
        for group in optimizer.param_groups
    ]


def test_stages_follow_one_another_or_are_skipped() -> None:
    whole = build("share_then_unshare", "SweBertHalves")
    model = whole.module(**SMALL).eval()
    pairs = whole.stage("pairs").enter(model, **SMALL)
    expected = first(model(tokens()))
    for entered in (whole.stage("apart").enter(pairs, **SMALL), whole.stage("apart").enter(model, **SMALL), pairs):
        assert not entered.training
        assert torch.equal(first(entered(tokens())), expected)
    with pytest.raises(ValueError, match="SweBertHalvesPairs does not come after apart"):
        whole.stage("pairs").enter(whole.stage("apart").module(**SMALL), **SMALL)


@pytest.mark.parametrize("merge", ["mean", "first"])
def test_tied_tensors_merge(merge: str) -> None:
    """Values and moments alike: the mean, or the first one's."""
    from sharedsl.runtime.built import module_class

    whole = build("tie_later", "TieLater")
    stage = whole.stage("pairs")
    model = whole.module(**SMALL)
    optimizer = adamw(model)
    train(model, optimizer)
    old = {name: value.detach().clone() for name, value in model.named_parameters()}
    moments = {name: copy.deepcopy(dict(optimizer.state[value])) for name, value in model.named_parameters()}
    tied = module_class(stage.source(**SMALL), "TieLaterPairs").enter(model, optimizer, merge=merge)  # type: ignore[attr-defined]

    def merged(name: str, other: str, values: Any) -> Tensor:
        return values(name) if merge == "first" else (values(name) + values(other)) / 2

    for mine, one, other in (
        ("embed.weight", "embed.weight", "head.weight"),
        ("layers.0.attn.q.weight", "layers.0.attn.q.weight", "layers.1.attn.q.weight"),
        ("layers.2.norm1.bias", "layers.2.norm1.bias", "layers.3.norm1.bias"),
    ):
        parameter = tied.get_parameter(mine)
        assert torch.allclose(parameter, merged(one, other, lambda name: old[name]))
        for kind in ("exp_avg", "exp_avg_sq"):
            wanted = merged(one, other, lambda name, kind=kind: moments[name][kind])
            assert torch.allclose(optimizer.state[parameter][kind], wanted)
        assert optimizer.state[parameter]["step"] == 3
    assert torch.equal(tied.pos.weight, old["pos.weight"])
    assert train(tied, optimizer, 5)[-1] > 0


def test_heads_become_the_mean_of_their_group() -> None:
    whole = build("tie_later", "GroupHeadsLater")
    model = whole.module(**SMALL)
    grouped = whole.stage("grouped").enter(model, **SMALL)
    for mine, theirs in zip(grouped.layers, model.layers, strict=True):
        heads = theirs.attn.k.weight.unflatten(0, (2, 2, 8))
        assert torch.allclose(mine.attn.k.weight.flatten(), heads.mean(1).flatten())


def test_relaxed_layers_begin_as_the_mean() -> None:
    whole = build("tie_later", "RelaxLater")
    model = whole.module(**SMALL)
    optimizer = adamw(model)
    train(model, optimizer)
    relaxed = whole.stage("relaxed").enter(model, optimizer, **SMALL)
    mean = torch.stack([each.attn.q.weight for each in model.layers]).mean(0)
    assert torch.allclose(relaxed.layers[0].attn.q.weight, mean)
    private = {name for name, _ in relaxed.named_parameters() if "lora" in name}
    listed = {id(each) for group in optimizer.param_groups for each in group["params"]}
    assert private and all(id(each) in listed for each in relaxed.parameters())
    assert all(relaxed.get_parameter(name) not in optimizer.state for name in private)
    train(relaxed, optimizer, 2)


AUTOENCODER = (SPECS / "training" / "tie_later.sdsl").read_text()


def scaled() -> dict[str, Any]:
    """The classes of the autoencoder whose decoder is twice the transposed encoder."""
    text = AUTOENCODER + "\nbuild Twice = LateAutoencoder(inputs = 12, dim = 8) with transposed_later(scale = 2.0)\n"
    from sharedsl.runtime.built import module_class

    made = [compiled(text, name) for name in ("Twice", "Twice@tied", "Twice@free")]
    return {each.name: module_class(source(each), each.name) for each in made}


def test_transposed_and_scaled() -> None:
    """dec = 2 * enc.T: enc begins as the mean of itself and dec.T / 2; gradients of dec count twice."""
    found = scaled()
    torch.manual_seed(0)
    model = found["Twice"]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for seed in range(3):
        optimizer.zero_grad()
        model(torch.randn(4, 12, generator=torch.Generator().manual_seed(seed))).square().mean().backward()
        optimizer.step()
    states = {name: copy.deepcopy(dict(optimizer.state[value])) for name, value in model.named_parameters()}
    tied = found["TwiceTied"].enter(model, optimizer)
    encoder, decoder = model.encoder.weight, model.decoder.weight
    assert torch.allclose(tied.encoder.weight, (encoder + decoder.T / 2) / 2)
    state, one, other = optimizer.state[tied.encoder.weight], states["encoder.weight"], states["decoder.weight"]
    assert torch.allclose(state["exp_avg"], (one["exp_avg"] + 2 * other["exp_avg"].T) / 2)
    assert torch.allclose(state["exp_avg_sq"], (one["exp_avg_sq"] + 4 * other["exp_avg_sq"].T) / 2)
    tied_state = copy.deepcopy(dict(state))
    x = torch.randn(5, 12)
    expected = tied(x)
    free = found["TwiceFree"].enter(tied, optimizer)
    assert torch.allclose(free(x), expected, atol=1e-6)
    mine = optimizer.state[free.decoder.weight]
    assert torch.allclose(mine["exp_avg"], tied_state["exp_avg"].T / 2)
    assert torch.allclose(mine["exp_avg_sq"], tied_state["exp_avg_sq"].T / 4)
    assert not free.encoder.bias.requires_grad
    assert all(each is not free.encoder.bias for group in optimizer.param_groups for each in group["params"])


def test_a_stack_gets_deeper_with_the_same_weights() -> None:
    whole = build("progressive", "ProgressiveDepth")
    model = whole.module(**TINY)
    optimizer = adamw(model)
    train(model, optimizer)
    twice = whole.stage("twice").enter(model, optimizer, **TINY)
    for name, value in model.state_dict().items():
        assert torch.equal(twice.state_dict()[name], value), name
    x = model.embed(tokens()) + model.pos(torch.arange(8))
    for _ in range(2):
        for layer in model.layers:
            x = layer(x)
    assert torch.allclose(twice(tokens()), model.norm(x) @ model.embed.weight.T, atol=1e-5)
    four = whole.stage("four").enter(twice, optimizer, **TINY)
    assert not torch.allclose(four(tokens()), twice(tokens()))
    train(four, optimizer, 2)


def test_a_stack_is_put_on_a_copy_of_itself() -> None:
    stacking, deeper = build("progressive", "ProgressiveStacking"), build("progressive", "ProgressiveDepth")
    model, folded = stacking.module(**TINY), deeper.module(**TINY)
    folded.load_state_dict(model.state_dict())
    doubled = stacking.stage("doubled").enter(model, **TINY)
    assert torch.equal(doubled(tokens()), deeper.stage("twice").enter(folded, **TINY)(tokens()))
    loss_of(doubled, 0).backward()
    one, other = doubled.get_parameter("layers.0.attn.q.weight"), doubled.get_parameter("layers.0.attn.q.weight_1")
    assert torch.equal(one, other) and not torch.equal(one.grad, other.grad)


def test_unfreezing_hands_the_optimizer_what_is_trained_from_now_on() -> None:
    sizes: dict[str, Any] = {"depths": [1, 1, 1, 1], "width": 4, "classes": 5}
    whole = build("transfer", "GradualResNet18")
    model = whole.module(**sizes)
    trained = [each for each in model.parameters() if each.requires_grad]
    assert len(trained) == 2
    optimizer = torch.optim.SGD(trained, lr=0.1, momentum=0.9)
    pictures = torch.randn(4, 3, 32, 32)
    model(pictures).square().mean().backward()
    optimizer.step()
    model.eval()
    free = whole.stage("unfrozen").enter(model, optimizer, **sizes)
    assert torch.equal(free(pictures), model(pictures))
    listed = {id(each) for group in optimizer.param_groups for each in group["params"]}
    assert listed == {id(each) for each in free.parameters() if each.requires_grad}
    assert id(free.stage4[0].conv1.weight) in listed and not free.stem.weight.requires_grad


def test_a_one_way_target_teaches_nothing() -> None:
    from sharedsl.runtime.built import module_class

    spec = SPECS / "training" / "transfer.sdsl"
    made = compiled(spec.read_text(), "OneWayTarget", str(spec), test=True)
    model = module_class(source(made), "OneWayTarget")()
    a, b = torch.randn(3, 12), torch.randn(3, 12)
    model(a, b).sum().backward()
    given, online = torch.relu(a @ model.online.weight.T + model.online.bias), model.online.weight.grad
    code = (given @ model.project.weight.T + model.project.bias) @ model.predict.weight.T + model.predict.bias
    with torch.no_grad():
        aim = torch.relu(b @ model.online.weight.T + model.online.bias) @ model.project.weight.T + model.project.bias
    score = torch.cosine_similarity(code, aim).sum()
    (wanted,) = torch.autograd.grad(score, model.online.weight)
    assert torch.allclose(online, wanted, atol=1e-5)
