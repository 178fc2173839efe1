"""What restricts an item besides its label: to whom, not to the government, not before a day, not for some purposes.

Said by a marking definition with the handling extension of the specification (docs/handling.md). What is not understood
in every word is a restriction that we do not know, and whoever reads it here gets None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isao_reference.policy.principal import PURPOSES
from isao_reference.wire import timestamps

EXTENSION = "extension-definition--5a0d1f5e-8f0f-4e0d-9d0c-1f7c2a7d6b31"
CLASSES = ("public", "members", "peers", "government")
REFUSABLE = PURPOSES[1:]
"""Purposes that an item can refuse: all but the one that sharing is for."""

_NAMED = re.compile(r"(?:organization|group|account):[A-Za-z0-9._-]{1,64}", re.ASCII)
_MOST = 200


@dataclass(frozen=True)
class Handling:
    """`addressed` is None where nobody is named; `government` is None where nothing is said; `embargo` is microseconds,
    0 for none; `bases` are the legal bases that were named, which decide nothing."""

    addressed: frozenset[str] | None = None
    government: bool | None = None
    embargo: int = 0
    refused: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()


NONE = Handling()


def of_marking(value: Mapping[str, Any]) -> Handling | None:
    """What a marking definition with the handling extension says; None when it is none, or not all is understood."""
    extensions = value.get("extensions")
    if value.get("type") != "marking-definition" or "definition_type" in value or "definition" in value:
        return None
    if not isinstance(extensions, dict) or extensions.keys() != {EXTENSION}:
        return None
    said = extensions[EXTENSION]
    if not isinstance(said, dict) or said.get("extension_type") != "property-extension":
        return None
    known = {"extension_type", "addressed_to", "government", "embargo_until", "refused_purposes", "legal_basis"}
    addressed, refused = said.get("addressed_to"), said.get("refused_purposes", [])
    government, until = said.get("government"), said.get("embargo_until")
    embargo = timestamps.parse_taxii(until) if isinstance(until, str) else None
    understood = (
        not said.keys() - known
        and ("addressed_to" not in said or _are(addressed, _is_target))
        and ("government" not in said or government in ("yes", "no"))
        and ("embargo_until" not in said or embargo is not None)
        and ("refused_purposes" not in said or _are(refused, REFUSABLE.__contains__))
        and isinstance(said.get("legal_basis", ""), str)
    )
    if not understood:
        return None
    return Handling(
        None if addressed is None else frozenset(addressed),
        None if government is None else government == "yes",
        embargo or 0,
        frozenset(refused),
        frozenset(filter(None, [said.get("legal_basis")])),
    )


def together(several: Iterable[Handling]) -> Handling:
    """Several that count together: the most restrictive of each kind."""
    found = list(several)
    addressed = [one.addressed for one in found if one.addressed is not None]
    government = {one.government for one in found}
    return Handling(
        frozenset.intersection(*addressed) if addressed else None,
        False if False in government else (True if True in government else None),
        max((one.embargo for one in found), default=0),
        frozenset().union(*(one.refused for one in found)),
        frozenset().union(*(one.bases for one in found)),
    )


def to_text(one: Handling) -> str:
    """One text for equal handlings, "" for none; `from_text` reads it back."""
    if one == NONE:
        return ""
    addressed = None if one.addressed is None else sorted(one.addressed)
    return json.dumps([addressed, one.government, one.embargo, sorted(one.refused), sorted(one.bases)])


def from_text(text: str) -> Handling:
    """The handling that `to_text` wrote."""
    if not text:
        return NONE
    addressed, government, embargo, refused, *bases = json.loads(text)
    return Handling(
        None if addressed is None else frozenset(addressed),
        government,
        embargo,
        frozenset(refused),
        frozenset(*bases),
    )


def _are(value: object, accepted: Any) -> bool:
    return (
        isinstance(value, list) and 0 < len(value) <= _MOST and all(isinstance(v, str) and accepted(v) for v in value)
    )


def _is_target(text: str) -> bool:
    return text in CLASSES or _NAMED.fullmatch(text) is not None
