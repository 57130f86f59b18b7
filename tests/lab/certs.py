"""Certificates for TLS tests: our own authority, and what it signs well or badly."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

_DAY = datetime.timedelta(days=1)


class Certificate(Struct, frozen=True):
    """Two PEM files."""

    certificate: Path
    key: Path

    @property
    def files(self) -> tuple[Path, Path]:
        """What Options(certificate=…) wants."""
        return self.certificate, self.key

    def replace(self, other: "Certificate") -> None:
        """Stand in the place of another one, as a renewed one does."""
        other.certificate.write_bytes(self.certificate.read_bytes())
        other.key.write_bytes(self.key.read_bytes())


class Authority:
    """A certificate authority of one test; `ca_file` is what a client that trusts it is given."""

    def __init__(self, folder: Path, now: datetime.datetime | None = None) -> None:
        self._folder = folder
        self._now = now or datetime.datetime.now(datetime.UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "healthmon lab authority")])
        certificate = (
            self._builder(self._name, self._key.public_key(), self._now - _DAY, self._now + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def valid(self, address: str) -> Certificate:
        """A certificate for that address, good for a year."""
        return self.sign("valid", address, days_left=365)

    def wrong_host(self) -> Certificate:
        """A good certificate of somebody else: of the host "elsewhere.example"."""
        return self.sign("wrong-host", "elsewhere.example", days_left=365)

    def expired(self, address: str) -> Certificate:
        """A certificate that ended yesterday."""
        return self.sign("expired", address, days_left=-1)

    def ending(self, address: str, days_left: float = 7) -> Certificate:
        """A certificate that is still good, but not for long."""
        return self.sign("ending", address, days_left=days_left)

    def sign(self, name: str, host: str, days_left: float) -> Certificate:
        """A certificate for one host or address, ending `days_left` days from now; written as NAME.pem, NAME.key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        end = self._now + days_left * _DAY
        certificate = (
            self._builder(subject, key.public_key(), min(end, self._now) - 400 * _DAY, end)
            .add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        files = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime.datetime, end: datetime.datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number(), begin, end)
        subject_id = x509.SubjectKeyIdentifier.from_public_key(key)
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(subject_id, critical=False).add_extension(issuer_id, critical=False)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
