"""The initialisers, for the documentation: what each fills a weight with."""

from __future__ import annotations

#: name, arguments, meaning; fan-in is the product of a weight's sizes on the inputs side
INITS: tuple[tuple[str, str, str], ...] = (
    ("zeros", "", "0 everywhere"),
    ("ones", "", "1 everywhere"),
    ("constant", "value", "one number everywhere"),
    ("normal", "std = 1, mean = 0", "normal distribution"),
    ("trunc_normal", "std = 1, mean = 0, cut = 2", "normal, without what lies farther than `cut` standard deviations"),
    ("uniform", "bound, or low and high", "evenly between -bound and bound"),
    ("kaiming_uniform", "a = sqrt(5)", "uniform within gain * sqrt(3 / fan-in); by default within 1 / sqrt(fan-in)"),
    ("kaiming_normal", "a = sqrt(5)", "normal with standard deviation gain / sqrt(fan-in)"),
    ("xavier_uniform", "gain = 1", "uniform within gain * sqrt(6 / (fan-in + fan-out)) (Glorot & Bengio 2010)"),
    ("xavier_normal", "gain = 1", "normal with standard deviation gain * sqrt(2 / (fan-in + fan-out))"),
    ("orthogonal", "gain = 1", "orthogonal rows or columns (Saxe et al. 2013)"),
    ("identity", "", "the identity matrix"),
    ("log_count", "", "log 1, log 2, log 3, .. along the last axis (S4D-real, Gu et al. 2022)"),
    ("step_sizes", "low, high", "what softplus turns into numbers from low to high, evenly spread in their logarithm"),
    ("rows", "numbers", "one number for each entry of the first axis"),
)
