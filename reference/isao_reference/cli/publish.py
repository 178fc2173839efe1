"""`isao publish`: the capability document of an exchange, its policies and its security.txt."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isao_reference.cli.common import Fault, opened

if TYPE_CHECKING:
    from isao_reference.store.sqlite import Store

PATH = click.Path(path_type=Path)


@click.command(short_help="Publish who you are: capability document, policies, security.txt.")
@click.argument("document", type=PATH, metavar="ISAO.JSON")
@click.option("--database", required=True, type=PATH, help="Database file of the exchange.")
@click.option(
    "--policy", "policies", multiple=True, type=PATH, help="Serve this file at /policies/NAME; may be repeated."
)
@click.option("--security-txt", type=PATH, help="Serve this file at /.well-known/security.txt.")
def publish(document: Path, database: Path, policies: tuple[Path, ...], security_txt: Path | None) -> None:
    """Serve ISAO.JSON at /.well-known/isao.json and follow the distribution map and the membership criteria in it.

    It counts from the next request on; the exchange may be running. Nothing is published when the document is not
    valid, does not state the digest of a policy that is given with it, or offers the audit log without the key that
    this exchange signs its heads with (`isao audit key`).
    """
    from isao_reference import setup

    value = _checked(document)
    texts = {path: _read(path) for path in policies}
    stated = {one["sha256"] for one in value["policies"]}
    for path, text in texts.items():
        digest = hashlib.sha256(text).hexdigest()
        if digest not in stated:
            raise Fault(f"{path}: its sha256 is {digest}; no policy in {document} has this one")
    contact = None if security_txt is None else _read(security_txt)
    with opened(database) as store:
        _check_key(store, document, value)
        for path, text in texts.items():
            setup.set_policy_document(store, path.name, text)
        setup.set_capability_document(store, value)
        if contact is not None:
            setup.set_security_txt(store, contact)
    also = [f"/policies/{path.name}" for path in policies]
    also += ["/.well-known/security.txt"] if contact is not None else []
    click.echo("Published: " + ", ".join(["/.well-known/isao.json", *also]))


def _check_key(store: Store, path: Path, value: dict[str, Any]) -> None:
    from isao_reference.audit import heads

    known = [one.get("x") for one in value.get("keys", {}).get("keys", ())]
    if "audit" in value.get("services", {}) and heads.public_key(store.audit_key)["x"] not in known:
        raise Fault(f"{path}: services.audit needs the key of its heads in keys; `isao audit key` prints it")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise Fault(f"{path}: cannot be read ({fault.strerror}); check the path") from None


def _checked(path: Path) -> dict[str, Any]:
    """The document, if it is one. All that is wrong with it is printed before the command ends."""
    from isao_reference.wire import json_reader
    from isao_spec import schema_check

    try:
        value = json_reader.read(_read(path))
    except json_reader.JsonFault as fault:
        raise Fault(f"{path}: is not JSON: {fault}") from None
    found = schema_check.problems("capability-document", value)
    for line in found:
        click.echo(f"{path}: {line}", err=True)
    if found:
        raise Fault(f"{path}: is no capability document; nothing was published")
    return dict(value)
