"""Sites, storages and paths: which weights there are, and which tensors exist."""

from __future__ import annotations

from typing import Literal

from sharedsl.model.sizes import Real, Size
from sharedsl.record import dataclass
from sharedsl.source import Span


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path. `layers@1[3]`: run 1 of the stack, element 3. `layers[3]@1`: element 3, application 1.

    `run` and `app` are None where there is only one.
    """

    name: str
    index: int | None = None
    app: int | None = None
    run: int | None = None

    def __str__(self) -> str:
        text = self.name
        if self.run is not None:
            text += f"@{self.run}"
        if self.index is not None:
            text += f"[{self.index}]"
        if self.app is not None:
            text += f"@{self.app}"
        return text

    def layer(self) -> Step:
        """The same step without its applications: the declared layer."""
        return self if self.app is None and self.run is None else Step(self.name, self.index)


Path = tuple[Step, ...]


def show(path: Path) -> str:
    """As messages and the language write it: `layers[3]@1.attn.q.weight`."""
    return ".".join(map(str, path))


def key(path: Path) -> str:
    """As a checkpoint writes it: `layers.3.attn.q.weight`. Applications have no part in it."""
    return ".".join([s.name if s.index is None else f"{s.name}.{s.index}" for s in path])


def declared(path: Path) -> Path:
    """The path of the declared layer: without applications. The same object where it has none."""
    for step in path:
        if step.app is not None or step.run is not None:
            return tuple(step.layer() for step in path)
    return path


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a weight. `name` is its label or lone name (None for a computed size), `side` where it stands."""

    size: Size
    name: str | None = None
    side: Literal["out", "in"] = "out"


@dataclass(frozen=True, slots=True)
class Init:
    """`normal(std = 0.02)`. Numbers keep the code that computes them.

    In a unit, that code is in the words of the block `above` levels over the weight's own: an `init x.weight = ..`
    stands one level above it. At a site all of it is in the model's words.
    """

    name: str
    args: tuple[tuple[str, Size | Real], ...] = ()
    above: int = 0


@dataclass(frozen=True, slots=True)
class WeightSpec:
    """A weight that a block or a primitive declares."""

    name: str
    axes: tuple[Axis, ...]
    init: Init
    dtype: str = "float32"
    frozen: bool = False
    no_decay: bool = False
    span: Span | None = None
    #: whether the spec writes the initialiser (its layer's default otherwise)
    written: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple([int(axis.size.value or 0) for axis in self.axes])


@dataclass(frozen=True, slots=True)
class Site:
    """One weight as one application sees it. The last step of `path` is the weight's own name.

    Sizes and numbers of its `spec` are in the model's words.
    """

    index: int
    path: Path
    spec: WeightSpec
    #: the kind of layer that reads it: Linear, Embedding, a block's own name
    layer: str

    @property
    def shape(self) -> tuple[int, ...]:
        return self.spec.shape
