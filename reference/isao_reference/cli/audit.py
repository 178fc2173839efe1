"""`isao audit`: copies of the audit log, its signed heads, and checking both without the exchange."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isao_reference.cli.common import Fault, opened

if TYPE_CHECKING:
    from isao_reference.audit.verify import Found, Head

PATH = click.Path(path_type=Path)
Decorator = Callable[[Callable[..., None]], Callable[..., None]]
DATABASE: Decorator = click.option("--database", required=True, type=PATH, help="Database file of the exchange.")
LOG: Decorator = click.option("--log", default="*", help="Organization whose log it is.  [default: everything]")
SHOWN = 20


@click.group(short_help="The audit log: copies, signed heads, and checking them.")
def audit() -> None:
    """Keep and check the record of what was done on an exchange.

    Whoever can write the database file can also write a new log and sign it: only heads that are kept elsewhere show
    that. Keep some, and let members and auditors keep theirs.
    """


@audit.command("export", short_help="Print the log, one entry a line.")
@DATABASE
@LOG
def export(database: Path, log: str) -> None:
    """Print a signed head, then every entry with its details, one JSON object a line."""
    from isao_reference.audit.chain import canonical
    from isao_reference.store import audit as kept

    out = sys.stdout.buffer
    with opened(database) as store, store.reading() as db:
        size = kept.size_of(db, log)
        head = _signed(store.audit_key, log, size, kept.root_at(db, log, size))
        out.write(canonical({"head": head}) + b"\n")
        for one in kept.every_entry(db, log):
            out.write(b'{"details":' + one.details + b',"entry":' + one.body + b"}\n")


@audit.command("head", short_help="Print a signed head of the log.")
@DATABASE
@LOG
def head(database: Path, log: str) -> None:
    """Print what the log is now, signed: kept elsewhere, it shows later whether that is still its beginning."""
    import json

    from isao_reference.store import audit as kept

    with opened(database) as store, store.reading() as db:
        size = kept.size_of(db, log)
        click.echo(json.dumps(_signed(store.audit_key, log, size, kept.root_at(db, log, size)), indent=2))


@audit.command("key", short_help="Print the public key of the log's heads.")
@DATABASE
def key(database: Path) -> None:
    """Print the public key as a JWK, for `keys` of the capability document."""
    import json

    from isao_reference.audit import heads

    with opened(database) as store:
        click.echo(json.dumps(heads.public_key(store.audit_key), indent=2))


@audit.command("verify", short_help="Check a copy of the log; needs no exchange.")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--head", "heads", multiple=True, type=PATH, help="A head kept from elsewhere; may be repeated.")
@click.option("--key", type=PATH, help="Public key: a JWK, a set of them, or the capability document.")
@click.option("--part", is_flag=True, help="The copy is a part of the log: check the proof of each entry.")
def verify(files: tuple[Path, ...], heads: tuple[Path, ...], key: Path | None, part: bool) -> None:
    """Check exports, or pages that the exchange answered, in their order.

    Found are changed, missing, added, exchanged and repeated entries. Entries missing at the end are found only by a
    head that was kept elsewhere and names more of them.

    \b
    Exit codes: 0 nothing wrong was found, 1 the copy is not what was signed, 2 usage or a file that cannot be read.
    """
    from isao_reference.audit import verify as checks

    keys = None if key is None else _keys(key)
    try:
        outside = [checks.head_of(_json(path), str(path)) for path in heads]
        pieces = [piece for path in files for piece in checks.read(_read(path))]
    except checks.Unreadable as fault:
        click.echo(f"fault: {fault}")
        raise click.exceptions.Exit(1) from None
    found = checks.verify(pieces, outside, keys, part=part)
    _tell(found, outside, signatures=keys is not None, part=part)
    if found.faults:
        raise click.exceptions.Exit(1)


def _tell(found: Found, outside: list[Head], *, signatures: bool, part: bool) -> None:
    from isao_reference.audit.verify import named

    for fault in found.faults[:SHOWN]:
        click.echo(f"fault: {fault}")
    if len(found.faults) > SHOWN:
        click.echo(f"fault: {len(found.faults) - SHOWN:,} more")
    sealed = f"; {found.sealed:,} without their details" if found.sealed else ""
    click.echo(f"{found.entries:,} entries{sealed}")
    if found.faults:
        click.echo("The copy is not what was signed, or not all of it.")
        return
    for one in found.heads:
        holds = "every entry here is in it" if part else "the copy begins with exactly these"
        click.echo(f"head of {named(one['log'])}, {one['size']:,} entries, {one['time']}: {holds}")
    if not signatures:
        click.echo("Signatures were not checked: give the exchange's public key with --key.")
    if not outside:
        click.echo("Entries missing at the end would not be seen: that takes a head kept elsewhere, with --head.")


def _signed(seed: bytes, log: str, size: int, root: bytes) -> Mapping[str, Any]:
    from isao_reference.audit import heads
    from isao_reference.settings import utc_now
    from isao_reference.wire import timestamps

    return heads.sign(seed, log, size, root, timestamps.format_micros(timestamps.micros(utc_now())))


def _keys(path: Path) -> list[Mapping[str, Any]]:
    value = _json(path)
    while isinstance(value, dict) and "keys" in value:
        value = value["keys"]
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, dict) and "kty" in one for one in listed):
        raise Fault(f"{path}: holds no public key; give a JWK, a set of them, or the capability document")
    return listed


def _json(path: Path) -> Any:
    from isao_reference.wire import json_reader

    try:
        return json_reader.read(_read(path))
    except json_reader.JsonFault as fault:
        raise Fault(f"{path}: is not JSON: {fault}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise Fault(f"{path}: cannot be read ({fault.strerror}); check the path") from None
