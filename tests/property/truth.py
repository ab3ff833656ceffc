"""Each line of a plan is literally true: ties evaluated with numpy from the values that the solved plan gives.

This reads the lines by themselves, knows nothing of the solver, and shares no code with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sharedsl.analysis.pipeline import Compiled
from sharedsl.model.sites import declared, show
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse
from tests.property.specs import Pair
from tests.sharing.evaluate import storages, value

Array = Any
#: the signs of `hashed` are a second hash, of a seed so much larger
SIGNS = 1_000_003


def lines_are_true(build: Compiled, pair: Pair) -> int:
    """Checks every tie without private parts, and every group that the plan shares; how many there were."""
    given = storages(build.solved, seed=pair.seed)
    values: dict[str, Array] = {}
    axes: dict[str, list[str | None]] = {}
    private: set[str] = set()
    for site, read in zip(build.solved.sites, build.solved.reads, strict=True):
        path = show(declared(site.path))
        values.setdefault(path, value(read, given))
        axes[path] = [axis.name for axis in site.spec.axes]
        if build.solved.private.get(site.index):
            private.add(path)
    given_by_name = {each.name: at for at, each in enumerate(build.solved.storages) if not each.owner}
    for name, outs in _own_weights(pair).items():
        if name in given_by_name:
            values[name] = given[given_by_name[name]]
            axes[name] = [None] * outs
        else:  # factorised or adapted, under whatever name: there is no tensor to compare with
            values.setdefault(name, None)
            private.add(name)
        if any(line.startswith("adapt ") and f" {name} " in line for line in _lines(pair)):
            private.add(name)
    sizes = {name: each.value for name, each in build.sizes.items() if hasattr(each, "value")}
    reader = _Reader(values, axes, sizes)
    checked = 0
    for tie in _ties(pair):
        checked += reader.tie(tie, private)
    for group in pair.groups:
        known = [path for path in group if path not in private]
        for path in known[1:]:
            assert np.array_equal(values[known[0]], values[path]), (known[0], path)
            checked += 1
    return checked


def _lines(pair: Pair) -> list[str]:
    return [line for _, lines in pair.plans for line in lines]


def _own_weights(pair: Pair) -> dict[str, int]:
    """`weight p[3, 4]` of the plan, and how many axes it has."""
    found = [line.split()[1:] for line in _lines(pair) if line.startswith("weight ")]
    texts = [" ".join(words).split("]")[0] for words in found]
    return {text.split("[")[0]: len(text.replace("|", ",").split(",")) for text in texts}


def _ties(pair: Pair) -> list[ast.Tie]:
    """The ties of the plan that is built, `[*]` written out for up to 8 elements."""
    found: list[ast.Tie] = []
    for _, lines in pair.plans:
        for line in lines:
            if not line.startswith("tie ") or " with " in line:
                continue
            for text in [line.replace("[*]", f"[{at}]") for at in range(8)] if "[*]" in line else [line]:
                tree, problems = parse(SourceFile("", f"sharing p of M {{ {text} }}"))
                assert not problems
                (plan,) = tree.items
                assert isinstance(plan, ast.Plan)
                found += [each for each in plan.body if isinstance(each, ast.Tie)]
    return found


class _Reader:
    def __init__(self, values: dict[str, Array], axes: dict[str, list[str | None]], sizes: dict[str, Any]) -> None:
        self.values, self.axes, self.sizes = values, axes, sizes

    def tie(self, tie: ast.Tie, private: set[str]) -> int:
        left = _target(tie.target)
        if left[0] not in self.values:
            return self.blocks(left[0], _path(tie.value), private)
        names = self.axes[left[0]]
        wanted = self.values[left[0]][_cut(left[1], names, self)]
        if left[0] in private or any(path in private for path in _paths(tie.value, self.values)):
            return 0
        got, _ = self.read(tie.value)
        assert np.allclose(wanted, got, rtol=1e-12), tie
        return 1

    def blocks(self, left: str, right: str | None, private: set[str]) -> int:
        count = 0
        for path in self.values:
            if right is not None and (path.startswith(left + ".") or path.startswith(left + "[")):
                other = right + path[len(left) :]
                if other in self.values and path not in private and other not in private:
                    assert np.array_equal(self.values[path], self.values[other]), (path, other)
                    count += 1
        return count

    # ------------------------------------------------------------------------ expressions

    def read(self, expr: ast.Expr) -> tuple[Array, list[str | None]]:
        """The value of a view, and the names of its axes."""
        path = _path(expr)
        if path in self.values:
            return self.values[path], list(self.axes[path])
        match expr:
            case ast.Attribute(name="T"):
                of, names = self.read(expr.value)
                return of.T, names[::-1]
            case ast.Index():
                of, names = self.read(expr.value)
                return of[_cut(expr.subs, names, self)], names
            case ast.Binary(op="*"):
                of, names = self.read(expr.right)
                return self.number(expr.left) * of, names
            case ast.Call(function=ast.Name(name=name)):
                return self.call(name, [arg.value for arg in expr.args if not arg.name], expr)
        raise AssertionError(expr)

    def call(self, name: str, args: list[ast.Expr], expr: ast.Call) -> tuple[Array, list[str | None]]:
        named = {arg.name: arg.value for arg in expr.args if arg.name}
        if name in ("gather", "circulant", "toeplitz", "hankel", "hashed"):
            return self.gathered(name, args, named)
        if name == "concat":
            parts = [self.read(each) for each in args]
            return np.concatenate([part for part, _ in parts], axis=int(self.number(named["axis"]))), parts[0][1]
        of, names = self.read(args[0])
        axis = int(self.number(named["axis"])) if "axis" in named else 0
        match name:
            case "detach":
                return of, names
            case "flip":
                return np.flip(of, axis), names
            case "roll":
                return np.roll(of, int(self.number(args[1])), axis), names
            case "repeat":
                return np.repeat(of, int(self.number(args[1])), axis), names
            case "rot90":
                first, second = (int(self.number(each)) for each in _items(named["axes"]))
                return np.rot90(of, int(self.number(args[1])), (first, second)), [None] * of.ndim
            case "permute":
                order = [self._axis(each, names) for each in _items(args[1])]
                return np.transpose(of, order), [names[at] for at in order]
            case "reshape":
                shape = [int(self.number(each)) for each in _items(args[1])]
                return of.reshape(shape), [None] * len(shape)
        raise AssertionError(name)

    def gathered(self, name: str, args: list[ast.Expr], named: dict[str, ast.Expr]) -> tuple[Array, list[str | None]]:
        of, _ = self.read(args[0])
        if name == "gather":
            over = [(each.left.name, int(self.number(each.right))) for each in _items(args[1])]  # type: ignore[attr-defined]
        else:
            sizes = [int(self.number(each)) for each in args[1:3]] or [of.size] * 2
            over = list(zip("ij", sizes, strict=True))
        seed = int(self.number(named["seed"])) if "seed" in named else 0
        out = np.empty([size for _, size in over])
        for place in np.ndindex(*out.shape):
            i, j = place
            known = dict(zip((letter for letter, _ in over), place, strict=True))
            index: tuple[int, ...]
            sign = 1
            match name:
                case "gather":
                    index = tuple(_whole(each, known) for each in args[2:])
                    sign = _whole(named["sign"], known) if "sign" in named else 1
                case "circulant":
                    index = ((i - j) % of.size,)
                case "toeplitz":
                    index = (i - j + out.shape[1] - 1,)
                case "hankel":
                    index = (i + j,)
                case _:
                    index = (_hash(seed, i, j) % of.size,)
                    sign = _hash(seed + SIGNS, i, j) % 2 * 2 - 1
            out[place] = of[index] * sign
        return out, [None] * out.ndim

    def _axis(self, expr: ast.Expr, names: list[str | None]) -> int:
        return names.index(expr.name) if isinstance(expr, ast.Name) else int(self.number(expr))

    def number(self, expr: ast.Expr) -> float:
        match expr:
            case ast.Number():
                return expr.value
            case ast.Name():
                return float(self.sizes[expr.name])
            case ast.Unary():
                return -self.number(expr.operand)
            case ast.Binary(op="**"):
                return self.number(expr.left) ** self.number(expr.right)
            case ast.Binary(op="*"):
                return self.number(expr.left) * self.number(expr.right)
            case ast.Call(function=ast.Name(name="sqrt")):
                return self.number(expr.args[0].value) ** 0.5
        raise AssertionError(expr)


def _whole(expr: ast.Expr, known: dict[str, int]) -> int:
    """Whole-number arithmetic over positions."""
    match expr:
        case ast.Number():
            return int(expr.value)
        case ast.Name():
            return known[expr.name]
        case ast.Unary():
            return -_whole(expr.operand, known)
        case ast.Binary():
            left, right = _whole(expr.left, known), _whole(expr.right, known)
            of = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "//": int.__floordiv__, "%": int.__mod__}
            return of[expr.op](left, right)
        case ast.Call(function=ast.Name(name=name)):
            numbers = [_whole(each.value, known) for each in expr.args]
            return {"min": min, "max": max, "abs": abs, "hash": _hash}[name](*numbers)
    raise AssertionError(expr)


def _hash(seed: int, *numbers: int) -> int:
    """As docs/language.md's hash is defined: 31-bit xor-shift and multiply."""
    value = seed % 2**31
    for number in numbers:
        value = (31 * value + number) % 2**31
        for _ in range(2):
            value = (value ^ value >> 16) * 0x45D9F3B % 2**31
        value ^= value >> 16
    return value


