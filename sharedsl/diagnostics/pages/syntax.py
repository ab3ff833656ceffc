"""Codes of reading: files, characters, numbers, brackets, statements."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page

PAGES = (
    Page(
        "syntax",
        "the text does not have the form of a spec",
        """The message says what was expected and what was found. Reading goes on behind the mistake, so several are
        reported in one run. Items (import, block, model, function, sharing, build, extern) begin at the start of a
        line; a newline ends a statement, except inside ( ) and [ ], after a comma or an operator, and before `else`
        and `|>`.""",
        """
model M(dim = 8) {
  layer first = Linear(dim, dim
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
        """
model M(dim = 8) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
    ),
    Page(
        "bad-character",
        "a character that means nothing in a spec",
        """Names are made of letters, digits and underscores of ASCII. Quotes and dashes that a word processor has made
        round or long are the usual cause; the fix puts the plain ones in.""",
        """
model M(dim = 8) {
  layer first = Linear(dim, dim) ;
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
        """
model M(dim = 8) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
    ),
    Page(
        "bad-number",
        "a number with letters that are no unit",
        """Numbers are written `30_000`, `12M`, `1e-5`, `16MB`, `2GiB`. The units are k, M, G and T, with B or iB behind
        them for bytes; a bare B is none.""",
        """
model M(dim = 8q) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
        """
model M(dim = 8k) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
    ),
    Page(
        "number-too-big",
        "a whole number above 10^18",
        "Sizes and counts are exact integers up to 10^18.",
        """
model M(dim = 10_000_000_000_000_000_000) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
        """
model M(dim = 10_000) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
""",
    ),
    Page(
        "unterminated-string",
        "a text without its closing quote",
        'Texts stand between two `"` on one line.',
        """
import "std/transformer { DecoderLayer }
""",
        """
import "std/transformer" { DecoderLayer }
""",
    ),
    Page(
        "nesting-too-deep",
        "brackets or blocks inside each other more than 100 deep",
        "No spec that people read nests like this. Name the inner parts, or declare blocks for them.",
    ),
    Page("no-file", "the file cannot be read", "It does not exist, is a folder, or its permissions forbid it."),
    Page("port-taken", "the page cannot be served at this port", "Another program has it, or it needs more rights."),
    Page("not-utf8", "the file is not UTF-8 text", "Specs are UTF-8. Save the file again in that encoding."),
    Page(
        "file-too-big", "the file is larger than any spec", "There is a limit so that a wrong path cannot stall a run."
    ),
)
