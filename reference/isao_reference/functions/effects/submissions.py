"""Submissions: what is handed in becomes STIX, is compared with what is known, and is published, held or taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from isao_reference import errors
from isao_reference.content import admission
from isao_reference.functions import (
    anonymity,
    beside,
    handled,
    knowledge,
    ledger,
    publishing,
    sight,
    submission_reviews,
    tables,
)
from isao_reference.functions.knowledge import Known
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix
from isao_reference.policy import decide
from isao_reference.policy import records as policy
from isao_reference.policy.audience import Contributor
from isao_reference.store import collections, events, items, records, selection
from isao_reference.taxii.integrity import Guard
from isao_reference.wire import json_reader, stix_object
from isao_reference.wire.json_reader import JsonFault
from isao_reference.wire.stix_object import ObjectFault

HELD = "Words are read by a person before they are published."
NAMES_ITSELF = "It is to be anonymous and seems to name who handed it in; a person looks at it first."


def correlate(moment: Moment) -> None:
    """What is known already: of what its whole organization may read it is told; of the rest only the staff is. So the
    same indicator from two members is recognised, and neither learns of the other. 422 for what cannot be read, and for
    what speaks in another member's name."""
    found = _same(moment, moment.content)
    _in_its_own_name(moment, moment.content)
    may_know = _knowing(moment)
    told = [one for one in found if may_know(one)]
    moment.facts["known"] = [{"id": one.id, "name": str(one.stix.get("name", ""))} for one in _each_once(told)]
    moment.facts["staff"] = {"known": [one.id for one in _each_once(found)]}


def publish_or_hold(moment: Moment) -> None:
    """Structured content is published at once, without personal information that is found in it with certainty; words
    wait for a person, and so does what is doubtful or seems to give away an anonymous contributor."""
    found = submission_reviews.look(moment.content)
    if found:
        moment.facts["findings"] = submission_reviews.told(moment.content, found)
    if moment.content["format"] == "text":
        moment.then = ("hold", {"reason": HELD})
    elif not submission_reviews.can_be_settled(moment.content, found):
        moment.then = ("hold", {"reason": submission_reviews.in_words(moment.content, found)})
    elif not _is_attributed(moment.content) and anonymity.gives_away(
        moment, _objects(moment, moment.content, moment.exchange()), moment.content.get("handling")
    ):
        moment.then = ("hold", {"reason": NAMES_ITSELF})
    elif found:
        moment.then = ("minimise", submission_reviews.minimised(moment.content, found))
    else:
        moment.then = ("publish", None)


def publish_submission(moment: Moment) -> None:
    """Publishes what was handed in."""
    _publish(moment, moment.record.document)


def publish_minimised(moment: Moment) -> None:
    """Publishes the minimised content: what it changed in the name of the exchange, under other ids. Nothing else of
    what was handed in is published beside it, the title neither."""
    document = moment.record.document
    content: Any = str((moment.document or {})["content"])
    changed = {"title": content.strip().splitlines()[0][:80]}
    if document["format"] == "stix":
        try:
            content = json_reader.read(content.encode())
        except JsonFault as fault:
            raise errors.invalid_document([("/content", str(fault))]) from None
        if not isinstance(content, list) or not content or not all(isinstance(one, dict) for one in content):
            raise errors.invalid_document([("/content", "is no list of STIX objects")])
    minimised = {**document, **changed, "content": content}
    faults = _faults(minimised)
    if faults:
        raise errors.invalid_document([("/content", f"{pointer}: {fault}") for pointer, fault in faults])
    _in_its_own_name(moment, minimised)
    _publish(moment, minimised, of=document)


def recall_submission(moment: Moment) -> None:
    """What was published is revoked, and every organization that was given some of it is told what: not more than it
    was given, and nothing of the submission."""
    owner = _author(moment, moment.record.document).organization
    staff = dict(moment.facts.get("staff", {}))
    shared = _published_by_others(moment)
    told: dict[str, list[str]] = {}
    for stix_id in moment.record.facts.get("published", ()):
        if stix_id in shared:
            continue
        publishing.revoke(moment, stix_id, owner)
        for one in events.recipients_of(moment.db, ledger.item(stix_id, owner)):
            told.setdefault(one, []).append(stix_id)
    for one in staff.get("beside", ()):
        publishing.revoke(moment, one, moment.exchange().organization)
    for one in sorted(told.keys() - {moment.exchange().organization, moment.record.organization}):
        moment.tell.append((one, {"resource": "objects", "recalled": told[one]}))


def _published_by_others(moment: Moment) -> set[str]:
    """What other submissions published too in the same name: objects whose id is made from their content."""
    own, author = moment.record.id, _author(moment, moment.record.document).organization
    return {
        stix_id
        for one in records.in_states(moment.db, moment.contract.resource, ("published", "minimised"))
        if one.id != own and one.organization == author and _is_attributed(one.document)
        for stix_id in one.facts.get("published", ())
    }


def _author(moment: Moment, document: Mapping[str, Any]) -> Contributor:
    """In whose name it is published."""
    return moment.contributor() if _is_attributed(document) else moment.exchange()


