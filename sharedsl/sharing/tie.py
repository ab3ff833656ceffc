"""`tie A = E [with ...]`: A reads E. Weights, slices of them, blocks site by site; `[*]` repeats the left."""

from __future__ import annotations

from sharedsl.comptime import Failure
from sharedsl.comptime.evaluate import Unknown
from sharedsl.diagnostics.nearest import nearest
from sharedsl.record import dataclass
from sharedsl.sharing import private, views
from sharedsl.sharing.building import CALLS, Builder
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Facts, Later, Resolve
from sharedsl.sharing.nodes import Relative, written
from sharedsl.sharing.paths import as_selector, substitute
from sharedsl.sharing.select import Match
from sharedsl.sharing.variables import Edge
from sharedsl.sharing.views import View, ViewError
from sharedsl.sharing.world import EARLY, World
from sharedsl.source import Span
from sharedsl.syntax import ast


@dataclass(frozen=True, slots=True)
class Target:
    """One weight of the left side: the right is read at `relative` below what it names."""

    match: Match
    number: int
    of: int
    relative: Relative
    sites: tuple[int, ...]


def facts(line: Line, world: World) -> Facts:
    out = Facts()
    relation = line.relation
    assert isinstance(relation, ast.Tie)
    left = world.matches(relation.target, line)
    if not left:
        return out
    work = _Tie(line, relation, world, out)
    try:
        if work.leaves_exist(left):
            for number, match in enumerate(left):
                work.match(match, number, len(left))
            private.check_used(work.chosen, work.used, world)
    except ViewError as problem:
        world.reject(problem)
    except Failure as problem:
        world.report.failure(problem, relation.span, _meant(problem, world))
    return out


def _meant(problem: Failure, world: World) -> tuple[str, ...]:
    """What an unknown name may have been meant to be: a view that is called nearly so, or a size."""
    views = CALLS if isinstance(problem, Unknown) and nearest(problem.name, CALLS) is not None else ()
    return (*world.ctx.parameters, *views)


