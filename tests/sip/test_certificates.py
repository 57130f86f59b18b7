"""When a certificate ends, read from what came over the wire: also of one that nobody trusts."""

from __future__ import annotations

import random
import ssl
from pathlib import Path

import pytest

from healthmon.sip.certificates import ENDS_SOON, EXPIRED, LARGEST_CERTIFICATE, dates_trouble, read_end
from tests.lab.certs import Authority

#: 2050 and later are written with four digits (RFC 5280, section 4.1.2.5).
LONG_LASTING = 40 * 365.0


@pytest.mark.parametrize("days_left", [-1.0, 7.0, 365.0, LONG_LASTING])
def test_the_end_is_read_as_openssl_reads_it(days_left: float, tmp_path: Path) -> None:
    files = Authority(tmp_path).sign("some", "sip.example.net", days_left)

    pem = files.certificate.read_text()
    ends_at = read_end(ssl.PEM_cert_to_DER_cert(pem))

    # Python decodes what it is to trust.
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(cadata=(tmp_path / "ca.pem").read_text())
    authority = trusting.get_ca_certs()[0]["notAfter"]
    assert isinstance(authority, str)
    assert read_end(ssl.PEM_cert_to_DER_cert((tmp_path / "ca.pem").read_text())) == ssl.cert_time_to_seconds(authority)
    ten_years = ssl.cert_time_to_seconds(authority)
    assert ends_at == pytest.approx(ten_years + (days_left - 3650) * 86_400.0, abs=1)


def element(tag: int, *contents: bytes) -> bytes:
    """One element of DER."""
    whole = b"".join(contents)
    return bytes([tag, 0x84]) + len(whole).to_bytes(4) + whole


def certificate(kind: int, not_after: bytes, serial_number: bytes = b"\1") -> bytes:
    """No more of a certificate than is read, with this end."""
    validity = element(0x30, element(0x17, b"500101000000Z"), element(kind, not_after))
    number, signature, issuer = element(0x02, serial_number), element(0x30), element(0x30)
    return element(0x30, element(0x30, number, signature, issuer, validity))


@pytest.mark.parametrize(
    ("kind", "not_after", "ends"),
    [
        (0x17, b"490704120000Z", "Jul  4 12:00:00 2049 GMT"),
        (0x17, b"500704120000Z", "Jul  4 12:00:00 1950 GMT"),
        (0x17, b"680704120000Z", "Jul  4 12:00:00 1968 GMT"),
        (0x17, b"690704120000Z", "Jul  4 12:00:00 1969 GMT"),
        (0x18, b"20500704120000Z", "Jul  4 12:00:00 2050 GMT"),
    ],
)
def test_two_digits_of_a_year_are_read_as_rfc_5280_has_them(kind: int, not_after: bytes, ends: str) -> None:
    assert read_end(certificate(kind, not_after)) == ssl.cert_time_to_seconds(ends)


def test_a_time_of_another_kind_is_none() -> None:
    assert read_end(certificate(0x16, b"20500704120000Z")) is None


def test_what_is_larger_than_any_certificate_is_not_read() -> None:
    spare = LARGEST_CERTIFICATE - len(certificate(0x17, b"490704120000Z", b""))

    assert read_end(certificate(0x17, b"490704120000Z", b"\1" * spare)) is not None
    assert read_end(certificate(0x17, b"490704120000Z", b"\1" * (spare + 1))) is None


def test_what_is_no_certificate_ends_at_no_known_time(tmp_path: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert(Authority(tmp_path).valid("sip.example.net").certificate.read_text())
    chance = random.Random(3)

    cut = [der[:length] for length in range(0, len(der), 7)]
    spoilt = []
    for _ in range(2000):
        changed = bytearray(der)
        changed[chance.randrange(120)] = chance.randrange(256)
        spoilt.append(bytes(changed))

    assert {read_end(part) for part in cut} == {None}
    # A time or nothing; it never raises.
    assert None in {read_end(part) for part in spoilt}


def test_what_is_said_of_the_end() -> None:
    assert dates_trouble(None, 0.0) == ""
    assert dates_trouble(ENDS_SOON + 1, 0.0) == ""
    assert dates_trouble(ENDS_SOON, 0.0) == "its certificate ends on 1970-01-15 00:00 UTC"
    assert dates_trouble(5.0, 5.0) == EXPIRED
