"""Runs OpenTAXII 0.10.0b1, an independent TAXII 2.1 server, on SQLite. Loopback only.

A pre-release: the last release answers 500 to its own list of collections.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

from tests.peers.environment import environment, free_port, wait_for

NAME = "opentaxii-0.10.0b1"
ROOT_TITLE = "main"
COLLECTIONS = ("main", "second", "library")


def _settings(folder: Path, port: int) -> str:
    def database(name: str) -> str:
        return f'{{db_connection: "sqlite:///{folder}/{name}.db", create_tables: yes'

    return f"""---
domain: "127.0.0.1:{port}"
taxii1:
taxii2:
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters: {database("data")}}}
  title: "OpenTAXII"
  public_discovery: true
  max_content_length: 1048576
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters: {database("auth")}, secret: test-only}}
logging: {{opentaxii: warning, root: warning}}
hooks:
"""


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """Run the server on a free loopback port; yields the path of a target file for it."""
    port, programs = free_port(), environment(NAME) / "bin"
    base = f"http://127.0.0.1:{port}/"
    settings = folder / "opentaxii.yml"
    settings.write_text(_settings(folder, port))
    variables = {**os.environ, "OPENTAXII_CONFIG": str(settings), "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}

    def administer(command: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(programs / f"opentaxii-{command}"), *arguments], env=variables, check=True, capture_output=True
        )
        return done.stdout.decode()

    administer("create-account", "-u", "admin", "-p", "admin", "--admin")
    administer("create-account", "-u", "reader", "-p", "reader")
    administer("add-api-root", "-t", ROOT_TITLE, "--default")
    found = re.search(r"\{([0-9a-f-]{36})\}", administer("add-collection", "--help"))
    assert found is not None, "no API root is listed"
    root = found.group(1)
    for title in COLLECTIONS:
        rights = () if title == "main" else ("--public",)
        administer("add-collection", "-r", root, "-t", title, *rights)
    log = (folder / "opentaxii.log").open("w")
    server = [str(programs / "gunicorn"), "opentaxii.http:app", "--workers", "2", "--timeout", "300"]
    process = subprocess.Popen(
        [*server, "--bind", f"127.0.0.1:{port}", "--config", "python:opentaxii.http"],
        env=variables,
        cwd=folder,
        stdout=log,
        stderr=log,
    )
    try:
        wait_for(base, process, NAME)
        yield _target(folder, base, root)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _token(base: str, user: str) -> str:
    request = urllib.request.Request(
        f"{base}management/auth",
        data=json.dumps({"username": user, "password": user}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["token"])


def _ids(folder: Path) -> dict[str, str]:
    with closing(sqlite3.connect(folder / "data.db")) as db:
        return {title: str(UUID(found)) for title, found in db.execute("SELECT title, id FROM opentaxii_collection")}


def _target(folder: Path, base: str, root: str) -> Path:
    for user in ("admin", "reader"):
        (folder / user).write_text(_token(base, user))
    ids = _ids(folder)
    url = {title: f"{base}taxii2/{root}/collections/{ids[title]}/" for title in COLLECTIONS}
    target = folder / "target.toml"
    target.write_text(
        f"""
schema = "isao-target/1"
name = "OpenTAXII 0.10.0b1"
base_url = "{base}"
origins = ["{base.rstrip("/")}"]
profiles = ["taxii-server"]
[taxii]
discovery = "{base}taxii2/"
write = ["{url["main"]}", "{url["second"]}"]
may_delete = true
[actors.member-a]
auth = "bearer"
secret_file = "{folder}/admin"
organization = "one"
[actors.member-b]
auth = "bearer"
secret_file = "{folder}/reader"
organization = "two"
""",
        "utf-8",
    )
    return target
