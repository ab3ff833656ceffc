"""How fast the compiler is: start-up, analysis, formulas, emission."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.clock import calls, processes, python
from sharedsl.analysis.budget.subject import budget_of
from sharedsl.analysis.pipeline import Analysis, analyze, compile_build
from sharedsl.runtime.source import source_of
from sharedsl.source import SourceFile

ROOT = Path(__file__).parents[1]
#: what one measurement says: what, the number, the aim
Row = tuple[str, str, str]


def rows(rounds: int) -> list[Row]:
    return [*start_up(rounds), *verbs(rounds), *analysis(rounds), *limit(), *totals(rounds), *emission(rounds)]


def hundred_lines() -> str:
    """A spec of about 100 lines."""
    text = (ROOT / "specs" / "language" / "gpt2.sdsl").read_text(encoding="utf-8")
    return "\n".join(text.split("\n")[:100]).rsplit("}\n", 1)[0] + "}\n"


def start_up(rounds: int) -> list[Row]:
    """`sharedsl check` of 100 lines as a fresh process, against bare Python."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "spec.sdsl")
        spec.write_text(hundred_lines(), encoding="utf-8")
        check = python("-m", "sharedsl", "check", str(spec))
        commands = {"pass": python("-c", "pass"), "check": check}
        # byte code is compiled when a package is installed; here it is written to a folder of its own, once
        compiled = {"PYTHONPYCACHEPREFIX": str(Path(folder, "code")), "PYTHONDONTWRITEBYTECODE": ""}
        processes({"fill": check}, 1, {**compiled, "SHAREDSL_CACHE": ""})
        cold = processes(commands, rounds, {**compiled, "SHAREDSL_CACHE": ""})
        processes({"fill": check}, 1, {**compiled, "SHAREDSL_CACHE": folder})
        cached = processes(commands, rounds, {**compiled, "SHAREDSL_CACHE": folder})
    lines = hundred_lines().count("\n")
    return [
        (f"cold `check` of {lines} lines / `python -c pass`", f"{cold['check'] / cold['pass']:.1f} x", "10 x"),
        ("the same, unchanged file", f"{cached['check'] / cached['pass']:.1f} x", "3 x"),
    ]


def verbs(rounds: int) -> list[Row]:
    """Processor time of fresh processes beside bare Python: what somebody waits for at a prompt."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, "short.sdsl"), Path(folder, "long.sdsl")
        short.write_text(hundred_lines(), encoding="utf-8")
        long.write_text(thousand_lines(), encoding="utf-8")
        commands = {
            "`python -c pass`": python("-c", "pass"),
            "`version`": python("-m", "sharedsl", "version"),
            "`check` of 100 lines": python("-m", "sharedsl", "check", str(short)),
            "`check` of 1,000 lines": python("-m", "sharedsl", "check", str(long)),
            "`lint` of 100 lines": python("-m", "sharedsl", "lint", str(short)),
            "`fmt` of 100 lines": python("-m", "sharedsl", "fmt", "--check", str(short)),
        }
        compiled = {
            "PYTHONPYCACHEPREFIX": str(Path(folder, "code")),
            "PYTHONDONTWRITEBYTECODE": "",
            "SHAREDSL_CACHE": "",
        }
        processes(commands, 1, compiled, codes=(0, 1))
        taken = processes(commands, max(rounds // 2, 3), compiled, codes=(0, 1))
    aims = {"`version`": "50 ms", "`check` of 100 lines": "120 ms", "`check` of 1,000 lines": "300 ms"}
    return [(f"cold {name}", f"{seconds * 1e3:.0f} ms", aims.get(name, "")) for name, seconds in taken.items()]


def thousand_lines() -> str:
    """Models, plans and builds under new names until there are 1,000 lines."""
    text = (ROOT / "specs" / "language" / "bytes.sdsl").read_text(encoding="utf-8")
    imports, body = text.split("\n", 1)
    copies = []
    while sum(copy.count("\n") for copy in copies) < 1000:
        copies.append(body.replace("Bytes", f"Bytes{len(copies)}x"))
    return imports + "\n" + "\n".join(copies)


def analysis(rounds: int) -> list[Row]:
    source = SourceFile("thousand.sdsl", thousand_lines())
    lines = source.text.count("\n")
    taken = calls({"analyze": lambda: analyze(source)}, max(rounds // 3, 3))["analyze"]
    return [("analysis of 1,000 lines, every plan solved, every build made", f"{taken / lines * 1e6:.0f} ms", "")]


def limit() -> list[Row]:
    """The largest model that is allowed, 199,998 weights, under plans that name all of them."""
    model = (
        "model Wide(n = 99999) { layer layers = Linear(4, 4) * n\n"
        "  forward(x: float[B, 4]) -> float[B, 4] { return layers(x) } }\n"
    )
    plans = {
        "no plan": "build W = Wide()",
        "`share * across layers`": "sharing s of Wide { share * across layers }\nbuild W = Wide() with s",
        "`factorize`": "sharing s of Wide { factorize layers[*].weight rank 2 }\nbuild W = Wide() with s",
    }
    found: list[Row] = []
    for name, text in plans.items():
        source = SourceFile("wide.sdsl", model + text + "\n")
        taken = calls({"analyze": lambda source=source: analyze(source)}, 1, warm=0)["analyze"]
        found.append((f"analysis of 199,998 weights, {name}", f"{taken:.1f} s", "2 s"))
    return found


def _llama() -> Analysis:
    path = ROOT / "specs" / "language" / "llama.sdsl"
    return analyze(SourceFile(str(path), path.read_text(encoding="utf-8")))


def totals(rounds: int) -> list[Row]:
    loaded = _llama()
    formulas = budget_of(compile_build(loaded, "Llama2_70B")).formulas
    sizes = {"dim": 4096, "depth": 40, "heads": 32, "kv_heads": 4, "ff": 11008, "vocab": 50000, "B": 4, "T": 2048}

    def again() -> None:
        for formula in formulas.values():
            formula.evaluate(**sizes)

    def from_text() -> None:
        budget_of(compile_build(_llama(), "Llama2_70B"), {"B": 1, "T": 128}).values  # noqa: B018

    taken = calls({"again": again, "text": from_text}, max(rounds // 3, 3))
    return [
        ("all totals of `Llama2_70B` at new sizes, from a loaded analysis", f"{taken['again'] * 1e3:.3f} ms", "1 ms"),
        ("all totals of `Llama2_70B` from its file", f"{taken['text'] * 1e3:.0f} ms", ""),
    ]


def emission(rounds: int) -> list[Row]:
    """The time to emit a model against how often its stack is applied."""
    text = (ROOT / "specs" / "language" / "bytes.sdsl").read_text(encoding="utf-8").split("\nbuild ")[0]
    functions = {}
    for count in (1, 64):
        spec = f"{text}\nsharing folded of Bytes {{ fold layers {count} times }}\nbuild Folded = Bytes() with folded\n"
        compiled = compile_build(analyze(SourceFile(f"fold{count}.sdsl", spec)), "Folded")
        functions[str(count)] = lambda compiled=compiled: source_of(compiled)
    taken = calls(functions, max(rounds // 3, 3))
    return [("emission, stack folded 64 times / once", f"{taken['64'] / taken['1']:.1f} x", "flat")]
