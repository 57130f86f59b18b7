"""Asterisk's own files, as people and FreePBX write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.sources.asterisk_files import AsteriskFiles, look_at_files


def write(folder: Path, **files: str) -> Path:
    """Write files into a folder: ``http="…"`` is http.conf."""
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text, encoding="utf-8")
    return folder


def test_what_is_asked_for_is_read_and_the_password_is_not(tmp_path: Path) -> None:
    general = "[general]\nenabled = yes\nwebsocket_write_timeout => 500 ; ms\n"
    ari = general + "[healthmon]\npassword = hunter22\npermit=127.0.0.1\n"
    write(tmp_path, http="[general]\nsessionlimit=7\n", ari=ari)

    found = look_at_files(tmp_path, "healthmon")

    assert found.files == AsteriskFiles(tmp_path, 7, 500, user_has_acl=True)
    assert "hunter22" not in repr(found)


def test_what_is_not_given_is_asterisks_default(tmp_path: Path) -> None:
    write(tmp_path, http="; nothing\n", ari="[healthmon]\ntype=user\n")

    assert look_at_files(tmp_path, "healthmon").files == AsteriskFiles(tmp_path, 100, 100, user_has_acl=False)


def test_files_are_included_as_freepbx_does_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        http="[general]\n#include http_additional.conf\n#include http_custom.conf\n",
        http_additional="sessionlimit=50\n",
        http_custom="",
        ari='[general]\n#include "ari_general_additional.conf"\n#tryinclude nowhere.conf\n#include ari_add*.conf\n',
        ari_general_additional="websocket_write_timeout=1000\n",
        ari_additional="[healthmon]\ntype=user\nread_only=no\n",
    )

    found = look_at_files(tmp_path, "healthmon").files

    assert found is not None
    assert (found.session_limit, found.websocket_write_timeout) == (50, 1000)


def test_comments_templates_and_sections_that_go_on_are_understood(tmp_path: Path) -> None:
    ari = (
        ";-- [healthmon]\npermit = 192.0.2.1 --;\n[limited](!)\ndeny=0.0.0.0/0 ; all\n"
        "[healthmon](limited)\ntype=user\n[healthmon](+)\nread_only=no\n"
    )
    write(tmp_path, http="[general]\nsessionlimit=nonsense\n;sessionlimit=3\n", ari=ari)

    found = look_at_files(tmp_path, "healthmon").files

    assert found is not None
    assert (found.session_limit, found.user_has_acl) == (100, True)


def test_an_include_may_name_a_whole_path_or_nothing_that_is_there(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere, limits="sessionlimit=9\n")
    http = f"[general]\n#include {elsewhere}/limits.conf\n#include {elsewhere}\n#include /\n#include nowhere.conf\n"
    write(tmp_path, http=http, ari="[healthmon]\n")

    found = look_at_files(tmp_path, "healthmon").files

    assert found is not None
    assert found.session_limit == 9


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    write(tmp_path, http="[general]\n#include http.conf\n", ari="[healthmon]\n")

    assert look_at_files(tmp_path, "healthmon").files is not None


def test_files_that_all_include_each_other_are_read_once_and_a_number_without_end_is_none(tmp_path: Path) -> None:
    many = {f"f{number}": f"#include f*.conf\n[general]\nsessionlimit = {'9' * 5000}\n" for number in range(12)}
    write(tmp_path, http="#include f*.conf\n", ari="[healthmon]\n", **many)

    found = look_at_files(tmp_path, "healthmon").files

    assert found is not None
    assert found.session_limit == 100


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "No such file or directory"),
        ({"http": "", "ari": "[somebody]\ntype=user\n"}, "ari.conf has no user healthmon"),
        ({"http": "#include a**.conf\n", "ari": "[healthmon]\n"}, "ValueError"),
    ],
)
def test_files_that_are_not_those_of_this_pbx_are_not_judged(tmp_path: Path, files: dict[str, str], why: str) -> None:
    found = look_at_files(write(tmp_path, **files), "healthmon")

    assert found.files is None
    assert why in found.why_not
