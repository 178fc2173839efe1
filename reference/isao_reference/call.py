"""What an endpoint gets and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field

from isao_reference.audit.record import Draft
from isao_reference.policy.principal import Principal
from isao_reference.settings import Settings
from isao_reference.store.api_roots import ApiRoot
from isao_reference.store.guarded import Guarded
from isao_reference.wire import media_types


@dataclass(frozen=True)
class Call:
    """One request that passed the funnel: who asks, for what, with which filters and body. Every transaction of its
    `store` first asks whether the principal still has access. `draft` is the request's entry for the audit log, as far
    as it is known; `settle` writes what still waits for that log."""

    settings: Settings
    store: Guarded
    principal: Principal
    root: ApiRoot
    path: Mapping[str, str] = field(default_factory=dict)
    query: bytes = b""
    body: bytes = b""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    draft: Draft = field(default_factory=Draft)
    settle: Callable[[], None] = lambda: None

    def header(self, name: str) -> str | None:
        """The only value of a request header (its name in lower case); None when it is absent or sent twice."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Answer:
    """One successful response. With a `stream` the body is what that yields until it ends or the client leaves."""

    body: bytes
    status: int = 200
    media_type: str = media_types.TAXII_21
    headers: tuple[tuple[str, str], ...] = ()
    stream: Callable[[], AsyncGenerator[bytes, None]] | None = None
