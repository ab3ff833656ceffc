"""What every layer would compute alike is computed once above them; what nothing reads is not computed."""

from __future__ import annotations

import re
from pathlib import Path

from sharedsl.analysis.pipeline import analyze, compile_build
from sharedsl.runtime.source import source_of
from sharedsl.source import SourceFile

SPECS = Path(__file__).parents[2] / "specs"


def classes(spec: str, build: str) -> dict[str, str]:
    """The code of each class."""
    path = SPECS / spec
    analysis = analyze(SourceFile(str(path), path.read_text(encoding="utf-8")))
    text = source_of(compile_build(analysis, build))
    return {part.split("(")[0]: part for part in re.split(r"^class ", text, flags=re.MULTILINE)[1:]}


def test_rotary_tables_are_made_once_by_the_model() -> None:
    found = classes("language/llama.sdsl", "Llama3_8B")
    assert [name for name, code in found.items() if "rotary_tables(" in code] == ["Llama3_8B"]
    assert found["Attention"].count("rotate(") == 2
    assert "x = layer(x, cos, sin, mask)" in found["Llama3_8B"]


def test_layers_that_turn_unlike_make_their_own() -> None:
    found = classes("language/gemma.sdsl", "Gemma3_1B")
    assert {name for name, code in found.items() if "rotary_tables(" in code} == {
        "NormedAttention",
        "Gemma3NormedAttention",
    }


def test_states_tell_the_positions_of_each_layer() -> None:
    found = classes("language/llama.sdsl", "Llama3_8BDecoder")
    assert found["Attention"].count("rotary_tables(") == 1
    assert "rotary_tables(" not in found["Llama3_8BDecoder"]


def test_positions_that_only_tables_are_made_of_are_not_handed_on() -> None:
    found = classes("folding/mor.sdsl", "MorTokenChoice3")
    assert "def forward(self, x, cos, sin" in found["PlacedLayer"]
    assert "places =" not in found["MorTokenChoice3"]


def test_a_value_that_nothing_reads_is_not_computed() -> None:
    assert "every =" not in classes("folding/mor.sdsl", "MorExpertChoiceCycle2")["MorExpertChoiceCycle2"]


def test_a_size_does_not_hide_what_the_file_imports() -> None:
    assert "F_ = frames.shape[1]" in classes("tying/csm.sdsl", "Csm1B")["Csm1B"]
