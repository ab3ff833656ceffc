"""Which classes the file has: one per kind of module, leaves first; and what their constructors are called with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sharedsl import pytree as py
from sharedsl.emit.elements import Orders
from sharedsl.emit.hosts import Constant, Host, Layout, Own, Ref
from sharedsl.emit.init_words import shown
from sharedsl.emit.inits import init_numbers
from sharedsl.emit.leaf_words import role_names
from sharedsl.emit.leaves import LeafCode, LeafWriter
from sharedsl.emit.needs import Role, Tensor
from sharedsl.emit.scopes import Scopes, scale_names, unsaid_scales, unsaid_sizes
from sharedsl.emit.terms import constant, literal_of, tidy
from sharedsl.model import weights as w
from sharedsl.model.sites import Path, Step
from sharedsl.model.sizes import Arith, Real, Size, Value, named
from sharedsl.model.tree import Child
from sharedsl.record import dataclass, field


@dataclass(slots=True, eq=False)
class Class:
    """A class of the file. `env` says what becomes of each of the unit's parameters: a number, a formula, or itself."""

    name: str
    hosts: list[Host]
    leaf: LeafCode | None = None
    #: what it would be called if no other class were
    wanted: str = ""
    env: dict[str, Arith] = field(default_factory=dict)
    #: the unit's parameters that the constructor takes, once the class is written
    params: tuple[str, ...] = ()
    #: further constructor arguments: numbers of initialisers, in the model's terms
    extras: dict[str, Arith] = field(default_factory=dict)
    #: inputs that a method does without, by the key of the body
    dropped: dict[str, set[str]] = field(default_factory=dict)
    #: methods by the key of the body that they compute
    methods: dict[str, str] = field(default_factory=dict)
    #: the usual numbers of a leaf's initialiser, and how they are written
    usual: dict[str, tuple[float, py.Expr]] = field(default_factory=dict)
    #: those of them that no module of the class has otherwise
    baked: set[str] = field(default_factory=set)
    code: py.ClassDef | None = None

    @property
    def host(self) -> Host:
        return self.hosts[0]


