"""Probes of governance: what an ISAO says about itself in its capability document holds, as far as a stranger can see.

Everything here is asked without credentials, but for the TAXII service that the document names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from isao_conformance import schemas
from isao_conformance.errors import Untestable
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.survey import CAPABILITY_PATH
from isao_conformance.target import OUTSIDER

FRESH_DAYS = 366
"""A year, leap years included: the age at which a self-description counts as stale."""


@probe("ISAO-GOV-001", statement="1f2077c6")
def a_valid_capability_document_stands_at_its_well_known_path(lab: Lab) -> None:
    """Before anything is judged, an ISAO says in one fixed place (RFC 8615) who it is and what it offers.

    GET without credentials; a JSON media type, the schema, and a review within a year. An invented path beside it
    does not give the same document, so a server that answers everything alike does not pass.
    """
    url = urljoin(lab.target.base_url, CAPABILITY_PATH)
    answer = lab.outsider.get(url, accept="application/json")
    lab.expect(answer.status == 200, f"{CAPABILITY_PATH} is served without credentials", expected="200", got=answer)
    if answer.status != 200:
        return
    beside = urljoin(lab.target.base_url, f"/.well-known/isao-{lab.token(8)}.json")
    other = lab.outsider.get(beside, accept="application/json")
    lab.control(other.status != 200 or other.body != answer.body, "an invented path does not give the same document")
    kind = answer.media_type[0]
    lab.expect(kind == "application/json" or kind.endswith("+json"), "its media type is JSON", got=answer)
    found = schemas.faults("capability-document", answer.data)
    lab.expect(not found, "it is valid", expected="no finding of the schema", got="; ".join(found[:5]) or "valid")
    reviewed = _date(answer.resource.get("last_reviewed"))
    lab.expect(
        _is_recent(lab, reviewed),
        "it was reviewed within a year",
        expected=f"last_reviewed is at most {FRESH_DAYS} days ago and not in the future",
        got=f"last_reviewed is {answer.resource.get('last_reviewed')!r}",
    )


@probe("ISAO-GOV-003", statement="9da58f70", needs=["capability-document"])
def contacts_say_who_answers_when_and_in_which_languages(lab: Lab) -> None:
    """Peers and reporters need one predictable place that says whom to reach (the fields of RFC 2350, section 2).

    Decided from the capability document: a contact for operations and one for security, and each contact with an
    address, hours and languages. The gate showed that the document is no answer to everything.
    """
    contacts = [c for c in lab.survey.capability_document.get("contacts", []) if isinstance(c, Mapping)]
    roles = {str(c.get("role")) for c in contacts}
    for role in ("operations", "security"):
        lab.expect(role in roles, f"there is a contact for {role}", got=f"contacts for: {', '.join(sorted(roles))}")
    for part in ("email", "hours", "languages"):
        without = [str(c.get("role")) for c in contacts if not c.get(part)]
        lab.expect(
            bool(contacts) and not without,
            f"each contact has {part}",
            got=f"missing for: {', '.join(without) or 'nobody'}",
        )


@probe("ISAO-GOV-009", statement="27f8a35c", needs=["capability-document"])
def each_policy_is_served_as_stated_and_not_overdue(lab: Lab) -> None:
    """A policy counts when everybody can read the very text that was approved, and somebody keeps it up to date.

    Each listed policy is fetched without credentials; SHA-256 of its octets equals the stated one, and review_by is
    not past. The same URL with an invented last segment does not give that text.
    """
    policies = [p for p in lab.survey.capability_document.get("policies", []) if isinstance(p, Mapping)]
    lab.expect(bool(policies), "policies are listed", got=f"{len(policies)} policies")
    today = lab.now().date()
    elsewhere = []
    for policy in policies:
        name = str(policy.get("name"))
        due = _date(policy.get("review_by"))
        lab.expect(
            due is not None and due >= today,
            f"the policy {name} is not past its review date",
            got=f"review_by is {policy.get('review_by')!r}",
        )
        try:
            _served_as_stated(lab, name, policy)
        except Untestable as fault:
            elsewhere.append(f"{name}: {fault.why}")
    if elsewhere:
        lab.no_verdict("; ".join(elsewhere))


def _served_as_stated(lab: Lab, name: str, policy: Mapping[str, Any]) -> None:
    url = urljoin(lab.target.base_url, str(policy.get("url")))
    answer = lab.outsider.get(url, accept="*/*")
    parts = urlsplit(url)
    invented = parts.path.rstrip("/").rpartition("/")[0] + f"/{lab.token(12)}"
    other = lab.outsider.get(urlunsplit((parts.scheme, parts.netloc, invented, "", "")), accept="*/*")
    lab.control(other.status != 200 or other.body != answer.body, f"an invented URL does not give the text of {name}")
    digest = hashlib.sha256(answer.body).hexdigest()
    lab.expect(
        answer.status == 200 and digest == str(policy.get("sha256")).lower(),
        f"the policy {name} is served with its stated digest",
        expected=f"200 and SHA-256 {policy.get('sha256')}",
        got=f"{answer.status} and SHA-256 {digest}",
    )


@probe("ISAO-GOV-016", statement="f8201dd0", needs=["capability-document"])
def the_taxii_service_it_names_answers_an_entitled_account(lab: Lab) -> None:
    """A service that the document offers has to be there (TAXII 2.1, section 4.1: discovery has a title).

    GET of the discovery URL that the document names, with a lent account; a path invented beside it does not answer
    with a discovery resource.
    """
    service = lab.survey.capability_document.get("services", {}).get("taxii", {})
    url = service.get("discovery") if isinstance(service, Mapping) else None
    lab.expect(isinstance(url, str), "it names a TAXII discovery URL", got=f"services.taxii.discovery is {url!r}")
    if not isinstance(url, str):
        return
    absolute = urljoin(lab.target.base_url, url)
    answer = lab.reader.get(absolute)
    if answer.status in (401, 403) and lab.survey.primary == OUTSIDER:
        lab.no_verdict("no account is lent that could be entitled", blocked_by="actor member-a")
    beside = lab.reader.get(absolute.rstrip("/") + f"-{lab.token(8)}/")
    echoes = beside.status == 200 and isinstance(beside.resource.get("title"), str)
    lab.control(not echoes, "an invented path does not answer with a discovery resource")
    lab.expect(
        answer.status == 200 and answer.is_taxii and isinstance(answer.resource.get("title"), str),
        "discovery answers",
        expected="200 application/taxii+json with a title",
        got=answer,
    )


@probe("ISAO-GOV-017", statement="8fd6d935", needs=["capability-document"])
def each_protection_names_its_legal_basis_and_whether_it_is_in_force(lab: Lab) -> None:
    """Protections of shared information come from law that lapses and returns; members rely on what is said of them.

    Decided from the capability document: legal basis, in_force as true or false, a date of that statement within a
    year, and a day of lapse that has not passed where it is said to be in force. Whether the law says so is for
    lawyers.
    """
    protections = [p for p in lab.survey.capability_document.get("protections", []) if isinstance(p, Mapping)]
    lab.expect(bool(protections), "protections are listed", got=f"{len(protections)} protections")
    for protection in protections:
        name = str(protection.get("name"))
        basis = protection.get("legal_basis")
        lab.expect(isinstance(basis, str) and bool(basis.strip()), f"{name} names its legal basis", got=repr(basis))
        in_force = protection.get("in_force")
        lab.expect(isinstance(in_force, bool), f"{name} says whether it is in force", got=repr(in_force))
        lab.expect(
            _is_recent(lab, _date(protection.get("as_of"))),
            f"{name} was checked within a year",
            expected=f"as_of is at most {FRESH_DAYS} days ago and not in the future",
            got=f"as_of is {protection.get('as_of')!r}",
        )
        lapses = _date(protection.get("lapses"))
        # A day of grace, as for as_of: the publisher's day may end after the run's.
        over = lapses is not None and (lab.now().date() - lapses).days > 0
        lab.expect(
            not (over and in_force is True),
            f"{name} is not said to be in force after it lapsed",
            expected="in_force is false from the day on which it lapses",
            got=f"lapses is {lapses}, in_force is {in_force!r}",
        )


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _is_recent(lab: Lab, day: date | None) -> bool:
    # One day of grace into the future: the publisher's day may have begun before the run's.
    return day is not None and -1 <= (lab.now().date() - day).days <= FRESH_DAYS
