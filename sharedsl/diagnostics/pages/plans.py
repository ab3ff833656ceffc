"""Codes of plans: contradictions between lines, and lines that name nothing."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import layer, plan

_ONE_BY_ONE = """model Toy(dim = 8) {
  layer layers = Linear(dim, dim) * 3
  forward(x: float[B, dim]) -> float[B, dim] { return layers[2](layers[1](layers[0](x))) }
}
sharing folded of Toy { PLAN }
build Built = Toy() with folded
"""

PAGES = (
    Page(
        "no-site",
        "a selector names nothing",
        """Paths begin at the model's layers; `*` stands for one step, `**` for any number, `layers[*]` for all elements
        of a stack. The message says which step was not found.""",
        plan("tie head.wieght = layers[0].weight"),
        plan("tie head.weight = layers[0].weight"),
    ),
    Page(
        "no-axis",
        "a weight has no axis of that name",
        "Axes are called by their label or lone name; those of `Linear(a, [heads, head_dim])` are heads, head_dim.",
        plan("share head.weight along heads"),
        plan("share head.weight along outputs"),
    ),
    Page(
        "cycle-scale",
        "round a circle of ties, a weight is a multiple of itself",
        """Each line says that two weights are equal up to a constant. Round a circle the constants must come to 1, or
        the weight could only be zero.""",
        plan("tie layers[0].weight = 2 * layers[1].weight", "tie layers[1].weight = 2 * layers[0].weight"),
        plan("tie layers[0].weight = 2 * layers[1].weight"),
    ),
    Page(
        "self-view",
        "round a circle of ties, a weight is a view of itself",
        """It would have to equal its own transpose, slice or rotation. Only `along` may equate elements of one
        weight.""",
        plan("tie layers[0].weight = layers[1].weight.T", "tie layers[1].weight = layers[0].weight"),
        plan("tie layers[0].weight = layers[1].weight.T"),
    ),
    Page(
        "cycle-definition",
        "a weight is defined through itself",
        "A weight that is computed from factors cannot be one of its own factors, directly or through other lines.",
        plan("factorize layers[0].weight rank 8", "tie layers[0].weight.u = layers[0].weight"),
        plan("factorize layers[0].weight rank 8", "tie layers[0].weight.u = layers[0].weight.v.T"),
    ),
    Page(
        "private-but-equal",
        "weights with private parts are equated as a whole",
        """`with lora`, `diagonal` or `scale` gives every element of its line a private part; the line then equates what
        remains without them. Another line that makes the whole weights equal leaves no room for the parts.""",
        plan("share * across layers with lora(rank = 2) on weight", "tie layers[0].weight = layers[1].weight"),
        plan("share * across layers with lora(rank = 2) on weight"),
    ),
    Page(
        "two-definitions",
        "a weight is given two definitions",
        "Equal weights are one storage, and that has one factorisation, one adaptation and one initialiser at most.",
        plan("factorize head.weight rank 2", "factorize head.weight rank 3"),
        plan("factorize head.weight rank 2"),
    ),
    Page(
        "not-whole-storage",
        "a definition for a part of a storage",
        """`factorize` and `freeze` mean a whole storage. Here lines have put parts of several weights into one storage,
        or the weight named reads a part only.""",
        plan(
            "tie head.weight[inputs = 0:4] = layers[0].weight[inputs = 0:4]",
            "factorize head.weight rank 2",
        ),
        plan("tie head.weight = layers[0].weight", "factorize head.weight rank 2"),
    ),
    Page(
        "not-a-box",
        "the parts that are equal do not make blocks",
        """Weights are put together from rectangular slices. These lines tie elements in another pattern, which no
        storage of its own shape holds.""",
        plan("tie head.weight[inputs = 0:4] = layers[0].weight[inputs = 0:8:2]"),
        plan("tie head.weight[inputs = 0:4] = layers[0].weight[inputs = 4:8]"),
    ),
    Page(
        "two-along",
        "two lines share slices of one weight along an axis",
        "A weight has at most one `along`.",
        plan(
            "share layers[0].weight along outputs in groups of 2",
            "share layers[0].weight along outputs in groups of 4",
        ),
        plan("share layers[0].weight along outputs in groups of 4"),
    ),
    Page(
        "two-private-parts",
        "two lines give one weight private parts",
        "A weight has the private parts of one line.",
        plan(
            "share * across layers with lora(rank = 2) on weight",
            "share * across layers with scale on weight",
        ),
        plan("share * across layers with lora(rank = 2) on weight"),
    ),
    Page(
        "fold-twice",
        "one layer or stack is folded by two lines",
        "Folds nest by inclusion; of one and the same thing there is one.",
        plan("fold layers 2 times", "fold layers 3 times"),
        plan("fold layers 6 times"),
    ),
    Page(
        "fold-overlap",
        "two folds overlap without one holding the other",
        "Folds nest like parentheses: of two, one must lie inside the other, or they have nothing in common.",
        plan("fold layers[0:3] 2 times", "fold layers[2:4] 2 times"),
        plan("fold layers[0:2] 2 times", "fold layers[2:4] 2 times"),
    ),
    Page(
        "fold-nothing",
        "what is folded is not applied in that way",
        "A fold repeats what `forward` applies as one: a layer, a stack, a slice of one.",
        _ONE_BY_ONE.replace("PLAN", "fold layers[0:2] 2 times"),
        _ONE_BY_ONE.replace("PLAN", "fold layers[1] 2 times"),
    ),
    Page(
        "missing-in-element",
        "a path that some element of the collection does not have",
        "`share P across C`: every element of C must have every path of P, with one shape.",
        plan("share bias across layers, head"),
        plan("share weight across layers, head"),
    ),
    Page(
        "bad-map",
        "a grouping that does not fit",
        """`in groups of n` wants an n that divides the number of elements, `in n groups` and `in cycle of n` at most as
        many as there are, `as LIST` a label for each.""",
        plan("share * across layers in groups of 3"),
        plan("share * across layers in groups of 2"),
    ),
    Page(
        "init-not-owner",
        "an initialiser for a weight that does not own its storage",
        "The storage begins as its owner says; the message names the owner.",
        plan("tie head.weight = layers[0].weight", "init head.weight = zeros()"),
        plan("tie head.weight = layers[0].weight", "init layers[0].weight = zeros()"),
    ),
    Page(
        "mark-part",
        "a part of a weight is to be frozen or initialised",
        "Marks mean whole storages. Tie the part to a weight of its own first, and mark that.",
        plan("freeze head.weight[inputs = 0:4]"),
        plan("freeze head.weight"),
    ),
    Page(
        "orphan",
        "a weight that nothing reads",
        "No application reads it: the layer is skipped by a fold, or the weight is declared and never used.",
        plan("fold layers as [0, 1, 1]"),
        plan("fold layers as [0, 1, 2, 3, 3]"),
    ),
    Page(
        "untie-nothing",
        "what is to be untied is not shared",
        "`untie` gives weights storages of their own again; these have them.",
        plan("untie head"),
        plan("untie layers[0]", before="sharing one of M { share * across layers }\n").replace(
            "sharing shared of M {", "sharing shared of M extends one {"
        ),
    ),
    Page(
        "rank-too-big",
        "a rank that saves nothing",
        "The rank of a factorisation is at most the smaller side of the weight.",
        plan("factorize head.weight rank 9"),
        plan("factorize head.weight rank 4"),
    ),
    Page(
        "digits",
        "numbers that do not divide or multiply up to a weight",
        """The digits of a tensor factorisation, `rows = [..]` and `columns = [..]`, multiply up to the sides of the
        weight (rows may be a few more, which are padding); the left factor of a Kronecker product and the blocks of a
        Monarch matrix divide them; and there is one rank for each place that has one.""",
        plan("factorize head.weight as kronecker(3)"),
        plan("factorize head.weight as kronecker(2)"),
    ),
    Page(
        "gather-outside",
        "a gather reaches beyond what it gathers from",
        """The formula of a gather names an element for every position; here it names one that is not there. `% n`
        wraps round, `min` and `max` stop at the ends.""",
        plan("weight t[8]", "tie head.weight = gather(t, [i in 8, j in 8], i - j)"),
        plan("weight t[8]", "tie head.weight = gather(t, [i in 8, j in 8], (i - j) % 8)"),
    ),
    Page(
        "factor-unknown",
        "a weight has no factor of that name",
        """`factorize` gives u and v, a bank gives bank and mix, `with lora` lora.a and lora.b; `base` is the rest.
        Tucker gives a core and a factor called after each axis, CP the same and `weights`, a tensor train core0,
        core1, .., a Kronecker sum a and b (u and v where b has a rank), Monarch left and right, a butterfly stage0,
        stage1, ..; with digits, factors are rows0, rows1, .., columns0, ..""",
        plan("factorize head.weight rank 2", "freeze head.weight.bank"),
        plan("factorize head.weight rank 2", "freeze head.weight.u"),
    ),
    Page(
        "unknown-part",
        "there is no such private part",
        "`with` takes lora(rank), diagonal, scale and, for folds, step_embedding.",
        plan("share * across layers with lorra(rank = 2) on weight"),
        plan("share * across layers with lora(rank = 2) on weight"),
    ),
    Page(
        "unknown-form",
        "there is no such factorisation",
        "`as` takes basis and bank(k).",
        plan("factorize weight across layers rank 2 as bases"),
        plan("factorize weight across layers rank 2 as basis"),
    ),
    Page(
        "unused-layer",
        "a layer that no forward applies",
        "It has no weights in the model. A warning: the model compiles without it.",
        layer("layer first = Linear(dim, dim)\n  layer spare = Linear(dim, dim)"),
        layer("layer first = Linear(dim, dim)\n  layer spare = Linear(dim, dim)", "spare(first(x))"),
    ),
)
