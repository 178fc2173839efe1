"""What an exchange needs to know before it starts. Time and randomness come in from here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from isao_reference import limits
from isao_reference.allowances import Allowance
from isao_reference.store.api_roots import FIRST, ApiRoot

WRITES = Allowance(limits.WRITES_AT_ONCE, limits.WRITES_A_SECOND)
WRITTEN = Allowance(limits.WRITTEN_AT_ONCE, limits.WRITTEN_A_SECOND)


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def random_uuid() -> str:
    """A fresh RFC 4122 version 4 UUID in its canonical form (TAXII 2.1 section 2, identifier)."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Settings:
    """One exchange. `page_limit` is the page size when the client asks for none, `page_limit_max`
    the most a client may ask for; sizes are octets. `writes` and `written` are what one organization may write:
    requests, and octets of their bodies."""

    database: Path
    public_url: str = "https://127.0.0.1:8443/"
    title: str = "ISAO reference exchange"
    description: str = "A TAXII 2.1 exchange for an information sharing and analysis organization."
    contact: str = ""
    page_limit: int = 100
    page_limit_max: int = 1000
    max_content_length: int = limits.MAX_CONTENT_LENGTH
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = random_uuid
    workers: int = 8
    writes: Allowance = WRITES
    written: Allowance = WRITTEN

    @property
    def first_api_root(self) -> ApiRoot:
        """The API root that every exchange has."""
        return ApiRoot(FIRST, self.title, self.description, self.max_content_length)
