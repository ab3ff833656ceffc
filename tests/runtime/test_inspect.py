"""`inspect`: what is shared in modules written by hand, in each of the ways people write it."""

import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sharedsl.runtime.inspect import inspect, load_class, made_on_meta


class Aliased(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 4)
        self.head = nn.Linear(4, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        return self.head(self.embed(tokens))


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.layers = nn.ModuleList([layer] * 3)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 4)

    def forward(self, tokens):
        return F.linear(self.embed(tokens), self.embed.weight)


class Viewed(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(4, 6, bias=False)
        self.down = nn.Linear(6, 4, bias=False)
        self.down.weight = nn.Parameter(self.up.weight.data.t())


def test_an_aliased_parameter():
    found = inspect(Aliased())
    assert (found.stored, found.listed) == (44, 88)
    assert [each.names for each in found.parameters] == [("embed.weight", "head.weight")]
    assert not found.parameters[0].views and not found.modules


def test_a_repeated_module_is_told_once_and_its_children_are_not_repeated():
    found = inspect(Repeated())
    assert (found.stored, found.listed, found.applied) == (20, 60, 60)
    assert [each.paths for each in found.modules] == [("layers.0", "layers.1", "layers.2")]


def test_functional_reads_are_seen_by_a_trace_only():
    module = Functional()
    assert inspect(module).applied == 44
    traced = inspect(module, [torch.tensor([[1, 2]])])
    assert traced.applied == 88 and traced.traced
    assert traced.parameters[0].uses == 2


def test_a_loop_counts_every_application():
    layer = nn.Linear(4, 4)

    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(self.layer(self.layer(x)))

    assert inspect(Loop(), {"x": torch.ones(1, 4)}).applied == 3 * 20


def test_views_of_one_storage_are_called_out():
    found = inspect(Viewed())
    assert (found.stored, found.listed) == (24, 48)
    assert found.parameters[0].views and "views" in str(found)


def test_neighbours_in_a_flat_buffer_are_not_shared():
    flat = torch.zeros(8)
    module = nn.Module()
    module.a, module.b = nn.Parameter(flat[:4]), nn.Parameter(flat[4:])
    found = inspect(module)
    assert found.stored == 8 and not found.parameters


def test_nothing_shared():
    found = inspect(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)))
    assert found.stored == found.listed == 17 and "nothing is shared" in str(found)


def test_recurrent_layers_and_training_mode_survive_a_trace():
    module = nn.GRU(3, 5, batch_first=True).train()
    found = inspect(module, [torch.zeros(1, 2, 3)])
    assert found.applied == found.stored and module.training


def test_on_the_meta_device_and_as_json():
    module = made_on_meta(Aliased, {})
    assert module.embed.weight.is_meta
    found = inspect(module)
    json = found.to_json()
    assert json["stored"] == 44 and json["parameters"][0]["names"] == ("embed.weight", "head.weight")


def test_load_class(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "import torch.nn as nn\nclass Net(nn.Linear):\n    def __init__(self):\n        super().__init__(2, 3)\n"
    )
    assert inspect(load_class(f"{file}:Net")()).stored == 9
    with pytest.raises(ValueError, match="it has Net"):
        load_class(f"{file}:Nat")
    with pytest.raises(ValueError, match="no file"):
        load_class("nowhere.py:Net")
    with pytest.raises(ValueError, match="form"):
        load_class("nowhere.py")


def test_files_of_packages_and_files_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [*sys.path])
    package = tmp_path / "inspected_package"
    (package / "inner").mkdir(parents=True)
    for folder in (package, package / "inner"):
        (folder / "__init__.py").touch()
    (package / "sizes.py").write_text("WIDTH = 3\n")
    net = (
        "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self):\n        super().__init__(WIDTH, WIDTH)\n"
    )
    (package / "inner" / "net.py").write_text("from ..sizes import WIDTH\n" + net)
    (tmp_path / "inspected_sizes.py").write_text("WIDTH = 5\n")
    (tmp_path / "script.py").write_text("from inspected_sizes import WIDTH\n" + net)
    assert inspect(load_class(f"{package}/inner/net.py:Net")()).stored == 12
    assert inspect(load_class(f"{tmp_path}/script.py:Net")()).stored == 30
    assert load_class("torch.nn:GRU") is nn.GRU


@pytest.mark.parametrize(
    "target", ["gone.py:Net", "gone_module:Net", "gone-module:Net", "torch.nn:Gru", "net.py", ":Net"]
)
def test_targets_that_are_not_there(target: str) -> None:
    with pytest.raises(ValueError, match=r"no file|no nn\.Module|not of the form"):
        load_class(target)


def test_a_class_with_a_config() -> None:
    transformers = pytest.importorskip("transformers")
    found = inspect(made_on_meta(transformers.GPT2LMHeadModel, {"n_layer": 1, "n_embd": 8, "n_head": 2}))
    assert [each.names for each in found.parameters] == [("transformer.wte.weight", "lm_head.weight")]
