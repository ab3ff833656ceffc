"""Hand-written recurrent cells against torch's own layers, state spaces against Hugging Face's: outputs, gradients."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from torch import Tensor, nn

import sharedsl
from tests.parity.names import SPECS, close, copy, gradients_agree, read
from tests.parity.test_transformers import DTYPES, TOLERANCE, VOCAB, agree, build, in_double, reference, tokens

DIM, LENGTH, BATCH = 6, 7, 3


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(3)


def cells(plan: str, **sizes: object) -> nn.Module:
    text = (SPECS / "recurrent" / "cells.sdsl").read_text()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asked.sdsl"
        path.write_text(f"{text}\nbuild Asked = {plan}\n")
        return sharedsl.load(path)["Asked"].module(**sizes).double()


def stacked(parts: nn.LSTM | nn.GRU | nn.RNN, suffix: str, gates: int) -> dict[str, Tensor]:
    """A layer's weights as a cell keeps them: gates on an axis of their own, both biases in one tensor."""
    found = {name: getattr(parts, f"{name}_{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    shape = (gates, DIM) if gates > 1 else (DIM,)
    return {
        "input": found["weight_ih"].reshape(*shape, -1),
        "recur": found["weight_hh"].reshape(*shape, -1),
        "bias": torch.stack((found["bias_ih"], found["bias_hh"])).reshape(2, *shape),
    }


CELLS = [("LSTMCell", nn.LSTM, 4), ("GRUCell", nn.GRU, 3), ("RNNCell", nn.RNN, 1)]


def same_gradients(cell: nn.Module, theirs: dict[str, Tensor]) -> None:
    for name, value in theirs.items():
        ours = getattr(cell, name).grad
        assert ours is not None
        close(ours, value, 1e-10, name)


def gradients(parts: nn.Module, suffix: str, gates: int) -> dict[str, Tensor]:
    class Gradients:
        def __getattr__(self, name: str) -> Tensor | None:
            return getattr(parts, name).grad

    return stacked(Gradients(), suffix, gates)  # type: ignore[arg-type]


@pytest.mark.parametrize(("cell", "kind", "gates"), CELLS, ids=[row[0] for row in CELLS])
def test_cells_against_torch(cell: str, kind: type[nn.LSTM], gates: int) -> None:
    ours = cells(f"Cells(cell = {cell})", dim=DIM, depth=2)
    theirs = kind(DIM, DIM, 2, batch_first=True).double()
    with torch.no_grad():
        for at, layer in enumerate(ours.rnn):
            for name, value in stacked(theirs, f"l{at}", gates).items():
                getattr(layer, name).copy_(value)
    x = torch.randn(BATCH, LENGTH, DIM, dtype=torch.float64)
    agree((ours(x),), (theirs(x)[0],), torch.float64)
    for at, layer in enumerate(ours.rnn):
        same_gradients(layer, gradients(theirs, f"l{at}", gates))


@pytest.mark.parametrize(("cell", "kind", "gates"), CELLS, ids=[row[0] for row in CELLS])
def test_both_directions_against_torch(cell: str, kind: type[nn.LSTM], gates: int) -> None:
    ours = cells(f"Bidirectional(cell = {cell})", dim=DIM)
    theirs = kind(DIM, DIM, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for layer, suffix in ((ours.there, "l0"), (ours.back, "l0_reverse")):
            for name, value in stacked(theirs, suffix, gates).items():
                getattr(layer, name).copy_(value)
    x = torch.randn(BATCH, LENGTH, DIM, dtype=torch.float64)
    agree((ours(x),), (theirs(x)[0],), torch.float64)
    same_gradients(ours.there, gradients(theirs, "l0", gates))
    same_gradients(ours.back, gradients(theirs, "l0_reverse", gates))


def test_one_set_of_weights_for_both_directions() -> None:
    """The cells with one cell's weights, and torch's layer with the plan that ties its directions, are one function."""
    ours = cells("Bidirectional() with one_direction", dim=DIM)
    layer = cells("BidirectionalLayer() with one_reading", dim=DIM)
    held = dict(layer.named_parameters())
    assert sum(each.numel() for each in held.values()) == sum(each.numel() for each in ours.parameters())
    with torch.no_grad():
        ours.there.input.copy_(held["rnn.weight_ih_l0"].reshape(4, DIM, DIM))
        ours.there.recur.copy_(held["rnn.weight_hh_l0"].reshape(4, DIM, DIM))
        ours.there.bias.copy_(torch.stack((held["rnn.bias_ih_l0"], held["rnn.bias_hh_l0"])).reshape(2, 4, DIM))
    x = torch.randn(BATCH, LENGTH, DIM, dtype=torch.float64)
    agree((ours(x),), (layer(x),), torch.float64)
    close(ours.there.input.grad.reshape(4 * DIM, DIM), held["rnn.weight_ih_l0"].grad, 1e-10, "input")


def test_one_cell_keeps_a_state_for_each_application() -> None:
    model = cells("CharRNN(cell = LSTMCell) with one_cell {\n incremental\n}", vocab=11, dim=DIM, depth=3)
    text = torch.randint(0, 11, (BATCH, LENGTH))
    whole, cache = model(text), {}
    parts = [model(text[:, at : at + 1], cache=cache) for at in range(LENGTH)]
    close(torch.cat(parts, 1), whole, 1e-12, "step by step")
    assert len(cache) == 3 and all(set(state) == {"h", "c"} for state in cache.values())
    assert sum(1 for _ in model.parameters()) == 4


def everywhere_double(monkeypatch: pytest.MonkeyPatch, family: str, dtype: torch.dtype) -> None:
    in_double(monkeypatch, family, dtype)
    if dtype is torch.float64:
        monkeypatch.setattr(Tensor, "float", Tensor.double)


def same_language_model(
    spec: str,
    name: str,
    theirs: nn.Module,
    dtype: torch.dtype,
    places: int,
    group: Callable[[int], int] = int,
    **sizes: object,
) -> None:
    """Scores and gradients agree; step by step the scores are the same, with so many places for states."""
    ours = build(spec, name, dtype, vocab=VOCAB, **sizes)
    names = read(spec)
    copy(ours, theirs, names, group)
    given = tokens()
    agree((ours(given),), (theirs(given, use_cache=False).logits,), dtype)
    gradients_agree(ours, theirs, names, group, TOLERANCE[dtype])
    with torch.no_grad():
        whole, cache = ours(given), {}
        parts = [ours(given[:, at : at + 1], cache=cache) for at in range(given.shape[1])]
    close(torch.cat(parts, 1), whole, TOLERANCE[dtype], "step by step")
    assert len(cache) == places


@DTYPES
def test_mamba(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    config = transformers.MambaConfig(
        vocab_size=VOCAB, hidden_size=16, state_size=16, num_hidden_layers=3, residual_in_fp32=False
    )
    everywhere_double(monkeypatch, "mamba", dtype)
    theirs = reference(config, transformers.MambaForCausalLM, dtype)
    same_language_model("recurrent/mamba", "Mamba130mStepByStep", theirs, dtype, 2 * 3, dim=16, depth=3)


@DTYPES
def test_mamba2(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their chunks and our steps are one recurrence."""
    config = transformers.Mamba2Config(
        vocab_size=VOCAB, hidden_size=64, num_heads=2, head_dim=64, state_size=128, n_groups=1, num_hidden_layers=2,
        chunk_size=4, residual_in_fp32=False, tie_word_embeddings=True,
    )  # fmt: skip
    everywhere_double(monkeypatch, "mamba2", dtype)
    theirs = reference(config, transformers.Mamba2ForCausalLM, dtype)
    same_language_model("recurrent/mamba", "Mamba2_130mStepByStep", theirs, dtype, 2 * 2, dim=64, depth=2)


@DTYPES
def test_rwkv(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    config = transformers.RwkvConfig(vocab_size=VOCAB, hidden_size=8, num_hidden_layers=3, rescale_every=0)
    everywhere_double(monkeypatch, "rwkv", dtype)
    theirs = reference(config, transformers.RwkvForCausalLM, dtype)
    same_language_model("recurrent/rwkv", "Rwkv169mStepByStep", theirs, dtype, 3 * 3, dim=8, depth=3)


@DTYPES
@pytest.mark.parametrize("rope", [None, 10000.0], ids=["no_rope", "rope"])
def test_zamba2(rope: float | None, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two transformer layers in turn for three uses, corrections of their own: a cache of keys for each use."""
    hybrid, depth = [1, 2, 4], 5
    config = transformers.Zamba2Config(
        vocab_size=VOCAB, hidden_size=16, num_hidden_layers=depth, mamba_d_state=4, n_mamba_heads=2,
        layers_block_type=["hybrid" if at in hybrid else "linear_attention" for at in range(depth)],
        num_attention_heads=2, num_mem_blocks=2, use_shared_attention_adapter=True, adapter_rank=2, chunk_size=4,
        use_mem_rope=rope is not None,
    )  # fmt: skip
    everywhere_double(monkeypatch, "zamba2", dtype)
    theirs = reference(config, transformers.Zamba2ForCausalLM, dtype)
    sizes = {"dim": 16, "depth": depth, "heads": 2, "mamba_heads": 2, "size": 4, "hybrid": hybrid, "rank": 2}
    name, places = "Zamba2TwoBlocksAttn", 2 * depth + len(hybrid)
    same_language_model("folding/zamba2", name, theirs, dtype, places, dict(enumerate(hybrid)).get, rope=rope, **sizes)


@DTYPES
def test_zamba(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transformer layer for three uses."""
    hybrid, depth = [1, 2, 4], 5
    config = transformers.ZambaConfig(
        vocab_size=VOCAB, hidden_size=16, intermediate_size=64, num_hidden_layers=depth, num_attention_heads=2,
        layers_block_type=["hybrid" if at in hybrid else "linear_attention" for at in range(depth)],
        num_key_value_heads=2, attention_head_dim=16, mamba_dt_rank=1,
    )  # fmt: skip
    everywhere_double(monkeypatch, "zamba", dtype)
    theirs = reference(config, transformers.ZambaForCausalLM, dtype)
    sizes = {"dim": 16, "depth": depth, "heads": 2, "mamba_heads": 2, "hybrid": hybrid}
    places = 2 * depth + len(hybrid)
    same_language_model("folding/zamba", "Zamba7B", theirs, dtype, places, dict(enumerate(hybrid)).get, **sizes)


def test_linear_attention_is_a_recurrence() -> None:
    """The recurrent and the parallel form (Katharopoulos et al. 2020) are one function with one gradient."""
    steps = build("recurrent/rwkv", "LinearRecurrent", torch.float64, dim=8, heads=2)
    at_once = build("recurrent/rwkv", "LinearParallel", torch.float64, dim=8, heads=2)
    at_once.load_state_dict(steps.state_dict())
    x = torch.randn(BATCH, LENGTH, 8, dtype=torch.float64)
    agree((steps(x),), (at_once(x),), torch.float64)
    for (name, ours), theirs in zip(steps.named_parameters(), at_once.parameters(), strict=True):
        close(ours.grad, theirs.grad, 1e-10, name)


def test_keys_of_the_memory_are_computed_once() -> None:
    """T5 token by token: the memory's keys and values at the first step only, whatever the memory is afterwards."""
    model = build(
        "encoder_decoder/t5", "T5SmallDecode", torch.float64, vocab=VOCAB, dim=16, depth=2, heads=2, head_dim=8, ff=24
    )
    source, target = tokens(), tokens(5)
    calls: list[str] = []
    for layer in model.decoder:
        for part in (layer.cross.k, layer.cross.v):
            part.register_forward_hook(lambda *_: calls.append("memory"))
    model.encoder_norm.register_forward_hook(lambda *_: calls.append("encoder"))
    with torch.no_grad():
        whole = model(source, target)
        del calls[:]
        cache: dict[object, object] = {}
        parts = [model(source, target[:, at : at + 1], cache=cache) for at in range(5)]
    close(torch.cat(parts, 1), whole, 1e-10, "step by step")
    assert calls.count("memory") == 2 * 2 and calls.count("encoder") == 1
