"""What the web process reads of a configuration: also where something is wrong that does not concern it."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.config.loading.web_settings import WebSettings, load_web_settings
from healthmon.config.sections.user import Role
from healthmon.errors import ConfigError

PBX = "[pbx office]\nurl = http://127.0.0.1:8088\nusername = u\npassword = p\n"
SITE = "[site warehouse]\naddresses = 203.0.113.7\n"


def settings(folder: Path, general: str = "", more: str = "") -> WebSettings:
    """What is read of a configuration."""
    file = folder / "config.ini"
    file.write_text(f"[healthmon]\ndatabase = h.db\n{general}\n{PBX}{more}[web]\nlisten = 127.0.0.1:8089\n")
    return load_web_settings(file, {})


def test_pages_speak_the_language_of_the_messages_and_know_the_names_of_sites_and_phones(tmp_path: Path) -> None:
    read = settings(tmp_path, "language = ru", f"{SITE}[names]\nPJSIP/101 = Reception\n")

    assert read.language == "ru"
    assert [site.name for site in read.plans.sites] == ["warehouse"]
    assert read.plans.names == {"PJSIP/101": "Reception"}


def test_they_speak_english_where_nothing_is_said(tmp_path: Path) -> None:
    assert settings(tmp_path).language == "en"


def test_a_language_that_nobody_speaks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="language"):
        settings(tmp_path, "language = xx")


def test_what_is_wrong_with_a_time_of_maintenance_keeps_nobody_from_looking(tmp_path: Path) -> None:
    read = settings(tmp_path, more="[maintenance night]\nwhen = never\n[names]\nPJSIP/101 = Reception\n")

    assert read.plans.maintenance == ()
    assert read.plans.names == {"PJSIP/101": "Reception"}


HASH = f"scrypt:14:8:5:{'c2FsdA':-<22}:{'aGFzaA':-<43}"


def test_who_may_ask_is_read_also_from_variables(tmp_path: Path) -> None:
    file = tmp_path / "config.ini"
    user = "[user anna]\npassword_hash = ${ANNA}\nrole = operator\n[web]\nlisten = 0.0.0.0:8089\n"
    file.write_text(f"[healthmon]\ndatabase = h.db\n{PBX}{user}")

    [user_read] = load_web_settings(file, {"ANNA": HASH}).users

    assert (user_read.name, user_read.password_hash, user_read.role) == ("anna", HASH, Role.OPERATOR)


@pytest.mark.parametrize("more", ["[user anna]\nrole = viewer\n", "[token t]\ntoken_hash = x\n", "[user]\n"])
def test_what_is_wrong_with_who_may_ask_is_refused(more: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        settings(tmp_path, more=more)


def test_on_an_address_that_others_get_to_it_does_not_begin_without_knowing_who_may_ask(tmp_path: Path) -> None:
    file = tmp_path / "config.ini"
    file.write_text(f"[healthmon]\ndatabase = h.db\n{PBX}[web]\nlisten = 0.0.0.0:8089\n")

    with pytest.raises(ConfigError, match="whoever gets to this address could see everything"):
        load_web_settings(file, {})
