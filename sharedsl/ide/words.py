"""What the words inside of statements mean: clauses, marks, forms of factors, functions that are no operations.

The words that begin items, statements and relations are in `docs`.
"""

from __future__ import annotations

from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Its form, what it does, and for what is called its arguments."""

    form: str
    text: str
    takes: tuple[str, ...] = ()


#: words of relations
CLAUSES: dict[str, Word] = {
    "across": Word("share P across C", "For every element of C, such as the layers of a stack."),
    "along": Word("share P along AXIS", "Slices of one weight along an axis, such as the heads of a projection."),
    "groups": Word("in groups of n, in n groups", "Neighbours form a group: n in each, or n groups in all."),
    "cycle": Word("in cycle of n [reversed]", "Element i is in group i % n; `reversed`: the last turn runs backwards."),
    "reversed": Word("in cycle of n reversed", "The last turn runs backwards: 0 1 0 1 1 0."),
    "except": Word("share P across C except Q", "The paths of Q are left out of this line."),
    "with": Word("with lora(rank = r) [on Q]", "Every element gets a private part beside what it shares."),
    "on": Word("with lora(rank = r) on Q", "Only what Q names gets the private part."),
    "times": Word("fold X n times", "X is applied n times, one run after the other."),
    "rank": Word(
        "factorize S rank r", "The size of the axis in the middle: an m x n weight becomes (m + n) * r numbers."
    ),
    "as": Word("as [0, 1, 1, 0], as tucker(..)", "A list of the groups, or of the order; for factors their form."),
    "extends": Word("sharing name of M extends plan", "The plan begins with what another one comes to."),
    "from": Word("stage NAME from step n", "The training step at which a stage begins."),
    "step": Word("stage NAME from step n", "The training step at which a stage begins."),
    "of": Word("sharing name of Model", "The model that a plan is for, or the size of groups."),
}
#: what may stand behind a weight
MARKS: dict[str, Word] = {
    "frozen": Word("weight w[dim] frozen", "Not trained."),
    "no_decay": Word(
        "weight w[dim] no_decay", "Without weight decay: `module.parameter_groups(weight_decay)` keeps it apart."
    ),
}
#: what a parameter may be
KINDS: dict[str, Word] = {
    "int": Word("n: int", "A whole number; what a parameter is that says nothing."),
    "float": Word("rate: float", "A number, or a tensor of them: `x: float[B, T, dim]`."),
    "bool": Word("causal: bool", "true or false, or a tensor of them: `mask: bool[B, T]`."),
    "list": Word("wide: list", "A list of values that are known when the spec is compiled."),
    "function": Word("act: function", "A function without weights: `gelu`, or one of this file."),
    "layer": Word("norm: layer", "A kind of layer: `LayerNorm`, or a block of this file."),
    "str": Word("mode: str", "A text in quotation marks."),
}
VALUES: dict[str, Word] = {
    "none": Word("none", "Nothing: the default of what may be left out."),
    "true": Word("true", ""),
    "false": Word("false", ""),
    "while": Word("for t in range(n) while any(..) { .. }", "Goes on while it is true, computed before every turn."),
    "else": Word("if E { .. } else { .. }", "Where the condition is false."),
    "in": Word("i in wide, for x in E", "Whether a list has a value; in a loop, what it runs over."),
    "and": Word("a and b", "Both; of tensors, element by element."),
    "or": Word("a or b", "Either; of tensors, element by element."),
    "not": Word("not a", "The opposite."),
    "|>": Word("x |> f(a)", "f(x, a): the value goes into what follows; a stack hands it through all of its layers."),
    "->": Word("forward(..) -> float[B, T, dim]", "What comes out."),
    "@": Word("a @ b", "The matrix product."),
    "**": Word("a ** b", "To the power of."),
    "//": Word("a // b", "Divided and rounded down."),
}
#: the forms that a factorised weight may have
FORMS: dict[str, Word] = {
    "basis": Word("as basis", "The elements mix one basis: each has factors of its own to the left of a shared one."),
    "bank": Word("as bank(k)", "The elements are mixtures of k templates.", ("templates",)),
    "tucker": Word("rank r as tucker", "A core, and a matrix for each axis.", ("rows", "columns")),
    "cp": Word("rank r as cp", "A sum of r rank-one tensors.", ("rows", "columns")),
    "tt": Word("rank r as tt(rows = [..], columns = [..])", "A train of cores.", ("rows", "columns", "order")),
    "kronecker": Word("as kronecker(n)", "A sum of n Kronecker products.", ("count", "left")),
    "monarch": Word("as monarch(n)", "Two block-diagonal matrices of n blocks.", ("count",)),
    "butterfly": Word("as butterfly", "A product of sparse stages; square, a power of two."),
}
#: arguments of forms, private parts and quantities
ARGUMENTS: dict[str, str] = {
    "rank": "the size of the axis in the middle",
    "alpha": "the part is multiplied by alpha / rank",
    "gated": "both factors get a trained number for each of the rank and of the outputs",
    "capped": "lowers the rank where a weight cannot have it; else that is an error",
    "seed": "the numbers that are drawn",
    "inputs": "a number for each input instead of each output",
    "width": "of the bottleneck",
    "rows": "the digits of the outputs side, whose product is its size",
    "columns": "the digits of the inputs side, whose product is its size",
    "order": "which axis comes first in the train",
    "count": "how many terms, or blocks",
    "left": "rows and columns of the left factor",
    "templates": "how many",
    "bits": "of each number",
    "buffers": "whether statistics that are saved count too",
}
#: how those are written that may be left out
DEFAULTS: dict[str, str] = {
    "gated": "gated = false",
    "capped": "capped = false",
    "inputs": "inputs = false",
    "buffers": "buffers = false",
}
#: what quantities of a budget are asked with; run-time sizes come from the model
ASKED: dict[str, tuple[str, ...]] = {"artifact": ("bits",), "sent_bytes": ("buffers",), "sent": ("buffers",)}

#: functions of plans: how a weight reads another one
VIEWS: dict[str, Word] = {
    "detach": Word("detach(S)", "S, through which nothing is learned.", ("w",)),
    "reshape": Word("reshape(S, size, ..)", "The same numbers, in order, with other axes.", ("w", "sizes..")),
    "permute": Word("permute(S, axis, ..)", "The axes in another order; `S.T` for two.", ("w", "axes..")),
    "concat": Word("concat(A, B, axis = 0)", "One behind the other.", ("A", "B", "axis = 0")),
    "repeat": Word("repeat(S, times, axis = 0)", "Every slice so many times.", ("w", "times", "axis = 0")),
    "flip": Word("flip(S, axis = 0)", "An axis backwards.", ("w", "axis = 0")),
    "roll": Word("roll(S, by, axis = 0)", "An axis shifted round.", ("w", "by", "axis = 0")),
    "rot90": Word("rot90(S, times = 1)", "Turned by a quarter, for filters.", ("w", "times = 1")),
    "gather": Word(
        "gather(t, [i in m, j in n], E, .., sign = E)",
        "The weight whose element i, j is the element E of t: one formula for each axis of t.",
        ("w", "[i in m, ..]", "E..", "sign = 1"),
    ),
    "circulant": Word("circulant(t)", "The square whose every row is the one above, shifted by one.", ("w",)),
    "toeplitz": Word("toeplitz(t, rows, columns)", "One number for each diagonal.", ("w", "rows", "columns")),
    "hankel": Word("hankel(t, rows, columns)", "One number for each counter-diagonal.", ("w", "rows", "columns")),
    "hashed": Word(
        "hashed(t, rows, columns, seed = 1)",
        "Every element is one of t, chosen and signed by a hash.",
        ("w", "rows", "columns", "seed = 1"),
    ),
    "hash": Word("hash(seed, i, ..)", "A whole number that looks random, equal for equal arguments.", ("seed", "i..")),
}
#: functions of values that are known when the spec is compiled
COMPTIME: dict[str, Word] = {
    "range": Word(
        "range(n), range(from, to, step)",
        "The whole numbers from 0, or `from`, to below the end.",
        ("bounds..",),
    ),
    "len": Word("len(list)", "How many entries a list has, or layers a stack.", ("list",)),
    "zip": Word(
        "zip(a, b, ..)", "The first of each, then the second: `for norm, mlp in zip(norms, mlps)`.", ("lists..",)
    ),
    "enumerate": Word("enumerate(list)", "Each entry with its number: `for i, layer in enumerate(layers)`.", ("list",)),
    "min": Word("min(a, b, ..)", "The least.", ("numbers..",)),
    "max": Word("max(a, b, ..)", "The greatest.", ("numbers..",)),
    "sum": Word("sum(list)", "Of a list.", ("list",)),
    "reversed": Word("reversed(list)", "From last to first.", ("list",)),
    "sorted": Word("sorted(list)", "From least to greatest.", ("list",)),
    "sqrt": Word("sqrt(x)", "The square root, a float.", ("x",)),
    "exp": Word("exp(x)", "e to the power of x.", ("x",)),
    "log": Word("log(x)", "The natural logarithm.", ("x",)),
    "ceil": Word("ceil(x)", "The next whole number above.", ("x",)),
    "floor": Word("floor(x)", "The next whole number below.", ("x",)),
    "round": Word("round(x)", "The nearest whole number.", ("x",)),
    "abs": Word("abs(x)", "Without its sign.", ("x",)),
    "index": Word("index(list, value)", "Where a value stands in a list.", ("list", "value")),
}
#: functions of forwards that are no operations on tensors
FORWARD: dict[str, Word] = {
    "scan": Word(
        "scan(cell, x, along = T)",
        "The cell at every position of the axis T, handing its states on; `reverse = true`: from last to first.",
        ("cell", "x", "more..", "along", "reverse = false"),
    ),
    "zip": COMPTIME["zip"],
    "enumerate": COMPTIME["enumerate"],
    "range": COMPTIME["range"],
    "len": COMPTIME["len"],
}
#: names behind a weight that mean its parts
PARTS: dict[str, str] = {
    "u": "the left factor",
    "v": "the right factor",
    "core": "the core of a Tucker form; `core0`, `core1`, .. of a train",
    "a": "the left factors of Kronecker products",
    "b": "the right factors of Kronecker products",
    "left": "the left blocks of a monarch",
    "right": "the right blocks of a monarch",
    "lora": "an adaptation: `lora.a`, `lora.b`",
    "magnitude": "the lengths of the rows, of dora",
    "scale": "the numbers of a private scale",
}
