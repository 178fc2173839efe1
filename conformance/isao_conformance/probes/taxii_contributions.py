"""What becomes of posted objects (TAXII 2.1, 5.5). Rows: spec requirements/taxii_contributions.yaml.

Whether an object is stored is told by the lists of its collection, at once after the status is complete; a server
may hold content back, so most rows here can only warn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.filtering import ENDPOINTS
from isao_conformance.fixtures import LABEL, VERSIONS, Stix, some_objects
from isao_conformance.forms import Single, ask, entries_of, moments
from isao_conformance.lab import Lab
from isao_conformance.listings import instant, pages, served, shifted
from isao_conformance.probe import probe
from isao_conformance.session import TAXII

NOT_ENVELOPES = {
    "a broken JSON text": b'{"objects": [{"type": "indicator", nope',
    "a JSON array": b"[]",
    "a number": b"5",
    "an envelope whose objects is a number": b'{"objects": 5}',
}


def _posted(lab: Lab, objects: Iterable[Stix]) -> Answer:
    """The answer to a POST of these objects, and in place of a 202 that is pending its completed status."""
    listed = list(objects)
    lab.created(lab.workspace, [stix["id"] for stix in listed if "id" in stix])
    answer = lab.reader.add(lab.workspace, listed)
    return lab.completed(lab.reader, answer) if answer.status == 202 else answer


def _failed(final: Answer, stix_id: str = "") -> bool:
    """True when a status counts a failure, or lists one for that id where one is given."""
    listed = [entry.get("id") for entry in final.list_of("failures") if isinstance(entry, dict)]
    return stix_id in listed if stix_id and listed else bool(listed or final.resource.get("failure_count"))


def _listed(lab: Lab, ids: Iterable[str]) -> set[str]:
    """Those of the ids that objects or manifest list, in any version."""
    wanted = list(ids)
    lists = [
        pages(fetch, lab.workspace, match_id=",".join(wanted), match_version="all")
        for fetch in (lab.reader.objects, lab.reader.manifest)
    ]
    return {stix_id for listed in lists for stix_id in listed.ids if stix_id in wanted}


def _control(lab: Lab) -> Stix:
    """A new object that was accepted and is listed. Untestable when it is not."""
    stix = lab.share(LABEL)
    lab.control(stix["id"] in _listed(lab, [stix["id"]]), "an object that was accepted is not listed")
    return stix


def _date_added(lab: Lab, stix_id: str, modified: str) -> str:
    """date_added of one version as the manifest tells it; "" when it is not listed once."""
    records = entries_of(pages(lab.reader.manifest, lab.workspace, match_id=stix_id, match_version="all"), stix_id)
    told = [str(r.get("date_added")) for r in records if instant(r.get("version")) == instant(modified)]
    return told[0] if len(told) == 1 else ""


@probe("TAXII-5.5-2", statement="5d9ab165", needs=["writable"])
def an_exact_duplicate_is_no_error(lab: Lab) -> None:
    """5.5: MUST not return an error for that object. It is stored and listed once before it is sent again, so whatever
    changes is the duplicate's doing. An earlier version sent again is a duplicate too, where versions are kept."""
    stix = _control(lab)
    _judge_duplicate(lab, "alone", stix, [stix])
    _judge_duplicate(lab, "beside a new object", stix, [lab.indicator(LABEL), stix])
    try:
        lab.publish([{**stix, "modified": VERSIONS[1], "name": f"{stix['name']}, later"}])
    except Untestable:
        return  # a server may refuse a later version
    if _held(lab, stix):
        _judge_duplicate(lab, "of an earlier version", stix, [stix])


def _judge_duplicate(lab: Lab, name: str, stix: Stix, sent: list[Stix]) -> None:
    """Judge a POST that repeats a version the collection holds."""
    final = _posted(lab, sent)
    lab.expect(
        final.status in (200, 202) and not _failed(final, stix["id"]),
        f"a duplicate {name} is no failure",
        expected="202, and no failure in the completed status",
        got=final,
    )
    for endpoint in ENDPOINTS:
        listed = [
            v
            for v in moments(
                ask(lab, endpoint, Single(lab.workspace, stix, own=True), match_version="all"), stix["id"], endpoint
            )
            if v == instant(stix["modified"])
        ]
        lab.expect(
            len(listed) < 2,
            f"{endpoint}: after a duplicate {name} the version is not listed twice",
            expected="one entry",
            got=f"{len(listed)} entries",
        )


