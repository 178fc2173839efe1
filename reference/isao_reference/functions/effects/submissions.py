"""Submissions: what is handed in becomes STIX, is compared with what is known, and is published, held or taken back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from isao_reference import errors
from isao_reference.content import admission
from isao_reference.functions import knowledge, publishing, tables
from isao_reference.functions.knowledge import Known
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from isao_reference.policy import decide, tlp
from isao_reference.policy.audience import Contributor
from isao_reference.store import collections, events, items
from isao_reference.wire import json_reader
from isao_reference.wire.json_reader import JsonFault

HELD = "Words are read by a person before they are published."


def correlate(moment: Moment) -> None:
    """What is known already: of what the contributor may read it is told; of the rest only the staff is. So the same
    indicator from two members is recognised, and neither learns of the other."""
    found = _same(moment, moment.content)
    told = [one for one in found if _may_know(moment, one)]
    moment.facts["known"] = [{"id": one.id, "name": str(one.stix.get("name", ""))} for one in _each_once(told)]
    moment.facts["staff"] = {"known": [one.id for one in _each_once(found)]}


def publish_or_hold(moment: Moment) -> None:
    """Structured content that is valid is published at once; words wait for a person. 422 for what is not valid."""
    _ = _patterns(moment.content)
    if moment.content["format"] == "text":
        moment.then = ("hold", {"reason": HELD})
    else:
        moment.then = ("publish", None)


def publish_submission(moment: Moment) -> None:
    """Publishes what was handed in."""
    _publish(moment, moment.record.document)


def publish_minimised(moment: Moment) -> None:
    """Publishes the minimised content as an object of its own; what was handed in is not published."""
    document = moment.record.document
    content: Any = (moment.document or {})["content"]
    if document["format"] == "stix":
        try:
            content = json_reader.read(str(content).encode())
        except JsonFault as fault:
            raise errors.invalid_document([("/content", str(fault))]) from None
    _publish(moment, {**document, "content": content})


def recall_submission(moment: Moment) -> None:
    """What was published is revoked, and every organization that was given some of it is told."""
    exchange = moment.exchange().organization
    told: set[str] = set()
    for stix_id in moment.record.facts.get("published", ()):
        for owner in (moment.record.organization, exchange):
            publishing.revoke(moment, stix_id, owner)
        told |= events.recipients_of(moment.db, stix_id).keys()
    body = {"recalled": list(moment.record.facts.get("published", ()))}
    moment.tell += [(one, body) for one in sorted(told - {exchange, moment.record.organization})]


def _publish(moment: Moment, document: Mapping[str, Any]) -> None:
    anonymous = document["attribution"] == "anonymous"
    exchange, own = moment.exchange(), moment.contributor()
    author = exchange if anonymous else own
    objects = _objects(moment, document, author)
    also = [exchange.organization] if anonymous or document["format"] == "stix" else [own.organization]
    moment.facts["published"] = publishing.publish(moment, objects, author, also)
    _link(moment, objects, author)


def _objects(moment: Moment, document: Mapping[str, Any], author: Contributor) -> list[Stix]:
    label, who = str(document["marking"]), author.organization
    if document["format"] == "csv":
        return [
            publishing.new_object(
                moment,
                "indicator",
                label,
                who,
                name=f"{line.kind} {line.value}",
                **({"description": line.description} if line.description else {}),
                pattern=line.pattern,
                pattern_type="stix",
                valid_from=publishing.stamp(moment.now),
            )
            for line in _lines(document)
        ]
    if document["format"] == "stix":
        given = [dict(one) for one in document["content"]]
        return _anonymous(moment, given, who) if document["attribution"] == "anonymous" else given
    known = [one["id"] for one in moment.record.facts.get("known", ())]
    return [
        publishing.new_object(
            moment,
            "report",
            label,
            who,
            name=str(document["title"]),
            description=str(document["content"]),
            report_types=["threat-report"],
            published=publishing.stamp(moment.now),
            object_refs=known or [publishing.identity_of(who)],
        )
    ]


def _anonymous(moment: Moment, given: Sequence[Stix], who: str) -> list[Stix]:
    """The same content as new objects of the exchange: other ids, other times, another author, references kept."""
    renamed = {str(one["id"]): f"{one['type']}--{uuid.uuid4()}" for one in given if "created" in one}
    now = publishing.stamp(moment.now)
    text = json.dumps(given, ensure_ascii=False)
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    made: list[Stix] = json.loads(text)
    for one in made:
        if "created" in one:
            one |= {"created": now, "created_by_ref": publishing.identity_of(who)}
            one |= {"modified": now} if "modified" in one else {}
        for reference in one.get("external_references", ()):
            reference.pop("external_id", None)
    return made


def _link(moment: Moment, objects: Sequence[Stix], author: Contributor) -> None:
    """A relationship of the exchange between an indicator and the same one from another contributor, under the stricter
    of both labels, so that whoever may read both sees the link and nobody else does."""
    exchange = moment.exchange()
    links = []
    for stix in objects:
        for one in knowledge.same_patterns(moment.db, [stix["pattern"]]) if "pattern" in stix else []:
            if one.id != stix["id"] and one.organization != author.organization and one.label in tlp.TLP_LABELS:
                label = tlp.most_restrictive([one.label, _label(moment, stix)])
                if label not in (tlp.AMBER_STRICT, tlp.RED):
                    links.append((stix["id"], one.id, label))
    made = [
        publishing.new_object(
            moment,
            "relationship",
            label,
            exchange.organization,
            relationship_type="related-to",
            source_ref=source,
            target_ref=target,
            description="The same indicator from two contributors.",
        )
        for source, target, label in links[:100]
    ]
    if made:
        publishing.publish(moment, made, exchange, [exchange.organization])


def _label(moment: Moment, stix: Stix) -> str:
    rows = items.newest_of(moment.db, stix["id"], None)
    return rows[0].label if rows else tlp.RED


def _patterns(document: Mapping[str, Any]) -> list[str]:
    """The indicator patterns in what was handed in. 422 for a table that cannot be read and for invalid STIX."""
    if document["format"] == "csv":
        return [line.pattern for line in _lines(document)]
    if document["format"] == "stix":
        faults = [
            (f"/content/{place}", fault)
            for place, one in enumerate(document["content"])
            if (fault := admission.object_fault(one)) is not None
        ]
        if faults:
            raise errors.invalid_document(faults)
        return [str(one["pattern"]) for one in document["content"] if "pattern" in one]
    return []


def _lines(document: Mapping[str, Any]) -> list[tables.Line]:
    try:
        return tables.read(str(document["content"]))
    except tables.TableFault as fault:
        raise errors.invalid_document([("/content", str(fault))]) from None


def _same(moment: Moment, document: Mapping[str, Any]) -> list[Known]:
    words = document["content"] if document["format"] == "text" else json.dumps(document["content"], ensure_ascii=False)
    named = knowledge.named_in(moment.db, f"{document['title']} {words}")
    return [*knowledge.same_patterns(moment.db, _patterns(document)), *named]


def _may_know(moment: Moment, one: Known) -> bool:
    grants = {c.key for c in collections.all_collections(moment.db) if decide.can_read(moment.principal, c.readers)}
    readers = items.audiences(moment.db)[one.audience]
    return one.collection in grants and decide.may_read(moment.principal, readers)


def _each_once(found: Sequence[Known]) -> list[Known]:
    return list({one.id: one for one in found}.values())
