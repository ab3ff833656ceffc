"""Layers that random models are made of: how each is declared, and which weights it has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.property.draw import Draw

#: (axis name or None, size), outputs first
Dims = tuple[tuple[str | None, int], ...]


@dataclass(frozen=True)
class Weight:
    """A weight by its path below the element it belongs to."""

    path: str
    dims: Dims
    #: how many of the axes are outputs
    outs: int
    layer: str = "Linear"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(size for _, size in self.dims)


@dataclass(frozen=True)
class Part:
    """A declared layer or stack. `blocks` are the paths below an element that hold several weights."""

    name: str
    value: str
    weights: tuple[Weight, ...]
    blocks: tuple[str, ...] = ()
    count: int | None = None
    #: how often `forward` applies it
    calls: int = 1
    #: names that the file must import: (module, name)
    imports: tuple[tuple[str, str], ...] = ()
    #: texts of blocks of the file that it needs
    texts: tuple[str, ...] = ()
    #: whether its forward takes a mask after x
    masked: bool = False
    #: whether it maps x to a sum of its own (norms, whole layers); else it stands in `x = x + part(x)`
    whole: bool = False
    parts: tuple[Part, ...] = field(default=())

    def path(self, index: int | None = None) -> str:
        return self.name if index is None else f"{self.name}[{index}]"

    def any(self, star: str = "*") -> str:
        """A selector of every element."""
        return self.name if self.count is None else f"{self.name}[{star}]"


def below(name: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    return tuple(replace(each, path=f"{name}.{each.path}") for each in weights)


def linear(inputs: tuple[tuple[str | None, int], ...], outputs: tuple[tuple[str | None, int], ...], bias: bool):
    """The weights of a Linear."""
    outs = outputs if len(outputs) > 1 else (("outputs", outputs[0][1]),)
    ins = inputs if len(inputs) > 1 else (("inputs", inputs[0][1]),)
    found = [Weight("weight", (*outs, *ins), len(outs))]
    if bias:
        found.append(Weight("bias", outs, len(outs), "bias"))
    return tuple(found)


def one(size: int) -> tuple[tuple[str | None, int], ...]:
    return ((None, size),)


@dataclass(frozen=True)
class Sizes:
    dim: int
    heads: int
    head_dim: int
    ff: int


def random_part(draw: Draw, name: str, sizes: Sizes, kinds: tuple[str, ...], stacked: bool = False) -> Part:
    """One layer of [.., dim] to [.., dim]. What grows fast is normed where it is to be stacked."""
    kind = draw.pick(kinds)
    part = MAKERS[kind](draw, "core" if stacked and kind in TAMED else name, sizes)
    return _tamed(part, name, sizes) if stacked and kind in TAMED else part


def _title(name: str) -> str:
    return name.title().replace("_", "")


#: deep stacks of these alone lose every digit
TAMED = ("attention", "gated")


def _tamed(part: Part, name: str, sizes: Sizes) -> Part:
    """`x + core(norm(x))` as a block of the file's own."""
    kind = "Tamed" + _title(name)
    mask, given = (", mask: bool[B, T] = none", ", mask") if part.masked else ("", "")
    text = (
        f"block {kind}(dim, heads, ff) {{\n  layer norm = LayerNorm(dim)\n  {declared(part)}\n"
        f"  forward(x: float[B, T, dim]{mask}) -> float[B, T, dim] {{ return x + core(norm(x){given}) }}\n}}\n"
    )
    norm = tuple(Weight(f"norm.{each}", (("dim", sizes.dim),), 1, "LayerNorm") for each in ("weight", "bias"))
    weights = norm + below("core", part.weights)
    blocks = ("core", *(f"core.{each}" for each in part.blocks))
    return Part(
        name, f"{kind}(dim, heads, ff)", weights, blocks, imports=part.imports, texts=(text,), masked=part.masked,
        whole=True,
    )  # fmt: skip


def _linear(draw: Draw, name: str, sizes: Sizes) -> Part:
    bias = draw.chance(0.5)
    value = "Linear(dim, dim)" if bias else "Linear(dim, dim, bias = false)"
    return Part(name, value, linear(one(sizes.dim), one(sizes.dim), bias))


def _norm(draw: Draw, name: str, sizes: Sizes) -> Part:
    kind = draw.pick(("LayerNorm", "RMSNorm"))
    weights = [Weight("weight", (("dim", sizes.dim),), 1, kind)]
    if kind == "LayerNorm":
        weights.append(Weight("bias", (("dim", sizes.dim),), 1, kind))
    return Part(name, f"{kind}(dim)", tuple(weights), whole=True)


def _mlp_weights(sizes: Sizes, bias: bool = True) -> tuple[Weight, ...]:
    return below("up", linear(one(sizes.dim), one(sizes.ff), bias)) + below(
        "down", linear(one(sizes.ff), one(sizes.dim), bias)
    )


def _mlp(draw: Draw, name: str, sizes: Sizes) -> Part:
    bias = draw.chance(0.6)
    act = draw.pick(("gelu", "relu", "silu", "tanh"))
    value = f"MLP(dim, ff, act = {act}" + ("" if bias else ", bias = false") + ")"
    return Part(name, value, _mlp_weights(sizes, bias), ("up", "down"), imports=(("std/mlp", "MLP"),))


def _gated(draw: Draw, name: str, sizes: Sizes) -> Part:
    kind = draw.pick(("GatedMLP", "SwiGLU"))
    weights = below("gate", linear(one(sizes.dim), one(sizes.ff), False)) + _mlp_weights(sizes, False)
    return Part(name, f"{kind}(dim, ff)", weights, ("gate", "up", "down"), imports=(("std/mlp", kind),))


