"""Federated split: what is local is never sent; a round of averaging leaves it alone and makes the rest agree."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import sharedsl
from tests.compiled import SPECS

#: build -> its spec, test sizes, names that stay with the client
BUILDS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "FedRepCifar10": ("fedrep", {"width": 4}, ("head.",)),
    "FedPerResNet34": ("fedper", {"depths": [2, 2, 1, 2], "width": 4, "classes": 5}, ("stage4.1.", "head.")),
    "LgFedAvgMnist": ("lg_fedavg", {"inputs": 12, "wide": 10, "dim": 8, "narrow": 6}, ("inner.", "hidden1.")),
    "LgFedAvgCifar10": ("lg_fedavg", {}, ("conv1.", "conv2.", "fc1.")),
    "FedBn": ("fedbn", {"width": 4, "wide": 12, "dim": 8}, ("norm",)),
    "FedAvgOwnHead": ("fedbn", {"width": 4, "wide": 12, "dim": 8}, ("fc3.",)),
}


def build(name: str) -> Any:
    return sharedsl.load(SPECS / "federated" / f"{BUILDS[name][0]}.sdsl")[name]


def model_of(name: str, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    made: nn.Module = build(name).module(**BUILDS[name][1])
    return made


def data_for(name: str, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    side = 28 if "Bn" in name or "OwnHead" in name else 32
    shape = (8, 12) if name == "LgFedAvgMnist" else (8, 3, side, side)
    return torch.randn(shape, generator=generator), torch.randint(0, 5, (8,), generator=generator)


@pytest.mark.parametrize("name", BUILDS)
def test_what_is_sent(name: str) -> None:
    model, local = model_of(name), BUILDS[name][2]
    everything, parameters = set(model.state_dict()), {each for each, _ in model.named_parameters()}
    sent = set(model.shared_state_dict())  # type: ignore[operator]
    assert sent == {each for each in everything if not each.startswith(local)} and sent < everything
    budget = sharedsl.load(SPECS / "federated" / f"{BUILDS[name][0]}.sdsl")[name].budget()
    assert budget.sent is not None and budget.sent["params"] < budget.stored
    if any(each in everything for each in dict(model.named_buffers())):
        if sent - parameters:
            assert set(model.shared_state_dict(buffers=False)) == sent & parameters  # type: ignore[operator]


@pytest.mark.parametrize("name", BUILDS)
def test_counts_are_those_of_the_tensors(name: str) -> None:
    whole = build(name)
    budget = whole.budget()
    with torch.device("meta"):
        model = whole.module()
    sent = model.shared_state_dict()
    parameters = {each for each, _ in model.named_parameters()}
    found = {
        "params": sum(value.numel() for each, value in sent.items() if each in parameters),
        "bytes": sum(value.numel() * value.element_size() for each, value in sent.items() if each in parameters),
        "buffers": sum(value.numel() for each, value in sent.items() if each not in parameters),
        "buffer_bytes": sum(v.numel() * v.element_size() for each, v in sent.items() if each not in parameters),
    }
    assert budget.sent == found and budget.document()["sent"] == found


@pytest.mark.parametrize("buffers", [True, False])
@pytest.mark.parametrize("name", ["FedRepCifar10", "FedBn", "FedAvgOwnHead", "FedPerResNet34"])
def test_a_round_of_averaging(name: str, buffers: bool) -> None:
    """Three clients train on data of their own; the server averages what they send."""
    local = BUILDS[name][2]
    clients = [model_of(name, seed) for seed in range(3)]
    given = [] if _without_buffers(clients[0]) else [buffers]
    first = clients[0].shared_state_dict()  # type: ignore[operator]
    for client in clients:
        client.load_shared_state_dict(first)  # type: ignore[operator]
    for number, client in enumerate(clients):
        x, y = data_for(name, number)
        optimizer = torch.optim.SGD(client.parameters(), lr=0.1)
        nn.functional.cross_entropy(client.train()(x), y).backward()
        optimizer.step()
    own = [{each: value.clone() for each, value in client.state_dict().items()} for client in clients]
    sent = [client.shared_state_dict(*given) for client in clients]  # type: ignore[operator]
    mean = {each: torch.stack([one[each].float() for one in sent]).mean(0).to(sent[0][each].dtype) for each in sent[0]}
    assert not any(torch.equal(sent[0][each], sent[1][each]) for each in mean if sent[0][each].ndim > 1)
    for client, before in zip(clients, own, strict=True):
        client.load_shared_state_dict(mean)  # type: ignore[operator]
        for each, value in client.state_dict().items():
            assert torch.equal(value, mean[each] if each in mean else before[each]), each
            if each.startswith(local):
                assert each not in mean
    kept = [each for each in own[0] if each.startswith(local) and own[0][each].ndim > 0]
    assert kept and any(not torch.equal(own[0][each], own[1][each]) for each in kept)


def _without_buffers(model: Any) -> bool:
    return model.shared_state_dict.__code__.co_argcount == 1


@pytest.mark.parametrize("name", ["FedRepCifar10", "FedBn"])
def test_only_what_a_round_sends_is_taken(name: str) -> None:
    model = model_of(name)
    state = model.shared_state_dict()  # type: ignore[operator]
    with pytest.raises(KeyError, match="not what a round sends"):
        model.load_shared_state_dict(model.state_dict())  # type: ignore[operator]
    state.pop(next(iter(state)))
    with pytest.raises(KeyError, match="not what a round sends: conv1"):
        model.load_shared_state_dict(state)  # type: ignore[operator]


def test_nothing_local_sends_everything() -> None:
    whole = sharedsl.load(SPECS / "vision" / "resnet.sdsl")["ResNet18"]
    assert whole.budget().sent is None and "LOCAL" not in whole.source()
