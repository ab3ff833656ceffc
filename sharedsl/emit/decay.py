"""What only a model with weights marked `no_decay` has: parameters in two groups, for an optimizer."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.extras import Extras
from sharedsl.emit.hosts import Layout
from sharedsl.emit.tables import suffixes
from sharedsl.model.migration import storage_key
from sharedsl.model.weights import Solved

GROUPS = '''
def parameter_groups(self, weight_decay):
    """For an optimizer: what decays, and what must not."""
    groups = {{"params": [], "weight_decay": weight_decay}}, {{"params": [], "weight_decay": 0.0}}
    for name, parameter in self.named_parameters():
        groups[{marked}]["params"].append(parameter)
    return list(groups)
'''


def marks_decay(solved: Solved) -> bool:
    """Whether anything must not decay."""
    return any(storage.no_decay for storage in solved.storages)


def decay_code(plan: Layout) -> Extras:
    names = {storage_key(each): each.no_decay for each in plan.solved.storages}
    ends = suffixes(names)
    if ends is None:
        told, what, marked = [name for name, wanted in names.items() if wanted], "names", "name in NO_DECAY"
    else:
        told, what, marked = ends, "the ends of names", "name.endswith(NO_DECAY)"
    comment = py.Comment(f"What weight decay must leave alone: {what}.")
    constants = (comment, py.Assign((py.Name("NO_DECAY"),), py.tuple_of(*map(py.Const, told))))
    return Extras(constants, (), (py.quoted_function(GROUPS.format(marked=marked)),), ())
