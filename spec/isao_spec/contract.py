"""What a function contract is: an ISAO function as a resource with documents, states, steps and readers.

One file in `functions/` each. The reference executes it, OpenAPI paths and state diagrams are drawn from it, and the
harness derives checks from it; so whatever is not said here is not part of the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CREATE = "create"
"""The name of the step that makes a record; contracts cannot call another one so."""


class Role(StrEnum):
    """Who may take a step. The first six are what an account is, `contributor` and `recipient` what its organization is
    to the record, `clock` and `exchange` are the exchange itself: on time, or as part of what another step decided."""

    OPERATOR = "operator"
    ANALYST = "analyst"
    MEMBER = "member"
    PEER = "peer"
    GOVERNMENT = "government"
    APPLICANT = "applicant"
    CONTRIBUTOR = "contributor"
    RECIPIENT = "recipient"
    CLOCK = "clock"
    EXCHANGE = "exchange"


class Readers(StrEnum):
    """Who may read a record in a state. `parties` are its contributor's organization, the organizations it names and
    the exchange's staff; `organizations` every account there is; `marking` are the readers that the one policy gives
    its label."""

    PARTIES = "parties"
    ORGANIZATIONS = "organizations"
    MARKING = "marking"


@dataclass(frozen=True)
class State:
    """Where a record can stand, in words for people, and who may read it there."""

    name: str
    meaning: str
    readers: Readers


@dataclass(frozen=True)
class Step:
    """One thing that can be done with a record: its creation, or a transition.

    `sources` are the states it starts from (none for the creation). `takes` names the schema of the document that comes
    with it ("" for none); with `replaces` that document takes the place of the record's. `once_per` organization means
    that a repetition changes nothing. `within` is an ISO 8601 duration since the state was entered by which the step is
    promised; for steps of the clock, after which it is taken; `at` names the document's property with that moment
    instead, `when` the property that has to be true for the clock. `effects` are computed functions of the exchange,
    in order. `notifies` says who gets an event.
    """

    name: str
    meaning: str
    sources: tuple[str, ...]
    to: str
    by: tuple[Role, ...]
    serves: str
    takes: str = ""
    replaces: bool = False
    once_per: str = ""
    within: str = ""
    at: str = ""
    when: str = ""
    effects: tuple[str, ...] = ()
    notifies: str = ""


@dataclass(frozen=True)
class Measure:
    """A duration that the exchange reports, between two moments of a record's life, with its threshold in seconds."""

    name: str
    meaning: str
    start: str
    end: str
    serves: str
    threshold_seconds: float | None = None


@dataclass(frozen=True)
class PlainForm:
    """A way to make a record without writing JSON: the body is the text of the property `content`, `fixed` are
    properties that the media type decides, and the query gives the others."""

    content: str
    fixed: Mapping[str, str]


@dataclass(frozen=True)
class Contract:
    """One resource of the function API. `document` names the schema of its document, `marking` the property of the
    document that holds its TLP label ("" where no state is read by marking), `plain` the media types that a record can
    be made from besides JSON."""

    function: str
    resource: str
    title: str
    summary: str
    document: str
    marking: str
    serves: str
    create: Step
    states: Mapping[str, State]
    steps: Mapping[str, Step]
    plain: Mapping[str, PlainForm] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    file: str = field(default="", compare=False)

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The creation, then the transitions in the order of the file."""
        return (self.create, *self.steps.values())

    @property
    def final(self) -> tuple[str, ...]:
        """The states that nothing leads out of."""
        left = {source for step in self.steps.values() if step.to != "" for source in step.sources}
        return tuple(name for name in self.states if name not in left)


@dataclass(frozen=True)
class Mechanics:
    """Under which requirement each kind of derived check counts that is not a step's own."""

    illegal_step: str
    unnamed_role: str
    invalid_document: str
    audience: str
    repeat: str
    stale_write: str
    history: str
