"""Folded models against transformers' own: the nested loops of HRM-Text, the Perceiver's repeated block."""

from __future__ import annotations

import pytest
import torch
import transformers

from tests.parity.names import close, copy, gradients_agree, read
from tests.parity.test_transformers import (
    BATCH,
    DTYPES,
    LENGTH,
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

SMALL_HRM = {"vocab": VOCAB, "dim": 16, "depth": 2, "heads": 2, "head_dim": 6, "ff": 24}


def hrm(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Both models with the same weights. (The reference's norms and positions go through .float().)"""
    in_double(monkeypatch, "hrm_text", dtype)
    if dtype is torch.float64:
        monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    config = transformers.HrmTextConfig(
        vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, head_dim=6,
        max_position_embeddings=64, prefix_lm=False, use_cache=False, H_cycles=2, L_cycles=3,
    )  # fmt: skip
    theirs = reference(config, transformers.HrmTextForCausalLM, dtype)
    speeds = 10000.0 ** -(torch.arange(0, 6, 2, dtype=torch.float64) / 6)
    theirs.model.rotary_emb.inv_freq = speeds.to(dtype)
    ours = build("folding/hrm_text", "HrmText1B", dtype, **SMALL_HRM)
    copy(ours, theirs, read("folding/hrm_text"), int)
    return ours, theirs


@DTYPES
def test_hrm_text(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs, and gradients that go through the last steps of each cycle alone: all but those of the frozen start."""
    ours, theirs = hrm(dtype, monkeypatch)
    theirs.train()  # dropout is 0
    ids = tokens()
    agree((ours(ids),), (theirs(input_ids=ids).logits,), dtype)
    assert ours.low_start.grad is None and theirs.model.z_L_init.grad is None
    del ours.low_start
    gradients_agree(ours, theirs, read("folding/hrm_text"), int, TOLERANCE[dtype])


def test_hrm_text_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """One slot for each application: 16 for two layers, two cycles of three lower steps and an upper one, in the order
    in which they run; token by token the outputs are those of the whole, and of the reference with its cache."""
    ours, theirs = hrm(torch.float64, monkeypatch)
    ids, cache = tokens(), {}
    with torch.no_grad():
        whole = ours(ids)
        close(whole, theirs(input_ids=ids).logits, 1e-10, "whole")
        steps = [ours(ids[:, at : at + 1], cache=cache) for at in range(LENGTH)]
    close(torch.cat(steps, dim=1), whole, 1e-10, "in steps")
    config = theirs.config
    assert len(cache) == config.num_hidden_layers == 16
    with torch.no_grad():
        kept = theirs.model(input_ids=ids, use_cache=True).past_key_values
    for slot, layer in zip(cache.values(), kept.layers, strict=True):
        close(slot["keys"].transpose(1, 2), layer.keys, 1e-10, "keys")
        close(slot["values"].transpose(1, 2), layer.values, 1e-10, "values")


@DTYPES
@pytest.mark.parametrize(("name", "blocks"), [("Perceiver8x6", 8), ("Perceiver1x6", 1)])
def test_perceiver(name: str, blocks: int, dtype: torch.dtype) -> None:
    config = transformers.PerceiverConfig(
        num_latents=5, d_latents=12, d_model=8, num_blocks=blocks, num_self_attends_per_block=2,
        num_self_attention_heads=2, num_cross_attention_heads=2, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.PerceiverModel, dtype)
    ours = build("folding/perceiver", name, dtype, inputs=8, latents=5, dim=12, depth=2, heads=2)
    names = read("folding/perceiver")
    copy(ours, theirs, names, int)
    x = torch.randn(BATCH, LENGTH, 8, dtype=dtype)
    agree((ours(x),), (theirs(inputs=x).last_hidden_state,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])
