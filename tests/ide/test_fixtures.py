"""Every fixture is answered as it says, and there are enough of them: 20 for each request, 400 in all."""

from __future__ import annotations

import pytest

from tests.compiled import problems
from tests.ide.answers import ANSWERS
from tests.ide.cases import FOLDER, SPECS, Fixture, fixtures, place, text_of

ALL = fixtures()


@pytest.mark.parametrize("fixture", ALL, ids=lambda each: f"{each.request}-{each.name}")
def test_answers(fixture: Fixture) -> None:
    assert fixture.cases
    for case in fixture.cases:
        assert ANSWERS[fixture.request](place(fixture, case)) == case.answer, case.asked


@pytest.mark.parametrize("request_", ANSWERS)
def test_there_are_enough_of_each_request(request_: str) -> None:
    own = [each for each in ALL if each.request == request_]
    assert len(own) >= 20
    answers = [case.answer for each in own for case in each.cases]
    assert len(set(answers)) > 0.8 * len(answers), "fixtures of one request differ"


def test_there_are_enough_in_all() -> None:
    assert len(ALL) >= 400
    assert {each.name for each in FOLDER.iterdir()} == set(ANSWERS)
    asked = {each.specs[0] for each in ALL}
    assert asked == {path.stem for path in SPECS.glob("*.sdsl")}


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.sdsl")), ids=lambda path: path.stem)
def test_the_specs_are_right(path) -> None:  # type: ignore[no-untyped-def]
    assert [each for each in problems(text_of(path.stem), str(path)) if each.severity == "error"] == []
