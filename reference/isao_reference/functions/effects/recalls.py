"""Recalls: who may take an item back, its revocation, and everybody who was given it."""

from __future__ import annotations

from isao_reference import errors
from isao_reference.functions import publishing
from isao_reference.functions.effects.feedback import originator_of
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
    if moment.record.organization not in {originator_of(moment, subject, row.organization) for row in rows}:
        raise errors.forbidden("Only who shared an item, or an analyst, recalls it.")


def revoke_the_item(moment: Moment) -> None:
    """A revoked version takes the item's place: its contributor's own, or by an analyst everybody's."""
    subject, staff = moment.content["subject"], decide.is_staff(moment.principal)
    owners = {row.organization for row in publishing.readable(moment, subject)}
    mine = [one for one in owners if staff or originator_of(moment, subject, one) == moment.record.organization]
    for one in mine:
        publishing.revoke(moment, subject, one)


def reach_its_recipients(moment: Moment) -> None:
    """Every organization that was given the item becomes a party of the recall."""
    given = events.recipients_of(moment.db, moment.content["subject"])
    moment.named |= given.keys() - {moment.record.organization, moment.exchange().organization}
    moment.facts["staff"] = {"recipients": sorted(moment.named)}
