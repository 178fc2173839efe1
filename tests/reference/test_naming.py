"""Which words name a threat, and what is found by them: precisely, by index, and only while it is there."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isao_reference import setup
from isao_reference.functions import knowledge, naming
from isao_reference.load import load_files
from isao_reference.stix_files import read_objects
from isao_reference.store.sqlite import Store
from tests.support.older_forms import take_back

WHEN = "2026-01-01T00:00:00.000Z"


def _object(kind: str, number: int, **properties: Any) -> dict[str, Any]:
    head = {"type": kind, "spec_version": "2.1", "id": f"{kind}--00000000-0000-4000-8000-{number:012}"}
    return {**head, "created": WHEN, "modified": WHEN, **properties}


def _malware(number: int, name: str, *ids: str, **properties: Any) -> dict[str, Any]:
    references = [{"source_name": "catalogue", "external_id": one} for one in ids]
    more = {"external_references": references} if references else {}
    return _object("malware", number, name=name, is_family=True, **more, **properties)


def _technique(number: int, name: str, **properties: Any) -> dict[str, Any]:
    references = [
        {"source_name": "catalogue", "external_id": f"T{number:04}"},
        {"source_name": "x", "external_id": "X-99"},
    ]
    return _object("attack-pattern", number, name=name, external_references=references, **properties)


@pytest.mark.parametrize(
    ("stix", "text", "named"),
    [
        (_malware(1, "Emotet"), "Emotet was seen.", True),
        (_malware(1, "Emotet"), "we saw emotet/qakbot", True),
        (_malware(1, "Emotet"), "Emotet's loader", True),
        (_malware(1, "Emotet"), "Emotets", False),
        (_malware(1, "QakBot", aliases=["QakBot", "Pinkslipbot"]), "That is pinkslipbot.", True),
        (_malware(1, "Agent Tesla"), "infected by Agent\n Tesla", True),
        (_malware(1, "Agent Tesla"), "Our agent. Tesla cars", False),
        (_malware(1, "Kevin", "S1020"), "Kevin from the help desk", False),
        (_malware(1, "Kevin", "S1020"), "the malware Kevin", True),
        (_malware(1, "Kevin", "S1020"), "see s1020", True),
        (_malware(1, "Play"), "Play ransomware", True),
        (_malware(1, "Play"), "they play ransomware drills", False),
        (_malware(1, "TEARDROP"), "TEARDROP", True),
        (_malware(1, "TEARDROP"), "a teardrop", False),
        (_malware(1, "Net"), "net use", False),
        (_technique(1566, "Phishing"), "Phishing again", False),
        (_technique(1566, "Phishing"), "the technique Phishing", True),
        (_technique(1566, "Phishing"), "T1566, again", True),
        (_technique(1566, "Phishing"), "T1566.001", False),
        (_technique(1566, "Phishing"), "X-99 is somebody else's id", False),
        (_technique(1055, "Process Injection"), "They used Process Injection.", True),
        (_technique(1055, "Process Injection"), "no process injection", False),
        (_technique(1021, "Remote Desktop Protocol", x_mitre_is_subtechnique=True), "Remote Desktop Protocol", False),
        (_malware(1, "Odd") | {"aliases": None, "external_references": "none"}, "Odd ransomware", True),
        (_object("vulnerability", 1, name="x", external_references=[
            {"source_name": "a", "external_id": "CWE-79"}, {"source_name": "cve", "external_id": "CVE-2021-44228"}]),
         "patch cve-2021-44228 now", True),
    ],
)  # fmt: skip
def test_a_name_counts_where_it_is_meant(stix: dict[str, Any], text: str, named: bool) -> None:
    assert naming.is_named(stix, naming.Said(text)) is named


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = setup.open_store(tmp_path / "exchange.db")
    setup.create_organization(made, "exchange", "Exchange", "exchange")
    setup.create_account(made, "operator", "exchange", "operator", secret="secret")
    setup.create_collection(made, "Library", alias="library", readers=("members",))
    yield made
    made.close()


def _take(store: Store, *objects: dict[str, Any]) -> None:
    outcomes = setup.ingest(store, "library", [json.dumps(one).encode() for one in objects], "operator", "green")
    assert [one.why for one in outcomes if not one.ok] == []


def _named(store: Store, text: str) -> list[str]:
    with store.reading() as db:
        return [str(one.stix["name"]) for one in knowledge.named_in(db, text)]


def test_what_is_revoked_or_gone_is_known_no_more(store: Store) -> None:
    one, two = _malware(1, "Emotet", "S0367"), _malware(2, "QakBot", "S0650")
    _take(store, one, two)
    assert _named(store, "Emotet and S0650") == ["Emotet", "QakBot"]
    _take(store, {**one, "modified": "2026-02-01T00:00:00.000Z", "revoked": True})
    assert _named(store, "Emotet and S0650") == ["QakBot"]
    with store.writing() as db:
        db.execute("DELETE FROM items WHERE object_id = ?", (two["id"],))
    assert _named(store, "Emotet and S0650") == []


def test_a_new_name_is_known_and_the_old_one_forgotten(store: Store) -> None:
    one = _malware(1, "Emotet", "S0367")
    _take(store, one)
    _take(store, {**one, "modified": "2026-02-01T00:00:00.000Z", "name": "Geodo"})
    assert (_named(store, "Emotet"), _named(store, "Geodo")) == ([], ["Geodo"])


def test_mitigations_are_those_of_the_threat_and_of_what_it_uses(store: Store) -> None:
    malware, used, other = _malware(1, "Emotet"), _technique(1566, "Phishing"), _technique(1055, "Process Injection")
    helps = [_object("course-of-action", n, name=f"Help {n}") for n in (1, 2, 3)]

    def edge(number: int, kind: str, source: dict[str, Any], target: dict[str, Any], **more: Any) -> dict[str, Any]:
        ends = {"source_ref": source["id"], "target_ref": target["id"]}
        return _object("relationship", number, relationship_type=kind, **ends, **more)

    _take(store, malware, used, other, *helps)
    _take(
        store,
        edge(1, "uses", malware, used),
        edge(2, "mitigates", helps[0], malware),
        edge(3, "mitigates", helps[1], used),
        edge(4, "mitigates", helps[2], other),
        edge(5, "mitigates", helps[2], malware, revoked=True),
        edge(6, "related-to", malware, other),
    )
    with store.reading() as db:
        assert [name for _, name in knowledge.mitigations(db, [malware["id"]], lambda _: True)] == ["Help 1", "Help 2"]


def test_an_older_database_learns_what_it_holds(store: Store, tmp_path: Path) -> None:
    _take(store, _malware(1, "Emotet"), _object("indicator", 1, pattern="[ipv4-addr:value = '192.0.2.1']",
          pattern_type="stix", valid_from=WHEN))  # fmt: skip
    _take(store, _object("relationship", 1, relationship_type="indicates",
          source_ref="indicator--00000000-0000-4000-8000-000000000001",
          target_ref="malware--00000000-0000-4000-8000-000000000001"))  # fmt: skip
    store.close()
    db = sqlite3.connect(tmp_path / "exchange.db")
    before = db.execute("SELECT * FROM known_by ORDER BY word").fetchall()
    assert len(before) == 4
    take_back(db, 2)
    db.close()
    again = setup.open_store(tmp_path / "exchange.db")
    with again.reading() as reading:
        assert reading.execute("SELECT * FROM known_by ORDER BY word").fetchall() == before
    again.close()


def _sentences(path: Path) -> list[str]:
    """Sentences of five words or more in the descriptions of a file's courses of action, without markup."""
    found: dict[str, None] = {}
    for one in (json.loads(item.raw) for item in read_objects(path)):
        if one["type"] == "course-of-action" and not one.get("revoked") and not one.get("x_mitre_deprecated"):
            text = re.sub(r"\(Citation:[^)]*\)|<[^>]+>|`", "", one.get("description", ""))
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
            found |= dict.fromkeys(s.strip() for s in re.split(r"(?<=[.!?])\s+|\n+", text) if len(s.split()) >= 5)
    return list(found)


@pytest.mark.full
def test_advice_in_attack_is_not_taken_for_threats_and_looking_is_fast(real_data: Path, store: Store) -> None:
    """The numbers of the guide docs/correlate-with-attack.md, row 1; names that do stand there were read by hand."""
    meant = {"Mimikatz", "Windows Credential Editor", "Emotet", "Valid Accounts"}
    files = sorted(path for path in real_data.iterdir() if re.match(r"(enterprise|mobile|ics)-attack-", path.name))
    known = [path for path in files if not path.name.startswith("ics")]
    if len(files) < 3:
        pytest.skip("the three files of ATT&CK are not among the real data")
    load_files(store, dict.fromkeys(known, "library"), "operator", "clear", strict=False)
    sentences = list(dict.fromkeys(one for path in files for one in _sentences(path)))
    wrong = [(one, said) for one in sentences for said in _named(store, one) if said not in meant]
    assert len(sentences) > 800
    assert 1000 * len(wrong) < 2 * len(sentences), wrong
    assert {name for one in sentences for name in _named(store, one)} >= {"Mimikatz", "Emotet"}
    text = " ".join(sentences)[:3000]
    start = time.perf_counter()
    _named(store, text)
    assert time.perf_counter() - start < 0.5
