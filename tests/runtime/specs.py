"""Small specs that the tests of the oracle compile: each relation and each kind of weight expression once."""

STACK = """
import "std/transformer" { EncoderLayer }

model Stack(vocab = 13, dim = 8, depth = 4, heads = 4, ff = 8, max_len = 9) {
  layer embed  = Embedding(vocab, dim)
  layer pos    = Embedding(max_len, dim)
  layer layers = EncoderLayer(dim, heads, ff) * depth
  layer norm   = LayerNorm(dim)
  layer head   = Linear(dim, vocab, bias = false)
  forward(tokens: int[B, T], mask: bool[B, T] = none) -> float[B, T, vocab] {
    require T <= max_len
    return embed(tokens) + pos(arange(T)) |> layers(mask) |> norm |> head
  }
}

sharing tied of Stack { tie head.weight = 0.5 * embed.weight }
sharing one of Stack { share * across layers }
sharing own_norms of Stack { share * across layers except norm1, norm2 }
sharing pairs of Stack { share * across layers in groups of 2 }
sharing cycle of Stack { share * across layers in cycle of 2 }
sharing mirror of Stack { share * across layers in cycle of 2 reversed }
sharing twice of Stack { fold layers 2 times }
sharing thrice of Stack { fold layers 3 times }
sharing relaxed of Stack { share * across layers with lora(rank = 2) on {attn, ffn}.* }
sharing grouped of Stack { share layers[*].attn.{k, v} along heads in groups of 2 }
sharing low_rank of Stack { factorize layers[*].ffn.up.weight rank 2 }
sharing basis of Stack { factorize ffn.up.weight across layers in groups of 2 rank 2 as basis }
sharing bank of Stack { factorize ffn.{up, down}.weight across layers as bank(2) }
sharing turned of Stack { tie layers[*].ffn.down.weight = layers[*].ffn.up.weight.T }
sharing sliced of Stack { tie layers[0].ffn.up.weight[inputs = 0:4] = layers[1].ffn.up.weight[inputs = 4:8] }
sharing frozen of Stack { freeze embed.weight }

build Tied = Stack() with tied
build One = Stack() with one
build OwnNorms = Stack() with own_norms
build Pairs = Stack() with pairs
build Cycle = Stack() with cycle
build Mirror = Stack() with mirror
build Twice = Stack(depth = 2) with twice
build Thrice = Stack(depth = 2) with thrice
build Relaxed = Stack() with relaxed
build Grouped = Stack() with grouped
build LowRank = Stack() with low_rank
build Basis = Stack() with basis
build Bank = Stack() with bank
build Turned = Stack() with turned
build Sliced = Stack() with sliced
build Frozen = Stack() with frozen
build Apart = Stack()
"""

#: what runs as often as asked, keeps state, reads values of other layers, or has weights made of small ones
RUNNER = """
import "std/transformer" { DecoderLayer }

block Cell(dim) {
  layer up = Linear(dim, dim)
  state h: float[B, dim] = 0.5
  forward(x: float[B, dim]) -> float[B, dim] {
    h = tanh(up(x) + h)
    return h
  }
}
block Normed(dim) {
  layer up   = Linear(dim, dim)
  layer norm = BatchNorm1d(dim)
  forward(x: float[B, dim]) -> float[B, dim] { return x + norm(up(x)) }
}
model Runner(vocab = 12, dim = 8, depth = 4) {
  layer embed  = Embedding(vocab, dim)
  layer layers = DecoderLayer(dim, 2, 16) * depth
  layer core   = Linear(dim, dim)
  layer cell   = Cell(dim)
  layer body   = Normed(dim)
  layer head   = Linear(dim, vocab, bias = false)
  weight step[9, dim] init normal(std = 0.5)
  forward(tokens: int[B, T], steps: int = 3) -> float[B, T, vocab] {
    require 2 <= steps
    require steps <= 9
    x = embed(tokens) |> layers
    for t in range(steps) { x = tanh(core(x + step[t])) }
    x = x + scan(cell, x, along = T)
    y = body(mean(x, axis = 1))
    return head(x + reshape(y, "b d -> b 1 d"))
  }
}
sharing turned of Runner {
  weight t[8]
  tie core.weight = circulant(t)
}
sharing hashed_in of Runner {
  weight t[5]
  tie core.weight = hashed(t, dim, dim)
}
sharing kronecker of Runner { factorize core.weight as kronecker(2) }
sharing train of Runner { factorize embed.weight rank 2 as tt(rows = [3, 4], columns = [2, 4]) }
sharing tucker of Runner { factorize core.weight rank 3 as tucker }
sharing monarch of Runner { factorize core.weight as monarch(2) }
sharing lora of Runner { adapt core.weight with lora(rank = 2, alpha = 6) }
sharing dora of Runner { adapt core.weight with dora(rank = 2) }
sharing gated of Runner { adapt {core, cell.up}.weight with vera(rank = 2) }
sharing bottleneck of Runner { adapt cell with adapter(width = 3) }
sharing two of Runner { reuse attn.{keys, values} across layers in groups of 2 }
sharing crossed of Runner { reuse attn.{keys, values} across layers as [0, 1, 1, 0] }
sharing thrice of Runner { fold body 3 times }
build Turned = Runner() with turned
build HashedIn = Runner() with hashed_in
build Kronecker = Runner() with kronecker
build Train = Runner() with train
build Tucker = Runner() with tucker
build Monarch = Runner() with monarch
build Lora = Runner() with lora
build Dora = Runner() with dora
build Gated = Runner() with gated
build Bottleneck = Runner() with bottleneck
build Two = Runner() with two
build Crossed = Runner() with crossed
build Thrice = Runner() with thrice
"""
