"""The privacy review of what is handed in: what is found, whether that needs a person, and the content without it.

What is handed in is judged as it will be published: objects as they are, a table by its lines, words as a report.
"""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from isao_reference.content import privacy
from isao_reference.content.privacy import Found
from isao_reference.functions import minimising, publishing, tables
from isao_reference.functions.moment import Moment
from isao_reference.functions.publishing import Stix

Document = Mapping[str, Any]


def look(document: Document) -> list[Found]:
    """What a review finds in a submission; its content is readable."""
    return privacy.review(_judged(document))


def _judged(document: Document) -> list[Stix]:
    if document["format"] == "stix":
        return list(document["content"])
    if document["format"] == "csv":
        return [
            {"type": "indicator", "id": "", "pattern": line.pattern, "description": line.description}
            for line in tables.read(str(document["content"]))
        ]
    return [{"type": "report", "id": "", "name": document["title"], "description": document["content"]}]


def told(document: Document, found: Sequence[Found]) -> list[dict[str, str]]:
    """Findings as the record shows them: the place in the submission, no values."""
    return [one | {"pointer": _place(document, each)} for one, each in zip(minimising.told(found), found, strict=True)]


def _place(document: Document, one: Found) -> str:
    if document["format"] == "stix":
        return f"/content/{one.position}{one.pointer}"
    return "/title" if one.path == ("name",) else "/content"


def can_be_settled(document: Document, found: Sequence[Found]) -> bool:
    """Whether nothing is left for a person: all findings are certain, and each object is in it once."""
    named = [one.get("id") for one in document["content"]] if document["format"] == "stix" else []
    return all(one.certain for one in found) and (not found or len(set(named)) == len(named))


def in_words(document: Document, found: Sequence[Found]) -> str:
    """Why a person has to look first."""
    listed = list(dict.fromkeys(f"{one.rule} at {_place(document, one)}" for one in found))
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return f"A person has to look at {', '.join(listed[:5])}{more} first."


def minimised(document: Document, found: Sequence[Found]) -> dict[str, str]:
    """The content without what was found, and what was left out: a document for the step that publishes it."""
    judged = _judged(document)
    by_place: dict[int, list[Found]] = {}
    for one in found:
        by_place.setdefault(one.position, []).append(one)
    made = [privacy.without(item, by_place.get(place, ())) for place, item in enumerate(judged)]
    words = ", ".join(dict.fromkeys(f"{one.rule} at {_place(document, one)}" for one in found))
    content = json.dumps(made, ensure_ascii=False) if document["format"] == "stix" else _table(document, made)
    return {"content": content, "removed": f"Found with certainty by rule: {words}"[:4000]}


def _table(document: Document, made: Sequence[Stix]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["type", "value", "description"])
    for line, one in zip(tables.read(str(document["content"])), made, strict=True):
        rows.writerow([line.kind, line.value, one["description"]])
    return out.getvalue()


def as_copies(
    moment: Moment, before: Sequence[Stix], after: Sequence[Stix], *, by_id: bool
) -> tuple[list[Stix], list[Stix]]:
    """The objects of a minimised submission: those that say what was handed in as they are, and as the exchange's own
    the others, with a copy of each that refers to one of these. Objects that the exchange makes of lines and words
    have new ids anyway and are known again by what they say (`by_id` False)."""
    known = {_said(one, by_id) for one in before}
    same = [one for one in after if _said(one, by_id) in known]
    changed = [one for one in after if _said(one, by_id) not in known]
    follow = {str(one["id"]): _new_id(one) for one in changed}
    followers = [one for one in same if follow.keys() & privacy.referring(one)]
    follow |= {str(one["id"]): _new_id(one) for one in followers}
    author, now = publishing.identity_of(moment.exchange().organization), publishing.stamp(moment.now)
    copies = [privacy.copied(one, follow[str(one["id"])], author, now, follow) for one in (*changed, *followers)]
    return same, copies


def _said(one: Stix, by_id: bool) -> str:
    left_out = () if by_id else ("id", "object_refs")
    return json.dumps({name: value for name, value in one.items() if name not in left_out}, sort_keys=True)


def _new_id(one: Stix) -> str:
    return f"{one['type']}--{uuid.uuid4()}"
