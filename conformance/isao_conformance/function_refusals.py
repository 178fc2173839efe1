"""Refusals that follow from a contract: of steps in a wrong state, of accounts not named, of invalid documents.

Each is judged only together with its control: the same step by an account that is named, from a state that allows it,
with a valid document. What should have been refused and was done is judged at once.
"""

from __future__ import annotations

from isao_conformance import function_documents, function_paths
from isao_conformance.exchange import Answer
from isao_conformance.function_field import Field, Twins
from isao_conformance.function_paths import Move
from isao_conformance.function_records import Bench, Record, Sent, tour
from isao_conformance.readers import REFUSALS
from isao_spec.contract import CREATE, Step

INVALID = (400, 422)


# --- ISAO-API-001 ----------------------------------------------------------------------------------


def illegal_steps(field: Field) -> None:
    """Every step that a contract does not allow from a state, in every state that can be reached."""
    field.each(_illegal_steps)


def _illegal_steps(bench: Bench) -> None:
    twins = Twins(bench.lab)
    working: set[str] = set()

    def before(record: Record, first: bool, _: Move | None) -> None:
        if first and not _all_refused(bench, record, twins):
            return
        for step in _untaken(bench, record) if first else ():
            if _told_of_a_fault(bench, record, step):
                working.add(step.name)

    for name in (*(move.step.name for move in tour(bench, before)), *sorted(working)):
        twins.confirm(f"{bench.resource}/{name}")


def _all_refused(bench: Bench, record: Record, twins: Twins) -> bool:
    """Whether no step that the record's state does not allow was done, nor changed it while it was refused. The record
    is looked at once after all of them, or at once after one that was not refused."""
    state, tried = bench.state(record), []
    for move in function_paths.illegal(bench.people, state, lambda step, name: bench.has_taken(record, step, name)):
        place = f"{bench.resource}/{move.step.name}"
        answer = bench.take(record, move).answer
        twins.refused(place, f"answered 409 in {state.name}", answer, (409,))
        if 200 <= answer.status < 300:
            tried = [(place, answer)]
            break
        tried.append((place, answer))
    kept = not tried or bench.unchanged(record)
    for place, answer in tried:
        twins.unharmed(place, f"changes nothing in {state.name}", kept, answer)
    return not record.spoiled


def _untaken(bench: Bench, record: Record) -> list[Step]:
    """The steps from here that no run takes, though the contract names an account: they let somebody in or out."""
    taken = {move.step.name for move in bench.moves}
    listed = bench.contract.steps.values()
    return [
        s
        for s in listed
        if record.state in s.sources and s.name not in taken and not set(s.by) <= function_paths.UNMANNED
    ]


def _told_of_a_fault(bench: Bench, record: Record, step: Step) -> bool:
    """Whether an account that a step names is refused an empty document for its faults: so the step is there for it."""
    able = next(bench.people.able(step, bench.state(record)), None)
    if able is None or not step.takes or not bench.people.may_decide:
        return False
    return bench.take(record, Move(step, able), document={}).answer.status in INVALID


# --- ISAO-API-002 ----------------------------------------------------------------------------------


def unnamed_roles(field: Field) -> None:
    """Every account at every step, and at every making of a record, that the contract does not name it for."""
    field.each(_unnamed_roles)


def _unnamed_roles(bench: Bench) -> None:
    twins, lab = Twins(bench.lab), bench.lab
    place, word = f"{bench.resource}/{CREATE}", lab.token(16)
    for name in bench.people.unnamed(bench.contract.create, None):
        answer = bench.api(name).create(bench.resource, bench.valid(word))
        twins.refused(place, f"refused for {name}", answer, REFUSALS)
    twins.unharmed(place, "makes nothing for the refused", not bench.with_word(word), f"records with {word}")

    def before(record: Record, first: bool, move: Move | None) -> None:
        twins.confirm(place)
        steps = [*([move.step] if move is not None else []), *(_unmanned(bench, record) if first else ())]
        for step in steps:
            _refused_to_others(bench, record, step, twins)
            if record.spoiled:
                return

    def after(_: Record, move: Move, __: Sent) -> None:
        twins.confirm(f"{bench.resource}/{move.step.name}")

    tour(bench, before, after)


def _unmanned(bench: Bench, record: Record) -> list[Step]:
    """The steps from here that the run does not take itself: the clock's, and those that let somebody in or out."""
    clock = [
        s for s in bench.contract.steps.values() if record.state in s.sources and set(s.by) <= function_paths.UNMANNED
    ]
    return [*clock, *(_untaken(bench, record) if bench.people.may_decide else ())]


def _refused_to_others(bench: Bench, record: Record, step: Step, twins: Twins) -> None:
    place = f"{bench.resource}/{step.name}"
    document = bench.document(step, record)
    tag = bench.tag(record, bench.keeper) if step.replaces else None  # the refusal is to be for the role alone
    for name in bench.people.unnamed(step, bench.state(record)):
        answer = bench.take(record, Move(step, name), document=document, tag=tag).answer
        twins.refused(place, f"refused for {name}", answer, REFUSALS)
    twins.unharmed(place, "changes nothing for the refused", bench.unchanged(record), str(record.shown)[:300])
    # Nobody takes the clock's steps over the API: that nobody can is all there is to see.
    if set(step.by) <= function_paths.UNMANNED or (
        step in _untaken(bench, record) and _told_of_a_fault(bench, record, step)
    ):
        twins.confirm(place)


# --- ISAO-API-003 ----------------------------------------------------------------------------------


def invalid_documents(field: Field) -> None:
    """Documents with one fault each, for every making of a record and every step that takes a document."""
    field.each(_invalid_documents)


def _invalid_documents(bench: Bench) -> None:
    twins, lab = Twins(bench.lab), bench.lab
    place, word = f"{bench.resource}/{CREATE}", lab.token(16)
    schema, creator = bench.contract.document, bench.people.cast.creator
    for wrong in function_documents.invalid_documents(schema, bench.valid(word)):
        _told_where(twins, place, wrong, bench.api(creator).create(bench.resource, wrong.document))
    twins.unharmed(place, "stores nothing invalid", not bench.with_word(word), f"records with {word}")

    def before(record: Record, first: bool, move: Move | None) -> None:
        twins.confirm(place)
        if move is None or not move.step.takes:
            return
        where = f"{bench.resource}/{move.step.name}"
        sent = bench.document(move.step, record)
        tag = bench.tag(record, move.actor) if move.step.replaces else None
        wrongs = function_documents.invalid_documents(move.step.takes, sent)
        # The making of a record has shown every fault of its schema: of each kind one is left to see.
        for wrong in function_documents.one_of_each_kind(wrongs) if move.step.replaces else wrongs:
            answer = bench.take(record, move, document=wrong.document, tag=tag).answer
            _told_where(twins, where, wrong, answer)
        twins.unharmed(where, "invalid documents change nothing", bench.unchanged(record), str(record.shown)[:300])

    def after(_: Record, move: Move, __: Sent) -> None:
        twins.confirm(f"{bench.resource}/{move.step.name}")

    tour(bench, before, after)


def _told_where(twins: Twins, place: str, wrong: function_documents.Invalid, answer: Answer) -> None:
    met = (
        answer.status in INVALID
        and answer.media_type[0] == function_documents.PROBLEM
        and function_documents.names_the_place(answer, wrong.place)
    )
    pointer = function_documents.pointer_of(wrong.place)
    expected = f"400 or 422 with {function_documents.PROBLEM} and a pointer to {pointer} or around it"
    twins.hold(place, wrong.name, met, expected, answer, 200 <= answer.status < 300)
