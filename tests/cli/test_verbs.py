"""The verbs: what they print, what they write, and their exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import SPEC, Run

BROKEN = SPEC.replace("head   = Linear(dim, dim,", "head   = Linear(dim + 1, dim,")


def test_check_is_clean(run: Run) -> None:
    found = run("check", "toy.sdsl")
    assert (found.code, found.out) == (0, "no errors in 1 file\n")


@pytest.mark.parametrize("form", ["full", "concise", "json", "sarif", "github"])
def test_check_finds(run: Run, form: str) -> None:
    Path("bad.sdsl").write_text(BROKEN, encoding="utf-8")
    found = run("check", "bad.sdsl", "--format", form)
    assert found.code == 1
    assert "shape" in found.out and "bad.sdsl" in found.out
    if form in ("json", "sarif"):
        json.loads(found.out)


def test_check_takes_folders(run: Run) -> None:
    Path("bad.sdsl").write_text(BROKEN, encoding="utf-8")
    found = run("check", ".")
    assert found.code == 1 and found.out.endswith("1 error in 2 files\n")


def test_check_enforces_budgets(run: Run) -> None:
    Path("toy.sdsl").write_text(SPEC.replace("<= 200", "<= 100"), encoding="utf-8")
    found = run("check", "toy.sdsl")
    assert found.code == 1
    assert "error[budget]: `params` is 136, and must be at most 100 (36.0% over)" in found.out
    assert "layers.0.weight, read 4 times" in found.out


def test_an_unchanged_file_is_answered_from_the_cache(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad.sdsl").write_text(BROKEN, encoding="utf-8")
    first = run("check", "bad.sdsl")
    monkeypatch.setattr("sharedsl.cli.main.run", lambda args: pytest.fail("not from the cache"))
    assert run("check", "bad.sdsl") == first


def test_a_changed_file_is_not(run: Run) -> None:
    assert run("check", "toy.sdsl").code == 0
    Path("toy.sdsl").write_text(BROKEN, encoding="utf-8")
    assert run("check", "toy.sdsl").code == 1
    Path("toy.sdsl").write_text(SPEC, encoding="utf-8")
    assert run("check", "toy.sdsl").code == 0


def test_a_changed_import_is_not(run: Run) -> None:
    Path("part.sdsl").write_text(SPEC, encoding="utf-8")
    Path("main.sdsl").write_text('import "part" { Toy }\nbuild A = Toy()\n', encoding="utf-8")
    assert run("check", "main.sdsl").code == 0
    Path("part.sdsl").write_text(SPEC.replace("model Toy", "model Toi"), encoding="utf-8")
    assert run("check", "main.sdsl").code == 1


def test_a_new_file_in_a_folder_is_not(run: Run) -> None:
    assert run("check", ".").code == 0
    Path("bad.sdsl").write_text(BROKEN, encoding="utf-8")
    assert run("check", ".").code == 1


@pytest.mark.parametrize("garbage", [b"", b"nonsense", b"\xe9" * 50])
def test_a_broken_cache_is_done_without(run: Run, tmp_path: Path, garbage: bytes) -> None:
    run("check", "toy.sdsl")
    (entry,) = (tmp_path / "cache" / "check").iterdir()
    entry.write_bytes(garbage)
    assert run("check", "toy.sdsl").out == "no errors in 1 file\n"


def test_a_cache_that_cannot_be_written_is_done_without(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHAREDSL_CACHE", str(tmp_path / "file"))
    assert run("check", "toy.sdsl").code == 0


USAGE = [
    (("chekc", "toy.sdsl"), "did you mean `check`"),
    (("check", "gone.sdsl"), "there is no file or folder gone.sdsl"),
    (("check", "tyo.sdsl"), "did you mean toy.sdsl"),
    (("check", "--format", "xml"), ""),
    (("budget", "toy.sdsl", "--build", "ToyOn"), "did you mean `ToyOne`"),
    (("budget", "toy.sdsl", "--at", "B=-1"), "cannot be -1"),
    (("budget", "toy.sdsl", "--set", "dimm=3"), "did you mean `dim`"),
    (("budget", "toy.sdsl", "--set", "dim=big"), "whole number"),
    (("budget", "toy.sdsl", "--at", "T=3"), "there is no run-time size `T`"),
    (("compare", "toy.sdsl", "--model", "Toi"), "did you mean `Toy`"),
    (("compare", "toy.sdsl", "--plans", "none,tow"), "no plan `tow`"),
    (("compile", "gone.sdsl"), "gone.sdsl"),
    (("dump", "toy.sdsl"), "--build ToyPlain"),
    (("explain", "shap"), "did you mean `shape`"),
    (("new", "toy.sdsl"), "exists already"),
    (("ls", "layers", "toy.sdsl"), "takes no paths"),
    (("inspect", "gone.py:Net"), "gone.py"),
]


@pytest.mark.parametrize(("args", "says"), USAGE, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_wrong_calls(run: Run, args: tuple[str, ...], says: str) -> None:
    found = run(*args)
    assert found.code == 2 and says in found.err and "Traceback" not in found.err


def test_our_own_bugs_are_owned_up_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("sharedsl.cli.session.analyze", fail)
    found = run("check", "toy.sdsl")
    assert found.code == 3 and "a bug in sharedsl" in found.err and "Traceback" not in found.err
    monkeypatch.setenv("SHAREDSL_DEBUG", "1")
    assert "Traceback" in run("check", "toy.sdsl").err


def test_help_and_version(run: Run) -> None:
    assert "check" in run("--help").out and run("--help").code == 0
    assert run("--version").out.startswith("sharedsl ")
    for verb in ("check", "compile", "budget", "compare", "verify", "dump", "new", "ls", "explain", "inspect"):
        found = run(verb, "--help")
        assert found.code == 0 and "examples:" in found.out


def test_budget(run: Run) -> None:
    found = run("budget", "toy.sdsl", "--at", "B=2", "--storages", "--modules", "--formulas")
    assert found.code == 0
    assert "ToyOne       136" in found.out and "layers[3].weight" in found.out
    assert "stored = dim**2*depth + dim*depth + dim**2" in found.out or "depth*dim**2" in found.out


def test_budget_json(run: Run) -> None:
    document = json.loads(run("budget", "toy.sdsl", "--json", "--build", "ToyOne").out)
    (build,) = document["builds"]
    assert document["schema"] == 1 and build["flops"] is None and build["sizes"] == {"dim": 8, "depth": 4, "B": None}
    assert build["params"] == {"stored": 136, "trainable": 136, "frozen": 0, "applied": 352}
    assert [s["owner"] for s in build["storages"]] == ["layers.0.weight", "layers.0.bias", "head.weight"]
    assert build["line"] == 13


def test_budget_set(run: Run) -> None:
    document = json.loads(run("budget", "toy.sdsl", "--json", "--set", "dim=4,depth=2").out)
    assert [b["params"]["stored"] for b in document["builds"]] == [56, 36]


def test_compare(run: Run) -> None:
    found = run("compare", "toy.sdsl", "--plans", "none,one,cycle(n = 4),one + cycle", "--at", "B=1")
    assert found.code == 0
    rows = [line.split() for line in found.out.splitlines() if line.startswith(("none", "one", "cycle"))]
    assert [row[0] for row in rows] == ["none", "one", "cycle(n", "one"]
    assert "352" in found.out and "136" in found.out


def test_compare_page(run: Run) -> None:
    found = run("compare", "toy.sdsl", "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert found.code == 0 and page.count("<svg") == 4
    assert "http" not in page and "<script" not in page and "sharing one of Toy" in page


def test_ls(run: Run) -> None:
    assert "Linear(inputs, outputs, bias = true)" in run("ls", "layers").out
    assert "rotary" in run("ls", "ops").out and "cycle-scale" in run("ls", "codes").out
    assert run("ls", "plans", "toy.sdsl").out.splitlines()[0].split() == [
        "one", "of", "Toy", "toy.sdsl", "All", "layers", "read", "one", "weight.",
    ]  # fmt: skip
    assert [b["name"] for b in json.loads(run("ls", "builds", "toy.sdsl", "--json").out)["builds"]] == [
        "ToyPlain",
        "ToyOne",
    ]


@pytest.mark.parametrize("stage", ["ast", "model", "sites", "plan", "modules", "python"])
def test_dump(run: Run, stage: str) -> None:
    found = run("dump", "toy.sdsl", "--stage", stage, "--build", "ToyOne")
    assert found.code == 0 and len(found.out) > 100


@pytest.mark.parametrize("source", ["mlp", "albert", "gpt2", "llama", "conv"])
def test_new_specs_compile(run: Run, source: str) -> None:
    assert run("new", "fresh", "--from", source).code == 0
    assert run("check", "fresh.sdsl").out == "no errors in 1 file\n"
    found = run("compile", "fresh.sdsl")
    assert found.code == 0 and os.listdir("generated")
    assert run("compare", "fresh.sdsl").code == 0


def test_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(BROKEN))
    found = run("check", "-")
    assert found.code == 1 and "<stdin>:5" in found.out
