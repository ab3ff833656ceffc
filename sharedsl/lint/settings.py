"""What is looked for and how bad it is. Plain data: `sharedsl.config` makes it from files."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sharedsl.diagnostics.record import Severity
from sharedsl.record import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Where rules begin to speak."""

    #: share of the stored parameters that an untied head must have
    head: float = 0.1
    #: how close to its limit a budget may come
    budget: float = 0.02
    #: applications of a fold that want a norm among them
    fold: int = 8
    #: share of the stored parameters that private parts may have
    private: float = 0.5
    #: standard deviation of the logits of a head at initialisation
    logits: float = 4.0


@dataclass(frozen=True, slots=True)
class Settings:
    """`select` None is every rule; `severity` overrides a rule's own, "off" leaves it out."""

    select: Collection[str] | None = None
    ignore: Collection[str] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def severity_of(self, code: str, default: Severity) -> Severity | None:
        """None where the rule is not asked for."""
        if code in self.ignore or (self.select is not None and code not in self.select):
            return None
        chosen = self.severity.get(code, default)
        for each in ("error", "warning", "info"):
            if chosen == each:
                return each
        return None
