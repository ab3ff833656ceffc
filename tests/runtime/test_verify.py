"""`verify` of what the compiler makes: every relation passes; large builds are refused with the line to write."""

import pytest
import torch

from sharedsl.analysis.pipeline import compile_build
from sharedsl.runtime.verify import verify, verify_build
from tests.compiled import analysis
from tests.runtime.specs import STACK

WHOLE = analysis(STACK)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_the_specs_have_no_mistakes():
    assert not [each.message for each in WHOLE.diagnostics if each.severity == "error"]


@pytest.mark.parametrize("name", list(WHOLE.builds))
def test_every_relation(name):
    report = verify_build(WHOLE, name)
    assert report.ok, str(report)
    assert [each.call for each in report.outputs] == ["forward", "forward without mask"]
    assert report.build == name and report.worst < 1e-10


def test_another_seed_gives_other_weights_and_passes_too():
    assert verify_build(WHOLE, "Relaxed", seed=5).ok


LARGE = """
model Wide(vocab = 50000, dim = 4096, depth = 24, ff = 4 * dim) {
  layer embed = Embedding(vocab, dim)
  layer up    = Linear(dim, ff) * depth
  layer down  = Linear(ff, dim) * depth
  forward(tokens: int[B, T]) -> float[B, T, dim] {
    x = embed(tokens)
    for a, b in zip(up, down) { x = x + b(relu(a(x))) }
    return x
  }
}
build Large = Wide() {}
"""


def test_large_builds_are_refused_with_a_line_that_works():
    report = verify_build(analysis(LARGE), "Large")
    (problem,) = report.problems
    assert not report.ok and "elements" in problem
    line = problem.split("`")[1]
    assert line.startswith("test (") and "dim = " in line
    mended = analysis(LARGE.replace("Wide() {}", "Wide() {\n  " + line + "\n}"))
    assert verify_build(mended, "Large").ok


def test_a_module_of_ones_own_may_be_given():
    compiled = compile_build(WHOLE, "Pairs")
    from sharedsl.runtime.built import module_class
    from sharedsl.runtime.source import source_of

    module = module_class(source_of(compiled), "Pairs")()
    assert verify(compiled, module=module).ok
    for layer in module.modules():
        if isinstance(layer, torch.nn.LayerNorm):
            layer.register_forward_hook(lambda module, args, result: result * 1.001)
    assert not verify(compiled, module=module).ok


RNN = """
model Net(vocab = 11, dim = 6, depth = 3) {
  layer embed = Embedding(vocab, dim)
  layer rnn   = GRU(dim, dim) * depth
  layer head  = Linear(dim, vocab, bias = false)
  forward(tokens: int[B, T]) -> float[B, T, vocab] { return embed(tokens) |> rnn |> head }
}
sharing one of Net {
  share * across rnn
  tie head.weight = embed.weight
}
build Shared = Net() with one
build Apart = Net()
"""

CONV = """
model Net(width = 4, classes = 3) {
  layer stem  = Conv2d(3, width, 3, padding = 1)
  layer body  = Conv2d(width, width, 3, padding = 1, bias = false) * 3
  layer norms = BatchNorm2d(width) * 3
  layer head  = Linear(width, classes)
  forward(x: float[B, 3, H, W]) -> float[B, classes] {
    x = stem(x)
    for conv, norm in zip(body, norms) { x = x + relu(norm(conv(x))) }
    return head(global_avg_pool(x))
  }
}
sharing one of Net { share * across body }
sharing turned of Net { tie body[1].weight = rot90(body[0].weight, 1) }
build Shared = Net() with one
build Apart = Net()
build Turned = Net() with turned
"""


@pytest.mark.parametrize("name", ["Shared", "Apart"])
def test_recurrent_layers(name):
    report = verify_build(analysis(RNN), name)
    assert report.ok, str(report)


@pytest.mark.parametrize("name", ["Shared", "Apart", "Turned"])
def test_convolutions_and_batch_norms_in_both_modes(name):
    report = verify_build(analysis(CONV), name)
    assert report.ok, str(report)
    assert [each.call for each in report.outputs] == [
        "forward",
        "forward (training)",
        "forward (running statistics)",
    ]


DECODER = """
import "std/attention" { Attention }

model Decoder(vocab = 11, dim = 8, depth = 2, heads = 2, max_len = 12) {
  layer embed = Embedding(vocab, dim)
  layer pos   = Embedding(max_len, dim)
  layer attn  = Attention(dim, heads, causal = true, rope = 100.0) * depth
  layer head  = Linear(dim, vocab, bias = false)
  state seen: int = 0
  forward(tokens: int[B, T], mask: bool[B, seen + T] = none) -> float[B, T, vocab] {
    require T <= max_len
    x = embed(tokens) + pos(arange(seen, seen + T))
    seen = seen + T
    for layer in attn { x = x + layer(x, mask) }
    return head(x)
  }
}
sharing all of Decoder {
  share * across attn
  tie head.weight = embed.weight
}
build Once = Decoder() with all
build Generating = Decoder() with all { incremental }
"""


@pytest.mark.parametrize("name", ["Once", "Generating"])
def test_incremental_builds_give_in_pieces_what_they_give_at_once(name):
    report = verify_build(analysis(DECODER), name)
    assert report.ok, str(report)
    pieces = [each.call for each in report.outputs if "pieces" in each.call]
    assert len(pieces) == (4 if name == "Generating" else 0)
