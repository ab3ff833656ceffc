"""The families' architectures against independent implementations: transformers' classes, torch's adaptive softmax."""

from __future__ import annotations

import math

import pytest
import torch
import transformers
from torch import nn
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek

from tests.parity.names import close, copy, gradients_agree, read
from tests.parity.test_transformers import (
    DTYPES,
    LENGTH,
    TOLERANCE,
    VOCAB,
    agree,
    build,
    in_double,
    one_thread,
    padded,
    reference,
    tokens,
)

__all__ = ["one_thread"]


@DTYPES
def test_bart(dtype: torch.dtype) -> None:
    """The three-way tie."""
    config = transformers.BartConfig(
        vocab_size=VOCAB, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, max_position_embeddings=24, dropout=0.0,
        pad_token_id=0,
    )  # fmt: skip
    theirs = reference(config, transformers.BartForConditionalGeneration, dtype)
    ours = build("encoder_decoder/bart", "BartBase", dtype, vocab=VOCAB, dim=32, depth=2, heads=4, max_len=24)
    names = read("encoder_decoder/bart")
    copy(ours, theirs, names, int)
    ids, labels, mask = tokens(), tokens(7), padded()
    wanted = theirs(input_ids=ids, attention_mask=mask.long(), decoder_input_ids=labels)
    agree((ours(ids, labels, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_mobilebert(dtype: torch.dtype) -> None:
    """The partly tied head: a slice of its inputs reads the words' table."""
    config = transformers.MobileBertConfig(
        vocab_size=VOCAB, embedding_size=8, hidden_size=16, intra_bottleneck_size=8, true_hidden_size=8,
        num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, num_feedforward_networks=2,
        max_position_embeddings=24, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.MobileBertForMaskedLM, dtype)
    ours = build(
        "tying/mobilebert", "MobileBertMaskedLm", dtype, vocab=VOCAB, embed_dim=8, dim=16, inner=8, depth=2, heads=2,
        ff=12, perceptrons=2, max_len=24,
    )  # fmt: skip
    names = read("tying/mobilebert")
    copy(ours, theirs, names, int)
    ids, kinds, mask = tokens(), torch.randint(0, 2, (3, LENGTH)), padded()
    wanted = theirs(input_ids=ids, token_type_ids=kinds, attention_mask=mask.long())
    agree((ours(ids, kinds, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


def rotary_speeds(theirs: nn.Module, base: float, dim: int, dtype: torch.dtype) -> None:
    """The reference keeps its speeds in float32; give them the precision of the test."""
    speeds = base ** -(torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    theirs.model.rotary_emb.inv_freq = speeds.to(dtype)


@DTYPES
@pytest.mark.parametrize("version", [2, 3])
def test_qwen(version: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Biases of queries, keys and values; norms of queries and keys."""
    in_double(monkeypatch, f"qwen{version}", dtype)
    classes = {
        2: (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
        3: (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
    }
    config_of, class_of = classes[version]
    head_dim = 8 if version == 2 else 6
    config = config_of(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=head_dim, max_position_embeddings=64, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    )  # fmt: skip
    theirs = reference(config, class_of, dtype)
    rotary_speeds(theirs, 1000000.0, head_dim, dtype)
    name = {2: "Qwen2_05B", 3: "Qwen3_06B"}[version]
    sizes = {"vocab": VOCAB, "dim": 32, "depth": 2, "heads": 4, "kv_heads": 2, "head_dim": head_dim, "ff": 48}
    ours = build("language/qwen", name, dtype, **sizes)
    names = read("language/qwen")
    copy(ours, theirs, names, int)
    ids = tokens()
    wanted = theirs(input_ids=ids)
    agree((ours(ids),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_gemma(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embeddings scaled on one side of the tie, norms with 1 + weight, one key and value head. (The reference keeps its
    scale in float32: a width whose root is exact.)"""
    in_double(monkeypatch, "gemma", dtype)
    if dtype is torch.float64:  # its norms go through .float()
        monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    config = transformers.GemmaConfig(
        vocab_size=VOCAB, hidden_size=16, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=1, head_dim=6, max_position_embeddings=64, tie_word_embeddings=True,
        hidden_activation="gelu_pytorch_tanh", rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    theirs = reference(config, transformers.GemmaForCausalLM, dtype)
    rotary_speeds(theirs, 10000.0, 6, dtype)
    sizes = {"vocab": VOCAB, "dim": 16, "depth": 2, "heads": 4, "head_dim": 6, "ff": 48}
    ours = build("language/gemma", "Gemma2B", dtype, **sizes)
    names = read("language/gemma")
    copy(ours, theirs, names, int)
    ids = tokens()
    wanted = theirs(input_ids=ids)
    agree((ours(ids),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_adaptive_softmax(dtype: torch.dtype) -> None:
    """torch's AdaptiveLogSoftmaxWithLoss: all log probabilities."""
    cuts, dim, div = [10, 20, 40], 16, 4
    theirs = nn.AdaptiveLogSoftmaxWithLoss(dim, cuts[-1], cuts[:-1], div_value=div).to(dtype)
    ours = build("tying/adaptive", "AdaptiveSoftmaxWikitext", dtype, cuts=cuts, dim=dim)
    with torch.no_grad():
        ours.head.head.weight.copy_(theirs.head.weight)
        for at, tail in enumerate(theirs.tail):
            ours.head.down[at].weight.copy_(tail[0].weight)
            ours.head.out[at].weight.copy_(tail[1].weight)
    x = torch.randn(3, 5, dim, dtype=dtype)
    found = ours(x)
    close(found.flatten(0, 1), theirs.log_prob(x.flatten(0, 1)), TOLERANCE[dtype], "log probabilities")
    assert math.isclose(float(found.detach().exp().sum()), 15.0, rel_tol=1e-5)


@DTYPES
def test_latent_attention(dtype: torch.dtype) -> None:
    """DeepSeek-V3's attention: the latent and the one rotary key are rows of one projection there."""
    config = transformers.DeepseekV3Config(
        hidden_size=24, num_attention_heads=3, num_key_value_heads=3, q_lora_rank=10, kv_lora_rank=8,
        qk_nope_head_dim=6, qk_rope_head_dim=4, v_head_dim=5, rope_interleave=False, attention_bias=False,
        max_position_embeddings=64,
    )  # fmt: skip
    config._attn_implementation = "eager"
    theirs = deepseek.DeepseekV3Attention(config, layer_idx=0).to(dtype).eval()
    sizes = {"dim": 24, "heads": 3, "q_rank": 10, "kv_rank": 8, "nope_dim": 6, "rope_dim": 4, "v_dim": 5}
    ours = build("attention/mla", "DeepSeekV3Attention", dtype, **sizes)
    both = {
        "q_down": theirs.q_a_proj.weight, "q_norm": theirs.q_a_layernorm.weight, "q_up": theirs.q_b_proj.weight,
        "kv_down": theirs.kv_a_proj_with_mqa.weight[:8], "k_rope": theirs.kv_a_proj_with_mqa.weight[8:],
        "kv_norm": theirs.kv_a_layernorm.weight, "kv_up": theirs.kv_b_proj.weight, "out": theirs.o_proj.weight,
    }  # fmt: skip
    with torch.no_grad():
        for name, weight in both.items():
            getattr(ours.attn, name).weight.copy_(weight)
    x = torch.randn(2, LENGTH, 24, dtype=dtype)
    speeds = 10000.0 ** -(torch.arange(0, 4, 2, dtype=torch.float64) / 4)
    angles = torch.outer(torch.arange(LENGTH, dtype=torch.float64), speeds).repeat(1, 2)[None].to(dtype)
    hidden = torch.full((LENGTH, LENGTH), float("-inf"), dtype=dtype).triu(1)[None, None]
    wanted = theirs(x, position_embeddings=(angles.cos(), angles.sin()), attention_mask=hidden)[0]
    # softmax and norms of the reference are taken in float32
    close(ours(x), wanted, TOLERANCE[torch.float32], "output")
