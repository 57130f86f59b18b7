"""Every language says all that the others say, with the same facts; what bends with a number or a gender does."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.ari import failures, messages
from healthmon.core.belief import delivery, drivers, endpoints
from healthmon.core.belief.drivers import assess as assess_drivers
from healthmon.core.belief.evidence import LATER_THAN_ASTERISK_WAITS, NEVER_ANSWERED_ASTERISK
from healthmon.core.belief.inventory import Vanished, assess
from healthmon.core.grouping.sites import label
from healthmon.errors import AriError
from healthmon.languages import CODES, language
from healthmon.model import ENDPOINT_CHECKS, Check, Ending, Health, Kind, Severity
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message_lines import CHECKS, State
from healthmon.notify.compose.voice import Voice
from healthmon.sip.certificates import dates_trouble, why_not_trusted
from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.verdicts import ProbeVerdict, left_alone, over_all, over_ways, verdict_on, with_certificate
from healthmon.sources.polls import certificate_remark
from healthmon.store.outbox.outbox import ClaimedRow
from healthmon.wire.pace import BadPace, Pace, PeerLimits, TooLong
from tests.notify.compose.test_digest import claimed_rows
from tests.notify.configs import config
from tests.notify.rows import BERLIN, NOW, SINCE, phone
from tests.notify.sentences import names, sentences

OTHERS = tuple(code for code in CODES if code != "en")
RUSSIAN = Voice(language("ru"), BERLIN, NOW)

each_language = pytest.mark.parametrize("code", CODES)
each_other_language = pytest.mark.parametrize("code", OTHERS)


@each_other_language
def test_every_sentence_is_translated_and_nothing_else(code: str) -> None:
    translated = language(code).texts

    missing = {sentence: where for sentence, where in sentences().items() if not translated.get(sentence)}
    assert missing == {}
    assert set(translated) - set(sentences()) == set(), "no code says this any more"


@each_other_language
def test_a_translation_has_the_same_names_in_braces(code: str) -> None:
    spoken = language(code)

    assert [one for one, other in spoken.texts.items() if names(one) != names(other)] == []
    assert [one for one, other in spoken.sayings.items() if names(one) != names(other)] == []
    assert names(spoken.share) <= {"down", "of", "nouns_down", "nouns_of"}


@each_language
def test_every_thing_and_every_state_has_all_its_forms(code: str) -> None:
    spoken = language(code)
    plurals = {spoken.plural(number) for number in range(200)}
    genders = {noun.gender for noun in spoken.nouns.values()}

    assert set(spoken.nouns) == {*Kind, *ENDPOINT_CHECKS, "device", "day"} - {Check.REACHABILITY}
    assert {len(noun.forms) for noun in spoken.nouns.values()} == {len(plurals)} == {max(plurals) + 1}
    assert {len(noun.genitives) for noun in spoken.nouns.values()} <= {0, len(plurals)}
    assert set(spoken.states) == {*State, "unreachable"}
    assert {len(forms) for forms in spoken.states.values()} <= {1, max(genders) + 1}
    assert (len(spoken.weekdays), len(spoken.months)) == (7, 12)


def test_russian_numbers_have_three_forms() -> None:
    said = [RUSSIAN.language.counted(number, "phone") for number in (1, 2, 4, 5, 11, 12, 14, 21, 22, 111, 112, 1001)]

    assert said == [
        "1 телефон",
        "2 телефона",
        "4 телефона",
        "5 телефонов",
        "11 телефонов",
        "12 телефонов",
        "14 телефонов",
        "21 телефон",
        "22 телефона",
        "111 телефонов",
        "112 телефонов",
        "1001 телефон",
    ]


def test_russian_states_have_a_gender_and_a_number() -> None:
    speak = RUSSIAN.language.state

    assert [speak("DOWN", kind) for kind in ("phone", "site", "device")] == ["НЕДОСТУПЕН", "НЕДОСТУПНА", "НЕДОСТУПНО"]
    assert [speak("DOWN", "phone", number) for number in (1, 2, 21, 40)] == [
        "НЕДОСТУПЕН",
        "НЕДОСТУПНЫ",
        "НЕДОСТУПЕН",
        "НЕДОСТУПНЫ",
    ]
    assert RUSSIAN.language.shared(21, 40, "phone") == "21 телефон из 40"


def test_russian_dates_and_durations() -> None:
    assert RUSSIAN.dated_time(NOW) == "пт 1 мая 2026 14:05:00 CEST (UTC+2)"
    assert RUSSIAN.clock(NOW - 86400) == "чт 14:05"
    assert RUSSIAN.clock(NOW - 30 * 86400) == "1 апр 14:05"
    assert [RUSSIAN.duration(days * 86400 + 7200) for days in (1, 2, 5, 21)] == [
        "1 день 2 ч",
        "2 дня 2 ч",
        "5 дней 2 ч",
        "21 день 2 ч",
    ]
    assert RUSSIAN.duration(7500) == "2 ч 5 мин"


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(claimed_rows(), min_size=1, max_size=8), code=st.sampled_from(OTHERS))
def test_every_message_begins_with_a_state_and_stays_within_its_limits(rows: list[ClaimedRow], code: str) -> None:
    spoken = language(code)

    message = compose(rows, Voice(spoken, BERLIN, NOW), most_characters=1000)

    assert message.subject.startswith(tuple(f"{form} " for forms in spoken.states.values() for form in forms))
    assert len(message.subject) <= 60
    assert len(message.body) <= 1000


# ---------------------------------------------------------------- what other parts of healthmon say


def test_what_is_not_known_is_told_as_it_is() -> None:
    assert RUSSIAN.language.retold("peer status Unreachable") == "peer status Unreachable"
    assert RUSSIAN.language.retold("") == ""


def test_a_saying_within_a_saying_is_translated_too() -> None:
    said = RUSSIAN.language.retold("no events: the event stream broke off; polled every 60 s")

    assert said == "нет событий: поток событий оборвался; опрос каждые 60 с"


def _vanished(*kinds: Kind) -> list[Vanished]:
    return [Vanished(phone(str(n)), kind, True, SINCE, False) for n, kind in enumerate(kinds)]


def _failures() -> list[str]:
    """What is said when a PBX cannot be asked."""
    pbx, errors = config().pbxs[0], list[AriError | None]()
    exceptions: list[Exception] = [
        requests.ConnectTimeout(),
        requests.ReadTimeout(),
        requests.ConnectionError(ConnectionRefusedError(111, "Connection refused")),
        requests.ConnectionError(OSError(113, "No route to host")),
        requests.ConnectionError(ConnectionResetError(104, "reset")),
        UnicodeError(),
        *_bad_paces(),
    ]
    errors += [failures.unreachable(pbx, "GET /endpoints", error, timeout=5) for error in exceptions]
    for status, body in ((401, b""), (403, b""), (404, b"<html>"), (503, b'{"message": "Asterisk not booted"}')):
        errors.append(failures.refusal(pbx, "GET /endpoints", status, "Asterisk/22", body))
    for status, server in ((502, "nginx"), (503, "Asterisk/22"), (301, ""), (500, "")):
        errors.append(failures.refusal(pbx, "GET /endpoints", status, server, b"<html>"))
    return [error.what for error in errors if error is not None]


def _bad_paces() -> Iterator[BadPace]:
    """How an answer is too slow, or too long."""
    for received in (1, 12, 70_000):
        pace = Pace(PeerLimits(largest=1_000_000))
        pace.take(received, 0.0)
        yield pace.too_slow()
    endless = Pace(PeerLimits(largest=1_000_000, whole_within=5.0))
    endless.take(500_000, 0.0)
    yield endless.too_slow()
    yield TooLong("is longer than 1000 kB")
    yield TooLong("has headers without end")


def _sayings() -> list[str]:
    """What the core and the sources say, made by themselves."""
    return [
        *Ending,
        *Severity,
        endpoints.FIRST_LOOK,
        endpoints.NOT_BACK,
        delivery.HANGS,
        delivery.ACCEPTED,
        label("10.0.0.0/24"),
        assess([], 212)[1],
        assess(_vanished(Kind.PHONE), 212)[1],
        assess(_vanished(*[Kind.PHONE] * 5), 12)[1],
        assess(_vanished(*[Kind.PHONE] * 9), 12)[1],
        assess(_vanished(*[Kind.PHONE] * 9), 12)[1].partition(";")[0].removeprefix("Asterisk "),
        assess_drivers(["PJSIP", "IAX2"])[1],
        assess_drivers([])[1],
        drivers.no_driver(["PJSIP"]),
        messages.why_listed_singly("an answer 500", ["PJSIP", "IAX2"], ["SIP"]),
        messages.why_listed_singly("an answer 500", ["PJSIP"], []),
        certificate_remark(NOW + 9.5 * 86400, NOW),
        certificate_remark(NOW + 1.5 * 86400, NOW),
        *_failures(),
        *_own_options(),
    ]


def _own_options() -> list[str]:
    """What is found by OPTIONS of our own, and how Asterisk's view stands beside it."""
    silent = ProbeVerdict(Health.DOWN, "does not answer our OPTIONS (UDP 192.0.2.1:5060)")
    refused = ProbeVerdict(Health.DOWN, "refuses the connection (TCP 192.0.2.1:5060)")
    good, busy = verdict_on(200), verdict_on(503)
    found = [
        busy,
        silent,
        refused,
        left_alone(busy, "14:07"),
        *(
            over_all("sip.example.net", dict(zip(_remotes(), verdicts, strict=False)))
            for verdicts in (
                [good, silent, good],
                [busy, silent],
                [good, *[silent] * 5],
                [busy, *[silent] * 5],
                [busy, good],
                [silent, silent],
            )
        ),
        over_ways([good, silent]),
        *(with_certificate(good, trouble) for trouble in _certificates()),
    ]
    words = [verdict.words for verdict in found]
    words += [f"{word}; Asterisk: {view}" for word in words for view in ("reachable", "not checked")]
    unreachable = "does not answer OPTIONS (contact Unreachable)"
    late = f"{good.words} after 1.6 s, {LATER_THAN_ASTERISK_WAITS}1)"
    return [
        *words,
        f"{unreachable}; our own OPTIONS: {good.words}",
        f"{unreachable}; our own OPTIONS: {late}",
        f"{unreachable}; registered at sip.example.net, {NEVER_ANSWERED_ASTERISK}",
    ]