def _attention_weights(sizes: Sizes, kv_heads: int, bias: bool) -> tuple[Weight, ...]:
    heads = (("heads", sizes.heads), ("head_dim", sizes.head_dim))
    fewer = (("heads", kv_heads), ("head_dim", sizes.head_dim))
    return (
        below("q", linear(one(sizes.dim), heads, bias))
        + below("k", linear(one(sizes.dim), fewer, bias))
        + below("v", linear(one(sizes.dim), fewer, bias))
        + below("out", linear(heads, one(sizes.dim), bias))
    )


def _attention(draw: Draw, name: str, sizes: Sizes) -> Part:
    bias, kv_heads, more = draw.chance(0.5), sizes.heads, ""
    if sizes.heads % 2 == 0 and draw.chance(0.2):
        kv_heads = sizes.heads // 2
        more += ", heads // 2"
    if not bias:
        more += ", bias = false"
    if draw.chance(0.4):
        more += ", causal = true"
    if sizes.head_dim % 2 == 0 and draw.chance(0.3):
        more += ", rope = 10000.0"
    return Part(
        name, f"Attention(dim, heads{more})", _attention_weights(sizes, kv_heads, bias), ("q", "k", "v", "out"),
        imports=(("std/attention", "Attention"),), masked=True,
    )  # fmt: skip


def _layer(draw: Draw, name: str, sizes: Sizes) -> Part:
    kind, mlp = draw.pick((("EncoderLayer", "ffn"), ("PostNormEncoderLayer", "ffn"), ("DecoderLayer", "mlp")))
    norm = tuple(Weight(each, (("dim", sizes.dim),), 1, "LayerNorm") for each in ("weight", "bias"))
    weights = (
        below("norm1", norm)
        + below("attn", _attention_weights(sizes, sizes.heads, True))
        + below("norm2", norm)
        + below(mlp, _mlp_weights(sizes))
    )
    blocks = ("attn", mlp, "attn.q", "attn.k", "attn.v", "attn.out", f"{mlp}.up", f"{mlp}.down")
    imports = (("std/transformer", kind),)
    return Part(name, f"{kind}(dim, heads, ff)", weights, blocks, imports=imports, masked=True, whole=True)


def _recurrent(draw: Draw, name: str, sizes: Sizes) -> Part:
    kind = draw.pick(("GRU", "LSTM", "RNN"))
    rows = {"GRU": 3, "LSTM": 4, "RNN": 1}[kind] * sizes.dim
    weights = [Weight(f"weight_{of}_l0", ((None, rows), (None, sizes.dim)), 1, kind) for of in ("ih", "hh")]
    weights += [Weight(f"bias_{of}_l0", ((None, rows),), 1, kind) for of in ("ih", "hh")]
    return Part(name, f"{kind}(dim, dim)", tuple(weights))


def _own(draw: Draw, name: str, sizes: Sizes) -> Part:
    """A block of the file's own: layers, weights of its own, perhaps a stack inside."""
    kinds = ("linear", "norm", "mlp", "linear", "attention", "own" if draw.chance(0.15) else "linear")
    inner = [random_part(draw, f"{letter}_{name}", sizes, kinds, stacked=True) for letter in "ab"[: draw.number(1, 2)]]
    if draw.chance(0.25):
        inner[0] = replace(inner[0], count=draw.number(2, 3))
        draw.tag("nested-stack")
    lines = [declared(each) for each in inner]
    weights = tuple(weight for each in inner for weight in _inside(each))
    steps = [step(each, "x", "") for each in inner]
    if draw.chance(0.5):
        lines.append("weight gain[dim] init ones()")
        steps.append("x = x * gain")
        weights += (Weight("gain", (("dim", sizes.dim),), 1, "own"),)
    if draw.chance(0.4):
        lines.append("weight mix[dim | dim]")
        steps.append("x = x + tanh(x @ mix)")
        weights += (Weight("mix", (("dim", sizes.dim), ("dim", sizes.dim)), 1, "own"),)
    kind = "Own" + _title(name)
    body = "\n".join(f"  {line}" for line in lines)
    forward = "\n".join(f"    {line}" for line in steps)
    text = (
        f"block {kind}(dim, heads, ff) {{\n{body}\n  forward(x: float[B, T, dim]) -> float[B, T, dim] {{\n"
        f"{forward}\n    return x\n  }}\n}}\n"
    )
    texts = tuple(text for each in inner for text in each.texts)
    imports = tuple(one for each in inner for one in each.imports)
    blocks = tuple(each.name for each in inner if each.count is None)
    return Part(name, f"{kind}(dim, heads, ff)", weights, blocks, imports=imports, texts=(*texts, text), whole=True)


def _inside(part: Part) -> tuple[Weight, ...]:
    if part.count is None:
        return below(part.name, part.weights)
    return tuple(weight for index in range(part.count) for weight in below(part.path(index), part.weights))


def declared(part: Part) -> str:
    return f"layer {part.name} = {part.value}" + (f" * {part.count}" if part.count is not None else "")


def step(part: Part, x: str, mask: str) -> str:
    """The statement of `forward` that applies the part once."""
    more = mask if part.masked else ""
    if part.count is not None or part.whole:
        return f"{x} = {x} |> {part.name}({more})" if more else f"{x} = {part.name}({x})"
    return f"{x} = {x} + {part.name}({x}{', ' + more if more else ''})"


MAKERS = {
    "linear": _linear,
    "norm": _norm,
    "mlp": _mlp,
    "gated": _gated,
    "attention": _attention,
    "layer": _layer,
    "recurrent": _recurrent,
    "own": _own,
}
