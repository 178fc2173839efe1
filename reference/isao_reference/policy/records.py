"""Who may read a record of a function, and as what a principal stands to it. Pure, like all policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isao_reference.policy import audience, decide
from isao_reference.policy.audience import Audience, Contributor, Distribution
from isao_reference.policy.principal import CLASS_OF_KIND, Principal
from isao_spec.contract import Role

_BY_KIND = {
    "member": Role.MEMBER,
    "peer": Role.PEER,
    "government": Role.GOVERNMENT,
    "applicant": Role.APPLICANT,
}
_BY_STAFF = {"operator": Role.OPERATOR, "analyst": Role.ANALYST}


EVERY_ORGANIZATION: Audience = frozenset({"members", "peers", "government", "applicants"})
"""Every account of the exchange, those who wait to be let in included."""


def parties(organization: str, named: Iterable[str]) -> Audience:
    """The contributor's organization and those that were named; the exchange's staff read everything anyway."""
    return frozenset({f"organization:{organization}"}) | recipients(one for one in named if one != organization)


def recipients(organizations: Iterable[str]) -> Audience:
    """Organizations that something is sent to by name. They are `recipient`s and not `organization`s, because an
    organization that is not let in, or has not accepted the terms, keeps its own records and is sent nothing."""
    return frozenset(f"recipient:{one}" for one in organizations)


def covers(wider: Audience, readers: Audience, kinds: Mapping[str, str]) -> bool:
    """Whether whoever is in `readers` is in `wider` too; `kinds` are organizations' ids to their kinds. What concerns
    single accounts counts as covered only by the same account."""
    return "public" in wider or all(atom in wider or _covered(atom, wider, kinds) for atom in readers)


def _covered(atom: str, wider: Audience, kinds: Mapping[str, str]) -> bool:
    relation, _, organization = atom.partition(":")
    if relation not in ("organization", "recipient"):
        return False
    # The exchange's staff read everything, so nothing that is published adds to what they know.
    kind = kinds.get(organization, "")
    return kind == "exchange" or CLASS_OF_KIND.get(kind) in wider or f"organization:{organization}" in wider


def marked(
    label: str, contributor: Contributor, distribution: Distribution, addressed: Mapping[str, str] | None
) -> Audience:
    """The readers a label gives, and of these only the addressed organizations when there are any (id to kind).

    An address never widens: an organization that the label leaves out is left out.
    """
    readers = audience.audience_of(label, contributor, distribution)
    if addressed is None:
        return readers
    allowed = {one for one, kind in addressed.items() if _in(one, kind, readers)}
    return parties(contributor.organization, allowed)


def _in(organization: str, kind: str, readers: Audience) -> bool:
    return "public" in readers or CLASS_OF_KIND.get(kind) in readers or f"organization:{organization}" in readers


def within(readers: Audience, granted: Iterable[str], kinds: Mapping[str, str]) -> Audience:
    """Those readers who are also granted something by reader class; `kinds` are organizations' ids to their kinds.
    Accounts are known by name only and left to their organization's atom."""
    classes = frozenset(granted)
    if "public" in readers:
        return classes - {"public"} | (EVERY_ORGANIZATION if "public" in classes else frozenset())
    if "public" in classes:
        return frozenset(atom for atom in readers if not atom.startswith("account:"))
    own = {atom for atom in readers if CLASS_OF_KIND.get(kinds.get(atom.removeprefix("organization:"), "")) in classes}
    return frozenset(readers & classes) | own


def roles(principal: Principal, organization: str | None = None, readable: bool = False) -> frozenset[Role]:
    """What a principal is to a record of `organization`, readable or not; without a record, what it is at all. Roles
    are for taking steps, so a credential for reading only gives none."""
    found: set[Role] = set()
    if principal.anonymous or principal.read_only:
        return frozenset()
    if decide.is_staff(principal):
        found.add(_BY_STAFF[str(principal.role)])
    elif principal.kind in _BY_KIND:
        found.add(_BY_KIND[principal.kind])
    if organization is not None and principal.organization == organization:
        found.add(Role.CONTRIBUTOR)
    elif readable and not decide.is_staff(principal):
        found.add(Role.RECIPIENT)
    return frozenset(found)
