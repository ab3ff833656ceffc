"""Adapted models against peft's LoRA, DoRA and VeRA, and Houlsby's adapters against hooks on transformers' BERT."""

from __future__ import annotations

import re

import peft
import pytest
import torch
import transformers
from torch import Tensor, nn

from sharedsl.api import load
from tests.parity.names import SPECS, close, fetch, foreign, read
from tests.parity.test_transformers import LENGTH, VOCAB, agree, build, in_double, one_thread, reference, tokens

__all__ = ["one_thread"]

DTYPE, TOLERANCE = torch.float64, 1e-10
SIZES = {"vocab": VOCAB, "dim": 32, "depth": 2, "heads": 8, "kv_heads": 2, "ff": 48, "rope": 500000.0}
#: our private parts -> what peft's layer calls them
PARTS = {
    "lora_a": "lora_A.default.weight",
    "lora_b": "lora_B.default.weight",
    "magnitude": "lora_magnitude_vector.default.weight",
    "lora_inner": "vera_lambda_d.default",
    "lora_outer": "vera_lambda_b.default",
}
KEYS = re.compile(rf"(.*\.weight)_({'|'.join(PARTS)})")


def llama(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    in_double(monkeypatch, "llama", DTYPE)
    config = transformers.LlamaConfig(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=8,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0}, tie_word_embeddings=False,
    )  # fmt: skip
    theirs = reference(config, transformers.LlamaForCausalLM, DTYPE)
    theirs.model.rotary_emb.inv_freq = 500000.0 ** -(torch.arange(0, 4, 2, dtype=DTYPE) / 4)
    return theirs


def place(key: str) -> str:
    """What peft calls one of our parameters."""
    names = read("language/llama")
    if found := KEYS.fullmatch(key):
        layer = foreign(found[1], names, int).removesuffix(".weight")
        return f"base_model.model.{layer}.{PARTS[found[2]]}"
    return f"base_model.model.{foreign(key, names, int)}"


def held(model: nn.Module) -> dict[str, Tensor]:
    """peft's parameters, each by its name without the wrapping of what is adapted; VeRA's factors are buffers."""
    return {name.replace("base_layer.", ""): each for name, each in model.named_parameters()}


def randomised(model: nn.Module) -> None:
    """What begins at zero would hide what it is multiplied with."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)


def compare(ours: nn.Module, theirs: nn.Module, drawn: dict[str, Tensor]) -> None:
    """peft's weights into ours; then outputs, what is trained, and every gradient."""
    weights = held(theirs) | drawn
    with torch.no_grad():
        for key, parameter in ours.named_parameters():
            value = weights[drawn_name(key) if drawn_name(key) in drawn else place(key)]
            parameter.copy_(value.reshape(parameter.shape))
    ids = tokens()
    wanted = theirs(input_ids=ids, position_ids=torch.arange(LENGTH)[None])
    agree((ours(ids),), (wanted.logits,), DTYPE)
    mine = {place(key): each for key, each in ours.named_parameters() if each.requires_grad}
    yours = {name: each for name, each in held(theirs).items() if each.requires_grad}
    assert mine.keys() == yours.keys()
    for name, each in mine.items():
        assert each.grad is not None and yours[name].grad is not None, name
        close(each.grad, yours[name].grad.reshape(each.shape), TOLERANCE, name)


def drawn_name(key: str) -> str:
    return key.rpartition("_")[2] if "lora" in key else ""


