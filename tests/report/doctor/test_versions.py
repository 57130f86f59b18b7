"""Which versions have what."""

from __future__ import annotations

import pytest

from healthmon.report.doctor.versions import ACL_OF_A_USER, lets_readers_write, mended_in, version_of


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ("16.28.0~dfsg-0+deb11u4", False),
        ("20.13.9", False),
        ("20.14.0", True),
        ("20.20.0", True),
        ("20.20.1", False),
        ("21.12.2", True),
        ("21.12.3", False),
        ("22.3.0", False),
        ("22.10.0", True),
        ("22.10.1+dfsg+~cs6.17.60671434-1", False),
        ("22.11.0", False),
        ("23.0.0", True),
        ("23.4.1", False),
        ("24.0.0", False),
    ],
)
def test_the_hole_of_readers_that_write(words: str, is_open: bool) -> None:
    version = version_of(words)

    assert version is not None
    assert lets_readers_write(version) is is_open


@pytest.mark.parametrize("words", ["", "GIT-22-6d27f5c", "certified-20.7-cert2", "20.7-cert2", "unknown"])
def test_a_version_that_no_table_knows_is_none(words: str) -> None:
    assert version_of(words) is None


def test_the_version_in_which_it_is_mended_is_one_of_the_same_branch() -> None:
    assert [mended_in((branch, 14, 0)) for branch in (20, 21, 22, 23)] == ["20.20.1", "21.12.3", "22.10.1", "23.4.1"]


def test_a_user_has_an_acl_since_these_versions() -> None:
    assert [
        ACL_OF_A_USER.has(version) for version in ((20, 18, 9), (20, 19, 0), (21, 99, 0), (22, 9, 0), (24, 0, 0))
    ] == [
        False,
        True,
        False,
        True,
        True,
    ]
