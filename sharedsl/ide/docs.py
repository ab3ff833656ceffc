"""What is built in, as hovers and completions tell it: layers, operations, relations, words, parameters."""

from __future__ import annotations

from sharedsl.analysis.scope import Definition
from sharedsl.ide.words import ARGUMENTS, FORMS, Word
from sharedsl.layers import LAYERS, Layer
from sharedsl.layers.docs import _shown
from sharedsl.layers.inits import INITS
from sharedsl.ops import OPS, Operation
from sharedsl.record import dataclass
from sharedsl.syntax import ast
from sharedsl.syntax.print_expressions import print_expr as printed
from sharedsl.syntax.print_expressions import print_type as type_text


@dataclass(frozen=True, slots=True)
class Parameter:
    """Of something that is called: `text` as a signature shows it, `dim: int = 64`."""

    name: str
    text: str
    doc: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Callee:
    """Something that is called, with its parameters and what it says of itself."""

    name: str
    params: tuple[Parameter, ...]
    doc: str

    @property
    def label(self) -> str:
        return f"{self.name}({', '.join(each.text for each in self.params)})"


#: a relation's form and what it does, by its first word
RELATIONS: dict[str, tuple[str, str]] = {
    "tie": ("tie A = E [with ..]", "A reads E: another weight through any view, such as `.T`, a slice, `c * S`."),
    "share": (
        "share P across C [how] [except Q] [with ..]",
        "Each path of P is one storage for all elements of C, or for each group of them. `share S`: all that S names "
        "is one. `share P along AXIS`: slices inside of one weight are one (grouped-query attention).",
    ),
    "fold": ("fold X n times, fold X as LIST", "X is applied n times, or in that order, with one set of weights."),
    "factorize": ("factorize S rank r [as form]", "S is the product of two factors, `S.u @ S.v`, or of another form."),
    "adapt": ("adapt S with lora(rank, alpha) / dora / vera / ..", "S is frozen, and one small trained part added."),
    "reuse": ("reuse V across C [how]", "The elements read a value that the first of them computes."),
    "untie": ("untie S", "S gets storages of its own again, taken out of what it inherits."),
    "freeze": ("freeze S", "Not trained."),
    "local": ("local S", "Never sent: what each client of a federation keeps for itself."),
    "init": ("init S = I", "How the storage of every weight that S names begins."),
    "stage": ("stage NAME from step n { .. }", "Lines that hold from then on in training."),
    "weight": ("weight w[outs | ins] [init I]", "A weight; in a plan, a storage of the plan's own."),
}
DECLARATIONS: dict[str, tuple[str, str]] = {
    "layer": ("layer x = L(..) [* n]", "A layer, or a stack of n layers, each with weights of its own."),
    "weight": RELATIONS["weight"],
    "buffer": ("buffer b: float[dim] = 0", "Saved with the module, not trained."),
    "state": ("state s: float[B, S, dim]", "Belongs to a sequence: passed in and out, handed from step to step."),
    "require": ("require E", "A condition on sizes."),
    "init": RELATIONS["init"],
    "forward": ("forward [name](x: float[B, T, dim]) -> float[B, T, dim] { .. }", "What is computed."),
    "if": ("if E { .. } else { .. }", "Decided when the spec is compiled, where it can be."),
    "for": ("for x in E { .. }", "Over stacks, lists and `range(n)`."),
}
STATEMENTS: dict[str, tuple[str, str]] = {
    "return": ("return E", "What the forward gives."),
    "for": DECLARATIONS["for"],
    "if": DECLARATIONS["if"],
    "require": DECLARATIONS["require"],
}
ITEMS: dict[str, tuple[str, str]] = {
    "import": ('import "std/transformer" { EncoderLayer }', "Names of another file, or of the standard library."),
    "model": ("model Name(dim = 64) { .. }", "What is computed, with weights of its own for every layer."),
    "block": ("block Name(dim) { .. }", "A part of models, with parameters of its own."),
    "function": ("function f(x: float[...]) -> float[...] { .. }", "A helper without weights."),
    "extern": ('extern layer Name(dim) from "package.module" { .. }', "A layer of one's own Python code."),
    "sharing": ("sharing name of Model [extends plan] { .. }", "A plan: which weights are really the same."),
    "build": ("build Name = Model(..) [with plan] { .. }", "What is compiled: a model, a plan, sizes."),
}
BUILD_LINES: dict[str, tuple[str, str]] = {
    "budget": ("budget params <= 12M", "A limit that is enforced when the build is compiled."),
    "dtype": ("dtype bfloat16", "What weights are kept in that say nothing."),
    "test": ("test (dim = 16)", "The small sizes at which the build is verified."),
    "incremental": ("incremental", "The module takes and gives back its state."),
}
PARTS: dict[str, str] = {
    "lora": "W + alpha / rank * B A: `lora(rank, alpha)`",
    "diagonal": "W + diag: a vector on the diagonal",
    "scale": "each output times a number of its own; `scale(inputs = true)` each input",
    "dora": "each row of W + B A, as long as its `magnitude`: `dora(rank, alpha)`",
    "vera": "one fixed A and B for all, gated: `vera(rank, seed)`",
    "adapter": "a bottleneck with a skip after a block: `adapter(width)`",
    "step_embedding": "a vector of its own added at each step of a fold",
}
QUANTITIES: dict[str, str] = {
    "params": "stored parameters, each storage once",
    "stored": "the same as `params`",
    "trainable": "storages that are trained",
    "frozen": "storages that are not",
    "applied": "every site's full shape, once per application",
    "buffers": "numbers in buffers",
    "bytes": "all storages at the build's dtype",
    "artifact": "bytes of all storages at `bits` a number: `artifact(bits = 8)`",
    "flops": "of one forward: `flops(B = 1, T = 128)`",
    "state": "numbers of state for each token",
    "sent": "storages that a round of federated training sends",
    "sent_bytes": "the same in bytes",
}
DTYPES = ("float32", "float16", "bfloat16", "float64")


