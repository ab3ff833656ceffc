"""What the page shows, without a page: every site once, colours that are storages, counts that are the budget's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest

from sharedsl.analysis.budget.subject import budget_of
from sharedsl.analysis.pipeline import Analysis, Broken, analyze
from sharedsl.model.sites import show
from sharedsl.model.weights import storages_of
from sharedsl.serve import view
from sharedsl.serve.choices import choices, compare, compiled
from sharedsl.serve.highlight import python_lines, spec_lines
from sharedsl.source import SourceFile

ROOT = Path(__file__).parents[2]
SPECS = (
    "encoder/albert", "encoder_decoder/t5", "folding/golf", "folding/zamba2", "folding/hierarchical", "folding/folds",
    "folding/mor", "attention/heads", "attention/cla", "factorised/tt_embedding", "factorised/hashed", "adapting/dora",
    "training/share_then_unshare", "vision/mobilenet", "vision/rotations", "recurrent/stacked", "multitask/mmoe",
)  # fmt: skip


@cache
def read(name: str) -> Analysis:
    path = ROOT / "specs" / f"{name}.sdsl"
    return analyze(SourceFile(str(path), path.read_text(encoding="utf-8")))


def elements(bands: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for band in bands:
        for element in band["elements"]:
            yield element
            yield from elements(element.get("bands", []))


def cells(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for each in elements(shown["bands"]) for row in each.get("rows", []) for cell in row["cells"]]


@pytest.mark.parametrize("name", SPECS)
def test_views_say_what_the_compiler_knows(name: str) -> None:
    analysis = read(name)
    found = choices(analysis)
    assert found
    for choice in (*found[:5], *found[5:][-2:]):
        made = compiled(analysis, choice.name)
        shown = json.loads(json.dumps(view(analysis, choice.name)))
        drawn = {cell["site"]: cell for cell in cells(shown)}
        # every site once per application, with the storages that it reads
        assert Counter(cell["site"] for cell in cells(shown)) == Counter(show(each.path) for each in made.solved.sites)
        for site, expr in zip(made.solved.sites, made.solved.reads, strict=True):
            assert drawn[show(site.path)]["storages"] == list(storages_of(expr))
            assert drawn[show(site.path)]["shape"] == list(site.shape)
        # counts are the budget's
        budget = budget_of(made, shown["sizes"]).values
        assert {key: value for key, value in shown["totals"].items() if key != "flops"} == {
            key: value for key, value in budget.items() if key != "flops"
        }
        assert shown["totals"]["flops"] == (None if shown["refused"] else budget["flops"])
        assert sum(each["numel"] for each in shown["storages"]) == shown["totals"]["stored"]
        parts = sum(shown["storages"][part]["numel"] for each in made.solved.private.values() for part in each)
        assert sum(cell["numel"] for cell in cells(shown)) + parts == shown["totals"]["applied"]
        _colours(shown)
        _code(analysis, shown)


def _colours(shown: dict[str, Any]) -> None:
    """A colour is a storage: those with several readers have one of their own."""
    painted = [tuple(each["colour"]) for each in shown["storages"] if each["colour"]]
    assert len(set(painted)) == len(painted)
    for number, storage in enumerate(shown["storages"]):
        assert prod(axis["size"] for axis in storage["shape"]) == storage["numel"]
        assert storage["readers"] == [cell["site"] for cell in sorted_cells(shown) if number in cell["storages"]]
        if len(storage["readers"]) > 1:
            assert storage["colour"]


def sorted_cells(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of the sites, which readers stand in."""
    order = {site: at for at, site in enumerate(dict.fromkeys(r for s in shown["storages"] for r in s["readers"]))}
    places = {site: at for at, site in enumerate(order)}
    return sorted(cells(shown), key=lambda cell: places[cell["site"]]) if places else []


def _code(analysis: Analysis, shown: dict[str, Any]) -> None:
    lines, spec = shown["code"]["lines"], spec_lines(analysis.source)
    for first, last, at in shown["code"]["links"]:
        assert 1 <= first <= last <= len(lines) and 1 <= at <= len(spec)
    if f"model {shown['model']}" not in analysis.source.text:
        return  # the comments count another file's lines
    said = ["".join(text for _, text in line) for line in lines]
    linked = {at for first, last, _ in shown["code"]["links"] for at in range(first, last + 1)}
    assert all(at in linked for at, text in enumerate(said, 1) if "# spec:" in text and "re.search" not in text)


