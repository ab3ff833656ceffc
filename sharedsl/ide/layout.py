"""Whether two texts of an item differ in blanks and comments only, and where its tokens are in each.

Only what stands between statements may differ: what is inside of one is quoted in messages as it is written.
"""

from __future__ import annotations

from sharedsl.syntax.lexer import Token, tokenize


def laid(old: str, new: str) -> tuple[list[int], list[int]] | None:
    """Where the tokens begin in each text, the ends of statements left out; None where the texts say something else."""
    before, after = _tokens(old), _tokens(new)
    if before is None or after is None or len(before) != len(after):
        return None
    starts: tuple[list[int], list[int]] = ([], [])
    free, low, high = True, 0, 0
    for one, other in zip(before, after, strict=True):
        if one.type != other.type:
            return None
        if one.type == "_NL":
            free = True
            continue
        if one.text != other.text or not (free or old[low : one.start] == new[high : other.start]):
            return None
        starts[0].append(one.start)
        starts[1].append(other.start)
        free, low, high = False, one.end, other.end
    return starts


def _tokens(text: str) -> list[Token] | None:
    found, problems = tokenize(text, "")
    while found and found[-1].type == "_NL":
        found.pop()
    return found if not problems else None
