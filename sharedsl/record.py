"""Records: the part of `dataclasses` that we use, made several times faster.

A compiler has hundreds of small record types, and every command makes them all before it does anything else. The
standard library compiles six functions for each and imports `inspect`; this compiles one, `__init__`, when the first
record is made, and shares the rest. Type checkers see the standard decorator. Imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, replace
else:
    from operator import attrgetter

    _MISSING = object()
    #: what reads and writes a slot
    _Slot = type(type("_", (), {"__slots__": ("a",)}).a)

    class FrozenError(AttributeError):
        """A field of a frozen record was assigned."""

    class Field:
        """How one field behaves. The default is `default`, or what `default_factory()` gives for each record."""

        __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr")

        def __init__(self, default, default_factory, compare, repr, kw_only, init):
            self.name = ""
            self.default, self.default_factory = default, default_factory
            self.compare, self.repr, self.kw_only, self.init = compare, repr, kw_only, init

        @property
        def optional(self):
            return self.default is not _MISSING or self.default_factory is not _MISSING

    def field(*, default=_MISSING, default_factory=_MISSING, compare=True, repr=True, kw_only=False, init=True):
        return Field(default, default_factory, compare, repr, kw_only, init)

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True):
        if cls is None:
            return lambda cls: _make(cls, frozen, slots, eq)
        return _make(cls, frozen, slots, eq)

    def fields(record):
        """The fields of a record, or of one of the standard library's dataclasses."""
        return tuple(record.__dataclass_fields__.values())

    def replace(record, /, **changes):
        """A record like this one but for `changes`."""
        cls = type(record)
        names = _NAMES.get(cls)
        if names is None:
            names = _NAMES[cls] = tuple(each.name for each in fields(record) if each.init)
        for name in names:
            if name not in changes:
                changes[name] = getattr(record, name)
        return cls(**changes)

    #: what `replace` passes on, by class
    _NAMES = {}

    def _make(cls, frozen, slots, eq):
        found = {}
        for base in reversed(cls.__mro__[1:]):
            found.update(getattr(base, "__dataclass_fields__", {}))
        own = _own_fields(cls)
        found.update(own)
        body = dict(cls.__dict__)
        for name in own:
            body.pop(name, None)
            if not slots and own[name].default is not _MISSING:
                body[name] = own[name].default
        given = {"__dataclass_fields__": found}
        given["__match_args__"] = tuple(name for name, each in found.items() if each.init and not each.kw_only)
        _add_methods(given, tuple(found.values()), frozen, eq)
        for name, value in given.items():
            if name not in cls.__dict__ or name in ("__dataclass_fields__", "__match_args__"):
                body[name] = value
        if slots:
            body.pop("__dict__", None)
            body.pop("__weakref__", None)
            inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
            body["__slots__"] = tuple(name for name in own if name not in inherited)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__qualname__ = cls.__qualname__
        if "__init__" not in cls.__dict__:
            made.__init__ = _first_init(made, tuple(found.values()), frozen)
        return made

    def _own_fields(cls):
        own = {}
        # their text is enough: `inspect.get_annotations` would cost an import of a tenth of the whole start
        for name, annotation in cls.__dict__.get("__annotations__", {}).items():  # noqa: RUF063
            if str(annotation).startswith("ClassVar"):
                continue
            value = cls.__dict__.get(name, _MISSING)
            each = value if isinstance(value, Field) else Field(value, _MISSING, True, True, False, True)
            # a Field may be shared by several classes, as with a helper that makes the usual span
            copy = Field(each.default, each.default_factory, each.compare, each.repr, each.kw_only, each.init)
            copy.name = name
            own[name] = copy
        return own

    def _first_init(cls, all_fields, frozen):
        """Stands in for `__init__` until the first record is made: a run makes few of the kinds that there are."""

        def __init__(self, *args, **named):
            init = _init(cls, all_fields, frozen)
            cls.__init__ = init
            init(self, *args, **named)

        return __init__

    def _init(cls, all_fields, frozen):
        """The one function that is compiled."""
        scope = {"_MISSING": _MISSING, "_set": object.__setattr__}
        plain, named, lines = ["self"], [], []
        for each in all_fields:
            name = each.name
            value = name
            if each.default_factory is not _MISSING:
                scope[f"_make_{name}"] = each.default_factory
                value = f"_make_{name}() if {name} is _MISSING else {name}" if each.init else f"_make_{name}()"
            elif not each.init and each.default is _MISSING:
                continue
            if each.init:
                default = ""
                if each.optional:
                    scope[f"_default_{name}"] = each.default
                    default = f"=_default_{name}"
                (named if each.kw_only else plain).append(name + default)
            slot = getattr(cls, name, None)
            if not frozen:
                lines.append(f" self.{name} = {value}")
            elif type(slot) is _Slot:  # a third faster than by name
                scope[f"_set_{name}"] = slot.__set__
                lines.append(f" _set_{name}(self, {value})")
            else:
                lines.append(f" _set(self, {name!r}, {value})")
        if hasattr(cls, "__post_init__"):
            lines.append(" self.__post_init__()")
        head = ", ".join([*plain, "*", *named] if named else plain)
        exec(f"def __init__({head}):\n" + ("\n".join(lines) or " pass"), scope)
        return scope["__init__"]

    def _add_methods(given, all_fields, frozen, eq):
        compared = tuple(each.name for each in all_fields if each.compare)
        shown = tuple(each.name for each in all_fields if each.repr)
        every = tuple(each.name for each in all_fields)
        key = attrgetter(*compared) if compared else lambda self: ()

        def __eq__(self, other):
            return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

        def __repr__(self):
            return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

        given["__repr__"] = __repr__
        if eq:
            given["__eq__"], given["__hash__"] = __eq__, None
        if frozen:

            def __hash__(self):
                return hash(key(self))

            def __setattr__(self, name, value):
                raise FrozenError(f"cannot assign `{name}` of a frozen {type(self).__name__}")

            def __getstate__(self):
                return [getattr(self, name) for name in every]

            def __setstate__(self, state):
                for name, value in zip(every, state, strict=True):
                    object.__setattr__(self, name, value)

            given["__setattr__"] = __setattr__
            if eq:
                given["__hash__"] = __hash__
            given["__getstate__"], given["__setstate__"] = __getstate__, __setstate__


__all__ = ["dataclass", "field", "fields", "replace"]
