"""What `verify` found: outputs per call, the error of every storage's gradient, who reads it and which lines say so."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reader:
    site: str
    expression: str


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """One call of one forward: the largest difference relative to the largest entry."""

    call: str
    error: float
    ok: bool


@dataclass(frozen=True, slots=True)
class StorageCheck:
    """A storage's gradient against the sum over its readers; `error` is None for a frozen one.

    `moved`: some gradient was not zero (a bias before a softmax has none).
    """

    key: str
    shape: tuple[int, ...]
    trainable: bool
    error: float | None
    ok: bool
    moved: bool
    readers: tuple[Reader, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The result for one build. `stored` and `twin` count elements: the shared model's and its twin's."""

    build: str
    ok: bool
    stored: int
    twin: int
    outputs: tuple[OutputCheck, ...]
    storages: tuple[StorageCheck, ...]
    problems: tuple[str, ...] = ()
    #: where results are off: keys of the tensors that seem to be read wrongly
    suspects: tuple[str, ...] = ()

    @property
    def worst(self) -> float:
        """The largest error of all."""
        gradients = [each.error for each in self.storages if each.error is not None]
        return max([*gradients, *(each.error for each in self.outputs)], default=0.0)

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}

    def __str__(self) -> str:
        return "\n".join(_success(self) if self.ok else _failure(self))


def _success(report: Report) -> list[str]:
    trained = sum(each.trainable for each in report.storages)
    calls = "; ".join(dict.fromkeys(each.call.partition(":")[0] for each in report.outputs))
    return [
        f"{report.build}: ok. {report.stored:,} stored, {report.twin:,} in the twin without sharing",
        f"  outputs and the gradients of {trained} storages agree to {report.worst:.1e} ({calls})",
    ]


def _failure(report: Report) -> list[str]:
    lines = [f"{report.build}: FAILED"]
    lines += [f"  {problem}" for problem in report.problems]
    lines += [f"  the result of {each.call} is off by {each.error:.1e}" for each in report.outputs if not each.ok]
    accused = [each for each in report.storages if each.key in report.suspects]
    wrong = sorted((each for each in report.storages if not each.ok), key=lambda each: -(each.error or 0.0))
    for each in accused[:5]:
        lines.append(f"  it agrees but for how {each.key} {list(each.shape)} is read")
        lines += _readers(each)
    for each in [] if accused else wrong[:5]:
        lines.append(f"  the gradient of {each.key} {list(each.shape)} is off by {each.error:.1e}")
        lines += _readers(each)
    if len(wrong) > 5 and not accused:
        lines.append(f"  and {len(wrong) - 5} more storages")
    return lines


def _readers(each: StorageCheck) -> list[str]:
    lines = [f"    read by {reader.site} = {reader.expression}" for reader in each.readers[:4]]
    if len(each.readers) > 4:
        lines.append(f"    and {len(each.readers) - 4} more")
    return lines + [f"    {place}" for place in each.lines]
