"""Random models as text, with what a plan needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.property.draw import Draw
from tests.property.parts import Dims, Part, Sizes, Weight, declared, linear, one, random_part, step

SEQUENCE = ("linear", "norm", "mlp", "gated", "attention", "layer", "layer", "own", "own", "recurrent")


@dataclass
class Model:
    """A model under construction. `parts` are its layers; plans may still add some."""

    draw: Draw
    sizes: Sizes
    params: list[str]
    inputs: str
    start: list[str]
    parts: list[Part] = field(default_factory=list)
    #: weights that the model itself declares
    own: list[Weight] = field(default_factory=list)
    declarations: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    #: statements after pooling, where x is [.., dim] in any model
    late: list[str] = field(default_factory=list)
    two_outputs: bool = False
    #: the shape of x at the end, before dim
    lead: str = "B, T"
    head: str = ""
    made: int = 0
    #: names of layers that some line of the plan touches
    claims: set[str] = field(default_factory=set)
    #: weights that the plan makes one, each group by the paths of its weights
    groups: list[tuple[str, ...]] = field(default_factory=list)

    def text(self) -> str:
        imports: dict[str, set[str]] = {}
        blocks: dict[str, None] = {}
        for part in self.parts:
            for module, name in part.imports:
                imports.setdefault(module, set()).add(name)
            blocks.update(dict.fromkeys(part.texts))
        top = [f'import "{module}" {{ {", ".join(sorted(names))} }}\n' for module, names in sorted(imports.items())]
        lines = [*(declared(part) for part in self.parts), *self.declarations]
        body = "\n".join(f"  {line}" for line in lines)
        steps = "\n".join(f"    {line}" for line in (*self.start, *self.steps, *self.late, *self._end()))
        return (
            "".join(top) + "\n" + "\n".join(blocks) + f"\nmodel M({', '.join(self.params)}) {{\n{body}\n"
            f"  forward({self.inputs}) -> {self._outputs()} {{\n{steps}\n  }}\n}}\n"
        )

    def _outputs(self) -> str:
        width = "vocab" if self.head else "dim"
        first = f"float[{self.lead}, {width}]"
        return f"(first: {first}, second: float[{self.lead}])" if self.two_outputs else first

    def _end(self) -> list[str]:
        last = f"{self.head}(x)" if self.head else "x"
        return [f"return {last}, mean(x, axis = -1)" if self.two_outputs else f"return {last}"]

    # ------------------------------------------------------------------------ what plans add

    def fresh(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{self.made}"

    def add_linear(self, outs: tuple[int, ...], ins: tuple[int, ...]) -> tuple[str, Dims]:
        """A Linear of these sizes, between two of its own that lead from x to it and back; its path and axes."""
        name = self.fresh("t")
        dim = self.sizes.dim
        outputs = tuple((f"o{at}" if len(outs) > 1 else None, size) for at, size in enumerate(outs))
        inputs = tuple((f"i{at}" if len(ins) > 1 else None, size) for at, size in enumerate(ins))
        into = tuple((f"i{at}" if len(ins) > 1 else None, size) for at, size in enumerate(ins))
        self.parts.append(Part(f"{name}_in", f"Linear(dim, {_sizes(into)})", linear(one(dim), into, True)))
        weights = linear(inputs, outputs, False)
        value = f"Linear({_sizes(inputs)}, {_sizes(outputs)}, bias = false)"
        self.parts.append(Part(name, value, weights))
        back = Part(f"{name}_out", f"Linear({_sizes(outputs)}, dim, bias = false)", linear(outputs, one(dim), False))
        self.parts.append(back)
        self.late.append(f"x = x + {name}_out({name}(tanh({name}_in(x))))")
        return f"{name}.weight", weights[0].dims

    def add_vector(self, size: int) -> tuple[str, Dims]:
        """A weight of the model's own with one axis."""
        name = self.fresh("v")
        self.declarations.append(f"weight {name}[{size}] init normal(std = 0.5)")
        self.parts.append(Part(f"{name}_in", f"Linear(dim, {size})", linear(one(self.sizes.dim), one(size), True)))
        back = Part(f"{name}_out", f"Linear({size}, dim, bias = false)", linear(one(size), one(self.sizes.dim), False))
        self.parts.append(back)
        self.late.append(f"x = x + {name}_out({name} * tanh({name}_in(x)))")
        self.own.append(Weight(name, ((None, size),), 1, "own"))
        return name, ((None, size),)

    def add_stack(self, kind: str, count: int) -> Part:
        """A stack of `count` parts of one kind, applied once."""
        name = self.fresh("s")
        part = replace(random_part(self.draw, name, self.sizes, (kind,), stacked=True), count=count)
        self.parts.append(part)
        self.late.append(step(part, "x", ""))
        return part

    def add_twice(self, kind: str) -> Part:
        """One part that `forward` calls twice."""
        part = replace(random_part(self.draw, self.fresh("w"), self.sizes, (kind,)), calls=2)
        self.parts.append(part)
        self.late += [step(part, "x", ""), "x = tanh(x)", step(part, "x", "")]
        return part

    # ------------------------------------------------------------------------ what plans ask

    def stacks(self) -> list[Part]:
        return [part for part in self.parts if part.count is not None]

    def weights(self) -> list[tuple[str, Weight]]:
        """Every declared weight by its path from the model."""
        found = [(each.path, each) for each in self.own]
        for part in self.parts:
            for index in range(part.count) if part.count is not None else (None,):
                found += [(f"{part.path(index)}.{each.path}", each) for each in part.weights]
        return found


