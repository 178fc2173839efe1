"""What a requirement, a profile and a source are: frozen data, no behaviour beyond derivation.

The words are those of the YAML files; `loader.py` turns files into these values and
refuses everything it does not know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from isao_spec.contract import Contract, Mechanics


class Level(StrEnum):
    """RFC 2119 keyword of a requirement. Severity of a verdict comes from here and nowhere else."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"

    @property
    def binding(self) -> bool:
        """True for MUST and MUST NOT: the levels that decide a certificate."""
        return self in (Level.MUST, Level.MUST_NOT)


class VerifiedBy(StrEnum):
    """How a row is judged. `watcher` looks at every exchange of a run, `probe` makes its own."""

    PROBE = "probe"
    WATCHER = "watcher"
    EVIDENCE = "evidence"
    ATTESTATION = "attestation"
    NONE = "none"

    @property
    def automatic(self) -> bool:
        """True when the harness itself decides the row."""
        return self in (VerifiedBy.PROBE, VerifiedBy.WATCHER)


class Party(StrEnum):
    """Whose duty a row is. This harness judges servers; duties of clients stand in the list and are not judged."""

    SERVER = "server"
    CLIENT = "client"


class Status(StrEnum):
    """Editorial state. Only approved rows stand in a profile."""

    DRAFT = "draft"
    APPROVED = "approved"


@dataclass(frozen=True)
class Source:
    """A document that requirements cite. `id` is what rows use; `address` is where to read it."""

    id: str
    title: str
    publisher: str
    date: str
    address: str


@dataclass(frozen=True)
class SourceRef:
    """One citation: the source's id and the section in it."""

    source: str
    section: str


@dataclass(frozen=True)
class Verification:
    """How the row is tested, in plain words.

    `control` names the twin that must succeed so that a refusal is for the right reason;
    `reason` is required when `by` is `none`, and such a row stands in no profile.
    """

    by: VerifiedBy
    method: str
    control: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Checked:
    """The day a row was compared with its source and the passage it was compared with."""

    date: date
    passage: str


@dataclass(frozen=True)
class Contested:
    """Why the text is not clear and which readings are accepted. A contested row can warn, never fail."""

    why: str
    readings: tuple[str, ...]


@dataclass(frozen=True)
class Requirement:
    """One identified duty of an implementation. The id is stable and never reused."""

    id: str
    function: str
    title: str
    level: Level
    statement: str
    rationale: str
    sources: tuple[SourceRef, ...]
    profiles: tuple[str, ...]
    verification: Verification
    remediation: str
    status: Status
    since: str
    checked: Checked | None = None
    applies_if: tuple[str, ...] = ()
    contested: Contested | None = None
    design_choice: bool = False
    party: Party = Party.SERVER
    file: str = ""
    line: int = 0

    @property
    def digest(self) -> str:
        """First 8 hex digits of SHA-256 over level and statement.

        A probe repeats it, so that editing a statement without revisiting its probe fails a meta test.
        """
        return hashlib.sha256(f"{self.level}\n{self.statement}".encode()).hexdigest()[:8]

    @property
    def may_fail(self) -> bool:
        """True when a broken row is a failure; SHOULD, MAY and contested rows can only warn."""
        return self.level.binding and self.contested is None


@dataclass(frozen=True)
class FunctionGroup:
    """One requirements file: a TAXII section or an ISAO function."""

    stem: str
    title: str
    summary: str


@dataclass(frozen=True)
class Capability:
    """Something a target may lawfully lack. Only rows that name one can be inapplicable.

    `contradicted_when` says in words which behaviour shows that a capability declared absent is there.
    """

    id: str
    title: str
    contradicted_when: str


@dataclass(frozen=True)
class Profile:
    """A set of requirements that a claim names. Rows join by naming the profile."""

    id: str
    title: str
    summary: str
    gate: str
    may_not_be_absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retired:
    """An id that is gone, and why. Never given out again."""

    id: str
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """The whole specification, loaded and checked. `contracts` are keyed by resource; `digest` is SHA-256 over all its
    files."""

    name: str
    version: str
    groups: tuple[FunctionGroup, ...]
    requirements: Mapping[str, Requirement]
    profiles: Mapping[str, Profile]
    capabilities: Mapping[str, Capability]
    sources: Mapping[str, Source]
    contracts: Mapping[str, Contract]
    mechanics: Mechanics | None
    retired: Mapping[str, Retired] = field(default_factory=dict)
    digest: str = ""

    def in_profiles(self, profiles: tuple[str, ...]) -> tuple[Requirement, ...]:
        """Approved rows of any of the named profiles, in catalogue order. Unknown names raise KeyError."""
        for name in profiles:
            self.profiles[name]
        return tuple(
            row
            for row in self.requirements.values()
            if row.status is Status.APPROVED and set(row.profiles) & set(profiles)
        )
