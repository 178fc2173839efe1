"""The target file: what the operator says about the system under test, and what may be done to it.

Credentials are never inline: each is read from an environment variable or an owner-readable file.
"""

from __future__ import annotations

import base64
import os
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from isao_conformance.errors import ConfigurationError
from isao_conformance.limits import LIMITS
from isao_conformance.transport import TlsFiles

OUTSIDER = "outsider"
CERTIFICATE = "certificate"
READ_ONLY, EXPIRED, REVOKED = "member-a-read-only", "member-a-expired", "member-a-revoked"
OF_MEMBER_A = (READ_ONLY, EXPIRED, REVOKED)
"""Further credentials of the organization of member-a, for the rows about credentials."""
REGULATOR = "regulator"
"""A further credential of the government's organization, which may name a purpose of use that items can refuse."""
FURTHER = (*OF_MEMBER_A, REGULATOR)
"""Further credentials of organizations that are lent already. They are no further readers: what differs between
accounts is asked of the others."""
ACTORS = (
    "operator",
    "analyst",
    "member-a",
    "member-a2",
    "member-b",
    "ex-member",
    "applicant",
    "peer",
    "government",
    *FURTHER,
    OUTSIDER,
)


@dataclass(frozen=True)
class Actor:
    """An account the operator lends to the run. `authorization` is the header value; None for the outsider and for who
    signs in with a client certificate (PEM files, the key in the same file when `client_key` is empty)."""

    name: str
    scheme: str = ""
    authorization: str | None = field(default=None, repr=False)
    organization: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    username: str = field(default="", repr=False)
    client_cert: str = ""
    identity: str = ""
    """The id of the STIX identity that the target holds for the actor's organization; empty when it is not told."""
    client_key: str = ""
    groups: tuple[str, ...] = ()
    """The sharing groups of the target that the actor's organization is in."""

    @property
    def signs_in(self) -> bool:
        """Whether it proves to the target who it is."""
        return self.authorization is not None or self.scheme == CERTIFICATE


@dataclass(frozen=True)
class Target:
    """A system under test. URLs of collections end with a slash."""

    name: str
    base_url: str
    origins: tuple[str, ...]
    profiles: tuple[str, ...]
    discovery: str
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    may_delete: bool = False
    may_decide: bool = False
    tls: TlsFiles = field(default_factory=TlsFiles)
    actors: Mapping[str, Actor] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    requests_per_second: float = 0.0
    exchange_seconds: float = LIMITS.exchange_seconds
    run_octets: int = 0
    """What the answers of a run may take in memory; 0 for as much as `LIMITS` says."""
    run_seconds: float = 0.0
    """How long a run may take; 0 for as long as `LIMITS` says."""

    @property
    def callers(self) -> tuple[str, ...]:
        """The actors that differ in what they may read, the outsider among them, by name."""
        return tuple(sorted(name for name in self.actors if name not in FURTHER))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The callers that sign in, by name."""
        return tuple(name for name in self.callers if name != OUTSIDER)

    @property
    def is_https(self) -> bool:
        """True when the declared base URL is HTTPS."""
        return self.base_url.lower().startswith("https://")

    def public(self) -> dict[str, Any]:
        """What a report may say about the target: everything but credentials."""
        return {
            "name": self.name,
            "base_url": self.base_url,
            "origins": list(self.origins),
            "discovery": self.discovery,
            "read": list(self.read),
            "write": list(self.write),
            "may_delete": self.may_delete,
            "may_decide": self.may_decide,
            "actors": {
                name: {
                    "auth": actor.scheme,
                    "organization": actor.organization,
                    "identity": actor.identity,
                    "groups": list(actor.groups),
                }
                for name, actor in sorted(self.actors.items())
            },
            "absent": dict(self.absent),
        }


@lru_cache(4096)
def origin_of(url: str) -> str:
    """Scheme and authority of a URL, lower-cased, default port left out."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme.lower())
    port = "" if parts.port in (None, default) else f":{parts.port}"
    host = parts.hostname or ""
    return f"{parts.scheme.lower()}://{f'[{host}]' if ':' in host else host}{port}"


