"""What a probe is and how probes are found: importing a module of `probes/` registers what it decorates.

A probe is a small synchronous function over a Lab. Its name is a sentence and, with the names of its
checks, public API: vendors' baselines name them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from isao_conformance.exchange import Exchange

if TYPE_CHECKING:
    from isao_conformance.lab import Lab

NEEDS = (
    "writable",
    "deletable",
    "two-collections",
    "tls",
    "discovery",
    "capability-document",
    "functions",
    "may-decide",
    "identity",
)


@dataclass(frozen=True)
class Probe:
    """A decorated probe function.

    `statement` is the digest of the requirement it was written against; `needs` are actor names and
    the features listed in NEEDS; an `exclusive` probe runs while no other one does.
    """

    requirement: str
    statement: str
    run: Callable[[Lab], None]
    needs: tuple[str, ...] = ()
    exclusive: bool = False

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__


@dataclass(frozen=True)
class Finding:
    """What a watcher objects to in one exchange."""

    expected: str
    got: str


Looked = Finding | bool
"""A watcher's answer: a Finding, True (looked and found nothing wrong), False (this exchange says nothing here)."""


@dataclass(frozen=True)
class Watcher:
    """A function that looks at every exchange of the run for one requirement."""

    requirement: str
    statement: str
    look: Callable[[Exchange], Looked]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.look.__name__


_PROBES: dict[str, Probe] = {}
_WATCHERS: dict[str, Watcher] = {}

F = TypeVar("F", bound=Callable[..., Any])


def probe(
    requirement: str, *, statement: str, needs: tuple[str, ...] | list[str] = (), exclusive: bool = False
) -> Callable[[F], F]:
    """Register a probe of a requirement. `statement` is the row's digest (`isao spec show ID` prints it)."""

    def register(function: F) -> F:
        entry = Probe(requirement, statement, function, tuple(needs), exclusive)
        if entry.name in _PROBES and _PROBES[entry.name].run.__module__ != function.__module__:
            raise ValueError(f"two probes are called {entry.name}")
        _PROBES[entry.name] = entry
        return function

    return register


def watcher(requirement: str, *, statement: str) -> Callable[[F], F]:
    """Register a watcher of a requirement."""

    def register(function: F) -> F:
        entry = Watcher(requirement, statement, function)
        if entry.name in _WATCHERS and _WATCHERS[entry.name].look.__module__ != function.__module__:
            raise ValueError(f"two watchers are called {entry.name}")
        _WATCHERS[entry.name] = entry
        return function

    return register


@cache
def _import_all() -> None:
    import isao_conformance.probes as folder

    for module in sorted(m.name for m in pkgutil.iter_modules(folder.__path__)):
        importlib.import_module(f"{folder.__name__}.{module}")


def all_probes() -> dict[str, Probe]:
    """Every probe by name, in alphabetical order."""
    _import_all()
    return dict(sorted(_PROBES.items()))


def all_watchers() -> dict[str, Watcher]:
    """Every watcher by name, in alphabetical order."""
    _import_all()
    return dict(sorted(_WATCHERS.items()))
