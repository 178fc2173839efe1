"""What the target offers, looked up once before any probe runs.

The survey judges nothing: it finds the API root, the collections and the capability document, so
that probes work on any URL layout. Its exchanges are evidence like all others, under `survey`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urljoin

from isao_conformance.errors import NoAnswer, OriginNotDeclared
from isao_conformance.exchange import Answer
from isao_conformance.listings import joined
from isao_conformance.schemas import faults
from isao_conformance.session import Session
from isao_conformance.target import OUTSIDER, Target, origin_of

CAPABILITY_PATH = "/.well-known/isao.json"
SECURITY_TXT = "/.well-known/security.txt"
ORDER_OF_PRIMARY = ("member-a", "member-b", "member-a2", "analyst", "operator", "peer", "government")


@dataclass(frozen=True)
class Collection:
    """A collection as one actor sees it."""

    url: str
    id: str
    can_read: bool
    can_write: bool
    resource: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """What was found. Empty strings and tuples mean: not found, never: not there."""

    primary: str
    discovery: Answer | None = None
    api_root: str = ""
    root: Answer | None = None
    collections: tuple[Collection, ...] = ()
    capability: Answer | None = None
    notes: tuple[str, ...] = ()

    @property
    def readable(self) -> tuple[str, ...]:
        """URLs of the collections that the primary actor may read."""
        return tuple(c.url for c in self.collections if c.can_read)

    @property
    def capability_document(self) -> Mapping[str, Any]:
        """The capability document, or an empty mapping when it is missing or breaks its schema."""
        if self.capability is None or self.capability.status != 200:
            return {}
        return {} if faults("capability-document", self.capability.data) else self.capability.resource


def primary_actor(target: Target) -> str:
    """The account that single-account probes use; the outsider when there is none."""
    return next((name for name in ORDER_OF_PRIMARY if name in target.actors), OUTSIDER)


def survey(target: Target, session_of: Callable[[str], Session]) -> Survey:
    """Ask discovery, the API root, its collections and the capability document; the target cannot make it raise."""
    primary = primary_actor(target)
    session, stranger = session_of(primary), session_of(OUTSIDER)
    notes: list[str] = []

    def ask(fetch: Callable[[], Answer]) -> Answer | None:
        try:
            return fetch()
        except (NoAnswer, OriginNotDeclared) as fault:
            notes.append(fault.why)
            return None

    discovery = ask(lambda: session.get(target.discovery))
    capability = ask(lambda: stranger.get(urljoin(target.base_url, CAPABILITY_PATH), accept="application/json"))
    api_root = _api_root(target, discovery, notes)
    root = listing = None
    if api_root:
        root = ask(lambda: session.get(api_root))
        listing = ask(lambda: session.collections(api_root))
    collections = _collections(target, api_root, listing)
    if target.read or target.write:
        known = {c.url for c in collections}
        for url in (*target.read, *target.write):
            if url in known:
                continue
            known.add(url)
            single = ask(partial(session.collection, url))
            if single is not None and single.status == 200:
                collections.append(_collection(url, single.resource))
    return Survey(primary, discovery, api_root, root, tuple(collections), capability, tuple(notes))


def _api_root(target: Target, discovery: Answer | None, notes: list[str]) -> str:
    for url in (*target.write, *target.read):
        if "/collections/" in url:
            return url.split("/collections/")[0] + "/"
    offered: list[Any] = []
    if discovery is not None:
        offered = [discovery.resource.get("default"), *discovery.list_of("api_roots")]
    for root in offered:
        if isinstance(root, str) and root:
            absolute = joined(target.discovery, root)
            if not absolute:
                notes.append(f"the API root {root!r} is no URL")
                continue
            if origin_of(absolute) in target.origins:
                return absolute if absolute.endswith("/") else absolute + "/"
            notes.append(
                f'the API root {absolute} is outside the declared origins; add "{origin_of(absolute)}" to origins'
            )
    return ""


def _collections(target: Target, api_root: str, listing: Answer | None) -> list[Collection]:
    if listing is None or listing.status != 200:
        return []
    found: list[Collection] = []
    declared = {*target.read, *target.write}
    for resource in listing.list_of("collections"):
        if isinstance(resource, dict) and isinstance(resource.get("id"), str):
            url = f"{api_root}collections/{resource['id']}/"
            alias = resource.get("alias")
            by_alias = f"{api_root}collections/{alias}/"
            found.append(_collection(by_alias if isinstance(alias, str) and by_alias in declared else url, resource))
    return found


def _collection(url: str, resource: Mapping[str, Any]) -> Collection:
    can_read, can_write = resource.get("can_read") is True, resource.get("can_write") is True
    return Collection(url, str(resource.get("id", "")), can_read, can_write, resource)
