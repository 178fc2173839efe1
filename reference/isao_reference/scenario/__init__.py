"""The demonstration scenario: fictional organizations that share facts the public already knows.

Everything is in the files beside this one; here they are read. Dates that would go stale
(policy reviews, the expiry of security.txt) are computed from the day of the start.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from isao_reference.store.credentials import DEFAULT_PURPOSES

DISCOVERY_PATH = "taxii2/"
FUNCTIONS_PATH = "functions/"
SECURITY_TXT_LIFE = timedelta(days=300)  # RFC 9116, 2.5.5 recommends less than a year
AUDIT_KEPT = "P3Y"
POLICY_AGE = timedelta(days=60)
POLICY_REVIEW = timedelta(days=300)


@dataclass(frozen=True)
class Organization:
    """A fictional participant. `identity` is the id of its STIX identity object, if it has one."""

    id: str
    name: str
    kind: str
    standing: str = "good"
    identity: str | None = None


@dataclass(frozen=True)
class Group:
    """A sharing group that items can be addressed to."""

    id: str
    title: str
    organizations: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """An actor of the demonstration; `auth` is how its client logs in: basic or bearer."""

    name: str
    organization: str
    role: str
    auth: str


@dataclass(frozen=True)
class Credential:
    """A further API key of an account, lent as the actor `actor`, for `purposes`; `state` is usable, expired or
    revoked."""

    actor: str
    account: str
    scope: str = "read-write"
    state: str = "usable"
    purposes: Sequence[str] = DEFAULT_PURPOSES


@dataclass(frozen=True)
class ApiRoot:
    """An API root beside the first one; `max_content_length` is octets."""

    name: str
    title: str
    description: str
    max_content_length: int


@dataclass(frozen=True)
class Collection:
    """A TAXII collection with the classes of readers and writers that it is granted to."""

    id: str
    alias: str
    title: str
    description: str
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    api_root: str = "exchange"


@dataclass(frozen=True)
class Contribution:
    """Objects that one account puts into one collection.

    `default_tlp` is the label that the account `reviewed_by` asserts for those that carry none.
    """

    collection: str
    account: str
    objects: tuple[Mapping[str, Any], ...]
    reviewed_by: str | None = None
    default_tlp: str | None = None


@dataclass(frozen=True)
class Policy:
    """A policy document: the file's name, what the capability document calls it, and its text."""

    file: str
    name: str
    version: str
    owner: str
    text: bytes

    @property
    def sha256(self) -> str:
        """Digest of the text, 64 hexadecimal digits."""
        return hashlib.sha256(self.text).hexdigest()


@dataclass(frozen=True)
class Scenario:
    """Everything that a demonstration exchange is set up with."""

    organizations: tuple[Organization, ...]
    groups: tuple[Group, ...]
    accounts: tuple[Account, ...]
    credentials: tuple[Credential, ...]
    api_roots: tuple[ApiRoot, ...]
    collections: tuple[Collection, ...]
    contributions: tuple[Contribution, ...]
    policies: tuple[Policy, ...]

    def collection(self, alias: str) -> Collection:
        """The collection of that alias; KeyError when there is none."""
        for candidate in self.collections:
            if candidate.alias == alias:
                return candidate
        raise KeyError(alias)


@cache
def load() -> Scenario:
    """Read the scenario. The files are part of the package, so a fault in them is a programming error."""
    exchange = tomllib.loads(_text("exchange.toml"))
    collections = tuple(
        Collection(**{**row, "readers": tuple(row["readers"]), "writers": tuple(row["writers"])})
        for row in exchange["collections"]
    )
    contributions = [found for collection in collections for found in _contributions(collection.alias)]
    return Scenario(
        organizations=tuple(Organization(**row) for row in exchange["organizations"]),
        groups=tuple(Group(**{**row, "organizations": tuple(row["organizations"])}) for row in exchange["groups"]),
        accounts=tuple(Account(**row) for row in exchange["accounts"]),
        credentials=tuple(Credential(**row) for row in exchange["credentials"]),
        api_roots=tuple(ApiRoot(**row) for row in exchange["api_roots"]),
        collections=collections,
        contributions=tuple(sorted(contributions, key=_defines_no_marking)),
        policies=tuple(
            Policy(text=_text(f"policies/{row['file']}").encode(), **row)
            for row in json.loads(_text("capability.json"))["policies"]
        ),
    )


def capability_document(
    base_url: str, policy_urls: Mapping[str, str], today: date, audit_key: Mapping[str, str]
) -> dict[str, Any]:
    """The capability document of the demonstration exchange at `base_url` (with its final slash).

    `audit_key` is the public key (JWK) of the heads of its audit log, `policy_urls` maps the file name of each policy
    to where the exchange serves it. Policies count as approved sixty days before `today` and are up for review in 300
    days.
    """
    document: dict[str, Any] = json.loads(_text("capability.json"))
    document["services"] = {
        "taxii": {"discovery": base_url + DISCOVERY_PATH},
        "functions": {"root": base_url + FUNCTIONS_PATH},
        "audit": {"root": base_url + FUNCTIONS_PATH + "audit/", "kept": AUDIT_KEPT},
    }
    document["keys"] = {"keys": [dict(audit_key)]}
    document["policies"] = [
        {
            "name": policy.name,
            "url": policy_urls[policy.file],
            "sha256": policy.sha256,
            "version": policy.version,
            "owner": policy.owner,
            "approved": (today - POLICY_AGE).isoformat(),
            "review_by": (today + POLICY_REVIEW).isoformat(),
        }
        for policy in load().policies
    ]
    for protection in document["protections"]:
        protection["as_of"] = today.isoformat()
    document["last_reviewed"] = today.isoformat()
    return document


def security_txt(base_url: str, disclosure_policy_url: str, now: datetime) -> str:
    """The security.txt (RFC 9116) of the demonstration exchange; it expires 300 days after `now` (UTC)."""
    contact = next(
        row["email"] for row in json.loads(_text("capability.json"))["contacts"] if row["role"] == "security"
    )
    expires = (now + SECURITY_TXT_LIFE).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        "# Northern Lakes ISAO is fictional; this is a demonstration exchange.",
        f"Contact: mailto:{contact}",
        f"Expires: {expires}",
        "Preferred-Languages: en",
        f"Canonical: {base_url}.well-known/security.txt",
        f"Policy: {disclosure_policy_url}",
    ]
    return "\n".join(lines) + "\n"


def _contributions(alias: str) -> list[Contribution]:
    file = files(__package__).joinpath(f"objects/{alias}.json")
    if not file.is_file():
        return []
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [
        Contribution(
            collection=alias,
            account=row["account"],
            objects=tuple(row["objects"]),
            reviewed_by=row.get("reviewed_by"),
            default_tlp=row.get("default_tlp"),
        )
        for row in rows
    ]


def _defines_no_marking(contribution: Contribution) -> bool:
    """Sorts marking definitions first: a marking is understood once its definition is there."""
    return all(item["type"] != "marking-definition" for item in contribution.objects)


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
