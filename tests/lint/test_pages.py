"""The pages that are made from the rules are current, and the specs are clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.config import ConfigError, from_table, schema, settings_for
from sharedsl.diagnostics import Diagnostic
from sharedsl.lint import Settings, lint
from sharedsl.lint.docs import page
from sharedsl.source import SourceFile
from sharedsl.syntax.read import read_source

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").rglob("*.sdsl"), *(ROOT / "sharedsl" / "std").glob("*.sdsl")])


def test_the_docs_are_current() -> None:
    assert (ROOT / "docs" / "lints.md").read_text(encoding="utf-8") == page(), (
        "python -m sharedsl.lint.docs > docs/lints.md"
    )


def test_the_schema_is_current() -> None:
    assert json.loads((ROOT / "docs" / "sharedsl.schema.json").read_text(encoding="utf-8")) == schema()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_specs_are_clean_or_say_why(path: Path) -> None:
    source = read_source(str(path))
    assert not isinstance(source, Diagnostic)
    found = [f"{each.code}: {each.message}" for each in lint(analyze(source)) if each.severity != "info"]
    assert not found


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"lint": {"selekt": []}}, "lint.selekt"),
        ({"lint": {"severity": {"untied-head": "bad"}}}, "untied-head"),
        ({"lint": {"severity": {"no-such-rule": "off"}}}, "no-such-rule"),
        ({"lint": {"limits": {"head": 2}}}, "limits.head"),
        ({"lint": {"ignore": ["unused"]}}, "lint.ignore"),
    ],
)
def test_a_wrong_configuration_names_its_key(table: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        from_table(table, "sharedsl.toml")


def test_the_nearest_configuration_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.sharedsl.lint]\nignore = ["untied-head"]\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    assert settings_for(str(inner / "a.sdsl")).ignore == ["untied-head"]
    (inner / "sharedsl.toml").write_text('[lint.severity]\nover-sharing = "error"\n')
    found = settings_for(str(inner / "a.sdsl"))
    assert (list(found.ignore), found.severity) == ([], {"over-sharing": "error"})


SPEC = """
model M(dim = 8, depth = 4) {
  layer layers = Linear(dim, dim) * depth
  forward(x: float[B, dim]) -> float[B, dim] { return x |> layers }
}
sharing p of M { share * across layers }
build Small = M() with p
"""


def codes(text: str, settings: Settings | None = None) -> list[tuple[str, str]]:
    return [(each.code, each.severity) for each in lint(analyze(SourceFile("a.sdsl", text)), settings)]


def test_severity_select_and_ignore() -> None:
    assert codes(SPEC) == [("over-sharing", "info")]
    assert codes(SPEC, Settings(severity={"over-sharing": "error"})) == [("over-sharing", "error")]
    assert codes(SPEC, Settings(severity={"over-sharing": "off"})) == []
    assert codes(SPEC, Settings(ignore=["over-sharing"])) == []
    assert codes(SPEC, Settings(select=["untied-head"])) == []


@pytest.mark.parametrize(
    "text",
    [
        SPEC.replace("across layers }", "across layers }  # sharedsl: ignore[over-sharing] meant"),
        SPEC.replace("sharing p", "# sharedsl: ignore[over-sharing] meant\n# and more\nsharing p"),
        "# sharedsl: ignore-file[over-sharing] meant\n" + SPEC,
    ],
)
def test_comments_silence(text: str) -> None:
    assert codes(text) == []


def test_comments_that_silence_nothing_are_found() -> None:
    assert codes("# sharedsl: ignore-file[head-init] meant\n" + SPEC)[0] == ("unused-ignore", "warning")
    assert codes("# sharedsl: ignore-file[over-sharng] meant\n" + SPEC)[0] == ("unused-ignore", "warning")
    off = Settings(ignore=["head-init"])
    assert codes("# sharedsl: ignore-file[head-init] meant\n" + SPEC, off) == [("over-sharing", "info")]


def test_a_file_with_errors_is_judged_by_its_text() -> None:
    assert codes('import "std/mlp" { MLP }\n' + SPEC.replace("Linear(dim, dim)", "Linear(dim, 2 * dim)")) == [
        ("unused-import", "warning")
    ]
