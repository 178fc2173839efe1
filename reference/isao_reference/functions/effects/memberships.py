"""Membership: published criteria are applied to everybody, and a decision takes effect on the very next answer."""

from __future__ import annotations

from isao_reference import errors
from isao_reference.functions.moment import Effect, Moment
from isao_reference.store import documents, records


def one_for_each_organization(moment: Moment) -> None:
    """409 while the organization has another application or membership that has not ended."""
    open_states = [name for name in moment.contract.states if name not in moment.contract.final]
    for other in records.in_states(moment.db, moment.contract.resource, open_states):
        if other.organization == moment.record.organization:
            raise errors.wrong_state(other.state, ())


def every_criterion_is_met(moment: Moment) -> None:
    """422 unless the vetting answers every published criterion, and each is met."""
    judged = [(one["criterion"], one["met"]) for one in (moment.document or {}).get("criteria", ())]
    faults = [
        ("/criteria", f"the published criterion {name!r} is not answered")
        for name in documents.membership_criteria(moment.db)
        if name not in {one for one, _ in judged}
    ]
    faults += [("/criteria", f"the criterion {name!r} is not met; decline instead") for name, ok in judged if not ok]
    if faults:
        raise errors.invalid_document(faults)


def standing(value: str) -> Effect:
    """An effect that gives the record's organization a standing."""

    def give(moment: Moment) -> None:
        moment.standings[moment.record.organization] = value

    return give
