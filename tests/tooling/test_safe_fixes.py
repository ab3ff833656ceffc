"""`--fix`: every safe fix takes its finding away and brings none; twice is once; with `--diff` nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.codes import pages
from sharedsl.lint import apply, lint
from sharedsl.lint.rules import all_rules
from sharedsl.source import SourceFile
from tests.cli.conftest import Run, run  # noqa: F401
from tests.corpus.wrong import wrong_specs

RULES = [rule.code for rule in all_rules().values()]
WRONG = {page.code: page.failing for page in pages().values() if page.failing}
WRONG |= {path.stem: path.read_text(encoding="utf-8") for path in wrong_specs() if "import" not in path.name}
FIXED_HERE = [
    code
    for code, text in WRONG.items()
    if any(fix.safe for each in analyze(SourceFile("a.sdsl", text)).diagnostics for fix in each.fixes)
]


def found(text: str) -> list[Diagnostic]:
    """What lint and check say."""
    analysis = analyze(SourceFile("a.sdsl", text))
    errors = [each for each in analysis.diagnostics if each.severity == "error"]
    return [*errors, *(each for each in lint(analysis) if each not in errors)]


def kinds(findings: list[Diagnostic]) -> list[tuple[str, str]]:
    return sorted((each.code, each.message) for each in findings)


def one_at_a_time(text: str) -> int:
    """Each safe fix by itself; how many there were."""
    before = found(text)
    count = 0
    for each in before:
        safe = next((fix for fix in each.fixes if fix.safe), None)
        if safe is None:
            continue
        count += 1
        after = found(apply(text, "a.sdsl", [each])[0])
        left, gone = kinds(after), kinds(before)
        assert left.count((each.code, each.message)) < gone.count((each.code, each.message)), each.message
        # what a wrong name hid may show now; of warnings and errors of the same code there is none more
        codes = [code for code, _ in left]
        assert codes.count(each.code) < [code for code, _ in gone].count(each.code) or each.severity == "error", left
    return count


@pytest.mark.parametrize("code", RULES)
def test_rules(code: str) -> None:
    one_at_a_time(all_rules()[code].failing)


@pytest.mark.parametrize("code", FIXED_HERE)
def test_errors(code: str) -> None:
    """The safe fixes of errors together: none of the errors is left, and none has come."""
    assert one_at_a_time(WRONG[code]) > 0
    text = WRONG[code]
    fixed = [each for each in found(text) if each.severity == "error" and any(fix.safe for fix in each.fixes)]
    mended, count = apply(text, "a.sdsl", fixed)
    assert count
    again = {(each.code, each.message) for each in found(mended)}
    assert not again & {(each.code, each.message) for each in fixed}


def test_there_are_safe_fixes() -> None:
    assert len(FIXED_HERE) >= 10
    assert (
        sum(any(fix.safe for each in found(rule.failing) for fix in each.fixes) for rule in all_rules().values()) >= 3
    )


@pytest.mark.parametrize("code", RULES)
def test_twice_is_once_and_diff_writes_nothing(run: Run, code: str) -> None:  # noqa: F811
    path = Path("case.sdsl")
    path.write_text(all_rules()[code].failing, encoding="utf-8")
    before = (path.read_bytes(), os.stat(path).st_mtime_ns, sorted(os.listdir()))
    for options in (("--diff",), ("--fix", "--diff"), ("--fix", "--unsafe", "--diff")):
        run("lint", "case.sdsl", *options)
        assert (path.read_bytes(), os.stat(path).st_mtime_ns, sorted(os.listdir())) == before
    run("lint", "case.sdsl", "--fix")
    once = path.read_bytes()
    run("lint", "case.sdsl", "--fix")
    assert path.read_bytes() == once