@dataclass(slots=True)
class Classes:
    """All classes in the order in which the file has them, and each module's."""

    layout: Layout
    cx: py.CodeContext
    root_name: str
    #: what the whole model is converted to after it is made
    dtype: str = "float32"
    found: list[Class] = field(default_factory=list)
    of: dict[Path, Class | None] = field(default_factory=dict)
    keys: dict[object, Class] = field(default_factory=dict)
    roles: dict[Path, dict[Role, str]] = field(default_factory=dict)
    orders: Orders = field(default_factory=Orders)
    #: parameters whose values are part of the code
    fixed: frozenset[str] = frozenset()
    scopes: Scopes = field(init=False)
    #: parameters of the model in the constants of its plan
    scaled: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.scopes, self.scaled = Scopes(self.layout.model), scale_names(self.layout.solved)

    def run(self) -> Classes:
        for path, host in self.layout.hosts.items():
            self.roles[path] = role_names(host)
        self._classify(self.layout.hosts[()])
        families: dict[object, list[Class]] = {}
        for each in self.found:
            if each.leaf is None:
                families.setdefault(_family(each.host), []).append(each)
        settled: set[int] = set()
        for each in reversed(self.found):
            if each.leaf is None:
                self._settle(each, families, settled)
        for each in self.found:
            if each.leaf is not None:
                self._usual(each)
        return self

    def _settle(self, each: Class, families: Mapping[object, list[Class]], settled: set[int]) -> None:
        """The parameters of a class: after its parents', together with the classes that may turn out to be equal."""
        if id(each) in settled:
            return
        settled.add(id(each))
        family = families[_family(each.host)]
        for parent in (self.of[host.path[:-1]] for one in family for host in one.hosts if host.path):
            if parent is not None:
                self._settle(parent, families, settled)
        each.env = self._env(each, family)

    # ------------------------------------------------------------------------ equal modules are one class

    def _classify(self, host: Host) -> Class | None:
        if host.path in self.of:
            return self.of[host.path]
        for elements in host.children.values():
            for child in elements.values():
                self._classify(child)
        if host.leaf:
            found = self._leaf(host)
        else:
            found = self._composite(host)
        self.of[host.path] = found
        return found

    def _leaf(self, host: Host) -> Class | None:
        if host.unit.kind == "extern":
            return None
        code = LeafWriter(host, self.layout.solved, self.cx, {}, self.layout.model.unit_at, self.keyword).write()
        if code is None:
            return None
        key = ("leaf", code.bases, code.body)
        return self._known(key, code.wanted, host, code)

    def _composite(self, host: Host) -> Class:
        children = tuple(
            (name, tuple((at, id(self.of[child.path]), self._particulars(child)) for at, child in elements.items()))
            for name, elements in host.children.items()
        )
        owned = tuple((each.name, each.shape, self._start(host, each), each.trainable) for each in host.owned)
        constants = tuple(self.scopes.inside(host.path, named(name)) for name in self.scaled)
        bindings = tuple((step, *self._normal(host, step)) for step in host.bindings)
        read = tuple((name, _own_read(*found)) for name, found in host.weights.items())
        bodies = tuple(sorted({key for app in host.apps for key in app.bodies}))
        key = (
            "unit",
            id(host.unit),
            bodies,
            children,
            owned,
            bindings,
            read,
            host.slots,
            tuple(host.lifted),
            host.stepped,
            host.always_stepped,
            host.rows,
            constants,
        )
        wanted = self.root_name if not host.path else host.unit.name
        return self._known(key, wanted, host, None)

    def _start(self, host: Host, storage: w.Storage) -> object:
        """How a block's own weight starts, as its constructor says it."""
        words = self.said_inside(host, storage)
        return (storage.init.name, tuple((name, value.value, words.get(name)) for name, value in storage.init.args))

    def _particulars(self, host: Host) -> object:
        """What a parent's constructor says of one of its leaves."""
        if not host.leaf:
            return None
        numbers: list[object] = []
        for name, number in init_numbers(host).items():
            code = self.scopes.inside(host.path[:-1], number.code)
            numbers.append((name, number.value, number.code if code is None else code))
        frozen = tuple(each.name for each in host.owned if not each.trainable)
        return (host.rows, tuple(numbers), frozen, host.owned_shapes())

    def _normal(self, host: Host, step: Step) -> tuple[object, ...]:
        """A binding without the absolute places in it."""
        binding = host.bindings[step]
        reach = binding.reach
        refs = (binding.callee, binding.then, *binding.needs)
        needs = (reach.callee, reach.then, *reach.needs)
        plain = tuple(self.plain_ref(ref, need) for ref, need in zip(refs, needs, strict=False))
        return (reach.kind, reach.scale, reach.repeated, plain, self._functional(host, step))

    def _functional(self, host: Host, step: Step) -> tuple[object, ...]:
        """How a leaf without a module reads its weights, in terms of what it is handed."""
        reach = host.bindings[step].reach
        if reach.kind != "functional":
            return ()
        order = {need.storage: at for at, need in enumerate(reach.needs) if isinstance(need, Tensor)}
        app = next(app.children[step] for app in host.apps if step in app.children)
        return tuple(str(w.renumbered(self.layout.solved.reads[site], order)) for site in app.weights.values())

    def plain_ref(self, ref: Ref | None, need: Any) -> object:
        if ref is None:
            return None
        if isinstance(ref, Constant):
            return ("constant", ref.number)
        word = self.keyword(need.path, ref.role) if ref.role is not None else None
        if isinstance(ref, Own):
            return ("own", ref.below, ref.name, word)
        return ("given", ref.slot, ref.below, word)

    def keyword(self, path: Path, role: Role) -> str:
        """The argument that asks the owner at `path` for a role."""
        names = self.roles.get(path)
        if names is None:
            names = self.roles[path] = role_names(self.layout.hosts[path])
        return names[role]

    def _known(self, key: object, wanted: str, host: Host, code: LeafCode | None) -> Class:
        found = self.keys.get(key)
        if found is None:
            found = self.keys[key] = Class(self._name(wanted, host), [], code, wanted)
            self.found.append(found)
        found.hosts.append(host)
        return found

    def rename(self, each: Class, taken: set[str]) -> None:
        """Its name once it is known which classes before it are really there."""
        each.name = self._name(each.wanted, each.host, taken)

    def _name(self, wanted: str, host: Host, taken: set[str] | None = None) -> str:
        """The unit's name; a variant that is handed others' parts is a reader of them."""
        if taken is None:
            taken = {each.name for each in self.found}
        if host.path and wanted == self.root_name:  # the root keeps the build's name
            wanted += "Layer" if host.leaf else "Block"
        if wanted not in taken and not (host.unit.variant == "Writer" and self._unchanged(wanted)):
            return wanted
        for suffix in (host.unit.variant,) if host.unit.variant else ("Reader",) if host.slots else ():
            if wanted + suffix not in taken:
                return wanted + suffix
        wanted += host.unit.variant
        parent = self.layout.hosts[host.path[:-1]].unit.name if len(host.path) > 1 else ""
        for ending in ("Layer", "Block"):
            parent = parent.removesuffix(ending)
        if parent and not host.leaf and not host.unit.variant and parent + wanted not in taken:
            return parent + wanted
        number = 2
        while f"{wanted}{number}" in taken:
            number += 1
        return f"{wanted}{number}"

    def _unchanged(self, wanted: str) -> bool:
        """Whether some modules of a block are as it is written, where others take part in a `reuse`."""
        return any(host.unit.name == wanted and not host.unit.variant for host in self.layout.hosts.values())

    def _usual(self, each: Class) -> None:
        """The commonest value of each number is the constructor's default."""
        counts: dict[str, Counter[float]] = {}
        varied: set[str] = set()
        words: dict[tuple[str, float], py.Expr] = {}
        for host in each.hosts:
            for name, number in init_numbers(host).items():
                if self.parent_number(host, number) or self.root_number(number):
                    varied.add(name)
                else:
                    counts.setdefault(name, Counter())[number.value] += 1
                    words.setdefault((name, number.value), self.plain_number(host, number))
        most = {name: counter.most_common(1)[0][0] for name, counter in counts.items()}
        each.usual = {name: (value, words[name, value]) for name, value in most.items()}
        each.baked = {name for name, counter in counts.items() if len(counter) == 1} - varied

    def root_number(self, number: Real) -> Arith | None:
        """The number's code where it is in the model's own parameters."""
        return None if constant(number.code) else number.code

    def parent_number(self, host: Host, number: Real) -> Arith | None:
        """The number's code in the words of the constructor that makes the module, where these are arguments."""
        code = self._in_parent(host, number)
        return code if code is not None and not constant(code) else None

    def _in_parent(self, host: Host, number: Real) -> Arith | None:
        code = self.scopes.inside(host.path[:-1], number.code)
        made = self.of[host.path[:-1]]
        return code if code is None or made is None else tidy(code.substitute(made.env))

    def said_inside(self, host: Host, storage: w.Storage) -> dict[str, Arith]:
        """The numbers of a block's own weight that its parameters say."""
        found: dict[str, Arith] = {}
        for name, value in storage.init.args:
            code = self.scopes.inside(host.path, value.code)
            if code is not None and not constant(code) and value.value is not None:
                found[name] = code
        return found

    def model_env(self, host: Host, env: Mapping[str, Arith]) -> dict[str, Arith]:
        """The model's parameters that plans compute with, as the methods of a block write them."""
        said = {name: self.scopes.inside(host.path, named(name)) for name in self.scaled}
        return {name: code.substitute(dict(env)) for name, code in said.items() if code is not None}

    def plain_number(self, host: Host, number: Real) -> py.Expr:
        """A number that depends on no argument."""
        code = self._in_parent(host, number)
        return shown(number if code is None else Real(number.value, code))

    # ------------------------------------------------------------------------ what the parameters become

    def _env(self, each: Class, family: list[Class]) -> dict[str, Arith]:
        """Parameters that are the same number everywhere are baked; those that others determine are computed."""
        if not each.host.path:
            return self._root_env(each)
        sites = self._sites(family)
        env: dict[str, Arith] = {}
        for name, value in each.host.unit.arguments.items():
            if not isinstance(value, Size | Real):
                env[name] = literal_of(value)
                continue
            codes = {code[name] for code in sites}
            if len(codes) == 1 and constant(only := next(iter(codes))):
                env[name] = only
        for name, value in each.host.unit.arguments.items():
            if name in env or not isinstance(value, Size | Real):
                continue
            formulas = {_formula(name, code, env) for code in sites}
            if len(formulas) == 1 and (formula := next(iter(formulas))) is not None:
                env[name] = formula
        return env

    def _root_env(self, each: Class) -> dict[str, Arith]:
        env: dict[str, Arith] = {}
        for name, value in self.layout.model.root.arguments.items():
            if not isinstance(value, Size | Real):
                env[name] = literal_of(value)
        decided = self.layout.model.decided | self.layout.solved.decided
        for name in sorted(
            self._irregular(each.host)
            | decided
            | self.fixed
            | unsaid_sizes(self.layout.solved)
            | unsaid_scales(self.layout, self.scopes)
        ):
            value = self.layout.model.root.arguments.get(name)
            if isinstance(value, Size | Real):
                env[name] = literal_of(value)
        return env

    def _irregular(self, host: Host) -> set[str]:
        """Parameters that count a stack with elements missing or unlike: a change would need a new plan."""
        found: set[str] = set()
        for name, child in host.unit.children.items():
            elements = host.children.get(name, {})
            if child.count is None or not elements:
                continue
            kinds = {id(self.of[each.path]) for each in elements.values()}
            whole = tuple(elements) == tuple(range(len(child.units)))
            alike = len(kinds) == 1 or len({id(self.of[each.path]) for each in list(elements.values())[1:]}) == 1
            if not (whole and alike and len(elements) > 2) and tuple(elements) != (0,):
                found |= child.count.code.names()
        return found

    def _sites(self, family: list[Class]) -> list[dict[str, Arith]]:
        """The arguments of each construction of the classes, in its parent's words."""
        found: dict[tuple[tuple[str, Arith], ...], None] = {}
        for host in (host for each in family for host in each.hosts):
            parent = self.of[host.path[:-1]]
            assert parent is not None
            codes = self.argument_codes(parent, host)
            found.setdefault(tuple(codes.items()))
        return [dict(codes) for codes in found]

    def argument_codes(self, parent: Class, host: Host, env: Mapping[str, Arith] | None = None) -> dict[str, Arith]:
        """What `parent`'s constructor gives for each of the child's parameters."""
        values = self.arguments(parent, host)
        terms = dict(parent.env if env is None else env)
        return {
            name: tidy(value.code.substitute(terms)) if isinstance(value, Size | Real) else literal_of(value)
            for name, value in values.items()
        }

    def arguments(self, parent: Class, host: Host) -> dict[str, Value]:
        child: Child = parent.host.unit.children[host.path[-1].name]
        return child.arguments[host.path[-1].index or 0]


