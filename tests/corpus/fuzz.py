"""Broken specs, made from whole ones by random edits."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

SPECS = Path(__file__).parents[2] / "specs"
_TOKEN = re.compile(r'\s+|"[^"\n]*"|#[^\n]*|\w+|\|>|->|//|\*\*|[<>=!]=|@(?:\d+|\*)|.', re.DOTALL)
_SPICE = (
    *"{}[]()=,.|:*@#\"'-+/%<>!?;\\\t\0\x7f", "\n", "\r\n", "|>", "->", "**", "//", "@*", "@7", "...", "model", "block",
    "layer", "weight", "forward", "return", "sharing", "build", "share", "tie", "fold", "factorize", "across", "along",
    "with", "except", "in", "groups", "of", "cycle", "times", "as", "for", "if", "else", "while", "none", "true", "0",
    "-1", "1e308", "1e999", "10**18", "999999999999999999", "12B", "0.5", "é", "\u202e", "\U0001f600", "import", "init",
    "dim", "heads", "depth", "layers", "embed", "range", "scan", "einsum", "state", "buffer", "incremental", "require",
    "adapt", "reuse", "stage", "local", "from step", "untie", "freeze", "gather", "hashed", "circulant", "once", "rank",
    "as tt", "as tucker", "as cp", "as kronecker(2)", "as monarch(2)", "as butterfly", "lora(rank = 2)", "vera", "dora",
    "adapter(width = 2)", "reverse", "any", "stop_gradient", "hash", "digits", "cap", "steps", "%",
)  # fmt: skip


def specs() -> list[tuple[str, str]]:
    """Every spec of the library: its path and its text."""
    return [(str(path), path.read_text()) for path in sorted(SPECS.rglob("*.sdsl"))]


def mutated(text: str, random: Random) -> str:
    """One to six edits of tokens or characters."""
    by_token = random.random() < 0.7
    parts = _TOKEN.findall(text) if by_token else list(text)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        _edit(parts, random)
    return "".join(parts)


def _edit(parts: list[str], random: Random) -> None:
    at = random.randrange(len(parts))
    way = random.randrange(6)
    if way == 0:
        del parts[at]
    elif way == 1:
        parts.insert(at, parts[at])
    elif way == 2:
        other = random.randrange(len(parts))
        parts[at], parts[other] = parts[other], parts[at]
    elif way == 3:
        parts.insert(at, random.choice(_SPICE))
    elif way == 4:
        parts[at] = random.choice(_SPICE)
    else:
        del parts[at : at + random.randrange(1, 30)]
    if not parts:
        parts.append("\n")


def rearranged(text: str, random: Random) -> str:
    """Whole lines deleted, doubled, moved."""
    lines = text.split("\n")
    for _ in range(random.randrange(1, 4)):
        at, to = random.randrange(len(lines)), random.randrange(len(lines))
        line = lines[at]
        if random.random() < 0.6:
            del lines[at]
        if random.random() < 0.6:
            lines.insert(min(to, len(lines)), line)
    return "\n".join(lines)


def random_bytes(random: Random) -> bytes:
    return random.randbytes(random.randrange(1, 4000))
