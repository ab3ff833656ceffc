"""Random Python trees, for testing the printer: every node, short and long names, all nestings that are legal."""

from __future__ import annotations

from random import Random

from sharedsl import pytree as py

SHORT = ["x", "b", "dim", "heads", "mask", "T"]
LONG = [
    "attention_scores",
    "a_name_of_middling_length",
    "residual_stream_of_the_decoder",
    "a_rather_long_name_for_a_tensor",
]
BINARY = ["+", "-", "*", "/", "//", "%", "@", "**", "&", "|", "^", "<<", ">>"]
COMPARE = ["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"]


class Trees:
    """Makes random trees from one seed. `long` is how likely a long name is."""

    def __init__(self, seed: int, long: float = 0.4) -> None:
        self.random = Random(seed)
        self.long = long

    def word(self) -> str:
        return self.random.choice(LONG if self.random.random() < self.long else SHORT)

    def name(self) -> py.Expr:
        return py.Name(self.word())

    def dotted(self) -> py.Expr:
        return py.name(".".join(["self", *(self.word() for _ in range(self.random.randint(1, 2)))]))

    def constant(self) -> py.Expr:
        return py.Const(
            self.random.choice([0, 1, 2, 12, 512, 0.5, 1e-5, 1e-12, True, None, "b t", 'say "x"', -1, -0.5])
        )

    def leaf(self, depth: int = 0) -> py.Expr:
        return self.random.choice([self.name, self.dotted, self.constant, self.name])()

    def many(self, depth: int, low: int, high: int) -> tuple[py.Expr, ...]:
        return tuple(self.expr(depth) for _ in range(self.random.randint(low, high)))

    def expr(self, depth: int) -> py.Expr:
        if depth <= 0:
            return self.leaf()
        kinds = [
            self.call,
            self.call,
            self.call,
            self.method,
            self.method,
            self.binary,
            self.binary,
            self.unary,
            self.compare,
            self.boolean,
            self.ternary,
            self.collection,
            self.index,
            self.leaf,
            self.comprehension,
            self.fstring,
            self.lambda_,
        ]
        return self.random.choice(kinds)(depth - 1)

    def call(self, depth: int) -> py.Expr:
        func = self.random.choice([self.name, self.dotted])()
        return py.Call(func, self.arguments(depth), self.keywords(depth))

    def arguments(self, depth: int) -> tuple[py.Expr, ...]:
        args = self.many(depth, 0, 4)
        if self.random.random() < 0.1:
            args += (py.Starred(self.expr(depth)),)
        if self.random.random() < 0.05:
            return (py.Generator(self.expr(depth), self.name(), self.expr(depth)),)
        return args

    def keywords(self, depth: int) -> tuple[tuple[str, py.Expr], ...]:
        names = self.random.sample(SHORT + LONG, self.random.choice([0, 0, 1, 2]))
        return tuple((name, self.expr(depth)) for name in names)

    def method(self, depth: int) -> py.Expr:
        value = self.expr(depth)
        while isinstance(value, py.Const):
            value = self.expr(depth)
        for _ in range(self.random.randint(1, 3)):
            value = py.Attr(value, self.word())
            if self.random.random() < 0.8:
                value = py.Call(value, self.arguments(depth - 1), self.keywords(depth - 1))
        return value

    def binary(self, depth: int) -> py.Expr:
        return py.Binary(self.random.choice(BINARY), self.expr(depth), self.expr(depth))

    def unary(self, depth: int) -> py.Expr:
        return py.Unary(self.random.choice(["-", "not", "~"]), self.expr(depth))

    def compare(self, depth: int) -> py.Expr:
        more = ((self.random.choice(COMPARE), self.expr(depth)),) if self.random.random() < 0.1 else ()
        return py.Compare(self.expr(depth), self.random.choice(COMPARE), self.expr(depth), more)

    def boolean(self, depth: int) -> py.Expr:
        return py.BoolOp(self.random.choice(["and", "or"]), self.many(depth, 2, 3))

    def ternary(self, depth: int) -> py.Expr:
        return py.Ternary(self.expr(depth), self.expr(depth), self.expr(depth))

    def collection(self, depth: int) -> py.Expr:
        kind = self.random.choice([py.TupleExpr, py.ListExpr, py.DictExpr])
        if kind is py.DictExpr:
            return py.DictExpr(
                tuple((self.expr(depth - 1), self.expr(depth)) for _ in range(self.random.randint(0, 3)))
            )
        return kind(self.many(depth, 0, 4))

    def index(self, depth: int) -> py.Expr:
        parts = tuple(self.slice(depth) if self.random.random() < 0.5 else self.expr(depth) for _ in range(2))
        return py.Index(self.expr(depth), self.random.choice([parts[0], py.TupleExpr(parts)]))

    def slice(self, depth: int) -> py.Expr:
        return py.SliceExpr(*(self.expr(depth) if self.random.random() < 0.4 else None for _ in range(3)))

    def comprehension(self, depth: int) -> py.Expr:
        conditions = (self.expr(depth),) if self.random.random() < 0.3 else ()
        return py.ListComp(self.expr(depth), self.name(), self.expr(depth), conditions)

    def fstring(self, depth: int) -> py.Expr:
        return py.FString(("size ", self.random.choice([self.name, self.dotted])(), " is {wrong}"))

    def lambda_(self, depth: int) -> py.Expr:
        return py.Lambda(("x",), py.Name(self.random.choice(SHORT)))

    # ------------------------------------------------------------------------ statements

    def target(self, depth: int = 1) -> py.Expr:
        choice = self.random.random()
        if choice < 0.15:
            return py.TupleExpr(tuple(self.name() for _ in range(self.random.randint(2, 4))))
        if choice < 0.25:
            return py.Index(self.dotted(), self.leaf())
        return self.random.choice([self.name, self.dotted])()

    def comment(self) -> str:
        return self.random.choice(
            ["", "", "", "[B, T, dim]", "spec:12", "a comment of some length, to see where it goes"]
        )

    def simple(self, depth: int) -> py.Stmt:
        make = self.random.choice(["assign"] * 4 + ["return", "return", "aug", "expr", "raise", "assert", "annotated"])
        match make:
            case "assign":
                return py.Assign((self.target(),), self.expr(depth), self.comment())
            case "annotated":
                return py.Assign((self.name(),), self.expr(depth), self.comment(), py.Name("int"))
            case "return":
                return py.Return(self.expr(depth), self.comment())
            case "aug":
                return py.AugAssign(self.name(), "+", self.expr(depth), self.comment())
            case "raise":
                return py.Raise(self.call(depth))
            case "assert":
                return py.Assert(self.expr(depth), self.random.choice([None, py.Const("a message"), self.name()]))
            case _:
                return py.ExprStmt(self.call(depth), self.comment())

    def block(self, depth: int, nesting: int) -> tuple[py.Stmt, ...]:
        body: list[py.Stmt] = []
        for _ in range(self.random.randint(1, 3)):
            if self.random.random() < 0.15:
                body.append(py.Blank())
            if self.random.random() < 0.15:
                body.append(py.Comment("a comment of its own " * self.random.choice([1, 1, 6])))
            body.append(self.statement(depth, nesting))
        return tuple(body)

    def statement(self, depth: int, nesting: int) -> py.Stmt:
        if nesting <= 0 or self.random.random() < 0.6:
            return self.simple(depth)
        match self.random.choice(["if", "for", "while", "def", "class", "with", "try"]):
            case "if":
                elifs = ((self.expr(depth), self.block(depth, nesting - 1)),) if self.random.random() < 0.3 else ()
                other = self.block(depth, nesting - 1) if self.random.random() < 0.4 else ()
                return py.If(self.expr(depth), self.block(depth, nesting - 1), elifs, other, self.comment())
            case "for":
                return py.For(
                    self.random.choice([py.Name("i"), py.TupleExpr((py.Name("i"), py.Name("layer")))]),
                    self.expr(depth),
                    self.block(depth, nesting - 1),
                    self.comment(),
                )
            case "while":
                return py.While(self.expr(depth), self.block(depth, nesting - 1))
            case "with":
                return py.With(py.call("self.scope", self.leaf()), py.Name("scope"), self.block(depth, nesting - 1))
            case "try":
                handler = py.Except(py.Name("ValueError"), "error", self.block(depth, nesting - 1))
                return py.Try(self.block(depth, nesting - 1), (handler,))
            case "def":
                return self.function(depth, nesting)
            case _:
                body = tuple(self.function(depth, nesting - 1) for _ in range(self.random.randint(1, 2)))
                doc = self.random.choice([None, "A class.", "A class.\n\nWith a\n    table."])
                return py.ClassDef(self.word(), (py.name("nn.Module"),), body, doc)

    def function(self, depth: int, nesting: int) -> py.Stmt:
        names = self.random.sample(SHORT + LONG, self.random.randint(0, 5))
        params = []
        for name in names:
            params.append(py.Param(name, self.random.choice([None, py.Name("Tensor"), py.Name("int")])))
        for name in ("flag", "option_with_a_default")[: self.random.randint(0, 2)]:
            params.append(py.Param(name, self.random.choice([None, py.Name("int")]), self.constant()))
        doc = self.random.choice([None, None, "One line.", "Two lines.\n\nAnd the second."])
        returns = self.random.choice([None, py.Name("Tensor"), py.Binary("|", py.Name("Tensor"), py.Const(None))])
        return py.FunctionDef(self.word(), tuple(params), self.block(depth, nesting - 1), returns, doc)
