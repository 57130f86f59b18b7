"""``status`` and ``report`` find the database without reading any secret."""

from __future__ import annotations

import pytest

from healthmon.config.loading.database_settings import load_database_settings
from healthmon.config.loading.plans import load_plans
from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import ConfigError
from tests.config.files import PBX, WATCH, Files


def test_the_database_is_found_although_secrets_cannot_be_read(files: Files) -> None:
    files.path.write_text("[pbx p]\npassword_file = /none\n[healthmon]\ndatabase = beliefs.db\ntimezone = Asia/Tokyo\n")

    place = load_database_settings(files.path, {})

    assert (place.database, place.timezone.key) == (files.folder / "beliefs.db", "Asia/Tokyo")


@pytest.mark.parametrize("text", [PBX, "[healthmon]\n", "[healthmon]\ndatabase =\n"])
def test_without_these_options_their_defaults_count(files: Files, text: str) -> None:
    files.path.write_text(text)

    place = load_database_settings(files.path, {"TZ": "Europe/Berlin"})

    assert (str(place.database), place.timezone.key) == ("/var/lib/healthmon/healthmon.db", "Europe/Berlin")


def refused(files: Files, text: str, *, is_strict: bool = False) -> str:
    files.path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_database_settings(files.path, {"TZ": "UTC"}, is_strict=is_strict)
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

    place = load_database_settings(files.path, {"TZ": "Asia/Tokyo"})

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
        load_database_settings(files.folder / "none", {})


#: A mistake that all who read the file meet, with the option that it is about.
MISTAKES = [
    ("[healthmon]\ntimezone = Europe/Berln\n", "timezone"),
    ("[healthmon]\ntimezone =\n", "timezone"),
    ("[healthmon]\ndatabase = ${FOLDER}/db\n", "database"),
    ("[healthmon]\nkeep_history = 5\n", "keep_history"),
    ("[history]\ntransitions = 1h\n", "transitions"),
    ("[history]\ndaily = 10y\n  20y\n", "daily"),
]


@pytest.mark.parametrize(("mistake", "option"), MISTAKES)
def test_a_mistake_is_said_in_the_same_words_whoever_reads_the_file(files: Files, mistake: str, option: str) -> None:
    said_by_all = [line for line in files.problems(PBX + WATCH + mistake) if f"] {option}:" in line]

    assert refused(files, PBX + WATCH + mistake, is_strict=True).splitlines() == said_by_all


@pytest.mark.parametrize(
    ("mistake", "option"),
    [
        ("[maintenance m]\ndays = Sun\n", "time"),
        ("[maintenance m]\ndays = Sun\ntime = 02:00-04:00\nwatch = fones\n", "watch"),
        ("[maintenance m]\ndays = Sun\ntime = 02:00-04:00\ngroup_wait = 5s\n", "group_wait"),
        ("[site s]\naddresses = 10.0.0.1/8\n", "addresses"),
    ],
)
def test_so_is_one_in_the_plans_of_reports(files: Files, mistake: str, option: str) -> None:
    said_by_all = [line for line in files.problems(PBX + WATCH + mistake) if f"] {option}:" in line]

    with pytest.raises(ConfigError) as caught:
        load_plans(files.path, {"TZ": "UTC"})
    assert str(caught.value).replace(f"{files.folder}/", "").splitlines() == said_by_all


def test_the_plans_of_reports_read_no_secret(files: Files) -> None:
    files.path.write_text(PBX + WATCH + "[healthmon]\nheartbeat_url_file = /none\n[receiver r]\nurls_file = /none\n")

    assert load_plans(files.path, {"TZ": "UTC"}).hosts.keys() == {"office"}
