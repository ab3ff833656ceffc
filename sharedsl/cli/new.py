"""Write a commented spec to start from. It compiles as it is."""

from __future__ import annotations

import argparse
import os

from sharedsl.cli.options import add_choice
from sharedsl.cli.terminal import Usage, write

EXAMPLES = """examples:
  sharedsl new model.sdsl
  sharedsl new specs/tiny.sdsl --from gpt2
"""

TEMPLATES = ("mlp", "albert", "gpt2", "llama", "conv")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="NAME", help="the file to write; .sdsl is added where it has no ending")
    add_choice(parser, "--from", of=TEMPLATES, default="mlp", metavar="MODEL", help="what to start from")


def run(options: argparse.Namespace) -> int:
    path = _spec(options.path)
    text = template(getattr(options, "from"))
    folder = os.path.dirname(path)
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Usage(f"{path} exists already; nothing was written") from None
    except OSError as problem:
        raise Usage(f"{path} cannot be written: {problem.strerror}") from None
    write(f"wrote {path}\n\nnext:\n  sharedsl check {path}\n  sharedsl budget {path}\n  sharedsl compile {path}\n")
    return 0


def _spec(name: str) -> str:
    """The file to write. `w.py` would be taken for a module, and no verb would find it in a folder."""
    stem, ending = os.path.splitext(name)
    if ending not in ("", ".sdsl"):
        raise Usage(f"a spec is a .sdsl file, and {name} is none; write `sharedsl new {stem}.sdsl`")
    return stem + ".sdsl"


def template(name: str) -> str:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
    with open(os.path.join(folder, f"{name}.sdsl"), encoding="utf-8") as file:
        return file.read()
