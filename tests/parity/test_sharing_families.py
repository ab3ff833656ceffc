"""Tying, heads and towers against transformers' classes with random weights: outputs and every gradient."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch import nn
from transformers.models.reformer import modeling_reformer as reformer

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
    padded,
    reference,
    tokens,
)

__all__ = ["one_thread"]


@DTYPES
def test_albert_masked_lm(dtype: torch.dtype) -> None:
    """The factorised tied head: back to the table's width, the table, and a bias."""
    config = transformers.AlbertConfig(
        vocab_size=VOCAB, embedding_size=16, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        num_hidden_groups=1, intermediate_size=128, max_position_embeddings=24, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.AlbertForMaskedLM, dtype)
    sizes = {"vocab": VOCAB, "embed_dim": 16, "dim": 32, "depth": 3, "heads": 4, "max_len": 24}
    ours = build("encoder/albert_lm", "AlbertMaskedLm", dtype, **sizes)
    names = read("encoder/albert_lm")
    copy(ours, theirs, names, lambda _: 0)
    ids, kinds, mask = tokens(), torch.randint(0, 2, (BATCH, LENGTH)), padded()
    wanted = theirs(input_ids=ids, token_type_ids=kinds, attention_mask=mask.long())
    agree((ours(ids, kinds, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, lambda _: 0, TOLERANCE[dtype])


@DTYPES
def test_adapters_by_language(dtype: torch.dtype) -> None:
    """One table for all languages; every row of the batch goes through the adapters of its own."""
    config = transformers.XmodConfig(
        vocab_size=VOCAB, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=24, languages=["a", "b", "c"], adapter_reduction_factor=2, pad_token_id=0,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-12,
    )  # fmt: skip
    theirs = reference(config, transformers.XmodModel, dtype)
    sizes = {"vocab": VOCAB, "dim": 16, "depth": 2, "heads": 2, "languages": 3, "max_len": 24}
    ours = build("multitask/adapters", "XmodBase", dtype, **sizes)
    names = read("multitask/adapters")
    theirs.embeddings.position_embeddings.padding_idx = None  # its first place would get no gradient
    for layer in theirs.encoder.layer:  # its languages are keys, ours are numbers
        layer.output.adapter_modules = nn.ModuleDict(
            {str(at): each for at, each in enumerate(layer.output.adapter_modules.values())}
        )
    copy(ours, theirs, names, int)
    ids, mask, language = tokens(), padded(), torch.tensor([2, 0, 1])
    positions = torch.arange(LENGTH)[None]
    wanted = theirs(input_ids=ids, attention_mask=mask.long(), lang_ids=language, position_ids=positions)
    agree(ours(ids, language, mask), (wanted.last_hidden_state, wanted.pooler_output), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_clip(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two towers that share nothing but the space."""
    in_double(monkeypatch, "clip", dtype)
    both = {"num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={"vocab_size": VOCAB, "hidden_size": 8, "intermediate_size": 32, "max_position_embeddings": 12,
                     "eos_token_id": 2, **both},
        vision_config={"hidden_size": 16, "intermediate_size": 64, "image_size": 8, "patch_size": 4, **both},
        projection_dim=6,
    )  # fmt: skip
    theirs = reference(config, transformers.CLIPModel, dtype)
    sizes = {"size": 8, "patch": 4, "vision_dim": 16, "vision_depth": 2, "vision_heads": 2, "vocab": VOCAB}
    ours = build(
        "multitask/clip", "ClipB32", dtype, **sizes, max_len=12, text_dim=8, text_depth=2, text_heads=2, space=6
    )
    names = read("multitask/clip")
    copy(ours, theirs, names, int)
    pixels, ids = torch.randn(4, 3, 8, 8, dtype=dtype), tokens()
    wanted = theirs(input_ids=ids, pixel_values=pixels)
    agree((ours(pixels, ids),), (wanted.logits_per_image,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
@pytest.mark.parametrize("shared", [True, False])
def test_deberta(shared: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are projected by the contents' projections, or by their own; one table of places for all layers."""
    in_double(monkeypatch, "deberta_v2", dtype)
    config = transformers.DebertaV2Config(
        vocab_size=VOCAB, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=16, relative_attention=True, max_relative_positions=-1, position_buckets=4,
        norm_rel_ebd="layer_norm", share_att_key=shared, pos_att_type=["p2c", "c2p"], position_biased_input=False,
        type_vocab_size=0, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.DebertaV2Model, dtype)
    name = "DebertaV3Base" if shared else "DebertaOwnPlaces"
    sizes = {"vocab": VOCAB, "dim": 16, "depth": 2, "heads": 2, "ff": 24, "buckets": 4, "limit": 16}
    ours = build("attention/deberta", name, dtype, **sizes)
    names = read("attention/deberta")
    copy(ours, theirs, names, int)
    ids = torch.randint(1, VOCAB, (BATCH, 14))  # some pairs are farther apart than the buckets are exact
    agree((ours(ids),), (theirs(input_ids=ids).last_hidden_state,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_queries_are_keys_of_length_one(dtype: torch.dtype) -> None:
    """Reformer's attention inside one chunk: keys are queries of length 1, and a token does not read itself."""
    config = transformers.ReformerConfig(
        hidden_size=16, num_attention_heads=2, attention_head_size=8, is_decoder=True, hash_seed=1,
        lsh_attn_chunk_length=64, lsh_attention_probs_dropout_prob=0.0, attn_layers=["lsh"],
    )  # fmt: skip
    theirs = reformer.LSHSelfAttention(config, layer_idx=0).to(dtype).eval()
    output = nn.Linear(16, 16, bias=False, dtype=dtype)
    sizes = {"vocab": VOCAB, "dim": 16, "depth": 1, "heads": 2, "max_len": 24}
    ours = build("attention/reformer", "SharedQk", dtype, **sizes).layers[0].attn
    weights = {"q.weight": theirs.query_key.weight, "v.weight": theirs.value.weight, "out.weight": output.weight}
    assert set(weights) == {name for name, _ in ours.named_parameters()}
    with torch.no_grad():
        for name, weight in weights.items():
            ours.get_parameter(name).copy_(weight.normal_(std=0.4))
    x = torch.randn(BATCH, LENGTH, 16, dtype=dtype)
    agree((ours(x),), (output(theirs(x).hidden_states),), dtype)
    for name, weight in weights.items():
        assert weight.grad is not None
        close(ours.get_parameter(name).grad, weight.grad, TOLERANCE[dtype], name)


@DTYPES
def test_one_table_of_codes_for_two_models(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """The speech model's decoder says all codes but the first of each frame from the backbone's state and table."""
    in_double(monkeypatch, "csm", dtype)
    sizes = {"vocab": 11, "books": 4, "dim": 16, "depth": 2, "heads": 4, "kv_heads": 2, "ff": 24}
    small = {"small_dim": 8, "small_depth": 2, "small_heads": 2, "small_kv_heads": 1, "small_ff": 12}
    rope = {"rope_type": "default", "rope_theta": 500000.0}
    config = transformers.CsmDepthDecoderConfig(
        num_codebooks=4, backbone_hidden_size=16, vocab_size=11, hidden_size=8, intermediate_size=12,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=4, max_position_embeddings=33,
        rms_norm_eps=1e-5, rope_parameters=rope, pad_token_id=None, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    theirs = reference(config, transformers.CsmDepthDecoderForCausalLM, dtype)
    theirs.model.rotary_emb.inv_freq = (500000.0 ** -(torch.arange(0, 4, 2, dtype=torch.float64) / 4)).to(dtype)
    ours = build("tying/csm", "Csm1B", dtype, text_vocab=VOCAB, **sizes, **small)
    parts = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "out": "self_attn.o_proj"}
    with torch.no_grad():
        ours.codes.weight.copy_(theirs.model.embed_tokens.weight)
        ours.narrow.weight.copy_(theirs.model.inputs_embeds_projector.weight)
        ours.small_norm.weight.copy_(theirs.model.norm.weight)
        ours.small_heads_of.copy_(theirs.codebooks_head.weight)
        for mine, layer in zip(ours.small_layers, theirs.model.layers, strict=True):
            for part, name in parts.items():
                getattr(mine.attn, part).weight.copy_(layer.get_submodule(name).weight)
            for part in ("gate", "up", "down"):
                getattr(mine.mlp, part).weight.copy_(layer.get_submodule(f"mlp.{part}_proj").weight)
            mine.norm1.weight.copy_(layer.input_layernorm.weight)
            mine.norm2.weight.copy_(layer.post_attention_layernorm.weight)
    text, frames = torch.randint(0, VOCAB, (2, 5)), torch.randint(0, 11, (2, 3, 4))
    states = []
    ours.norm.register_forward_hook(lambda _, __, out: states.append(out))
    first, others = ours(text, frames)
    heard = states[0][:, 4:7]
    close(first, ours.head(heard), TOLERANCE[dtype], "first codes")
    rows = nn.functional.pad(frames.flatten(0, 1)[:, :3], (1, 0))
    wanted = theirs(input_ids=rows, backbone_last_hidden_state=heard.detach().flatten(0, 1)).logits
    close(others.flatten(0, 1), wanted[:, -3:], TOLERANCE[dtype], "other codes")


@DTYPES
def test_mbart(dtype: torch.dtype) -> None:
    """One table for all languages, read by both inputs and the head."""
    config = transformers.MBartConfig(
        vocab_size=VOCAB, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, max_position_embeddings=24, dropout=0.0,
        pad_token_id=0,
    )  # fmt: skip
    theirs = reference(config, transformers.MBartForConditionalGeneration, dtype)
    sizes = {"vocab": VOCAB, "dim": 32, "depth": 2, "heads": 4, "max_len": 24}
    ours = build("encoder_decoder/mbart", "MBartLarge50", dtype, **sizes)
    names = read("encoder_decoder/mbart")
    copy(ours, theirs, names, int)
    ids, labels, mask = tokens(), tokens(7), padded()
    wanted = theirs(input_ids=ids, attention_mask=mask.long(), decoder_input_ids=labels)
    agree((ours(ids, labels, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_falcon(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Multi-query attention by plan; the reference has queries, the one key and the one value in one matrix."""
    in_double(monkeypatch, "falcon", dtype)
    config = transformers.FalconConfig(
        vocab_size=VOCAB, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, multi_query=True,
        parallel_attn=True, new_decoder_architecture=False, bias=False, alibi=False, hidden_dropout=0.0,
        attention_dropout=0.0, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    theirs = reference(config, transformers.FalconForCausalLM, dtype)
    theirs.transformer.rotary_emb.inv_freq = (10000.0 ** -(torch.arange(0, 8, 2, dtype=torch.float64) / 8)).to(dtype)
    ours = build("language/falcon", "Falcon7B", dtype, vocab=VOCAB, dim=24, depth=2, heads=3)
    pairs = [(ours.embed.weight, theirs.transformer.word_embeddings.weight)]
    for mine, layer in zip(ours.layers, theirs.transformer.h, strict=True):
        rows = {"q": slice(0, 24), "k": slice(24, 32), "v": slice(32, 40)}
        fused = layer.self_attention.query_key_value.weight
        for name, at in rows.items():
            with torch.no_grad():
                getattr(mine.attn, name).weight.copy_(fused[at])
        pairs += [
            (mine.attn.out.weight, layer.self_attention.dense.weight),
            (mine.mlp.up.weight, layer.mlp.dense_h_to_4h.weight),
            (mine.mlp.down.weight, layer.mlp.dense_4h_to_h.weight),
            (mine.norm.weight, layer.input_layernorm.weight), (mine.norm.bias, layer.input_layernorm.bias),
        ]  # fmt: skip
    pairs += [(ours.norm.weight, theirs.transformer.ln_f.weight), (ours.norm.bias, theirs.transformer.ln_f.bias)]
    with torch.no_grad():
        for one, other in pairs:
            one.copy_(other)
    ids = tokens()
    agree((ours(ids),), (theirs(input_ids=ids).logits,), dtype)
    for one, other in pairs:
        close(one.grad, other.grad, TOLERANCE[dtype], "gradient")
    for mine, layer in zip(ours.layers, theirs.transformer.h, strict=True):
        parts = [getattr(mine.attn, name).weight.grad for name in ("q", "k", "v")]
        close(torch.cat(parts), layer.self_attention.query_key_value.weight.grad, TOLERANCE[dtype], "fused")


@DTYPES
def test_all_series_alike(dtype: torch.dtype) -> None:
    """PatchTST: every series by itself through one embedding, one encoder and one head."""
    config = transformers.PatchTSTConfig(
        num_input_channels=3, context_length=12, patch_length=2, patch_stride=2, d_model=8, num_hidden_layers=2,
        num_attention_heads=2, ffn_dim=12, prediction_length=5, attention_dropout=0.0, positional_dropout=0.0,
        path_dropout=0.0, ff_dropout=0.0, loss="mse",
    )  # fmt: skip
    theirs = reference(config, transformers.PatchTSTForPrediction, dtype)
    sizes = {"channels": 3, "length": 12, "patch": 2, "dim": 8, "depth": 2, "heads": 2, "ff": 12, "horizon": 5}
    ours = build("encoder/patch_tst", "PatchTstAlike", dtype, **sizes)
    encoder = theirs.model.encoder
    pairs = [(ours.pos, encoder.positional_encoder.position_enc)]
    modules = [(ours.embeds[0], encoder.embedder.input_embedding), (ours.forecasts[0], theirs.head.projection)]
    for mine, layer in zip(ours.layers, encoder.layers, strict=True):
        attn = layer.self_attn
        modules += [
            (mine.attn.q, attn.q_proj), (mine.attn.k, attn.k_proj), (mine.attn.v, attn.v_proj),
            (mine.attn.out, attn.out_proj), (mine.norm1.norm, layer.norm_sublayer1.batchnorm),
            (mine.norm2.norm, layer.norm_sublayer3.batchnorm), (mine.ffn.up, layer.ff[0]), (mine.ffn.down, layer.ff[3]),
        ]  # fmt: skip
    pairs += [(one.get_parameter(part), other.get_parameter(part)) for one, other in modules
              for part in ("weight", "bias")]  # fmt: skip
    with torch.no_grad():
        for one, other in pairs:
            one.copy_(other)
    x = 3 + 2 * torch.randn(BATCH, 12, 3, dtype=dtype)
    agree((ours(x),), (theirs(past_values=x).prediction_outputs,), dtype)
    for one, other in pairs[1:]:
        close(one.grad, other.grad, TOLERANCE[dtype], "gradient")


@DTYPES
def test_grouped_projections(dtype: torch.dtype) -> None:
    """SqueezeBERT: groups of channels that meet behind attention alone."""
    config = transformers.SqueezeBertConfig(
        vocab_size=VOCAB, hidden_size=16, embedding_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=24, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        layer_norm_eps=1e-12,
    )  # fmt: skip
    theirs = reference(config, transformers.SqueezeBertModel, dtype)
    sizes = {"vocab": VOCAB, "dim": 16, "depth": 2, "heads": 2, "max_len": 24}
    ours = build("encoder/squeezebert", "SqueezeBertBase", dtype, **sizes)
    names = read("encoder/squeezebert")
    copy(ours, theirs, names, int)
    ids, kinds, mask = tokens(), torch.randint(0, 2, (BATCH, LENGTH)), padded()
    wanted = theirs(input_ids=ids, token_type_ids=kinds, attention_mask=mask.long())
    agree(ours(ids, kinds, mask), (wanted.last_hidden_state, wanted.pooler_output), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])
