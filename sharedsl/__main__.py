"""`sharedsl` and `python -m sharedsl`. An unchanged file that was checked before is answered at once, from a cache."""

from __future__ import annotations

import gc
import sys

#: verbs that run modules, whose garbage is large, and those that stay
COLLECTING = ("verify", "inspect", "lsp", "serve")


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 clean, 1 findings, 2 usage or a missing file, 3 a bug of ours."""
    if argv is None:
        return _process(sys.argv[1:])
    return _answer(argv)


def _process(args: list[str]) -> int:
    """A process of its own: what it makes stays until it ends, so nothing is gained by looking for garbage."""
    if args and (args[0] in COLLECTING or "--watch" in args):
        return _answer(args)
    gc.disable()
    try:
        return _answer(args)
    finally:
        gc.freeze()


def _answer(args: list[str]) -> int:
    if args[:1] == ["check"]:
        from sharedsl.cli.cache import answer

        code = answer(args)
        if code is not None:
            return code
    from sharedsl.cli.main import run

    return run(args)


if __name__ == "__main__":
    sys.exit(main())