@pytest.mark.parametrize(
    ("build_name", "targets"),
    [
        ("Llama2_7BLora", ["q_proj", "v_proj"]),
        ("Llama2_7BLoraAll", ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
    ],
)
def test_lora(build_name: str, targets: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=targets)
    theirs = peft.get_peft_model(llama(monkeypatch), config).to(DTYPE).eval()
    randomised(theirs)
    compare(build("adapting/lora", build_name, DTYPE, **SIZES, rank=4), theirs, {})


def test_dora(monkeypatch: pytest.MonkeyPatch) -> None:
    """The length's gradient is not taken."""
    config = peft.LoraConfig(r=4, lora_alpha=32, target_modules=["q_proj", "v_proj"], use_dora=True)
    theirs = peft.get_peft_model(llama(monkeypatch), config).to(DTYPE).eval()
    randomised(theirs)
    compare(build("adapting/dora", "Llama2_7BDora", DTYPE, **SIZES, rank=4), theirs, {})


def test_vera(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pair of factors for all linear layers, cut to size where they are narrower."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = peft.VeraConfig(r=4, target_modules=targets)
    theirs = peft.get_peft_model(llama(monkeypatch), config).to(DTYPE).eval()
    randomised(theirs)
    factors = {"a": theirs.base_model.vera_A["default"], "b": theirs.base_model.vera_B["default"]}
    ours = build("adapting/vera", "Llama2_7BVeraAll", DTYPE, **SIZES, rank=4)
    assert {key for key, _ in ours.named_parameters() if drawn_name(key) in ("a", "b")} == {
        "layers.0.mlp.down.weight_lora_a", "layers.0.mlp.gate.weight_lora_b"
    }  # fmt: skip
    compare(ours, theirs, factors)


@pytest.mark.parametrize("spec", ["lora", "dora", "vera"])
def test_starts_as_its_base(spec: str) -> None:
    """A fresh adapted model computes what its base does."""
    adapted = next(name for name in load(str(SPECS / f"adapting/{spec}.sdsl")) if "Llama" in name)
    ours = build(f"adapting/{spec}", adapted, DTYPE, **SIZES, rank=4)
    base = build("language/llama", "Llama3_8B", DTYPE, **SIZES)
    missing, unexpected = base.load_state_dict(ours.state_dict(), strict=False)
    assert not missing and all(KEYS.fullmatch(key) for key in unexpected)
    ids = tokens()
    close(ours(ids), base(ids), 1e-6, spec)  # made in float32, DoRA's lengths too


def test_vera_is_drawn_from_its_seed() -> None:
    first, second = (build("adapting/vera", "Llama2_7BVeraAll", DTYPE, **SIZES, rank=4) for _ in range(2))
    a, b = (dict(each.named_parameters())["layers.0.mlp.down.weight_lora_a"] for each in (first, second))
    assert torch.equal(a, b) and not a.requires_grad
    assert not torch.equal(first.embed.weight, second.embed.weight)


def test_houlsby() -> None:
    config = transformers.BertConfig(
        vocab_size=VOCAB, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=24, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs = reference(config, transformers.BertModel, DTYPE)
    ours = build(
        "adapting/houlsby", "BertLargeAdapters64", DTYPE, vocab=VOCAB, dim=32, depth=3, heads=4, max_len=24, width=5
    )
    names, weights = read("encoder/bert"), dict(theirs.named_parameters())
    stands = {"attn": "attention.output.dense", "ffn": "output.dense"}
    hooked: dict[str, nn.Linear] = {}
    for key, layer in ours.named_modules():
        if found := re.fullmatch(r"layers\.(\d)\.(attn|ffn)\.adapter", key):
            down, up = nn.Linear(32, 5).to(DTYPE), nn.Linear(5, 32).to(DTYPE)
            with torch.no_grad():
                for mine, yours in ((layer.down, down), (layer.up, up)):
                    mine.weight.copy_(yours.weight)
                    mine.bias.copy_(yours.bias)
            hooked |= {f"{key}.down": down, f"{key}.up": up}
            target = theirs.encoder.layer[int(found[1])].get_submodule(stands[found[2]])
            target.register_forward_hook(bottleneck(down, up))
    assert len(hooked) == 12
    with torch.no_grad():
        for key, parameter in ours.named_parameters():
            if "adapter" not in key:
                parameter.copy_(fetch(foreign(key, names, int), weights).reshape(parameter.shape))
    ids, kinds = tokens(), torch.randint(0, 2, (3, LENGTH))
    wanted = theirs(input_ids=ids, token_type_ids=kinds)
    agree(ours(ids, kinds), (wanted.last_hidden_state, wanted.pooler_output), DTYPE)
    for key, parameter in ours.named_parameters():
        assert parameter.requires_grad == ("adapter" in key or ("layers" in key and ".norm" in key)), key
        if "adapter" in key:
            layer, _, name = key.rpartition(".")
            close(parameter.grad, getattr(hooked[layer], name).grad, TOLERANCE, key)


def bottleneck(down: nn.Linear, up: nn.Linear) -> object:
    return lambda module, args, y: y + up(nn.functional.gelu(down(y)))


def test_adapters_of_one_layer_are_apart() -> None:
    """`share *` does not mean the adapters."""
    ours = build(
        "adapting/houlsby", "BertOneLayerAdapters", DTYPE, vocab=VOCAB, dim=32, depth=3, heads=4, max_len=24, width=5
    )
    keys = [key for key, _ in ours.named_parameters()]
    assert sum(key.endswith("adapter.down.weight") for key in keys) == 6
    assert sum(key.endswith("ffn.up.weight") for key in keys) == 1
