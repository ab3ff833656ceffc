"""The specs that the language was designed with elaborate, every plan of theirs is solved, the counts are right."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze, compile_plan
from sharedsl.model.sites import show
from sharedsl.source import SourceFile

FOLDER = Path(__file__).parent / "designs"
#: file, model -> weights as every application sees them, and how many such weights there are
APPLIED = {
    ("gpt2", "GPT2"): (163_037_184, 197),
    ("albert", "Albert"): (93_028_272, 205),
    ("llama", "Llama"): (8_835_567_616, 291),
    ("universal", "Plain"): (36_706_816, 18),
    ("mor", "MoR"): (448_331_520, 294),
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sdsl")), ids=lambda path: path.stem)
def test_it_has_no_errors(path: Path) -> None:
    found = analyze(SourceFile(str(path), path.read_text())).diagnostics
    assert not found, [f"{each.code}: {each.message}" for each in found]


@pytest.mark.parametrize(("name", "model"), APPLIED, ids=lambda word: word)
def test_applied(name: str, model: str) -> None:
    path = FOLDER / f"{name}.sdsl"
    whole = analyze(SourceFile(str(path), path.read_text()))
    sites = compile_plan(whole, model).model.sites
    assert (sum(math.prod(site.shape) for site in sites), len(sites)) == APPLIED[name, model]


def test_layers_applied_again_are_numbered_and_others_are_not() -> None:
    path = FOLDER / "golf.sdsl"
    sites = compile_plan(analyze(SourceFile(str(path), path.read_text())), "Golf").model.sites
    steps = list(dict.fromkeys(show(site.path[:1]) for site in sites if site.path[0].name == "layers"))
    again = [f"layers[{at}]@{time}" for at in (3, 4, 5) for time in range(3)]
    once = [f"layers[{at}]" for at in range(11) if at not in (3, 4, 5)]
    assert sorted(steps) == sorted(again + once)
