"""The live view: a page on this machine that follows a spec. `view` is what it shows of a build, as plain data."""

from sharedsl.serve.view import view

__all__ = ["view"]
