"""All forms agree on code, place and severity over the whole corpus of wrong specs; SARIF is what 2.1.0 asks for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics.codes import titles
from sharedsl.diagnostics.forms import FORMS, render
from sharedsl.diagnostics.paint import Paint
from sharedsl.lint import lint
from sharedsl.lint.rules import all_rules
from sharedsl.source import SourceFile
from tests.corpus.wrong import wrong_specs
from tests.tooling.json_schema import wrong

ROOT = Path(__file__).parents[2]
CASES = {path.stem: path.read_text(encoding="utf-8") for path in wrong_specs()}
CASES |= {f"lint {code}": rule.failing for code, rule in all_rules().items()}
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
GITHUB = {"error": "error", "warning": "warning", "info": "notice"}


def forms(name: str) -> dict[str, str]:
    path = str(ROOT / "tests" / "corpus" / f"{name.replace(' ', '_')}.sdsl")
    found = analyze(SourceFile(path, CASES[name]))
    told = lint(found) if name.startswith("lint") else found.diagnostics
    return {form: render(form, told, found.sources, Paint(), [path], titles()) for form in FORMS}


@pytest.mark.parametrize("name", CASES)
def test_forms_agree(name: str) -> None:
    shown = forms(name)
    assert shown == forms(name)
    told = json.loads(shown["json"])["diagnostics"]
    assert told and [json.loads(line) for line in shown["jsonl"].splitlines()] == told
    results = json.loads(shown["sarif"])["runs"][0]["results"]
    cases = ElementTree.fromstring(shown["junit"].encode()).findall(".//testcase")
    gitlab = json.loads(shown["gitlab"])
    lines = {form: shown[form].splitlines() for form in ("concise", "github")}
    cases = [case for case in cases if case.find("failure") is not None]
    assert {len(each) for each in (results, cases, gitlab, *lines.values())} == {len(told)}
    heads = re.findall(r"^(error|warning|info)\[([\w-]+)\]: ", shown["full"], re.MULTILINE)
    assert heads == [(each["severity"], each["code"]) for each in told]
    for at, each in enumerate(told):
        label, code, severity = each["labels"][0], each["code"], each["severity"]
        start, end = label["start"], label["end"]
        region = results[at]["locations"][0]["physicalLocation"]["region"]
        assert (results[at]["ruleId"], results[at]["level"]) == (code, LEVELS[severity])
        assert region == {
            "startLine": start["line"], "startColumn": start["column"], "endLine": end["line"],
            "endColumn": end["column"],
        }  # fmt: skip
        assert f":{start['line']}:{start['column']}: {severity}[{code}]: " in lines["concise"][at]
        assert (
            lines["github"][at].startswith(f"::{GITHUB[severity]} ") and f"line={start['line']}," in lines["github"][at]
        )
        assert gitlab[at]["check_name"] == code and gitlab[at]["location"]["lines"]["begin"] == start["line"]
        assert cases[at].get("name") == code and cases[at].get("line") == str(start["line"])
        assert f"{label['file']}:{start['line']}:{start['column']}" in shown["full"]


# ---------------------------------------------------------------------------- SARIF 2.1.0

#: the schema that OASIS publishes, as it is
SARIF = json.loads((ROOT / "tests/tooling/data/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_the_address_of_a_message_is_a_heading(name: str) -> None:
    for each in json.loads(forms(name)["json"])["diagnostics"]:
        page, _, heading = each["docs"].partition("#")
        assert heading == each["code"]
        assert f"\n## {heading}\n" in (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_sarif_is_valid(name: str) -> None:
    log = json.loads(forms(name)["sarif"])
    assert not [*wrong(log, SARIF)]
    for run in log["runs"]:
        ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(ids) == len(set(ids))
        assert all(ids[each["ruleIndex"]] == each["ruleId"] for each in run["results"])
        assert all(each["level"] in LEVELS.values() for each in run["results"])


def physical(log: Any) -> Any:
    return log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]


SPOILT = {
    "no version": lambda log: log.pop("version"),
    "another version": lambda log: log.update(version="2.0.0"),
    "an unknown property": lambda log: log["runs"][0]["results"][0].update(severity="error"),
    "an unknown level": lambda log: log["runs"][0]["results"][0].update(level="fatal"),
    "no message": lambda log: log["runs"][0]["results"][0].pop("message"),
    "an empty message": lambda log: log["runs"][0]["results"][0].update(message={}),
    "no tool": lambda log: log["runs"][0].pop("tool"),
    "a rule twice": lambda log: log["runs"][0]["tool"]["driver"]["rules"].extend([{"id": "a"}, {"id": "a"}]),
    "line 0": lambda log: physical(log)["region"].update(startLine=0),
    "a line as text": lambda log: log["runs"][0]["results"][0].update(ruleIndex="0"),
    "a path with blanks": lambda log: physical(log).update(artifactLocation={"uri": "a b.sdsl"}),
}


@pytest.mark.parametrize("how", SPOILT)
def test_the_schema_refuses(how: str) -> None:
    log = json.loads(forms("budget_broken")["sarif"])
    assert not [*wrong(log, SARIF)]
    SPOILT[how](log)
    assert [*wrong(log, SARIF)]


@pytest.mark.parametrize("form", FORMS)
def test_bytes_do_not_depend_on_the_run(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.sdsl").write_text(CASES["shape_chain"] if "shape_chain" in CASES else next(iter(CASES.values())))
    out = set()
    for seed, locale in (("0", "C"), ("1", "C.UTF-8"), ("42", "POSIX")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "NO_COLOR": "1", "SHAREDSL_CACHE": ""}
        command = [sys.executable, "-m", "sharedsl", "check", "a.sdsl", "--format", form]
        out.add(subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=60).stdout)
    assert len(out) == 1
