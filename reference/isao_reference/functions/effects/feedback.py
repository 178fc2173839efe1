"""Feedback finds its originator, although its giver may not know who that is."""

from __future__ import annotations

from isao_reference import errors
from isao_reference.functions import publishing
from isao_reference.functions.moment import Moment
from isao_reference.store import records

_YES, _NO = ("yes",), ("no",)


def route_to_originator(moment: Moment) -> None:
    """The organization that shared the subject becomes a party; 422 for what the giver cannot read or shared itself."""
    rows = publishing.readable(moment, moment.content["subject"])
    if not rows:
        raise errors.invalid_document([("/subject", "there is nothing of this id that this account may see")])
    originators = {originator_of(moment, row.object_id, row.organization) for row in rows}
    others = originators - {moment.record.organization}
    if not others:
        raise errors.invalid_document([("/subject", "is your own organization's; feedback comes from somebody else")])
    moment.named |= others
    moment.facts["named"] = bool(moment.content.get("named"))


def originator_of(moment: Moment, stix_id: str, organization: str) -> str:
    """Who shared an object: what the exchange published for a submission is its contributor's."""
    if organization != moment.exchange().organization:
        return organization
    for one in records.in_states(moment.db, "submissions", ("published", "minimised", "retracted")):
        if stix_id in one.facts.get("published", ()):
            return one.organization
    return organization


def publish_opinion(moment: Moment) -> None:
    """The answers as a STIX opinion of the exchange, under the label of what it is about, without words and without the
    giver, so that other readers see what the item was worth."""
    answers = moment.content
    opinion = _opinion(answers)
    rows = publishing.readable(moment, answers["subject"])
    if opinion is None or not rows:
        return
    exchange = moment.exchange()
    made = publishing.new_object(
        moment, "opinion", rows[0].label, exchange.organization, opinion=opinion, object_refs=[answers["subject"]]
    )
    moment.facts["opinion"] = publishing.publish(moment, [made], exchange, [exchange.organization])[0]


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
