"""Tell what a diagnostic code means, with an example that gives it and the same example mended."""

from __future__ import annotations

import argparse
import json
import textwrap

from sharedsl.cli.terminal import Usage, columns, paint, write
from sharedsl.diagnostics.codes import Page, pages

EXAMPLES = """examples:
  sharedsl explain cycle-scale
  sharedsl ls codes
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="a code, as in error[CODE]")
    parser.add_argument("--json", action="store_true", help="print the page as JSON")


def run(options: argparse.Namespace) -> int:
    from sharedsl.lint.rules import pages as rules

    known = pages() | rules()
    code = options.code.strip("[]")
    if code not in known:
        from sharedsl.diagnostics.nearest import nearest

        guess = nearest(code, known)
        hint = f"; did you mean `{guess}`?" if guess else "; `sharedsl ls codes` lists them"
        raise Usage(f"there is no code `{code}`{hint}")
    page = known[code]
    if options.json:
        fields = {
            "code": page.code,
            "title": page.title,
            "text": page.text,
            "failing": page.failing,
            "mended": page.mended,
        }
        write(json.dumps(fields, indent=2, ensure_ascii=False) + "\n")
    else:
        write(render(page))
    return 0


def render(page: Page) -> str:
    p = paint()
    wide = min(columns(), 88)
    lines = [p(page.code, "error") + p(f": {page.title}", "bold"), ""]
    for paragraph in page.text.strip().split("\n\n"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), wide), ""]
    for head, example in (("gives it:", page.failing), ("mended:", page.mended)):
        if example:
            lines += [p(head, "bold"), "", *(f"    {line}".rstrip() for line in example.strip("\n").split("\n")), ""]
    return "\n".join(lines)
