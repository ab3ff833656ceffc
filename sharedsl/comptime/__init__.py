"""Compile-time values: what parameters, sizes, plan loops and list comprehensions are made of."""

from sharedsl.comptime.evaluate import Scope, evaluate
from sharedsl.comptime.values import Failure, Guard, Trace
from sharedsl.model.sizes import Named, Value

__all__ = ["Failure", "Guard", "Named", "Scope", "Trace", "Value", "evaluate"]
