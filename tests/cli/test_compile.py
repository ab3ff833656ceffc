"""What `compile` writes, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedsl.cli.targets import snake
from tests.cli.conftest import SPEC, Run

NAMES = {
    "Gpt2Small": "gpt2_small",
    "T5Small": "t5_small",
    "Llama3_8B": "llama3_8b",
    "Llama2_70B": "llama2_70b",
    "BertLM": "bert_lm",
    "MobileLLM125M_LS": "mobile_llm125m_ls",
    "AlbertXXLarge": "albert_xx_large",
    "A": "a",
}


@pytest.mark.parametrize(("name", "file"), NAMES.items())
def test_file_names(name: str, file: str) -> None:
    assert snake(name) == file


@pytest.fixture
def project(run: Run) -> Path:
    """A project with specs in two folders."""
    Path("pyproject.toml").write_text("")
    for folder, model in (("language", "Toy"), ("vision", "Eye")):
        path = Path("specs", folder, "spec.sdsl")
        path.parent.mkdir(parents=True)
        path.write_text(SPEC.replace("Toy", model), encoding="utf-8")
    return Path.cwd()


def generated(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in (project / "generated").rglob("*.py"))


def test_folders_are_kept(run: Run, project: Path) -> None:
    found = run("compile", "specs")
    assert found.code == 0
    assert generated(project) == [
        "generated/language/toy_one.py",
        "generated/language/toy_plain.py",
        "generated/vision/eye_one.py",
        "generated/vision/eye_plain.py",
    ]
    assert "from generated.language.toy_plain import ToyPlain\n" in found.out and "output = model(x)" in found.out
    assert run("compile", "specs", "--check").code == 0
    assert "4 files unchanged" in run("compile", "specs").out


def test_check_names_what_is_wrong(run: Run, project: Path) -> None:
    run("compile", "specs")
    edited, missing = project / "generated/vision/eye_one.py", project / "generated/vision/eye_plain.py"
    edited.write_text(edited.read_text() + "# more\n")
    missing.unlink()
    stale = project / "generated/language/old.py"
    stale.write_text(edited.read_text())
    found = run("compile", "specs", "--check")
    assert found.code == 1
    for line in (
        "edited: generated/vision/eye_one.py",
        "missing: generated/vision/eye_plain.py",
        "stale: generated/language/old.py",
    ):
        assert line in found.out
    assert stale.exists() and not missing.exists()


def test_stale_files_of_ours_go_and_others_stay(run: Run, project: Path) -> None:
    run("compile", "specs")
    spec = project / "specs/vision/spec.sdsl"
    spec.write_text(spec.read_text().replace("build EyePlain = Eye()\n", ""))
    mine = project / "generated/vision/mine.py"
    mine.write_text("print('by hand')\n")
    found = run("compile", "specs/vision")
    assert "removed generated/vision/eye_plain.py" in found.out
    assert generated(project) == [
        "generated/language/toy_one.py",
        "generated/language/toy_plain.py",
        "generated/vision/eye_one.py",
        "generated/vision/mine.py",
    ]


def test_nothing_is_removed_for_a_broken_spec(run: Run, project: Path) -> None:
    run("compile", "specs")
    spec = project / "specs/vision/spec.sdsl"
    spec.write_text(spec.read_text().replace("head   = Linear(dim, dim", "head   = Linear(dim + 1, dim"))
    assert run("compile", "specs").code == 1
    assert len(generated(project)) == 4


@pytest.mark.parametrize("broken", ["share * across layers\n    except head", "share * across layers\n  oops !"])
def test_nothing_is_made_of_a_text_that_does_not_parse(run: Run, project: Path, broken: str) -> None:
    """What recovery leaves of a plan is another plan."""
    run("compile", "specs")
    before = (project / "generated/vision/eye_one.py").read_text()
    spec = project / "specs/vision/spec.sdsl"
    spec.write_text(spec.read_text().replace("{ share * across layers }", f"{{\n  {broken}\n}}"))
    for verb in (["compile"], ["verify"], ["budget"], ["compare"], ["compile", "--stdout"]):
        found = run(*verb, str(spec))
        assert found.code == 1 and not found.out.strip() and found.err.count("error[") == 1, verb
    assert (project / "generated/vision/eye_one.py").read_text() == before
    assert len(generated(project)) == 4


def test_files_of_others_are_never_written_over(run: Run, project: Path) -> None:
    mine = project / "generated/language/toy_one.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("print('by hand')\n")
    found = run("compile", "specs")
    assert found.code == 2 and "toy_one.py is not a file that sharedsl wrote" in found.err
    assert mine.read_text() == "print('by hand')\n" and generated(project) == ["generated/language/toy_one.py"]


def test_the_import_line_works_from_here(run: Run, project: Path) -> None:
    """In a project from its folder, elsewhere from the current one."""
    assert "from out.toy_plain import ToyPlain\n" in run("compile", "toy.sdsl", "-o", "out").out
    (project / "pyproject.toml").unlink()
    assert "from out.deep.toy_plain import ToyPlain\n" in run("compile", "toy.sdsl", "-o", "out/deep").out


def test_out_and_stdout(run: Run, project: Path) -> None:
    assert run("compile", "specs", "-o", "out").code == 0
    assert (project / "out/language/toy_one.py").exists() and not (project / "generated").exists()
    found = run("compile", "specs/language/spec.sdsl", "--build", "ToyOne", "--stdout")
    assert found.out == (project / "out/language/toy_one.py").read_text()


def test_a_broken_budget_is_not_compiled(run: Run, project: Path) -> None:
    spec = project / "specs/language/spec.sdsl"
    spec.write_text(spec.read_text().replace("<= 200", "<= 100"))
    found = run("compile", "specs/language/spec.sdsl")
    assert found.code == 1 and "error[budget]" in found.err
    assert generated(project) == ["generated/language/toy_plain.py"]


def test_no_half_written_files(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("compile", "specs")
    before = {path: Path(path).read_text() for path in generated(project)}
    spec = project / "specs/language/spec.sdsl"
    spec.write_text(spec.read_text().replace("dim = 8", "dim = 16"))

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sharedsl.cli.targets.os.replace", fail)
    assert run("compile", "specs").code == 2
    assert {path: Path(path).read_text() for path in generated(project)} == before
    assert not list((project / "generated").rglob("*.tmp"))
