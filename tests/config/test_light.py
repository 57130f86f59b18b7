"""``status`` and ``report`` find the database without reading any secret."""

from __future__ import annotations

import pytest

from healthmon.config.loading.place import load_place
from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import ConfigError
from tests.config.files import PBX, Files


def test_the_database_is_found_although_secrets_cannot_be_read(files: Files) -> None:
    files.path.write_text("[pbx p]\npassword_file = /none\n[healthmon]\ndatabase = beliefs.db\ntimezone = Asia/Tokyo\n")

    place = load_place(files.path, {})

    assert (place.database, place.timezone.key) == (files.folder / "beliefs.db", "Asia/Tokyo")


@pytest.mark.parametrize("text", [PBX, "[healthmon]\n", "[healthmon]\ndatabase =\n"])
def test_without_these_options_their_defaults_count(files: Files, text: str) -> None:
    files.path.write_text(text)

    place = load_place(files.path, {"TZ": "Europe/Berlin"})

    assert (str(place.database), place.timezone.key) == ("/var/lib/healthmon/healthmon.db", "Europe/Berlin")


def refused(files: Files, text: str, *, is_strict: bool = False) -> str:
    files.path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_place(files.path, {"TZ": "UTC"}, is_strict=is_strict)
    return str(caught.value).replace(f"{files.folder}/", "")


@pytest.mark.parametrize("is_strict", [True, False])
@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "nonsense\n", "database = /x.db\n", "[watch all]\nendpoints = *\n"]
)
def test_an_empty_or_broken_file_does_not_lead_to_the_default_database(
    files: Files, text: str, is_strict: bool
) -> None:
    assert refused(files, text, is_strict=is_strict) == (
        "config.ini: holds neither [healthmon] nor a [pbx …] section; is this the right file?"
    )


#: What hides where the database is -> what is said of it.
HIDDEN = {
    "database = /x.db\n" + PBX: "config.ini:1: this line stands before the first section",
    "[healthmon\n" + PBX: "config.ini:1: this section header has no closing ]",
    "[healthmon]\ndatabase: /x.db\n": "config.ini:2 [healthmon]: a value is written after =, not after a colon",
    "[healthmon]\ndatabse = /x.db\n": "config.ini:2 [healthmon] databse: unknown option; did you mean database?",
    "[healtmon]\ndatabase = /x.db\n" + PBX: "config.ini:2 [healtmon] database: belongs to [healthmon]",
    PBX + "database = /x.db\n": "config.ini:5 [pbx office] database: belongs to [healthmon]",
}


@pytest.mark.parametrize(("text", "said"), HIDDEN.items())
def test_no_command_uses_the_default_database_because_of_what_it_could_not_read(
    files: Files, text: str, said: str
) -> None:
    assert said in refused(files, text)


def test_what_only_looks_goes_on_despite_mistakes_elsewhere_in_the_file(files: Files) -> None:
    files.path.write_text(
        "[healthmon]\ndatabase = /x.db\nhartbeat = 5\ntimezone = Europe/Berln\n[watch\nwhat is this\n"
        "[history]\ntransitions = soon\n"
    )

    place = load_place(files.path, {"TZ": "Asia/Tokyo"})

    assert (str(place.database), place.timezone.key) == ("/x.db", "Asia/Tokyo")
    assert place.history == HistoryConfig()
    assert "did you mean Europe/Berlin" in place.warnings[0]
    assert "[history] transitions" in place.warnings[1]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("[watch\n", "no closing ]"),
        ("timezone = Europe/Berln\n", "did you mean"),
        ("[history]\ntransitions = soon\n", "transitions"),
    ],
)
def test_what_writes_refuses_a_file_that_cannot_be_parsed_or_is_wrong_where_it_matters(
    files: Files, mistake: str, said: str
) -> None:
    assert said in refused(files, f"[healthmon]\ndatabase = /x.db\n{mistake}", is_strict=True)


def test_a_missing_file_is_a_problem(files: Files) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_place(files.folder / "none", {})