def _remotes() -> Iterator[Remote]:
    """Addresses of a provider."""
    for number in range(1, 7):
        yield Remote(Transport.UDP, f"192.0.2.{number}", 5060)


def _certificates() -> Iterator[str]:
    """What may be the matter with a certificate: OpenSSL's numbers for it."""
    for code in (9, 10, 18, 20, 62):
        error = ssl.SSLCertVerificationError()
        error.verify_code = code
        yield why_not_trusted(error, "sip.example.net")
    today = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
    yield dates_trouble(today + 10 * 86_400.0, today)


@pytest.mark.parametrize("saying", _sayings())
def test_what_other_parts_say_is_known_in_russian(saying: str) -> None:
    said = RUSSIAN.language.retold(saying)

    assert re.search("[а-я]", said), said
    # No fact is lost.
    assert set(re.findall(r"[0-9.:/]*[0-9]", saying)) <= set(re.findall(r"[0-9.:/]*[0-9]", said))


def test_the_names_of_a_pbxs_checks_are_known_in_russian() -> None:
    assert set(CHECKS) == {Check.INVENTORY, Check.DRIVERS, Check.RESTARTS, Check.MANAGER}
    assert [name for name in CHECKS.values() if RUSSIAN.language.retold(name) == name] == []


def test_the_time_in_a_certificates_remark_is_that_of_the_certificate() -> None:
    ends_at = datetime(2026, 5, 10, 14, 5, tzinfo=UTC).timestamp()

    assert RUSSIAN.language.retold(certificate_remark(ends_at, NOW)) == (
        "сертификат истекает через 9 дн. (2026-05-10 14:05 UTC)"
    )
