"""How two answers differ, once what differs by itself is set aside. Pure.

An answer is taken apart into facets: its status, each header, its body, and each member of a JSON body. Two
answers to the same question show which facets are noise (request ids, error ids, random cursors); only the
others can tell a hidden thing from an absent one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from isao_conformance.exchange import Answer

ALWAYS_NOISE = frozenset({"date", "age"})
"""Headers that follow the clock (RFC 9110, 6.6.1; RFC 9111, 5.1): equal by luck only."""

BODY = "body"


def facets(answer: Answer, ids: Iterable[str] = (), *, values: bool = True) -> dict[str, str]:
    """The answer taken apart, the given STIX ids masked. Without `values` a header counts by its name alone."""
    found = {"status": str(answer.status)}
    for name, value in answer.headers:
        key = f"header {name.lower()}"
        if name.lower() not in ALWAYS_NOISE:
            found[key] = f"{found.get(key, '')}{_mask(value, ids) if values else 'present'}\n"
    found[BODY] = _mask(answer.body.decode("utf-8", "backslashreplace"), ids)
    for name, member in answer.resource.items():
        found[f"{BODY} member {name}"] = _mask(json.dumps(member, sort_keys=True), ids)
    return found


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> frozenset[str]:
    """Names of the facets in which the two are not equal."""
    return frozenset(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def leaks(one: Mapping[str, str], again: Mapping[str, str], real: Mapping[str, str]) -> frozenset[str]:
    """Facets in which `real` differs from `one` though `one` and `again`, the same question twice, do not differ."""
    noise = differences(one, again)
    if any(name.startswith(f"{BODY} member ") for name in noise):
        # As octets the body cannot be compared any more; its other members still can.
        noise |= {BODY}
    return differences(one, real) - noise


def unjudgeable(noise: Iterable[str]) -> bool:
    """True when the answer's content itself is noise: a status, a list of objects or a body that is not JSON."""
    noisy = set(noise)
    if {"status", f"{BODY} member objects", f"{BODY} member versions"} & noisy:
        return True
    return BODY in noisy and not any(name.startswith(f"{BODY} member ") for name in noisy)


def told(leaks: Iterable[str], first: Mapping[str, str], second: Mapping[str, str]) -> str:
    """The differing facets in words, with both values cut short."""
    listed = [f"{n}: {_short(first.get(n))} then {_short(second.get(n))}" for n in sorted(leaks) if n != BODY]
    return "; ".join(listed) or ("the bodies differ" if BODY in set(leaks) else "no difference")


def _short(value: str | None) -> str:
    return "nothing" if value is None else value.strip()[:80]


def _mask(text: str, ids: Iterable[str]) -> str:
    for stix_id in ids:
        text = text.replace(stix_id, "{id}").replace(stix_id.partition("--")[2] or stix_id, "{uuid}")
    return text
