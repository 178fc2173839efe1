"""A list longer than the pages of most servers; walks by next or by time, with something done between two pages; and
what is judged of them (TAXII 2.1, 3.5)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from isao_conformance import content
from isao_conformance.arrivals import LAST, arrivals_of
from isao_conformance.errors import Untestable
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, Shelf
from isao_conformance.lab import Lab
from isao_conformance.limits import LIMITS
from isao_conformance.listings import instant, served

LONG = 101
"""One more than the commonest page size of servers."""


def more_than_a_page(lab: Lab) -> Shelf:
    """A hundred and one campaigns, added in one POST. Only for exclusive probes: it lengthens every other walk.

    Untestable where a body of that size is not taken.
    """
    uuids = [lab.uuid() for _ in range(LONG)]
    made = [content.sdo("campaign", uuid, lab.run, LABEL, name=f"drill campaign {uuid[:8]}") for uuid in uuids]
    ceiling = lab.survey.root.resource.get("max_content_length") if lab.survey.root is not None else None
    size = len(json.dumps({"objects": made}))
    if isinstance(ceiling, int) and size >= ceiling:
        raise Untestable(f"the API root takes {ceiling} octets, and {LONG} objects are {size}")
    lab.publish(made)
    return Shelf(lab.workspace, tuple(made), own=True)


def listed(answer: Answer) -> list[str]:
    """What an answer lists: the ids of objects or records, or versions."""
    return answer.ids or [str(version) for version in answer.list_of("versions")]


def editions(answer: Answer) -> list[str]:
    """What an answer lists of one object: the modified times of objects, or versions."""
    return [str(stix.get("modified")) for stix in answer.objects] or listed(answer)


@dataclass(frozen=True)
class Walk:
    """The pages of one query in order. `exact` is False when a page was continued by time, which may lawfully skip
    what shares one date_added; `stuck` says why the walk did not come to its end, "" when it did."""

    answers: tuple[Answer, ...]
    exact: bool
    stuck: str

    @property
    def last(self) -> Answer:
        """The last answer."""
        return self.answers[-1]

    @property
    def entries(self) -> list[str]:
        """What all pages list, in order, repeated as it was."""
        return [entry for answer in self.answers for entry in listed(answer)]

    @property
    def times(self) -> Counter[str]:
        """How often each entry was met."""
        return Counter(self.entries)


def position_after(answer: Answer, by_time: bool = False) -> dict[str, str]:
    """How to ask for the page after this one: next, or added_after with X-TAXII-Date-Added-Last; empty when neither
    is given. `by_time` leaves next alone."""
    if answer.next and not by_time:
        return {"next": answer.next}
    last = answer.header(LAST)
    return {"added_after": last} if last else {}


def follow(ask: Callable[..., Answer], by_time: bool = False, between: Callable[[int], None] = lambda _: None) -> Walk:
    """Walk on while `more` is true. `ask(**position)` fetches a page; `between(n)` is called after page n, before the
    next one."""
    answers: list[Answer] = []
    position: dict[str, str] = {}
    seen: set[tuple[str, ...]] = set()
    exact, stuck = True, ""
    while True:
        answer = ask(**position)
        answers.append(answer)
        if answer.status != 200 or not answer.more:
            stuck = "" if answer.status == 200 else f"page {len(answers)} gave {answer.brief()}"
            break
        position = position_after(answer, by_time)
        here = (*position.values(), *listed(answer))
        if not position or here in seen or len(answers) >= LIMITS.walk_pages:
            stuck = f"page {len(answers)} says more and " + ("gives no way on" if not position else "leads nowhere")
            break
        seen.add(here)
        exact = exact and "next" in position
        between(len(answers))
    return Walk(tuple(answers), exact, stuck)


def date_shared(lab: Lab, where: str, ids: Iterable[str]) -> set[str]:
    """Those objects that share their date_added with another one of them."""
    told = arrivals_of(lab, where, ids)
    dates = {key: instant(text) for key, texts in told.dates.items() for text in texts}
    count = Counter(dates.values())
    return {stix_id for (stix_id, _), date in dates.items() if count[date] > 1}


def promises_too_much(ask: Callable[..., Answer], wanted: set[str], name_of: Callable[[Answer], list[str]]) -> str:
    """Whether the answer that completes what is wanted says more although nothing follows; says so, or "".

    Raises Untestable when it does not all come.
    """
    met: set[str] = set()
    position: dict[str, str] = {}
    for number in range(1, len(wanted) + 2):
        answer = ask(**position)
        if answer.status != 200:
            raise Untestable(f"the control did not hold: page {number} gave {answer.brief()}")
        met |= set(name_of(answer))
        position = position_after(answer)
        if wanted <= met:
            if not answer.more or (position and listed(ask(**position))):
                return ""
            return f"page {number} completes {len(wanted)} entries, says more, and nothing follows"
        if not answer.more or not position:
            break
    raise Untestable(f"the control did not hold: {len(wanted & met)} of {len(wanted)} entries come")


def asking(fetch: Callable[..., Answer], *place: str, **query: Any) -> Callable[..., Answer]:
    """How a walk asks: this endpoint, place and query, plus the position of the page."""
    return lambda **position: fetch(*place, **{**query, **position})


def judge_met_once(lab: Lab, name: str, where: str, ids: list[str], walk: Walk) -> None:
    """Judge that a walk came to its end and met each object once; `ids` are those that are there."""
    lab.expect(not walk.stuck, f"{name} the walk comes to its end", got=walk.stuck or f"{len(walk.answers)} pages")
    lost = [i for i in ids if i not in walk.times and served(lab.reader.object(where, i), i)]
    doubled = [i for i in ids if walk.times[i] > 1]
    lab.expect(not lost, f"{name} nothing is lost", got=f"lost: {lost[:3]}" if lost else f"{len(ids)} met")
    lab.expect(not doubled, f"{name} nothing comes twice", got=f"twice: {doubled[:3]}" if doubled else "each once")


def judge_followed(lab: Lab, name: str, there: list[str], walk: Walk) -> None:
    """Judge that a walk came to its end and met once each of what is there."""
    lacking = [entry for entry in there if entry not in walk.times]
    doubled = [entry for entry in there if walk.times[entry] > 1]
    lab.expect(not walk.stuck, f"{name} can be followed to the end", got=walk.stuck or f"{len(walk.answers)} pages")
    lab.expect(
        bool(walk.stuck) or not (lacking or doubled),
        f"on the way through {name} each entry is met once",
        got=f"lost {lacking[:2]}, twice {doubled[:2]}" if lacking or doubled else f"{len(there)} met once",
    )
