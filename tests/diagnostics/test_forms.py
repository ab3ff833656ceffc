"""All forms agree on code, severity and place; none depends on the run."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics.codes import pages, titles
from sharedsl.diagnostics.forms import FORMS, render
from sharedsl.diagnostics.paint import Paint
from sharedsl.source import SourceFile

CODES = [page for page in pages().values() if page.failing]
SEVERITIES = {"error": ("error", "error", "major"), "warning": ("warning", "warning", "minor")}


def printed(form: str, text: str) -> str:
    found = analyze(SourceFile("a.sdsl", text))
    return render(form, found.diagnostics, found.sources, Paint(), ["a.sdsl"], titles())


@pytest.mark.parametrize("page", CODES, ids=lambda page: page.code)
def test_forms_agree(page) -> None:  # type: ignore[no-untyped-def]
    text = page.failing
    told = json.loads(printed("json", text))["diagnostics"]
    assert [json.loads(line) for line in printed("jsonl", text).splitlines()] == told
    assert told
    want = [(each["code"], each["severity"], each["labels"][0]["start"]["line"]) for each in told]
    sarif = json.loads(printed("sarif", text))["runs"][0]["results"]
    assert [
        (each["ruleId"], each["level"], each["locations"][0]["physicalLocation"]["region"]["startLine"])
        for each in sarif
    ] == want
    gitlab = json.loads(printed("gitlab", text))
    found = [(each["check_name"], each["severity"], each["location"]["lines"]["begin"]) for each in gitlab]
    assert found == [(code, SEVERITIES[severity][2], line) for code, severity, line in want]
    assert len({each["fingerprint"] for each in gitlab}) == len(gitlab)
    cases = ElementTree.fromstring(printed("junit", text).encode()).findall(".//testcase")
    assert [(case.get("name"), case.find("failure").get("type"), int(case.get("line"))) for case in cases] == want  # type: ignore[union-attr,arg-type]
    for form, pattern in (("concise", "a.sdsl:{2}:"), ("github", "line={2},")):
        lines = printed(form, text).splitlines()
        assert all(pattern.format(*each) in line and each[0] in line for each, line in zip(want, lines, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_a_clean_file(form: str) -> None:
    text = printed(form, CODES[0].mended)
    assert text == printed(form, CODES[0].mended)
    if form == "junit":
        assert 'failures="0"' in text


def test_a_fingerprint_does_not_follow_the_line() -> None:
    one, other = (json.loads(printed("gitlab", blank + CODES[-1].failing)) for blank in ("", "\n\n"))
    assert [each["fingerprint"] for each in one] == [each["fingerprint"] for each in other]
    assert one != other
