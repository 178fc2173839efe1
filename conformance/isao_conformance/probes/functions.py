"""Probes of the function API, derived from the contracts: whoever offers a function offers its whole lifecycle.

Names of checks begin with the contract's resource and the step: `alerts/issue/refused_for_member_a`. A refusal counts
only where an account that the contract names takes the same step (control). Contracts and steps whose accounts are not
lent are left out.
"""

from __future__ import annotations

from datetime import datetime

from isao_conformance import function_paths
from isao_conformance.function_audience import audiences
from isao_conformance.function_field import Field, Harvest, Twins, harvest, over_all
from isao_conformance.function_paths import Move
from isao_conformance.function_records import Bench, Record, Sent, tour
from isao_conformance.function_refusals import illegal_steps, invalid_documents, unnamed_roles
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_spec.contract import CREATE

NEEDS = ["functions", "writable"]


# --- ISAO-API-005 ----------------------------------------------------------------------------------


def repeats(field: Field) -> None:
    """The same request twice: for every making of a record and every step."""
    field.each(_repeats)


def _repeats(bench: Bench) -> None:
    lab, api = bench.lab, bench.api(bench.people.cast.creator)
    place, word, key = f"{bench.resource}/{CREATE}", lab.token(16), lab.token(32)
    document, other = bench.valid(word, fresh=True), bench.valid(lab.token(16))
    first = api.create(bench.resource, document, key=key)
    record = bench.made(first)
    again = api.create(bench.resource, document, key=key)
    same = 200 <= again.status < 300 and again.resource.get("id") == record.id
    found = bench.with_word(word)
    conflict = api.create(bench.resource, other, key=key)
    bench.end(record)
    control = bench.make(key=lab.token(32))
    lab.control(control.id != record.id, "another key makes no other record")
    bench.end(control)
    lab.expect(same, "repeated names the first record", place=place, expected=record.id, got=again)
    lab.expect(found == [record.id], "repeated makes no second record", place=place, expected=record.id, got=found)
    lab.expect(
        400 <= conflict.status < 500,
        "refused under the key of another document",
        place=place,
        expected="a 4xx code",
        got=conflict,
    )

    def after(record: Record, move: Move, sent: Sent) -> None:
        api = bench.api(move.actor)
        taken = api.step(bench.resource, record.id, move.step.name, sent.document, tag=sent.tag, key=sent.key)
        where = f"{bench.resource}/{move.step.name}"
        answered = 200 <= taken.status < 300 and taken.resource.get("id") == record.id
        lab.expect(answered, "repeated is answered with the record", place=where, expected="200", got=taken)
        still = bench.unchanged(record)
        lab.expect(still, "repeated is not taken twice", place=where, got=f"{len(record.history)} steps on record")

    tour(bench, lambda _r, _f, _m: None, after, keyed=True)


# --- ISAO-API-006 ----------------------------------------------------------------------------------


def stale_changes(field: Field) -> None:
    """A change with the entity tag of before another change, for every step that replaces the document."""
    field.each(_stale_changes)


def _stale_changes(bench: Bench) -> None:
    def before(record: Record, _: bool, move: Move | None) -> None:
        if move is not None and move.step.replaces:
            _stale(bench, record, move)

    if any(move.step.replaces for move in bench.moves):
        tour(bench, before)


def _stale(bench: Bench, record: Record, move: Move) -> None:
    twins, lab = Twins(bench.lab), bench.lab
    place = f"{bench.resource}/{move.step.name}"
    read = bench.tag(record, move.actor) or '"no-tag-was-given"'
    first = bench.take(record, move, document=bench.valid("first"), tag=read).answer
    lab.control(200 <= first.status < 300, f"{place} with the current tag: {first.brief()}", move.step.serves)
    bench.read(record)
    late = bench.take(record, move, document=bench.valid("late"), tag=read).answer
    twins.refused(place, "stale is answered 412", late, (412,))
    twins.unharmed(place, "stale changes nothing", bench.unchanged(record), str(record.shown.get("document"))[:300])
    current = bench.take(record, move, document=bench.valid("second")).answer
    if 200 <= current.status < 300:
        twins.confirm()
    record.spoiled = False  # whatever was let through is replaced by now
    bench.read(record)


# --- ISAO-API-007 ----------------------------------------------------------------------------------


def histories(field: Field) -> None:
    """What the history of a record names after each step, and after each refused one."""
    field.each(_histories)


