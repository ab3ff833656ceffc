"""The formatter: a spec in the one style. The door is `format_source`.

It prints the tokens of a text anew and never the tree alone, so that parentheses and comments stay where they are.
Before a text leaves it is read again: a tree or a row of comments that is not the same is a bug of ours.
"""

from sharedsl.formatting.door import Formatted, format_source, kept_in_style

__all__ = ["Formatted", "format_source", "kept_in_style"]
