"""Whatever is on disk becomes a text or one diagnostic."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax import parse, read_source
from sharedsl.syntax.read import MAX_BYTES


def read(folder: Path, data: bytes) -> SourceFile | Diagnostic:
    path = folder / "a.sdsl"
    path.write_bytes(data)
    return read_source(str(path))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfmodel A() {}", "model A() {}"),
        (b"a\r\nb", "a\r\nb"),
        ("# ü → 𝔸".encode(), "# ü → 𝔸"),
        (b"a\0b", "a\0b"),
    ],
)
def test_text(tmp_path: Path, data: bytes, text: str) -> None:
    source = read(tmp_path, data)
    assert isinstance(source, SourceFile)
    assert source.text == text
    parse(source)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"model\n\xff\xff", "not-utf8", "line 2"),
        ("model".encode("utf-16"), "not-utf8", "UTF-16"),
        (b"a" * (MAX_BYTES + 1), "file-too-big", "2 MB"),
    ],
)
def test_refused(tmp_path: Path, data: bytes, code: str, words: str) -> None:
    problem = read(tmp_path, data)
    assert isinstance(problem, Diagnostic)
    assert problem.code == code
    assert words in problem.message


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path, Path(f"{tmp_path}\0"), tmp_path / ("n" * 1000)):
        problem = read_source(str(path))
        assert isinstance(problem, Diagnostic)
        assert problem.code == "no-file"
