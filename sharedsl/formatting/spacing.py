"""What stands between two neighbours of one production: nothing, a space, or a space that may become a newline."""

from __future__ import annotations

from typing import Literal

from sharedsl.formatting.tree import Node, Part, first, last

Gap = Literal["none", "space", "break"]

#: lists in brackets of their own that stand right behind what they belong to
_ATTACHED = frozenset({"args", "params", "inputs", "subs"})
#: productions whose parts stand close together
_CLOSE = frozenset({"attribute", "sel", "at", "slice", "seg_at", "seg_subs", "seg_subs_at", "seg_at_subs"})
#: productions whose bracket is not attached: `test (dim = 8)`
_APART = frozenset({"test"})
#: an operator of these may end a line only inside of brackets: at its end it could be a selector's
_STARS = frozenset({"*", "**"})


def gap(parent: str, left: Part, right: Part, inside: bool) -> Gap:
    """Between the children `left` and `right` of a production; `inside` of ( ) or [ ]."""
    before, after = last(left).text, first(right).text
    left_mark = "" if isinstance(left, Node) else left.text
    right_mark = "" if isinstance(right, Node) else right.text
    if left_mark in ("(", "[") or right_mark in (")", "]", ",", "["):
        return "none"
    if left_mark == ",":
        return "break"
    if parent == "unary":
        return "space" if before == "not" else "none"
    if parent == "long_slice":
        return "space"
    if parent in _CLOSE or right_mark == ":":
        return "none"
    if parent == "seg_alternatives":
        return "none"
    if isinstance(right, Node) and right.kind in _ATTACHED and parent not in _APART:
        return "none"
    if parent == "binary" and not right_mark and left_mark:
        return "break" if inside or before not in _STARS else "space"
    if (parent == "pipe" and after == "|>") or after == "->" or (parent == "ternary" and after == "else"):
        return "break"
    if parent == "comprehension" and right_mark in ("for", "if"):
        return "break"
    return "space"


def kind_of(node: Node) -> str:
    """The name of a production; a slice of which a bound is more than a number or a name has room around its colon."""
    if node.kind != "slice":
        return node.kind
    bounds = [each for each in node.children if isinstance(each, Node) or each.text != ":"]
    long = any(isinstance(each, Node) and each.kind in ("binary", "ternary", "pipe") for each in bounds)
    return "long_slice" if long and len(bounds) > 1 else "slice"
