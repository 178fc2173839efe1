"""Probes of integrity: nobody speaks for another. What readers are shown decides, not how the exchange refuses.

An exchange may refuse what a rival sends, keep it apart or ignore it; so the answers to those requests are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isao_conformance import content
from isao_conformance.errors import Untestable
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR, can_read, declared_map, lent, reads, relation, same_content

RIVAL = "member-b"
LATER, LATEST = "2026-06-05T08:00:00.000Z", "2026-07-05T08:00:00.000Z"
"""Modified times after content.STAMP, and long ago: an exchange may refuse versions from the future."""
PAIRS = (("clear", "green"), ("green", "amber"), ("amber", "amber+strict"), ("amber", "red"))
"""Labels, the wider one first."""

Stix = dict[str, Any]


@probe("ISAO-TIF-011", statement="96cb2ba7", needs=["member-a", "member-b", "writable"])
def what_a_member_shared_stays_as_it_was_whatever_another_sends_under_its_id(lab: Lab) -> None:
    """Whoever can put a version over a rival's indicator can switch it off for everybody (STIX 2.1, 3.6).

    Of four items, all shown to the rival, it sends later versions: revoked, with another pattern, in the name of a
    creator, and revoked at the very time of the item. Their contributor, and a peer or colleague who was shown them,
    are then given them as they were; the contributor's own later version of a fifth item, sent last, is given, too.
    """
    changes: dict[str, Stix] = {
        "revoked": {"revoked": True, "modified": LATER},
        "with another pattern": {"pattern": "[ipv4-addr:value = '198.51.100.1']", "modified": LATER},
        "in a creator's name": {"created_by_ref": f"identity--{lab.uuid()}", "modified": LATER},
        "revoked at the same time": {"revoked": True},
    }
    items = {words: lab.share("green", by=CONTRIBUTOR) for words in changes}
    for stix in items.values():
        lab.control(reads(lab, RIVAL, lab.workspace, stix["id"]) is not None, f"{RIVAL} is shown each item")
    readers = [CONTRIBUTOR, *(name for name in lent(lab, ("member-a2", "peer")) if _shows_all(lab, name, items))]
    before = {(reader, words): _given(lab, reader, stix["id"]) for reader in readers for words, stix in items.items()}
    for words, change in changes.items():
        _send(lab, RIVAL, {**items[words], **change})
    _own_version(lab, lab.share("green", by=CONTRIBUTOR), readers)
    for (reader, words), was in before.items():
        lab.control(bool(was), f"{reader} is shown each item")
        got = _given(lab, reader, items[words]["id"])
        same = bool(got) and all(any(same_content(one, other) for other in was) for one in got)
        name = f"{reader} is given an item as it was after {RIVAL} sent it {words}"
        lab.expect(same, name, expected=str(was[0]), got=got or "it is gone")


@probe("ISAO-SHARE-013", statement="0c5fc000", needs=["identity", "member-a", "member-b", "writable"])
def nothing_of_another_member_is_shown_in_a_members_name(lab: Lab) -> None:
    """A name that anybody can write is worth nothing (STIX 2.1, 3.2: created_by_ref).

    The rival sends a new object in the name of the other member, and a later version in it of an object that it had
    shared in no name. Without the name its object is shown, and so is the member's own in its name.
    """
    name = lab.as_(CONTRIBUTOR).actor.identity
    own = lab.share("green", by=CONTRIBUTOR, created_by_ref=name)
    plain = lab.share("green", by=RIVAL)
    for reader, stix in ((RIVAL, own), (CONTRIBUTOR, plain)):
        lab.control(reads(lab, reader, lab.workspace, stix["id"]) is not None, f"{reader} is shown what the other sent")
    fresh = lab.indicator("green", created_by_ref=name)
    taken = lab.share("green", by=RIVAL)
    _send(lab, RIVAL, fresh)
    _send(lab, RIVAL, {**taken, "created_by_ref": name, "modified": LATER})
    _own_version(lab, lab.share("green", by=RIVAL), [CONTRIBUTOR], by=RIVAL)
    for words, stix in (("a new object", fresh), ("a later version", taken)):
        got = [one for one in _given(lab, CONTRIBUTOR, stix["id"], "all") if one.get("created_by_ref") == name]
        lab.expect(
            not got, f"{words} that {RIVAL} sent in the member's name is not shown in it", got=got or "it is not"
        )


@probe("ISAO-MRK-005", statement="d692f897", needs=["member-a", "member-b", "writable", "capability-document"])
def only_the_contributor_widens_an_item_and_what_it_narrows_is_gone_for_whom_that_leaves_out(lab: Lab) -> None:
    """TLP leaves it to the source how far information goes.

    The contributor narrows one item and widens another, and the member whom the narrower label leaves out is given no
    version of the first and the new one of the second. Then that member sends a later version with a wider label of an
    item, and a reader whom its label leaves out is not given it.
    """
    declared, who = declared_map(lab), relation(lab, RIVAL)
    pairs = [(w, n) for w, n in PAIRS if declared.promises(w, who) and not declared.permits(n, who)]
    if not pairs:
        lab.no_verdict(f"no label that {RIVAL} is promised has a narrower one that leaves it out")
    wide, narrow = pairs[-1]
    loose, strict = lab.share(wide, by=CONTRIBUTOR), lab.share(narrow, by=CONTRIBUTOR)
    lab.control(reads(lab, RIVAL, lab.workspace, loose["id"]) is not None, f"{RIVAL} is shown the item before")
    lab.control(not _given(lab, RIVAL, strict["id"]), f"{RIVAL} is not shown the other before", "ISAO-MRK-003")
    lab.publish([content.marked({**loose, "modified": LATER}, narrow)], by=CONTRIBUTOR)
    lab.publish([content.marked({**strict, "modified": LATER}, wide)], by=CONTRIBUTOR)
    seen = reads(lab, RIVAL, lab.workspace, strict["id"])
    widened = f"{RIVAL} is given what was widened from {narrow} to {wide}"
    lab.expect(seen is not None, widened, got=seen or "it is not given")
    for versions in (None, "all"):
        left = _given(lab, RIVAL, loose["id"], versions)
        words = "in all versions" if versions else "by its id"
        lab.expect(not left, f"{RIVAL} is not given what was narrowed to {narrow} {words}", got=left or "nothing")
    _nobody_else_widens(lab)


def _nobody_else_widens(lab: Lab) -> None:
    declared, who = declared_map(lab), relation(lab, RIVAL)
    outside = [
        (reader, wide, narrow)
        for reader in lent(lab, ("peer", "government", "outsider"))
        for wide, narrow in PAIRS[:2]
        if declared.promises(wide, relation(lab, reader))
        and not declared.permits(narrow, relation(lab, reader))
        and declared.promises(narrow, who)
        and can_read(lab, reader, lab.workspace)
    ]
    if not outside:
        lab.no_verdict("no lent reader is left out of a label that the members share; lend a peer")
    reader, wide, narrow = outside[0]
    item = lab.share(narrow, by=CONTRIBUTOR)
    lab.control(reads(lab, RIVAL, lab.workspace, item["id"]) is not None, f"{RIVAL} is shown the item to be widened")
    lab.control(not _given(lab, reader, item["id"]), f"{reader} is not shown it before", "ISAO-MRK-003")
    _send(lab, RIVAL, content.marked({**item, "modified": LATER}, wide))
    twin = lab.share(wide, by=RIVAL)
    lab.control(reads(lab, reader, lab.workspace, twin["id"]) is not None, f"{reader} is shown a {wide} item")
    got = _given(lab, reader, item["id"], "all")
    lab.expect(not got, f"{reader} is not given what {RIVAL} widened from {narrow} to {wide}", got=got or "nothing")


@probe("ISAO-SHARE-014", statement="4e245d6b", needs=["member-a", "member-b", "writable"])
def what_was_revoked_stays_revoked(lab: Lab) -> None:
    """Systems drop a revoked indicator once and for all (STIX 2.1, 3.6): one that comes back is live for some only.

    The contributor revokes two items; then it sends a live version of one that is later still, and the other member one
    of the other. Neither is shown as live afterwards. A later version of an item that was not revoked is shown.
    """
    mine, theirs = (lab.share("green", by=CONTRIBUTOR) for _ in range(2))
    for stix in (mine, theirs):
        lab.control(reads(lab, RIVAL, lab.workspace, stix["id"]) is not None, f"{RIVAL} is shown each item")
        lab.publish([{**stix, "revoked": True, "modified": LATER}], by=CONTRIBUTOR)
    for actor, stix in ((CONTRIBUTOR, mine), (RIVAL, theirs)):
        _send(lab, actor, {**stix, "modified": LATEST})
    _own_version(lab, lab.share("green", by=CONTRIBUTOR), [CONTRIBUTOR, RIVAL])
    for reader, actor, stix in ((RIVAL, CONTRIBUTOR, mine), (CONTRIBUTOR, RIVAL, theirs)):
        live = [one for one in _given(lab, reader, stix["id"]) if one.get("revoked") is not True]
        name = f"{reader} is not shown as live what was revoked before {actor} sent a later version"
        lab.expect(not live, name, got=live or "revoked or not at all")


@probe("ISAO-SHARE-015", statement="6dfccc88", needs=["identity", "member-a", "member-b", "writable"])
def no_identity_with_a_name_that_passes_for_a_members_is_shown(lab: Lab) -> None:
    """People read names, not ids.

    The name that the exchange has for the other member is looked up. The rival sends identities whose names differ from
    it in case, by a space, by a character that is not drawn and by a Cyrillic letter; one with a name of its own is
    shown.
    """
    name = _name_of(lab, lab.as_(CONTRIBUTOR).actor.identity)
    alike = {
        "letter case": name.swapcase(),
        "a character that is not drawn": f"{name[:1]}\u200b{name[1:]}",
        "a letter of another script": _with_a_cyrillic_letter(name),
        "a space": f"{name[:2]} {name[2:]}",
    }
    sent = {words: _identity(lab, other) for words, other in alike.items() if other != name}
    for stix in sent.values():
        _send(lab, RIVAL, stix)
    twin = _identity(lab, f"Drill {lab.token(12)}")
    lab.publish([twin], by=RIVAL)
    lab.control(reads(lab, CONTRIBUTOR, lab.workspace, twin["id"]) is not None, "an identity of another name is shown")
    for words, stix in sent.items():
        got = _given(lab, CONTRIBUTOR, stix["id"])
        lab.expect(
            not got, f"an identity that differs from the member's by {words} is not shown", got=got or "it is not"
        )


# --- parts ---------------------------------------------------------------------------------------


def _send(lab: Lab, actor: str, stix: Mapping[str, Any]) -> None:
    """Send an object, whatever becomes of it."""
    lab.created(lab.workspace, [str(stix["id"])], by=actor)
    answer = lab.as_(actor).add(lab.workspace, [dict(stix)])
    try:
        lab.completed(lab.as_(actor), answer)
    except Untestable:
        return  # held back: then nobody is shown it either


def _given(lab: Lab, reader: str, stix_id: str, versions: str | None = None) -> list[Stix]:
    """What a reader is given under an id now, in the list and by itself."""
    session, wanted = lab.as_(reader), {} if versions is None else {"match_version": versions}
    answers = [
        session.objects(lab.workspace, match_id=stix_id, **wanted),
        session.object(lab.workspace, stix_id, **wanted),
    ]
    return [one for answer in answers for one in answer.objects if one.get("id") == stix_id]


def _shows_all(lab: Lab, reader: str, items: Mapping[str, Stix]) -> bool:
    ids = [stix["id"] for stix in items.values()]
    shown = lab.as_(reader).objects(lab.workspace, match_id=",".join(ids)).ids
    return set(ids) <= set(shown)


def _own_version(lab: Lab, stix: Stix, readers: list[str], by: str = CONTRIBUTOR) -> None:
    """The control: a later version by an item's own contributor is shown, so later versions as such are."""
    lab.publish([{**stix, "name": f"{stix['name']}, mended", "modified": LATEST}], by=by)
    for reader in readers:

        def mended(reader: str = reader) -> bool | None:
            return any(one.get("modified") == LATEST for one in _given(lab, reader, stix["id"])) or None

        lab.control(lab.poll(mended) is not None, f"{reader} is shown its contributor's later version of an item")


def _identity(lab: Lab, name: str) -> Stix:
    return content.sdo("identity", lab.uuid(), lab.run, "green", name=name, identity_class="organization")


def _name_of(lab: Lab, identity: str) -> str:
    for where in dict.fromkeys((*lab.survey.readable, lab.workspace)):
        for one in lab.as_(CONTRIBUTOR).object(where, identity).objects:
            if one.get("id") == identity and len(str(one.get("name", ""))) > 2:
                return str(one["name"])
    lab.no_verdict("no collection of the target file holds the identity object that it names for member-a")
    raise AssertionError


def _with_a_cyrillic_letter(name: str) -> str:
    for latin, cyrillic in zip("aeopcxAEOPCX", "аеорсхАЕОРСХ", strict=True):
        if latin in name:
            return name.replace(latin, cyrillic, 1)
    return name
