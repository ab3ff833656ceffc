"""The oracle on a module written by hand: it passes, and every mistake planted in the code makes it fail."""

import json

import pytest

from sharedsl.runtime.built import module_class
from sharedsl.runtime.oracle import Check, compare
from tests.runtime import builders

MODEL = builders.model()
SOLVED = builders.solved(MODEL)


def verify(source):
    return compare(Check("Toy", MODEL, SOLVED, lambda: module_class(source, "Toy")()))


MUTANTS = {
    "dropped scale": ("0.5 * self.embed.weight", "self.embed.weight"),
    "wrong scale": ("0.5 * self.embed.weight", "0.25 * self.embed.weight"),
    "detached copy": ("0.5 * self.embed.weight", "0.5 * self.embed.weight.detach()"),
    "missing transpose": ("F.linear(x, self.weight, self.bias)", "(x @ self.weight + self.bias)"),
    "lora left out": (" + F.linear(F.linear(x, a), b)", ""),
    "lora of another step": ("a, b = getattr(self, f\"weight_a_{t}\")", "a, b = getattr(self, \"weight_a_0\")"),
    "one application too few": ("range(self.times)", "range(self.times - 1)"),
    "order reversed": ("range(self.times)", "reversed(range(self.times))"),
    "bias left out": ("F.linear(x, self.weight, self.bias)", "F.linear(x, self.weight)"),
    "factor order": ("F.linear(F.linear(x, a), b)", "F.linear(F.linear(x, b.T), a.T)"),
    "a parameter too many": ("self.times = times", "self.times = times; self.more = nn.Parameter(torch.zeros(1))"),
    "a parameter too few": ("self.bias = nn.Parameter", "self.bias = torch.Tensor"),
    "frozen": ("self.body = Body(dim, rank, times)", "self.body = Body(dim, rank, times).requires_grad_(False)"),
    "crash": ("x = self.embed(tokens)", "x = self.embed(token)"),
    "syntax error": ("import torch\n", "import torch as\n"),
    "not a number": ("torch.tanh(self.body(x, t))", "torch.tanh(self.body(x, t)) * float('nan')"),
}  # fmt: skip


def test_the_right_module_passes():
    report = verify(builders.SOURCE)
    assert report.ok and report.worst < 1e-12, str(report)
    assert (report.stored, report.twin) == (44 + 20 + 3 * 16, 2 * 44 + 3 * 20)
    embed = report.storages[0]
    assert [reader.site for reader in embed.readers] == ["embed.weight", "head.weight"]
    assert embed.readers[1].expression == "0.5 * embed.weight"
    assert all(storage.moved for storage in report.storages)
    json.dumps(report.to_json())


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_fails(name):
    old, new = MUTANTS[name]
    assert old in builders.SOURCE
    report = verify(builders.SOURCE.replace(old, new))
    assert not report.ok and "FAILED" in str(report)


def test_a_failure_names_the_storage_its_sites_and_the_call():
    report = verify(builders.SOURCE.replace("self.embed.weight)", "self.embed.weight.detach())"))
    text = str(report)
    assert "embed.weight [11, 4]" in text and "head.weight = 0.5 * embed.weight" in text
    assert [each.key for each in report.storages if not each.ok] == ["embed.weight"]
