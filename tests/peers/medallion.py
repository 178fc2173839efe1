"""Runs medallion 3.0.0, the TAXII 2.1 server of the OASIS committee, with its memory backend. Loopback only."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.environment import environment, free_port, wait_for

NAME = "medallion-3.0.0"
STIX = ["application/stix+json;version=2.1"]

COLLECTIONS = {
    "main": ("9a48b170-33b0-4aee-8bd3-1717f429de54", True, True),
    "second": ("52892447-4d7e-4f70-b94d-d7f22742ff63", True, True),
    "read only": ("472c94ae-3113-4e3e-a4dd-a9f4ac7471d4", True, False),
    "write only": ("64993447-4d7e-4f70-b94d-d7f33742ee63", False, True),
}


def _data(base: str) -> dict[str, object]:
    collections = [
        {"id": i, "title": title, "can_read": r, "can_write": w, "media_types": STIX, "objects": [], "manifest": []}
        for title, (i, r, w) in COLLECTIONS.items()
    ]
    seeded = next(c for c in collections if c["title"] == "read only")
    for number in range(4):
        stamp = f"2025-03-0{number + 1}T10:00:00.000Z"
        stix = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--0b2f7a6{number}-6d5c-4f5e-9a37-3a1f0c9d7e10",
            "created": stamp,
            "modified": stamp,
            "name": f"seeded {number}",
            "pattern": f"[ipv4-addr:value = '198.51.100.{number + 1}']",
            "pattern_type": "stix",
            "valid_from": stamp,
        }
        record = {
            "id": stix["id"],
            "date_added": f"2025-04-0{number + 1}T10:00:00.123456Z",
            "version": stamp,
            "media_type": STIX[0],
        }
        seeded["objects"] = [*seeded["objects"], {**stix, "__meta": record}]
        seeded["manifest"] = [*seeded["manifest"], record]
    information = {
        "title": "api1",
        "versions": ["application/taxii+json;version=2.1"],
        "max_content_length": 10485760,
    }
    return {
        "/discovery": {"title": "medallion", "default": f"{base}api1/", "api_roots": [f"{base}api1/"]},
        "api1": {"information": information, "status": [], "collections": collections},
    }


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """Run the server on a free loopback port; yields the path of a target file for it."""
    port = free_port()
    base = f"http://127.0.0.1:{port}/"
    data, config = folder / "medallion-data.json", folder / "medallion-config.json"
    data.write_text(json.dumps(_data(base)))
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(data),
    }
    users = {"admin": "admin", "reader": "reader"}
    config.write_text(json.dumps({"backend": backend, "users": users, "taxii": {"max_page_size": 1000}}))
    command = [str(environment(NAME) / "bin/medallion"), "--host", "127.0.0.1", "--port", str(port)]
    log = (folder / "medallion.log").open("w")
    process = subprocess.Popen([*command, "--log-level", "WARN", str(config)], stdout=log, stderr=log)
    try:
        wait_for(base, process, NAME)
        yield _target(folder, base)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _target(folder: Path, base: str) -> Path:
    for user in ("admin", "reader"):
        (folder / user).write_text(user)
    url = {title: f"{base}api1/collections/{i}/" for title, (i, _, _) in COLLECTIONS.items()}
    target = folder / "target.toml"
    target.write_text(
        f"""
schema = "isao-target/1"
name = "medallion 3.0.0"
base_url = "{base}"
origins = ["{base.rstrip("/")}"]
profiles = ["taxii-server"]
[taxii]
discovery = "{base}taxii2/"
write = ["{url["main"]}", "{url["second"]}"]
may_delete = true
[actors.member-a]
auth = "basic"
username_file = "{folder}/admin"
secret_file = "{folder}/admin"
organization = "one"
[actors.member-b]
auth = "basic"
username_file = "{folder}/reader"
secret_file = "{folder}/reader"
organization = "two"
""",
        "utf-8",
    )
    return target
