"""Serve editors over standard input and output, by the Language Server Protocol."""

from __future__ import annotations

import argparse

from sharedsl.cli.terminal import Usage

EXAMPLES = """examples:
  sharedsl lsp                     an editor starts it; docs/editors.md says how

It needs pygls: pip install "sharedsl[lsp]"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stdio", action="store_true", help="the only way there is, and the default")


def run(options: argparse.Namespace) -> int:
    try:
        import pygls  # noqa: F401
    except ImportError:
        raise Usage('the language server needs pygls: pip install "sharedsl[lsp]"') from None
    from sharedsl.lsp.server import main

    main()
    return 0
