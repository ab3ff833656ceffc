"""What a site, a factor or a private part is by now: the unknown that it reads whole, and under which view."""

from __future__ import annotations

from sharedsl.model.sizes import Arith
from sharedsl.record import replace
from sharedsl.sharing import strided, views
from sharedsl.sharing.facts import Facts
from sharedsl.sharing.merging import Piece
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Bank, LowRank, Private, Product, Repeated, Var
from sharedsl.sharing.views import View
from sharedsl.sharing.world import World


class Resolving:
    """`pieces[var]` where an unknown is not itself: what it reads. Unknowns without pieces stand for themselves."""

    def __init__(self, world: World, facts: Facts) -> None:
        self.world, self.facts = world, facts
        self.pieces: dict[int, list[Piece]] = {}
        #: unknowns whose factors were asked for since this was last emptied
        self.touched: set[int] = set()

    def itself(self, site: int, parts: tuple[str, ...]) -> Var | None:
        """The unknown of a site that nothing was said of, as most are; None where `resolve` must find out."""
        return None if parts or site in self.facts.private or site in self.pieces else self.world.vars[site]

    def resolve(self, site: int, parts: tuple[str, ...]) -> View | None:
        """The unknown that a site or one of its parts reads whole; None if there is none (yet)."""
        var = self.world.vars[site]
        private = self.facts.private.get(site)
        if parts and private is not None and _name_of(parts) in private.vars:
            return self._private(private, parts)
        if private is not None:
            var = private.base
        if parts and parts[0] == "base":
            parts = parts[1:]
        return self._part(views.read(var.index, var.axes), parts)

    def _private(self, private: Private, parts: tuple[str, ...]) -> View | None:
        var = private.vars[_name_of(parts)]
        return self._part(views.read(var.index, var.axes), parts[_words(parts) :])

    def _part(self, view: View, parts: tuple[str, ...]) -> View | None:
        """A factor of a factor, step by step; each step goes through what the weight reads."""
        found: View | None = self.follow(view)
        while parts and found is not None:
            found = self._factor(found, _name_of(parts))
            found = None if found is None else self.follow(found)
            parts = parts[_words(parts) :]
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
        while isinstance(var.definition, Repeated | Private):
            if isinstance(var.definition, Private) and name in var.definition.vars:
                break
            below = var.definition.base if isinstance(var.definition, Private) else var.definition.small
            inner = self.follow(views.read(below.index, below.axes))
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
            case Product(parts=parts) if name in parts and order == tuple(range(len(order))) and patch.factor == 1.0:
                return views.read(parts[name].index, parts[name].axes)
            case LowRank(u=u, v=v) if name in ("u", "v"):
                return self._side(var, u, v, order, name, patch)
            case Private(vars=made) if name in ("lora_a", "lora_b"):
                side = "v" if name == "lora_a" else "u"
                return self._side(var, made["lora_b"], made["lora_a"], order, side, patch)
            case Private(vars=made) if order == tuple(range(len(order))) and patch.factor == 1.0:
                return views.read(made[name].index, made[name].axes)
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


def _words(parts: tuple[str, ...]) -> int:
    return 2 if parts[0] == "lora" else 1


def _name_of(parts: tuple[str, ...]) -> str:
    """The first factor or private part that a path names, as one word: `lora_a` of `lora.a.u`."""
    return "_".join(parts[: _words(parts)])


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
