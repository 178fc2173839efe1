"""Who credentials stand for, remembered as long as nothing has changed that decides it: every transaction of a request
asks, and nearly always the answer is the one before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from isao_reference.policy.principal import Principal

_MOST = 4096


@dataclass(frozen=True)
class Lasting:
    """A principal, and from when to when it is that as far as time goes (microseconds, the end not included)."""

    principal: Principal
    since: int
    until: int


Asked = tuple[bytes, tuple[str, ...], str | None]
"""The store's access serial, the ids of the credentials, the purpose of use that was named."""

_known: OrderedDict[Asked, Lasting] = OrderedDict()
_lock = threading.Lock()


def principal(asked: Asked, now: int, work_out: Callable[[], Lasting | None]) -> Principal | None:
    """The principal that was worked out before for the same question, or is now; None is never remembered."""
    with _lock:
        found = _known.get(asked)
    if found is None or not found.since <= now < found.until:
        found = work_out()
        if found is None:
            return None
        with _lock:
            _known[asked] = found
            _known.move_to_end(asked)
            while len(_known) > _MOST:
                _known.popitem(last=False)
    return found.principal
