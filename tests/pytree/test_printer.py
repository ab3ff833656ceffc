"""The printer's text is what `ruff format` would leave alone, and means what the tree says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from sharedsl import pytree as py
from tests.pytree.random_trees import Trees

RUFF = [str(Path(sys.executable).with_name("ruff"))]


def formatted(folder: Path) -> str:
    """The changes that `ruff format` would make, with its default settings."""
    command = [*RUFF, "format", "--isolated", "--no-cache", "--diff", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(("first", "count", "depth"), [(0, 400, 2), (5000, 150, 3), (9000, 200, 1)])
def test_statements_are_formatted(tmp_path: Path, first: int, count: int, depth: int) -> None:
    for seed in range(first, first + count):
        stmt = Trees(seed, long=(0.2, 0.4, 0.6)[seed % 3]).simple(depth)
        (tmp_path / f"s{seed}.py").write_text(py.print_module(py.Module((stmt,))))
    assert formatted(tmp_path) == ""


def test_blocks_are_formatted(tmp_path: Path) -> None:
    for seed in range(10_000, 10_120):
        function = py.FunctionDef("f", (), Trees(seed).block(2, 3))
        text = py.print_module(py.Module((function, py.Comment("after"), py.ClassDef("C", (), (function,)))))
        ast.parse(text)
        (tmp_path / f"b{seed}.py").write_text(text)
    assert formatted(tmp_path) == ""


def every_parenthesis(expr: py.Expr) -> str:
    """The expression with all the parentheses there can be."""
    show = every_parenthesis
    match expr:
        case py.Binary():
            return f"({show(expr.left)} {expr.op} {show(expr.right)})"
        case py.Unary():
            return f"({expr.op} {show(expr.operand)})"
        case py.BoolOp():
            return "(" + f" {expr.op} ".join(map(show, expr.values)) + ")"
        case py.Compare():
            more = "".join(f" {op} {show(value)}" for op, value in expr.more)
            return f"({show(expr.left)} {expr.op} {show(expr.right)}{more})"
        case py.Ternary():
            return f"({show(expr.then)} if {show(expr.test)} else {show(expr.other)})"
        case py.Attr():
            return f"({show(expr.value)}).{expr.name}"
        case py.Call():
            args = [*map(show, expr.args), *(f"{name}={show(value)}" for name, value in expr.kwargs)]
            return f"{show(expr.func)}({', '.join(args)})"
        case py.Starred():
            return f"*{show(expr.value)}"
        case py.Lambda():
            return f"(lambda {', '.join(expr.params)}: {show(expr.body)})"
        case py.TupleExpr():
            return "(" + "".join(f"{show(item)}, " for item in expr.items) + ")"
        case py.ListExpr():
            return "[" + ", ".join(map(show, expr.items)) + "]"
        case py.DictExpr():
            return "{" + ", ".join(f"{show(key)}: {show(value)}" for key, value in expr.items if key) + "}"
        case py.Index():
            inner = expr.index
            several = isinstance(inner, py.TupleExpr) and inner.items
            return f"({show(expr.value)})[{', '.join(map(show, inner.items)) + ',' if several else show(inner)}]"
        case py.SliceExpr():
            parts = ["" if part is None else show(part) for part in (expr.start, expr.stop, expr.step)]
            return f"{parts[0]}:{parts[1]}" + (f":{parts[2]}" if parts[2] else "")
        case py.ListComp() | py.Generator():
            left, right = "[]" if isinstance(expr, py.ListComp) else "()"
            tests = "".join(f" if {show(each)}" for each in expr.conditions)
            return f"{left}{show(expr.element)} for {show(expr.target)} in {show(expr.source)}{tests}{right}"
        case py.FString():
            parts = [
                "{" + show(p) + "}" if not isinstance(p, str) else p.replace("{", "{{").replace("}", "}}")
                for p in expr.parts
            ]
            return 'f"' + "".join(parts) + '"'
        case py.Const():
            return f"({expr.value!r})"
        case py.Name():
            return expr.id
    raise AssertionError(expr)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_parentheses_mean_the_tree(depth: int) -> None:
    for seed in range(400 if depth < 4 else 60):
        expr = Trees(seed, long=0.3).expr(depth)
        text = py.one_line(expr)
        assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(every_parenthesis(expr))), text
        broken = py.print_module(py.Module((py.ExprStmt(expr),)))
        assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(text))


NAMES = {name: py.name(name) for name in ("a", "b", "c", "dim", "torch", "x")}
CASES = [
    ("dim**-0.5", py.Binary("**", NAMES["dim"], py.Unary("-", py.Const(0.5)))),
    ("(2 * dim) ** 0.5", py.Binary("**", py.Binary("*", py.Const(2), NAMES["dim"]), py.Const(0.5))),
    ("-(dim**2)", py.Unary("-", py.Binary("**", NAMES["dim"], py.Const(2)))),
    ("self.dim**2", py.Binary("**", py.name("self.dim"), py.Const(2))),
    ("a - (b - c)", py.Binary("-", NAMES["a"], py.Binary("-", NAMES["b"], NAMES["c"]))),
    ("a - b - c", py.Binary("-", py.Binary("-", NAMES["a"], NAMES["b"]), NAMES["c"])),
    ("not a == b", py.Unary("not", py.Compare(NAMES["a"], "==", NAMES["b"]))),
    (
        "x[:, None, 1 : dim + 1]",
        py.Index(
            NAMES["x"],
            py.TupleExpr(
                (py.SliceExpr(), py.Const(None), py.SliceExpr(py.Const(1), py.Binary("+", NAMES["dim"], py.Const(1))))
            ),
        ),
    ),
    ("x[..., :dim]", py.Index(NAMES["x"], py.TupleExpr((py.Const(...), py.SliceExpr(stop=NAMES["dim"]))))),
    ("1e-5", py.Const(1e-5)),
    ("500000.0", py.Const(5e5)),
    ("'say \"x\"'", py.Const('say "x"')),
    ('"it\'s"', py.Const("it's")),
    ("(x,)", py.TupleExpr((NAMES["x"],))),
]


@pytest.mark.parametrize(("text", "expr"), CASES, ids=[case[0] for case in CASES])
def test_short_forms(text: str, expr: py.Expr) -> None:
    assert py.one_line(expr) == text


def test_long_comments_never_pass_the_margin() -> None:
    body = (py.Comment("word " * 60), py.Assign((py.Name("x"),), py.Name("y"), "comment " * 20))
    text = py.print_module(py.Module((py.FunctionDef("f", (), body),)))
    assert max(map(len, text.splitlines())) <= 88
    assert "comment" in text.splitlines()[-2]


def test_docstrings_and_imports(tmp_path: Path) -> None:
    imports = py.imports_for({"torch", "F", "nn", "Tensor", "math", "checkpoint"})
    use = py.ExprStmt(
        py.call("print", *map(py.name, ("torch.ones", "F.linear", "nn.Linear", "Tensor", "math.pi", "checkpoint")))
    )
    doc = 'One line.\n\n    A table\n\nSaid "so"'
    function = py.FunctionDef("f", (), (use,), docstring=doc)
    module = py.Module(
        (*imports, py.ClassDef("A", (), (function,), docstring=doc)), docstring=doc, header=("Generated.",)
    )
    (tmp_path / "m.py").write_text(py.print_module(module))
    assert formatted(tmp_path) == ""
    check = subprocess.run(
        [*RUFF, "check", "--isolated", "--no-cache", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout


def test_helpers_are_kept_once_and_in_order() -> None:
    cx = py.CodeContext()
    for name in ("b", "a", "b"):
        assert cx.helper(py.FunctionDef(name, (), (py.Simple("pass"),))) == name
    assert list(cx.helpers) == ["b", "a"]


def test_names_used() -> None:
    assert py.names_used(py.call("F.linear", py.name("self.x"), bias=py.Name("b"))) == {"F", "self", "b"}


def test_every_public_name_is_there() -> None:
    for name in py.__all__:
        found = getattr(py, name)
        assert getattr(found, "__name__", name) in (name, "module")
        assert type(found).__name__ != "module"