def layer_call(layer: Layer) -> Callee:
    params = tuple(
        Parameter(
            one.name,
            one.name if one.required else f"{one.name} = {_shown(one.default)}",
            one.doc,
            one.required,
        )
        for one in layer.params
    )
    facts = [
        f"shapes: {layer.shapes}",
        f"parameters: {layer.counts}",
        f"FLOPs: {layer.work}",
        f"torch: `{layer.torch}`",
    ]
    return Callee(layer.name, params, layer.doc + "\n\n" + "\n".join(f"- {each}" for each in facts))


def weight_names(name: str) -> tuple[str, ...]:
    """The weights that a primitive layer has by default."""
    from sharedsl.analysis.arguments import lifted
    from sharedsl.model.sizes import size

    layer = LAYERS[name]
    args = {one.name: size(1) if one.required else lifted(one.default) for one in layer.params}
    return tuple(each.name for each in layer.weights(args))


def operation_call(op: Operation) -> Callee:
    params = []
    for one in op.params:
        shown = (
            one.default
            if isinstance(one.default, bool | None | int | float | str)
            else getattr(one.default, "value", "..")
        )
        text = f"{one.name}.." if one.kind in ("tensors", "sizes") else one.name
        text += "" if one.required else f" = {_shown(shown)}"
        params.append(Parameter(one.name, text, "", one.required))
    return Callee(op.name, tuple(params), op.doc)


def definition_call(definition: Definition) -> Callee:
    item = definition.item
    if isinstance(item, ast.Function):
        params = tuple(Parameter(one.name, _input(one), "", one.default is None) for one in item.inputs)
    else:
        params = params_of(item.params)
    return Callee(item.name, params, item.doc)


def params_of(params: tuple[ast.Param, ...]) -> tuple[Parameter, ...]:
    return tuple(Parameter(one.name, param_text(one), "", one.default is None) for one in params)


def forward_call(name: str, forward: ast.Forward, doc: str) -> Callee:
    params = tuple(Parameter(one.name, _input(one), "", one.default is None) for one in forward.inputs)
    return Callee(name, params, doc)


def _input(one: ast.Input) -> str:
    """`mask: bool[B, T] = none`."""
    default = f" = {printed(one.default)}" if one.default is not None else ""
    return f"{one.name}: {type_text(one.type)}{default}"


def param_text(one: ast.Param) -> str:
    text = one.name + (f": {one.kind}" if one.kind else "")
    return text if one.default is None else f"{text} = {printed(one.default)}"


def built_in(name: str) -> Callee | None:
    if name in LAYERS:
        return layer_call(LAYERS[name])
    if name in OPS:
        return operation_call(OPS[name])
    return initialiser(name)


def initialiser(name: str) -> Callee | None:
    for init, takes, meaning in INITS:
        if init == name:
            params = tuple(Parameter(each.split(" ")[0], each) for each in takes.split(", ") if each)
            return Callee(name, params, f"An initialiser: {meaning}.")
    return None


def word_call(name: str, word: Word) -> Callee:
    """A function that is no operation, or a form."""
    params = []
    for each in word.takes:
        called = each.split(" ")[0].rstrip(".")
        doc = ARGUMENTS.get(called, "") if name in FORMS else ""
        params.append(Parameter(called, each, doc, "=" not in each))
    return Callee(name, tuple(params), f"`{word.form}`: {word.text}")
