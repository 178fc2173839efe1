"""What an endpoint gets and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isao_reference.policy.principal import Principal
from isao_reference.settings import Settings
from isao_reference.store.api_roots import ApiRoot
from isao_reference.store.sqlite import Store
from isao_reference.wire import media_types


@dataclass(frozen=True)
class Call:
    """One request that passed the funnel: who asks, for what, with which filters and body."""

    settings: Settings
    store: Store
    principal: Principal
    root: ApiRoot
    path: Mapping[str, str] = field(default_factory=dict)
    query: bytes = b""
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """One successful response."""

    body: bytes
    status: int = 200
    media_type: str = media_types.TAXII_21
    headers: tuple[tuple[str, str], ...] = ()
