"""`%%sharedsl` in a plain IPython shell: builds as objects, budgets as HTML, mistakes as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython")

SPEC = """\
model Mlp(inputs = 6, dim = 8) {
  layer up   = Linear(inputs, dim)
  layer down = Linear(dim, inputs)
  forward(x: float[B, inputs]) -> float[B, inputs] { return x |> up |> relu |> down }
}
sharing tied of Mlp { tie down.weight = up.weight.T }
build Small = Mlp() with tied { budget params == 62 }
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    from traitlets.config import Config

    # no history: its file would be gone when the process ends
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_line_magic("load_ext", "sharedsl.notebook")
    yield shell
    shell.run_line_magic("unload_ext", "sharedsl.notebook")
    assert "sharedsl" not in shell.magics_manager.magics["cell"]
    InteractiveShell.clear_instance()


def run(shell: Any, line: str, cell: str) -> tuple[Any, list[str]]:
    """What the cell gives, and the HTML that it shows."""
    from IPython.utils.capture import capture_output

    with capture_output() as shown:
        result = shell.run_cell_magic("sharedsl", line, cell)
    return result, [each.data.get("text/html", "") for each in shown.outputs]


def test_builds_become_objects(shell: Any) -> None:
    result, shown = run(shell, "--name specs", SPEC)
    assert not shown
    assert result is shell.user_ns["specs"] and list(result) == ["Small"]
    html = result._repr_html_()
    assert "<table" in html and "Small" in html and "62" in html
    assert "62 stored" in repr(result)


def test_the_module_runs(shell: Any) -> None:
    import torch

    run(shell, "", SPEC)
    module = shell.user_ns["builds"]["Small"].module(dim=4)
    assert module(torch.zeros(2, 6)).shape == (2, 6)


def test_mistakes_are_shown_with_their_place(shell: Any) -> None:
    result, (html,) = run(shell, "", SPEC.replace("Linear(inputs, dim)", "Liner(inputs, dim)"))
    assert result is None and "builds" not in shell.user_ns
    assert 'class="sharedsl-error"' in html and "Liner" in html and "builds.sdsl:2:" in html
    assert "<script" not in html and "&lt;" not in html.split("<pre")[0]


def test_text_of_a_spec_is_no_markup(shell: Any) -> None:
    _, (html,) = run(shell, "", 'import "<b>x</b>" { A }\n')
    assert "<b>x" not in html and "&lt;b&gt;x" in html


def test_broken_budget(shell: Any) -> None:
    result, (html,) = run(shell, "", SPEC.replace("62", "61"))
    assert result is None and "61" in html and "sharedsl-error" in html


def test_imports_are_beside_the_notebook(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "parts.sdsl").write_text(SPEC.split("sharing")[0].replace("model", "block"))
    cell = (
        'import "parts" { Mlp }\nmodel Two() {\n  layer a = Mlp(6, 3)\n'
        "  forward(x: float[B, 6]) -> float[B, 6] { return a(x) }\n}\nbuild B2 = Two()\n"
    )
    result, shown = run(shell, "", cell)
    assert not shown and list(result) == ["B2"]


@pytest.mark.parametrize("line", ["--nam", "--name", "--name 2x", "--name '", "stray"])
def test_wrong_line(shell: Any, line: str) -> None:
    from sharedsl.notebook import UsageError

    with pytest.raises(UsageError, match="%%sharedsl"):
        shell.run_cell_magic("sharedsl", line, SPEC)


def test_quiet(shell: Any) -> None:
    result, shown = run(shell, "-q -n b", SPEC)
    assert result is None and not shown and list(shell.user_ns["b"]) == ["Small"]
