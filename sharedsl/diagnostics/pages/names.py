"""Codes of names, imports and arguments."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import forward, layer, plan

PAGES = (
    Page(
        "unknown-name",
        "a name that nothing here has",
        """In a forward, names are its inputs, what was assigned before, the declared layers and weights, and the
        parameters. In plans they are the parameters of the plan and of the model.""",
        forward("return first(z)"),
        forward("return first(x)"),
    ),
    Page(
        "unknown-layer",
        "a layer that is neither built in, nor declared, nor imported",
        "`sharedsl ls layers` lists the primitives; composites are imported from `std/` or declared as blocks.",
        layer("layer first = Liner(dim, dim)"),
        layer("layer first = Linear(dim, dim)"),
    ),
    Page(
        "unknown-argument",
        "an argument with a name that is not taken",
        "Arguments are given by position or by name; `sharedsl ls layers` shows what a layer takes.",
        layer("layer first = Linear(dim, dim, biases = false)"),
        layer("layer first = Linear(dim, dim, bias = false)"),
    ),
    Page(
        "missing-argument",
        "an argument without a default is not given",
        "Parameters without `= value` must be given.",
        layer("layer first = Linear(dim)"),
        layer("layer first = Linear(dim, dim)"),
    ),
    Page(
        "duplicate-argument",
        "an argument is given twice",
        "Once by position and once by name counts as twice.",
        layer("layer first = Linear(dim, dim, outputs = dim)"),
        layer("layer first = Linear(dim, outputs = dim)"),
    ),
    Page(
        "wrong-count",
        "too many or too few values",
        "A layer, a function or an assignment is given another number of values than it takes.",
        forward("y, z = first(x)", "return y"),
        forward("y = first(x)", "return y"),
    ),
    Page(
        "wrong-kind",
        "a value of another kind than wanted",
        """Parameters are whole numbers unless they say otherwise: `eps: float`, `bias: bool`, `act: function`,
        `norm: layer`, `sizes: list`.""",
        layer("layer first = Linear(dim, dim, bias = 3)"),
        layer("layer first = Linear(dim, dim, bias = true)"),
    ),
    Page(
        "bad-value",
        "an expression that has no value when the spec is compiled",
        "A division by zero, an index outside of a list, an operation on things that it is not for.",
        layer("layer first = Linear(dim, dim // (dim - 8))"),
        layer("layer first = Linear(dim, dim // (dim - 7))"),
    ),
    Page(
        "duplicate-name",
        "a name is declared twice",
        "Each name of a block, and each name of a file, stands for one thing.",
        layer("layer first = Linear(dim, dim)\n  layer first = Linear(dim, dim)"),
        layer("layer first = Linear(dim, dim)\n  layer second = Linear(dim, dim)", "first(x) |> second"),
    ),
    Page(
        "import-not-found",
        "there is no such file to import",
        "Paths are relative to the importing file; what begins with `std/` comes with sharedsl.",
        'import "std/transformers" { DecoderLayer }\n' + layer("layer first = Linear(dim, dim)"),
        'import "std/transformer" { DecoderLayer }\n' + layer("layer first = Linear(dim, dim)"),
    ),
    Page(
        "import-unknown-name",
        "the imported file has no item of that name",
        "Blocks, models, functions, extern layers and plans can be imported.",
        'import "std/mlp" { MPL }\n' + layer("layer first = Linear(dim, dim)"),
        'import "std/mlp" { MLP }\n' + layer("layer first = Linear(dim, dim)"),
    ),
    Page("import-cycle", "files that import each other", "Move what both need into a third file."),
    Page(
        "unknown-plan",
        "there is no such plan of this model",
        "`with` and `extends` name plans of the same model, in this file or imported.",
        plan("share * across layers", build="build Small = M() with share"),
        plan("share * across layers"),
    ),
    Page(
        "unknown-model",
        "there is no such model",
        "`build` and `sharing .. of` name a model of this file or an imported one.",
        plan("share * across layers", build="build Small = N() with shared"),
        plan("share * across layers"),
    ),
    Page(
        "plan-cycle",
        "a plan extends itself",
        "Directly, or through the plans that it extends.",
        plan("share * across layers", before="sharing other of M extends shared { freeze head }\n").replace(
            "sharing shared of M {", "sharing shared of M extends other {"
        ),
        plan("share * across layers", before="sharing other of M { freeze head }\n").replace(
            "sharing shared of M {", "sharing shared of M extends other {"
        ),
    ),
    Page(
        "plan-argument",
        "a plan is given other arguments than it takes",
        "Parameters of plans are given as in calls: `cycle(n = 3)`.",
        plan("share * across layers", build="build Small = M() with shared(n = 2)"),
        plan("share * across layers"),
    ),
    Page(
        "wrong-model",
        "a plan is used for a model that it is not of",
        "A plan names weights of one model; it cannot be used with another.",
        plan("share * across layers", build=layer("layer first = Linear(dim, dim)").replace("model M", "model N")
             + "\nbuild Small = N() with shared"),
        plan("share * across layers"),
    ),
)  # fmt: skip
