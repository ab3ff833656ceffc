"""The solved plan from what was settled: storages named and numbered, marks carried out, expressions built."""

from __future__ import annotations

from sharedsl.model import weights as w
from sharedsl.model.sites import Init, Path
from sharedsl.model.weights import Solved, Storage
from sharedsl.sharing.applying import apply_marks
from sharedsl.sharing.definitions import Definitions
from sharedsl.sharing.expressions import assemble
from sharedsl.sharing.facts import Facts
from sharedsl.sharing.initialisers import Known, spread
from sharedsl.sharing.merging import Piece
from sharedsl.sharing.names import suffixes
from sharedsl.sharing.own_weights import orphans
from sharedsl.sharing.private_parts import expression
from sharedsl.sharing.report import in_order
from sharedsl.sharing.tables import tied_tables
from sharedsl.sharing.tensors import contracted
from sharedsl.sharing.variables import Bank, Gathered, LowRank, Private, Product, Repeated, Var, parts_of


def outcome(state: Definitions, plans: tuple[str, ...], model: Facts, written: frozenset[int]) -> Solved:
    """Storages in the model's text order, and an expression for every site."""
    world = state.world
    tied_tables(state, written)
    apply_marks(state, model)
    known: Known = {}
    for var in sorted(world.vars, key=lambda each: not isinstance(each.definition, Gathered)):
        if var.definition is not None:
            spread(var, known)
    work = _Outcome(state)
    stored = work.stored()
    numbers = {var.index: number for number, var in enumerate(stored)}
    names = suffixes(stored, state)
    storages = tuple([_storage(number, var, names[var.index]) for number, var in enumerate(stored)])
    sites = world.sites[: world.own]
    _something_sent(stored, state)
    reads = tuple([work.expr(world.vars[site.index], numbers) for site in sites])
    carrying = sites if work.privately() else ()
    private = {site.index: own for site in carrying if (own := work.parts_of(world.vars[site.index], numbers))}
    return Solved(sites, storages, reads, plans, private)


def _something_sent(stored: list[Var], state: Definitions) -> None:
    """A federation whose clients send nothing is none."""
    if stored and all(var.local is not None for var in stored):
        message = "everything is local, so that a round would send nothing"
        state.report.lines("all-local", message, [var.local for var in stored], help="name what each client keeps")


def _storage(number: int, var: Var, name: tuple[Path, str]) -> Storage:
    init: Init = var.written[0] if var.written else var.init
    lines = var.because.values()
    because = tuple([line.span for line in (in_order(lines) if len(lines) > 1 else lines)])
    return Storage(
        number, name[0], name[1], var.site, var.axes, init, var.role, var.dtype, not (var.frozen or var.freeze),
        var.no_decay, var.span, because, var.local is not None,
    )  # fmt: skip