def _own_read(expr: w.Expr, refs: Mapping[int, Ref]) -> str:
    """How a block reads a weight that it declares itself, whatever its storages are numbered."""
    return str(w.renumbered(expr, {number: at for at, number in enumerate(refs)}))


def _family(host: Host) -> object:
    """Equal for modules that may well be one class at other sizes: the same block, with the same parts."""
    unit = host.unit
    plain = tuple((name, value) for name, value in unit.arguments.items() if not isinstance(value, Size | Real))
    bodies = tuple(sorted({key for app in host.apps for key in app.bodies}))
    return (host.path == (), unit.name, str(unit.span), str(plain), tuple(unit.children), bodies, len(host.slots))


def _formula(name: str, codes: dict[str, Arith], env: dict[str, Arith]) -> Arith | None:
    """The argument in terms of the other arguments, where it is made of them: `dim // heads`."""
    code = codes[name]
    if constant(code):
        return None
    if code.op == "name":
        earlier = list(codes)[: list(codes).index(name)]
        same = next((other for other in earlier if codes[other] == code and other not in env), None)
        return named(same) if same is not None else None
    free = {other: value for other, value in codes.items() if other != name and other not in env and value.op == "name"}
    back = {str(value.args[0]): named(other) for other, value in reversed(list(free.items()))}
    if not code.names() <= set(back):
        return None
    return code.substitute(back)
