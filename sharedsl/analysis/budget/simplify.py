"""Formulas under conditions: where `dim % heads == 0` holds, `(dim // heads) * heads` is `dim`."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.comptime import Guard
from sharedsl.model import poly
from sharedsl.model.poly import Fn, Monomial, Poly


def divisions(guards: Iterable[Guard]) -> dict[Fn, tuple[Poly, str]]:
    """The floor divisions that the guards make exact: atom -> (top, name of the bottom)."""
    found: dict[Fn, tuple[Poly, str]] = {}
    for guard in guards:
        if guard.op != "==" or not guard.outcome or guard.right.constant != 0 or len(guard.left.terms) != 1:
            continue
        atoms = guard.left.terms[0][0]
        if len(atoms) == 1 and isinstance(atoms[0][0], Fn) and atoms[0][0].op == "mod":
            top, bottom = atoms[0][0].args
            name = _name(bottom)
            if name is not None:
                found[Fn("floordiv", (top, bottom))] = (top, name)
    return found


def _name(amount: Poly) -> str | None:
    """The name that a polynomial is."""
    if len(amount.terms) == 1 and amount.terms[0][1] == 1 and len(amount.terms[0][0]) == 1:
        atom, power = amount.terms[0][0][0]
        return atom if power == 1 and isinstance(atom, str) else None
    return None


def simplify(amount: Poly, exact: dict[Fn, tuple[Poly, str]]) -> Poly:
    """The same amount wherever these divisions leave no remainder."""
    if not exact:
        return amount
    parts = [_monomial(monomial, factor, exact) for monomial, factor in amount.terms]
    sums: dict[Monomial, int] = {}
    for part in parts:
        for monomial, factor in part.terms:
            sums[monomial] = sums.get(monomial, 0) + factor
    return poly.from_terms(sums)


def _monomial(monomial: Monomial, factor: int, exact: dict[Fn, tuple[Poly, str]]) -> Poly:
    powers = {_inside(atom, exact): power for atom, power in monomial}
    extra = poly.const(1)
    for atom in list(powers):
        if isinstance(atom, Fn) and atom in exact:
            top, bottom = exact[atom]
            both = min(powers[atom], powers.get(bottom, 0))
            if both:
                powers[atom] -= both
                powers[bottom] -= both
                extra = extra * top**both
    rest = tuple((atom, power) for atom, power in powers.items() if power)
    product = poly.const(factor)
    for atom, power in rest:
        product = product * Poly((((((atom, 1)),), 1),)) ** power
    return product * extra


def _inside(atom: str | Fn, exact: dict[Fn, tuple[Poly, str]]) -> str | Fn:
    """The arguments of a function, simplified."""
    if isinstance(atom, str) or atom in exact:
        return atom
    return Fn(atom.op, tuple(simplify(arg, exact) for arg in atom.args))
