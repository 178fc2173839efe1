"""Whose words these are: the identities that organizations speak in, names that pass for another's, and which of the
stored versions are current. Pure, like all policy.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

MOST_AHEAD = 24 * 3600 * 1_000_000
"""How far the version of an object may be ahead of the exchange's clock, in microseconds: time zones that somebody
forgot, and no more. A version of the year 9999 would be the latest one for ever."""

_IDENTITIES = uuid.UUID("8f2fd0b6-2a51-4b43-9b51-3a7c9ec1c0d7")

# Letters that most typefaces draw alike: capitals before case is folded, the others after it. I, l and 1 are one
# letter, and so are O and 0.
_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХЅІЈԚԜ", "ABEZHIKMNOPTYXABEKMHOPCTYXSIJQW")
_SMALL = str.maketrans("αβγεηικνορτυχϲϳаеорсухѕіјԛԝһԁӏвкмнтıɑɡ10i", "abyenlkvoptuxcjaeopcyxsljqwhdlbkmhtlaglol")
_PAIRS = (("rn", "m"), ("vv", "w"))


def identity_of(organization: str) -> str:
    """The id of the identity that the exchange makes for an organization, so that each has one."""
    return f"identity--{uuid.uuid5(_IDENTITIES, organization)}"


@lru_cache(maxsize=16)
def made_identities(organizations: tuple[str, ...]) -> Mapping[str, str]:
    """The identities that the exchange makes, each with its organization."""
    return {identity_of(one): one for one in organizations}


@lru_cache(maxsize=10_000)
def skeleton(name: str) -> str:
    """What a reader sees of a name at a glance: two names with one skeleton pass for each other.

    Compatibility forms, case, accents, spaces, punctuation and characters that are not drawn make no difference, nor
    do letters of the tables above: Greek and Cyrillic ones in Latin words. It is no complete table of confusable
    characters (Unicode TS 39); what is missing there is for people to see.
    """
    drawn = unicodedata.normalize("NFKC", name).translate(_CAPITALS).casefold()
    letters = unicodedata.normalize("NFKD", drawn).translate(_SMALL)
    plain = "".join(one for one in letters if one.isalnum())
    for two, one in _PAIRS:
        plain = plain.replace(two, one)
    return plain


class Version(Protocol):
    """What counts of a stored version. `contributor` is the identity of the row: `organization:ID`, or `account:NAME`
    where only that account may know of it."""

    @property
    def collection_key(self) -> int: ...
    @property
    def organization(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def contributor(self) -> str: ...
    @property
    def version_key(self) -> str: ...


V = TypeVar("V", bound=Version)


def current(versions: Sequence[V]) -> list[V]:
    """Those of an object's versions that no newer one of the same line follows; a line is one organization's versions
    in one collection, but for those that only another account of it may know of."""
    return [one for one in versions if not any(_follows(other, one) for other in versions)]


def _follows(newer: Version, older: Version) -> bool:
    return (
        newer.collection_key == older.collection_key
        and newer.organization == older.organization
        and newer.version_key > older.version_key
        and (newer.account == older.account or newer.contributor.startswith("organization:"))
    )


def claim_fault(claims: Iterable[str], organization: str, owners: Mapping[str, str]) -> str | None:
    """Why an organization may not say this; None when it may. `claims` are the identities in whose names an object
    speaks, `owners` those of organizations of this exchange.

    Decided by the claim alone, never by what is stored. An identity that is nobody's here may be named: passing on
    what others published is what sharing is.
    """
    for claim in claims:
        if owners.get(claim, organization) != organization:
            return f"{claim} is the identity of another organization of this exchange; only that speaks in its name"
    return None


def speaks_for_itself(claims: Iterable[str], organization: str, owners: Mapping[str, str]) -> bool:
    """Whether an object is said in the name of an identity of the organization that sends it. The first claim that is
    somebody's decides: an identity is its organization's, whoever made the object that describes it."""
    return next((owners[claim] == organization for claim in claims if claim in owners), False)
