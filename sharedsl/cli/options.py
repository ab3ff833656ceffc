"""What verbs take alike: specs, the form in which findings are printed; what was meant by a word that is unknown."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable

from sharedsl.diagnostics.forms import FORMS


def add_specs(parser: argparse.ArgumentParser, *, needed: bool = False) -> None:
    """Specs and folders; where none are needed, those of this folder."""
    told = "specs, or folders of specs; - is standard input"
    if needed:
        parser.add_argument("paths", nargs="+", metavar="PATH", help=told)
    else:
        parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help=told)


def add_form(parser: argparse.ArgumentParser) -> None:
    """How findings are printed; `--format` for short."""
    add_choice(parser, "--output-format", "--format", of=FORMS, default="full", metavar="FORM", help="tell findings as")


def add_choice(
    parser: argparse.ArgumentParser, *names: str, of: Iterable[str], metavar: str, help: str, default: str | None = None
) -> None:
    """An argument that is one of some words. A word that is nearly one of them is answered with that one."""
    known = list(of)
    told = f"{help}: {', '.join(known)}" + (f" ({default})" if default else "")
    parser.add_argument(*names, default=default, type=_one_of(known), metavar=metavar, help=told)


def _one_of(known: list[str]) -> Callable[[str], str]:
    def read(word: str) -> str:
        if word not in known:
            raise argparse.ArgumentTypeError(f"there is no `{word}`{meant(word, known)}")
        return word

    return read


def meant(word: str, known: list[str]) -> str:
    """`; did you mean ..?` or what there is."""
    from sharedsl.diagnostics.nearest import nearest

    near = nearest(word, known)
    if near:
        return f"; did you mean `{near}`?"
    shown = ", ".join(known[:12]) + (", .." if len(known) > 12 else "")
    return f"; there is {shown}" if known else ""


def parse(parser: argparse.ArgumentParser, args: list[str]) -> argparse.Namespace:
    """The options. One that is unknown is answered with the one that was probably meant."""
    options, rest = parser.parse_known_args(args)
    if rest:
        known = sorted(set(re.findall(r"--[a-z][\w-]+", parser.format_help())))
        said = [f"`{each}`" + (meant(each.partition("=")[0], known) if each.startswith("--") else "") for each in rest]
        parser.error(f"it takes no {', no '.join(said)}")
    return options
