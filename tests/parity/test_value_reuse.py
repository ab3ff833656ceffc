"""Values that layers share against transformers' own: Gemma 3n's last layers read others' keys and values."""

from __future__ import annotations

import pytest
import torch
import transformers

from tests.parity.names import copy, gradients_agree, read
from tests.parity.test_transformers import (
    DTYPES,
    TOLERANCE,
    VOCAB,
    agree,
    build,
    in_double,
    one_thread,
    reference,
    tokens,
)

__all__ = ["one_thread"]


@DTYPES
@pytest.mark.parametrize("shared", [3, 0])
def test_gemma3n(shared: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alternating updates, low-rank residuals, embeddings per layer, sparse gates; with shared keys and values and
    without. (Widths whose roots are exact: the reference keeps its scales in float32.)"""
    in_double(monkeypatch, "gemma3n", dtype)
    if dtype is torch.float64:  # its norms and positions go through .float()
        monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    kinds = ["full_attention" if i % 2 else "sliding_attention" for i in range(7)]
    config = transformers.Gemma3nTextConfig(
        vocab_size=VOCAB, vocab_size_per_layer_input=VOCAB - 2, hidden_size=16, hidden_size_per_layer_input=4,
        intermediate_size=24, num_hidden_layers=7, num_attention_heads=2, num_key_value_heads=1, head_dim=6,
        sliding_window=4, layer_types=kinds, num_kv_shared_layers=shared, laurel_rank=2, altup_num_inputs=3,
        activation_sparsity_pattern=[0.95, 0.95, 0.0, 0.0, 0.0, 0.0, 0.0], max_position_embeddings=64,
        pad_token_id=None,
    )  # fmt: skip
    theirs = reference(config, transformers.Gemma3nForCausalLM, dtype)
    for name, _ in theirs.named_buffers():
        if name.endswith("inv_freq"):
            base = 10000.0 if "sliding" in name else 1000000.0
            owner = theirs.get_submodule(name.rpartition(".")[0])
            speeds = base ** -(torch.arange(0, 6, 2, dtype=torch.float64) / 6)
            setattr(owner, name.rpartition(".")[2], speeds.to(dtype))
    theirs.model.per_layer_input_scale = torch.rsqrt(torch.tensor(2.0, dtype=torch.float64)).to(dtype)
    ours = build(
        "attention/gemma3n", "Gemma3nE4B" if shared else "Gemma3nOwnKeys", dtype, vocab=VOCAB, side_vocab=VOCAB - 2,
        dim=16, depth=7, heads=2, kv_heads=1, head_dim=6, ff=24, side=4, copies=3, laurel_rank=2, window=4, every=2,
        sparse=2,
    )  # fmt: skip
    names = read("attention/gemma3n")
    copy(ours, theirs, names, int)
    ids = tokens()
    ids[0, :2] = torch.tensor([VOCAB - 1, VOCAB - 2])  # beyond the table of the layers' own embeddings
    agree((ours(ids),), (theirs(input_ids=ids).logits,), dtype)
    # the roots of sparse gates make gradients large: float32 keeps four digits of them, in the reference too
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype] * (20 if dtype is torch.float32 else 1))


@DTYPES
@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("Gemma4Text", {}),
        ("Gemma4KeysAreValues", {"attention_k_eq_v": True}),
        ("Gemma4KvShared", {"num_kv_shared_layers": 3}),
    ],
    ids=["own", "k = v", "shared"],
)
def test_gemma4(name: str, changed: dict[str, object], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and wider layers that are turned in a quarter; keys that are values before their norm and positions;
    last layers that read others' keys and values."""
    in_double(monkeypatch, "gemma4", dtype)
    if dtype is torch.float64:  # its norms and positions go through .float()
        monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    depth = 6 if changed.get("num_kv_shared_layers") else 4
    kinds = ["full_attention" if i % 2 else "sliding_attention" for i in range(depth)]
    config = transformers.Gemma4TextConfig(
        vocab_size=VOCAB, vocab_size_per_layer_input=VOCAB, hidden_size=16, hidden_size_per_layer_input=4,
        intermediate_size=24, num_hidden_layers=depth, num_attention_heads=2, num_key_value_heads=1, head_dim=6,
        global_head_dim=16, sliding_window=4, layer_types=kinds, max_position_embeddings=64, pad_token_id=None,
        use_cache=False, **changed,
    )  # fmt: skip
    if depth == 6:
        assert config.kv_sharing_modes == [None, "store", "store", "reuse", "reuse", "reuse"]
    theirs = reference(config, transformers.Gemma4ForCausalLM, dtype)
    positions = theirs.model.rotary_emb
    speeds = 10000.0 ** -(torch.arange(0, 6, 2, dtype=torch.float64) / 6)
    positions.sliding_attention_inv_freq = speeds.to(dtype)
    quarter = 1000000.0 ** -(torch.arange(0, 4, 2, dtype=torch.float64) / 16)
    positions.full_attention_inv_freq = torch.cat([quarter, torch.zeros(6, dtype=torch.float64)]).to(dtype)
    for embed, width in ((theirs.model.embed_tokens, 16), (theirs.model.embed_tokens_per_layer, 4)):
        embed.embed_scale = torch.tensor(width**0.5, dtype=dtype)
    ours = build(
        "attention/gemma4", name, dtype, vocab=VOCAB, dim=16, depth=depth, heads=2, kv_heads=1, head_dim=6,
        global_dim=16, ff=24, side=4, window=4, every=2, **({"n": 3} if depth == 6 else {}),
    )  # fmt: skip
    names = read("attention/gemma4")
    copy(ours, theirs, names, int)
    ids = tokens()
    agree((ours(ids),), (theirs(input_ids=ids).logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype] * (10 if dtype is torch.float32 else 1))