def _is_attributed(document: Mapping[str, Any]) -> bool:
    """Whether everybody who is given it learns who handed it in. For some, a note beside it says so."""
    return bool(document["attribution"] == "attributed")


def _publish(moment: Moment, document: Mapping[str, Any], of: Mapping[str, Any] | None = None) -> None:
    """Publishes what a document holds; `of` is the document that it was minimised from."""
    author, label = _author(moment, document), str(document["marking"])
    objects = _objects(moment, document, author)
    given = document["format"] == "stix" and _is_attributed(document)
    mark = handled.definition(moment, document)
    # Under the label alone the name would go further than what stands under it.
    also = [] if given or mark else [author.organization]
    copies: list[Stix] = []
    if of is not None and _is_attributed(document):
        objects, copies = submission_reviews.as_copies(moment, _objects(moment, of, author), objects, by_id=given)
    objects, copies, definitions = handled.under(mark, objects), handled.under(mark, copies), [mark] if mark else []
    also = also if objects else []
    published = publishing.publish(moment, [*definitions, *objects], author, label, also, copies)
    moment.facts["published"] = published[len(definitions) :]
    also_made = [*beside.tell_members(moment, document), *beside.link(moment, [*objects, *copies], author)]
    if also_made:
        moment.facts["staff"] = {**moment.facts.get("staff", {}), "beside": also_made}


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
        given = [publishing.labelled(one, label) for one in document["content"]]
        return given if _is_attributed(document) else anonymity.without_author(moment, given)
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
            object_refs=_named(moment, document, author) or [publishing.identity_of(who)],
        )
    ]


def _named(moment: Moment, document: Mapping[str, Any], author: Contributor) -> list[str]:
    """The known objects that words name, as far as whoever gets the words gets them too."""
    seen = sight.look(moment.db)
    place, said = publishing.publication(moment), handled.said(document)
    readers = seen.published(str(document["marking"]), author, place, said)
    found = [one for one in _same(moment, document) if seen.covered(readers, [seen.of(one.audience, one.collection)])]
    return [one.id for one in _each_once(found)]


def _faults(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the content, each with the place: broken lines, STIX that breaks its rules, labels that are
    wider than the submission's."""
    if document["format"] == "csv":
        try:
            tables.read(str(document["content"]))
        except tables.TableFault as fault:
            return [("/content", str(fault))]
    if document["format"] != "stix":
        return []
    faults = []
    for place, one in enumerate(document["content"]):
        broken = admission.object_fault(one)
        if broken is not None:
            faults.append((f"/content/{place}", broken))
        elif publishing.is_wider(one, str(document["marking"])):
            faults.append((f"/content/{place}", "its own label lets it go further than that of the submission"))
    return faults


def _in_its_own_name(moment: Moment, document: Mapping[str, Any]) -> None:
    """422 for objects in another member's name, or whose name passes for that of one. What is published without its
    contributor is published in the exchange's name, so it has to be asked before."""
    if document["format"] != "stix":
        return
    guard = Guard(moment.db, publishing.publication(moment), moment.contributor(), moment.now)
    faults = []
    for place, one in enumerate(document["content"]):
        try:
            guard.speaks_for_nobody_else(stix_object.facts_of(one))
        except ObjectFault as fault:
            faults.append((f"/content/{place}", str(fault)))
    if faults:
        raise errors.invalid_document(faults)


def _lines(document: Mapping[str, Any]) -> list[tables.Line]:
    return tables.read(str(document["content"]))


def _same(moment: Moment, document: Mapping[str, Any]) -> list[Known]:
    faults = _faults(document)
    if faults:
        raise errors.invalid_document(faults)
    words, patterns = document["content"], []
    if document["format"] == "csv":
        patterns = [line.pattern for line in _lines(document)]
    elif document["format"] == "stix":
        words = json.dumps(document["content"], ensure_ascii=False)
        patterns = [str(one["pattern"]) for one in document["content"] if "pattern" in one]
    named = knowledge.named_in(moment.db, f"{document['title']} {words}")
    return [*knowledge.same_patterns(moment.db, patterns), *named]


def _knowing(moment: Moment) -> Callable[[Known], bool]:
    """What the one who takes the step may know of, and the rest of its organization too: the record is shown to all of
    it, whatever for."""
    who, seen = moment.principal, sight.look(moment.db)
    own = f"organization:{moment.record.organization}"
    everybody = policy.recipients([moment.record.organization])
    grants = {c.key for c in collections.all_collections(moment.db) if decide.can_read(who, c.readers)}
    audiences = decide.readable_audiences(who, items.audiences(moment.db))

    def may_know(one: Known) -> bool:
        if one.collection not in grants or (audiences is not None and one.audience not in audiences):
            return False
        if own not in seen.audiences[one.audience] and not seen.may_be_told(one.audience, one.collection, everybody):
            return False
        source = selection.source_of(moment.db, one.collection, one.id, audiences, str(who.account))
        return source is not None and source.organization == one.organization

    return may_know


def _each_once(found: Sequence[Known]) -> list[Known]:
    return list({one.id: one for one in found}.values())
