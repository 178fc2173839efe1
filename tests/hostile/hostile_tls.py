"""Servers whose certificate or version of TLS is not to be trusted (35, 36).

Revoked certificates are not among them: the harness asks nobody whether one was revoked (docs/trust.md says so).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.hostile.hostile import Asked

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = timedelta(days=1)


def greets(asked: Asked) -> None:
    """What is behind the handshake: nobody who checks certificates gets here."""
    asked.answer(b'{"title": "come in"}')


def _certificate(
    subject: str, key: Key, issuer: tuple[str, Key] | None, ends: timedelta, address: str, is_authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    name, signer = issuer or (subject, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
    )
    return made.sign(signer, hashes.SHA256())


def _context(
    folder: Path, ends: timedelta = DAY, address: str = "127.0.0.1", key: Key | None = None, own: bool = False
) -> ssl.SSLContext:
    """A server's context with a certificate of an authority whose own certificate is at `authority.pem`, or of its own
    (`own`)."""
    root, key = ec.generate_private_key(ec.SECP256R1()), key or ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("Throw-away authority", root, None, DAY, "127.0.0.9", True)
    leaf = _certificate("hostile", key, None if own else ("Throw-away authority", root), ends, address, False)
    (folder / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    kept = folder / "server.pem"
    kept.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + leaf.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(kept)
    return context


def good_certificate(folder: Path) -> ssl.SSLContext:
    """The twin of the others: with this one the harness gets in."""
    return _context(folder)


def expired_certificate(folder: Path) -> ssl.SSLContext:
    """Ended yesterday."""
    return _context(folder, ends=-DAY)


def certificate_of_another_name(folder: Path) -> ssl.SSLContext:
    """Made out to another address."""
    return _context(folder, address="127.0.0.7")


def self_signed_certificate(folder: Path) -> ssl.SSLContext:
    """Signed by itself and not by the authority that the target file names."""
    return _context(folder, own=True)


def certificate_with_a_weak_key(folder: Path) -> ssl.SSLContext:
    """An RSA key of 1,024 bits."""
    return _context(folder, key=rsa.generate_private_key(65537, 1024))


def nothing_above_tls_1_1(folder: Path) -> ssl.SSLContext:
    """Speaks TLS 1.0 and 1.1 only."""
    context = _context(folder)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


UNTRUSTED: dict[str, tuple[int, Callable[[Path], ssl.SSLContext]]] = {
    "expired_certificate": (35, expired_certificate),
    "certificate_of_another_name": (35, certificate_of_another_name),
    "self_signed_certificate": (35, self_signed_certificate),
    "certificate_with_a_weak_key": (35, certificate_with_a_weak_key),
    "nothing_above_tls_1_1": (36, nothing_above_tls_1_1),
}
