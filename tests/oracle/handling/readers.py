"""Who reads an item: the sections "Readers" and "Who reads an item", rule by rule.

Limits of the labels are those of TLP 2.0: RED is for individual recipients; AMBER stays in the recipient's organization
and its clients, AMBER+STRICT in the organization; GREEN in the community, not publicly; CLEAR has no limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.oracle.handling.terms import REFUSABLE, Exchange, Item, Terms

#: The class of each kind of organization; the exchange's own is "of no class but `public`".
CLASS_OF = {"member": "members", "peer": "peers", "government": "government"}
#: "for CLEAR, GREEN and AMBER".
RELEASABLE = ("clear", "green", "amber")
#: "up to AMBER+STRICT".
FOR_ORGANIZATIONS = ("clear", "green", "amber", "amber+strict")


@dataclass(frozen=True)
class Reader:
    """Who asks, and what for. The anonymous public has no account; its other properties say nothing."""

    account: str | None
    organization: str = ""
    kind: str = ""
    role: str = ""
    applicant: bool = False
    groups: frozenset[str] = frozenset()
    purpose: str = "cybersecurity"


ANONYMOUS = Reader(None)


def classes_of(reader: Reader) -> frozenset[str]:
    """Everybody, "with or without an account, is of the class `public`"; members, peers and government of one more.

    "An applicant is of no class but `public`. The exchange's own organization is of no class but `public`".
    """
    kind = kind_of(reader)
    return frozenset({"public", CLASS_OF[kind]}) if kind in CLASS_OF else frozenset({"public"})


def kind_of(reader: Reader) -> str | None:
    """The kind of the organization: "an `applicant` instead, whatever its kind was"; None for the anonymous."""
    if reader.account is None:
        return None
    return "applicant" if reader.applicant else reader.kind


def is_staff(reader: Reader) -> bool:
    """Whether it is one of the "accounts of the exchange's own organization with the role operator or analyst"."""
    return kind_of(reader) == "exchange" and reader.role in ("operator", "analyst")


def may_read(reader: Reader, item: Item, terms: Terms, exchange: Exchange, moment: datetime) -> bool:
    """Whether a reader is given an item at a moment (aware); everybody else "is answered as if it was not there"."""
    if rule_1_it_is_theirs(reader, item, terms, exchange):
        return True
    if rule_2_the_purpose_is_refused(reader, terms):
        return False
    if rule_3_staff(reader):
        return True
    if rule_4_it_is_under_embargo(terms, moment) or rule_5_it_is_withheld(terms):
        return False
    if terms.government == "no" and kind_of(reader) == "government":  # rule 7, "whoever else is addressed"
        return False
    given = rule_6_classes(terms, exchange)
    given = rule_7_classes(given, terms)
    given = rule_8_classes(given, terms)
    return bool(given & classes_of(reader)) or rule_6_is_named(reader, terms)


def rule_1_it_is_theirs(reader: Reader, item: Item, terms: Terms, exchange: Exchange) -> bool:
    """1, whose it is.

    "The contributing account always reads its own items. The other accounts of its organization read them too where the
    exchange's map names `contributing-organization` or `members` for the label; RED and withheld items stay with the
    account. Nothing below takes that away."
    """
    if reader.account is None:
        return False
    if reader.account == item.account:
        return True
    if reader.organization != item.organization or terms.label in ("red", "withheld"):
        return False
    words = exchange.distribution[terms.label]
    return "contributing-organization" in words or "members" in words


def rule_2_the_purpose_is_refused(reader: Reader, terms: Terms) -> bool:
    """2, purpose: "An item is not given to a request for a purpose that it refuses, not even to staff"; "A withheld
    item counts as one that refuses every purpose that can be refused"."""
    return reader.purpose in (REFUSABLE if terms.label == "withheld" else terms.refused)


def rule_3_staff(reader: Reader) -> bool:
    """3: "Staff of the exchange read everything else"."""
    return is_staff(reader)


def rule_4_it_is_under_embargo(terms: Terms, moment: datetime) -> bool:
    """4: "Until its embargo has ended an item is for nobody else". "Not before" lets it end at the very moment."""
    return terms.embargo is not None and moment < terms.embargo


def rule_5_it_is_withheld(terms: Terms) -> bool:
    """5: "Withheld items are for nobody else"."""
    return terms.label == "withheld"


def rule_6_classes(terms: Terms, exchange: Exchange) -> frozenset[str]:
    """6, the classes.

    Without an address "those whom the exchange's published distribution map names for its label". With one "a class,
    where the map names that class or `public` for the label. `public` needs CLEAR"; "`government` also where the map
    does not name it, for CLEAR, GREEN and AMBER".
    """
    words = exchange.distribution[terms.label]
    mapped = words & {"public", "members", "peers", "government"}
    if terms.address is None:
        return mapped
    given = set()
    for word in terms.address & {"public", "members", "peers", "government"}:
        if word == "public":
            allowed = "public" in words and terms.label == "clear"
        elif word == "government":
            allowed = bool(words & {"government", "public"}) or terms.label in RELEASABLE
        else:
            allowed = word in words or "public" in words
        if allowed:
            given.add(word)
    return frozenset(given)


def rule_6_is_named(reader: Reader, terms: Terms) -> bool:
    """6, the others.

    "an organization or a group, up to AMBER+STRICT. A group is whoever is in it when it is read"; "an account at every
    label"; "Applicants are left out, however they are named".
    """
    if terms.address is None or reader.account is None or reader.applicant:
        return False
    if f"account:{reader.account}" in terms.address:
        return True
    if terms.label not in FOR_ORGANIZATIONS:
        return False
    if f"organization:{reader.organization}" in terms.address:
        return True
    return any(f"group:{group}" in terms.address for group in reader.groups)


def rule_7_classes(given: frozenset[str], terms: Terms) -> frozenset[str]:
    """7, the government.

    "An item without an address, of which its contributor said `government: yes`, goes to the government besides, for
    CLEAR, GREEN and AMBER." With `no`, not the government, "and neither is the public, because the government is among
    it; members and peers are given it where it was to go to the public".
    """
    if terms.government == "yes" and terms.address is None and terms.label in RELEASABLE:
        return given | {"government"}
    if terms.government == "no":
        return (given | {"members", "peers"} if "public" in given else given) - {"public", "government"}
    return given


def rule_8_classes(given: frozenset[str], terms: Terms) -> frozenset[str]:
    """8, purposes and the public.

    "An item that refuses any purpose does not go to the public"; "Members, peers and the government are given it where
    it was to go to the public, except where 7 leaves the government out": there 7 has taken the public out before.
    """
    if terms.refused and "public" in given:
        return (given | {"members", "peers", "government"}) - {"public"}
    return given
