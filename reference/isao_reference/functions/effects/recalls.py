"""Recalls: who may take an item back, its revocation, and everybody who was given it."""

from __future__ import annotations

from isao_reference import errors
from isao_reference.functions import ledger, publishing
from isao_reference.functions.effects.feedback import originators_of
from isao_reference.functions.moment import Moment
from isao_reference.policy import decide
from isao_reference.store import events


def the_item_is_the_callers_to_recall(moment: Moment) -> None:
    """422 for an item the caller cannot see; 403 for another organization's, unless an analyst recalls it."""
    subject = moment.content["subject"]
    rows = publishing.readable(moment, subject)
    if not rows:
        raise errors.invalid_document([("/subject", "there is nothing of this id that this account may see")])
    if decide.is_staff(moment.principal):
        return
    if moment.record.organization not in {
        one for row in rows for one in originators_of(moment, subject, row.organization)
    }:
        raise errors.forbidden("Only who shared an item, or an analyst, recalls it.")


def revoke_the_item(moment: Moment) -> None:
    """A revoked version takes the item's place: its contributor's own, or by an analyst everybody's."""
    for one in _recalled_from(moment):
        publishing.revoke(moment, moment.content["subject"], one)


def reach_its_recipients(moment: Moment) -> None:
    """Every organization that was given the item becomes a party of the recall, and so does who shared it when an
    analyst takes it back."""
    subject, own = moment.content["subject"], (moment.record.organization, moment.exchange().organization)
    owners = _recalled_from(moment)
    given = {one for owner in owners for one in events.recipients_of(moment.db, ledger.item(subject, owner))}
    moment.named |= given | {one for owner in owners for one in originators_of(moment, subject, owner)}
    moment.named -= {*own}
    moment.facts["staff"] = {"recipients": sorted(given - {*own})}


def _recalled_from(moment: Moment) -> list[str]:
    """The organizations in whose names the item stands that this recall takes back."""
    subject, staff = moment.content["subject"], decide.is_staff(moment.principal)
    owners = dict.fromkeys(row.organization for row in publishing.readable(moment, subject))
    return [one for one in owners if staff or moment.record.organization in originators_of(moment, subject, one)]
