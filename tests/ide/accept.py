"""Writes the answers of fixtures as they are now: `python -m tests.ide.accept [REQUEST..]`. Read what it changed."""

from __future__ import annotations

import sys

from sharedsl.record import replace
from tests.ide.answers import ANSWERS
from tests.ide.cases import fixtures, place, written


def main(requests: list[str]) -> None:
    for request in requests or ANSWERS:
        for each in fixtures(request):
            cases = tuple(replace(case, answer=ANSWERS[request](place(each, case))) for case in each.cases)
            text = written(replace(each, cases=cases))
            if text != each.path.read_text(encoding="utf-8"):
                each.path.write_text(text, encoding="utf-8")
                print(f"{request}/{each.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
