"""Plans: which weights are really the same. From the lines of plans to what every site reads.

expand(refs, ctx)           the plans of a build as levels of lines: parameters bound, loops unrolled
folds(expanded, ctx)        the dataflow edits: which layers are applied again, in which order
solve(sites, expanded, ctx) storages, and a weight expression for every site
"""

from sharedsl.sharing.context import ExpandedPlans, LayerTree, Level, Line, PlanContext
from sharedsl.sharing.expand import expand
from sharedsl.sharing.fold import folds
from sharedsl.sharing.solver import RELATIONS, solve

__all__ = ["RELATIONS", "ExpandedPlans", "LayerTree", "Level", "Line", "PlanContext", "expand", "folds", "solve"]
