"""What the verbs are given: paths to specs, and settings such as `dim=1024`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sharedsl.cli.cache import found_in
from sharedsl.cli.terminal import Usage


def specs(paths: Sequence[str]) -> list[str]:
    """The specs that paths name: files as they are, folders with all specs below them, `-` for standard input."""
    found: dict[str, None] = {}
    for path in paths:
        if path == "-" or os.path.isfile(path):
            found[path] = None
        elif os.path.isdir(path):
            below = found_in(path)
            if not below:
                raise Usage(f"there are no .sdsl files in {path}")
            found.update(dict.fromkeys(below))
        else:
            raise Usage(f"there is no file or folder {path}" + _guess(path))
    return list(found)


def _guess(path: str) -> str:
    """A file of nearly that name."""
    from sharedsl.diagnostics.nearest import nearest

    folder = os.path.dirname(path)
    try:
        names = [name for name in os.listdir(folder or ".") if name.endswith(".sdsl")]
    except OSError:
        return ""
    name = os.path.basename(path)
    guess = nearest(name, names) or nearest(name + ".sdsl", names)
    return f"; did you mean {os.path.join(folder, guess)}?" if guess else ""


def numbers(settings: Sequence[str], option: str) -> dict[str, int]:
    """`["dim=1024,heads=16", "depth=24"]` as a dict. Values are whole numbers as the language writes them."""
    found: dict[str, int] = {}
    for setting in settings:
        for part in setting.split(","):
            part = part.strip()
            if not part:
                continue
            name, equals, text = (piece.strip() for piece in part.partition("="))
            if not equals or not name.isidentifier():
                raise Usage(f"{option} wants NAME=NUMBER, such as {option} dim=1024, not `{part}`")
            found[name] = _number(text, part, option)
    return found


def _number(text: str, part: str, option: str) -> int:
    units = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    factor = units.get(text[-1:], 1)
    digits = text[:-1] if factor > 1 else text
    try:
        return int(digits) * factor if factor == 1 else round(float(digits) * factor)
    except ValueError:
        hint = "; sizes are separated by commas" if "=" in text else ""
        raise Usage(f"{option} wants a whole number in `{part}`{hint}") from None
