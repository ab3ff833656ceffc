"""The rules, one a file: the docstring is the page, `FAILING` and `MENDED` are examples that tests run."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from sharedsl.diagnostics.codes import Page
from sharedsl.lint.rule import Rule

#: the modules, in the order in which their rules run and are listed; a rule's code is its module's name with hyphens
MODULES = (
    "over_sharing", "norms_shared", "batchnorm_shared", "modalities_shared", "tasks_shared", "joined_indirectly",
    "mark_reaches_others", "copied_not_shared", "shared_not_own", "joins_nothing", "fold_of_one",
    "untied_head", "head_init", "rank_saves_nothing", "factor_costs_flops", "deep_fold_without_norm", "nothing_trains",
    "private_dominates", "blocks_batching", "blocks_checkpointing", "tight_budget",
    "unused_buffer", "unused_parameter", "unused_import", "unused_plan", "unused_ignore", "ignore_reason",
)  # fmt: skip


@cache
def all_rules() -> dict[str, Rule]:
    """code -> rule."""
    rules = [_rule(name) for name in MODULES]
    return {rule.code: rule for rule in rules}


def _rule(name: str) -> Rule:
    module = import_module(f"sharedsl.lint.rules.{name}")
    title, _, text = (module.__doc__ or "").partition("\n\n")
    return Rule(
        name.replace("_", "-"), title.rstrip("."), text.strip(), module.SEVERITY, module.FAILING, module.MENDED,
        module.check, getattr(module, "OF_FILE", False),
    )  # fmt: skip


def pages() -> dict[str, Page]:
    """The rules' pages, as `sharedsl explain` shows them."""
    return {code: rule.page for code, rule in all_rules().items()}
