"""Generated modules against Hugging Face's own classes with random weights: outputs and every gradient."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch import Tensor, nn

import sharedsl
from tests.parity.names import SPECS, close, copy, gradients_agree, read

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
BATCH, LENGTH, VOCAB = 3, 9, 61


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(7)


def tokens(length: int = LENGTH) -> Tensor:
    """Never 0: some reference tables give their padding row no gradient."""
    return torch.randint(1, VOCAB, (BATCH, length))


def padded(length: int = LENGTH) -> Tensor:
    """True where a token is real; the second row ends early."""
    mask = torch.ones(BATCH, length, dtype=torch.bool)
    mask[1, length - 3 :] = False
    return mask


def build(spec: str, name: str, dtype: torch.dtype, **sizes: object) -> nn.Module:
    return sharedsl.load(str(SPECS / f"{spec}.sdsl"))[name].module(**sizes).to(dtype).eval()


def reference(config: transformers.PretrainedConfig, cls: type[nn.Module], dtype: torch.dtype) -> nn.Module:
    config._attn_implementation = "eager"
    model = cls(config).to(dtype).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


class Double:
    """torch, but its float32 is float64: for references that take steps in float32 whatever their own dtype."""

    float32 = float = torch.float64

    def __getattr__(self, name: str) -> object:
        return getattr(torch, name)


def in_double(monkeypatch: pytest.MonkeyPatch, family: str, dtype: torch.dtype) -> None:
    if dtype is torch.float64:
        monkeypatch.setattr(f"transformers.models.{family}.modeling_{family}.torch", Double())


def agree(ours: tuple[Tensor, ...], theirs: tuple[Tensor, ...], dtype: torch.dtype) -> None:
    """Outputs agree; then both run backward from the same random direction."""
    for number, (left, right) in enumerate(zip(ours, theirs, strict=True)):
        close(left, right, TOLERANCE[dtype], f"output {number}")
    directions = [torch.randn_like(each) for each in theirs]
    torch.autograd.backward(ours, directions)
    torch.autograd.backward(theirs, directions)


@DTYPES
@pytest.mark.parametrize("groups", [1, 3, 5])
def test_albert(groups: int, dtype: torch.dtype) -> None:
    depth = 12
    config = transformers.AlbertConfig(
        vocab_size=VOCAB, embedding_size=16, hidden_size=32, num_hidden_layers=depth, num_attention_heads=4,
        num_hidden_groups=groups, intermediate_size=128, max_position_embeddings=24,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.AlbertModel, dtype)
    name = {1: "AlbertBase", 3: "AlbertBaseGroups3", 5: "AlbertBaseGroups5"}[groups]
    ours = build("encoder/albert", name, dtype, vocab=VOCAB, embed_dim=16, dim=32, heads=4, max_len=24)
    names = read("encoder/albert")

    def group(layer: int) -> int:
        return layer * groups // depth

    copy(ours, theirs, names, group)
    ids, kinds, mask = tokens(), torch.randint(0, 2, (BATCH, LENGTH)), padded()
    wanted = theirs(input_ids=ids, token_type_ids=kinds, attention_mask=mask.long())
    agree(ours(ids, kinds, mask), (wanted.last_hidden_state, wanted.pooler_output), dtype)
    gradients_agree(ours, theirs, names, group, TOLERANCE[dtype])


@DTYPES
def test_bert(dtype: torch.dtype) -> None:
    config = transformers.BertConfig(
        vocab_size=VOCAB, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=24, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.BertModel, dtype)
    ours = build("encoder/bert", "BertBase", dtype, vocab=VOCAB, dim=32, depth=3, heads=4, max_len=24)
    names = read("encoder/bert")
    copy(ours, theirs, names, int)
    ids, kinds, mask = tokens(), torch.randint(0, 2, (BATCH, LENGTH)), padded()
    wanted = theirs(input_ids=ids, token_type_ids=kinds, attention_mask=mask.long())
    agree(ours(ids, kinds, mask), (wanted.last_hidden_state, wanted.pooler_output), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


def gpt2(dtype: torch.dtype) -> nn.Module:
    config = transformers.GPT2Config(
        vocab_size=VOCAB, n_embd=32, n_layer=3, n_head=4, n_positions=24,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    return reference(config, transformers.GPT2LMHeadModel, dtype)


@DTYPES
def test_gpt2(dtype: torch.dtype) -> None:
    theirs = gpt2(dtype)
    ours = build("language/gpt2", "Gpt2Small", dtype, vocab=VOCAB, dim=32, depth=3, heads=4, max_len=24)
    names = read("language/gpt2")
    copy(ours, theirs, names, int)
    ids, mask = tokens(), padded()
    wanted = theirs(input_ids=ids, attention_mask=mask.long(), position_ids=torch.arange(LENGTH)[None])
    agree((ours(ids, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
def test_gpt2_incremental(dtype: torch.dtype) -> None:
    theirs = gpt2(dtype)
    ours = build("language/gpt2", "Gpt2SmallDecoder", dtype, vocab=VOCAB, dim=32, depth=3, heads=4, max_len=24)
    copy(ours, theirs, read("language/gpt2"), int)
    ids, cache, past, start = tokens(), {}, None, 0
    whole = theirs(input_ids=ids).logits
    for length in (4, 1, 1, 3):
        piece = ids[:, start : start + length]
        wanted = theirs(input_ids=piece, past_key_values=past, use_cache=True)
        past = wanted.past_key_values
        got = ours(piece, cache=cache)
        close(got, wanted.logits, TOLERANCE[dtype], f"step at {start}")
        close(got, whole[:, start : start + length], TOLERANCE[dtype], f"full forward at {start}")
        start += length


@DTYPES
@pytest.mark.parametrize("name", ["Llama3_8B", "Llama3_8BByPlan"])
def test_llama(name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grouped-query attention, once by the layer's argument and once by the plan `gqa`."""
    in_double(monkeypatch, "llama", dtype)
    config = transformers.LlamaConfig(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=8,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0}, tie_word_embeddings=False,
    )  # fmt: skip
    theirs = reference(config, transformers.LlamaForCausalLM, dtype)
    speeds = 500000.0 ** -(torch.arange(0, 4, 2, dtype=torch.float64) / 4)
    theirs.model.rotary_emb.inv_freq = speeds.to(dtype)
    by_argument = {} if name == "Llama3_8BByPlan" else {"kv_heads": 2}
    ours = build("language/llama", name, dtype, vocab=VOCAB, dim=32, depth=2, heads=8, ff=48, **by_argument)
    names = read("language/llama")
    copy(ours, theirs, names, int)
    ids, mask = tokens(), padded()
    wanted = theirs(input_ids=ids, attention_mask=mask.long(), position_ids=torch.arange(LENGTH)[None])
    agree((ours(ids, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])


@DTYPES
@pytest.mark.parametrize("name", ["T5Small", "T5v11Small"])
def test_t5(name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three-way tie with its scale; version 1.1 with a head of its own and gated perceptrons."""
    in_double(monkeypatch, "t5", dtype)
    tied = name == "T5Small"
    config = transformers.T5Config(
        vocab_size=VOCAB, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, dropout_rate=0.0,
        feed_forward_proj="relu" if tied else "gated-gelu", tie_word_embeddings=tied, decoder_start_token_id=0,
    )  # fmt: skip
    theirs = reference(config, transformers.T5ForConditionalGeneration, dtype)
    if not tied:  # the class ties in any case; version 1.1's checkpoints hold a head of their own
        theirs.lm_head.weight = nn.Parameter(torch.randn_like(theirs.lm_head.weight))
    ours = build("encoder_decoder/t5", name, dtype, vocab=VOCAB, dim=32, depth=2, heads=4, head_dim=8, ff=48)
    names = read("encoder_decoder/t5")
    copy(ours, theirs, names, int)
    ids, labels, mask = tokens(), tokens(6), padded()
    wanted = theirs(input_ids=ids, attention_mask=mask.long(), decoder_input_ids=labels)
    agree((ours(ids, labels, mask),), (wanted.logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])
