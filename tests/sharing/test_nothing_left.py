"""Lines whose exceptions take away all that they name."""

from __future__ import annotations

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.source import SourceFile

MODEL = """model Toy(n = 3) {
  layer layers = Linear(4, 4) * n
  forward(x: float[B, 4]) -> float[B, 4] { return layers(x) }
}
"""


@pytest.mark.parametrize(
    "line",
    [
        "share layers[*].weight except layers[*].weight",
        "share layers[0].weight except layers[*].weight",
        "share layers[*].* except layers[*].{weight, bias}",
        "share weight across layers except weight",
    ],
)
def test_nothing_is_left_to_share(line: str) -> None:
    """It is no crash, and the same as no line."""
    found = analyze(SourceFile("toy.sdsl", f"{MODEL}sharing s of Toy {{ {line} }}\nbuild B = Toy() with s\n"))
    assert not found.failed, found.diagnostics
