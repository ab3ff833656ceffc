"""How fast generated modules are, against Hugging Face's eager ones: one thread, in turns, same inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.clock import calls
from benchmarks.compiler import Row
from sharedsl.analysis.pipeline import analyze, compile_build
from sharedsl.runtime.source import source_of
from sharedsl.source import SourceFile

ROOT = Path(__file__).parents[1]


def rows(rounds: int) -> list[Row]:
    import torch

    torch.set_num_threads(1)
    found: list[Row] = []
    for name, ours, theirs, vocab in (_albert(), _gpt2(), _llama()):
        tokens = torch.randint(0, vocab, (1, 128))
        for what, step in (("forward", _forward), ("forward and backward", _training)):
            taken = calls({"ours": step(ours, tokens), "theirs": step(theirs, tokens)}, max(rounds // 2, 5))
            ratio = taken["theirs"] / taken["ours"]
            found.append((f"{name}, {what}, 1 x 128: Hugging Face eager / generated", f"{ratio:.2f} x", ">= 1 x"))
    return found


def _module(spec: str, build: str, **sizes: int):  # type: ignore[no-untyped-def]
    from sharedsl.runtime.built import module_class

    path = ROOT / "specs" / spec
    analysis = analyze(SourceFile(str(path), path.read_text(encoding="utf-8")))
    return module_class(source_of(compile_build(analysis, build)), build)(**sizes)


def _albert():  # type: ignore[no-untyped-def]
    from transformers import AlbertConfig, AlbertModel

    config = AlbertConfig(hidden_size=768, num_attention_heads=12, intermediate_size=3072, hidden_dropout_prob=0.0)
    config.attention_probs_dropout_prob = 0.0
    return "ALBERT base", _module("encoder/albert.sdsl", "AlbertBase"), AlbertModel(config), 30000


def _gpt2():  # type: ignore[no-untyped-def]
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False)
    return "GPT-2 small", _module("language/gpt2.sdsl", "Gpt2Small"), GPT2LMHeadModel(config), 50257


def _llama():  # type: ignore[no-untyped-def]
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"vocab": 32000, "dim": 512, "depth": 8, "heads": 8, "kv_heads": 4, "ff": 1376}
    config = LlamaConfig(
        vocab_size=sizes["vocab"],
        hidden_size=sizes["dim"],
        num_hidden_layers=sizes["depth"],
        num_attention_heads=sizes["heads"],
        num_key_value_heads=sizes["kv_heads"],
        intermediate_size=sizes["ff"],
        use_cache=False,
    )
    return "Llama of 8 layers", _module("language/llama.sdsl", "Llama3_8B", **sizes), LlamaForCausalLM(config), 32000


def _forward(module, tokens) -> Callable[[], object]:  # type: ignore[no-untyped-def]
    import torch

    def run() -> None:
        module.eval()
        with torch.no_grad():
            module(tokens)

    return run


def _training(module, tokens) -> Callable[[], object]:  # type: ignore[no-untyped-def]
    def run() -> None:
        module.train()
        _first(module(tokens)).square().mean().backward()
        module.zero_grad()

    return run


def _first(output):  # type: ignore[no-untyped-def]
    if hasattr(output, "to_tuple"):
        return output.to_tuple()[0]
    return output[0] if isinstance(output, tuple) else output
