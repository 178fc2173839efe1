"""Who may read a record of a function, and as what a principal stands to it. Pure, like all policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isao_reference.policy import audience, decide
from isao_reference.policy.audience import Audience, Contributor, Distribution
from isao_reference.policy.handling import Handling
from isao_reference.policy.principal import CLASS_OF_KIND, Principal
from isao_spec.contract import Role

_BY_KIND = {
    "member": Role.MEMBER,
    "peer": Role.PEER,
    "government": Role.GOVERNMENT,
    "applicant": Role.APPLICANT,
}
_BY_STAFF = {"operator": Role.OPERATOR, "analyst": Role.ANALYST}


_NOBODY: Mapping[str, str] = {}
EVERY_ORGANIZATION: Audience = frozenset({"members", "peers", "government", "applicants"})
"""Every account of the exchange, those who wait to be let in included."""


def parties(
    organization: str, named: Iterable[str], account: str | None = None, persons: Mapping[str, str] = _NOBODY
) -> Audience:
    """The contributor's organization, or of it its account alone, and those that were named; of an organization in
    `persons` that account alone. The exchange's staff read everything anyway."""
    own = f"organization:{organization}" if account is None else f"account:{account}"
    others = [one for one in named if one != organization]
    alone = frozenset(f"reader:{persons[one]}" for one in others if one in persons)
    return frozenset({own}) | alone | recipients(one for one in others if one not in persons)


def recipients(organizations: Iterable[str]) -> Audience:
    """Organizations that something is sent to by name. They are `recipient`s and not `organization`s, because an
    organization that is not let in, or has not accepted the terms, keeps its own records and is sent nothing."""
    return frozenset(f"recipient:{one}" for one in organizations)


def covers(wider: Audience, readers: Audience, kinds: Mapping[str, str]) -> bool:
    """Whether whoever is in `readers` is in `wider` too; `kinds` are organizations' ids to their kinds. What concerns
    single accounts or groups counts as covered only by the same one, and limits only by the same limits."""
    if not _limits(wider) <= _limits(readers):
        return False
    return "public" in wider or all(
        atom in wider or _covered(atom, wider, kinds) for atom in readers - _limits(readers)
    )


def _limits(readers: Audience) -> Audience:
    return frozenset(atom for atom in readers if atom.startswith("not-"))


def _covered(atom: str, wider: Audience, kinds: Mapping[str, str]) -> bool:
    relation, _, organization = atom.partition(":")
    if relation not in ("organization", "recipient"):
        return False
    # The exchange's staff read everything, so nothing that is published adds to what they know.
    kind = kinds.get(organization, "")
    return kind == "exchange" or CLASS_OF_KIND.get(kind) in wider or f"organization:{organization}" in wider


def marked(
    label: str, contributor: Contributor, distribution: Distribution, addressed: Iterable[str] | None
) -> Audience:
    """The readers of something that its author labels, and addresses to organizations where there are any."""
    named = None if addressed is None else frozenset(f"organization:{one}" for one in addressed)
    return audience.audience_of(label, contributor, distribution, Handling(named))


def within(
    readers: Audience, granted: Iterable[str], kinds: Mapping[str, str], groups: Mapping[str, Iterable[str]]
) -> Audience:
    """Those readers who are also granted something by reader class; `kinds` are organizations' ids to their kinds,
    `groups` those of groups to their members, of whom each stands for itself afterwards. Accounts are known by name
    only and left to their organization's atom."""
    classes, limits = frozenset(granted), _limits(readers)
    if "public" in readers:
        return classes - {"public"} | (EVERY_ORGANIZATION if "public" in classes else frozenset())
    members = {
        one for atom in readers if atom.startswith("group:") for one in groups.get(atom.removeprefix("group:"), ())
    }
    named = readers - limits | recipients(members)
    if "public" in classes:
        found = {atom for atom in named if atom.partition(":")[0] not in ("account", "group", "reader")}
    else:
        found = {
            atom
            for atom in named
            if atom in classes or CLASS_OF_KIND.get(kinds.get(_organization(atom), "")) in classes
        }
    return frozenset(found | limits) if found else frozenset()


def _organization(atom: str) -> str:
    relation, _, name = atom.partition(":")
    return name if relation in ("organization", "recipient") else ""


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
