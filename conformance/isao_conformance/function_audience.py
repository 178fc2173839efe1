"""Who is shown a record: by its id, in the list, by a step, as an event. Everybody else is told nothing of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from isao_conformance import function_paths
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.function_api import functions_of
from isao_conformance.function_field import Field, Twins
from isao_conformance.function_paths import ROLE_OF, Move
from isao_conformance.function_records import Bench, Record, tour
from isao_conformance.lab import Lab
from isao_conformance.limits import LIMITS
from isao_conformance.readers import REFUSALS
from isao_spec.contract import Readers


def audiences(all_of_them: Field) -> None:
    """Every account's view of every record: by its id, in the list, by a step, as an event."""
    watch = Watch(all_of_them.lab)
    all_of_them.each(lambda bench: _audience(bench, watch))
    all_of_them.patient(watch.judge)


def _audience(bench: Bench, watch: Watch) -> None:
    twins, people = Twins(bench.lab), bench.people
    listed: set[Readers] = set()

    def before(record: Record, first: bool, _: Move | None) -> None:
        state = bench.state(record)
        watch.record(bench, record)
        if not first:
            return
        place = f"{bench.resource}/{state.name}"
        for name in people.names:
            allowed = people.reads(name, state)
            if allowed is None:
                continue
            answer = bench.api(name).get(bench.resource, record.id)
            if allowed:
                shown = answer.status == 200 and answer.resource.get("id") == record.id
                bench.lab.expect(shown, f"shown to {name}", place=place, expected="200", got=answer)
                continue
            absent = _as_absent(answer) or bench.api(name).get(bench.resource, bench.lab.uuid())
            _hidden(twins, place, f"hidden from {name}", answer, absent)
        twins.confirm()  # its keeper was shown the record by the same request
        if state.readers not in listed:
            listed.add(state.readers)
            _lists(bench, record, place)
            _by_steps(bench, record, place, twins)

    tour(bench, before)


def _as_absent(answer: Answer) -> Answer | None:
    """The answer itself where it is the one for absence by its code; else what is absent has to be asked for."""
    return answer if answer.status == 404 else None


def _hidden(twins: Twins, place: str, name: str, answer: Answer, absent: Answer) -> None:
    expected = f"{absent.status}, as for a record that does not exist"
    met = answer.status == absent.status and answer.status in REFUSALS
    twins.hold(place, name, met, expected, answer, 200 <= answer.status < 300)


def _lists(bench: Bench, record: Record, place: str) -> None:
    state = bench.state(record)
    bench.lab.control(bool(_in_the_list(bench, record, bench.keeper)), f"{bench.keeper} is not listed its record")
    for name in bench.people.names:
        allowed = bench.people.reads(name, state)
        if allowed is not None and name != bench.keeper:
            found = _in_the_list(bench, record, name)
            words = f"listed to {name}" if allowed else f"not listed to {name}"
            bench.lab.expect(
                found is allowed, words, place=place, got=f"{record.id} {'is' if found else 'is not'} listed"
            )


def _in_the_list(bench: Bench, record: Record, name: str) -> bool:
    return any(one.get("id") == record.id for page in bench.pages(name) for one in page)


def _by_steps(bench: Bench, record: Record, place: str, twins: Twins) -> None:
    """A step of a record that an account is not shown is answered as a step of no record at all."""
    state = bench.state(record)
    step = next((move.step for move in bench.moves if state.name in move.step.sources), None)
    if step is None or function_paths.decides(bench.contract, step):
        return
    document = bench.document(step, record)
    tag = bench.tag(record, bench.keeper) if step.replaces else None
    nothing = Record(bench.lab.uuid(), record.state, record.shown)
    for name in (name for name in bench.people.names if bench.people.reads(name, state) is False):
        answer = bench.take(record, Move(step, name), document=document, tag=tag).answer
        absent = _as_absent(answer) or bench.take(nothing, Move(step, name), document=document, tag=tag).answer
        _hidden(twins, place, f"{step.name} does not show it to {name}", answer, absent)
    bench.unchanged(record)
    twins.confirm()


@dataclass
class _Seen:
    place: str
    hidden: set[str]


@dataclass
class Watch:
    """From which accounts each record is hidden, and what the accounts' events tell of it."""

    lab: Lab
    _records: dict[str, _Seen] = field(default_factory=dict)

    def record(self, bench: Bench, record: Record) -> None:
        """Take down who surely is not to know of a record in the state that it is in now."""
        hidden = {name for name in bench.people.names if bench.people.reads(name, bench.state(record)) is False}
        seen = self._records.setdefault(record.id, _Seen(bench.resource, hidden))
        seen.hidden &= hidden

    def judge(self) -> None:
        """No account was told of a record that it was never to know of; of the others some account was (control)."""
        if not self._records:
            return
        told = {name: _told(self.lab, name) for name in ROLE_OF if name in self.lab.target.actors}
        wrong: dict[tuple[str, str], list[str]] = {}
        for identifier, seen in self._records.items():
            if any(identifier in text for name, text in told.items() if name not in seen.hidden):
                for name in sorted(seen.hidden & told.keys()):
                    wrong.setdefault((seen.place, name), []).extend([identifier] * (identifier in told[name]))
        for (place, name), named in wrong.items():
            self.lab.expect(not named, f"no event tells {name} of it", place=f"{place}/events", got=str(named))


def _told(lab: Lab, name: str) -> str:
    """The text of all events that an account is listed; nothing for one that gets no list."""
    texts: list[str] = []
    position: str | None = None
    for _ in range(LIMITS.walk_pages):
        listed = functions_of(lab, name).events(position).list_of("events")
        last = str(listed[-1].get("id")) if listed and isinstance(listed[-1], dict) else ""
        if last in ("", position):
            return "".join(texts)
        texts.append(json.dumps(listed, ensure_ascii=False))
        position = last
    raise Untestable(f"the events of {name} do not end")
