"""Marks carried out: which storages `freeze` and `init` lines mean, and when such lines contradict each other."""

from __future__ import annotations

from sharedsl.model.sites import Init
from sharedsl.sharing.classes import title_of
from sharedsl.sharing.context import Line
from sharedsl.sharing.definitions import Definitions
from sharedsl.sharing.facts import Facts, Mark
from sharedsl.sharing.variables import Bank, Gathered, LowRank, Private, Product, Repeated, Var, parts_of


def apply_marks(state: Definitions, model: Facts) -> None:
    """The model's own `init` lines give way to the plan's."""
    _freeze_adapted(state)
    inits: dict[int, list[Mark]] = {}
    for mark in state.facts.marks:
        var = _meant(mark, state)
        if var is None:
            continue
        if mark.kind == "freeze":
            _freeze(var, mark.line, state)
        elif mark.kind == "local":
            _local(var, mark, state)
        elif _owns(mark, var, state):
            inits.setdefault(var.index, []).append(mark)
    for mark in model.marks:
        var = _meant(mark, state, quiet=True)
        if var is not None and _owns(mark, var, state, quiet=True) and var.index not in inits:
            inits.setdefault(-1 - var.index, []).append(mark)
    for index, marks in inits.items():
        _init(state.world.vars[index if index >= 0 else -1 - index], marks, state)


def _meant(mark: Mark, state: Definitions, quiet: bool = False) -> Var | None:
    """The storage that a mark names through one of its readers, which must read all of it."""
    title = state.world.title(mark.site, mark.parts)
    view = None if mark.sliced else state.resolve(mark.site, mark.parts)
    if view is not None:
        return state.world.vars[view.patches[0].var]
    if quiet:
        return None
    if mark.parts and not mark.sliced:
        state.unknown(title, mark.line)
        return None
    message = f"this names a part of `{title}`" if mark.sliced else f"`{title}` reads a part of a storage, or several"
    message += ", and `freeze`, `local` and `init` are for whole storages"
    state.report.lines("mark-part", message, [mark.line], help=_parts_help(mark, state))
    return None


def _parts_help(mark: Mark, state: Definitions) -> str:
    names = dict.fromkeys(f"`{title_of(piece.var)}`" for piece in state.pieces.get(mark.site, ()))
    return f"it reads {', '.join(names)}: name the weight that owns the storage" if names else "name the whole weight"


def _freeze(var: Var, line: Line, state: Definitions) -> None:
    """All that defines the weight is frozen; private parts are weights of their own."""
    var.freeze = line
    var.because[id(line)] = line
    match var.definition:
        case Repeated(small=small):
            inner = [small]
        case LowRank(u=u, v=v):
            inner = [u, v]
        case Bank(mix=mix, bank=bank):
            inner = [mix, bank]
        case Private(base=base):
            inner = [base]
        case Gathered() | Product():
            inner = [*parts_of(var)]
        case _:
            inner = []
    for part in inner:
        if part.freeze is None:
            for each in _read_by(part, state):
                _freeze(each, line, state)


def _freeze_adapted(state: Definitions) -> None:
    """What is adapted is not trained, and neither are factors that are drawn once (VeRA)."""
    found = [var.definition for var in state.world.vars if isinstance(var.definition, Private)]
    for private in found:
        drawn = any(part.seed is not None for part in private.parts)
        factors = [private.vars[name] for name in ("lora_a", "lora_b")] if drawn else []
        for var in (private.base, *factors):
            for each in _read_by(var, state):
                _freeze(each, private.line, state)


def _local(var: Var, mark: Mark, state: Definitions) -> None:
    """All that makes up the weight is local, private parts too where the weight is named as a whole."""
    private = state.facts.private.get(mark.site)
    todo = [var, *(private.vars.values() if private is not None and not mark.parts else ())]
    while todo:
        for each in _read_by(todo.pop(), state):
            if each.local is None:
                each.local = mark.line
                each.because[id(mark.line)] = mark.line
                todo += parts_of(each)


def _read_by(var: Var, state: Definitions) -> list[Var]:
    pieces = state.pieces.get(var.index)
    return [var] if pieces is None else [each for piece in pieces for each in _read_by(piece.var, state)]


def _owns(mark: Mark, var: Var, state: Definitions, quiet: bool = False) -> bool:
    """An initialiser is the owner's; a pattern may name other readers, a plain path may not."""
    world = state.world
    one, other = world.sites[mark.site], world.sites[var.site]
    same = [step.layer() for step in one.path] == [step.layer() for step in other.path]
    if same or var.role != "weight" or mark.parts:
        return True
    if mark.explicit and not quiet:
        owner = world.title(var.site)
        message = f"`{world.title(mark.site)}` is not initialised by itself: it reads the storage of `{owner}`"
        joined = tuple(line for line in var.because.values() if line is not mark.line)
        state.report.lines("init-not-owner", message, [mark.line, *joined[:1]], f"write `init {owner} = ..`")
    return False


def _init(var: Var, marks: list[Mark], state: Definitions) -> None:
    """The line that names fewer weights is the more particular one; others must agree."""
    best = min(marks, key=lambda mark: len(mark.named))
    for mark in marks:
        inside = best.named < mark.named
        if not inside and not _same(mark.init, best.init):
            message = f"`{title_of(var)}` gets two initialisers"
            state.report.lines("two-definitions", message, [best.line, mark.line], help="keep one of them")
            return
    assert best.init is not None
    var.written = (best.init, best.line)


def _same(one: Init | None, other: Init | None) -> bool:
    if one is None or other is None or one.name != other.name:
        return one == other
    return [(name, value.value) for name, value in one.args] == [(name, value.value) for name, value in other.args]
