"""Feedback finds its originator, although its giver may not know who that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from isao_reference import errors
from isao_reference.functions import publishing
from isao_reference.functions.moment import Moment
from isao_reference.policy import decide, tlp
from isao_reference.policy.principal import Principal
from isao_reference.store import items, parties, records

_YES, _NO = ("yes",), ("no",)


def route_to_originator(moment: Moment) -> None:
    """The organization that shared the subject becomes a party; 422 for what the giver cannot read or shared itself,
    in the same words."""
    rows = publishing.readable(moment, moment.content["subject"])
    originators = {one for row in rows for one in originators_of(moment, row.object_id, row.organization)}
    others = originators - {moment.record.organization}
    if not others:
        raise errors.invalid_document([("/subject", "there is nothing of this id that others gave to this account")])
    moment.named |= others
    kept = _persons(moment, [row for row in rows if row.organization != moment.record.organization])
    if kept:
        moment.facts["staff"] = kept
    moment.facts["named"] = bool(moment.content.get("named"))


def _persons(moment: Moment, rows: Sequence[items.Stored]) -> dict[str, Any]:
    """What keeps feedback from the colleagues of a giver, or of who shared the item, where the item itself is kept from
    them: feedback names it."""
    known = items.audiences(moment.db)

    def kept_from(organization: str, those: Iterable[items.Stored]) -> bool:
        kind = parties.organization_kind(moment.db, organization) or ""
        groups = parties.groups_of(moment.db, organization)
        colleague = Principal("any colleague", organization, kind, "member", groups=groups)
        return not any(decide.may_read(colleague, known[one.audience]) for one in those)

    of = {one.organization: [row for row in rows if row.organization == one.organization] for one in rows}
    persons = {owner: theirs[0].account for owner, theirs in of.items() if kept_from(owner, theirs)}
    for one in _submitted(moment, {row.object_id for row in rows}):
        if one.document["marking"] == tlp.RED:
            persons[one.organization] = one.account
    alone = {"label": tlp.RED} if kept_from(moment.record.organization, rows) else {}
    return {**alone, **({"persons": persons} if persons else {})}


def originators_of(moment: Moment, stix_id: str, organization: str) -> set[str]:
    """Who shared an object that stands in an organization's name: what the exchange published for submissions is their
    contributors'."""
    if organization != moment.exchange().organization:
        return {organization}
    return {one.organization for one in _submitted(moment, {stix_id})} or {organization}


def _submitted(moment: Moment, ids: set[str]) -> list[records.Record]:
    """The submissions for which one of these objects was published."""
    submitted = records.in_states(moment.db, "submissions", ("published", "minimised", "retracted"))
    return [one for one in submitted if not ids.isdisjoint(one.facts.get("published", ()))]


def publish_opinion(moment: Moment) -> None:
    """The answers as a STIX opinion of the exchange, without words and without the giver, so that other readers of the
    item see what it was worth: under its label, or a stricter one where the item lies in a collection that fewer
    read, or not at all where it is for one organization only."""
    answers = moment.content
    opinion = _opinion(answers)
    rows = publishing.readable(moment, answers["subject"])
    label = publishing.label_beside(moment, [(one.label, one.audience, one.collection.key) for one in rows])
    if opinion is None or label is None:
        return
    exchange = moment.exchange()
    made = publishing.new_object(
        moment, "opinion", label, exchange.organization, opinion=opinion, object_refs=[answers["subject"]]
    )
    moment.facts["opinion"] = publishing.publish(moment, [made], exchange, label, [exchange.organization])[0]


def _opinion(answers: object) -> str | None:
    """The word of STIX 2.1's opinion-enum (10.19) for the answers; None when they say neither yes nor no."""
    said = answers if isinstance(answers, dict) else {}
    if said.get("false_positive"):
        return "strongly-disagree"
    if said.get("effective") in _YES:
        return "strongly-agree"
    found = [said.get(name) for name in ("timely", "actionable", "effective")]
    if any(one in _YES for one in found):
        return "agree"
    return "disagree" if any(one in _NO for one in found) else None
