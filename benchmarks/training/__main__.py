"""`python -m benchmarks.training`: every family over three seeds, and docs/training.md with its curves."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from benchmarks import curves
from benchmarks.training.tasks import tasks
from benchmarks.training.train import Family, Run, families, pair

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = DOCS / "training"
LIMIT = 1.25
HEAD = """# Does sharing still learn?

One member of every family, trained beside the same architecture with nothing of it shared: the same data, batches and
learning rate, {seeds} seeds, {steps} steps of AdamW. *First* is the loss before any step, next to that of a model that
knows nothing; *ratio* is the shared model's last loss on held-out data over the unshared one's. Written by
`make curves`; the builds are in
[families.sdsl](../benchmarks/training/families.sdsl), the numbers in [results.json](training/results.json).

| family | member | task | parameters, apart → shared | chance | first | last, apart | last, shared | ratio |
|---|---|---|---|---|---|---|---|---|
"""


def slug(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower()).strip("-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", help="the families whose name has this in it; the others keep their record")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = recorded() if options.only else {}
    results = []
    for family in families():
        if options.only and options.only.lower() not in family.name.lower():
            results += [kept[family.name]] if family.name in kept else []
            continue
        runs = [pair(family, seed, options.steps) for seed in range(options.seeds)]
        results.append(result(family, runs))
        print(f"{family.name}: {results[-1]['ratio']:.3f}", file=sys.stderr, flush=True)
    write(results, options.steps, options.seeds)


def recorded() -> dict[str, Any]:
    """The results of the last run, by family."""
    path = FIGURES / "results.json"
    return {row["family"]: row for row in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}


def result(family: Family, runs: list[tuple[Run, Run]]) -> dict[str, Any]:
    """What one row of the page says, and its curves."""
    apart, shared = [one for one, _ in runs], [other for _, other in runs]
    last = mean(run.last for run in apart), mean(run.last for run in shared)
    return {
        "family": family.name,
        "member": family.member,
        "task": family.task,
        "chance": tasks()[family.task].chance,
        "parameters": [apart[0].parameters, shared[0].parameters],
        "first": mean(run.first for run in shared),
        "last": list(last),
        "ratio": last[1] / last[0],
        "explained": family.explained,
        "curves": {"apart": [run.curve for run in apart], "shared": [run.curve for run in shared]},
    }


def write(results: list[dict[str, Any]], steps: int, seeds: int) -> None:
    FIGURES.mkdir(parents=True, exist_ok=True)
    known = tasks()
    rows, pictures = [], []
    for each in results:
        task, count = known[each["task"]], each["parameters"]
        rows.append(
            f"| {each['family']} | {each['member']} | {task.name} | {count[0]:,} → {count[1]:,} | {each['chance']:.3f} "
            f"| {each['first']:.3f} | {each['last'][0]:.3f} | {each['last'][1]:.3f} | {each['ratio']:.2f} |"
        )
        name = f"{slug(each['family'])}.svg"
        picture = curves.svg(averaged(each["curves"]), each["family"], "step", task.unit)
        (FIGURES / name).write_text(picture, encoding="utf-8")
        note = f"\n\n{each['explained']}" if each["explained"] else ""
        pictures.append(f"## {each['family']}\n\n{each['member']}.{note}\n\n![{each['family']}](training/{name})\n")
    text = HEAD.format(seeds=seeds, steps=steps) + "\n".join(rows) + "\n\n" + "\n".join(pictures)
    (DOCS / "training.md").write_text(text, encoding="utf-8")
    (FIGURES / "results.json").write_text(compact(results), encoding="utf-8")


def compact(results: list[dict[str, Any]]) -> str:
    """JSON with one family a line and short numbers."""
    short = json.loads(json.dumps(results), parse_float=lambda text: round(float(text), 4))
    return "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in short) + "\n]\n"


def averaged(seeds: dict[str, list[list[tuple[int, float]]]]) -> dict[str, list[tuple[float, float]]]:
    """The mean over the seeds at every measured step."""
    return {
        name: [(float(points[0][0]), mean(loss for _, loss in points)) for points in zip(*runs, strict=True)]
        for name, runs in seeds.items()
    }


if __name__ == "__main__":
    main()
