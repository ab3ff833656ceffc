"""Mutated plans: whatever parses is answered without a traceback, and what is accepted has values of its shapes."""

from __future__ import annotations

import os
import random

import pytest

from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse
from tests.sharing.evaluate import values
from tests.sharing.test_contradictions import CASES, MODEL

ROUNDS = int(os.environ.get("SHAREDSL_ROUNDS", "150"))
LINES = [line for _, body, _ in CASES for line in body.split("\n")] + [
    "share * across layers in cycle of 2 reversed except norm with lora(rank = 2) on {attn.*, ffn.up}",
    "tie wide.weight[*, 2:10] = embed.weight",
    "factorize ffn.up across layers as bank(2)",
    "fold body 3 times except norm with lora(rank = 2) on ffn.*, step_embedding",
    "tie sq.weight = detach(rot.weight) |> flip(axis = 0)",
    "untie body@*.norm",
    "init layers[*].**.weight = normal(std = 0.1)",
    "tie sq.weight.u = rot.weight.v.T",
    "factorize sq.weight.u rank 1",
    "share layers[*].attn.q.weight.base along heads",
]
WORDS = [
    *(
        "layers",
        "body",
        "sq",
        "rot",
        "embed",
        "weight",
        "attn",
        "q",
        "k",
        "norm",
        "ffn",
        "up",
        "dim",
        "= ",
        ".",
        ":",
        ",",
    ),
    *(
        "[*]",
        "[0]",
        "[1:]",
        "[0:2]",
        "@*",
        "@1",
        "*",
        "**",
        ".T",
        ".u",
        ".v",
        ".base",
        ".lora.a",
        "{",
        "}",
        "(",
        ")",
        "]",
    ),
    *(
        "0",
        "1",
        "2",
        "3",
        "-1",
        "share",
        "tie",
        "fold",
        "across",
        "with",
        "lora(rank=2)",
        "scale",
        "diagonal",
        "except",
    ),
    *(
        "along",
        "heads",
        "in",
        "groups",
        "of",
        "reversed",
        "rank",
        "as",
        "bank(2)",
        "basis",
        "concat(",
        "flip(",
        "repeat(",
    ),
]


def mutated(line: str, rng: random.Random) -> str:
    at = rng.randint(0, len(line))
    match rng.randint(0, 3):
        case 0:
            return line[:at] + rng.choice(WORDS) + line[at:]
        case 1:
            return line[:at] + line[at + rng.randint(1, 6) :]
        case 2:
            other = rng.choice(LINES)
            return line[:at] + other[rng.randint(0, len(other)) :]
    words = line.split(" ")
    words[rng.randrange(len(words))] = rng.choice(WORDS)
    return " ".join(words)


def plan(rng: random.Random) -> str:
    body = []
    for _ in range(rng.randint(1, 4)):
        line = rng.choice(LINES)
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            line = mutated(line, rng)
        body.append(line)
    base = "sharing a of Toy {\n  share ffn across layers\n  tie head.weight = embed.weight\n}\n"
    return base + f"sharing p of Toy {rng.choice(['', 'extends a '])}{{\n" + "\n".join(body) + "\n}\n"


@pytest.mark.parametrize("seed", range(4))
def test_mutated_plans(seed: int) -> None:
    rng, read = random.Random(seed), 0
    for _ in range(ROUNDS):
        text = plan(rng)
        file, problems = parse(SourceFile("toy.sdsl", text))
        if problems or not any(isinstance(item, ast.Plan) and item.name == "p" for item in file.items):
            continue
        read += 1
        result = MODEL.solve(text, "p")
        if not result.codes:
            values(result.solved)
    assert read > ROUNDS // 10
