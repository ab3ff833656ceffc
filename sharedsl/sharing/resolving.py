"""What a site, a factor or a private part is by now: the unknown that it reads whole, and under which view."""

from __future__ import annotations

from sharedsl.model.sizes import Arith
from sharedsl.record import replace
from sharedsl.sharing import strided, views
from sharedsl.sharing.facts import Facts, Private
from sharedsl.sharing.merging import Piece
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Bank, LowRank, Repeated, Var
from sharedsl.sharing.views import View
from sharedsl.sharing.world import World


class Resolving:
    """`pieces[var]` where an unknown is not itself: what it reads. Unknowns without pieces stand for themselves."""

    def __init__(self, world: World, facts: Facts) -> None:
        self.world, self.facts = world, facts
        self.pieces: dict[int, list[Piece]] = {}
        #: unknowns whose factors were asked for since this was last emptied
        self.touched: set[int] = set()

    def resolve(self, site: int, parts: tuple[str, ...]) -> View | None:
        """The unknown that a site or one of its parts reads whole; None if there is none (yet)."""
        var = self.world.vars[site]
        private = self.facts.private.get(site)
        if parts and parts[0] in ("lora", "diagonal", "scale"):
            return None if private is None else self._private(private, parts)
        if private is not None:
            var = private.base
        if parts and parts[0] == "base":
            parts = parts[1:]
        return self._part(views.read(var.index, var.axes), parts)

    def _private(self, private: Private, parts: tuple[str, ...]) -> View | None:
        used = 2 if parts[0] == "lora" else 1
        var = private.vars.get("_".join(parts[:used]))
        return None if var is None or len(parts) < used else self._part(views.read(var.index, var.axes), parts[used:])

    def _part(self, view: View, parts: tuple[str, ...]) -> View | None:
        """A factor of a factor, step by step; each step goes through what the weight reads."""
        found: View | None = self.follow(view)
        for name in parts:
            if found is None:
                return None
            found = self._factor(found, name)
            found = None if found is None else self.follow(found)
        return found

    def follow(self, view: View) -> View | None:
        """Through weights that read another one whole, to the one that is stored or defined."""
        for _ in range(len(self.world.vars)):
            patch = view.patches[0]
            pieces = self.pieces.get(patch.var)
            if pieces is None:
                return view
            if len(pieces) != 1 or pieces[0].detached or not strided.bijective(pieces[0].map):
                return None
            piece = pieces[0]
            if strided.image(piece.map) != strided.whole(piece.var.shape):
                return None
            map = strided.compose(patch.map, piece.map, piece.box)
            if map is None:
                return None
            code = patch.code if piece.code is None else _times(patch.code, piece.code)
            made = views.Patch(patch.box, strided.canonical(map), piece.var.index, patch.factor * piece.factor, code)
            view = replace(view, patches=(made,))
        return None

    def _factor(self, view: View, name: str) -> View | None:
        """`u`, `v`, `bank` or `mix` of what a view reads; a transposed reader sees the factors change places."""
        patch = view.patches[0]
        var = self.world.vars[patch.var]
        order = _order(patch.map, var)
        while isinstance(var.definition, Repeated):
            inner = self.follow(views.read(var.definition.small.index, var.definition.small.axes))
            if inner is None or _order(inner.patches[0].map, var) != tuple(range(len(var.shape))):
                return None
            var = self.world.vars[inner.patches[0].var]
        self.touched.add(var.index)
        if order is None:
            return None
        match var.definition:
            case Bank(mix=mix, bank=bank):
                if name == "mix":
                    return views.read(mix.index, mix.axes)
                if name == "bank":
                    return views.permute(views.read(bank.index, bank.axes), (0, *(at + 1 for at in order)))
            case LowRank(u=u, v=v) if name in ("u", "v"):
                return self._side(var, u, v, order, name, patch)
        return None

    def _side(self, var: Var, u: Var, v: Var, order: tuple[int, ...], name: str, patch: views.Patch) -> View | None:
        outs, ins = len(u.axes) - 1, len(v.axes) - 1
        left, right = views.read(u.index, u.axes), views.read(v.index, v.axes)
        if all(at < outs for at in order[:outs]):
            left = views.permute(left, (*order[:outs], outs))
            right = views.permute(right, (0, *(at - outs + 1 for at in order[outs:])))
        elif all(at >= outs for at in order[:ins]):
            back = views.permute(left, (outs, *order[ins:]))
            left, right = views.permute(right, (*(at - outs + 1 for at in order[:ins]), 0)), back
        else:
            return None
        if name == "v":
            return right
        if patch.factor != 1.0:
            left = replace(left, patches=tuple(replace(p, factor=patch.factor, code=patch.code) for p in left.patches))
        return left


def _order(map: Map, var: Var) -> tuple[int, ...] | None:
    """The permutation that a map is, None where it is more than that."""
    order: list[int] = []
    for digits in map.digits:
        if len(digits) > 1 or (digits and digits[0][2] != 1):
            return None
        order.append(digits[0][1] if digits else -1)
    used = {k for k in order if k >= 0}
    if len(order) != len(var.shape) or len(used) != sum(k >= 0 for k in order):
        return None
    free = iter(k for k in range(len(order)) if k not in used)
    return tuple(k if k >= 0 else next(free) for k in order)


def _times(a: Arith | None, b: Arith) -> Arith:
    return b if a is None else Arith("*", (a, b))
