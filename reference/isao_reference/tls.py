"""A throw-away certificate authority and one server certificate for the loopback names.

For demonstrations and tests only: the authority's key is never written, so nothing else can be
signed by it, and both certificates expire within days. The extensions are those that strict
verification (RFC 5280; OpenSSL's X509_V_FLAG_X509_STRICT) asks for.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = timedelta(days=14)
CLOCK_SKEW = timedelta(minutes=10)
LOOPBACK_NAMES = ("localhost",)
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class CertificateFiles:
    """Paths of PEM files: a certificate, its private key (0600), the authority that signed it, and, for a server, the
    authority whose client certificates it takes."""

    certificate: Path
    key: Path
    authority: Path | None = None
    client_authority: Path | None = None


def issue_loopback_certificate(folder: Path, now: datetime | None = None) -> CertificateFiles:
    """Make a new authority and a server certificate for localhost, 127.0.0.1 and ::1 in `folder`.

    `now` is the issuing time (default: the clock); validity starts ten minutes earlier and lasts 14 days.
    Raises OSError when the folder cannot be written.
    """
    start = (now or datetime.now(UTC)) - CLOCK_SKEW
    end = start + VALID_FOR
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, start, end)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server(server_key, authority, authority_key, start, end)
    files = CertificateFiles(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    files.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    write_private(
        files.key,
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    return files


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to a file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(content)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime) -> x509.Certificate:
    name = _name("Throw-away authority of an ISAO demonstration exchange")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_loopback_only(), critical=True)
        .sign(key, hashes.SHA256())
    )


def _loopback_only() -> x509.NameConstraints:
    """Keep the authority from vouching for any other host, should somebody install it for good."""
    networks = [x509.IPAddress(ipaddress.ip_network(address)) for address in LOOPBACK_ADDRESSES]
    return x509.NameConstraints([*map(x509.DNSName, LOOPBACK_NAMES), *networks], None)


def _server(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    start: datetime,
    end: datetime,
) -> x509.Certificate:
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in LOOPBACK_ADDRESSES]
    return (
        x509.CertificateBuilder()
        .subject_name(_name("localhost"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, LOOPBACK_NAMES), *addresses]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
