"""External references, hashes and kill chain phases (sections 2.5, 2.7, 2.11, 4.1 and 4.19)."""

from __future__ import annotations

import re
from typing import Any

from isao_reference.content import text_forms, vocabulary
from isao_reference.content.finding import Finding, finding, shown, step

_CVE = re.compile(r"CVE-\d{4}-(?:0\d{3}|[1-9]\d{3,})", re.ASCII)
_CAPEC = re.compile(r"CAPEC-\d+", re.ASCII)
_HASH_KEY = re.compile(r"[a-zA-Z0-9_-]{3,250}")
_SHOULD_BE = re.compile(r"[^A-Z _]+")
_LISTED_HASHES = frozenset(text_forms.HASHES)


def judge_external_references(item: dict[str, Any], formed: bool, out: list[Finding]) -> None:
    """S-XR-1, S-XR-2, S-XR-4 and the hashes of external references; `formed` says that the schema found
    nothing, which judges all of it but names of hashes."""
    references = item.get("external_references")
    if type(references) is not list:
        return
    for index, reference in enumerate(references):
        if type(reference) is not dict or (formed and "hashes" not in reference):
            continue
        source, external = reference.get("source_name"), reference.get("external_id")
        if source is None:
            out.append(finding("S-XR-1", f"/external_references/{index}", "the reference has no source_name"))
        elif external is None and "url" not in reference and "description" not in reference:
            out.append(
                finding(
                    "S-XR-1", f"/external_references/{index}", "the reference has no description, url or external_id"
                )
            )
        if type(external) is str:
            _judge_number(f"/external_references/{index}/external_id", source, external, out)
        elif source in ("cve", "capec"):
            rule = "S-XR-2" if source == "cve" else "S-XR-4"
            out.append(
                finding(rule, f"/external_references/{index}", f"a reference of source {source} has no external_id")
            )
        if "hashes" in reference:
            judge_hashes(reference["hashes"], f"/external_references/{index}/hashes", True, out)


def _judge_number(where: str, source: object, external: str, out: list[Finding]) -> None:
    if source == "cve" or external[:4] == "CVE-":
        exact = _CVE.fullmatch(external) is not None
        if source == "cve" and not exact:
            out.append(finding("S-XR-2", where, f"{shown(external)} is no CVE id"))
        elif exact and source != "cve":
            out.append(finding("S-XR-2", where, f"{external} stands under the source {shown(source)}, not cve"))
    elif source == "capec" or external[:6] == "CAPEC-":
        exact = _CAPEC.fullmatch(external) is not None
        if source == "capec" and not exact:
            out.append(finding("S-XR-4", where, f"{shown(external)} is no CAPEC id"))
        elif exact and source != "capec":
            out.append(finding("S-XR-4", where, f"{external} stands under the source {shown(source)}, not capec"))


def judge_hashes(hashes: object, where: str, listed: bool, out: list[Finding]) -> None:
    """S-HASH-1, S-HASH-2 and, where the keys have to be of the list (`listed`), S-HASH-3."""
    if not isinstance(hashes, dict):
        return
    for name, value in hashes.items():
        if _HASH_KEY.fullmatch(name) is None:
            out.append(finding("S-HASH-2", where + step(name), f"{shown(name)} is no name of an algorithm"))
        elif not text_forms.hash_is_formed(name, value):
            out.append(finding("S-HASH-1", where + step(name), f"{shown(value)} is no {name} hash"))
        elif listed and name not in _LISTED_HASHES:
            out.append(finding("S-HASH-3", where + step(name), f"{shown(name)} is not in the list of hash algorithms"))


def judge_kill_chain(item: dict[str, Any], out: list[Finding]) -> None:
    """S-KC-1, S-KC-2 and S-KC-3."""
    phases = item.get("kill_chain_phases")
    if type(phases) is not list:
        return
    for index, phase in enumerate(phases):
        if type(phase) is not dict:
            continue
        where = f"/kill_chain_phases/{index}"
        for name in ("kill_chain_name", "phase_name"):
            if name not in phase:
                out.append(finding("S-KC-1", where, f"the phase has no {name}"))
            elif type(phase[name]) is str and _SHOULD_BE.fullmatch(phase[name]) is None:
                out.append(
                    finding("S-KC-3", f"{where}/{name}", f"{shown(phase[name])} is not in lower case with hyphens")
                )
        if phase.get("kill_chain_name") == "lockheed-martin-cyber-kill-chain":
            said = phase.get("phase_name")
            if isinstance(said, str) and said not in vocabulary.LOCKHEED_MARTIN_PHASES:
                out.append(finding("S-KC-2", f"{where}/phase_name", f"{shown(said)} is no phase of that kill chain"))
