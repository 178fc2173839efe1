"""How a probe can end without a verdict, and how a run can fail to start.

Each exception answers "whose fault": the target gave no usable answer, the operator did not
provide something, or the configuration is wrong. None of them is ever a pass.
"""

from __future__ import annotations


class Untestable(Exception):
    """The row cannot be judged here. `blocked_by` names the missing actor, capability or row."""

    def __init__(self, why: str, blocked_by: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.blocked_by = blocked_by


class NoAnswer(Untestable):
    """The target did not answer within the ceilings, or asked to come back later (429, 503)."""


class OriginNotDeclared(Untestable):
    """A URL outside the origins that the operator declared was met; it is never contacted."""


class ConfigurationError(Exception):
    """The target file or an option is unusable; the text names the fault and the remedy."""


class Unreachable(Exception):
    """Nothing answers at the target; the text says what was tried."""


class ReplayDivergence(Exception):
    """A replayed probe asked for something that the transcript does not hold."""
