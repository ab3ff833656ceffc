"""Names of storages: the owner's module and weight; the application where several have storages of their own."""

from __future__ import annotations

from collections import Counter

from sharedsl.model.sites import Path, declared, key
from sharedsl.sharing.definitions import Definitions
from sharedsl.sharing.variables import Var

PRIVATE = ("lora", "diagonal", "scale")


def suffixes(stored: list[Var], state: Definitions) -> dict[int, tuple[Path, str]]:
    """Owner and name of every storage. Names are unique in a module: application 0 keeps the plain one."""
    taken: set[str] = set()
    out: dict[int, tuple[Path, str]] = {}
    reached: Counter[Path] | None = None
    owner: Path | None = None
    module = ""
    for var in stored:
        suffix = _application(var, state)
        if suffix and var.role not in PRIVATE:
            reached = reached or Counter(declared(site.path) for site in state.world.sites)
            if reached[declared(state.world.sites[var.site].path)] == 1:  # only one application has it at all
                suffix = ""
        name = var.name + suffix
        unique, more = name, 1
        if var.owner is not owner:  # neighbours are mostly of one module
            owner, module = var.owner, key(var.owner)
        while f"{module}.{unique}" in taken:
            more += 1
            unique = f"{name}_{more}"
        taken.add(f"{module}.{unique}")
        out[var.index] = (var.owner, unique)
    return out


def _application(var: Var, state: Definitions) -> str:
    """`_1` for application 1; private parts count from `_0` where applications have their own."""
    path = state.world.sites[var.site].path
    if declared(path) is path:
        return ""
    numbers = [n for step in path for n in (step.run, step.app) if n is not None]
    if not numbers:
        return ""
    if var.role in PRIVATE:
        private = state.facts.private.get(var.site)
        if private is None or state.world.all_applications(private.sites):
            return ""
    elif not any(numbers):
        return ""
    return "".join(f"_{n}" for n in numbers)