def _histories(bench: Bench) -> None:
    lab = bench.lab
    known: dict[str, int] = {}

    def before(record: Record, first: bool, _: Move | None) -> None:
        if not known:
            made = [one for one in record.history if one.get("step") == CREATE]
            place = f"{bench.resource}/{CREATE}"
            lab.expect(
                len(made) == 1 and record.history[0] is made[0] and made[0].get("state") == bench.contract.create.to,
                "opens the history",
                place=place,
                got=_lines(record),
            )
        for move in function_paths.illegal(bench.people, bench.state(record))[:1] if first else ():
            if not bench.has_taken(record, move.step, move.actor):
                answer, state = bench.take(record, move).answer, record.state
                kept, place = bench.unchanged(record), f"{bench.resource}/{move.step.name}"
                if answer.status == 409:
                    lab.expect(kept, f"refused in {state} is not in the history", place=place, got=_lines(record))
        known[record.id] = len(record.history)

    def after(record: Record, move: Move, _: Sent) -> None:
        if move.step.once_per and not bench.people.staff and move.actor != bench.keeper:
            return  # what each organization does once may be its own affair, and the exchange's
        place, new = f"{bench.resource}/{move.step.name}", record.history[known[record.id] :]
        told = [one for one in new if not _by_itself(bench, one.get("step"))] or new
        named = [(one.get("step"), one.get("state")) for one in told]
        wanted = (move.step.name, move.step.to)
        lab.expect(named == [wanted], "is in the history", place=place, expected=str(wanted), got=_lines(record))
        times = [_instant(one.get("time")) for one in record.history]
        lab.expect(_ascending(times), "times do not run backwards", place=place, got=_lines(record))

    tour(bench, before, after)


def _by_itself(bench: Bench, name: object) -> bool:
    """Whether the exchange can have taken a step by itself, and no account of this run."""
    step = bench.contract.steps.get(str(name))
    return step is not None and bool(set(step.by) & function_paths.UNMANNED)


def _lines(record: Record) -> str:
    return "; ".join(f"{one.get('step')} to {one.get('state')} at {one.get('time')}" for one in record.history)


def _instant(told: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(told))
    except ValueError:
        return None


def _ascending(times: list[datetime | None]) -> bool:
    known = [one for one in times if one is not None and one.tzinfo is not None]
    return len(known) == len(times) and known == sorted(known)


# --- the probes ------------------------------------------------------------------------------------

# First what leaves least behind on an exchange that lets too much through: an applicant that was let in stays in.
JUDGES = (audiences, repeats, stale_changes, histories, invalid_documents, illegal_steps, unnamed_roles)


def one_after_the_other(lab: Lab) -> Harvest:
    """A fixture: what is found in the contracts whose records stand in each other's way."""
    return harvest(lab, JUDGES)


@probe("ISAO-API-001", statement="8e6325e4", needs=NEEDS)
def a_step_that_a_state_does_not_allow_is_refused(lab: Lab) -> None:
    """The lifecycle is enforced: from every state that the run's accounts can reach, every step that the contract
    does not allow is requested with a valid document by an account that it names. 409, and the record reads as
    before."""
    over_all(lab, illegal_steps, one_after_the_other)


@probe("ISAO-API-002", statement="973770e5", needs=NEEDS)
def a_step_is_refused_to_roles_that_it_does_not_name(lab: Lab) -> None:
    """Authority comes from the contract: each lent account requests what it is not named for. Refused, nothing
    changed, and an account that is named takes the same step of the same record afterwards."""
    over_all(lab, unnamed_roles, one_after_the_other)


@probe("ISAO-API-003", statement="c85992df", needs=NEEDS)
def an_invalid_document_is_refused_with_the_place_of_its_fault(lab: Lab) -> None:
    """Documents with one fault each, derived from the schema. Refused with a pointer, nothing stored; the valid
    document is accepted from the same account."""
    over_all(lab, invalid_documents, one_after_the_other)


@probe("ISAO-API-004", statement="81a727c9", needs=NEEDS)
def a_record_is_shown_to_its_readers_and_nobody_else(lab: Lab) -> None:
    """In each state every account asks for a record by its id and in the list, tries a step of it, and reads its
    events. Its declared readers find it; for all others it does not exist."""
    over_all(lab, audiences, one_after_the_other)


@probe("ISAO-API-005", statement="4ea319ae", needs=NEEDS)
def a_repeated_request_changes_nothing(lab: Lab) -> None:
    """Each record is made, and each step taken, with an Idempotency-Key, and the request is sent again. One record,
    one line of history; the key does not pass for another document, and another key makes another record."""
    over_all(lab, repeats, one_after_the_other)


@probe("ISAO-API-006", statement="333a0ddd", needs=NEEDS)
def a_stale_change_is_refused(lab: Lab) -> None:
    """A document is replaced with the entity tag that the record had, then again with the same tag: 412, and the
    first change stands. The change with the current tag is done."""
    over_all(lab, stale_changes, one_after_the_other)


@probe("ISAO-API-007", statement="81c3ac6d", needs=NEEDS)
def every_step_that_was_taken_is_in_the_history(lab: Lab) -> None:
    """Records are brought through their steps. The history names each with its state, in order, with times that do
    not run backwards, and no step that was refused."""
    over_all(lab, histories, one_after_the_other)
