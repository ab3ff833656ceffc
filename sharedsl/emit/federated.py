"""What only a model with local parts has: giving and taking the part of its state that a round sends."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.extras import Extras
from sharedsl.emit.hosts import Layout
from sharedsl.emit.tables import several_prefixes
from sharedsl.model.federated import local_layers
from sharedsl.model.migration import storage_key
from sharedsl.model.sites import key

GIVE = '''
def shared_state_dict(self{buffers}):
    """What a round of federated training sends: all but what is local.{without}"""
    {kept}return {{
        name: value
        for name, value in self.state_dict().items()
        if not {local}.startswith(LOCAL){unless}
    }}
'''
TAKE = '''
def load_shared_state_dict(self, state):
    """Take what a round sends; what is local stays as it is."""
    known, wanted = self.shared_state_dict(), self.shared_state_dict({without})
    wrong = [*(wanted.keys() - state.keys()), *(state.keys() - known.keys())]
    if wrong:
        raise KeyError(f"not what a round sends: {{', '.join(sorted(wrong))}}")
    self.load_state_dict(state, strict=False)
'''


def federated_code(plan: Layout) -> Extras:
    layers = local_layers(plan.solved)
    names = {storage_key(each): each.local for each in plan.solved.storages}
    buffers = {
        f"{key(path)}.{name}" if path else name: path in layers
        for path, host in plan.hosts.items()
        for name, spec in host.unit.buffers.items()
        if spec.persistent
    }
    prefixes = several_prefixes({**names, **buffers})
    comment = py.Comment("What each client keeps for itself.")
    constants = (comment, py.Assign((py.Name("LOCAL"),), prefixes.code))
    local = "name" if prefixes.dotted else 'f"{name}."'
    if all(buffers.values()):
        give = GIVE.format(buffers="", without="", kept="", local=local, unless="")
        take = TAKE.format(without="")
    else:
        give = GIVE.format(
            buffers=", buffers=True",
            without="\n\n    Without buffers, statistics stay, too.\n    ",
            kept="left_out = () if buffers else dict(self.named_buffers())\n    ",
            local=local,
            unless=" and name not in left_out",
        )
        take = TAKE.format(without="buffers=False")
    return Extras(constants, (), (py.quoted_function(give), py.quoted_function(take)), ())
