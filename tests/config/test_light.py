"""``status`` and ``report`` find the database without reading any secret."""

from __future__ import annotations

import pytest

from healthmon.config.light import load_place
from healthmon.errors import ConfigError
from tests.config.files import PBX, Files


def test_the_database_is_found_although_secrets_cannot_be_read(files: Files) -> None:
    files.path.write_text("[pbx p]\npassword_file = /none\n[healthmon]\ndatabase = beliefs.db\ntimezone = Asia/Tokyo\n")

    place = load_place(files.path, {})

    assert (place.database, place.timezone.key) == (files.folder / "beliefs.db", "Asia/Tokyo")


@pytest.mark.parametrize("text", [PBX, "[healthmon]\n", "[healthmon]\ndatabase =\n", "nonsense\n"])
def test_without_these_options_their_defaults_count(files: Files, text: str) -> None:
    files.path.write_text(text)

    place = load_place(files.path, {"TZ": "Europe/Berlin"})

    assert (str(place.database), place.timezone.key) == ("/var/lib/healthmon/healthmon.db", "Europe/Berlin")


def test_a_wrong_time_zone_and_a_missing_file_are_problems(files: Files) -> None:
    files.path.write_text("[healthmon]\ntimezone = Europe/Berln\n")

    with pytest.raises(ConfigError, match=r"config.ini:2 \[healthmon\] timezone: .* did you mean Europe/Berlin"):
        load_place(files.path, {})
    with pytest.raises(ConfigError, match="there is no such file"):
        load_place(files.folder / "none", {})
