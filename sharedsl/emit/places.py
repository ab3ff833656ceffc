"""Where new tensors are made, and in which format."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.forward import Forward
from sharedsl.emit.hosts import Host
from sharedsl.model import dataflow as d


def set_place(cx: py.CodeContext, body: d.Body, forward: Forward, host: Host | None = None) -> None:
    """The device of the first input that the caller always gives; the format of the first one of real numbers.

    Where all inputs are whole numbers, the format is that of the module's own weights, so that it may be halved.
    """
    tensors = [each for each in body.inputs if isinstance(each.type, d.Tensor) and each.type.dims and not each.default]
    given = [each for each in tensors if isinstance(each.type, d.Tensor) and not each.type.optional]
    floats = [each for each in given if isinstance(each.type, d.Tensor) and each.type.dtype == "float"]
    cx.device = py.Attr(py.Name(forward.name(given[0].name)), "device") if given else None
    like = py.Name(forward.name(floats[0].name)) if floats else None if host is None else _weight(host, py.Name("self"))
    cx.dtype = None if like is None else py.Attr(like, "dtype")


def _weight(host: Host, at: py.Expr) -> py.Expr | None:
    """The first weight of a module: its own, or one of a layer below."""
    if host.owned:
        return py.Attr(at, host.owned[0].name)
    for name, elements in host.children.items():
        below = py.Attr(at, name)
        for number, child in enumerate(elements.values()):
            found = _weight(child, below if None in elements else py.Index(below, py.Const(number)))
            if found is not None:
                return found
    return None