def load_target(path: Path, environment: Mapping[str, str] = os.environ) -> Target:
    """Read a target file. Raises ConfigurationError naming the file, the fault and the remedy."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file; name your target file with --target") from None
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"{path}: cannot be read ({fault}); check the path and its permissions") from None
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationError(f"{path}: is not TOML: {fault}") from None
    return parse_target(raw, str(path), environment)


def parse_target(raw: dict[str, Any], where: str, environment: Mapping[str, str] = os.environ) -> Target:
    """Turn the parsed TOML into a Target; the shape is `target.json` of the specification."""
    from isao_spec.schema_check import problems

    faults = problems("target", raw)
    if faults:
        raise ConfigurationError("\n".join(f"{where}: {fault}" for fault in faults))
    taxii, tls = raw.get("taxii", {}), raw.get("tls", {})
    base_url = raw["base_url"]
    actors = {
        name: replace(
            _actor(name, told, where, environment),
            identity=told.get("identity", ""),
            groups=tuple(told.get("groups", ())),
        )
        for name, told in raw.get("actors", {}).items()
    }
    actors.setdefault(OUTSIDER, Actor(OUTSIDER))
    actors = dict(sorted(actors.items()))  # the order a replay sees, whatever the file's
    target = Target(
        name=raw.get("name", base_url),
        base_url=base_url,
        origins=tuple(origin_of(origin) for origin in raw.get("origins", [base_url])),
        profiles=tuple(raw.get("profiles", ())),
        discovery=taxii.get("discovery", base_url.rstrip("/") + "/taxii2/"),
        read=tuple(_slashed(url) for url in taxii.get("read", ())),
        write=tuple(_slashed(url) for url in taxii.get("write", ())),
        may_delete=bool(taxii.get("may_delete", False)),
        may_decide=bool(raw.get("functions", {}).get("may_decide", False)),
        tls=TlsFiles(tls.get("ca_file"), tls.get("client_cert"), tls.get("client_key")),
        actors=actors,
        absent=dict(raw.get("absent", {})),
        requests_per_second=float(raw.get("limits", {}).get("requests_per_second", 0)),
        exchange_seconds=float(raw.get("limits", {}).get("exchange_seconds", LIMITS.exchange_seconds)),
        run_octets=int(raw.get("limits", {}).get("run_mebibytes", 0)) * 1024 * 1024,
        run_seconds=float(raw.get("limits", {}).get("run_minutes", 0)) * 60,
    )
    for url in (base_url, target.discovery, *target.read, *target.write):
        if origin_of(url) not in target.origins:
            raise ConfigurationError(
                f'{where}: {url} is outside the declared origins; add "{origin_of(url)}" to origins'
            )
    for file in (target.tls.ca_file, target.tls.client_cert, target.tls.client_key):
        if file and not Path(file).is_file():
            raise ConfigurationError(f"{where}: [tls] names {file}, which does not exist")
    return target


def basic_actor(name: str, username: str, secret: str, organization: str = "") -> Actor:
    """An actor that signs in with HTTP Basic (RFC 7617, UTF-8)."""
    token = base64.b64encode(f"{username}:{secret}".encode()).decode()
    return Actor(name, "basic", f"Basic {token}", organization, (secret, token), username)


def bearer_actor(name: str, secret: str, organization: str = "") -> Actor:
    """An actor that sends an API key as a bearer token (RFC 6750)."""
    return Actor(name, "bearer", f"Bearer {secret}", organization, (secret,))


def _actor(name: str, told: dict[str, Any], where: str, environment: Mapping[str, str]) -> Actor:
    organization = told.get("organization", "")
    if name == OUTSIDER:
        return Actor(OUTSIDER, organization=organization)
    if told["auth"] == CERTIFICATE:
        return _certificate_actor(name, told["client_cert"], told.get("client_key", ""), organization, where)
    secret = _credential(name, told, "secret", where, environment)
    if told["auth"] == "bearer":
        return bearer_actor(name, secret, organization)
    return basic_actor(name, _credential(name, told, "username", where, environment), secret, organization)


def _certificate_actor(name: str, certificate: str, key: str, organization: str, where: str) -> Actor:
    try:
        # Without a password to try, the library would ask for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key or None, password="")
    except (ssl.SSLError, OSError) as fault:
        raise ConfigurationError(
            f"{where}: [actors.{name}] client_cert {certificate} cannot be used ({fault}); it is a PEM file with the"
            " certificate, and with its key, which has no password, unless client_key names that"
        ) from None
    return Actor(name, CERTIFICATE, organization=organization, client_cert=certificate, client_key=key)


def _credential(name: str, told: dict[str, Any], part: str, where: str, environment: Mapping[str, str]) -> str:
    variable, file = told.get(f"{part}_env"), told.get(f"{part}_file")
    if variable is not None:
        value = environment.get(variable, "")
        if not value:
            raise ConfigurationError(f"{where}: [actors.{name}] wants ${variable}, which is not set; export it")
    else:
        try:
            value = Path(str(file)).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigurationError(f"{where}: [actors.{name}] {part}_file cannot be read: {fault}") from None
    if not value or any(ord(character) < 32 for character in value):
        raise ConfigurationError(f"{where}: [actors.{name}] its {part} is empty or holds control characters")
    return value


def _slashed(url: str) -> str:
    return url if url.endswith("/") else url + "/"


def target_of_url(url: str, write: tuple[str, ...], ca_file: str | None, environment: Mapping[str, str]) -> Target:
    """A target from a bare URL: its discovery or base URL, with at most one account from the environment.

    Raises ConfigurationError for something that is not an http(s) URL and for half a credential.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{url} is not an http:// or https:// URL; give one such as https://host/taxii2/")
    base = f"{parts.scheme}://{parts.netloc}/"
    actor: dict[str, Any] = {}
    if environment.get("ISAO_TOKEN"):
        actor = {"auth": "bearer", "secret_env": "ISAO_TOKEN"}
    elif environment.get("ISAO_USERNAME") or environment.get("ISAO_SECRET"):
        actor = {"auth": "basic", "username_env": "ISAO_USERNAME", "secret_env": "ISAO_SECRET"}
    raw: dict[str, Any] = {
        "schema": "isao-target/1",
        "name": base,
        "base_url": base,
        "origins": [origin_of(url)],
        "taxii": {"discovery": url if parts.path.strip("/") else f"{base}taxii2/", "write": list(write)},
        "actors": {"member-a": actor} if actor else {},
    }
    if ca_file:
        raw["tls"] = {"ca_file": ca_file}
    return parse_target(raw, "the command line", environment)