def _sizes(axes: Dims) -> str:
    """`3`, or `[a = 3, b = 2]`."""
    if len(axes) == 1:
        return str(axes[0][1])
    return f"[{', '.join(f'{name} = {size}' for name, size in axes)}]"


def random_model(draw: Draw) -> Model:
    """A model of a few layers, without what plans add."""
    kind = draw.pick(("tokens", "tokens", "floats", "conv"))
    heads = draw.number(1, 4)
    head_dim = draw.number(1, 2) if heads > 2 else draw.number(2, 4)
    dim = heads * head_dim
    sizes = Sizes(dim, heads, head_dim, draw.pick((dim, 2 * dim, dim + 2)))
    ff = {dim: "dim", 2 * dim: "2 * dim"}.get(sizes.ff, "dim + 2")
    params = [f"dim = {dim}", f"heads = {heads}", f"ff = {ff}", "vocab = 7"]
    if kind == "conv":
        return _conv(draw, sizes, params)
    if kind == "tokens":
        model = Model(draw, sizes, [*params, "max_len = 9"], "tokens: int[B, T]", ["x = embed(tokens)"])
        table = Weight("weight", (("rows", 7), ("dim", dim)), 1, "Embedding")
        model.parts.append(Part("embed", "Embedding(vocab, dim)", (table,)))
        if draw.chance(0.5):
            long = Weight("weight", (("rows", 9), ("dim", dim)), 1, "Embedding")
            model.parts.append(Part("pos", "Embedding(max_len, dim)", (long,)))
            model.start.append("x = x + pos(arange(T))")
    else:
        model = Model(draw, sizes, params, "x: float[B, T, dim]", [])
    mask = ""
    if draw.chance(0.4):
        model.inputs += ", mask: bool[B, T] = none"
        mask = "mask"
        draw.tag("optional-mask")
    _body(model, mask)
    _end(model, kind)
    return model


def _body(model: Model, mask: str) -> None:
    draw = model.draw
    for name in "abc"[: draw.number(1, 3)]:
        stacked = draw.chance(0.5)
        part = random_part(draw, name, model.sizes, SEQUENCE, stacked)
        if stacked:
            part = replace(part, count=draw.number(1, 6) if len(part.weights) < 8 else draw.number(1, 4))
        way = draw.number(0, 9)
        if part.count is not None and way < 3:
            more = f", {mask}" if mask and part.masked else ""
            apply = f"each(x{more})" if part.whole else f"x + each(x{more})"
            model.steps.append(f"for each in {name} {{ x = {apply} }}")
            draw.tag("for-stack")
        elif way == 9:
            part = replace(part, calls=2)
            model.steps += [step(part, "x", mask), "x = tanh(x)", step(part, "x", mask)]
            draw.tag("called-twice")
        else:
            model.steps.append(step(part, "x", mask))
        model.parts.append(part)


def _end(model: Model, kind: str) -> None:
    draw = model.draw
    if kind == "tokens" or draw.chance(0.3):
        bias = draw.chance(0.3)
        value = "Linear(dim, vocab)" if bias else "Linear(dim, vocab, bias = false)"
        model.parts.append(Part("head", value, linear(one(model.sizes.dim), one(7), bias)))
        model.head = "head"
    if draw.chance(0.25):
        model.two_outputs = True
        draw.tag("two-outputs")


def _conv(draw: Draw, sizes: Sizes, params: list[str]) -> Model:
    draw.tag("conv")
    model = Model(draw, sizes, params, "x: float[B, dim, H, W]", [], lead="B")
    dim = sizes.dim
    square = (("outputs", dim), ("inputs", dim), (None, 3), (None, 3))
    for name in "abc"[: draw.number(1, 3)]:
        way = draw.number(0, 3)
        if way == 0:
            norm = tuple(Weight(each, (("dim", dim),), 1, "BatchNorm2d") for each in ("weight", "bias"))
            model.parts.append(Part(name, "BatchNorm2d(dim)", norm))
            model.steps.append(f"x = relu({name}(x))")
        elif way == 1:
            norm = tuple(Weight(each, (("dim", dim),), 1, "BatchNorm2d") for each in ("weight", "bias"))
            inside = []
            for at in "12":
                inside += [replace(each, path=f"norm{at}.{each.path}") for each in norm]
                inside.append(Weight(f"conv{at}.weight", square, 1, "Conv2d"))
            part = Part(
                name, "PreActBlock(dim)", tuple(inside), ("conv1", "conv2", "norm1", "norm2"),
                count=draw.number(2, 4), imports=(("std/conv", "PreActBlock"),), whole=True,
            )  # fmt: skip
            model.parts.append(part)
            model.steps.append(f"x = {name}(x)")
        else:
            bias = draw.chance(0.4)
            value = "Conv2d(dim, dim, 3, padding = 1" + ("" if bias else ", bias = false") + ")"
            weights = [Weight("weight", square, 1, "Conv2d")]
            if bias:
                weights.append(Weight("bias", (("outputs", dim),), 1, "bias"))
            count = draw.number(2, 5) if draw.chance(0.6) else None
            model.parts.append(Part(name, value, tuple(weights), count=count))
            model.steps.append(f"for each in {name} {{ x = x + each(relu(x)) }}" if count else f"x = x + {name}(x)")
    model.late.append("x = mean(x, axis = [-2, -1])")
    _end(model, "conv")
    return model
