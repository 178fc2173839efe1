"""Invalid, custom and old content: taken whole, or refused and said so. Rows: spec requirements/content.yaml."""

from __future__ import annotations

import json
from typing import Any

from isao_conformance import content
from isao_conformance.exchange import Answer
from isao_conformance.fixtures import LABEL, Stix
from isao_conformance.forms import told_spec
from isao_conformance.lab import Lab
from isao_conformance.listings import Pages, pages
from isao_conformance.probe import probe

LARGEST = 2**53 - 1
"""The largest whole number of I-JSON (RFC 7493, 2.2)."""


def _posted(lab: Lab, *objects: Stix) -> Answer:
    """The answer to a POST, and in place of a 202 that is pending its completed status."""
    lab.created(lab.workspace, [stix["id"] for stix in objects])
    answer = lab.reader.add(lab.workspace, list(objects))
    return lab.completed(lab.reader, answer) if answer.status == 202 else answer


def _refused(final: Answer, stix: Stix) -> bool:
    """True when the request was refused, or its status lists the object as a failure (or counts one, listing none)."""
    failures = [entry.get("id") for entry in final.list_of("failures") if isinstance(entry, dict)]
    return final.status >= 400 or stix["id"] in failures or bool(final.resource.get("failure_count") and not failures)


def _listed(lab: Lab, *objects: Stix) -> Pages:
    return pages(lab.reader.objects, lab.workspace, match_id=",".join(stix["id"] for stix in objects))


def _comes_back(lab: Lab, stix: Stix, name: str) -> None:
    """Judge that an object is listed as it was posted, or was refused and is not listed."""
    final = _posted(lab, stix)
    listed = _listed(lab, stix)
    came = [entry for entry in listed.entries if entry.get("id") == stix["id"]]
    if _refused(final, stix):
        lab.expect(not came, f"{name}: what is refused is not listed", got=f"{len(came)} objects", seen=[listed.last])
        return
    lab.expect(
        [_text(entry) for entry in came] == [_text(stix)],
        f"{name}: what is accepted comes back as it was",
        expected="the object as posted",
        got=f"{len(came)} objects" + (f", other in {_difference(came[0], stix)}" if came else ""),
        seen=[final, listed.last],
    )


def _text(value: Any) -> str:
    """JSON in one spelling: in Python true equals 1 and 1.0, in JSON it does not."""
    return json.dumps(value, sort_keys=True)


def _difference(one: Stix, other: Stix) -> str:
    return ", ".join(sorted(n for n in {*one, *other} if _text(one.get(n)) != _text(other.get(n)))) or "nothing"


@probe("ISAO-GAT-005", statement="251fe9c9", needs=["writable"])
def invalid_objects_are_refused_by_name_and_their_neighbours_taken(lab: Lab) -> None:
    """STIX 2.1, 4.7 and 9: three ways to break an indicator, each beside the same indicator whole. The neighbour is
    listed, so an absence has to do with the fault."""
    faults: dict[str, Stix] = {
        "valid_from": {"valid_from": None},
        "pattern": {"pattern": "[ipv4-addr:value ="},
        "valid_until": {"valid_until": "2020-01-01T00:00:00.000Z"},
    }
    for name, fault in faults.items():
        good, spoiled = lab.indicator(LABEL), {**lab.indicator(LABEL), **fault}
        bad = {key: value for key, value in spoiled.items() if value is not None}
        final = _posted(lab, bad, good)
        listed, others = _listed(lab, good), _listed(lab, bad)
        if final.status >= 400:
            lab.publish([good])  # the control: without its neighbour it is taken
        lab.expect(
            good["id"] in listed.ids,
            f"the valid neighbour of an object with a wrong {name} is taken",
            got=final,
            seen=[final, listed.last],
        )
        lab.expect(
            bad["id"] not in others.ids,
            f"an object with a wrong {name} is not passed on",
            got="it is listed" if bad["id"] in others.ids else "it is not listed",
            seen=[final, others.last],
        )
        if bad["id"] not in others.ids and _refused(final, bad):  # a refusal that is not told is TAXII-5.5-7's
            told = final.body.decode("utf-8", "replace")
            lab.expect(name in told, f"the refusal names {name}", got=final, seen=[final])


@probe("ISAO-TIF-009", statement="2656d44f", needs=["writable"])
def custom_content_comes_back_whole_or_is_refused(lab: Lab) -> None:
    """STIX 2.1, 7.3 and 11. A plain indicator goes the same way and comes back, so a loss has to do with what is
    custom."""
    plain = lab.share(LABEL)
    control = _listed(lab, plain)
    lab.control(control.entries == [plain], f"a plain indicator does not come back: {control.last.brief()}")
    nested = {"rows": [[1, 2], [3]], "ratio": 0.25, "largest": LARGEST, "note": "ß 訓練"}
    _comes_back(lab, lab.indicator(LABEL, x_drill_acme_score=nested, x_drill_acme_flag=False), "custom properties")
    extension = f"extension-definition--{lab.uuid()}"
    extended = {"extensions": {extension: {"extension_type": "property-extension", "drill": nested}}}
    _comes_back(lab, lab.indicator(LABEL, **extended), "a property extension")
    own_type = {"extensions": {f"extension-definition--{lab.uuid()}": {"extension_type": "new-sdo"}}, "steps": [nested]}
    _comes_back(lab, content.sdo("drill-case", lab.uuid(), lab.run, LABEL, **own_type), "a type with its extension")
    _comes_back(lab, content.sdo("x-drill-case", lab.uuid(), lab.run, LABEL, steps=[nested]), "a type without one")


@probe("ISAO-TIF-016", statement="3fd1aa2d", needs=["writable"])
def an_object_of_stix_2_0_is_kept_as_such_or_refused(lab: Lab) -> None:
    """STIX 2.1, 3.2: without spec_version an object is STIX 2.0. An identity, whose two forms differ in nothing else;
    the one in the form of 2.1 goes the same way and comes back."""
    about = {"name": f"drill organization {lab.token(8)}", "identity_class": "organization"}
    newer = content.sdo("identity", lab.uuid(), lab.run, LABEL, **about)
    lab.publish([newer])
    control = _listed(lab, newer)
    lab.control(control.entries == [newer], f"an identity of STIX 2.1 does not come back: {control.last.brief()}")
    older = {name: value for name, value in newer.items() if name != "spec_version"}
    older["id"] = f"identity--{lab.uuid()}"
    _comes_back(lab, older, "the form of STIX 2.0")
    records = pages(lab.reader.manifest, lab.workspace, match_id=older["id"])
    told = [told_spec(record) for record in records.entries if record.get("id") == older["id"]]
    lab.expect(
        all(spec in ("", "2.0") for spec in told),
        "the manifest does not call it STIX 2.1",
        expected="version=2.0 in the media type, or no version",
        got=told or "no record",
        seen=[records.last],
    )
