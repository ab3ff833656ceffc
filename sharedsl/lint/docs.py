"""Writes docs/lints.md: `python -m sharedsl.lint.docs > docs/lints.md`."""

from __future__ import annotations

from sharedsl.lint.rules import all_rules

_HEAD = """# Lint rules

`sharedsl lint specs` says what is legal and will hurt. Each rule is a file in `sharedsl/lint/rules/`; this page is
written from their docstrings (`python -m sharedsl.lint.docs`), and every example is run by a test.

- `--fix` applies the safe fixes, `--fix --unsafe` the others too, `--diff` shows what would change.
- `# sharedsl: ignore[CODE] why` at the end of a line, or on a line of its own above it, silences a rule there;
  `# sharedsl: ignore-file[CODE] why` does in the whole file. A comment that silences nothing is reported.
- `[tool.sharedsl.lint]` in pyproject.toml, or `[lint]` in sharedsl.toml: `select`, `ignore`, `severity` (by code:
  error, warning, info, off) and `limits` ([schema](sharedsl.schema.json)).
- The exit code is 1 where a warning or an error was found; `info` alone leaves it 0.
"""


def page() -> str:
    rules = all_rules()
    lines = [_HEAD, "| rule | default | what it finds |", "|---|---|---|"]
    lines += [f"| [{code}](#{code}) | {rule.severity} | {rule.title} |" for code, rule in rules.items()]
    for code, rule in rules.items():
        lines += ["", f"## {code}", "", f"{rule.title}. Default: {rule.severity}."]
        lines += ["", rule.text] if rule.text else []
        for head, example in (("Found in:", rule.failing), ("Not in:", rule.mended)):
            lines += ["", head, "", "```sdsl", example.strip("\n"), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
