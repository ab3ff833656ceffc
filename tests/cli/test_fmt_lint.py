"""`fmt` and `lint`: what they write, what they print, and their exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from sharedsl.cli import watch
from tests.cli.conftest import SPEC, Run

UGLY = "build  B = M( )  # kept\n"
UNUSED = 'import "std/mlp" { MLP }\n' + SPEC


def test_fmt_writes(run: Run) -> None:
    Path("a.sdsl").write_text(UGLY)
    assert run("fmt", "a.sdsl").code == 0
    assert Path("a.sdsl").read_text() == "build B = M()  # kept\n"
    assert run("fmt", "a.sdsl", "--check").code == 0


@pytest.mark.parametrize(("option", "code"), [("--check", 1), ("--diff", 0)])
def test_fmt_shows(run: Run, option: str, code: int) -> None:
    Path("a.sdsl").write_text(UGLY)
    found = run("fmt", option, "a.sdsl")
    assert found.code == code and "-build  B = M( )  # kept\n+build B = M()  # kept\n" in found.out
    assert Path("a.sdsl").read_text() == UGLY


def test_fmt_of_errors_writes_nothing(run: Run) -> None:
    Path("a.sdsl").write_text("build = (\n")
    found = run("fmt", "a.sdsl")
    assert found.code == 1 and "error[syntax]" in found.err
    assert Path("a.sdsl").read_text() == "build = (\n"


def test_fmt_of_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    found = run("fmt", "-")
    assert (found.code, found.out) == (0, "build B = M()  # kept\n")


def test_lint_exit_codes(run: Run) -> None:
    found = run("lint", "toy.sdsl")
    assert found.code == 0 and "info[over-sharing]" in found.out
    Path("toy.sdsl").write_text(UNUSED)
    assert run("lint", "toy.sdsl").code == 1
    assert run("lint", "toy.sdsl", "--ignore", "unused-import").code == 0
    assert run("lint", "toy.sdsl", "--select", "no-such").code == 2
    assert run("lint", "toy.sdsl", "--unsafe").code == 2
    assert run("lint", "none.sdsl").code == 2
    Path("sharedsl.toml").write_text("[lint]\nselekt = []\n")
    assert run("lint", "toy.sdsl").code == 2


def test_lint_fixes(run: Run) -> None:
    Path("toy.sdsl").write_text(UNUSED)
    shown = run("lint", "toy.sdsl", "--diff")
    assert shown.code == 1 and '-import "std/mlp" { MLP }' in shown.out
    assert Path("toy.sdsl").read_text() == UNUSED
    fixed = run("lint", "toy.sdsl", "--fix")
    assert fixed.code == 0 and "fixed 1 finding in 1 file" in fixed.err
    assert Path("toy.sdsl").read_text() == SPEC.lstrip()  # as `fmt` has it: the file was in the style before
    assert run("lint", "toy.sdsl", "--fix").err == ""


def test_a_fix_that_breaks_a_budget_is_not_written(run: Run) -> None:
    text = """
model Lm(vocab = 100, dim = 8) {
  layer embed = Embedding(vocab, dim)
  layer head  = Linear(dim, vocab, bias = false)
  forward(tokens: int[B, T]) -> float[B, T, vocab] { return head(embed(tokens)) }
}
build Small = Lm() { budget params == 1600 }
"""
    Path("lm.sdsl").write_text(text)
    assert "no fix is written" in run("lint", "lm.sdsl", "--fix", "--unsafe").err
    assert Path("lm.sdsl").read_text() == text
    Path("lm.sdsl").write_text(text.replace(" { budget params == 1600 }", ""))
    assert run("lint", "lm.sdsl", "--fix", "--unsafe").code == 0
    assert "sharing tied of Lm { tie head.weight = embed.weight }" in Path("lm.sdsl").read_text()


@pytest.mark.parametrize("form", ["full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit"])
def test_lint_formats(run: Run, form: str) -> None:
    Path("toy.sdsl").write_text(UNUSED)
    found = run("lint", "toy.sdsl", "--format", form)
    assert "unused-import" in found.out and "toy.sdsl" in found.out
    if form in ("json", "sarif", "gitlab"):
        json.loads(found.out)


def test_explain_knows_the_rules(run: Run) -> None:
    assert "gives it:" in run("explain", "untied-head").out
    assert "untied-head" in run("ls", "rules").out


def test_watch_runs_again_when_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    runs = []
    monkeypatch.setattr(watch.time, "sleep", lambda _: path.unlink(missing_ok=True))
    assert watch.watch(lambda: runs.append(1) or {str(path)}, rounds=2) == 0
    assert len(runs) == 2