def _items(expr: ast.Expr) -> tuple[ast.Expr, ...]:
    assert isinstance(expr, ast.List)
    return expr.items


def _path(expr: ast.Expr) -> str | None:
    """`a[0].q.weight` as it is written, or None for anything else."""
    match expr:
        case ast.Name():
            return expr.name
        case ast.Attribute():
            before = _path(expr.value)
            return None if before is None or expr.name == "T" else f"{before}.{expr.name}"
        case ast.Index(subs=(ast.Sub(value=ast.Number() as number, axis=None),)):
            before = _path(expr.value)
            return None if before is None else f"{before}[{number.value}]"
    return None


def _paths(expr: Any, known: dict[str, Array]) -> list[str]:
    """Every weight that an expression names."""
    path = _path(expr) if isinstance(expr, ast.Name | ast.Attribute | ast.Index) else None
    if path in known:
        return [path]
    below = [getattr(expr, each) for each in ("value", "left", "right", "operand") if hasattr(expr, each)]
    below += [arg.value for arg in getattr(expr, "args", ())]
    return [path for each in below for path in _paths(each, known)]


def _target(selector: ast.Selector) -> tuple[str, tuple[ast.Sub, ...]]:
    """The path that a selector without patterns names, and the slice at its end."""
    texts, subs = [], ()
    for at, segment in enumerate(selector.segments):
        plain = [sub for sub in segment.subs if isinstance(sub.value, ast.Number) and sub.axis is None]
        texts.append(segment.name + "".join(f"[{sub.value.value}]" for sub in plain))  # type: ignore[union-attr]
        if at == len(selector.segments) - 1 and len(plain) < len(segment.subs):
            subs = segment.subs
    return ".".join(texts), subs


def _cut(subs: tuple[ast.Sub, ...], names: list[str | None], reader: _Reader) -> tuple[slice, ...]:
    cuts = [slice(None)] * len(names)
    for at, sub in enumerate(subs):
        assert isinstance(sub.value, ast.Slice)
        ends = [None if end is None else int(reader.number(end)) for end in (sub.value.start, sub.value.stop)]
        cuts[names.index(sub.axis) if sub.axis else at] = slice(*ends)
    return tuple(cuts)
