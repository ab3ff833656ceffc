"""Functions of one number, element by element: activations, exponentials, rounding, casts, dropout."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting, Tensor, Type
from sharedsl.model.sizes import Real, Size
from sharedsl.ops.base import (
    Args,
    Call,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    broadcast,
    kind_of,
    number,
    real,
    tensor,
)

X = (OpParam("x"),)
#: written as methods of the tensor; the others are functions
METHODS = frozenset(
    ("abs", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tan", "erf", "floor", "ceil", "round", "sign")
)
#: whole numbers stay whole
WHOLE = frozenset(("abs", "floor", "ceil", "round", "sign", "relu", "relu6"))
#: of a plain number, such as a run-time size
PLAIN = {"abs": "abs", "floor": "math.floor", "ceil": "math.ceil", "round": "round"}


def _elementwise(name: str, doc: str, function: str, **words: str) -> Operation:
    def rule(args: Args, settings: Settings) -> Type:
        x = tensor(args, 0, "`x`")
        if x.dtype == "bool":
            raise ShapeError(f"`{name}` wants numbers, and this is {x}", 0)
        if name not in WHOLE and name not in METHODS and x.dtype != "float":
            raise ShapeError(f"`{name}` wants float, and this is {x}; `cast(x, float32)` makes it so", 0)
        return Tensor(x.dtype if name in WHOLE else "float", x.dims)

    def emit(call: Call) -> py.Expr:
        x, code = call.type(0), call.code(0)
        if x.dtype == "int" and not x.dims:
            word = PLAIN.get(name, f"math.{name}" if name != "rsqrt" else "")
            if not word or word.startswith("math."):
                call.cx.use("math")
            return py.call(word, code) if word else py.Binary("/", py.Const(1), py.call("math.sqrt", code))
        if name in METHODS:
            return py.method(code, name)
        call.cx.use(function.split(".")[0])
        return py.call(function, code, **{key: py.Const(word) for key, word in words.items()})

    return Operation(name, X, doc, rule, emit)


def _with_number(name: str, parameter: str, usual: float, torch_name: str, doc: str) -> Operation:
    """An activation with one number."""

    def rule(args: Args, settings: Settings) -> Type:
        x = tensor(args, 0, "`x`")
        if x.dtype != "float":
            raise ShapeError(f"`{name}` wants float, and this is {x}", 0)
        return x

    def emit(call: Call) -> py.Expr:
        call.cx.use("F")
        value = call.settings[parameter]
        same = isinstance(value, Real | Size) and value.value == usual
        return py.call(f"F.{name}", call.code(0), **{torch_name: None if same else number(value)})

    return Operation(name, (*X, OpParam(parameter, "setting", False, real(usual))), doc, rule, emit)


# ---------------------------------------------------------------------------- where, clamp


def _where(args: Args, settings: Settings) -> Type:
    test, then, other = (tensor(args, at, what) for at, what in enumerate(("the condition", "`a`", "`b`")))
    if test.dtype != "bool":
        raise ShapeError(f"`where` decides by bool, and this is {test}", 0)
    return Tensor(kind_of([then, other]), broadcast([test, then, other]))


def _where_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    return py.call("torch.where", call.code(0), call.code(1), call.code(2))


def _clamp(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if settings["low"] is None and settings["high"] is None:
        raise ShapeError("`clamp` needs `low` or `high`")
    fraction = any(isinstance(settings[name], Real) for name in ("low", "high"))
    return Tensor("float" if fraction else x.dtype, x.dims)


def _clamp_code(call: Call) -> py.Expr:
    low, high = (None if (value := call.settings[name]) is None else number(value) for name in ("low", "high"))
    return py.method(call.code(0), "clamp", min=low, max=high)


# ---------------------------------------------------------------------------- casts

DTYPES = {
    "float": "float", "float16": "float", "bfloat16": "float", "float32": "float", "float64": "float",
    "int": "int", "int8": "int", "int16": "int", "int32": "int", "int64": "int", "bool": "bool",
}  # fmt: skip
_SHORT = {"float": "float", "float32": "float", "float64": "double", "int": "long", "int64": "long", "bool": "bool"}


def _dtype(setting: Setting) -> str:
    if isinstance(setting, str) and setting in DTYPES:
        return setting
    raise ShapeError(f"`cast` wants one of {', '.join(DTYPES)}")


def _cast(args: Args, settings: Settings) -> Type:
    return Tensor(DTYPES[_dtype(settings["dtype"])], tensor(args, 0, "`x`").dims)


def _cast_code(call: Call) -> py.Expr:
    name = _dtype(call.settings["dtype"])
    if name in _SHORT:
        return py.method(call.code(0), _SHORT[name])
    call.cx.use("torch")
    return py.method(call.code(0), "to", py.name(f"torch.{name}"))


def _cast_like(args: Args, settings: Settings) -> Type:
    return Tensor(tensor(args, 1, "`like`").dtype, tensor(args, 0, "`x`").dims)


# ---------------------------------------------------------------------------- dropout and identities


def _kept(args: Args, settings: Settings) -> Type:
    return tensor(args, 0, "`x`")


def _dropout(args: Args, settings: Settings) -> Type:
    p = settings["p"]
    if not isinstance(p, Real | Size) or p.value is None or not 0 <= p.value < 1:
        raise ShapeError("`p` of `dropout` must be a number from 0 up to, not including, 1")
    return _kept(args, settings)


def _dropout_code(call: Call) -> py.Expr:
    """Nothing where p is written as zero."""
    p = call.settings["p"]
    assert isinstance(p, Real | Size)
    if p.value == 0 and not p.code.names():
        return call.code(0)
    call.cx.use("F")
    return py.call("F.dropout", call.code(0), number(p), call.cx.training)


def _anything(args: Args, settings: Settings) -> Type:
    found = args[0] if args else None
    if found is None:
        raise ShapeError("a value is missing", 0)
    return found


ACTIVATIONS = (
    _elementwise("abs", "`abs(x)`", "torch.abs"),
    _elementwise("sign", "`sign(x)`: -1, 0 or 1.", "torch.sign"),
    _elementwise("exp", "`exp(x)`", "torch.exp"),
    _elementwise("log", "`log(x)`, natural.", "torch.log"),
    _elementwise("sqrt", "`sqrt(x)`", "torch.sqrt"),
    _elementwise("rsqrt", "`rsqrt(x)`: 1 / sqrt(x).", "torch.rsqrt"),
    _elementwise("sin", "`sin(x)`", "torch.sin"),
    _elementwise("cos", "`cos(x)`", "torch.cos"),
    _elementwise("tan", "`tan(x)`", "torch.tan"),
    _elementwise("erf", "`erf(x)`: the error function.", "torch.erf"),
    _elementwise("floor", "`floor(x)`: rounded down.", "torch.floor"),
    _elementwise("ceil", "`ceil(x)`: rounded up.", "torch.ceil"),
    _elementwise("round", "`round(x)`: to the nearest whole number, halves to even.", "torch.round"),
    _elementwise("sigmoid", "`sigmoid(x)`", "torch.sigmoid"),
    _elementwise("tanh", "`tanh(x)`", "torch.tanh"),
    _elementwise("relu", "`relu(x)`: max(x, 0).", "F.relu"),
    _elementwise("relu6", "`relu6(x)`: between 0 and 6.", "F.relu6"),
    _elementwise("gelu", "`gelu(x)`: x times the normal distribution function (Hendrycks & Gimpel 2016).", "F.gelu"),
    _elementwise(
        "gelu_tanh", "`gelu_tanh(x)`: gelu by its tanh approximation, as GPT-2 has it.", "F.gelu", approximate="tanh"
    ),
    _elementwise("silu", "`silu(x)`: x * sigmoid(x), also called swish.", "F.silu"),
    _elementwise("softplus", "`softplus(x)`: log(1 + exp(x)).", "F.softplus"),
    _elementwise("softsign", "`softsign(x)`: x / (1 + abs(x)).", "F.softsign"),
    _elementwise("mish", "`mish(x)`: x * tanh(softplus(x)) (Misra 2019).", "F.mish"),
    _elementwise("hardswish", "`hardswish(x)`: x * relu6(x + 3) / 6 (Howard et al. 2019).", "F.hardswish"),
    _with_number("leaky_relu", "slope", 0.01, "negative_slope", "`leaky_relu(x, slope = 0.01)`"),
    _with_number("elu", "alpha", 1.0, "alpha", "`elu(x, alpha = 1.0)` (Clevert et al. 2015)."),
    Operation(
        "where",
        (OpParam("condition"), OpParam("a"), OpParam("b")),
        "`where(condition, a, b)`: a where the condition is true, else b, element by element.",
        _where,
        _where_code,
    ),
    Operation(
        "clamp",
        (*X, OpParam("low", "setting", False), OpParam("high", "setting", False)),
        "`clamp(x, low = 0, high = 1)`: not below low, not above high.",
        _clamp,
        _clamp_code,
    ),
    Operation(
        "cast",
        (*X, OpParam("dtype", "setting")),
        "`cast(x, float32)`: the same numbers in another format.",
        _cast,
        _cast_code,
    ),
    Operation(
        "cast_like",
        (*X, OpParam("like")),
        "`cast_like(x, like)`: in the format of another tensor.",
        _cast_like,
        lambda call: py.method(call.code(0), "type_as", call.code(1)),
    ),
    Operation(
        "dropout",
        (*X, OpParam("p", "setting", False, real(0.0))),
        "`dropout(x, p)`: in training each entry is 0 with probability p, the others grow by 1 / (1 - p).",
        _dropout,
        _dropout_code,
    ),
    Operation(
        "stop_gradient",
        X,
        "`stop_gradient(x)`: the value, through which no gradient flows.",
        _kept,
        lambda call: py.method(call.code(0), "detach"),
    ),
    Operation(
        "once",
        X,
        "`once(x)`: computed at the first step of a sequence and kept.",
        _anything,
        lambda call: call.code(0),
    ),
)
