"""Rules that hold for objects of every type: type, id, version, times, names, references, language, hashes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding, shown, step
from isao_reference.content.text_forms import IDENTIFIER

Object = dict[str, Any]

_RESERVED = ("severity", "username", "phone_number", "phone_numbers", "action")
_VERSIONED = ("created", "modified", "created_by_ref", "revoked")


def is_observable(item: Object, kind: str) -> bool:
    """Whether an object is a cyber-observable; outside the specification one without created is taken as one."""
    return kind in vocabulary.SCO or (kind not in vocabulary.KNOWN and "created" not in item and "modified" not in item)


def judge_type(item: Object, kind: str, out: list[Finding]) -> None:
    """S-CMN-8, S-CMN-1 and S-CMN-2."""
    if kind not in vocabulary.KNOWN and text_forms.TYPE_NAME.fullmatch(kind) is None:
        out.append(finding("S-CMN-8", "/type", f"{shown(kind)} is no name of a type"))
    said = item.get("spec_version", item)
    if said == "2.1":
        return
    if said is item:
        if not is_observable(item, kind):
            out.append(finding("S-CMN-2", "", f"a {kind} of STIX 2.1 has spec_version"))
    else:
        out.append(finding("S-CMN-1", "/spec_version", f"spec_version is {shown(said)}, not 2.1"))


def judge_id(item: Object, kind: str, formed: bool, out: list[Finding]) -> None:
    """S-ID-4, S-ID-6, and of the version of the UUID S-ID-3, S-ID-5 and S-ID-7; `formed` says that the schema
    found the id to be an identifier."""
    identifier = item.get("id")
    if type(identifier) is not str:
        return  # the schema says that there is an id and that it is a text
    if not formed and IDENTIFIER.fullmatch(identifier) is None:
        prefix = identifier.partition("--")[0]
        if "--" in identifier and not identifier.startswith(kind + "--"):
            out.append(finding("S-ID-4", "/id", f"the id begins with {shown(prefix)}, not {kind}"))
        out.append(finding("S-ID-6", "/id", f"{shown(identifier)} is not a type, two hyphens and a UUID of RFC 4122"))
        return
    if identifier[:-36] != kind + "--":
        out.append(finding("S-ID-4", "/id", f"the id begins with {identifier[:-38]}, not {kind}"))
    version = identifier[-22]
    if version == "4":
        return
    if kind == "process":
        out.append(finding("S-ID-5", "/id", f"the UUID is of version {version}; a process has version 4"))
    elif kind in vocabulary.SCO:
        if all(name not in item for name in vocabulary.CONTRIBUTING[kind]):
            out.append(finding("S-ID-7", "/id", f"the UUID is of version {version} and nothing contributes to it"))
    elif kind in vocabulary.KNOWN or "created" in item:
        out.append(finding("S-ID-3", "/id", f"the UUID is of version {version}, not 4"))


def judge_times(item: Object, names: tuple[str, ...], formed: bool, out: list[Finding]) -> None:
    """S-TS-1 to S-TS-4 for the named properties, and S-VER-1; `formed` says that the schema found each of them
    to have the form of a timestamp, so that it is left whether the time exists."""
    for name in names:
        text = item.get(name)
        if type(text) is str:
            fault = "" if formed and text_forms.exists(text) else text_forms.timestamp_fault(text)
            if fault:
                out.append(finding(fault, step(name), f"{shown(text)} {_TIME_WORDS[fault]}"))
            elif (name == "created" or name == "modified") and len(text) < 24:
                out.append(finding("S-TS-4", step(name), f"{shown(text)} has no milliseconds"))
    for path in _NESTED_TIMES.get(item["type"], ()):
        for where, text in references_at(item, path):
            if text_forms.timestamp_fault(text) == "S-TS-2":  # its form is judged by the schema
                out.append(finding("S-TS-2", where, f"{shown(text)} {_TIME_WORDS['S-TS-2']}"))
    order(item, "modified", "created", "S-VER-1", out)


_NESTED_TIMES = {
    "file": ("extensions.windows-pebinary-ext.time_date_stamp",),
    "x509-certificate": (
        "x509_v3_extensions.private_key_usage_period_not_before",
        "x509_v3_extensions.private_key_usage_period_not_after",
    ),
}
_TIME_WORDS = {
    "S-TS-1": "gives an offset; write it in UTC with Z",
    "S-TS-2": "is no date and time that exist",
    "S-TS-3": "does not have the form YYYY-MM-DDTHH:mm:ss[.s]Z",
}


def order(
    item: Object, later: str, earlier: str, rule: str, out: list[Finding], clause: str = "", strict: bool = False
) -> None:
    """The rule, when a time is before another (or, if `strict`, not after it). Malformed times are not compared."""
    second, first = item.get(later), item.get(earlier)
    if type(second) is not str or type(first) is not str or (second > first and len(second) == len(first)):
        return
    if second == first and not strict:
        return
    a, b = text_forms.instant(first), text_forms.instant(second)
    if a is not None and b is not None and (b < a or (strict and b == a)):
        words = "not later than" if strict else "earlier than"
        out.append(finding(rule, step(later), f"{later} {second} is {words} {earlier} {first}", clause))


def judge_names(item: Object, known: frozenset[str], out: list[Finding]) -> None:
    """S-CMN-6, S-CMN-9, S-COA-1, S-CMN-10, S-ENC-1 and S-EXT-8 for the names that are not of the type."""
    unknown = item.keys() - known
    if not unknown:
        return
    kind = item["type"]
    extended = _adds_properties(item.get("extensions"))
    for name in unknown:
        if len(name) <= 250 and _is_custom(name):
            if name.endswith("_enc") and name[:-4] not in item:
                out.append(finding("S-ENC-1", step(name), f"{name} stands there without {name[:-4]}"))
            continue
        if name in _RESERVED:
            rule = "S-COA-1" if kind == "course-of-action" and name == "action" else "S-CMN-9"
            out.append(finding(rule, step(name), f"the name {name} is reserved"))
        elif text_forms.PROPERTY_NAME.fullmatch(name) is None:
            out.append(finding("S-CMN-6", step(name), f"{shown(name)} is no name of a property"))
        elif name == "defanged" and kind in vocabulary.KNOWN:
            out.append(finding("S-CMN-10", "/defanged", f"a {kind} is not defanged"))
        elif kind in vocabulary.KNOWN and not (extended or _has_own_rule(kind, name)):
            out.append(finding("S-EXT-8", step(name), f"{kind} has no property {name}, and no extension adds one"))


@lru_cache(maxsize=4096)
def _is_custom(name: str) -> bool:
    """Whether a name is that of a custom property, about which nothing is to be said but its encoding."""
    return name.startswith("x_") and text_forms.PROPERTY_NAME.fullmatch(name) is not None


def _has_own_rule(kind: str, name: str) -> bool:
    """S-VER-6, S-VER-7 and S-VER-8 speak of these."""
    return name in _VERSIONED and (kind == "marking-definition" or kind in vocabulary.SCO)


def _adds_properties(extensions: object) -> bool:
    if not isinstance(extensions, dict):
        return False
    return any(
        isinstance(body, dict) and body.get("extension_type") in ("toplevel-property-extension", *vocabulary.NEW_TYPES)
        for body in extensions.values()
    )


def judge_encodings(item: Object, charsets: frozenset[str], out: list[Finding]) -> None:
    """S-ENC-1 and S-ENC-2 for path_enc and name_enc, and what else ends with _enc."""
    for name, value in item.items():
        if name.endswith("_enc"):
            if name[:-4] not in item:
                out.append(finding("S-ENC-1", step(name), f"{name} stands there without {name[:-4]}"))
            if isinstance(value, str) and value not in charsets and item.get("type") in vocabulary.KNOWN:
                out.append(finding("S-ENC-2", step(name), f"{shown(value)} is no preferred name of a character set"))


def judge_references(item: Object, kind: str, out: list[Finding]) -> None:
    """S-CMN-4 and S-CMN-15: where created_by_ref and the embedded references of the type may lead."""
    creator = item.get("created_by_ref")
    if isinstance(creator, str) and not creator.startswith("identity--"):
        out.append(finding("S-CMN-4", "/created_by_ref", f"{shown(creator)} is no identity"))
    for path, allowed in vocabulary.REFERENCES.get(kind, {}).items():
        for where, reference in references_at(item, path):
            led = vocabulary.type_of(reference)
            if led and led not in allowed and (led in vocabulary.KNOWN or kind != "malware-analysis"):
                words = f"{shown(reference)} is not of type {' or '.join(allowed[:6])}"
                out.append(finding("S-CMN-15", where, words, vocabulary.clause_of(kind)))


def references_at(item: Object, path: str) -> list[tuple[str, str]]:
    """(pointer, reference) for every text at a dotted path, through lists."""
    first, _, rest = path.partition(".")
    if first not in item:
        return []
    places: list[tuple[str, Any]] = [(step(first), item[first])]
    for name in rest.split(".") if rest else ():
        spread = [
            (f"{at}/{index}", entry)
            for at, value in places
            for index, entry in (enumerate(value) if isinstance(value, list) else [("", value)])
        ]
        places = [
            (at.rstrip("/") + step(name), entry[name])
            for at, entry in spread
            if isinstance(entry, dict) and name in entry
        ]
    found: list[tuple[str, str]] = []
    for at, value in places:
        for where, entry in (
            [(f"{at}/{i}", e) for i, e in enumerate(value)] if isinstance(value, list) else [(at, value)]
        ):
            if isinstance(entry, str):
                found.append((where, entry))
    return found


def judge_language(item: Object, out: list[Finding]) -> None:
    """S-CMN-5 for lang of the object."""
    said = item.get("lang")
    if isinstance(said, str) and not text_forms.is_language_tag(said):
        out.append(finding("S-CMN-5", "/lang", f"{shown(said)} is no language tag of RFC 5646"))
