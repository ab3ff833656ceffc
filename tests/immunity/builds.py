"""Every build in specs/ at its test size: compiled, emitted, and loaded as a module."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sharedsl.analysis.budget.uses import bounded
from sharedsl.analysis.pipeline import Compiled, analyze, compile_build
from sharedsl.emit import module_source
from sharedsl.model import dataflow as d
from sharedsl.source import SourceFile

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"


@cache
def analysis(path: str) -> Any:
    return analyze(SourceFile(path, (ROOT / path).read_text()))


@cache
def names() -> tuple[tuple[str, str], ...]:
    found = []
    for file in sorted(SPECS.rglob("*.sdsl")):
        path = file.relative_to(ROOT).as_posix()
        found += [(path, name) for name in analysis(path).builds]
    return tuple(found)


@cache
def compiled(path: str, name: str, test: bool = True) -> Compiled:
    return compile_build(analysis(path), name, test=test)


@cache
def source(path: str, name: str, test: bool = True) -> str:
    text = (ROOT / path).read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    made = compiled(path, name, test)
    return module_source(made, spec_path=path, spec_hash=digest, files=made.analysis.sources)


_FOLDER: list[Path] = []


@cache
def module(path: str, name: str, test: bool = True) -> Any:
    """The emitted file as an imported module, so that tracebacks and pickles find it."""
    import tempfile

    if not _FOLDER:
        _FOLDER.append(Path(tempfile.mkdtemp(prefix="sharedsl-tests-")))
    known = f"emitted_{name}_{'test' if test else 'full'}"
    file = _FOLDER[0] / f"{known}.py"
    file.write_text(source(path, name, test))
    spec = importlib.util.spec_from_file_location(known, file)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[known] = made
    spec.loader.exec_module(made)
    return made


@dataclass
class Built:
    compiled: Compiled
    source: str
    cls: type[nn.Module]

    def new(self, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        return self.cls().eval()

    @property
    def early(self) -> bool:
        """Whether a loop stops by what it has computed, which a tracer cannot follow."""
        return bounded(self.compiled.model)

    def inputs(self, seed: int = 1, batch: int = 2, optional: bool = False) -> tuple[torch.Tensor, ...]:
        return inputs_of(self.compiled, seed, batch, optional)

    def batched(self) -> list[bool]:
        """For each input whether it has one row for each sample, as the first input has."""
        body = self.compiled.model.root.bodies[self.compiled.model.entries[None]]
        leads = [each.type.dims[:1] for each in body.inputs if isinstance(each.type, d.Tensor)]
        return [lead == leads[0] for lead in leads]


def built(path: str, name: str) -> Built:
    return Built(compiled(path, name), source(path, name), getattr(module(path, name), name))


#: run-time sizes of the inputs; pictures are as large as the deepest net needs
LENGTHS = {"T": 6, "M": 6, "S": 0, "seen": 0, "H": 32, "W": 32}


def inputs_of(made: Compiled, seed: int, batch: int, optional: bool) -> tuple[torch.Tensor, ...]:
    """Inputs of the main forward: small row numbers, normal features."""
    generator = torch.Generator().manual_seed(seed)
    body = made.model.root.bodies[made.model.entries[None]]
    named = {name for each in body.inputs if isinstance(each.type, d.Tensor) for name in _names(each.type)}
    sizes = {**dict.fromkeys(named, 6), **LENGTHS, "B": batch}
    found = []
    for each in body.inputs:
        assert isinstance(each.type, d.Tensor)
        left_out = each.default is not None and not random(each.default)
        if (each.type.optional or left_out) and not optional:
            break
        shape = [size.value if size.value is not None else size.ground.evaluate(sizes) for size in each.type.dims]
        if each.type.dtype == "int":
            high = {"kind": 2, "fram": 11}.get(each.name[:4], 24)
            found.append(torch.randint(0, high, shape, generator=generator))
        elif each.type.dtype == "bool":
            mask = torch.ones(shape, dtype=torch.bool)
            mask[..., -1] = False
            found.append(mask)
        else:
            found.append(torch.randn(shape, generator=generator))
    return tuple(found)


def random(default: d.Expr) -> bool:
    """Whether an input that is left out is drawn anew in each call."""
    return isinstance(default, d.Op) and (
        default.op in ("normal", "trunc_normal", "uniform")
        or any(each is not None and random(each) for each in default.args)
    )


def _names(type_: d.Tensor) -> set[str]:
    return {name for size in type_.dims if not isinstance(size.ground, int) for name in size.ground.names()}


def first(result: Any) -> torch.Tensor:
    return result[0] if isinstance(result, tuple | list) else result