class _Outcome:
    def __init__(self, state: Definitions) -> None:
        self.state, self.world = state, state.world
        self._exprs: dict[int, w.Expr] = {}
        #: of weights that are one piece, by the identity of the piece, which has many readers
        self._of_piece: dict[int, w.Expr] = {}
        self._open: set[int] = set()
        self._looped: set[int] = set()

    # ------------------------------------------------------------------ what is stored

    def stored(self) -> list[Var]:
        """The unknowns that end up as tensors, in order; the plan's own as the model comes to read them."""
        found: dict[int, Var] = {}
        for site in self.world.sites[: self.world.own]:
            self._leaves(self.world.vars[site.index], found)
        self._orphans(found)
        first: dict[int, int] = {}
        for at, var in enumerate(found.values()):
            if var.site >= self.world.own:
                first.setdefault(var.site, at - len(found))
        return sorted(found.values(), key=lambda var: (first.get(var.site, 0), var.order, var.name))

    def _orphans(self, stored: dict[int, Var]) -> None:
        own = self.world.sites[self.world.own :]
        read: set[int] = set()
        for site in own:
            made: dict[int, Var] = {}
            self._leaves(self.world.vars[site.index], made)
            mine = any(var.site >= self.world.own for var in made.values())
            if mine and made.keys() <= stored.keys():
                read.add(site.index)
        orphans(own, read, self.state.report)

    def leaves(self, var: Var, numbers: dict[int, int]) -> list[int]:
        found: dict[int, Var] = {}
        self._leaves(var, found)
        return [numbers[index] for index in found]

    def privately(self) -> bool:
        """Whether any weight at all has private parts."""
        return bool(self.state.facts.private) or any(isinstance(var.definition, Private) for var in self.world.vars)

    def parts_of(self, var: Var, numbers: dict[int, int]) -> tuple[int, ...]:
        """The private parts that a weight carries: its own, and those of the storages that it reads."""
        if self._plain(var):
            return ()
        found: dict[int, None] = {}
        todo, seen = [var], {var.index}
        while todo:
            each = todo.pop()
            private = self.state.facts.private.get(each.index) or each.definition
            if isinstance(private, Private):
                found |= dict.fromkeys(n for part in private.vars.values() for n in self.leaves(part, numbers))
                inner: tuple[Var, ...] = (private.base,)
            else:
                inner = self._inner(each)
            todo += [one for one in inner if one.index not in seen]
            seen |= {one.index for one in inner}
        return tuple(sorted(found))

    def _plain(self, var: Var) -> bool:
        """Whether an unknown is stored as it is, as nearly all are."""
        if var.definition is not None:
            return False
        return var.index not in self.state.pieces and var.index not in self.state.facts.private

    def _one_piece(self, var: Var) -> Piece | None:
        pieces = self.state.pieces.get(var.index)
        one = pieces is not None and len(pieces) == 1 and var.index not in self.state.facts.private
        return pieces[0] if one and pieces is not None else None

    def _leaves(self, var: Var, found: dict[int, Var]) -> None:
        if var.index in self._open:
            self._loop(var)
            return
        if var.index in found:
            return
        if self._plain(var):
            found[var.index] = var
            return
        piece = self._one_piece(var)
        if piece is not None and piece.var.index in found:
            return
        inner = self._inner(var)
        if not inner:
            found[var.index] = var
            return
        self._open.add(var.index)
        for each in inner:
            self._leaves(each, found)
        self._open.discard(var.index)

    def _inner(self, var: Var) -> tuple[Var, ...]:
        """What an unknown is made of; nothing where it is stored."""
        private = self.state.facts.private.get(var.index)
        if private is not None:
            return (private.base, *private.vars.values())
        pieces = self.state.pieces.get(var.index)
        return parts_of(var) if pieces is None else tuple(piece.var for piece in pieces)

    def _loop(self, var: Var) -> None:
        """A weight defined by itself through its factors; it is stored after all, so that there is a solution."""
        if var.index in self._looped:
            return
        self._looped.add(var.index)
        through = [self.world.vars[index] for index in sorted(self._open)]
        lines = [*var.because.values(), *(each.definition.line for each in through if each.definition)]
        name = self.world.title(var.site)
        self.state.report.lines("cycle-definition", f"`{name}` is defined by itself", lines)

    # ------------------------------------------------------------------ expressions

    def _private(self, private: Private, numbers: dict[int, int]) -> w.Expr:
        base = self.expr(private.base, numbers)
        read = {name: self.expr(var, numbers) for name, var in private.vars.items()}
        small = self.state.small.get(private.sites[0]) if private.sites else None
        return expression(private, base, read, small)

    def expr(self, var: Var, numbers: dict[int, int]) -> w.Expr:
        """What an unknown reads."""
        known = self._exprs.get(var.index)
        if known is None and self._plain(var):
            known = self._exprs[var.index] = w.Read(numbers[var.index], var.shape)
        if known is None:
            piece = self._one_piece(var)
            known = None if piece is None else self._of_piece.get(id(piece))
            if known is not None:
                self._exprs[var.index] = known
                return known
            if var.index in self._open or var.index in self._looped:
                return w.Read(0, var.shape)
            self._open.add(var.index)
            known = self._exprs[var.index] = self._expr(var, numbers)
            self._open.discard(var.index)
            if piece is not None:
                self._of_piece[id(piece)] = known
        return known

    def _expr(self, var: Var, numbers: dict[int, int]) -> w.Expr:
        private = self.state.facts.private.get(var.index)
        if private is not None:
            return self._private(private, numbers)
        pieces = self.state.pieces.get(var.index)
        if pieces is not None:
            return assemble(pieces, var.shape, {piece.var.index: self.expr(piece.var, numbers) for piece in pieces})
        match var.definition:
            case None:
                return w.Read(numbers[var.index], var.shape)
            case Repeated(small=small, axis=axis, times=times):
                return w.Repeat(self.expr(small, numbers), axis, times, var.shape)
            case LowRank(u=u, v=v):
                return w.MatMul(self.expr(u, numbers), self.expr(v, numbers), var.shape)
            case Private():
                return self._private(var.definition, numbers)
            case Gathered(source=source, names=letters, index=index, sign=sign):
                return w.Gather(self.expr(source, numbers), letters, index, sign, var.shape)
            case Product(parts=parts):
                return contracted(var.definition, [self.expr(part, numbers) for part in parts.values()], var.shape)
            case Bank(mix=mix, bank=bank):
                return w.Mixture(self.expr(mix, numbers), self.expr(bank, numbers), var.shape)
