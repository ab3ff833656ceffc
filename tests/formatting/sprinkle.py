"""Comments put into a text wherever one may stand."""

from __future__ import annotations

import random

from sharedsl.source import SourceFile
from sharedsl.syntax import parse
from sharedsl.syntax.lexer import tokenize

WORDS = ("c", "why", "  spaced", "#", "TODO: later", "ünï → {x}", '"quoted"', "x = f(a,")


def sprinkle(text: str, seed: int, most: int = 6) -> str:
    """The text with comments at some of its gaps; each kept only where the text still means the same."""
    draw = random.Random(seed)
    tree, problems = parse(SourceFile("x", text))
    assert not problems
    for number in range(draw.randint(1, most)):
        tokens, _ = tokenize(text, "x")
        places = sorted({0, len(text), *(token.start for token in tokens), *(token.end for token in tokens)})
        at = draw.choice(places)
        comment = f"#{draw.choice(('', ' '))}{draw.choice(WORDS)} {number}{draw.choice(('', '  '))}"
        around = (draw.choice(("", " ", "\n", "\n\n", "\n    ")), draw.choice(("\n", "\n\n", "\n      ", "\n\n\n")))
        changed = text[:at] + around[0] + comment + around[1] + text[at:]
        again, problems = parse(SourceFile("x", changed))
        if not problems and again == tree:
            text = changed
    return text
