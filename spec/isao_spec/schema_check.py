"""The package's JSON Schemas, compiled once, and their findings in plain words."""

from __future__ import annotations

import functools
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

_FOLDER = Path(__file__).resolve().parent / "schemas"


@dataclass(frozen=True)
class Problem:
    """One finding: the path of keys and positions to the place, and what is wrong there."""

    path: tuple[str | int, ...]
    message: str

    @property
    def pointer(self) -> str:
        """The place as a JSON Pointer (RFC 6901); the whole document is the empty text."""
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.path)


@functools.cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema `schemas/<name>.json`; callers do not change it.

    Raises KeyError, naming the schemas there are, for an unknown name.
    """
    path = _FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in _FOLDER.glob("*.json")))
        raise KeyError(f"no schema {name!r}; there are: {known}")
    loaded: dict[str, Any] = json.loads(path.read_bytes())
    return loaded


@functools.cache
def validator(name: str) -> jsonschema_rs.Validator:
    """The compiled validator of `schemas/<name>.json`, formats (dates, addresses) asserted."""
    return jsonschema_rs.validator_for(schema(name), validate_formats=True)


def findings(name: str, value: Any, most: int | None = None) -> tuple[Problem, ...]:
    """Everything the schema finds wrong with the value, in the order of the places; only the first `most` found, when
    that is given."""
    found = (problem for error in validator(name).iter_errors(value) for problem in _explain(name, error))
    return tuple(sorted(itertools.islice(found, most), key=lambda problem: [str(part) for part in problem.path]))


def problems(name: str, value: Any) -> list[str]:
    """The findings as lines `/json/pointer: what is wrong`; an empty list means the value is valid."""
    return [f"{problem.pointer or '/'}: {problem.message}" for problem in findings(name, value)]


def _explain(name: str, error: jsonschema_rs.ValidationError) -> list[Problem]:
    path = tuple(error.instance_path)
    kinds, kind = jsonschema_rs.ValidationErrorKind, error.kind
    if isinstance(kind, kinds.AdditionalProperties):
        return [Problem((*path, key), f"the key {key!r} is not known here") for key in kind.unexpected]
    if isinstance(kind, (kinds.OneOfNotValid, kinds.OneOfMultipleValid)):
        return [Problem(path, _choice(name, error))]
    return [Problem(path, _words(error))]


def _choice(name: str, error: jsonschema_rs.ValidationError) -> str:
    """Words for a `oneOf` whose branches each demand keys, the only use these schemas make of it."""
    branches: Any = schema(name)
    for part in error.schema_path:
        branches = branches[part]
    keys = [" and ".join(branch["required"]) for branch in branches]
    return f"needs exactly one of the keys {', '.join(keys)}"


def _words(error: jsonschema_rs.ValidationError) -> str:
    kinds, kind, got = jsonschema_rs.ValidationErrorKind, error.kind, error.instance
    if isinstance(kind, kinds.Required):
        return f"the key {kind.property!r} is missing"
    if isinstance(kind, kinds.Enum):
        return f"{_short(got)} is not one of {', '.join(str(option) for option in kind.options)}"
    if isinstance(kind, kinds.Constant):
        return f"{_short(got)} must be {_short(kind.expected_value)}"
    if isinstance(kind, kinds.Type):
        return f"{_short(got)} has the wrong type: it must be {' or '.join(kind.types)}"
    if isinstance(kind, kinds.Format):
        return f"{_short(got)} is not a valid {kind.format}"
    if isinstance(kind, (kinds.MinLength, kinds.MinItems, kinds.MinProperties)) and not got:
        return "must not be empty"
    if isinstance(kind, kinds.Pattern):
        if kind.pattern == "\\S":
            return "must not be empty"
        return f"{_short(got)} does not have the form {kind.pattern}"
    if isinstance(kind, kinds.AnyOf):
        return f"{_short(got)} has none of the forms allowed here"
    if isinstance(kind, kinds.UniqueItems):
        return "holds the same item twice"
    return error.message


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