def test_layers_stand_in_the_order_in_which_they_run() -> None:
    shown = view(read("folding/golf"), "GolfNet")
    first, stack, last = shown["bands"]
    assert [each["name"] for each in first["elements"]] == ["weights", "embed"]
    assert [each["index"] for each in stack["elements"]] == [0, 1, 2, 3, 4, 5, 3, 4, 5, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [each["app"] for each in stack["elements"]][3:12] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [each["name"] for each in last["elements"]] == ["norm", "head"]


def test_one_colour_wherever_a_storage_is_read() -> None:
    shown = view(read("encoder/albert"), "AlbertBaseCycle")
    stack = next(band for band in shown["bands"] if band["kind"] == "stack")
    first = [each["rows"][0]["cells"][0]["storages"][0] for each in stack["elements"]]
    assert first == first[:3] * 4 and len(set(first)) == 3
    hues = {shown["storages"][each]["colour"][0] for each in first}
    assert len(hues) == 3
    # and the line of the plan that did it
    assert shown["storages"][first[0]]["because"][0]["text"].startswith("sharing cycle of Albert")


def test_equal_elements_are_alike() -> None:
    analysis = read("encoder/albert")

    def alike(name: str) -> list[int]:
        return [each["alike"] for each in view(analysis, name)["bands"][1]["elements"]]

    assert alike("AlbertBase") == [0] * 12
    assert alike("AlbertBaseUnshared") == [0] * 12
    assert alike("AlbertBaseTwins") == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert alike("AlbertBaseSandwich") == [0, *[1] * 10, 0]


def test_stacks_that_take_turns_are_one_band_and_others_stand_apart() -> None:
    zamba = view(read("folding/zamba2"), "Zamba2_2_7B")["bands"]
    assert {each["name"] for each in zamba[1]["elements"]} == {"mamba", "attn", "mix"}
    t5 = [[each["name"] for each in band["elements"]] for band in view(read("encoder_decoder/t5"), "T5Small")["bands"]]
    assert ["encoder"] * 6 in t5 and ["decoder"] * 6 in t5


def test_run_time_sizes() -> None:
    analysis = read("encoder/albert")
    one, two = (view(analysis, "AlbertBase", {"B": size})["totals"]["flops"] for size in (1, 2))
    assert two == 2 * one
    long = view(analysis, "AlbertBase", {"T": 1000})
    assert "requires T <= max_len" in long["refused"] and long["totals"]["flops"] is None


@pytest.mark.parametrize("name", ["attention/cla", "encoder_decoder/t5", "folding/golf", "folding/zamba2"])
def test_state_of_layers_adds_up(name: str) -> None:
    analysis = read(name)
    for choice in choices(analysis)[:4]:
        shown = view(analysis, choice.name)
        below = sum(each["state"] for each in shown["layers"] if each["depth"] == 0)
        assert below == shown["totals"]["state_per_token"]


def test_plans_are_compared() -> None:
    analysis = read("encoder/albert")
    rows = {str(row["name"]): row for row in compare(analysis, "Albert", {})}
    assert set(rows) == {each.name for each in choices(analysis)}
    assert rows["AlbertBase"]["totals"]["stored"] == rows["Albert + one"]["totals"]["stored"] == 11_683_584  # type: ignore[index]
    assert rows["Albert"]["totals"]["stored"] == 89_650_176  # type: ignore[index]


def test_an_unknown_choice_is_a_diagnostic() -> None:
    with pytest.raises(Broken) as broken:
        view(read("encoder/albert"), "AlbertBas")
    assert "AlbertBase" in str(broken.value.diagnostics)


def joined(lines: list[list[list[str]]]) -> list[str]:
    return ["".join(text for _, text in line) for line in lines]


def test_colouring_loses_nothing() -> None:
    for path in sorted(ROOT.glob("specs/*/*.sdsl")):
        text = path.read_text(encoding="utf-8")
        assert joined(spec_lines(SourceFile("x", text))) == text.removesuffix("\n").split("\n")
    for broken in ("", "\n", 'model "a\n  ] ü 漢 { # x', "layer\r\nx = 12.q\r\n", "##"):
        lines = broken.replace("\r\n", "\n").removesuffix("\n").split("\n")
        assert joined(spec_lines(SourceFile("x", broken))) == lines
    for path in sorted(ROOT.glob("generated/encoder/*.py"))[:6]:
        text = path.read_text(encoding="utf-8")
        assert joined(python_lines(text)) == text.removesuffix("\n").split("\n")


def test_kinds_of_pieces() -> None:
    (line,) = spec_lines(SourceFile("x", 'layer a = Linear(dim, f(2)) * n  # why "x"'))
    kinds = {text: kind for kind, text in line}
    assert kinds["layer"] == "k" and kinds["Linear"] == "t" and kinds["2"] == "n" and kinds['# why "x"'] == "c"
    assert kinds["f"] == "f"
