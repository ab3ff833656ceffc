"""A state under the names of other layouts: all that stand for a shared tensor, for tools that share nothing."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.extras import Extras

EXPORT = '''
def export_state_dict(self):
    """The state under every name that a model without sharing has for it."""
    state = self.state_dict()
    for alias, owner in ALIASES.items():
        names = [name for name in self.state_dict() if name.startswith(owner)]
        state.update({alias + name[len(owner) :]: state[name] for name in names})
    return state
'''


def export_code() -> Extras:
    """For files with a table of aliases; loading takes what this gives."""
    return Extras(methods=(py.quoted_function(EXPORT),))
