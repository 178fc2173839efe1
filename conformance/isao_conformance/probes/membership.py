"""Probes of membership: who is no member, or no longer one, neither reads what is the members' nor contributes."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from isao_conformance.drills import REASON, TERMS, agreement, contacts, create, history, part, record, refused, take
from isao_conformance.event_stream import Event
from isao_conformance.exchange import Answer
from isao_conformance.function_api import functions_of, is_offered
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, REFUSALS, Posted, contribute, reads
from isao_conformance.target import READ_ONLY
from isao_conformance.vetting import published_criteria, vetting_of_the_applicant


def members_items(lab: Lab) -> Posted:
    """A fixture: one item that only members (and perhaps peers) may read, of member-a."""
    return contribute(lab, {"green": lab.indicator("green")})


def collection_ids(answer: Answer) -> set[str]:
    """The ids of the collections that an answer lists."""
    return {str(c.get("id")) for c in answer.list_of("collections") if isinstance(c, dict)}


@probe("ISAO-MEM-005", statement="dcc2597b", needs=["member-a", "member-b", "ex-member", "writable"])
def a_former_member_reads_nothing_of_the_members(lab: Lab) -> None:
    """A removed member that keeps a live feed is a leak.

    With the credentials of an organization whose membership ended: no collection beyond those that strangers see, and
    no GREEN item in objects, manifest or by its id. A member in good standing reads the item on the same paths.
    """
    posted = lab.fixture(members_items)
    item, where = posted.id_of("green"), posted.where
    lab.control(reads(lab, "member-b", where, item) is not None, "a member in good standing reads the item")
    former, stranger = lab.as_("ex-member"), lab.outsider
    for words, answer in _reads_of(lab, "ex-member", where, item).items():
        lab.expect(not _gives(answer, item), f"{words} do not give the item to a former member", got=answer)
    alone, for_strangers = former.collection(where), stranger.collection(where)
    lab.expect(
        alone.status != 200 or for_strangers.status == 200,
        "no collection is shown to a former member that strangers are not shown",
        got=alone,
    )
    if lab.survey.api_root:
        public = collection_ids(stranger.collections(lab.survey.api_root))
        left = former.collections(lab.survey.api_root)
        beyond = collection_ids(left) - public
        lab.expect(not beyond, "no collection is listed to a former member that strangers do not see", got=left)


@probe("ISAO-MEM-014", statement="97665c2b", needs=["member-a", "ex-member", "writable"])
def a_former_member_cannot_contribute(lab: Lab) -> None:
    """What comes from outside the membership must not stand among what members vouch for.

    The former member's contribution is refused and does not read back; the same kind of contribution by a member, to
    the same collection, is taken and reads back.
    """
    where = lab.workspace
    twin = lab.share("green", by=CONTRIBUTOR)
    lab.control(reads(lab, CONTRIBUTOR, where, twin["id"]) is not None, "a member's contribution reads back")
    attempt = lab.indicator("green")
    lab.created(where, [attempt["id"]], by="ex-member")
    answer = lab.as_("ex-member").add(where, [attempt])
    lab.expect(
        answer.status in REFUSALS, "a former member's contribution is refused", expected="401, 403 or 404", got=answer
    )
    found = lab.as_(CONTRIBUTOR).objects(where, match_id=f"{attempt['id']},{twin['id']}")
    lab.control(twin["id"] in found.ids, "the member's contribution still reads back")
    lab.expect(attempt["id"] not in found.ids, "nothing of it is stored", got=found)


@probe("ISAO-MEM-015", statement="5d5327c1", needs=["member-a", "member-b", "writable"])
def an_outsider_reads_no_item_of_the_members(lab: Lab) -> None:
    """Members share on the understanding that the circle is closed.

    Without credentials, a GREEN item is not in the objects, not in the manifest and not under its id; a member reads
    it on the same paths. By no declared map that stays under TLP 2.0 is GREEN for the public.
    """
    posted = lab.fixture(members_items)
    item, where = posted.id_of("green"), posted.where
    lab.control(reads(lab, "member-b", where, item) is not None, "a member reads the item")
    for words, answer in _reads_of(lab, "outsider", where, item).items():
        lab.expect(not _gives(answer, item), f"{words} do not give the item to an outsider", got=answer)


def _reads_of(lab: Lab, actor: str, where: str, item: str) -> dict[str, Answer]:
    """The reads of an actor, each on a path where a member is shown the item."""
    member, session = lab.as_("member-b"), lab.as_(actor)
    asked = {
        "objects": (member.objects(where, match_id=item), session.objects(where, match_id=item)),
        "manifest records": (member.manifest(where, match_id=item), session.manifest(where, match_id=item)),
        "questions by its id": (member.object(where, item), session.object(where, item)),
    }
    return {words: theirs for words, (ours, theirs) in asked.items() if _gives(ours, item)}


def _gives(answer: Answer, item: str) -> bool:
    return item in answer.ids or (item.encode() in answer.body and answer.status == 200)


@probe(
    "ISAO-MEM-001",
    statement="a642d201",
    needs=["functions", "may-decide", "operator", "applicant", "member-a", "member-b", "writable"],
    exclusive=True,
)
def an_applicant_is_let_in_by_a_decision_that_answers_every_criterion(lab: Lab) -> None:
    """Eligibility that is decided in a corridor cannot be explained to who was turned away.

    Approvals of one application with a published criterion left out and with one denied are refused, and the applicant
    is shown no more than before; the approval that answers each as met is accepted, and the operator is shown the
    decision with every criterion in it.
    """
    seen, criteria = lab.fixture(vetting_of_the_applicant), published_criteria(lab)
    for words, answer in (("leaves a criterion out", seen.left_out), ("denies a criterion", seen.denied)):
        lab.expect(refused(answer), f"an approval that {words} is refused", expected="4xx", got=answer)
    state = seen.between.resource.get("state")
    lab.expect(state == "applied", "refused approvals leave the application as it was", got=seen.between)
    more = sorted(set(seen.still.gives) - set(seen.waiting.gives))
    lab.expect(not more, "refused approvals let nobody in", got=f"the applicant is now given the item by {more}")
    refusals_hold = refused(seen.left_out) and refused(seen.denied)
    lab.control(seen.approved.status == 200 or not refusals_hold, f"the complete approval: {seen.approved.brief()}")
    said = seen.operator_sees.body.decode("utf-8", "replace")
    kept = history(seen.operator_sees.resource, "approve")
    missing = [name for name in criteria if not kept or name not in said]
    lab.expect(not missing, "the decision is on record with every criterion", got=f"missing: {missing}")


@probe(
    "ISAO-MEM-002",
    statement="899c4071",
    needs=["functions", "may-decide", "operator", "applicant", "member-a", "member-b", "writable"],
    exclusive=True,
)
def an_applicant_sees_nothing_of_the_members_and_contributes_nothing(lab: Lab) -> None:
    """Vetting that comes after access is no vetting.

    While its application waits, the applicant reads it, and by the requests that show a member's item to a member it is
    given neither the item nor a record of it; it is listed no collection that strangers are not, and what it posts is
    refused and not kept.
    """
    seen = lab.fixture(vetting_of_the_applicant)
    lab.control(bool(seen.waiting.answers), "a member is shown the item")
    for words, answer in seen.waiting.answers.items():
        given = words in seen.waiting.gives
        lab.expect(not given, f"{words} gives the item to no applicant", got=answer)
    beyond = sorted(seen.waiting.beyond)
    lab.expect(not beyond, "no collection is listed to an applicant that strangers do not see", got=beyond)
    lab.expect(
        seen.posted.status in REFUSALS,
        "an applicant's contribution is refused",
        expected="401, 403 or 404",
        got=seen.posted,
    )
    lab.expect(not seen.kept, "nothing of an applicant's contribution is kept", got="a member is shown it")


@probe(
    "ISAO-MEM-003",
    statement="69c4a0f1",
    needs=["functions", "may-decide", "operator", "member-a"],
    exclusive=True,
)
def terms_are_accepted_under_their_digest_and_the_acceptance_is_on_record(lab: Lab) -> None:
    """A duty to handle things with care binds those who accepted it, and only in the wording that they accepted.

    A drill agreement is put in force. A signature under another digest is refused, the same under its own is accepted,
    and the operator is shown organization, signer, digest and time. An agreement of the target's own is left in force.
    """
    operator, member = functions_of(lab, "operator"), functions_of(lab, CONTRIBUTOR)
    listed = operator.list("agreements", state="in-force").list_of("records")
    if any(lab.run not in str(part(one, "document").get("title")) for one in listed if isinstance(one, dict)):
        lab.no_verdict("an agreement is in force, and the run does not take its place")
    made = create(operator, "agreements", agreement(lab))
    take(operator, "agreements", made, "publish")
    shown = record(member.get("agreements", made), "the agreement as a member is shown it")
    digest = part(shown, "facts").get("sha256")
    wrong = lab.token(64)
    signer = f"Drill signer {lab.token(8)}"

    def sign(repeated: object) -> Answer:
        return member.step("agreements", made, "sign", {"signer": signer, "position": "Drill", "sha256": str(repeated)})

    other = sign(wrong)
    lab.expect(refused(other), "a signature under another digest is refused", expected="4xx", got=other)
    right = sign(digest)
    lab.control(right.status == 200 or not refused(other), f"a signature under the digest is taken: {right.brief()}")
    lines = history(record(operator.get("agreements", made), "the agreement as the operator is shown it"), "sign")
    digests = [part(line, "document").get("sha256") for line in lines]
    lab.expect(wrong not in digests, "no acceptance of another text is on record", got=lines)
    kept = [line for line in lines if part(line, "document").get("sha256") == digest]
    whole = [
        line
        for line in kept
        if line.get("organization") and line.get("time") and part(line, "document").get("signer") == signer
    ]
    lab.expect(bool(whole), "the acceptance is on record with organization, signer, digest and time", got=lines)
    operator.step("agreements", made, "supersede")


@probe("ISAO-MEM-004", statement="ac4e07b7", needs=["functions", "may-decide", "operator"])
def an_agreement_that_is_silent_on_a_term_is_refused(lab: Lab) -> None:
    """What the agreement is silent about is disputed when it matters most.

    A draft with all nine terms is taken; a draft without one of them is refused, whichever it is. None is published.
    """
    operator = functions_of(lab, "operator")
    create(operator, "agreements", agreement(lab))
    for term in TERMS:
        answer = operator.create("agreements", agreement(lab, without=term))
        lab.expect(refused(answer), f"an agreement without {term} is refused", expected="4xx", got=answer)


@probe(
    "ISAO-MEM-012",
    statement="6e0c0123",
    needs=["functions", "may-decide", "operator", "applicant", "member-a", "member-b", "writable"],
    exclusive=True,
)
def a_member_corrects_its_own_contacts(lab: Lab) -> None:
    """Stale contacts fail in the one hour in which they matter.

    The organization that the run let in replaces its contacts; it reads the new ones, and so does the operator, who
    read the old ones before.
    """
    let_in = lab.fixture(vetting_of_the_applicant).application
    member, operator = functions_of(lab, "applicant"), functions_of(lab, "operator")
    answer = member.get("memberships", let_in)
    before = record(answer, "the member's own record")
    document = part(before, "document")
    old = part(record(operator.get("memberships", let_in), "the record as the operator is shown it"), "document")
    lab.control(document == old, "the operator is shown the same record as the member")
    new = {**document, "contacts": contacts(lab)}
    step = "amend" if before.get("state") == "applied" else "update"
    changed = member.step("memberships", let_in, step, new, tag=answer.header("etag"))
    lab.expect(changed.status == 200, "a member can replace its contacts", expected="200", got=changed)
    for name, functions in (("the member", member), ("the operator", operator)):
        shown = part(functions.get("memberships", let_in).resource, "document").get("contacts")
        lab.expect(
            shown == new["contacts"], f"{name} is shown the new contacts", expected=str(new["contacts"]), got=shown
        )


@probe("ISAO-MEM-007", statement="00f15528", needs=[CONTRIBUTOR, READ_ONLY, "writable"])
def a_reading_credential_reads_and_writes_nothing(lab: Lab) -> None:
    """Most programs only pull; one that is broken into must not be able to plant false warnings.

    The reading credential is shown an item of its organization. Its contribution is refused and does not read back, its
    feedback on another member's item is refused, and the item is still there after it asked for its deletion. Another
    credential of the organization contributes and gives the same feedback.
    """
    where, reading = lab.workspace, lab.as_(READ_ONLY)
    item = lab.share("green", by=CONTRIBUTOR)
    lab.control(reads(lab, READ_ONLY, where, item["id"]) is not None, "the reading credential reads the item")
    attempt = lab.indicator("green")
    lab.created(where, [attempt["id"]], by=CONTRIBUTOR)
    answer = reading.add(where, [attempt])
    lab.expect(answer.status in REFUSALS, "its contribution is refused", expected="401, 403 or 404", got=answer)
    if lab.target.may_delete:
        reading.delete(where, item["id"])
    stored, kept = (lab.as_(CONTRIBUTOR).objects(where, match_id=one["id"]) for one in (attempt, item))
    lab.control(stored.status == kept.status == 200, f"its organization reads the collection: {stored.brief()}")
    lab.expect(attempt["id"] not in stored.ids, "nothing of its contribution is stored", got=stored)
    lab.expect(item["id"] in kept.ids, "it deletes nothing", got=kept)
    if not is_offered(lab) or "member-b" not in lab.target.actors:
        return
    about = {"subject": lab.share("green", by="member-b")["id"], "timely": "yes"}
    refusal = functions_of(lab, READ_ONLY).create("feedback", about)
    taken = functions_of(lab, CONTRIBUTOR).create("feedback", about)
    if taken.status in (200, 201):
        lab.expect(refusal.status in REFUSALS, "its feedback is refused", expected="401, 403 or 404", got=refusal)


@probe(
    "ISAO-MEM-016",
    statement="deaeb071",
    needs=["functions", "may-decide", "operator", "applicant", "member-a", "member-b", "writable"],
    exclusive=True,
)
def a_suspension_ends_open_lists_and_streams(lab: Lab) -> None:
    """Whoever is cut off is cut off for a reason; a cursor or a stream that lives on is the feed nobody thought of.

    The organization that the run let in reads the first page of two items and listens. It is suspended, and an item is
    shared. Neither the rest of the list nor any other request nor the stream gives it anything of these items, and its
    contribution is refused. Then it is let in again and reads them.
    """
    membership = lab.fixture(vetting_of_the_applicant).application
    where, session, operator = lab.workspace, lab.as_("applicant"), functions_of(lab, "operator")
    items = [lab.share("green", by=CONTRIBUTOR)["id"] for _ in range(2)]
    for item in items:
        lab.control(reads(lab, "applicant", where, item) is not None, "before its suspension it reads the items")
    wanted = ",".join(items)
    first = session.objects(where, match_id=wanted, limit=1)
    streams = _is_told(lab, where)
    late: list[str] = []

    def suspend() -> None:
        take(operator, "memberships", membership, "suspend", REASON)
        late.append(lab.share("green", by=CONTRIBUTOR)["id"])

    try:
        if streams:
            _, events = functions_of(lab, "applicant").listen(then=suspend, until=lambda told: bool(_of(told, where)))
            told = _of(events, where)
            lab.expect(not told, "an open stream tells it of no new item", got="; ".join(one.text for one in told))
        else:
            suspend()
        lab.control(reads(lab, "member-b", where, late[0]) is not None, "another member is shown the new item")
        asked = {
            "the objects": session.objects(where, match_id=f"{wanted},{late[0]}"),
            "the manifest": session.manifest(where, match_id=f"{wanted},{late[0]}"),
            "an item by its id": session.object(where, items[0]),
        }
        if first.more and first.next:
            asked["the rest of the list"] = session.objects(where, match_id=wanted, limit=1, next=first.next)
        for words, answer in asked.items():
            given = any(_gives(answer, item) for item in (*items, late[0]))
            lab.expect(not given, f"{words} gives it nothing", got=answer)
        attempt = lab.indicator("green")
        lab.created(where, [attempt["id"]], by="applicant")
        answer = session.add(where, [attempt])
        lab.expect(answer.status in REFUSALS, "its contribution is refused", expected="401, 403 or 404", got=answer)
    finally:
        operator.step("memberships", membership, "reinstate", REASON)
    lab.control(reads(lab, "applicant", where, late[0]) is not None, "let in again it reads the items")


def _is_told(lab: Lab, where: str) -> bool:
    """Whether the applicant's stream gives an event of a new item at all."""
    if "event-stream" in lab.target.absent:
        return False

    def share() -> None:
        lab.share("green", by=CONTRIBUTOR)

    answer, events = functions_of(lab, "applicant").listen(then=share, until=lambda told: bool(_of(told, where)))
    return answer.status == 200 and bool(_of(events, where))


def _of(events: Iterable[Event], where: str) -> list[Event]:
    """The events of a collection."""
    collection = urlsplit(where).path.rstrip("/").rpartition("/")[2]
    return [one for one in events if one.data.get("collection") == collection]
