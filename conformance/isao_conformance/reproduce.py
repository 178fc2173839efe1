"""A failed check as a shell script: the same requests by curl, against any instance of the target.

The script holds no secret. It sends what the probe sent (and what the fixtures it stands on sent), takes
cursors, status ids and times from the answers it gets, and ends with the answer that was judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from isao_conformance import curl_script
from isao_conformance.captures import Tracker, stix_ids, strings, used_in_body, used_in_headers, used_in_url
from isao_conformance.curl_script import WRONG_SECRET, Step
from isao_conformance.exchange import Exchange, Key, Request
from isao_conformance.fixture_use import fixtures_of
from isao_conformance.lab import Check
from isao_conformance.target import origin_of
from isao_spec import load
from isao_spec.model import Requirement

GATE = "gate_"
SAFE = ("GET", "HEAD", "TLS", "PLAIN", "STREAM")
"""Requests that change nothing: left out of a script unless an answer to them is needed."""
CANDIDATES = 12
"""Of a watcher's offending exchanges, so many early ones are compared for the shortest way there."""


class Transcript:
    """The exchanges of a run, indexed once for all its scripts."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self.by_probe: dict[str, list[Exchange]] = {}
        for exchange in exchanges:
            self.by_probe.setdefault(exchange.key.probe, []).append(exchange)

    @cached_property
    def lasting(self) -> frozenset[str]:
        """Strings of the survey's answers: addresses and ids that every instance of the target shows."""
        surveyed = (e for name, listed in self.by_probe.items() if name.startswith("survey") for e in listed)
        return frozenset(text for e in surveyed if e.answer is not None for text, _ in strings(e.answer.data))

    @cached_property
    def created(self) -> dict[str, frozenset[str]]:
        """The STIX ids in the bodies that each probe or fixture posted."""
        return {name: _posted(listed) for name, listed in self.by_probe.items()}

    @cached_property
    def said(self) -> dict[str, frozenset[str]]:
        """The words in the bodies that each probe or fixture sent, ids apart."""
        return {
            name: frozenset(u.value for e in listed for u in used_in_body(e.request)) - self.created[name]
            for name, listed in self.by_probe.items()
        }


def evidence_of(check: Check) -> list[Key]:
    """The keys of the exchanges a check rests on. Raises ValueError for text that is no key."""
    keys = []
    for text in check.exchanges:
        probe, actor, ordinal = text.rsplit("|", 2)
        keys.append(Key(probe, actor, int(ordinal)))
    return keys


def steps(record: Transcript, check: Check) -> list[Step]:
    """The steps that lead to the answer a check rests on, in order; empty when no exchange is named.

    A watcher names every offending exchange: the one that takes the fewest steps is reproduced.
    """
    keys = [key for key in evidence_of(check) if key.probe in record.by_probe]
    if not keys:
        return []
    if len({key.probe for key in keys}) > 1 or not check.name.startswith(f"{keys[0].probe}/"):
        early = sorted(keys, key=lambda key: (key.ordinal, key))[:CANDIDATES]
        return min((_steps_to(record, [key], _others_than(check)) for key in early), key=len)
    return _steps_to(record, keys)


def _others_than(check: Check) -> frozenset[str]:
    """The resources of the function API that a check derived from the contract of one of them is not about."""
    every, own = frozenset(load().contracts), check.name.partition("/")[0]
    return every - {own} if own in every else frozenset()


def _changes(request: Request, elsewhere: frozenset[str]) -> bool:
    """Whether what is judged may stand on a request: it is no reading one, and not about another resource."""
    return request.method not in SAFE and not _about(request, elsewhere)


def _about(request: Request, resources: frozenset[str]) -> bool:
    return not resources.isdisjoint(request.path.split("?")[0].split("/"))


def _delivers(exchange: Exchange, subjects: frozenset[str]) -> bool:
    """Whether an account was given an object that a record is about: a recall is for those who had the object."""
    answer = exchange.answer
    return answer is not None and exchange.request.method == "GET" and not subjects.isdisjoint(answer.ids)


