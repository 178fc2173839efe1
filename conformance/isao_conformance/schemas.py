"""Holds what a target sent against a schema of the specification."""

from __future__ import annotations

from typing import Any

from isao_spec import schema_check


def faults(schema: str, value: Any) -> list[str]:
    """The findings of a schema, as `schema_check.problems` gives them.

    Half a character, which JSON can spell and no text can hold, is a finding of its own: no schema takes such a value.
    """
    try:
        return schema_check.problems(schema, value)
    except UnicodeEncodeError:
        return ["/: it holds half a surrogate pair, which is no character"]
