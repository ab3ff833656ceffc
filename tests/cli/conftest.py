"""Runs verbs in this process, with a cache of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sharedsl.__main__ import main

SPEC = """
model Toy(dim = 8, depth = 4) {
  layer layers = Linear(dim, dim) * depth
  layer head   = Linear(dim, dim, bias = false)
  forward(x: float[B, dim]) -> float[B, dim] { return x |> layers |> head }
}

## All layers read one weight.
sharing one of Toy { share * across layers }
sharing cycle(n = 2) of Toy { share * across layers in cycle of n }

build ToyPlain = Toy()
build ToyOne = Toy() with one { budget params <= 200 }
"""


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("check", "toy.sdsl")` in a folder of its own that has toy.sdsl."""
    monkeypatch.setenv("SHAREDSL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    (project / "toy.sdsl").write_text(SPEC, encoding="utf-8")

    def call(*args: str) -> Result:
        code = main(list(args))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
