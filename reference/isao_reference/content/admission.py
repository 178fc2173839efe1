"""Whether the exchange takes an object: the first broken MUST, in words that its producer can act on.

Between objects only versions of the contributor's own count. A rule that looked at others' would tell a producer
of objects that are hidden from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isao_reference.content.finding import Finding
from isao_reference.content.validate import collection_findings, validate_object


def worded(findings: Sequence[Finding]) -> str | None:
    """One sentence for the first broken MUST with rule, clause and place, and how many more there are; None when
    none is broken."""
    broken = [entry for entry in findings if entry.binding]
    if not broken:
        return None
    first = broken[0]
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    return f"{first.rule}, {first.clause}: {first.pointer or '/'}: {first.message}{more}"


def object_fault(value: Any) -> str | None:
    """Why an object is not valid STIX 2.1 on its own, or not what it takes to be STIX 2.0; None when it is."""
    return worded(validate_object(value))


def chain_fault(value: Mapping[str, Any], stored: Sequence[Mapping[str, Any]]) -> str | None:
    """Why an object does not fit what its contributor stored before: earlier versions of it, what it translates.

    What was wrong between the stored ones already is not held against the new one.
    """
    before = [(f"/stored/{index}", dict(one)) for index, one in enumerate(stored)]
    known = {(entry.rule, entry.pointer) for entry in collection_findings(before)}
    found = collection_findings([*before, ("", dict(value))])
    return worded([entry for entry in found if (entry.rule, entry.pointer) not in known])
