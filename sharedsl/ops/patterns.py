"""Patterns of named axes: `b t (h d) -> b h t d`, as einops writes them, and `g h d, b d -> g b h` for einsum."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.model.sizes import Size, combine, product, size
from sharedsl.ops.base import ShapeError
from sharedsl.record import dataclass

#: axes of one side; several names in one are a group in parentheses, "..." stands for the axes left over
Side = tuple[tuple[str, ...], ...]
REST = "..."


@dataclass(frozen=True, slots=True)
class Pattern:
    left: Side
    right: Side
    text: str


def parse(text: str) -> Pattern:
    """ShapeError where it is no pattern."""
    sides = text.split("->")
    if len(sides) != 2:
        raise ShapeError(f'a pattern is written "left -> right", and this is "{text}"')
    left, right = (_side(each, text) for each in sides)
    for side in (left, right):
        names = [name for group in side for name in group if name != "1"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ShapeError(f'"{text}" names `{twice[0]}` twice on one side')
    return Pattern(left, right, text)


def _side(text: str, whole: str) -> Side:
    groups: list[tuple[str, ...]] = []
    group: list[str] | None = None
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(" and group is None:
            group = []
        elif word == ")" and group == [REST]:
            raise ShapeError(f'"{whole}" joins `...` alone; `flatten` does that')
        elif word == ")" and group is not None:
            groups.append(tuple(group))
            group = None
        elif word in "()" or not (word == REST or word.isidentifier() or word.isdigit()):
            raise ShapeError(f'"{whole}" is not a pattern: `{word}` does not belong there')
        elif group is not None:
            group.append(word)
        else:
            groups.append((word,))
    if group is not None:
        raise ShapeError(f'"{whole}" opens a parenthesis and does not close it')
    return tuple(groups)


def flat(side: Side) -> list[str]:
    return [name for group in side for name in group]


def wanted(text: str) -> tuple[str, ...]:
    """Names whose sizes the operand alone does not tell: new ones on the right, and all but one of a left group.

    Of a left group every name is listed: whichever is known settles the other.
    """
    pattern = parse(text)
    left = set(flat(pattern.left))
    found = [name for group in pattern.left if len(group) > 1 for name in group]
    found += [name for name in flat(pattern.right) if name not in left]
    return tuple(dict.fromkeys(name for name in found if name != REST and not name.isdigit()))


@dataclass(frozen=True, slots=True)
class Bound:
    """A pattern with the size of every name. Axes under `...` are called `...0`, `...1`; those of size 1 `1`."""

    left: Side
    right: Side
    sizes: Mapping[str, Size]
    #: names whose size is what the others of their group leave over
    rest: frozenset[str] = frozenset()

    def size(self, name: str) -> Size:
        return size(int(name)) if name.isdigit() else self.sizes[name]

    def dims(self, side: Side) -> tuple[Size, ...]:
        return tuple(product([self.size(name) for name in group]) if group else size(1) for group in side)


def bind(pattern: Pattern, dims: tuple[Size, ...], given: Mapping[str, Size], of: object) -> Bound:
    """Match the left side with an operand's axes. ShapeError where they do not fit or a size stays open."""
    left, right = _spread(pattern, len(dims), of)
    found: dict[str, Size] = dict(given)
    for group, dim in zip(left, dims, strict=True):
        _bind_group(pattern, group, dim, found)
    rest = frozenset(name for group in left if len(group) > 1 for name in group if name in found and name not in given)
    missing = [name for name in flat(right) if not name.isdigit() and name not in found]
    if missing:
        raise ShapeError(f'"{pattern.text}" does not tell the size of `{missing[0]}`; give it as `{missing[0]} = ...`')
    return Bound(left, right, found, rest)


def _spread(pattern: Pattern, rank: int, of: object) -> tuple[Side, Side]:
    """`...` written out as the axes that it stands for."""
    plain = sum(group != (REST,) for group in pattern.left)
    open_ = (REST,) in pattern.left
    if rank < plain or (rank > plain and not open_):
        count = f"{plain} ax{'i' if plain == 1 else 'e'}s" + (" or more" if open_ else "")
        raise ShapeError(f'"{pattern.text}" wants {count}, and {of} has {rank}', 0)
    rest = tuple((f"...{at}",) for at in range(rank - plain))

    def spread(side: Side) -> Side:
        groups: list[tuple[str, ...]] = []
        for group in side:
            if group == (REST,):
                groups += rest
            elif REST in group:
                at = group.index(REST)
                groups.append(group[:at] + tuple(each[0] for each in rest) + group[at + 1 :])
            else:
                groups.append(group)
        return tuple(groups)

    return spread(pattern.left), spread(pattern.right)


def _bind_group(pattern: Pattern, group: tuple[str, ...], dim: Size, found: dict[str, Size]) -> None:
    open_ = [name for name in group if not name.isdigit() and name not in found]
    known = product([size(int(name)) if name.isdigit() else found[name] for name in group if name not in open_])
    shown = group[0] if len(group) == 1 else f"({' '.join(group)})"
    if len(open_) > 1:
        raise ShapeError(
            f'"{pattern.text}" splits {dim} into `{shown}`: give the size of `{open_[0]}` or `{open_[1]}`', 0
        )
    if not open_:
        if not known.same(dim):
            raise ShapeError(f'`{shown}` of "{pattern.text}" is {known}, and the axis there has {dim}', 0)
        return
    if len(group) == 1:
        found[open_[0]] = dim
        return
    if known.value == 0:
        raise ShapeError(f'`{shown}` of "{pattern.text}" has a size of 0', 0)
    rest = combine("%", dim, known)
    if rest.value != 0:
        raise ShapeError(f'`{shown}` of "{pattern.text}" does not divide {dim} by {known}', 0)
    found[open_[0]] = combine("//", dim, known)


# ---------------------------------------------------------------------------- einsum


@dataclass(frozen=True, slots=True)
class Sum:
    """`inputs -> output`, each a tuple of names."""

    inputs: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]
    text: str

    def letters(self) -> str:
        """In torch's notation: the names' own letters where they are one letter each, else a, b, c, .."""
        names = list(dict.fromkeys(name for side in (*self.inputs, self.output) for name in side))
        own = all(len(name) == 1 and name.isalpha() for name in names)
        short = {name: name if own else "abcdefghijklmnopqrstuvwxyz"[at] for at, name in enumerate(names)}
        sides = ["".join(short[name] for name in side) for side in self.inputs]
        return ",".join(sides) + "->" + "".join(short[name] for name in self.output)


def parse_sum(text: str) -> Sum:
    sides = text.split("->")
    if len(sides) != 2:
        raise ShapeError(f'an einsum pattern is written "a b, b c -> a c", and this is "{text}"')
    inputs = tuple(tuple(side.split()) for side in sides[0].split(","))
    output = tuple(sides[1].split())
    names = {name for side in (*inputs, output) for name in side}
    strange = sorted(name for name in names if not name.isidentifier())
    if strange:
        raise ShapeError(f'"{text}" is not an einsum pattern: `{strange[0]}` does not belong there')
    if len(names) > 26:
        raise ShapeError(f'"{text}" has more than 26 names')
    return Sum(inputs, output, text)
