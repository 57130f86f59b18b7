"""Passwords and tokens are kept as hashes that can be tried, and from which nobody gets back."""

from __future__ import annotations

import pytest

from healthmon.config.credentials import hash_of_password, hash_of_token, password_hash, token_hash
from healthmon.config.values import Unsuitable

#: What another implementation of scrypt (RFC 7914, section 12: "pleaseletmein") makes of it, cut to 32 bytes.
KNOWN = "scrypt:14:8:1:U29kaXVtQ2hsb3JpZGU:cCO9yzr9c0hGHAbNgf046_2o-7qQT44-qbVD9lRdofI"


def test_a_hash_is_written_and_read_as_it_was() -> None:
    made = hash_of_password("correct horse battery")

    assert password_hash(str(made)) == made
    assert "correct" not in str(made)
    assert str(made) not in repr(made)


def test_it_is_scrypt_as_others_have_it() -> None:
    assert password_hash(KNOWN).is_of("pleaseletmein")
    assert not password_hash(KNOWN).is_of("pleaseletmeout")


def test_a_letter_with_an_accent_is_the_same_however_it_was_typed() -> None:
    assert hash_of_password("Schl\u00fcsseldienst").is_of("Schlu\u0308sseldienst")


def test_what_cannot_be_written_as_utf_8_is_a_wrong_password_and_no_defect() -> None:
    assert not password_hash(KNOWN).is_of("\ud800")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter22",
        KNOWN + "x",
        KNOWN.replace("14", "٤"),
        KNOWN.replace(":14:8:", ":16:8:").replace(":1:", ":17:"),
        KNOWN.replace(":14:8:", ":20:8:"),
        KNOWN.replace(":14:8:", ":14:0:"),
        KNOWN.replace(":14:8:", ":1:8:"),
    ],
)
def test_what_is_no_hash_or_would_stop_the_web_process_is_refused(text: str) -> None:
    with pytest.raises(Unsuitable, match="healthmon web password"):
        password_hash(text)


def test_the_hash_of_a_token_is_no_token() -> None:
    assert token_hash(hash_of_token("hm_x")) == hash_of_token("hm_x")
    with pytest.raises(Unsuitable, match="healthmon web token"):
        token_hash("hm_x")
