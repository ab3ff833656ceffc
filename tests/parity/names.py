"""Reads the name maps beside the specs and carries weights and gradients from a reference model to ours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

LEAVES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
SPECS = Path(__file__).parents[2] / "specs"


def read(spec: str) -> dict[str, str]:
    """The `[names]` of `specs/<spec>.names.toml`: our key -> the reference's name and what is done to it."""
    return tomllib.loads((SPECS / f"{spec}.names.toml").read_text())["names"]


def foreign(key: str, names: dict[str, str], group: Callable[[int], int]) -> str:
    """The right-hand side for one of our keys, its {i}, {s}, {i-1}, {g} and * filled in."""
    for pattern, value in names.items():
        regex = re.sub(r"\\{(\w)\\}", r"(?P<\1>\\d+)", re.escape(pattern))
        if found := re.fullmatch(regex.replace(r"\*", f"(?P<rest>{'|'.join(LEAVES)})"), key):
            parts = found.groupdict()
            rest = parts.pop("rest", None)
            for letter, index in parts.items():
                value = value.replace(f"{{{letter}}}", index).replace(f"{{{letter}-1}}", str(int(index) - 1))
            if index := parts.get("i"):
                value = value.replace("{g}", str(group(int(index))))
            return value.replace("*", rest or "*")
    raise KeyError(f"{key} is not in the name map")


def fetch(text: str, tensors: dict[str, Tensor]) -> Tensor:
    """`a.b | third 1 | T` of the reference's tensors; `x or y` takes the one that is there."""
    name, *steps = [part.strip() for part in text.split("|")]
    value = tensors[next(each for each in name.split(" or ") if each in tensors)]
    for step in steps:
        value = value.T if step == "T" else value.chunk(3, dim=-1)[int(step.split()[1])]
    return value


def copy(module: nn.Module, reference: nn.Module, names: dict[str, str], group: Callable[[int], int]) -> None:
    """The reference's weights into ours; every parameter of ours must be in the map."""
    theirs = dict(reference.named_parameters(remove_duplicate=False))
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            parameter.copy_(fetch(foreign(key, names, group), theirs).reshape(parameter.shape))


def copy_statistics(module: nn.Module, reference: nn.Module, names: dict[str, str]) -> None:
    """Running means and variances, each made up for the reference first."""
    theirs = dict(reference.named_buffers())
    for name, buffer in theirs.items():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn_like(buffer) * 0.1)
        elif name.endswith("running_var"):
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    for key, buffer in module.named_buffers():
        buffer.copy_(fetch(foreign(key, names, int), theirs))


def statistics_agree(module: nn.Module, reference: nn.Module, names: dict[str, str], tolerance: float) -> None:
    """Running statistics are the same, after training steps too."""
    theirs = dict(reference.named_buffers())
    for key, buffer in module.named_buffers():
        close(buffer, fetch(foreign(key, names, int), theirs), tolerance, key)


def gradients_agree(
    module: nn.Module, reference: nn.Module, names: dict[str, str], group: Callable[[int], int], tolerance: float
) -> None:
    """Every gradient of ours equals the reference's, relative to its largest entry."""
    theirs = {name: each.grad for name, each in reference.named_parameters(remove_duplicate=False)}
    for key, parameter in module.named_parameters():
        wanted = fetch(foreign(key, names, group), {k: g for k, g in theirs.items() if g is not None})
        assert parameter.grad is not None, key
        close(parameter.grad, wanted.reshape(parameter.shape), tolerance, key)


def close(ours: Tensor, theirs: Tensor, tolerance: float, what: str) -> None:
    """Equal within `tolerance` of the largest entry (or of 1, where all entries are smaller)."""
    worst = float((ours - theirs).detach().abs().max())
    assert worst <= tolerance * max(1.0, float(theirs.detach().abs().max())), (what, worst)
