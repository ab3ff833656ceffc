"""`sharedsl` and `python -m sharedsl`. An unchanged file that was checked before is answered at once, from a cache."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 clean, 1 findings, 2 usage or a missing file, 3 a bug of ours."""
    args = sys.argv[1:] if argv is None else argv
    if args[:1] == ["check"]:
        from sharedsl.cli.cache import answer

        code = answer(args)
        if code is not None:
            return code
    from sharedsl.cli.main import run

    return run(args)


if __name__ == "__main__":
    sys.exit(main())
