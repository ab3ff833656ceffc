"""Plans: which weights are really the same. From the lines of plans to what every site reads.

expand(refs, ctx)           the plans of a build as levels of lines: parameters bound, loops unrolled
folds(expanded, ctx)        the dataflow edits: which layers are applied again, in which order
adapters(expanded, ctx)     the dataflow edits: which layers are put in, and behind which blocks
reuses(expanded, model)     the dataflow edits: which values are read in place of which
solve(sites, expanded, ctx) storages, and a weight expression for every site
"""

from sharedsl.sharing.adapters import adapters
from sharedsl.sharing.context import ExpandedPlans, LayerTree, Level, Line, PlanContext
from sharedsl.sharing.expand import expand
from sharedsl.sharing.fold import folds
from sharedsl.sharing.reuse import reuses
from sharedsl.sharing.solver import RELATIONS, solve

__all__ = [
    "RELATIONS",
    "ExpandedPlans",
    "LayerTree",
    "Level",
    "Line",
    "PlanContext",
    "adapters",
    "expand",
    "folds",
    "reuses",
    "solve",
]
