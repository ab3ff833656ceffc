"""The parse table: without conflicts, and cached where that is possible."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sharedsl.syntax import build_expressions, build_items, build_plans, table

GRAMMAR = (Path(__file__).parents[2] / "grammar" / "sharedsl.lark").read_text()


def test_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    import lark

    # Lark settles shift/reduce conflicts without a word, except in its debug log
    with caplog.at_level(logging.DEBUG, logger=lark.logger.name):
        lark.logger.propagate = True
        lark.Lark(GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=True, debug=True)
    assert "onflict" not in caplog.text


def test_every_production_has_a_builder() -> None:
    builders = {**build_expressions.BUILDERS, **build_items.BUILDERS, **build_plans.BUILDERS}
    used = {rule.build for rule in table.load_table().rules} - {"", "_"}
    assert used == set(builders)


def test_no_rule_matches_the_empty_text() -> None:
    assert all(rule.size > 0 for rule in table.load_table().rules)


PROGRAM = """
import sys
from sharedsl.source import SourceFile
from sharedsl.syntax import parse
tree, problems = parse(SourceFile("x", "model A() {}"))
assert len(tree.items) == 1 and not problems
print("lark" in sys.modules)
"""


def run(cache: Path) -> str:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout.strip()


def test_the_second_process_needs_no_lark(tmp_path: Path) -> None:
    assert run(tmp_path) == "True"
    assert run(tmp_path) == "False"
    assert [path.name.startswith("grammar-") for path in (tmp_path / "sharedsl").iterdir()] == [True]


def test_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    run(tmp_path)
    [cached] = (tmp_path / "sharedsl").iterdir()
    cached.write_bytes(cached.read_bytes()[:1000])
    assert run(tmp_path) == "True"
    assert run(tmp_path) == "False"


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert run(tmp_path / "file") == "True"