@probe("TAXII-5.5-3", statement="75927da4", needs=["writable"])
def an_added_object_can_be_read_once_its_status_is_complete(lab: Lab) -> None:
    """5.5: complete means that the request is dealt with. Asked at once on all three endpoints, of a collection that
    says can_read true; the completed status has no failure."""
    resource = lab.reader.collection(lab.workspace)
    lab.control(resource.resource.get("can_read") is True, "the writable collection does not say can_read true")
    earlier = some_objects(lab)
    asks: dict[str, Callable[[str, str], Answer]] = {
        "objects": lambda where, stix_id: lab.reader.objects(where, match_id=stix_id),
        "manifest": lambda where, stix_id: lab.reader.manifest(where, match_id=stix_id),
        "object": lambda where, stix_id: lab.reader.object(where, stix_id),
    }
    # An endpoint that does not find what was added before is not there, or finds nothing by its id: TAXII-5.6-1.
    able = {
        endpoint: fetch
        for endpoint, fetch in asks.items()
        if served(fetch(earlier.collection, earlier.ids[0]), earlier.ids[0])
    }
    lab.control(bool(able), "no endpoint finds an object that was added before")
    sent = [lab.indicator(LABEL), lab.indicator(LABEL)]
    lab.publish(sent)
    for stix in sent:
        answers = {endpoint: fetch(lab.workspace, stix["id"]) for endpoint, fetch in able.items()}
        for endpoint, answer in answers.items():
            lab.expect(stix["id"] in answer.ids, f"{endpoint}: it is there at once", expected=stix["id"], got=answer)


@probe("TAXII-5.5-4", statement="0bdc774e", needs=["writable"])
def another_modified_time_is_a_further_version(lab: Lab) -> None:
    """5.5 with STIX 3.6: a version is added, not replaced. The first one sent could be read before the second came, in
    either order of their times, so one that is gone afterwards was overwritten."""
    for name, order in (("in order", VERSIONS[:2]), ("the later one first", VERSIONS[1::-1])):
        base = lab.indicator(LABEL)
        sent = [{**base, "modified": when, "name": f"{base['name']}, {when[:7]}"} for when in order]
        lab.publish(sent[:1])
        lab.control(_held(lab, sent[0]), "the first version cannot be read")
        lab.publish(sent[1:])
        lacking = [stix["modified"] for stix in sent if not _held(lab, stix)]
        lab.expect(
            not lacking,
            f"both versions are there when sent {name}",
            expected=f"{order[0]} and {order[1]}",
            got=f"lacking {lacking}" if lacking else "both",
        )


def _held(lab: Lab, stix: Stix) -> bool:
    """True when that version answers to match[version]."""
    listed = lab.reader.objects(lab.workspace, match_id=stix["id"], match_version=stix["modified"])
    return any(instant(entry.get("modified")) == instant(stix["modified"]) for entry in listed.objects)


@probe("TAXII-5.5-6", statement="dcdfba9a", needs=["writable"])
def a_body_that_is_no_envelope_is_refused(lab: Lab) -> None:
    """5.5: 400 for what is not understood, 422 for what cannot be processed. A lawful envelope is accepted by the same
    collection, so it is the body that is refused."""
    lab.share(LABEL)
    for name, body in NOT_ENVELOPES.items():
        answer = lab.reader.add_raw(lab.workspace, body)
        lab.expect(answer.status in (400, 422), f"{name} is refused", expected="400 or 422", got=answer)


@probe("TAXII-5.5-7", statement="2a024560", needs=["writable"], exclusive=True)
def an_object_that_cannot_be_processed_is_not_stored(lab: Lab) -> None:
    """5.5: refused as a request or as an entry of the status. Each carries a text of its own and is looked for among
    what was added after the control object, since one without id cannot be asked for. Runs alone, after the others:
    a server that stores such an object may break on it from then on."""
    control = _control(lab)
    since = _date_added(lab, control["id"], control["modified"])
    lab.control(instant(since) is not None, "the manifest gives no date_added for the control object")
    broken: dict[str, Stix] = {
        "without type": _without(lab.indicator(LABEL), "type"),
        "without id": _without(lab.indicator(LABEL), "id"),
        "with spec_version 9.9": {**lab.indicator(LABEL), "spec_version": "9.9"},
    }
    for name, stix in broken.items():
        final = _posted(lab, [stix])
        taken = 200 <= final.status < 300 and not _failed(final) and final.resource.get("success_count", 0) != 0
        lab.expect(
            not taken and final.status < 500,
            f"an object {name} is no success",
            expected="a 4xx, or a status that counts a failure",
            got=final,
        )
    added = pages(lab.reader.objects, lab.workspace, added_after=shifted(since, 0), match_version="all")
    texts = {str(entry.get("name")) for entry in added.entries}
    stored = [name for name, stix in broken.items() if stix["name"] in texts]
    lab.expect(not stored, "none of them is stored", expected="no object with its text", got=stored or "none")


def _without(stix: Stix, name: str) -> Stix:
    return {key: value for key, value in stix.items() if key != name}


