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
