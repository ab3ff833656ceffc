"""The tree as text, in the one style: `parse(print_file(file))` is `file` again.

Comments are not in the tree, so this is no formatter; `##` docs are kept. A body of one simple statement stands on its
header's line where it fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sharedsl.syntax import ast
from sharedsl.syntax.print_expressions import print_args, print_dims, print_expr, print_type
from sharedsl.syntax.print_plans import print_planrefs, print_relation

WIDTH = 120
_INDENT = "  "


def print_file(file: ast.File) -> str:
    """The whole file, ending with a newline; the empty text for a file without items."""
    texts = [print_item(item) for item in file.items]
    out: list[str] = []
    for before, text in zip(["", *texts], texts, strict=False):
        if before and ("\n" in before or "\n" in text or before.split(" ")[0] != text.split(" ")[0]):
            out.append("")
        out.append(text)
    return "\n".join(out) + "\n" if out else ""


def print_item(item: ast.Item) -> str:
    """One item with its doc, without a newline at its end."""
    if isinstance(item, ast.Import):
        return f'import "{item.path}" {{ {", ".join(name.name for name in item.names)} }}'
    doc = "".join(f"## {line}".rstrip() + "\n" for line in item.doc.split("\n")) if item.doc else ""
    return doc + "\n".join(_item(item))


def _item(item: ast.Block | ast.Function | ast.Extern | ast.Plan | ast.Build) -> list[str]:
    if isinstance(item, ast.Block):
        return _braced(f"{item.kind} {item.name}{_params(item.params)}", item.body, inline=False)
    if isinstance(item, ast.Function):
        return _braced(f"function {item.name}{_signature(item.inputs, item.outputs)}", item.body)
    if isinstance(item, ast.Extern):
        return _braced(f'extern layer {item.name}{_params(item.params)} from "{item.module}"', item.body, inline=False)
    if isinstance(item, ast.Plan):
        params = _params(item.params) if item.params else ""
        extends = f" extends {print_planrefs(item.extends)}" if item.extends else ""
        return _braced(f"sharing {item.name}{params} of {item.model}{extends}", item.body)
    plans = f" with {print_planrefs(item.plans)}" if item.plans else ""
    header = f"build {item.name} = {item.model}{print_args(item.args)}{plans}"
    return _braced(header, item.body) if item.body else [header]


def _braced(header: str, body: tuple[object, ...], inline: bool = True) -> list[str]:
    """A header and its body, on one line where there is only one simple statement."""
    if not body:
        return [f"{header} {{}}"]
    parts = [_statement(statement) for statement in body]
    if inline and len(parts) == 1 and len(parts[0]) == 1 and not parts[0][0].endswith("}"):
        line = f"{header} {{ {parts[0][0]} }}"
        if len(line) + len(_INDENT) <= WIDTH:
            return [line]
    return [f"{header} {{", *(_INDENT + line for lines in parts for line in lines), "}"]


def _branches(header: str, then: tuple[object, ...], other: tuple[object, ...]) -> list[str]:
    """An `if`, and what follows its `else`: a body, or one more `if`."""
    if not other:
        return _braced(header, then)
    first = _braced(header, then, inline=False)
    if len(other) == 1 and isinstance(other[0], (ast.If, ast.DeclIf, ast.PlanIf)):
        rest = _statement(other[0])
        if len(rest) == 1:  # an `if` on one line is opened up, like the one before it
            rest = _braced(f"if {print_expr(other[0].condition)}", other[0].then, inline=False)
        second = [f"else {rest[0]}", *rest[1:]]
    else:
        second = _braced("else", other, inline=False)
    return [*first[:-1], f"{first[-1]} {second[0]}", *second[1:]]


def _params(params: tuple[ast.Param, ...]) -> str:
    texts = []
    for param in params:
        kind = "" if param.kind is None else f": {param.kind}"
        default = "" if param.default is None else f" = {print_expr(param.default)}"
        texts.append(param.name + kind + default)
    return f"({', '.join(texts)})"


def _signature(inputs: tuple[ast.Input, ...], outputs: tuple[ast.Output, ...]) -> str:
    return f"({', '.join(_declared(one.name, one.type, one.default) for one in inputs)}) -> {_outputs(outputs)}"


def _outputs(outputs: tuple[ast.Output, ...]) -> str:
    texts = [print_type(out.type) if out.name is None else f"{out.name}: {print_type(out.type)}" for out in outputs]
    return texts[0] if len(outputs) == 1 and outputs[0].name is None else f"({', '.join(texts)})"


def _declared(name: str, type: ast.Type, value: ast.Expr | None) -> str:
    return f"{name}: {print_type(type)}" + ("" if value is None else f" = {print_expr(value)}")


def _values(values: tuple[ast.Expr, ...]) -> str:
    return ", ".join(print_expr(value) for value in values)


# ---------------------------------------------------------------------------- statements


def _statement(node: object) -> list[str]:
    printed = _BLOCKS.get(type(node))
    if printed is not None:
        return printed(node)
    simple = _SIMPLE.get(type(node))
    return [simple(node) if simple is not None else print_relation(node)]


def _forward(node: ast.Forward) -> list[str]:
    header = f"forward {node.name}" if node.name is not None else "forward"
    header += _signature(node.inputs, node.outputs)
    return [header] if node.body is None else _braced(header, node.body)


def _for(node: ast.For) -> list[str]:
    condition = "" if node.condition is None else f" while {print_expr(node.condition)}"
    return _braced(f"for {', '.join(node.names)} in {print_expr(node.source)}{condition}", node.body)


def _layer(node: ast.LayerDecl) -> str:
    index = "" if node.variable is None or node.source is None else f"[{node.variable} in {print_expr(node.source)}]"
    return f"layer {node.name}{index} = {print_expr(node.value)}"


def _weight(node: ast.WeightDecl) -> str:
    bar = "" if node.ins is None else f" | {print_dims(node.ins)}"
    text = f"weight {node.name}[{(print_dims(node.outs) + bar).lstrip()}]"
    text += "" if node.dtype is None else f": {node.dtype}"
    text += "" if node.init is None else f" init {print_expr(node.init)}"
    return " ".join([text, *node.flags])


def _budget(node: ast.BudgetLine) -> str:
    args = print_args(node.args) if node.args else ""
    return f"budget {node.quantity}{args} {node.op} {print_expr(node.limit)}"


_BLOCKS: dict[type, Callable[[Any], list[str]]] = {
    ast.Forward: _forward,
    ast.For: _for,
    ast.If: lambda node: _branches(f"if {print_expr(node.condition)}", node.then, node.other),
    ast.DeclIf: lambda node: _branches(f"if {print_expr(node.condition)}", node.then, node.other),
    ast.PlanIf: lambda node: _branches(f"if {print_expr(node.condition)}", node.then, node.other),
    ast.DeclFor: lambda node: _braced(f"for {node.name} in {print_expr(node.source)}", node.body),
    ast.PlanFor: lambda node: _braced(f"for {', '.join(node.names)} in {print_expr(node.source)}", node.body),
    ast.Stage: lambda node: _braced(f"stage {node.name} from step {print_expr(node.step)}", node.body),
}
_SIMPLE: dict[type, Callable[[Any], str]] = {
    ast.LayerDecl: _layer,
    ast.WeightDecl: _weight,
    ast.BufferDecl: lambda node: f"buffer {_declared(node.name, node.type, node.value)}",
    ast.StateDecl: lambda node: f"state {_declared(node.name, node.type, node.value)}",
    ast.Require: lambda node: f"require {print_expr(node.condition)}",
    ast.Assign: lambda node: f"{', '.join(node.targets)} = {_values(node.values)}",
    ast.Return: lambda node: f"return {_values(node.values)}",
    ast.BudgetLine: _budget,
    ast.DtypeLine: lambda node: f"dtype {node.dtype}",
    ast.TestLine: lambda node: f"test {print_args(node.args)}",
    ast.IncrementalLine: lambda node: "incremental",
}
