"""Where in STIX objects people write free text, and what in them is the threat itself. Pure.

Free text is what the specification leaves to people's words, and everything that it does not know. Patterns, values of
cyber-observables, hashes, references and external ids are never looked at, so they can never be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from isao_reference.content import common_rules, schemas, vocabulary

Path = tuple[str | int, ...]
MOST_DEPTH = 40
MOST_COMPARED = 9
"""Last digits by which a telephone number is known again."""


class Text(NamedTuple):
    """One text in an object: where it stands, the words of the property's name where that is somebody's own, and the
    text. A whole number in a property of somebody's own is read as its digits."""

    path: Path
    title: str
    text: str


_WORDS_TEXT = (
    "name description abstract content explanation aliases goals objective labels contact_information contents action "
    "x_opencti_description"
)
_WORDS = frozenset(_WORDS_TEXT.split())
_NOT_REVIEWED = frozenset({"marking-definition", "extension-definition", "bundle"})
_NO_TEXT_TEXT = (
    "id type spec_version created modified created_by_ref object_marking_refs granular_markings revoked confidence "
    "lang extension_type hashes url external_id"
)
_NO_TEXT = frozenset(_NO_TEXT_TEXT.split())
_NAMED = frozenset({"threat-actor", "intrusion-set", "campaign", "malware", "tool", "infrastructure"})
_RECIPIENTS = ("to_refs", "cc_refs", "bcc_refs")
_SENDERS = ("from_ref", "sender_ref")
_PEOPLE = ("victim", "employee", "patient", "customer", "complainant", "reporter")


def texts_of(item: Mapping[str, Any], skip_contact: bool) -> Iterator[Text]:
    """The free texts of an object, in the order of its properties; `skip_contact` leaves out how its identity wants to
    be reached."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind in _NOT_REVIEWED:
        return
    known = _specified(kind, common_rules.is_observable(dict(item), kind))
    words = _WORDS if kind not in vocabulary.SCO else frozenset[str]()
    for name, value in item.items():
        if name in words:
            if name != "contact_information" or not skip_contact:
                yield from _inside(value, (name,), "")
        elif name == "external_references" and isinstance(value, list):
            for place, one in enumerate(value):
                if isinstance(one, dict) and isinstance(one.get("description"), str):
                    yield Text((name, place, "description"), "", one["description"])
        elif name == "extensions" and isinstance(value, dict):
            for extension, content in value.items():
                if extension.startswith("extension-definition--"):
                    yield from _inside(content, (name, extension), "")
        elif name not in known and name not in _NO_TEXT and not name.endswith(("_ref", "_refs")):
            yield from _inside(value, (name,), _words_of(name))


@cache
def _specified(kind: str, observable: bool) -> frozenset[str]:
    return schemas.compiled().properties[schemas.name_for(kind, observable)] - (
        _WORDS if kind not in vocabulary.KNOWN else frozenset()
    )


def _words_of(name: str) -> str:
    return name.replace("_", " ").replace("-", " ") + ": "


def _inside(value: Any, path: Path, title: str) -> Iterator[Text]:
    if isinstance(value, str):
        yield Text(path, title, value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield Text(path, title, str(value))
    elif len(path) >= MOST_DEPTH:
        return
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NO_TEXT and not name.endswith(("_ref", "_refs")):
                yield from _inside(inner, (*path, name), _words_of(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _inside(inner, (*path, place), title)


def strings_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, at any depth the reader lets through."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


class Threat:
    """What objects that were sent together say that the threat is: texts of patterns, values of cyber-observables, and
    what they call actors and tools. Addresses that only receive mail are none of it."""

    def __init__(self, objects: Sequence[Any]) -> None:
        items = [one for one in objects if isinstance(one, dict)]
        self.receiving = _only_receiving(items)
        self._receiving_values = {str(one.get("value")).lower() for one in items if _name(one, "id") in self.receiving}
        self._authors = {_name(one, "created_by_ref") for one in items}
        self._attributed = {
            _name(one, end)
            for one in items
            if _name(one, "relationship_type") in ("attributed-to", "impersonates", "owns", "authored-by")
            for end in ("source_ref", "target_ref")
        }
        self._objects = items
        self._said: frozenset[str] | None = None

    def holds(self, value: str) -> bool:
        """Whether a value, however it is punctuated, occurs in what the threat is."""
        if self._said is None:
            self._said = frozenset(
                key for one in self._objects for text in self._texts(one) for key in _keys_of(text.lower())
            )
        if "@" in value:
            return value.lower() in self._said
        packed = _packed(value.lower())
        return packed in self._said or (value[:1] in "+(" and packed[-MOST_COMPARED:] in self._said)

    def receives(self, value: str) -> bool:
        """Whether a value is an address that only receives mail in these objects."""
        return value.lower() in self._receiving_values

    def _texts(self, item: Mapping[str, Any]) -> Iterable[str]:
        kind = _name(item, "type")
        if kind == "indicator" and isinstance(item.get("pattern"), str):
            return [item["pattern"]]
        if kind in _NAMED:
            return strings_in([item.get("name"), item.get("aliases")])
        if kind in vocabulary.SCO and _name(item, "id") not in self.receiving:
            own = _specified(str(kind), True) - _NO_TEXT
            return strings_in([value for name, value in item.items() if name in own and not name.endswith("_refs")])
        if kind == "observed-data":
            return strings_in(item.get("objects"))
        return ()

    def is_contact_point(self, item: Mapping[str, Any]) -> bool:
        """Whether what an identity says of how to reach it is there to be used: an organization's, a producer's, or an
        actor's."""
        person = item.get("identity_class") == "individual" or is_person_concerned(item)
        return not person or _name(item, "id") in self._authors | self._attributed


def _name(item: Mapping[str, Any], key: str) -> str | None:
    """The text under a key; None for anything else, which is no id and no word."""
    value = item.get(key)
    return value if isinstance(value, str) else None


def is_person_concerned(item: Mapping[str, Any]) -> bool:
    """Whether an identity is a single person to whom the threat happened, by its roles."""
    roles = item.get("roles")
    said = [one.lower() for one in roles if isinstance(one, str)] if isinstance(roles, list) else []
    return item.get("identity_class") == "individual" and any(word in one for word in _PEOPLE for one in said)


def _only_receiving(items: Sequence[Mapping[str, Any]]) -> frozenset[Any]:
    """Ids of addresses that stand as recipients of a message, and nowhere else."""
    messages = [one for one in items if one.get("type") == "email-message"]
    received = {ref for one in messages for name in _RECIPIENTS if isinstance(one.get(name), list) for ref in one[name]
                if isinstance(ref, str)}  # fmt: skip
    if not received:
        return frozenset()
    others = {one.get(name) for one in messages for name in _SENDERS if isinstance(one.get(name), str)}
    for one in items:
        for name, value in one.items():
            if name in ("sighting_of_ref", "source_ref", "target_ref") and isinstance(value, str):
                others.add(value)
    return frozenset(received - others)


_ADDRESS = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_NUMBER = re.compile(r"[a-z]{0,2}\d[\da-z ().-]{5,40}")


def _keys_of(text: str) -> Iterator[str]:
    """By what a value is known again in a text of the threat, in lower case: addresses, numbers without what stands
    between their digits, the last digits of those, and the text itself."""
    yield _packed(text)
    if "@" in text:
        for found in _ADDRESS.finditer(text):
            yield found[0].lstrip("'")
    for found in _NUMBER.finditer(text):
        packed = _packed(found[0])
        yield packed
        yield packed[-MOST_COMPARED:]


def _packed(text: str) -> str:
    return "".join(filter(str.isalnum, text))
