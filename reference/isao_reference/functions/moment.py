"""What an effect sees and may change while one step of one record is taken, inside the step's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isao_reference.policy.audience import Contributor
from isao_reference.policy.principal import Principal
from isao_reference.settings import Settings
from isao_reference.store import items, parties
from isao_reference.store.records import Record
from isao_spec.contract import Contract, Step

Facts = dict[str, Any]


@dataclass
class Moment:
    """One step as it is taken. `record` is the record before it (when it is made: as it will first stand), `document`
    what came with the step; `now` is microseconds.

    Effects may change `facts` and `named`, add `standings` (organization to standing), ask for `then`, a further step
    by the exchange with its document, for steps of other records of the contract (`also`), and `tell` organizations
    something besides the step's own event, each in a body of its own.
    """

    settings: Settings
    db: sqlite3.Connection
    now: int
    principal: Principal
    contract: Contract
    step: Step
    record: Record
    document: Mapping[str, Any] | None
    facts: Facts = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    standings: dict[str, str] = field(default_factory=dict)
    then: tuple[str, Mapping[str, Any] | None] | None = None
    also: list[tuple[Record, str, Mapping[str, Any] | None]] = field(default_factory=list)
    tell: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def content(self) -> Mapping[str, Any]:
        """The record's document as it is after this step."""
        return self.document or {} if not self.step.sources or self.step.replaces else self.record.document

    @property
    def event(self) -> Facts:
        """What an event says of this step to those who may read the record."""
        return {
            "resource": self.record.resource,
            "record": self.record.id,
            "step": self.step.name,
            "state": self.step.to,
        }

    def contributor(self) -> Contributor:
        """Whose record it is, as policy sees it."""
        return contributor_of(self.db, self.record)

    def exchange(self) -> Contributor:
        """The exchange itself, for what it publishes in its own name."""
        return exchange_of(self.db)


EXCHANGE = "exchange itself"
"""The account name under which the exchange itself acts: no account can be called so, for names have no spaces."""


def contributor_of(db: sqlite3.Connection, record: Record) -> Contributor:
    """Whose record it is, as policy sees it."""
    kind = parties.organization_kind(db, record.organization) or ""
    return Contributor(record.account, record.organization, kind)


def exchange_of(db: sqlite3.Connection) -> Contributor:
    """The exchange as a contributor: the organization that runs it. RuntimeError when the database has none."""
    found = items.exchange_organizations(db)
    if not found:
        raise RuntimeError("no organization runs this exchange")
    return Contributor(EXCHANGE, found[0], "exchange")


Effect = Callable[[Moment], None]
"""A computed part of a step. It raises Refusal to stop the step; then nothing of it is kept."""
