"""Compiling, exporting, counting."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.immunity.builds import Built, built, first, names

RUFF = Path(sys.executable).with_name("ruff")


def test_compile(build: Built) -> None:
    model = build.new()
    inputs = build.inputs()
    torch._dynamo.reset()
    # dynamo breaks the graph at torch's recurrent kernels, and where a loop stops by what it has computed
    broken = build.early or any(isinstance(each, nn.RNNBase) for each in model.modules())
    made = torch.compile(model, backend="eager", fullgraph=not broken)
    assert torch.allclose(first(made(*inputs)), first(model(*inputs)), atol=1e-5)


def test_torch_export(build: Built) -> None:
    if build.early:
        pytest.skip("a loop that stops by what it has computed cannot be traced")
    model = build.new()
    inputs = build.inputs()
    program = torch.export.export(model, inputs, strict=False)
    assert torch.allclose(first(program.module()(*inputs)), first(model(*inputs)), atol=1e-5)
    placeholders = set(program.graph_signature.parameters)
    assert placeholders == {name for name, _ in model.named_parameters()}


def test_onnx(build: Built) -> None:
    if build.early:
        pytest.skip("a loop that stops by what it has computed cannot be traced")
    model = build.new()
    program = torch.onnx.export(model, build.inputs(), dynamo=True, optimize=False, verbose=False)
    names = dict(model.named_parameters())
    stored = {each.name: each for each in program.model.graph.initializers.values()}
    found = sum(torch.Size(each.shape).numel() for name, each in stored.items() if name in names)
    assert found == sum(value.numel() for value in names.values())


def test_standalone(build: Built) -> None:
    """torch and the standard library, nothing else."""
    allowed = set(sys.stdlib_module_names) | {"torch"}
    for node in ast.walk(ast.parse(build.source)):
        if isinstance(node, ast.Import):
            assert {each.name.split(".")[0] for each in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] in allowed
    assert build.source.isascii()


def test_spec_line_in_errors(build: Built) -> None:
    """A shape error names the spec's line."""
    inputs = build.inputs()
    if not inputs[0].is_floating_point() or inputs[0].ndim != 4:
        pytest.skip("needs an input of pictures, whose channels can be wrong")
    with pytest.raises(Exception) as caught:
        build.new()(inputs[0][:, :0], *inputs[1:])
    assert any(".sdsl:" in note for note in getattr(caught.value, "__notes__", ())), caught.value


def test_ruff(tmp_path: Path) -> None:
    """All builds at their real sizes, checked and formatted by ruff as they are."""
    from tests.immunity.builds import source

    for path, name in names():
        (tmp_path / f"{name}.py").write_text(source(path, name, False))
    for command in (["check", "--isolated"], ["format", "--isolated", "--check", "--diff"]):
        done = subprocess.run([RUFF, *command, tmp_path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_deterministic() -> None:
    """The same bytes for any hash seed."""
    code = (
        "import hashlib; from tests.immunity.builds import names, source; "
        "print(hashlib.sha256(''.join(source(*each) for each in names()).encode()).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    found = set()
    for seed in ("0", "77"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found.add(done.stdout)
    assert len(found) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["AlbertBase", "Gpt2Small", "TwoHeads"])
def test_default_backend(name: str) -> None:
    """The default backend, forward and backward."""
    path = next(where for where, each in names() if each == name)
    build = built(path, name)
    model, inputs = build.new().eval(), build.inputs()
    torch._dynamo.reset()
    made = torch.compile(model, fullgraph=True)
    gradients = []
    for run in (model, made):
        result = run(*inputs)
        outputs = result if isinstance(result, tuple) else (result,)
        loss = sum(each.square().mean() for each in outputs)
        gradients.append((outputs, torch.autograd.grad(loss, list(model.parameters()))))
    for left, right in zip(*gradients, strict=True):
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(left, right, strict=True))
