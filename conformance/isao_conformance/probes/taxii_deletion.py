"""What DELETE removes and what it leaves, and who may not delete (TAXII 2.1, 5.7). Rows: spec
requirements/taxii_deletion.yaml.

Every object that is deleted here was put there by this run. In a collection where the run has none of its own, only
an object that does not exist is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isao_conformance.exchange import Answer, Exchange
from isao_conformance.fixtures import LABEL, VERSIONS, Stix
from isao_conformance.grants import NOT_OFFERED, Grant, granted, hidden, own_object
from isao_conformance.lab import Lab
from isao_conformance.listings import Instant, instant, pages, served, version_of
from isao_conformance.probe import Finding, Looked, probe, watcher
from isao_conformance.resources import ENVELOPE, kind_of

DELETE = "capability delete"
NO_VERDICT = (403, *NOT_OFFERED)
"""Answers to a DELETE that say that it is not offered, or not to this account: lawful, and nothing to judge by."""


def _shared(lab: Lab) -> Stix:
    """A new own object in one version, seen under its id."""
    stix = lab.share(LABEL)
    before = lab.reader.object(lab.workspace, stix["id"])
    lab.control(served(before, stix["id"]), f"the object is not served before the DELETE: {before.brief()}")
    return stix


def _delete(lab: Lab, stix: Stix, **query: str) -> Answer:
    """A DELETE of an own object that succeeds; without a verdict when it does not."""
    answer = lab.reader.delete(lab.workspace, stix["id"], **query)
    if not 200 <= answer.status < 300:
        lab.no_verdict(f"DELETE is not offered or refused here: {answer.brief()}", DELETE)
    return answer


def deletion_works(lab: Lab) -> None:
    """Untestable unless an own object that is deleted with success is gone: where it is not, TAXII-5.7-2 and 5.7-3 say
    so, and nothing else about deletion can be told. A fixture."""
    stix = _shared(lab)
    answer = _delete(lab, stix)
    lab.control(answer.status == 200, f"DELETE gave {answer.brief()}", "TAXII-5.7-1")
    where, stix_id = lab.workspace, stix["id"]
    left = [
        lab.reader.object(where, stix_id),
        lab.reader.object(where, stix_id, match_version="all"),
        lab.reader.manifest(where, match_id=stix_id, match_version="all"),
        lab.reader.objects(where, match_id=stix_id, match_version="all"),
    ]
    lab.control(not any(served(a, stix_id) for a in left), "a deleted object is still served", "TAXII-5.7-2")


def _three_versions(lab: Lab) -> list[Stix]:
    """A new own object in three versions, each of which is served individually."""
    first = lab.indicator(LABEL)
    posted = [{**first, "modified": when, "name": f"{first['name']}, {when[:7]}"} for when in VERSIONS]
    for stix in posted:
        lab.publish([stix])
    held = [when for when in VERSIONS if _is_served(lab, first["id"], when)]
    if len(held) < len(VERSIONS):
        lab.no_verdict(f"{len(held)} of {len(VERSIONS)} versions are served", "capability old-versions")
    return posted


def _is_served(lab: Lab, stix_id: str, modified: str) -> bool:
    answer = lab.reader.object(lab.workspace, stix_id, match_version=modified)
    return instant(modified) in [instant(version_of(s)) for s in answer.objects if s.get("id") == stix_id]


@probe("TAXII-5.7-4", statement="5dc44b76", needs=["deletable"])
def a_delete_with_a_version_removes_only_that_version(lab: Lab) -> None:
    """5.7 with 3.4: match[version] names what is removed. Three versions, each served on its own before: the one in
    the middle is deleted by its time, then the newest by the keyword; what was not named is still served."""
    lab.fixture(deletion_works)
    posted = _three_versions(lab)
    stix_id = posted[0]["id"]
    for query, gone, kept in (
        (VERSIONS[1], VERSIONS[1], (VERSIONS[0], VERSIONS[2])),
        ("last", VERSIONS[2], (VERSIONS[0],)),
    ):
        name = "a time" if query != "last" else query
        answer = _delete(lab, posted[0], match_version=query)
        lab.control(answer.status == 200, f"DELETE gave {answer.brief()}")
        lab.expect(
            not _is_served(lab, stix_id, gone),
            f"match_version with {name} removes the version it names",
            expected=f"no object with modified {gone}",
            got=f"DELETE ?match[version]={query} was answered 200 and {gone} is still served",
        )
        missing = [when for when in kept if not _is_served(lab, stix_id, when)]
        lab.expect(
            not missing,
            f"match_version with {name} leaves the others",
            expected=f"{', '.join(kept)} served as before",
            got=f"{missing[0]} is gone" if missing else "served as before",
        )


@probe("TAXII-5.7-5", statement="93acd3b9", needs=["deletable"])
def a_delete_without_a_version_leaves_one_consistent_rest(lab: Lab) -> None:
    """5.7 against the default of 3.4: everything or the newest version goes; both readings are accepted. The object,
    the manifest and the versions endpoint, each walked to its end, have to show the same rest."""
    lab.fixture(deletion_works)
    posted = _three_versions(lab)
    answer = _delete(lab, posted[0])
    lab.control(answer.status == 200, f"DELETE gave {answer.brief()}")
    rests = dict(_rests(lab, posted[0]["id"]))
    everything = _instants(VERSIONS)
    told = "; ".join(f"{name} shows {len(rest)}" for name, rest in rests.items())
    lab.expect(
        all(rest in ([], everything[:-1]) for rest in rests.values()),
        "all versions are gone or just the newest",
        expected="no version, or all but the newest",
        got=told,
    )
    lab.expect(
        len({tuple(rest) for rest in rests.values()}) == 1,
        "object manifest and versions agree on what is left",
        expected="the same versions everywhere",
        got=told,
    )


def _rests(lab: Lab, stix_id: str) -> Iterator[tuple[str, list[Instant]]]:
    """The versions that each endpoint still shows, oldest first; endpoints that are not offered are left out."""
    where, reader = lab.workspace, lab.reader
    objects = pages(reader.object, where, stix_id, match_version="all")
    records = pages(reader.manifest, where, match_id=stix_id, match_version="all")
    versions = pages(reader.versions, where, stix_id)
    lab.control(objects.ended and records.ended and versions.ended, "a list did not end")
    if objects.ok or objects.last.status == 404:
        yield "the object", _instants(version_of(s) for s in objects.entries if s.get("id") == stix_id)
    if records.ok:
        yield "the manifest", _instants(r.get("version") for r in records.entries if r.get("id") == stix_id)
    if versions.ok or versions.last.status == 404:
        yield "versions", _instants(v for a in versions.answers for v in a.list_of("versions"))


def _instants(values: Iterable[object]) -> list[Instant]:
    return sorted(moment for value in values if (moment := instant(value)) is not None)


# --- who may not delete ---------------------------------------------------------------------------


def _judge_refusal(lab: Lab, grant: Grant, answer: Answer, code: int, name: str, sure: bool) -> None:
    """Hold a refused DELETE against the table of 5.7. Ends without a verdict when DELETE is not offered at all.

    `sure` is True when the object is known to be there: only then another refusal is more than a warning, since for
    an object that is missing 404 has a sentence of its own.
    """
    if answer.status in NOT_OFFERED:
        lab.no_verdict(f"DELETE is not offered: {answer.brief()}", DELETE)
    lab.expect(
        answer.status == code,
        f"{name} for {grant.account}",
        expected=str(code),
        got=answer,
        soft=not (sure or answer.status < 400),
    )


@probe("TAXII-5.7-6", statement="892fda04", needs=["deletable"])
def deleting_where_nothing_is_granted_is_answered_404(lab: Lab) -> None:
    """5.7, table: can_read and can_write false MUST give 404. Where no resource says so to an account, a collection
    that it is not shown at all stands in: there another refusal can only warn."""
    told = granted(lab, can_read=False, can_write=False)
    judged = 0
    for grant in told or hidden(lab):
        session = lab.as_(grant.account)
        if not told and session.collection(grant.url).status < 400:
            continue
        answer = session.delete(grant.url, own_object(lab, grant.url))
        judged += 1
        _judge_refusal(lab, grant, answer, 404, "DELETE without any grant is answered 404", bool(told))
    if not judged:
        lab.no_verdict("no collection is closed to an account that is let in", "capability several-collections")


@probe("TAXII-5.7-7", statement="9981f864", needs=["deletable"])
def deleting_where_only_reading_is_granted_is_answered_403(lab: Lab) -> None:
    """5.7, table: can_read true and can_write false MUST give 403. Named is an own object that the account itself has
    just been served; where the run has none there, one that does not exist, and then 404 is only a warning."""
    judged = 0
    for grant in granted(lab, can_read=True, can_write=False):
        session, stix_id = lab.as_(grant.account), own_object(lab, grant.url)
        sure = served(session.object(grant.url, stix_id), stix_id)
        answer = session.delete(grant.url, stix_id)
        judged += 1
        _judge_refusal(lab, grant, answer, 403, "DELETE with can_read alone is answered 403", sure)
    if not judged:
        lab.no_verdict("no account is shown a collection that it only reads", "capability read-only-collection")


@probe("TAXII-5.7-8", statement="c951b415", needs=["deletable"])
def deleting_where_only_writing_is_granted_is_answered_403(lab: Lab) -> None:
    """5.7, table: can_read false and can_write true MUST give 403. Named is an own object where the run may put one,
    else one that does not exist, and then 404 is only a warning."""
    judged = 0
    for grant in granted(lab, can_read=False, can_write=True):
        session = lab.as_(grant.account)
        sure = grant.url in lab.target.write
        stix_id = lab.share(LABEL, by=grant.account, collection=grant.url)["id"] if sure else own_object(lab, grant.url)
        answer = session.delete(grant.url, stix_id)
        judged += 1
        _judge_refusal(lab, grant, answer, 403, "DELETE with can_write alone is answered 403", sure)
    if not judged:
        lab.no_verdict("no account is shown a collection that it only writes", "capability write-only-collection")


@probe("TAXII-5.7-9", statement="43657664", needs=["deletable"])
def deleting_what_is_not_there_is_answered_404(lab: Lab) -> None:
    """5.7, failure table: an unknown object is 404. An id that never was, and one whose object was just deleted with
    success, so that DELETE works here."""
    lab.fixture(deletion_works)
    stix = _shared(lab)
    _delete(lab, stix)
    for name, stix_id in (("that never was", f"indicator--{lab.uuid()}"), ("that was deleted before", stix["id"])):
        answer = lab.reader.delete(lab.workspace, stix_id)
        if answer.status in NO_VERDICT:
            lab.no_verdict(f"DELETE of an object {name} gave {answer.brief()}", DELETE)
        lab.expect(
            answer.status == 404,
            f"DELETE of an object {name} is answered 404",
            expected="404",
            got=answer,
            soft=answer.status >= 400,
        )


# --- contested ------------------------------------------------------------------------------------


@probe("TAXII-5.7-11", statement="1d6950e8", needs=["deletable"])
def a_deleted_object_can_be_posted_again(lab: Lab) -> None:
    """Not worded in 5.7, but what follows for those who poll by added_after: a deleted object is as new, so it is taken
    again and gets a later date_added. The very same object was taken before, so it is fit to be stored."""
    lab.fixture(deletion_works)
    stix = _shared(lab)
    before = _date_added(lab, stix)
    lab.control(before is not None, "the manifest gives no date for the object")
    _delete(lab, stix)
    answer = lab.reader.add(lab.workspace, [stix])
    final = lab.completed(lab.reader, answer) if answer.status == 202 else answer
    taken = answer.status == 202 and not final.list_of("failures") and not final.resource.get("failure_count")
    lab.expect(taken, "it is taken again", expected="202, and no failure", got=final)
    after = _date_added(lab, stix)
    lab.expect(
        after is not None and before is not None and after > before,
        "it is listed with a later date",
        expected="a manifest record with a date_added after the first one",
        got="no record"
        if after is None
        else f"a record with {'the same' if after == before else 'another'} date_added",
    )


def _date_added(lab: Lab, stix: Stix) -> Instant | None:
    records = lab.reader.manifest(lab.workspace, match_id=stix["id"])
    return next((instant(r.get("date_added")) for r in records.objects if r.get("id") == stix["id"]), None)


@watcher("TAXII-5.7-12", statement="958c13fe")
def an_answer_to_delete_names_the_taxii_type(exchange: Exchange) -> Looked:
    """5.7: Content-Type is a required header of the success, which has no payload. Compared parsed."""
    answer = exchange.answer
    if answer is None or exchange.request.method != "DELETE" or kind_of(exchange) != ENVELOPE or answer.status != 200:
        return False
    kind, parameters = answer.media_type
    if kind == "application/taxii+json" and parameters.get("version") == "2.1":
        return True
    return Finding(
        "Content-Type: application/taxii+json;version=2.1", f"Content-Type: {str(answer.header('content-type'))[:120]}"
    )


@probe("TAXII-5.7-13", statement="b54136c3", needs=["deletable"])
def a_deleted_object_is_answered_404(lab: Lab) -> None:
    """5.7: fetching it MUST give 404. The sentence names Get Objects and means, probably, Get an Object. An answer that
    still brings the object is TAXII-5.7-2 and not judged here."""
    stix = _shared(lab)
    answer = _delete(lab, stix)
    lab.control(answer.status == 200, f"DELETE gave {answer.brief()}")
    after = lab.reader.object(lab.workspace, stix["id"])
    lab.control(not served(after, stix["id"]), "the object is still served (TAXII-5.7-2)")
    lab.expect(after.status == 404, "GET of the deleted object is answered 404", expected="404", got=after)


@probe("TAXII-5.7-14", statement="2c377bd3", needs=["deletable"])
def a_delete_for_another_spec_version_removes_nothing(lab: Lab) -> None:
    """5.7: the table lists match[spec_version], the prose only version. The object is of STIX 2.1, so a DELETE for 2.0
    does not mean it, whatever it is answered. A plain DELETE succeeds afterwards, so it is offered here."""
    stix = _shared(lab)
    answer = lab.reader.delete(lab.workspace, stix["id"], match_spec_version="2.0")
    after = lab.reader.object(lab.workspace, stix["id"])
    left = served(after, stix["id"])
    if left:
        _delete(lab, stix)
    lab.expect(
        left,
        "the object of STIX 2.1 is still there",
        expected="the object as before",
        got=after,
        seen=[answer, after],
    )


@probe("TAXII-3.1-24", statement="5a1f06c8", needs=["deletable"])
def an_own_object_can_be_deleted(lab: Lab) -> None:
    """3.1 and 5.7 with 8.1.2: the endpoint exists where the client may read and write. 403 is in the failure table for
    a client that may see an object and not delete it, so it says nothing here."""
    stix = _shared(lab)
    resource = lab.reader.collection(lab.workspace).resource
    lab.control(
        resource.get("can_read") is True and resource.get("can_write") is True,
        "the resource of the writable collection does not say can_read and can_write true",
    )
    answer = lab.reader.delete(lab.workspace, stix["id"])
    if answer.status == 403:
        lab.no_verdict(f"this account may not delete: {answer.brief()}", DELETE)
    lab.expect(200 <= answer.status < 300, "DELETE of an own object succeeds", expected="200", got=answer)
