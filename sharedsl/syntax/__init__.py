"""Text to tree and back: the lexer, the parser with its recovery, the tree, and its printer."""

from sharedsl.syntax import ast
from sharedsl.syntax.document import parse
from sharedsl.syntax.read import decode_source, read_source

__all__ = ["decode_source", "parse", "print_file", "read_source"]


def print_file(file: ast.File) -> str:
    """The tree as text again, in the one style: `parse(print_file(file))` is `file`. Ordinary comments are not kept."""
    from sharedsl.syntax import printer  # most commands never print a tree

    return printer.print_file(file)
