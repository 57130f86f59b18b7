"""The messages of the golden files: what is told, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from healthmon.model import Check, Ending, Health, Kind, Reason, Said, Target
from healthmon.store.outbox import ClaimedRow
from tests.notify.rows import NOW, OFFICE, SINCE, TELEKOM, berlin, closed, incident, phone, row, up

HOUR = 3600.0


@dataclass(frozen=True)
class Case:
    """Rows and the time at which they are told."""

    rows: Sequence[ClaimedRow]
    now: float = NOW
    most_characters: int = 3500


def _provider_down() -> Case:
    return Case([row(incident(TELEKOM), others=2)])


def _provider_up() -> Case:
    about = closed(TELEKOM, closed_words="contact sip:212.1.2.3 Reachable, 23 ms")
    return Case([up(about)], NOW + 600)


def _provider_was_down() -> Case:
    about = closed(TELEKOM, closed_at=SINCE + 180)
    return Case([row(about, says=Said.WAS_DOWN)], NOW + 2 * HOUR)


def _pbx_down_explains_phones() -> Case:
    hidden = [incident(phone(str(name)), name, explained_by=840) for name in (118, 101, 9)]
    smaller = (incident(TELEKOM, 839, explained_by=840), *hidden)
    return Case([row(incident(OFFICE, cause="GET /endpoints: timed out after 5 s"), explained=smaller)])


def _pbx_lists_few_endpoints() -> Case:
    cause = "Asterisk lists 3 of 212 endpoints; missing: PJSIP/Telekom, PJSIP/101, PJSIP/102, and 206 more"
    about = incident(OFFICE, check=Check.INVENTORY, health=Health.DOWN, cause=cause)
    return Case([row(about)])


def _pbx_lists_all_again() -> Case:
    about = closed(
        OFFICE, check=Check.INVENTORY, cause="Asterisk lists 3 of 212 endpoints", closed_words="lists all 212"
    )
    return Case([up(about)], NOW + 600)


def _reminder() -> Case:
    return Case([row(incident(TELEKOM), Reason.REMINDER)], SINCE + 2 * HOUR)


def _reminder_after_days() -> Case:
    return Case([row(incident(TELEKOM), Reason.REMINDER)], SINCE + 75 * HOUR)


def _flapping() -> Case:
    about = incident(phone("118"), flapping=1, flap_episodes=1, health=Health.DEGRADED, cause="changes too often")
    return Case([row(about, Reason.FLAPPING)])


def _stable() -> Case:
    about = closed(phone("118"), ending=Ending.STABLE, flap_episodes=1, cause="changes too often")
    return Case([row(about, Reason.STABLE, Said.UP)], NOW + 600)


def _stable_but_down() -> Case:
    return Case([row(incident(phone("118"), flap_episodes=1), Reason.STABLE)], NOW + 600)


def _three_phones() -> Case:
    return Case([row(incident(phone(name), int(name))) for name in ("131", "101", "118")])


def _mixed_digest() -> Case:
    gone = closed(phone("140"), 850, Ending.REMOVED)
    return Case(
        [
            row(incident(phone("101"), 841)),
            up(closed(phone("102"), 842)),
            row(incident(TELEKOM, 843)),
            row(closed(phone("103"), 844, closed_at=SINCE + 60), says=Said.WAS_DOWN),
            row(gone, Reason.ENDED, Said.UP),
        ],
        NOW + 600,
    )


def _forty_phones() -> Case:
    return Case([row(incident(phone(str(name)), name)) for name in range(101, 141)])


def _first_look() -> Case:
    names = ("Telekom", "Vodafone", "sipgate")
    abouts = [
        incident(Target("office", "PJSIP", name), number, Kind.PROVIDER, cohort="found down at first look")
        for number, name in enumerate(names, start=1)
    ]
    return Case([row(about) for about in abouts])


def _not_back_after_restart() -> Case:
    cohort = "did not come back after the restart"
    phones = [row(incident(phone(str(name)), name, cohort=cohort)) for name in range(101, 104)]
    return Case([*phones, row(incident(TELEKOM, 90, cohort=cohort))])


def _markup_in_the_name() -> Case:
    return Case([row(incident(phone("Bob & <b>Söhne</b>"), cause="contact <sip:101@10.0.0.1> Unreachable _x_ *y*"))])


def _hostile_name() -> Case:
    return Case([row(incident(phone("evil\u202e101\n\x1b[31mUP phone\x00"), cause="a\r\nSubject: UP"))])


def _long_name() -> Case:
    return Case([row(incident(phone("x" * 200, pbx="headquarters-in-frankfurt"))), up(closed(phone("1"), 7))])


def _possibly_repeated() -> Case:
    return Case([row(incident(TELEKOM), repeated=True)])


def _day_of_23_hours() -> Case:
    start, end = berlin("2026-03-29 01:30:00"), berlin("2026-03-29 03:30:00")
    return Case([up(closed(TELEKOM, opened_at=start, closed_at=end))], berlin("2026-03-29 03:31:00"))


def _day_of_25_hours() -> Case:
    start, end = berlin("2026-10-25 01:30:00"), berlin("2026-10-25 03:30:00")
    return Case([row(closed(TELEKOM, opened_at=start, closed_at=end), says=Said.WAS_DOWN)], end + 60)


def _hour_that_comes_twice() -> Case:
    start, end = berlin("2026-10-25 02:30:00"), berlin("2026-10-25 02:30:00", fold=1)
    return Case([row(closed(TELEKOM, opened_at=start, closed_at=end), says=Said.WAS_DOWN)], end + 60)


def _over_midnight() -> Case:
    start, end = berlin("2026-04-30 23:50:00"), berlin("2026-05-01 00:10:00")
    return Case([row(closed(TELEKOM, opened_at=start, closed_at=end), says=Said.WAS_DOWN)])


def _short_message() -> Case:
    return replace(_three_phones(), most_characters=140)


CASES: dict[str, Callable[[], Case]] = {
    name.removeprefix("_"): make for name, make in list(globals().items()) if name[0] == "_" and name[1].isalpha()
}
