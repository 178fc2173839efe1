"""STIX content to measure with: made from a seed, of the mixture that feeds have, every pattern another one."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import Any

SEED = 20261122
Object = dict[str, Any]


def _id(kind: str, draw: random.Random) -> str:
    return f"{kind}--{uuid.UUID(int=draw.getrandbits(128), version=4)}"


def _base(kind: str, draw: random.Random, creator: str) -> Object:
    day, second = draw.randint(1, 28), draw.randint(10, 59)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, draw),
        "created_by_ref": creator,
        "created": f"2026-05-{day:02}T08:15:{second}.{draw.randint(0, 999):03}Z",
        "modified": f"2026-06-{day:02}T09:30:{second}.{draw.randint(0, 999):03}Z",
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    }


def _pattern(draw: random.Random) -> str:
    address = f"198.51.100.{draw.randint(0, 255)}"
    name = f"host-{draw.randint(0, 10**6)}.example.net"
    digest = hashlib.sha256(name.encode()).hexdigest()
    return draw.choice(
        (
            f"[ipv4-addr:value = '{address}' OR domain-name:value = '{name}']",
            f"[file:hashes.'SHA-256' = '{digest}']",
            f"[url:value = 'https://{name}/{digest[:12]}']",
            f"[file:hashes.'SHA-256' = '{digest}' AND file:name = '{digest[:6]}.exe' AND file:size > 1024]",
            f"[network-traffic:dst_ref.value = '{address}' AND network-traffic:dst_port IN (443, 8443)] "
            f"REPEATS {draw.randint(2, 9)} TIMES WITHIN 300 SECONDS",
        )
    )


def _object(kind: str, draw: random.Random, creator: str, known: list[str]) -> Object:
    item = _base(kind, draw, creator)
    item["description"] = "Drill: " + " ".join(draw.choice(("lorem", "ipsum", "dolor", "sit")) for _ in range(60))
    if kind == "relationship":
        item |= {"relationship_type": "related-to", "source_ref": draw.choice(known), "target_ref": draw.choice(known)}
        return item
    item["name"] = f"Drill {kind} {draw.randint(0, 10**6)} (invented)"
    number = draw.randint(1, 600)
    if kind == "attack-pattern":
        item["external_references"] = [
            {"source_name": "capec", "external_id": f"CAPEC-{number}"},
            {"source_name": "drill", "url": f"https://example.org/techniques/{number}"},
        ]
        item["kill_chain_phases"] = [{"kill_chain_name": "drill-chain", "phase_name": "first-phase"}]
    elif kind == "indicator":
        item |= {
            "pattern": _pattern(draw),
            "pattern_type": "stix",
            "valid_from": item["created"],
            "valid_until": f"2027-05-{draw.randint(1, 28):02}T08:15:00Z",
            "indicator_types": ["malicious-activity"],
        }
    elif kind == "malware":
        item |= {"is_family": True, "malware_types": ["trojan"], "aliases": [item["name"] + " II"]}
    elif kind == "vulnerability":
        item["external_references"] = [{"source_name": "cve", "external_id": f"CVE-2026-{1000 + number}"}]
    return item


def _observable(draw: random.Random) -> Object:
    value = f"198.51.100.{draw.randint(0, 255)}"
    name = uuid.uuid5(uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), f'{{"value":"{value}"}}')
    return {"type": "ipv4-addr", "spec_version": "2.1", "id": f"ipv4-addr--{name}", "value": value}


MIXTURE = {"indicator": 30, "relationship": 35, "attack-pattern": 10, "malware": 10, "vulnerability": 5, "tool": 2}


def made(count: int, seed: int = SEED) -> list[Object]:
    """So many objects, the same for the same seed: a third indicators, a third relationships, the rest others."""
    draw = random.Random(seed)
    creator = _id("identity", draw)
    kinds, weights = list(MIXTURE), list(MIXTURE.values())
    known = [_id("malware", draw), _id("tool", draw)]
    items: list[Object] = []
    while len(items) < count:
        if draw.random() < 0.08:
            items.append(_observable(draw))
            continue
        items.append(_object(draw.choices(kinds, weights)[0], draw, creator, known))
        if items[-1]["type"] != "relationship":
            known.append(items[-1]["id"])
    return items