@probe("TAXII-5.5-8", statement="f2c9e6a2", needs=["writable"])
def the_status_tells_which_objects_were_stored(lab: Lab) -> None:
    """4.3.1 with 5.5: counts and lists are about single objects. One of three is in no version of STIX; what the
    status calls a success is compared with what the collection lists."""
    together = [lab.indicator(LABEL), lab.indicator(LABEL)]
    lab.publish(together)
    ids = [stix["id"] for stix in together]
    lab.control(_listed(lab, ids) == set(ids), "two good objects that were accepted together are not both listed")
    good = [lab.indicator(LABEL), lab.indicator(LABEL)]
    bad = {**lab.indicator(LABEL), "spec_version": "9.9"}
    sent = [good[0], bad, good[1]]
    final = _posted(lab, sent)
    stored = _listed(lab, [stix["id"] for stix in sent])
    if not 200 <= final.status < 300:
        lab.expect(
            400 <= final.status < 500 and not stored,
            "an envelope that is refused leaves nothing behind",
            expected="a 4xx, and none of the objects is listed",
            got=f"{len(stored)} of 3 are listed after {final.brief()}",
            seen=[final],
        )
        return
    count = final.resource.get("success_count")
    lab.expect(
        count is None or count == len(stored),
        "success_count is the number of objects that are listed",
        expected=f"{len(stored)}",
        got=str(count),
        seen=[final],
    )
    ids = [stix["id"] for stix in sent]  # entries under other ids are TAXII-4.3.1-9
    told = [(key, i) for key, i in _told(final) if i in ids]
    untrue = [f"{i} among {key}" for key, i in told if (i in stored) != (key == "successes")]
    lab.expect(
        not untrue,
        "successes are listed and failures are not",
        expected="entries as the collection shows it",
        got=untrue[:2] or "as it shows it",
        seen=[final],
    )


def _told(final: Answer) -> list[tuple[str, Any]]:
    """List and id of each entry of successes and failures."""
    return [
        (key, entry.get("id"))
        for key in ("successes", "failures")
        for entry in final.list_of(key)
        if isinstance(entry, dict)
    ]


@probe("TAXII-5.5-11", statement="a20e9aea", needs=["writable"])
def a_post_refused_for_its_accept_header_changes_nothing(lab: Lab) -> None:
    """5.5: 406 for an invalid Accept. An object like it is stored with the right header, so one that is listed after a
    refusal was stored in spite of it."""
    _control(lab)
    for accept in ("text/html", "application/json"):
        stix = lab.indicator(LABEL)
        lab.created(lab.workspace, [stix["id"]])
        answer = lab.reader.add_raw(lab.workspace, _envelope(stix), accept=accept)
        refused = not 200 <= answer.status < 300
        stored = refused and bool(_listed(lab, [stix["id"]]))
        lab.expect(
            not stored,
            f"after a refusal of Accept {accept} the object is not there",
            expected="no entry of the object",
            got=f"it is listed after {answer.brief()}" if stored else answer,
            seen=[answer],
        )


def _envelope(stix: Stix) -> bytes:
    return json.dumps({"objects": [stix]}, ensure_ascii=False).encode()


@probe("TAXII-5.5-12", statement="de9380af", needs=["writable"])
def the_status_id_of_a_post_can_be_asked_for(lab: Lab) -> None:
    """5.5 with 4.3: the id can be used at Get Status. Asked at once, for a new object and for the same again, of which
    a server has nothing left to do."""
    stix = lab.indicator(LABEL)
    lab.created(lab.workspace, [stix["id"]])
    for name in ("a new object", "the same object again"):
        answer = lab.reader.add(lab.workspace, [stix])
        status_id = answer.resource.get("id")
        if answer.status != 202 or not isinstance(status_id, str):
            lab.control(name != "a new object", f"the POST was not answered 202 with an id: {answer.brief()}")
            return
        status = lab.reader.status(lab.survey.api_root, status_id)
        lab.expect(status.status == 200, f"the status of {name} is answered 200", expected="200", got=status)


@probe("TAXII-5.5-5", statement="10151a5a", needs=["writable"])
def another_content_type_is_accepted_or_refused_with_415(lab: Lab) -> None:
    """3.1 with 5.5: MAY be satisfied or result in 415. The same kind of envelope is accepted under its right label, so
    another code is for the label and says something else."""
    lab.share(LABEL)
    for label in ("text/xml", "image/png"):
        stix = lab.indicator(LABEL)
        lab.created(lab.workspace, [stix["id"]])
        answer = lab.reader.add_raw(lab.workspace, _envelope(stix), content_type=label)
        lab.expect(answer.status in (202, 415), f"Content-Type {label} is 415 or 202", expected="415, 202", got=answer)


@probe("TAXII-5.5-13", statement="22f3be87", needs=["writable"])
def an_envelope_without_objects_is_accepted_or_refused(lab: Lab) -> None:
    """3.7 with 5.5: objects is optional, and nobody says what to add then. A receipt for nothing and a refusal are both
    answers; a breakdown is none. A lawful envelope is accepted by the same collection."""
    lab.share(LABEL)
    for name, body in (("an empty envelope", b"{}"), ("an empty list of objects", b'{"objects": []}')):
        answer = lab.reader.add_raw(lab.workspace, body, content_type=TAXII)
        receipt = answer.status == 202 and answer.resource.get("total_count") == 0
        lab.expect(
            receipt or 400 <= answer.status < 500,
            f"{name} is accepted with total_count 0, or refused",
            expected="202 with total_count 0, or a 4xx",
            got=answer,
        )
