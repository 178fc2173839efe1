"""Who asks. A principal is a fact of the database at this moment, never of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Principal:
    """An authenticated account of an organization in good standing, or the anonymous reader.

    `kind` is exchange, member, peer or government, or applicant while its organization waits to be let in or has not
    accepted the terms; `role` is operator, analyst or member.
    """

    account: str | None = None
    organization: str | None = None
    kind: str | None = None
    role: str | None = None
    credentials: tuple[str, ...] = ()
    """The ids of the credentials that the request came with; each of them has to stay good."""
    read_only: bool = False
    """One of the credentials was given for reading only."""

    purpose: str = "cybersecurity"
    """What it asks for: one of PURPOSES."""
    groups: frozenset[str] = frozenset()
    """The sharing groups that its organization is in."""

    @property
    def government(self) -> bool:
        """Whether it is of the government."""
        return self.kind == "government"

    @property
    def anonymous(self) -> bool:
        """True for a request that carried no credentials at all."""
        return self.account is None


ANONYMOUS = Principal()

PURPOSES = (
    "cybersecurity",
    "incident-response",
    "law-enforcement",
    "regulatory-enforcement",
    "civil-litigation",
    "public-records",
)
"""Purposes of use. The first is what sharing is for, and cannot be refused; an item can refuse the others."""

ORGANIZATION_KINDS = ("exchange", "member", "peer", "government")
ROLES = ("operator", "analyst", "member")
STANDINGS = ("good", "applicant", "suspended", "former")
READER_CLASSES = ("public", "members", "peers", "government", "analysts")

CLASS_OF_KIND = {"member": "members", "peer": "peers", "government": "government", "applicant": "applicants"}
