"""Declare how a neural network shares its weights; compile it to standalone PyTorch with exact budgets.

`load(path)` gives the builds of a spec; `inspect(module)` tells what is shared in any existing `nn.Module`. Importing
this package imports nothing heavy; torch is imported where a module is built, verified or inspected.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Build", "Builds", "SpecError", "__version__", "inspect", "load"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sharedsl.api import Build, Builds, SpecError, load
    from sharedsl.runtime.inspect import inspect


def __getattr__(name: str) -> object:
    if name == "inspect":
        from sharedsl.runtime.inspect import inspect

        return inspect
    if name in __all__:
        from sharedsl import api

        return getattr(api, name)
    raise AttributeError(f"module 'sharedsl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