def _steps_to(record: Transcript, keys: list[Key], elsewhere: frozenset[str] = frozenset()) -> list[Step]:
    """All that was posted or deleted on the way, the named exchanges, and what their values were taken from."""
    last = max(key.ordinal for key in keys)
    own = [e for e in _in_order(record.by_probe[keys[0].probe]) if e.key.ordinal <= last]
    fixtures = fixtures_of(keys[0].probe, record.by_probe)
    before = [e for name in fixtures for e in _in_order(record.by_probe[name])]
    chosen = _shown_of_the_gate(record, own) + before + own
    others = record.by_probe.keys() - {e.key.probe for e in chosen}
    # What other probes wrote shows up in listings too: their fixed words are no news, their objects are not there.
    lasting = record.lasting.union(*(record.said[name] for name in others))
    passing = frozenset[str]().union(*(record.created[name] for name in others))
    full = _captured(list(_grouped(chosen)), lasting, passing)
    subjects = _posted(e for e in chosen if _about(e.request, frozenset(load().contracts)))
    needed = {
        s.number
        for s in full
        if _changes(s.last.request, elsewhere)
        or set(keys) & {e.key for e in s.exchanges}
        or _delivers(s.last, subjects)
    }
    for step in reversed(full):
        if step.number in needed:
            needed |= {source.step for _, source in step.captured} | _log_in(full, step)
    return _captured([list(step.exchanges) for step in full if step.number in needed], lasting, passing)


def _log_in(full: list[Step], step: Step) -> set[int]:
    """For a wrong password the request before it with the right one: a server may answer known names otherwise."""
    actor = step.last.key.actor
    own = actor.removesuffix(WRONG_SECRET)
    before = [s.number for s in full if s.number < step.number and s.last.key.actor == own]
    return set(before[-1:]) if own != actor else set()


def _captured(groups: Iterable[list[Exchange]], lasting: frozenset[str], passing: frozenset[str]) -> list[Step]:
    tracker = Tracker(lasting, passing)
    found = []
    for number, group in enumerate(groups, 1):
        request = group[-1].request
        captured = tracker.asked(used_in_url(request.url) + used_in_headers(request) + used_in_body(request))
        tracker.answered(number, group[-1].answer)
        found.append(Step(number, tuple(group), tuple(captured.items())))
    return found


def is_possible(record: Transcript, check: Check) -> bool:
    """True when the check rests on an exchange of the record, so that there is something to reproduce."""
    return any(key.probe in record.by_probe for key in evidence_of(check))


def evidence_steps(record: Transcript, check: Check) -> list[int]:
    """Numbers of the steps whose answers the check rests on, in the order of the script; the last was judged last."""
    return _judged(steps(record, check), check)


def _judged(found: list[Step], check: Check) -> list[int]:
    named = set(evidence_of(check))
    return [step.number for step in found if named & {e.key for e in step.exchanges}]


def script(
    record: Transcript, row: Requirement, check: Check, base_url: str, certified: frozenset[str] = frozenset()
) -> str:
    """The script of a failed check, or "" when the check rests on no exchange.

    It needs sh, curl and python3, and keeps status, headers and body of step N in $ISAO_OUT/N.status,
    N.headers and N.body. `certified` are the actors that sign in with a client certificate.
    """
    found = steps(record, check)
    if not found:
        return ""
    return curl_script.render(row, check, found, _judged(found, check), origin_of(base_url), certified)


def _in_order(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Exchanges of one probe as they took place: ordinals count across its actors."""
    return sorted(exchanges, key=lambda e: e.key.ordinal)


def _shown_of_the_gate(record: Transcript, own: list[Exchange]) -> list[Exchange]:
    """The posts of the gates that these exchanges are shown: they stand in the run before every probe."""
    shown = {stix_id for e in own if e.answer is not None for stix_id in e.answer.ids}
    gates = [name for name in record.by_probe if name.startswith(GATE) and name != own[0].key.probe]
    return [e for name in gates for e in _in_order(record.by_probe[name]) if _posted([e]) & shown]


def _posted(exchanges: Iterable[Exchange]) -> frozenset[str]:
    bodies = (e.request.body.decode("utf-8", "replace") for e in exchanges if e.request.method == "POST")
    return frozenset(found for body in bodies for found in stix_ids(body))


def _grouped(exchanges: list[Exchange]) -> Iterator[list[Exchange]]:
    """Polls as one group: three or more same GETs of one actor in a row. All others stand alone."""
    group: list[Exchange] = []
    for exchange in exchanges:
        if group and _same(group[-1], exchange):
            group.append(exchange)
            continue
        yield from _split(group)
        group = [exchange]
    yield from _split(group)


def _same(one: Exchange, other: Exchange) -> bool:
    same_place = (one.key.probe, one.key.actor) == (other.key.probe, other.key.actor)
    return same_place and one.request == other.request and one.request.method == "GET"


def _split(group: list[Exchange]) -> Iterator[list[Exchange]]:
    pending = any(e.answer is not None and e.answer.resource.get("status") == "pending" for e in group[:-1])
    if len(group) > 2 or pending:
        yield group
    else:
        yield from ([exchange] for exchange in group)