class _Tie:
    def __init__(self, line: Line, relation: ast.Tie, world: World, out: Facts) -> None:
        self.line, self.relation, self.world, self.out = line, relation, world, out
        self.used: set[str] = set()
        self.chosen = private.of_parts(relation.parts, line, world, self._on)
        self._found: dict[tuple[object, tuple[int, ...]], list[Match] | None] = {}
        self._below: dict[Match, dict[Relative, tuple[int, ...]]] = {}
        #: the most applications that a weight on the right has, as far as seen
        self.most = 1

    # ------------------------------------------------------------------ the right side

    def named(self, expr: ast.Expr, captures: tuple[int, ...]) -> list[Match] | None:
        """What a path on the right names, given what the left matched; None where the expression is no path."""
        known = (id(expr), captures)
        if known not in self._found:
            self._found[known] = self._named(expr, captures)
        return self._found[known]

    def _named(self, expr: ast.Expr, captures: tuple[int, ...]) -> list[Match] | None:
        selector = as_selector(expr, lambda name: name in self.line.scope.names)
        if selector is None:
            return None
        first = selector.segments[0].name
        if len(selector.segments) == 1 and first not in self.world.root.names() and first in ("true", "false", "none"):
            return None
        filled, stars = substitute(selector, captures)
        if stars > len(captures):
            message = f"the right side has {stars} `*`, and the left side matches {len(captures)} that it could repeat"
            raise ViewError("bad-map", message, expr.span)
        return self.world.matches(filled, self.line)

    def leaves_exist(self, left: list[Match]) -> bool:
        """Whether every path on the right names something; what does not is reported once."""
        return all(self.named(leaf, left[0].captures) != [] for leaf in _leaves(self.relation.value))

    def leaf(
        self, expr: ast.Expr, target: Target, resolve: Resolve | None, base: bool, application: int = 0
    ) -> View | None:
        found = self.named(expr, target.match.captures)
        if found is None:
            return None
        if len(found) == 1:
            match = found[0]
        elif len(found) == target.of:
            match = found[target.number]
        elif not found:
            raise ViewError("no-site", "this names nothing", expr.span)
        else:
            message = f"the left side names {target.of} and the right side {len(found)}: they cannot be paired"
            raise ViewError("bad-map", message, expr.span)
        sites = self._sites(match, target, expr.span)
        self.most = max(self.most, len(sites))
        site = sites[min(application, len(sites) - 1)]
        if match.parts in EARLY:
            return self.world.view(site, base or bool(match.parts), match.subs, self.line, expr.span)
        if resolve is None:
            raise _NotYet(self.world.title(site, match.parts))
        view = resolve(site, match.parts)
        if view is None:
            raise _NotYet(self.world.title(site, match.parts))
        return views.take(view, match.subs, self.line.scope, expr.span) if match.subs else view

    def _sites(self, match: Match, target: Target, span: Span) -> tuple[int, ...]:
        if match not in self._below:
            self._below[match] = {_tail(path, match): sites for path, sites in self.world.select.below(match)}
        found = self._below[match].get(target.relative)
        if found is not None:
            return found
        wanted = written(target.relative) or "weight"
        where = match.title()
        message = f"`{where}` has no `{wanted}`, which `{target.match.title()}` has"
        if match.weight is not None and target.relative:
            message = f"a block is tied to a block, and `{where}` is a weight"
        elif not target.relative:
            message = f"`{target.match.title()}` is a weight and `{where}` a block"
        raise ViewError("missing-in-element", message, self.relation.span, "tie the weights that both have, one by one")

    # ------------------------------------------------------------------ the left side

    def match(self, match: Match, number: int, of: int) -> None:
        below = list(self.world.select.below(match))
        plain = self.named(self.relation.value, match.captures)
        if plain and match.weight is None:
            self._both_ways(match, plain[0 if len(plain) == 1 else min(number, len(plain) - 1)], below)
        for relative, sites in below:
            self._weight(Target(match, number, of, _tail(relative, match), sites))

    def _both_ways(self, left: Match, right: Match, below: list[tuple[Relative, tuple[int, ...]]]) -> None:
        have = {_tail(relative, left) for relative, _ in below}
        for relative, _ in self.world.select.below(right):
            if right.weight is None and _tail(relative, right) not in have:
                message = f"`{left.title()}` has no `{written(relative)}`, which `{right.title()}` has"
                raise ViewError("missing-in-element", message, self.relation.span, "tie the weights that both have")

    def _weight(self, target: Target) -> None:
        match, sites = target.match, target.sites
        if match.parts not in EARLY:
            self._later(target)
            return
        specs = private.specs_for(target.relative, sites[0], self.chosen, self.world) if self.chosen else ()
        base = bool(specs) or bool(match.parts)
        self.most = 1
        try:
            rights = [self._right(target, bool(specs), 0)]
        except _NotYet:
            self._later(target)
            return
        rights += [self._right(target, bool(specs), at) for at in range(1, self.most)]
        span = self.relation.target.span
        left = self.world.view(sites[0], base, match.subs, self.line, span)
        if not self.world.same_axes(left.axes, rights[0].axes):
            self._shapes(target, left, rights[0])
            return
        if specs:
            self.used.update(spec.kind for spec in specs)
            self.world.private(self.out, sites, specs, self.line)
        self.out.edges += self.world.join(left, rights[0], self.line, away=True)
        for site in sites[1:]:
            view = self.world.view(site, base, match.subs, self.line, span)
            self.out.edges += self.world.join(view, rights[0], self.line, away=True)
        for right in rights[1:]:
            self.out.edges += self.world.join(left, right, self.line, away=True)

    def _right(self, target: Target, base: bool, application: int) -> View:
        """The right side at one application; without `@` it names all of them."""
        build = Builder(
            self.line.scope,
            lambda expr: self.leaf(expr, target, None, base, application),
            lambda request: self.world.gathered(request, target.sites[0], self.line, self.out.edges),
        )
        return build.view(self.relation.value)

    def _shapes(self, target: Target, left: View, right: View) -> None:
        name = self.world.title(target.sites[0], target.match.parts)
        plain = self.named(self.relation.value, target.match.captures)
        right_name = plain[min(target.number, len(plain) - 1)].title() if plain else "the right side"
        if plain and target.relative:
            right_name = f"{right_name}.{written(target.relative)}"
        self.world.shape_error(self.line, name, left.axes, right_name, right.axes)

    # ------------------------------------------------------------------ factors and private parts

    def _later(self, target: Target) -> None:
        match, sites = target.match, target.sites
        missing = [self.world.title(sites[0], match.parts)]

        def attempt(resolve: Resolve) -> list[Edge] | None:
            try:
                left = resolve(sites[0], match.parts)
                if left is None:
                    missing[0] = self.world.title(sites[0], match.parts)
                    return None
                if match.subs:
                    left = views.take(left, match.subs, self.line.scope, self.relation.target.span)
                more: list[Edge] = []
                build = Builder(
                    self.line.scope,
                    lambda expr: self.leaf(expr, target, resolve, False),
                    lambda request: self.world.gathered(request, sites[0], self.line, more),
                )
                right = self._settled(build.view(self.relation.value), resolve)
            except _NotYet as absent:
                missing[0] = absent.name
                return None
            except ViewError as problem:
                self.world.reject(problem)
                return []
            except Failure as problem:
                self.world.report.failure(problem, self.relation.span, _meant(problem, self.world))
                return []
            if not self.world.same_axes(left.axes, right.axes):
                self._shapes(target, left, right)
                return []
            return [*more, *self.world.join(left, right, self.line, away=True)]

        found = [m for leaf in _leaves(self.relation.value) for m in self.named(leaf, match.captures) or ()]
        named = {site for each in found for _, group in self.world.select.below(each) for site in group}
        plain = self.named(self.relation.value, match.captures)
        refs: tuple[tuple[int, tuple[str, ...]], ...] = ()
        if plain and not match.subs and not any(each.subs for each in plain):
            other = plain[min(target.number, len(plain) - 1)]
            refs = ((sites[0], match.parts), (self._sites(other, target, self.line.span)[0], other.parts))
        self.out.later.append(Later(self.line, frozenset((*sites, *named)), attempt, missing, refs))

    def _settled(self, view: View, resolve: Resolve) -> View:
        """Weights among factors: what the weight reads by now stands for it."""
        out = view
        for patch in view.patches:
            var = patch.var
            if 0 <= var < len(self.world.sites) or var < 0:
                found = resolve(var if var >= 0 else -1 - var, () if var >= 0 else ("base",))
                if found is None:
                    message = "only a weight that reads the whole of one storage can be tied to a factor"
                    raise ViewError("not-whole-storage", message, self.relation.span)
                out = views.replaced(out, var, found, self.relation.span)
        return out

    def _on(self, part: ast.Part) -> set[object] | None:
        assert part.on is not None
        keys: set[object] = set()
        for match in self.world.matches(self.relation.target, self.line):
            start = Match(match.node) if match.weight is None and match.stack is None else match
            for inner in self.world.matches(part.on, self.line, start):
                depth = len(match.node.path)
                prefix = tuple((s.name, s.index) for s in inner.node.path[depth:])
                keys.update((*prefix, *relative) for relative, _ in _below_of(self.world, inner))
        return keys


