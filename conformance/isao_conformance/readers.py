"""What probes about readers share: the declared map, labelled items of one contributor, and who is shown them.

Every answer "not shown" is taken only together with a control that the same reader was shown by the same request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from isao_conformance import distribution
from isao_conformance.distribution import STRICTEST_FIRST, Distribution
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.listings import instant, shifted
from isao_conformance.session import Session

CONTRIBUTOR = "member-a"
READERS = ("member-a2", "member-b", "peer", "government", "outsider")
REFUSALS = (401, 403, 404)
SMALL_PAGES = 60
"""Pages of one that are asked for at most: others may write between the items."""


@dataclass(frozen=True)
class Posted:
    """Items that one actor contributed, by a name.

    `ids` are those taken, `refused` and `held` say why others were not, or not yet; `since` is an added_after that
    lies just before all of them.
    """

    where: str
    ids: Mapping[str, str]
    refused: Mapping[str, str]
    held: Mapping[str, str]
    since: str

    def id_of(self, name: str) -> str:
        """The id of an item. Untestable when the target did not take it: nothing can then be said about it."""
        if name not in self.ids:
            raise Untestable(f"the target did not take the item {name}: {self.missing[name]}")
        return self.ids[name]

    @property
    def missing(self) -> dict[str, str]:
        """Why items are not there: refused or held."""
        return {**self.refused, **self.held}


def declared_map(lab: Lab) -> Distribution:
    """The target's own map under the ceiling. Untestable when it declares none."""
    try:
        return distribution.declared(lab.survey.capability_document)
    except ValueError as fault:
        raise Untestable(f"no distribution map to judge by: {fault}", blocked_by="ISAO-MRK-013") from None


def relation(lab: Lab, reader: str, contributor: str = CONTRIBUTOR) -> str:
    """How a lent actor stands to the contributor."""
    return distribution.relation_of(lab.as_(reader).actor, lab.as_(contributor).actor)


def lent(lab: Lab, among: Iterable[str] = READERS) -> list[str]:
    """Those of the actors that the operator lent."""
    return [name for name in among if name in lab.target.actors]


def can_read(lab: Lab, reader: str, where: str) -> bool:
    """True when the target lets this actor read the collection at all, by the collection resource that it shows."""
    answer = lab.as_(reader).collection(where)
    return answer.status == 200 and answer.resource.get("can_read") is True


def contribute(lab: Lab, items: Mapping[str, dict[str, object]], by: str = CONTRIBUTOR) -> Posted:
    """Post each item in an envelope of its own, in order, and wait until its contributor finds all that were taken.

    A server may refuse an item or hold it for review. Untestable when none is taken.
    """
    where, session = lab.workspace, lab.as_(by)
    ids: dict[str, str] = {}
    refused: dict[str, str] = {}
    held: dict[str, str] = {}
    for name, stix in items.items():
        stix_id = str(stix["id"])
        lab.created(where, [stix_id], by=by)
        answer = session.add(where, [stix])
        if answer.status != 202:
            refused[name] = answer.brief()
            continue
        try:
            final = lab.completed(session, answer)
        except Untestable as fault:
            held[name] = fault.why
            continue
        failures = final.list_of("failures")
        if failures or final.resource.get("failure_count"):
            refused[name] = str(failures)[:300]
        else:
            ids[name] = stix_id
    if not ids:
        raise Untestable(f"the target took none of the items: {refused or held}")
    return Posted(where, ids, refused, held, just_before(lab, session, where, ids.values()))


def labelled_items(lab: Lab) -> Posted:
    """A fixture: one item of member-a for each TLP 2.0 label, the most restricted first and CLEAR last.

    An `opening` CLEAR item comes before all of them, so that small pages can break between it and the restricted ones.
    """
    labels = ("clear", *STRICTEST_FIRST)
    items = {name: lab.indicator(label) for name, label in zip(("opening", *STRICTEST_FIRST), labels, strict=True)}
    return contribute(lab, items)


def listed(lab: Lab, reader: str, posted: Posted, path: str = "objects") -> tuple[frozenset[str], Answer]:
    """The ids that a walk of `objects` or `manifest` from just before the items gives, and the last page."""
    session = lab.as_(reader)
    fetch = session.manifest if path == "manifest" else session.objects
    pages = lab.walk(fetch, posted.where, added_after=posted.since)
    return frozenset(i for page in pages if page.status == 200 for i in page.ids), pages[-1]


def shown(lab: Lab, reader: str, posted: Posted, control: str, path: str = "objects") -> frozenset[str] | None:
    """The ids that the reader is shown, once the control is among them; None when the control never is."""

    def ask() -> frozenset[str] | None:
        ids, last = listed(lab, reader, posted, path)
        if control in ids:
            return ids
        return frozenset() if last.status in REFUSALS else None

    return lab.poll(ask) or None


def paged(lab: Lab, reader: str, posted: Posted, control: str, path: str = "objects") -> frozenset[str] | None:
    """The ids in pages of one, from just before the items up to the control; None when it takes too many pages."""
    session = lab.as_(reader)
    fetch = session.manifest if path == "manifest" else session.objects
    seen: set[str] = set()
    position: dict[str, str] = {}
    for _ in range(SMALL_PAGES):
        page = fetch(posted.where, limit=1, **{"added_after": posted.since, **position})
        seen.update(page.ids)
        if control in seen:
            return frozenset(seen)
        if page.status != 200 or not page.more or page.next is None:
            return None
        position = {"next": page.next}
    return None


def reads(lab: Lab, reader: str, where: str, stix_id: str) -> dict[str, object] | None:
    """The object as the reader gets it by match[id], polled for; None when it does not appear."""
    session = lab.as_(reader)

    def ask() -> dict[str, object] | None:
        answer = session.objects(where, match_id=stix_id)
        return next((stix for stix in answer.objects if stix.get("id") == stix_id), None)

    return lab.poll(ask)


def same_content(sent: object, got: object) -> bool:
    """True when two JSON values are equal, timestamps by the instant that they name."""
    if isinstance(sent, Mapping) and isinstance(got, Mapping):
        return sent.keys() == got.keys() and all(same_content(sent[k], got[k]) for k in sent)
    if isinstance(sent, list) and isinstance(got, list):
        return len(sent) == len(got) and all(map(same_content, sent, got))
    if isinstance(sent, str) and isinstance(got, str) and sent != got:
        one, other = _instant(sent), _instant(got)
        return one is not None and one == other
    return sent == got


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None


def just_before(lab: Lab, owner: Session, where: str, ids: Iterable[str]) -> str:
    """An added_after that lies just before the first of these items, as their owner finds them in the manifest.
    Untestable when it does not."""
    wanted = set(ids)

    def dates() -> list[str] | None:
        pages = lab.walk(owner.manifest, where, match_id=",".join(sorted(wanted)))
        records = [r for page in pages if page.status == 200 for r in page.objects if r.get("id") in wanted]
        if {r.get("id") for r in records} != wanted:
            return None
        return [date for r in records if instant(date := str(r.get("date_added"))) is not None]

    found = lab.poll(dates)
    if not found:
        raise Untestable("the contributor does not find its own items in the manifest")
    # A second of room, for servers that cut added_after down to whole seconds.
    return shifted(min(found, key=lambda date: instant(date) or (0, "")), -1_000_000)
