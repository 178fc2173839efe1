"""Label, handling and contributor to the set of those who may read: the audience (docs/handling.md).

An audience is a frozenset of atoms. Whoever answers to one of them may read: the classes public, members, peers,
government; whose it is (`organization:ID`, `account:NAME`); and who it is addressed to (`recipient:ORGANIZATION`,
`group:ID`, `reader:ACCOUNT`). Limits keep even those out: `not-to:government`, `not-for:PURPOSE`. Equal audiences
share one small number in the store, so the number of audiences stays small whatever the number of items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from isao_reference.policy import handling, tlp
from isao_reference.policy.handling import Handling
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


ADDRESSABLE = (tlp.CLEAR, tlp.GREEN, tlp.AMBER, tlp.AMBER_STRICT)
"""Labels of what goes to a whole organization that is named; RED is for persons."""
RELEASABLE = (tlp.CLEAR, tlp.GREEN, tlp.AMBER)
"""Labels of what a contributor can release to the government."""
_NAMED = {"organization": "recipient", "group": "group"}


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


def own_atoms(relations: Sequence[str], contributor: Contributor) -> Audience:
    """Whose an item is: the account's, and its organization's unless the label stays with the account."""
    own = {f"account:{contributor.account}"}
    if OWN_ORGANIZATION in relations or "members" in relations:
        own.add(f"organization:{contributor.organization}")
    return frozenset(own)


def given_to(label: str, relations: Sequence[str], said: Handling) -> Audience:
    """To whom an item goes besides those whose it is: by the label where nobody is named, else those named as far as
    the label lets it; what is released to the government goes there, too."""
    classes = frozenset(relations) & frozenset(handling.CLASSES)
    released = frozenset({"government"}) if label in RELEASABLE else frozenset()
    if said.addressed is None:
        return classes | (released if said.government else frozenset())
    given = {one for one in said.addressed if one in classes or ("public" in classes and one in handling.CLASSES)}
    given |= said.addressed & released
    for one in said.addressed - given:
        kind, _, name = one.partition(":")
        if kind == "account" and label in tlp.TLP_LABELS:
            given.add(f"reader:{name}")
        elif label in ADDRESSABLE and kind in _NAMED:
            given.add(f"{_NAMED[kind]}:{name}")
    return frozenset(given)


def limited(given: Audience, said: Handling) -> Audience:
    """The same with the limits that the contributor set. Nobody asks the public who it is and what for: what is kept
    from anybody goes to the classes of accounts in its place."""
    kept = said.government is False
    limits = {f"not-for:{one}" for one in said.refused} | ({"not-to:government"} if kept else set())
    if limits and "public" in given:
        given = (given - {"public"}) | {"members", "peers", *([] if kept else ["government"])}
    return frozenset(given | limits)


def simplify(atoms: Audience, contributor: Contributor) -> Audience:
    """The same readers with fewer atoms: what a wider atom covers is left out. Limits leave nothing to cover."""
    if any(one.startswith("not-") for one in atoms):
        return atoms
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


def audience_of(
    label: str,
    contributor: Contributor,
    distribution: Distribution,
    said: Handling = handling.NONE,
    *,
    embargoed: bool = False,
) -> Audience:
    """The audience of an item with `label` put in by `contributor` who `said` this; while it is `embargoed` it is for
    nobody but those whose it is. What is withheld refuses every purpose: nobody knows which ones it does."""
    if label == tlp.WITHHELD:
        said = replace(said, refused=frozenset(handling.REFUSABLE))
    relations = relations_for(label, distribution)
    own = own_atoms(relations, contributor)
    given = frozenset() if embargoed else given_to(label, relations, said)
    return simplify(own | limited(given, said), contributor)


def identity_of(label: str, contributor: Contributor, distribution: Distribution) -> str:
    """Whose version an item is: the organization's, or the account's where its label keeps it to the account.
    Two items are versions of the same row only within one such identity; otherwise posting would tell what one may not
    see."""
    alone = audience_of(label, contributor, distribution) == {f"account:{contributor.account}"}
    if alone or label == tlp.WITHHELD:
        return f"account:{contributor.account}"
    return f"organization:{contributor.organization}"


def own_identities(contributor: Contributor) -> tuple[str, str]:
    """The two identities under which an account may have stored something."""
    return f"organization:{contributor.organization}", f"account:{contributor.account}"