def _below_of(world: World, match: Match) -> list[tuple[Relative, tuple[int, ...]]]:
    found = list(world.select.below(match))
    if match.weight is not None:
        return [(((match.weight, None),), sites) for _, sites in found]
    return found


def _tail(relative: Relative, match: Match) -> Relative:
    """A path below a match without the stack's own name: `encoder = decoder` compares elements."""
    if match.stack is None or not relative:
        return relative
    return (("", relative[0][1]), *relative[1:])


def _leaves(expr: ast.Expr) -> list[ast.Expr]:
    """The expressions that may be paths, outermost first."""
    match expr:
        case ast.Name():
            return [expr]
        case ast.Attribute(name="T"):
            return _leaves(expr.value)
        case ast.Attribute() | ast.At():
            return [expr]
        case ast.Index():
            return [expr] if as_selector(expr, lambda _: False) is not None else _leaves(expr.value)
        case ast.Binary():
            return [*_leaves(expr.left), *_leaves(expr.right)]
        case ast.Unary():
            return _leaves(expr.operand)
        case ast.Pipe():
            return _leaves(expr.value)
        case ast.Call():
            arguments = [arg.value for arg in expr.args if arg.name not in ("axis", "axes", "times", "by")]
            if isinstance(expr.function, ast.Name) and expr.function.name not in ("concat",):
                arguments = arguments[:1]
            return [leaf for value in arguments for leaf in _leaves(value)]
    return []


class _NotYet(Exception):
    """A factor or private part that does not exist, at least not yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
