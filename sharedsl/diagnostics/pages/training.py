"""Codes of plans that change while a model is trained, and of models that are trained in several places."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import plan

PAGES = (
    Page(
        "bad-stage",
        "a stage that is none",
        """`stage NAME from step n { .. }` begins at a step of the training, a whole number of at least 1, and changes
        something. Stages do not stand in one another: each has the lines outside the stages and its own.""",
        plan("share * across layers", "stage apart from step 0 { untie layers }"),
        plan("share * across layers", "stage apart from step 1000 { untie layers }"),
    ),
    Page(
        "stage-value",
        "a tensor of a stage that has no value to begin with",
        """Training goes on from the values there are. `untie`, `tie`, `share` and `fold` say what becomes of them, and
        private parts add nothing at first; factors of a weight do not follow from the weight.""",
        plan("stage small from step 1000 { factorize head.weight rank 2 }"),
        plan("stage small from step 1000 { share * across layers with lora(rank = 2) on weight }"),
    ),
    Page(
        "all-local",
        "everything is local",
        "`local S` is what each client of a federation keeps for itself; a round sends the rest, and here is none.",
        plan("local layers", "local head"),
        plan("local head"),
    ),
)
