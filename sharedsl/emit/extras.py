"""Parts of a file that only some builds ask for: the way into a stage, what a federation sends, other layouts."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Extras:
    """Constants after the imports; the model's class's attributes and methods; functions at the end of the file."""

    constants: tuple[py.Stmt, ...] = ()
    attributes: tuple[py.Stmt, ...] = ()
    methods: tuple[py.Stmt, ...] = ()
    functions: tuple[py.Stmt, ...] = ()

    def with_(self, other: Extras) -> Extras:
        return Extras(
            (*self.constants, *other.constants),
            (*self.attributes, *other.attributes),
            (*self.methods, *other.methods),
            (*self.functions, *other.functions),
        )
