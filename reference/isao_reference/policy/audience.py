"""Label and contributor to the set of those who may read: the audience.

An audience is a frozenset of atoms: the classes public, members, peers, government, and
`organization:ID`, `account:NAME`. Equal audiences share one small number in the store, so
the number of audiences stays small whatever the number of items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isao_reference.policy import tlp
from isao_reference.policy.principal import CLASS_OF_KIND

Audience = frozenset[str]
Distribution = Mapping[str, Sequence[str]]

OWN_ORGANIZATION = "contributing-organization"
OWN_ACCOUNT = "contributing-account"
RELATIONS = ("public", "peers", "government", "members", OWN_ORGANIZATION, OWN_ACCOUNT)

# The published default; an exchange may narrow it in its capability document.
DEFAULT_DISTRIBUTION: Distribution = {
    tlp.CLEAR: ("public", "peers", "government", "members"),
    tlp.GREEN: ("members", "peers"),
    tlp.AMBER: ("members",),
    tlp.AMBER_STRICT: (OWN_ORGANIZATION,),
    tlp.RED: (OWN_ACCOUNT,),
}

# What an item without any TLP marking counts as; kept beside the item, never written into it.
DEFAULT_LABEL = tlp.AMBER

# As far as the text of TLP 2.0 lets an exchange go (FIRST; AMBER+STRICT has two accepted readings).
CEILING: Distribution = {
    tlp.CLEAR: RELATIONS,
    tlp.GREEN: ("members", "peers", OWN_ORGANIZATION, OWN_ACCOUNT),
    tlp.AMBER: ("members", OWN_ORGANIZATION, OWN_ACCOUNT),
    tlp.AMBER_STRICT: ("members", OWN_ORGANIZATION, OWN_ACCOUNT),
    tlp.RED: (OWN_ACCOUNT,),
}


@dataclass(frozen=True)
class Contributor:
    """Who put an item in: account name, its organization and that organization's kind."""

    account: str
    organization: str
    kind: str


def check_distribution(distribution: Distribution) -> None:
    """Raises ValueError for a map with an unknown label or relation, or wider than TLP allows."""
    for label, relations in distribution.items():
        if label not in CEILING:
            raise ValueError(f"distribution: unknown label {label!r}")
        for relation in relations:
            if relation not in RELATIONS:
                raise ValueError(f"distribution: {label}: unknown relation {relation!r}")
            if relation not in CEILING[label]:
                raise ValueError(f"distribution: {label}: {relation} is wider than TLP 2.0 allows")


def relations_for(label: str, distribution: Distribution) -> Sequence[str]:
    """Who may read, relative to the contributor. A label the map does not name, and what is
    withheld, stays with the contributing account."""
    return distribution.get(label, ()) if label in tlp.TLP_LABELS else ()


def atoms_for(relations: Sequence[str], contributor: Contributor) -> Audience:
    """The atoms of the relations. The contributing account always reads its own items, and
    `members` implies the other accounts of the contributing organization."""
    atoms = {relation for relation in relations if relation not in (OWN_ORGANIZATION, OWN_ACCOUNT)}
    atoms.add(f"account:{contributor.account}")
    if OWN_ORGANIZATION in relations or "members" in relations:
        atoms.add(f"organization:{contributor.organization}")
    return frozenset(atoms)


def simplify(atoms: Audience, contributor: Contributor) -> Audience:
    """The same readers with fewer atoms: what a wider atom covers is left out."""
    if "public" in atoms:
        return frozenset({"public"})
    own_class = CLASS_OF_KIND.get(contributor.kind)
    kept = set(atoms)
    if own_class in kept:
        kept.discard(f"organization:{contributor.organization}")
        kept.discard(f"account:{contributor.account}")
    elif f"organization:{contributor.organization}" in kept:
        kept.discard(f"account:{contributor.account}")
    return frozenset(kept)


def audience_of(label: str, contributor: Contributor, distribution: Distribution) -> Audience:
    """The audience of an item with `label` put in by `contributor`."""
    return simplify(atoms_for(relations_for(label, distribution), contributor), contributor)


def identity_of(label: str, contributor: Contributor, distribution: Distribution) -> str:
    """Whose version an item is: the organization's, or the account's where only the account
    may read it. Two items are versions of the same row only within one such identity;
    otherwise posting would tell what one may not see."""
    audience = audience_of(label, contributor, distribution)
    if audience == frozenset({f"account:{contributor.account}"}):
        return f"account:{contributor.account}"
    return f"organization:{contributor.organization}"


def own_identities(contributor: Contributor) -> tuple[str, str]:
    """The two identities under which an account may have stored something."""
    return f"organization:{contributor.organization}", f"account:{contributor.account}"
