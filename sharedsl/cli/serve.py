"""Show a spec as a page that follows the file: what shares which weights, the budget, the plans, the code."""

from __future__ import annotations

import argparse
import os
import sys

from sharedsl.cli import session
from sharedsl.cli.terminal import Usage, paint, say, write

EXAMPLES = """examples:
  sharedsl serve model.sdsl                opens the page, which changes whenever the file is saved
  sharedsl serve model.sdsl --port 8642    at a port of your choice
  sharedsl serve model.sdsl --no-open      only prints the address

The page can be reached from this machine alone. Ctrl-C ends it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="SPEC", help="a spec")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="the port (default: any free one)")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")


def run(options: argparse.Namespace) -> int:
    from sharedsl.serve.server import Server, port_taken

    if not os.path.isfile(options.path):
        raise Usage(f"there is no file {options.path}")
    if not 0 <= options.port <= 65535:
        raise Usage(f"a port is a number from 0 to 65535, not {options.port}")
    try:
        server = Server(options.path, options.port)
    except OSError as problem:
        found = session.Findings()
        found.add([port_taken(options.port, problem)])
        return found.report()
    p = paint()
    write(f"{options.path} at {p(server.address, 'bold')}\n")
    sys.stdout.flush()
    say("following the file; Ctrl-C ends")
    if not options.no_open:
        _open(server.address)
    try:
        server.run()
    except KeyboardInterrupt:
        say("ended")
    return 0


def _open(address: str) -> None:
    """In the browser of the desktop, where there is one: a browser in the terminal would take it over."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    import webbrowser

    try:
        webbrowser.open(address)
    except webbrowser.Error:
        say("no browser could be opened")
