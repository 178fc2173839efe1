"""Taking the contributor out of what is published for it, and noticing where that cannot be done by a rule."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence

from isao_reference import errors
from isao_reference.functions import publishing
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from isao_reference.policy import tlp
from isao_reference.store import items, parties

COMMON_SOURCES = ("capec", "cve", "mitre-attack")
"""Catalogues that everybody refers to. A reference to anything else can lead to whoever wrote it."""

CUSTOM = "extension-definition--"
"""What the ids of extensions begin with that STIX does not define."""

_ID = re.compile(r"[a-z][a-z0-9-]*--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def without_author(moment: Moment, given: Sequence[Stix]) -> list[Stix]:
    """The same content as new objects of the exchange: other ids, other times, another author. References among them
    are kept; those to the author's own reports are not, and neither are labels, custom properties and what custom
    extensions hold. The identities that made them are left out; 422 when nothing else is there.

    Observables get other ids too, although STIX 2.1 (section 2.9) advises to make those from their content: two
    contributors of one observable would meet in one id, under two labels, and the later would learn of the earlier."""
    authors = {one.get("created_by_ref") for one in given}
    kept = [one for one in given if not (one["type"] == "identity" and one["id"] in authors)]
    if not kept:
        raise errors.invalid_document([("/content", "holds nothing but who made it")])
    now = publishing.stamp(moment.now)
    text = json.dumps(kept, ensure_ascii=False)
    for one in kept:
        if not tlp.is_tlp_definition(one["id"]):
            text = text.replace(str(one["id"]), f"{one['type']}--{uuid.uuid4()}")
    made: list[Stix] = json.loads(text)
    who = publishing.identity_of(moment.exchange().organization)
    return [one if tlp.is_tlp_definition(one["id"]) else _anonymous(one, now, who) for one in made]


def _anonymous(one: Stix, now: str, who: str) -> Stix:
    times = {one.get("created"), one.get("modified")} - {None}
    if "created" in one:
        one |= {"created": now, "created_by_ref": who}
        one |= {"modified": now} if "modified" in one else {}
    # Often it is the very moment at which its author's system made the object.
    if one.get("valid_from") in times and str(one.get("valid_until", "9")) > now:
        one["valid_from"] = now
    if one.get("published") in times:
        one["published"] = now
    for name in [name for name in one if name == "labels" or name.startswith("x_")]:
        del one[name]
    if one["type"] != "marking-definition" and "extensions" in one:
        one["extensions"] = {name: _empty_if_custom(name, value) for name, value in one["extensions"].items()}
    references = [
        {name: reference[name] for name in ("source_name", "external_id")}
        for reference in one.pop("external_references", ())
        if reference["source_name"] in COMMON_SOURCES and "external_id" in reference
    ]
    return {**one, "external_references": references} if references else one


def _empty_if_custom(name: str, extension: Stix) -> Stix:
    """A custom extension that says no more than what kind it is: a type that it defines needs that."""
    if not name.startswith(CUSTOM):
        return extension
    return {"extension_type": extension["extension_type"]} if "extension_type" in extension else {}


def gives_away(moment: Moment, objects: Sequence[Stix], said: object = None) -> bool:
    """Whether objects that are to be published without their contributor, or what is said of their handling, still name
    its organization or account, or refer to something that it shared before."""
    organization = moment.record.organization
    names = {organization, parties.organization_name(moment.db, organization) or "", moment.record.account} - {""}
    text = json.dumps([*objects, said], ensure_ascii=False)
    if any(re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text, re.IGNORECASE) for name in names):
        return True
    own = {one["id"] for one in objects}
    return any(items.newest_of(moment.db, one, organization) for one in set(_ID.findall(text)) - own)
