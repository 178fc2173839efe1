"""Throw-away authorities and client certificates for tests of mutual TLS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from isao_reference.tls import CertificateFiles


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _built(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


@dataclass(frozen=True)
class Authority:
    """An authority that signs client certificates; `file` is its own certificate in PEM form."""

    folder: Path
    file: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    def issue(
        self, name: str, start: timedelta = -timedelta(hours=1), end: timedelta = timedelta(days=1)
    ) -> CertificateFiles:
        """A new client certificate that is in force from `start` to `end`, counted from now."""
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _built(name, key, self.name, now + start, now + end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        files = CertificateFiles(self.folder / f"{name}.pem", self.folder / f"{name}.key", self.file)
        files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


def authority(folder: Path, name: str = "clients") -> Authority:
    """A new authority whose certificate is in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    own = _name(f"Throw-away authority {name}")
    made = (
        _built(f"Throw-away authority {name}", key, own, now - timedelta(days=1), now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}-ca.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Authority(folder, file, key, own)
