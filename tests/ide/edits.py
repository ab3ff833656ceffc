"""Random edits of specs, such as people make: lines moved, cut, doubled, words changed, brackets lost, text typed."""

from __future__ import annotations

import random
import re

_WORDS = re.compile(r"[A-Za-z_]\w*|\d+")
_PIECES = (
    " ", "\n", "{", "}", "(", ")", ",", "=", "*", "x", "layer a = Linear(4, 4)\n", "model New(dim = 4) {\n", "# note\n",
    "share * across layers\n", "\nbuild Extra = Nothing()\n", "\nblock Part(dim) {\n}\n", '"', "😀", "dim", "🙂 = 1",
)  # fmt: skip


def edit(text: str, rng: random.Random) -> str:
    """The text after one edit."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    match rng.randrange(10):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[rng.randrange(len(lines))])
        case 2:
            lines.insert(rng.randrange(len(lines)), lines.pop(at))
        case 3 | 4 | 5:
            words = [match.span() for match in _WORDS.finditer(text)]
            if len(words) > 1:
                (low, high), (start, end) = rng.choice(words), rng.choice(words)
                return text[:low] + text[start:end] + text[high:]
        case 6 | 7:
            place = rng.randrange(len(text) + 1)
            return text[:place] + rng.choice(_PIECES) + text[place:]
        case 8:
            place = rng.randrange(len(text) + 1)
            return text[:place] + text[place + rng.randrange(1, 12) :]
        case _:
            lines[at] = lines[at] + rng.choice(("  # why", " ", " x"))
    return "\n".join(lines)
