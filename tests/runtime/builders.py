"""A small model built by hand: an embedding, a body applied three times, and a head tied to the embedding.

    x = embed(tokens);  for t in 0..2: x = x + tanh(body@t(x));  head(x) with head.weight = 0.5 * embed.weight

Each application of the body reads one shared weight plus a private low-rank part. No compiler takes part.
"""

from sharedsl.model import dataflow as d
from sharedsl.model import weights as w
from sharedsl.model.sites import Axis, Init, Site, Step, WeightSpec
from sharedsl.model.sizes import literal, runtime, size
from sharedsl.model.tree import Child, Model, Unit

VOCAB, DIM, RANK, TIMES = 11, 4, 2, 3
B, T = runtime("B"), runtime("T")


def axes(out, ins=()):
    return (*(Axis(size(each)) for each in out), *(Axis(size(each), None, "in") for each in ins))


def primitive(name, **weights):
    specs = {key: WeightSpec(key, shape, Init("normal")) for key, shape in weights.items()}
    return Unit(name, "primitive", {}, weights=specs)


def floats(*dims):
    return d.Tensor("float", tuple(size(each) if isinstance(each, int) else each for each in dims))


def model():
    units = {
        "embed": primitive("Embedding", weight=axes((VOCAB, DIM))),
        "body": primitive("Linear", weight=axes((DIM,), (DIM,)), bias=axes((DIM,))),
        "head": primitive("Linear", weight=axes((VOCAB,), (DIM,))),
    }
    hidden, tokens = floats(B, T, DIM), d.Tensor("int", (B, T))

    def call(child, arg, kind, app=None):
        return d.Call((d.Use(child, None, app, None, None),), (arg,), kind)

    x = d.Var("x", hidden)
    statements = [d.Assign(("x",), call("embed", d.Var("tokens", tokens), hidden))]
    for t in range(TIMES):
        turned = d.Op("tanh", (call("body", x, hidden, t),), (), hidden)
        statements.append(d.Assign(("x",), d.Op("add", (x, turned), (), hidden)))
    statements.append(d.Return((call("head", x, floats(B, T, VOCAB)),)))
    body = d.Body(
        "main", None, (d.Input("tokens", tokens),), tuple(statements), floats(B, T, VOCAB),
        sizes=(("B", ("tokens", 0)), ("T", ("tokens", 1))),
    )  # fmt: skip
    children = {name: Child(name, (unit,), ({},)) for name, unit in units.items()}
    root = Unit("Toy", "model", {}, children=children, bodies={"main": body})
    return Model("Toy", root, {}, {None: "main"}, tuple(_sites(units)))


def _sites(units):
    steps = [Step("embed"), *(Step("body", app=t) for t in range(TIMES)), Step("head")]
    index = 0
    for step in steps:
        for spec in units[step.name].weights.values():
            yield Site(index, (step, Step(spec.name)), spec, units[step.name].name)
            index += 1


def solved(made):
    embed, body = (Step("embed"),), (Step("body"),)
    storages = [
        w.Storage(0, embed, "weight", 0, axes((VOCAB, DIM)), Init("normal")),
        w.Storage(1, body, "weight", 1, axes((DIM,), (DIM,)), Init("normal")),
        w.Storage(2, body, "bias", 2, axes((DIM,)), Init("zeros")),
    ]
    reads = {0: w.Read(0, (VOCAB, DIM))}
    for t in range(TIMES):
        a, b = 3 + 2 * t, 4 + 2 * t
        site = 1 + 2 * t
        storages += [
            w.Storage(a, body, f"weight_a_{t}", site, axes((RANK,), (DIM,)), Init("normal"), "lora"),
            w.Storage(b, body, f"weight_b_{t}", site, axes((DIM,), (RANK,)), Init("zeros"), "lora"),
        ]
        delta = w.MatMul(w.Read(b, (DIM, RANK)), w.Read(a, (RANK, DIM)), (DIM, DIM))
        reads[site] = w.Add((w.Read(1, (DIM, DIM)), delta), (DIM, DIM))
        reads[site + 1] = w.Read(2, (DIM,))
    reads[1 + 2 * TIMES] = w.Scale(w.Read(0, (VOCAB, DIM)), 0.5, literal(0.5), (VOCAB, DIM))
    return w.Solved(made.sites, tuple(storages), tuple(reads[at] for at in range(len(reads))))


SOURCE = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Body(nn.Module):
    def __init__(self, dim, rank, times):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(dim, dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        for t in range(times):
            self.register_parameter(f"weight_a_{t}", nn.Parameter(torch.zeros(rank, dim)))
            self.register_parameter(f"weight_b_{t}", nn.Parameter(torch.zeros(dim, rank)))

    def forward(self, x, t):
        a, b = getattr(self, f"weight_a_{t}"), getattr(self, f"weight_b_{t}")
        return F.linear(x, self.weight, self.bias) + F.linear(F.linear(x, a), b)


class Toy(nn.Module):
    def __init__(self, vocab=11, dim=4, rank=2, times=3):
        super().__init__()
        self.times = times
        self.embed = nn.Embedding(vocab, dim)
        self.body = Body(dim, rank, times)

    def forward(self, tokens):
        x = self.embed(tokens)
        for t in range(self.times):
            x = x + torch.tanh(self.body(x, t))
        return F.linear(x, 0.5 * self.embed.weight)
"""
