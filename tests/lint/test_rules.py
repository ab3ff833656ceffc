"""Every rule finds what its page says, and nothing in the mended example."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics.codes import pages
from sharedsl.lint import Settings, apply, lint
from sharedsl.lint.rule import Rule
from sharedsl.lint.rules import MODULES, all_rules
from sharedsl.source import SourceFile

RULES = list(all_rules().values())
FOLDER = Path(__file__).parents[2] / "sharedsl" / "lint" / "rules"


def found(text: str, settings: Settings | None = None) -> list[str]:
    analysis = analyze(SourceFile("spec.sdsl", text))
    assert not analysis.failed, [each.message for each in analysis.diagnostics]
    return [each.code for each in lint(analysis, settings)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_examples(rule: Rule) -> None:
    assert rule.code in found(rule.failing)
    assert rule.code not in found(rule.mended)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_pages_are_whole(rule: Rule) -> None:
    assert rule.title and not rule.title.endswith(".") and len(rule.title) < 100
    assert rule.text or rule.code == "unused-import"
    assert rule.code not in pages(), "codes of rules and of errors are told apart"


def test_every_rule_is_listed() -> None:
    helpers = {"__init__", "examples", "flows", "kinds", "named", "whole_stacks"}
    assert {path.stem for path in FOLDER.glob("*.py")} == set(MODULES) | helpers


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_safe_fixes_mend(rule: Rule) -> None:
    """Applied, the finding is gone and none has come; twice is once."""
    _mended(rule, unsafe=False)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_unsafe_fixes_mend(rule: Rule) -> None:
    _mended(rule, unsafe=True)


def _mended(rule: Rule, unsafe: bool) -> None:
    only = Settings(select=[rule.code])
    before = lint(analyze(SourceFile("spec.sdsl", rule.failing)), only if rule.code != "unused-ignore" else None)
    text, count = apply(rule.failing, "spec.sdsl", before, unsafe=unsafe)
    fixable = [each for each in before if any(fix.safe or unsafe for fix in each.fixes)]
    assert bool(count) == bool(fixable)
    if count:
        assert rule.code not in found(text)
        assert set(found(text)) <= set(found(rule.failing))
    after = lint(analyze(SourceFile("spec.sdsl", text)), only if rule.code != "unused-ignore" else None)
    assert apply(text, "spec.sdsl", after, unsafe=unsafe)[1] == 0
