"""From productions to nodes: items, declarations and the statements of forward."""

from __future__ import annotations

from typing import Any

from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.build_expressions import Parts, collected


def _place(token: Any, span: Span) -> Span:
    return Span(span.path, token.start, token.end)


def _text(token: Any) -> str | None:
    return None if token is None else token.text


def _branch(other: Any) -> tuple[Any, ...]:
    """What stands after `else`: nothing, a body, or one more `if`."""
    if other is None:
        return ()
    return other if isinstance(other, tuple) else (other,)


# ---------------------------------------------------------------------------- items


def start(parts: Parts, span: Span) -> Any:
    return parts[0]


def import_(parts: Parts, span: Span) -> ast.Import:
    path, *names = parts
    listed = tuple(ast.Name(name.text, span=_place(name, span)) for name in names)
    return ast.Import(path.text[1:-1], listed, path_span=_place(path, span), span=span)


def model(parts: Parts, span: Span) -> ast.Block:
    name, params, body = parts
    return ast.Block("model", name.text, params, body, name_span=_place(name, span), span=span)


def block(parts: Parts, span: Span) -> ast.Block:
    name, params, body = parts
    return ast.Block("block", name.text, params, body, name_span=_place(name, span), span=span)


def function(parts: Parts, span: Span) -> ast.Function:
    name, inputs, outputs, body = parts
    return ast.Function(name.text, inputs, outputs, body, name_span=_place(name, span), span=span)


def extern(parts: Parts, span: Span) -> ast.Extern:
    name, params, module, body = parts
    return ast.Extern(name.text, params, module.text[1:-1], body, name_span=_place(name, span), span=span)


def plan(parts: Parts, span: Span) -> ast.Plan:
    name, params, model, extends, body = parts
    return ast.Plan(name.text, model.text, params or (), extends or (), body, name_span=_place(name, span), span=span)


def planref(parts: Parts, span: Span) -> ast.PlanRef:
    name, args = parts
    return ast.PlanRef(name.text, args or (), span=span)


def build(parts: Parts, span: Span) -> ast.Build:
    name, model, args, plans, body = parts
    return ast.Build(name.text, model.text, args, plans or (), body or (), name_span=_place(name, span), span=span)


def budget(parts: Parts, span: Span) -> ast.BudgetLine:
    quantity, args, op, limit = parts
    return ast.BudgetLine(quantity.text, args or (), op.text, limit, span=span)


def dtype(parts: Parts, span: Span) -> ast.DtypeLine:
    return ast.DtypeLine(parts[0].text, span=span)


def test(parts: Parts, span: Span) -> ast.TestLine:
    return ast.TestLine(parts[0], span=span)


def incremental(parts: Parts, span: Span) -> ast.IncrementalLine:
    return ast.IncrementalLine(span=span)


# ---------------------------------------------------------------------------- declarations


def param(parts: Parts, span: Span) -> ast.Param:
    name, kind, default = parts
    return ast.Param(name.text, _text(kind), default, span=span)


def layer(parts: Parts, span: Span) -> ast.LayerDecl:
    name, variable, source, value = parts
    return ast.LayerDecl(name.text, value, _text(variable), source, name_span=_place(name, span), span=span)


def weight(parts: Parts, span: Span) -> ast.WeightDecl:
    name, outs, ins, dtype, init, *flags = parts
    return ast.WeightDecl(name.text, outs or (), ins, _text(dtype), init, tuple(f.text for f in flags), span=span)


def buffer(parts: Parts, span: Span) -> ast.BufferDecl:
    name, type, value = parts
    return ast.BufferDecl(name.text, type, value, span=span)


def state(parts: Parts, span: Span) -> ast.StateDecl:
    name, type, value = parts
    return ast.StateDecl(name.text, type, value, span=span)


def require(parts: Parts, span: Span) -> ast.Require:
    return ast.Require(parts[0], span=span)


def init(parts: Parts, span: Span) -> ast.InitDecl:
    return ast.InitDecl(parts[0], parts[1], span=span)


def decl_if(parts: Parts, span: Span) -> ast.DeclIf:
    condition, then, other = parts
    return ast.DeclIf(condition, then, _branch(other), span=span)


def decl_for(parts: Parts, span: Span) -> ast.DeclFor:
    name, source, body = parts
    return ast.DeclFor(name.text, source, body, span=span)


def forward(parts: Parts, span: Span) -> ast.Forward:
    name, inputs, outputs, body = parts
    return ast.Forward(_text(name), inputs, outputs, body, span=span)


def signature(parts: Parts, span: Span) -> ast.Forward:
    name, inputs, outputs = parts
    return ast.Forward(_text(name), inputs, outputs, None, span=span)


def input_(parts: Parts, span: Span) -> ast.Input:
    name, type, default = parts
    return ast.Input(name.text, type, default, span=span)


def out(parts: Parts, span: Span) -> ast.Output:
    name, type = parts
    return ast.Output(type, _text(name), span=span)


def one_out(parts: Parts, span: Span) -> tuple[ast.Output, ...]:
    return (ast.Output(parts[0], span=span),)


# ---------------------------------------------------------------------------- statements


def assign(parts: Parts, span: Span) -> ast.Assign:
    return ast.Assign(parts[0], parts[1], span=span)


def return_(parts: Parts, span: Span) -> ast.Return:
    return ast.Return(parts[0], span=span)


def for_(parts: Parts, span: Span) -> ast.For:
    names, source, condition, body = parts
    return ast.For(names, source, body, condition, span=span)


def if_(parts: Parts, span: Span) -> ast.If:
    condition, then, other = parts
    return ast.If(condition, then, _branch(other), span=span)


BUILDERS = {
    "start": start,
    "import_": import_,
    "model": model,
    "block": block,
    "function": function,
    "extern": extern,
    "plan": plan,
    "planrefs": collected,
    "planref": planref,
    "build": build,
    "bbody": collected,
    "budget": budget,
    "dtype": dtype,
    "test": test,
    "incremental": incremental,
    "params": collected,
    "param": param,
    "dbody": collected,
    "ebody": collected,
    "layer": layer,
    "weight": weight,
    "buffer": buffer,
    "state": state,
    "require": require,
    "init": init,
    "dif": decl_if,
    "dfor": decl_for,
    "forward": forward,
    "signature": signature,
    "inputs": collected,
    "input": input_,
    "outs": collected,
    "out": out,
    "one_out": one_out,
    "fbody": collected,
    "assign": assign,
    "return_": return_,
    "ffor": for_,
    "fif": if_,
}
