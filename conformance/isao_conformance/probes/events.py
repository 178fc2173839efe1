"""Probes of the event stream: what is new is told as it comes, and whoever was away misses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from isao_conformance.drills import create, found
from isao_conformance.event_stream import Event
from isao_conformance.function_api import functions_of
from isao_conformance.lab import Lab
from isao_conformance.probe import probe
from isao_conformance.readers import CONTRIBUTOR

LISTENER = "member-b"
SAMPLES = 3


@probe(
    "ISAO-DIS-004",
    statement="5ac80bf3",
    needs=["functions", "member-a", "member-b", "writable"],
    exclusive=True,
)
def a_listener_is_told_of_what_is_new_and_misses_nothing_when_it_comes_back(lab: Lab) -> None:
    """Small teams cannot poll every second, and an event that is lost with the connection was never sent.

    While member-b listens, another member shares items: for each an event of its collection leads to the item. Feedback
    on an item of member-b is told by the id of its record. Two items that came while nobody listened are both led to
    after coming back with the last id. An id that never was is answered by a resync. Each item is found by polling.
    """
    listener = functions_of(lab, LISTENER)
    seconds: list[float] = []
    last = ""
    for _ in range(SAMPLES):
        stix, started = lab.indicator("green"), lab.now()
        _, events = listener.listen(then=_sharing(lab, [stix]), until=lambda told: bool(_of(lab, told)))
        took = (lab.now() - started).total_seconds()
        lab.control(bool(found(lab, LISTENER, [stix["id"]])), "the item is found by polling")
        led = stix["id"] in _led_to(lab, events)
        lab.expect(led, "an item is told of while it comes", expected="an event of its collection", got=_said(events))
        if not led:
            return
        seconds.append(took)
        last = events[-1].id
    lab.measure_all("submission to first visibility by event", seconds, of="time-to-first-visibility")
    own = lab.share("green", by=LISTENER)
    given: list[str] = []

    def feedback() -> None:
        given.append(create(functions_of(lab, CONTRIBUTOR), "feedback", {"subject": own["id"], "timely": "yes"}))

    started = lab.now()
    _, events = listener.listen(then=feedback, until=lambda told: any(one.data.get("record") in given for one in told))
    took = (lab.now() - started).total_seconds()
    told = any(one.data.get("record") in given for one in events)
    lab.expect(told, "a record is told of while it comes", expected="an event with its id", got=_said(events))
    last = events[-1].id if events else last
    if told:
        lab.measure("feedback to its originator by event", took, "s", of="feedback-round-trip")
    missed = [lab.share("green", by=CONTRIBUTOR)["id"] for _ in range(2)]
    lab.control(found(lab, LISTENER, missed).keys() == set(missed), "what came meanwhile is found by polling")
    _, events = listener.listen(last, until=lambda told: len(_of(lab, told)) >= len(missed))
    lost = sorted(set(missed) - _led_to(lab, events))
    lab.expect(not lost, "what came meanwhile is told of after coming back", got=f"{lost} in {_said(events)}")
    _, events = listener.listen(lab.uuid(), until=lambda told: any(one.type == "resync" for one in told))
    resync = any(one.type == "resync" for one in events)
    lab.expect(resync, "an id that is not known is answered by a resync", expected="event: resync", got=_said(events))


def _sharing(lab: Lab, objects: Iterable[dict[str, object]]) -> Callable[[], None]:
    def share() -> None:
        lab.publish(objects, by=CONTRIBUTOR)

    return share


def _of(lab: Lab, events: Iterable[Event]) -> list[Event]:
    """The events of the collection that the run writes to."""
    collection = urlsplit(lab.workspace).path.rstrip("/").rpartition("/")[2]
    return [one for one in events if one.data.get("collection") == collection]


def _led_to(lab: Lab, events: Iterable[Event]) -> set[str]:
    """The ids of everything that the listener finds when it pulls from where these events say."""
    since = sorted(str(one.data["added_after"]) for one in _of(lab, events) if "added_after" in one.data)
    if not since:
        return set()
    pages = lab.walk(lab.as_(LISTENER).objects, lab.workspace, added_after=since[0])
    return {stix_id for page in pages if page.status == 200 for stix_id in page.ids}


def _said(events: Iterable[Event]) -> str:
    return "; ".join(f"{one.type} {one.text}" for one in events) or "no event"
