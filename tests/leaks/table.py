"""Who may be shown what, written down by hand from docs/handling.md: nothing here asks the exchange or its policy."""

from __future__ import annotations

from collections.abc import Mapping

READERS: Mapping[str, str] = {
    "contributor": "member-a",
    "colleague": "member-a2",
    "named": "named",
    "member": "member-b",
    "peer": "peer",
    "government": "government",
    "police": "police",
    "applicant": "applicant",
    "ex-member": "ex-member",
    "stranger": "stranger",
}
"""Relation to the contributor, and the account that has it. `named` is of a member organization that handlings name,
`police` of a member organization with a credential for law enforcement, `peer` is in the group that handlings name."""

_OWN = "contributor colleague"
_MEMBERS = f"{_OWN} named member police"
_ACCOUNTS = f"{_MEMBERS} peer government"
KINDS: Mapping[str, tuple[str, str]] = {
    # kind: (who is shown it where accounts read, who besides where everybody reads)
    "clear": (_ACCOUNTS, "applicant stranger"),
    "green": (f"{_MEMBERS} peer", ""),
    "amber": (_MEMBERS, ""),
    "amber+strict": (_OWN, ""),
    "red": ("contributor", ""),
    "unlabelled": (_MEMBERS, ""),
    "to an organization": (f"{_OWN} named", ""),
    "to a person": ("contributor named", ""),
    "to a group": (f"{_OWN} peer", ""),
    "to peers": (f"{_OWN} peer", ""),
    "to the government": (f"{_OWN} government", ""),
    "also to the government": (f"{_MEMBERS} government", ""),
    "not to the government": (f"{_MEMBERS} peer", ""),
    "under embargo": (_OWN, ""),
    "not for the police": (f"{_OWN} named member peer government", ""),
    "not understood": ("contributor", ""),
    "red in one property": ("contributor", ""),
}

HANDLINGS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    # kind: (its label, what its contributor says besides)
    "to an organization": ("amber+strict", {"addressed_to": ["organization:east"]}),
    "to a person": ("red", {"addressed_to": ["account:named"]}),
    "to a group": ("amber", {"addressed_to": ["group:energy"]}),
    "to peers": ("green", {"addressed_to": ["peers"]}),
    "to the government": ("green", {"addressed_to": ["government"]}),
    "also to the government": ("amber", {"government": "yes"}),
    "not to the government": ("clear", {"government": "no"}),
    "under embargo": ("green", {"embargo_until": "2039-01-01T00:00:00Z"}),
    "not for the police": ("clear", {"refused_purposes": ["law-enforcement"]}),
    "not understood": ("clear", {"something_new": "nobody knows"}),
}


def shown(kind: str, public: bool) -> frozenset[str]:
    """The relations that are shown an item of a kind in a collection that accounts read, or everybody."""
    accounts, everybody = KINDS[kind]
    return frozenset(f"{accounts} {everybody if public else ''}".split())
