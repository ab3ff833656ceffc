"""The functions that emitted files bring along for an operation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from sharedsl import pytree as py
from tests.ops.draws import r
from tests.ops.harness import run
from tests.ops.test_attention import ATTEND, BIAS, MASKS, K, Q, V


def test_helpers_are_formatted(tmp_path: Path) -> None:
    cx = py.CodeContext()
    cx.use("torch", "F", "Tensor")
    for args, settings in [*ATTEND, ([Q, K, V, MASKS[2], BIAS], {"causal": True, "dropout": 0.1, "scale": 0.5})]:
        cx.helpers |= run("attend", args, settings).cx.helpers
    cx.helpers |= run("rotary", [r(2, 5, 8), torch.arange(5)], {}).cx.helpers
    cx.helpers |= run("rotary", [r(2, 5, 1, 8), torch.arange(5)], {}).cx.helpers
    cx.helpers |= run("sinusoid", [], {"length": 4, "dim": 4}).cx.helpers
    (tmp_path / "helpers.py").write_text(py.print_module(py.Module((*cx.imports(), *cx.helpers.values()))))
    ruff = str(Path(sys.executable).with_name("ruff"))
    for verb in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [ruff, *verb, "--isolated", "--no-cache", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
