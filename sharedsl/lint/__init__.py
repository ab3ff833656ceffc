"""Lint: what is legal and will hurt. `lint(analysis, settings)` is the door; a rule is a file in `rules/`."""

from sharedsl.lint.fixes import apply
from sharedsl.lint.runner import lint
from sharedsl.lint.settings import Limits, Settings

__all__ = ["Limits", "Settings", "apply", "lint"]
