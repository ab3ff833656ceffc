"""What code needs around it: imports, and helper functions of the module, each defined once."""

from __future__ import annotations

from sharedsl.pytree.expression_nodes import Attr, Expr, Name
from sharedsl.pytree.statement_nodes import Blank, FromImport, FunctionDef, Import, Stmt
from sharedsl.record import dataclass, field, replace

#: the names that emitted code uses for modules, and what they stand for
MODULES: dict[str, Import | FromImport] = {
    "math": Import("math"),
    "torch": Import("torch"),
    "F": Import("torch.nn.functional", "F"),
    "Tensor": FromImport("torch", (("Tensor", None),)),
    "nn": FromImport("torch", (("nn", None),)),
    "checkpoint": FromImport("torch.utils.checkpoint", (("checkpoint", None),)),
}


@dataclass(slots=True)
class CodeContext:
    """Collects what the expressions made with it need. Helpers keep the order in which they were first asked for.

    `training`, `device` and `dtype` are how the code at hand says whether it trains, and where and in which format new
    tensors are made (None: torch's defaults); whoever lowers a body sets them to fit it.
    """

    modules: set[str] = field(default_factory=set)
    helpers: dict[str, FunctionDef] = field(default_factory=dict)
    training: Expr = Attr(Name("self"), "training")
    device: Expr | None = None
    dtype: Expr | None = None

    def use(self, *names: str) -> None:
        """Note that code uses the modules called `names` (keys of MODULES)."""
        for name in names:
            if name not in MODULES:
                raise KeyError(name)
            self.modules.add(name)

    def helper(self, function: FunctionDef) -> str:
        """Make sure that `function` is defined in the module; its name, numbered where another one has it already."""
        name, number = function.name, 2
        while name in self.helpers and self.helpers[name] != replace(function, name=name):
            name, number = f"{function.name}_{number}", number + 1
        self.helpers.setdefault(name, replace(function, name=name))
        return name

    def imports(self) -> tuple[Stmt, ...]:
        """The import statements, sorted as isort sorts them: the standard library, then torch."""
        return imports_for(self.modules)


def imports_for(names: set[str]) -> tuple[Stmt, ...]:
    """Import statements for module names (keys of MODULES), in isort's order, with the blank line between sections."""
    standard: list[Stmt] = [MODULES["math"]] if "math" in names else []
    plain: list[Stmt] = [MODULES[name] for name in ("torch", "F") if name in names]
    members = tuple((name, None) for name in ("Tensor", "nn") if name in names)
    other: list[Stmt] = [FromImport("torch", members)] if members else []
    other += [MODULES["checkpoint"]] if "checkpoint" in names else []
    torch = plain + other
    return tuple(standard + ([Blank()] if standard and torch else []) + torch)
