"""0 clean, 1 findings, 2 usage or what cannot be read, 3 a bug of ours: for every verb, by table."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sharedsl.cli.main import VERBS
from tests.cli.conftest import SPEC, Run, run  # noqa: F401

BROKEN = SPEC.replace("head   = Linear(dim, dim,", "head   = Linear(dim + 1, dim,")
UGLY = SPEC.replace("model Toy(dim = 8, depth = 4)", "model  Toy( dim = 8,depth = 4 )")
#: verb -> arguments in front of the path
TAKE_SPECS = {
    "check": (), "lint": (), "fmt": (), "compile": (), "budget": (), "compare": (), "verify": (),
    "dump": ("--stage", "ast"),
}  # fmt: skip
FROM_STDIN = ("check", "lint", "fmt", "compile", "budget")
CASES = [
    # (what stands in the folder besides toy.sdsl, arguments, exit code)
    *((None, (verb, *before, "toy.sdsl"), 0) for verb, before in TAKE_SPECS.items() if verb != "verify"),
    *(
        ("bad.sdsl", (verb, *before, "bad.sdsl"), 1)
        for verb, before in TAKE_SPECS.items()
        if verb not in ("fmt", "dump")
    ),
    ("syntax.sdsl", ("fmt", "syntax.sdsl"), 1),
    ("syntax.sdsl", ("check", "syntax.sdsl"), 1),
    ("ugly.sdsl", ("fmt", "--check", "ugly.sdsl"), 1),
    ("ugly.sdsl", ("fmt", "--diff", "ugly.sdsl"), 0),
    ("ugly.sdsl", ("fmt", "ugly.sdsl"), 0),
    (None, ("compile", "toy.sdsl", "--check"), 1),
    *((None, (verb, *before, "gone.sdsl"), 2) for verb, before in TAKE_SPECS.items()),
    *(("empty", (verb, *before, "empty"), 2) for verb, before in TAKE_SPECS.items()),
    *(("latin.sdsl", (verb, *before, "latin.sdsl"), 1) for verb, before in TAKE_SPECS.items()),
    *((None, (verb, "--no-such-option"), 2) for verb in VERBS),
    *((None, (verb, "--help"), 0) for verb in VERBS),
    (None, (), 0),
    (None, ("--version",), 0),
    (None, ("version",), 0),
    (None, ("help",), 0),
    (None, ("chekc",), 2),
    (None, ("new", "fresh"), 0),
    (None, ("new", "toy.sdsl"), 2),
    (None, ("ls", "layers"), 0),
    (None, ("ls", "nothing"), 2),
    (None, ("explain", "shape"), 0),
    (None, ("explain", "no-such-code"), 2),
    (None, ("inspect", "gone.py:Net"), 2),
    (None, ("lint", "toy.sdsl", "--unsafe"), 2),
]  # fmt: skip


def prepare(name: str | None) -> None:
    match name:
        case "bad.sdsl":
            Path(name).write_text(BROKEN)
        case "syntax.sdsl":
            Path(name).write_text("model (\n")
        case "ugly.sdsl":
            Path(name).write_text(UGLY)
        case "empty":
            Path(name).mkdir()
        case "latin.sdsl":
            Path(name).write_bytes(b"# \xe9\xff\n")


@pytest.mark.parametrize(
    ("name", "args", "code"), CASES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_exit_code(run: Run, name: str | None, args: tuple[str, ...], code: int) -> None:  # noqa: F811
    prepare(name)
    found = run(*args)
    assert found.code == code, found.err + found.out
    assert "Traceback" not in found.err + found.out
    if code == 2:
        assert found.err.strip(), "what is wrong is said on standard error"


def test_every_verb_is_in_the_table() -> None:
    """Those that serve until they are stopped have tests of their own."""
    told = {args[0] for _, args, _ in CASES if args}
    assert set(VERBS) <= told


@pytest.mark.parametrize("verb", FROM_STDIN)
@pytest.mark.parametrize(("text", "code"), [(SPEC, 0), (BROKEN, 1), ("model (", 1)], ids=["clean", "broken", "syntax"])
def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch, verb: str, text: str, code: int) -> None:  # noqa: F811
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    if verb == "fmt" and text == BROKEN:
        code = 0
    assert run(verb, "-", *(["--stdout"] if verb == "compile" else [])).code == code


@pytest.mark.parametrize("verb", TAKE_SPECS)
def test_a_file_that_cannot_be_read(run: Run, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:  # noqa: F811
    """Opening it fails, which a file without rights would not do for root."""
    import builtins

    real = builtins.open

    def refuse(path: object, *args: object, **more: object) -> object:
        if str(path).endswith("toy.sdsl"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", refuse)
    found = run(verb, *TAKE_SPECS[verb], "toy.sdsl")
    assert found.code == 2 and "Traceback" not in found.err, found


@pytest.mark.parametrize("verb", [*TAKE_SPECS, "ls", "explain", "new", "inspect"])
def test_a_bug_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:  # noqa: F811
    from importlib import import_module

    def fail(options: object) -> int:
        raise RuntimeError("boom")

    monkeypatch.setattr(import_module(f"sharedsl.cli.{VERBS[verb][0]}"), "run", fail)
    words = {"ls": ("layers",), "explain": ("shape",), "new": ("fresh",), "inspect": ("a.py:B",)}
    found = run(verb, *words.get(verb, (*TAKE_SPECS.get(verb, ()), "toy.sdsl")))
    assert found.code == 3 and "a bug in sharedsl" in found.err and "SHAREDSL_DEBUG=1" in found.err
