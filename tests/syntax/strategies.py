"""Hypothesis strategies for syntax trees: every kind of node, in every place where one may stand."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sharedsl.syntax import ast
from sharedsl.syntax.numbers import number_value


def words(text: str) -> list[str]:
    return text.split()


#: ordinary names, and all the words that are reserved in one place only
WORDS = words(
    "a b dim x1 _y layers norm1 attn weight layer state buffer init tie share fold factorize adapt freeze local untie"
    " reuse stage budget dtype test incremental groups of cycle reversed rank times step on frozen no_decay from with"
    " across along extends as except"
)
RESERVED = words(
    "import model block function extern sharing build forward require return for while if else in and or not"
)
FORMS = ("basis", "bank", "tucker", "cp", "tt", "kronecker")

names = st.sampled_from(WORDS)
any_word = st.sampled_from(WORDS + RESERVED)
numbers = st.sampled_from(
    words("0 1 7 128 30_000 12M 2.5k 0.3333k 16MB 2GiB 3KiB 1.0 1e5 1e-5 0.02 2.5e3 4T 3kB 1000000000000000000")
).map(lambda text: ast.Number(text, number_value(text)))
texts = st.text(st.characters(exclude_characters='"\r\n', exclude_categories=("Cs",)), max_size=6)
docs = st.lists(st.sampled_from(["", "a doc", "  indented", "# more", "## twice", "ünï → {x}"]), max_size=3).map(
    "\n".join
)


def tuples(of: st.SearchStrategy[Any], low: int = 0, high: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=low, max_size=high).map(tuple)


def maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | of


# ---------------------------------------------------------------------------- expressions

_BINARY = words("+ - * / // % ** @ == != <= >= < > in and or")


def _subs(expr: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    part = expr | st.builds(ast.Slice, maybe(expr), maybe(expr), maybe(expr))
    return tuples(st.builds(ast.Sub, part, maybe(names)) | st.just(ast.Sub(None)), 1)


def _args(expr: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return tuples(st.builds(ast.Arg, expr, maybe(names)))


def _labelled(expr: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def build(pairs: list[tuple[Any, str | None]]) -> ast.List:
        labels = tuple(label for _, label in pairs)
        return ast.List(tuple(item for item, _ in pairs), labels if any(labels) else ())

    return st.lists(st.tuples(expr, maybe(names)), max_size=3).map(build)


def _larger(expr: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(ast.Unary, st.sampled_from(["-", "not"]), expr),
        st.builds(ast.Binary, st.sampled_from(_BINARY), expr, expr),
        st.builds(ast.Ternary, expr, expr, expr),
        st.builds(ast.Pipe, expr, expr),
        st.builds(ast.Attribute, expr, any_word),
        st.builds(ast.Call, expr, _args(expr)),
        st.builds(ast.Index, expr, _subs(expr)),
        st.builds(ast.At, expr, maybe(st.integers(0, 10**6))),
        st.builds(ast.Tuple, tuples(expr, 1, 3)),
        _labelled(expr),
        st.builds(ast.Comprehension, expr, tuples(names, 1), expr, maybe(expr)),
    )


exprs = st.recursive(st.builds(ast.Name, names) | numbers | st.builds(ast.String, texts), _larger, max_leaves=6)
small = st.builds(ast.Name, names) | numbers | st.builds(ast.Call, st.builds(ast.Name, names), _args(numbers))
args = _args(exprs)

# ---------------------------------------------------------------------------- selectors, types


def _segments(name: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    at = maybe(st.integers(0, 99) | st.just("*"))

    def build(name: str, subs: tuple[Any, ...], at: Any, first: bool) -> ast.Segment:
        return ast.Segment(name, (), subs, at, at_first=first and bool(subs) and at is not None)

    return st.builds(build, name, st.just(()) | _subs(small), at, st.booleans())


def _selectors(inner: st.SearchStrategy[Any] | None) -> st.SearchStrategy[Any]:
    first, later = _segments(names | st.sampled_from(["*", "**"])), _segments(any_word | st.sampled_from(["*", "**"]))
    if inner is not None:
        braces = st.builds(ast.Segment, st.just(""), tuples(inner, 1, 3))
        first, later = first | braces, later | braces
    return st.builds(lambda a, rest: ast.Selector((a, *rest)), first, tuples(later))


selectors = _selectors(_selectors(_selectors(None)))
some_selectors = tuples(selectors, 1)
maybe_selectors = st.just(()) | some_selectors
dims = tuples(st.builds(ast.Dim, small | exprs, maybe(names)) | st.just(ast.Dim(None)), 1, 3)
types = st.builds(ast.Type, names, maybe(st.just(()) | dims))

# ---------------------------------------------------------------------------- declarations and statements

inputs = tuples(st.builds(ast.Input, names, types, maybe(exprs)))
outputs = tuples(st.builds(ast.Output, types, maybe(names)), 1)
params = tuples(st.builds(ast.Param, names, maybe(names | st.just("function")), maybe(exprs)))
requires = st.builds(ast.Require, exprs)
inits = st.builds(ast.InitDecl, selectors, exprs)
weights = st.builds(
    ast.WeightDecl,
    names,
    st.just(()) | dims,
    maybe(dims),
    maybe(names),
    maybe(exprs),
    tuples(st.sampled_from(["frozen", "no_decay"])),
)


def _indexed(name: str, value: Any, index: tuple[str, Any] | None) -> ast.LayerDecl:
    return ast.LayerDecl(name, value, *(index or (None, None)))


layers = st.builds(_indexed, names, exprs, maybe(st.tuples(names, exprs)))
buffers = st.builds(ast.BufferDecl, names, types, maybe(exprs))
states = st.builds(ast.StateDecl, names, types, maybe(exprs))


def _nested(simple: st.SearchStrategy[Any], wrap: Any) -> st.SearchStrategy[Any]:
    inner = tuples(simple)
    middle = simple | wrap(inner)
    return tuples(simple | wrap(tuples(middle)), 0, 3)


statements = _nested(
    st.builds(ast.Assign, tuples(names, 1), tuples(exprs, 1)) | st.builds(ast.Return, tuples(exprs, 1)) | requires,
    lambda body: st.builds(ast.For, tuples(names, 1), exprs, body, maybe(exprs)) | st.builds(ast.If, exprs, body, body),
)
forwards = st.builds(ast.Forward, maybe(names), inputs, outputs, statements)
signatures = st.builds(ast.Forward, maybe(names), inputs, outputs, st.none())
declarations = _nested(
    st.one_of(layers, weights, buffers, states, requires, inits, forwards),
    lambda body: st.builds(ast.DeclIf, exprs, body, body) | st.builds(ast.DeclFor, names, exprs, body),
)

# ---------------------------------------------------------------------------- plans

parts = tuples(st.builds(ast.Part, names, args, maybe(selectors)))
some_parts = tuples(st.builds(ast.Part, names, args, maybe(selectors)), 1)
hows = st.builds(ast.How, st.sampled_from(["groups_of", "in_groups", "list"]), exprs) | st.builds(
    ast.How, st.just("cycle"), exprs, st.booleans()
)
in_hows = hows.filter(lambda how: how.kind != "list")
label_lists = st.builds(ast.How, st.just("list"), st.builds(ast.List, tuples(numbers, 1)))
forms = st.sampled_from(FORMS)
relations = _nested(
    st.one_of(
        st.builds(ast.Tie, selectors, exprs, parts),
        st.builds(ast.Share, selectors, excepted=maybe_selectors, parts=parts),
        st.builds(ast.Share, selectors, some_selectors, st.none(), maybe(hows), maybe_selectors, parts),
        st.builds(ast.Share, selectors, st.just(()), names, maybe(hows), maybe_selectors, parts),
        st.builds(ast.Fold, selectors, exprs, st.none(), maybe_selectors, parts),
        st.builds(ast.Fold, selectors, st.none(), exprs, maybe_selectors, parts),
        st.builds(ast.Factorize, selectors, st.just(()), st.none(), maybe(exprs), maybe(forms)),
        st.builds(ast.Factorize, selectors, some_selectors, maybe(in_hows), maybe(exprs), forms, args),
        st.builds(ast.Factorize, selectors, some_selectors, label_lists, maybe(exprs)),
        st.builds(ast.Factorize, selectors, some_selectors, hows, maybe(exprs), forms, args),
        st.builds(ast.Adapt, selectors, some_parts),
        st.builds(ast.Freeze, selectors),
        st.builds(ast.Local, selectors),
        st.builds(ast.Untie, selectors),
        st.builds(ast.Reuse, selectors, some_selectors, maybe(hows)),
        inits,
        weights,
        requires,
    ),
    lambda body: st.one_of(
        st.builds(ast.PlanFor, tuples(names, 1), exprs, body),
        st.builds(ast.PlanIf, exprs, body, body),
        st.builds(ast.Stage, names, exprs, body),
    ),
)
plan_refs = tuples(st.builds(ast.PlanRef, names, args))

# ---------------------------------------------------------------------------- items

build_lines = st.one_of(
    st.builds(ast.BudgetLine, names, args, st.sampled_from(["<=", "<", "==", ">=", ">", "!="]), exprs),
    st.builds(ast.DtypeLine, names),
    st.builds(ast.TestLine, args),
    st.just(ast.IncrementalLine()),
)
items = st.one_of(
    st.builds(ast.Import, texts, tuples(st.builds(ast.Name, names), 1)),
    st.builds(ast.Block, st.sampled_from(["block", "model"]), names, params, declarations, docs),
    st.builds(ast.Function, names, inputs, outputs, statements, docs),
    st.builds(
        ast.Extern, names, params, texts, tuples(weights | buffers | states | inits | requires | signatures), docs
    ),
    st.builds(ast.Plan, names, names, params, plan_refs, relations, docs),
    st.builds(ast.Build, names, names, args, plan_refs, tuples(build_lines), docs),
)
files = st.builds(ast.File, tuples(items, 0, 3))
