"""Codes of builds and their budgets."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import build

PAGES = (
    Page(
        "budget",
        "a budget that the build does not keep",
        """The message gives what it is, what it must be and by how much they differ; the note lists the biggest
        contributors. Budgets: params, trainable, frozen, applied, buffers, bytes, artifact(bits = 8),
        flops(B = 1, T = 128), state(B = 1, T = 1), sent, sent_bytes(buffers = true).""",
        build("budget params <= 100"),
        build("budget params <= 1k"),
    ),
    Page(
        "budget-unknown",
        "there is no such budget",
        """Budgets: params, trainable, frozen, applied, buffers, bytes, artifact(bits = 8), flops(B = 1, T = 128),
        state(B = 1, T = 1), sent, sent_bytes(buffers = true).""",
        build("budget parms <= 1k"),
        build("budget params <= 1k"),
    ),
    Page(
        "budget-argument",
        "a budget is given other arguments than it takes",
        "FLOPs and state take the run-time sizes of the model's main forward, artifact takes bits, "
        "sent `buffers = true`.",
        build("budget flops <= 1M"),
        build("budget flops(B = 1) <= 1M"),
    ),
    Page(
        "budget-value",
        "a budget's limit or argument has no value",
        "Limits are numbers, or expressions over the model's parameters.",
        build('budget params <= "many"'),
        build("budget params <= 500 * dim"),
    ),
    Page("unknown-build", "there is no such build", "`sharedsl ls builds` lists the builds of specs."),
)
