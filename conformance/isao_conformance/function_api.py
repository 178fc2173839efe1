"""The function API of a target, as one actor uses it: records, their steps, events (design of the function contracts).

Addresses follow from the root that the capability document names, the contract's resource, the record's id and the
step's name; nothing else is assumed of the server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from isao_conformance.errors import Untestable
from isao_conformance.event_stream import Event, events_in
from isao_conformance.exchange import Answer
from isao_conformance.lab import Lab
from isao_conformance.limits import LIMITS
from isao_conformance.session import LONE, Session

JSON, TEXT = "application/json", "text/plain"
_STIX_ID = re.compile(r"[a-z][a-z0-9-]*--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def root_of(lab: Lab) -> str:
    """The URL of the function API, with its final slash. Untestable when the capability document names none."""
    services = lab.survey.capability_document.get("services", {})
    root = services.get("functions", {}).get("root", "")
    if not root:
        raise Untestable("the capability document names no services.functions", blocked_by="capability function-api")
    return str(root).rstrip("/") + "/"


def is_offered(lab: Lab) -> bool:
    """Whether the capability document names a function API: outcomes are then looked for there, else in TAXII."""
    return "functions" in lab.survey.capability_document.get("services", {})


def offered(lab: Lab) -> set[str]:
    """The functions that the capability document says are offered."""
    listed = lab.survey.capability_document.get("functions", ())
    return {str(one["name"]) for one in listed if one.get("status") == "offered"}


@dataclass(frozen=True)
class Functions:
    """The function API for one actor of a probe. Methods send one request each and return its answer."""

    lab: Lab
    actor: str
    session: Session

    def create(self, resource: str, document: Any, *, key: str | None = None) -> Answer:
        """Make a record. `key` is sent as Idempotency-Key. What was made is written down as left over."""
        answer = self._post(self.url(resource), document, {"Idempotency-Key": key})
        made = answer.resource.get("id")
        if 200 <= answer.status < 300 and isinstance(made, str):
            self.lab.recorded(self.url(resource), self.actor, made)
        return self._noted(resource, answer)

    def step(
        self,
        resource: str,
        record: str,
        step: str,
        document: Any = None,
        *,
        tag: str | None = None,
        key: str | None = None,
    ) -> Answer:
        """Take a step of a record. `tag` is sent as If-Match, `key` as Idempotency-Key."""
        headers = {"If-Match": tag, "Idempotency-Key": key}
        return self._noted(resource, self._post(self.url(resource, record, step), document, headers))

    def get(self, resource: str, record: str, accept: str = JSON) -> Answer:
        """One record, as JSON or as text."""
        return self._noted(resource, self.session.get(self.url(resource, record), accept=accept))

    def pages(self, resource: str, **query: Any) -> Iterator[list[Mapping[str, Any]]]:
        """The records that the actor is listed, page by page, up to the first answer that is not 200. Untestable when
        the walk does not end."""
        position: dict[str, str] = {}
        for _ in range(LIMITS.walk_pages):
            page = self.list(resource, **query, **position)
            yield [one for one in page.list_of("records") if isinstance(one, Mapping)]
            token = page.resource.get("next")
            if page.status != 200 or not isinstance(token, str) or position == {"next": token}:
                return
            position = {"next": token}
        raise Untestable(f"the list of {resource} does not end")

    def list(self, resource: str, **query: Any) -> Answer:
        """A page of the records that the actor may read."""
        return self.session.get(self.url(resource), query, accept=JSON)

    def ids(self, resource: str, **query: Any) -> set[str]:
        """The ids of all records that the actor is listed. Untestable when the walk does not end."""
        return {str(one.get("id")) for page in self.pages(resource, **query) for one in page}

    def events(self, after: str | None = None) -> Answer:
        """The events as a list, after the one with this id."""
        extra = [("Last-Event-ID", after)] if after is not None else []
        return self.session.request("GET", self.url("events"), accept=JSON, extra=extra)

    def listen(
        self,
        after: str | None = None,
        then: Callable[[], None] = lambda: None,
        until: Callable[[Sequence[Event]], bool] = lambda events: False,
    ) -> tuple[Answer, Sequence[Event]]:
        """The event stream after an id, read until `until` is content with the events; see `Session.listen`."""
        answer = self.session.listen(
            self.url("events"), after=after, then=then, until=lambda octets: until(events_in(octets))
        )
        return answer, events_in(answer.body)

    def url(self, *parts: str) -> str:
        """An address below the root, with its final slash."""
        return root_of(self.lab) + "".join(quote(part, safe="", errors=LONE) + "/" for part in parts)

    def _noted(self, resource: str, answer: Answer) -> Answer:
        """The answer, after what it says was published for the record is written down as left over."""
        if 200 <= answer.status < 300:
            self.lab.published(self.url(resource), self.actor, publications(answer.resource))
        return answer

    def _post(self, url: str, document: Any, headers: Mapping[str, str | None]) -> Answer:
        extra = [(name, value) for name, value in headers.items() if value is not None]
        body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode("utf-8", LONE)
        # No bytes are no JSON, so they are not called so.
        kind = None if document is None else JSON
        return self.session.request("POST", url, accept=JSON, content_type=kind, body=body, extra=extra)


def publications(shown: Mapping[str, Any]) -> list[str]:
    """The ids of the STIX objects that the target says it published for a record."""
    facts = shown.get("facts")
    if not isinstance(facts, Mapping):
        return []
    staff = facts.get("staff")
    places = [facts.get("published"), facts.get("opinion"), staff.get("links") if isinstance(staff, Mapping) else None]
    found = [one for place in places for one in (place if isinstance(place, list) else [place])]
    return [one for one in found if isinstance(one, str) and _STIX_ID.fullmatch(one)]


def functions_of(lab: Lab, actor: str) -> Functions:
    """The function API as an actor uses it. Untestable when the actor is not lent or there is no such API."""
    root_of(lab)
    return Functions(lab, actor, lab.as_(actor))
