"""Documents of function contracts: valid ones from the schemas' examples, and invalid ones that differ in one fault.

Pure: what an example leaves open (`{now+PT2H}`, `{run}` ...) is given by the caller.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from isao_conformance.exchange import Answer
from isao_spec import schema_check

Path = tuple[str | int, ...]

_OPEN = re.compile(r"\{([a-z0-9]+)(?:\+(P[0-9DTHMS]+))?\}")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_OTHER_TYPE: Mapping[str, Any] = {
    "string": 7,
    "integer": "seven",
    "number": "seven",
    "boolean": "yes",
    "array": "none",
    "object": "none",
}
UNKNOWN = "not-in-the-schema"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Invalid:
    """A document with one fault. `name` says which and is part of a check's name; `kind` is what all faults like it
    have in common, `place` is where it is."""

    kind: str
    name: str
    place: Path
    document: Any


def examples(schema: str, now: datetime, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """The schema's examples with what they leave open filled in: {now} and {now+DURATION} from `now`, the rest from
    `values`. KeyError names a value that is not given."""
    return [_filled(one, now, values) for one in examples_of(schema)]


def examples_of(schema: str) -> list[Any]:
    """The schema's examples as they stand there."""
    return list(schema_check.schema(f"documents/{schema}").get("examples", ()))


def needs_object(schema: str) -> bool:
    """Whether a valid document names a STIX object of the exchange."""
    return "{object}" in str(examples_of(schema))


def marked(schema: str, document: Mapping[str, Any], word: str) -> dict[str, Any]:
    """The document with a word added to its first property of free text, so that it is known again; it stays valid."""
    known = schema_check.schema(f"documents/{schema}")["properties"]
    for name, about in known.items():
        if name in document and about.get("type") == "string" and about.get("maxLength", 0) >= 250:
            return {**document, name: f"{document[name]} {word}"}
    return dict(document)


def invalid_documents(schema: str, valid: Mapping[str, Any]) -> list[Invalid]:
    """Documents that differ from a valid one in one fault each, as the schema itself sees it: a required property
    missing, a value of another type or outside its list, a property that is not known; in nested objects too."""
    found = _faults(schema_check.schema(f"documents/{schema}"), valid, ())
    made = [Invalid(kind, name, place, _changed(valid, place, other)) for kind, name, place, other in found]
    return [one for one in made if schema_check.findings(f"documents/{schema}", one.document)]


def one_of_each_kind(invalid: Iterable[Invalid]) -> list[Invalid]:
    """The first document of each kind of fault."""
    found: dict[str, Invalid] = {}
    for one in invalid:
        found.setdefault(one.kind, one)
    return list(found.values())


def names_the_place(answer: Answer, place: Path) -> bool:
    """Whether some JSON Pointer (RFC 6901, plain or as a URI fragment) of a problem document names the place, or the
    object or list around it."""
    accepted = {pointer_of(place), pointer_of(place[:-1])}
    return any(_plain(told) in accepted for told in _pointers(answer.resource))


def pointer_of(place: Path) -> str:
    """The JSON Pointer of a place; the whole document is the empty text."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def _filled(value: Any, now: datetime, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, now, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, now, values) for inner in value]
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        name, later = found.groups()
        if name != "now":
            return values[name]
        return (now + _duration(later)).strftime("%Y-%m-%dT%H:%M:%SZ")

    return _OPEN.sub(fill, value)


def _duration(text: str | None) -> timedelta:
    found = _DURATION.fullmatch(text or "PT0S")
    if found is None:
        raise ValueError(f"{text!r} is no duration")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _faults(schema: Mapping[str, Any], value: Any, place: Path) -> Iterator[tuple[str, str, Path, Any]]:
    """(kind, name, place, the value put there instead) of every fault, outer places first."""
    if isinstance(value, Mapping):
        yield from _faults_of_an_object(schema, value, place)
    if isinstance(value, list) and value and isinstance(schema.get("items"), Mapping):
        yield from _faults(schema["items"], value[0], (*place, 0))


def _faults_of_an_object(schema: Mapping[str, Any], value: Mapping[str, Any], place: Path) -> Iterator[Any]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        yield "missing", f"without {_words((*place, name))}", (*place, name), _MISSING
    for name in (name for name in known if name in value):
        about, where = known[name], (*place, name)
        wrong = _OTHER_TYPE.get(_type(about), _MISSING)
        if wrong is not _MISSING:
            yield "type", f"{_words(where)} of another type", where, wrong
        if "enum" in about:
            yield "list", f"{_words(where)} outside its list", where, UNKNOWN
    if schema.get("additionalProperties") is False:
        yield "unknown", f"unknown property in {_words(place) or 'the document'}", (*place, UNKNOWN), "x"
    for name in (name for name in known if name in value):
        yield from _faults(known[name], value[name], (*place, name))


_MISSING = object()


def _type(about: Mapping[str, Any]) -> str:
    kind = about.get("type", "string" if "enum" in about else "")
    return kind if isinstance(kind, str) else ""


def _changed(valid: Any, place: Path, other: Any) -> Any:
    document = copy.deepcopy(valid)
    inside = document
    for part in place[:-1]:
        inside = inside[part]
    if other is _MISSING:
        inside.pop(place[-1], None)
    else:
        inside[place[-1]] = other
    return document


def _words(place: Iterable[str | int]) -> str:
    return " ".join(str(part) for part in place)


def _pointers(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "pointer" and isinstance(inner, str):
                yield inner
            else:
                yield from _pointers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pointers(inner)


def _plain(pointer: str) -> str:
    return unquote(pointer[1:]) if pointer.startswith("#") else pointer
