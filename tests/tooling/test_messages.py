"""Small things that messages say: the word that was meant, the way out, and nothing about what was not asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.forms import FORMS
from sharedsl.formatting import format_source
from sharedsl.source import SourceFile
from tests.cli.conftest import SPEC, Run, run  # noqa: F401
from tests.corpus.wrong import FOLDER, mended, wrong_specs

BROKEN = SPEC.replace("head   = Linear(dim, dim,", "head   = Linear(dim + 1, dim,")


def of_corpus(name: str) -> list[Diagnostic]:
    text = (FOLDER / f"{name}.sdsl").read_text(encoding="utf-8")
    return list(analyze(SourceFile("a.sdsl", text)).diagnostics)


# ---------------------------------------------------------------------------- calls


@pytest.mark.parametrize("verb", ["check", "lint", "fmt", "compile", "budget", "compare", "verify"])
@pytest.mark.parametrize("option", ["--output-format", "--format"])
def test_the_form_is_chosen_alike(run: Run, verb: str, option: str) -> None:  # noqa: F811
    """`check` and `lint` tell on standard output, the others on standard error beside what they are for."""
    Path("bad.sdsl").write_text("model (\n" if verb == "fmt" else BROKEN)
    found = run(verb, "bad.sdsl", option, "concise")
    told = found.out if verb in ("check", "lint") else found.err
    assert found.code == 1 and told.startswith("bad.sdsl:"), told
    assert "there is no `jsn`; did you mean `json`?" in run(verb, "bad.sdsl", option, "jsn").err
    for form in FORMS:
        assert run(verb, "bad.sdsl", option, form).code == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("ls", "plan"), "did you mean `plans`?"),
        (("new", "x.sdsl", "--from", "gtp2"), "did you mean `gpt2`?"),
        (("dump", "toy.sdsl", "--stage", "sitse"), "did you mean `sites`?"),
        (("check", "--output-fromat=json"), "did you mean `--output-format`?"),
        (("lint", "--unsaef", "toy.sdsl"), "did you mean `--unsafe`?"),
        (("fmt", "toy.sdsl", "--zzzzzzzzzz"), "it takes no `--zzzzzzzzzz`"),
    ],
)
def test_a_misspelled_call(run: Run, args: tuple[str, ...], said: str) -> None:  # noqa: F811
    found = run(*args)
    assert found.code == 2 and said in found.err, found.err


@pytest.mark.parametrize(
    ("name", "better"), [("w.py", "w.sdsl"), ("folder/a.txt", "folder/a.sdsl"), ("v1.5", "v1.sdsl")]
)
def test_new_writes_specs_only(run: Run, name: str, better: str) -> None:  # noqa: F811
    found = run("new", name)
    assert found.code == 2 and f"`sharedsl new {better}`" in found.err
    assert not Path(name).exists() and not Path("folder").exists()


def test_compare_speaks_of_what_was_asked(run: Run) -> None:  # noqa: F811
    wrong = "sharing wrong of Toy { share * across layer }\nsharing more of Toy extends wrong { freeze head }\n"
    Path("some.sdsl").write_text(f"{SPEC}{wrong}build Wrong = Toy() with wrong\n")
    for plans, code in (("none", 0), ("none,one", 0), ("one + cycle(n = 2)", 0), ("none,wrong", 1), ("more", 1)):
        found = run("compare", "some.sdsl", "--plans", plans)
        assert (found.code, "[no-site]" in found.err) == (code, bool(code)), (plans, found.err)
    assert run("compare", "some.sdsl").code == 1


REQUIRES = """
block Inner(dim, most) {
  layer table = Embedding(most, dim)
  forward(x: float[B, T, dim]) -> float[B, T, dim] {
    require T <= most
    return x + table(arange(T))
  }
}
model Outer(vocab = 20, dim = 4, max_len = 128) {
  layer embed = Embedding(vocab, dim)
  layer inner = Inner(dim, max_len)
  forward(tokens: int[B, T]) -> float[B, T, dim] { return embed(tokens) |> inner }
}
sharing still of Outer { freeze embed }
"""


@pytest.mark.parametrize(("more", "name"), [("build Small = Outer(max_len = 64)\n", "Small"), ("", "Outer")])
def test_budgets_keep_to_what_is_required(run: Run, more: str, name: str) -> None:  # noqa: F811
    Path("long.sdsl").write_text(REQUIRES + more)
    for verb in (("budget",), ("compare", "--plans", "none,still")):
        assert run(verb[0], "long.sdsl", *verb[1:], "--at", "B=1,T=64").code == 0
        found = run(verb[0], "long.sdsl", *verb[1:], "--at", "B=1,T=2000")
        assert found.code == 1 and "error[require]" in found.err and "T = 2,000" in found.err, found.err
    if more:
        assert run("budget", "long.sdsl", "--at", "B=1,T=100").code == 1
        assert run("budget", "long.sdsl", "--at", "B=1,T=100", "--set", "max_len=100").code == 0


# ---------------------------------------------------------------------------- what is said


def test_a_name_that_ended_with_its_loop() -> None:
    (found,) = of_corpus("loop_name_ended")
    assert "`y`" in found.message and "give `y` a value before the loop" in found.help
    assert len(found.labels) == 2 and found.labels[1].span.start < found.labels[0].span.start


def test_a_size_is_one_of_the_inputs() -> None:
    (found,) = of_corpus("scan_size_unknown")
    assert "`B` and `T`" in found.help and found.fixes[0].edits[0].text == "T"


def test_a_shape_that_is_reused_names_reader_and_maker() -> None:
    text = (FOLDER / "shape_reuse.sdsl").read_text(encoding="utf-8")
    (found,) = of_corpus("shape_reuse")
    said = [text[label.span.start : label.span.end] for label in found.labels]
    assert said == ["reuse hidden across layers", "layers", "hidden = inner(x)"]


def removals() -> list[str]:
    """Specs of the corpus whose first fixes take lines out."""
    found = []
    for path in wrong_specs():
        text = path.read_text(encoding="utf-8")
        problems = analyze(SourceFile(path.name, text)).diagnostics
        if any(fix.message == "remove this line" for each in problems for fix in each.fixes[:1]):
            found.append(path.stem)
    return found


@pytest.mark.parametrize("name", removals())
@pytest.mark.parametrize("one_line", [False, True])
def test_a_line_that_is_removed_leaves_nothing(name: str, one_line: bool) -> None:
    """What was in the style is in the style."""
    text = (FOLDER / f"{name}.sdsl").read_text(encoding="utf-8")
    text = "\n".join(line.split("  # error")[0].split("  # warning")[0] for line in text.split("\n"))
    if one_line:
        text = text.replace(" {\n  ", " { ") if text.count("sharing") == 1 else text
    text = format_source(SourceFile("a.sdsl", text)).text
    for each in analyze(SourceFile("a.sdsl", text)).diagnostics:
        if each.fixes and each.fixes[0].message == "remove this line":
            after = mended(text, [each], "a.sdsl")
            assert "{  }" not in after and "{ }" not in after
            assert format_source(SourceFile("a.sdsl", after)).text == after


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (" untie layers ", "{}"),
        ("\n  untie layers\n", "{}"),
        ("\n  freeze layers\n  untie layers\n", "{\n  freeze layers\n}"),
        ("\n  # why\n  untie layers\n", "{\n  # why\n}"),
        ("\n  untie layers  # why\n  freeze layers\n", "{\n    # why\n  freeze layers\n}"),
    ],
)
def test_what_is_left_of_a_body(body: str, left: str) -> None:
    text = f"{SPEC}sharing last of Toy {{{body}}}\n"
    (found,) = analyze(SourceFile("a.sdsl", text)).diagnostics
    assert mended(text, [found], "a.sdsl") == f"{SPEC}sharing last of Toy {left}\n"
