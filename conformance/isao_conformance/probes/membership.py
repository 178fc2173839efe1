"""Probes of membership: who is no member, or no longer one, neither reads what is the members' nor contributes."""

from __future__ import annotations

from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, REFUSALS, Posted, contribute, reads


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
