"""The messages of the golden files: what is told, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from healthmon.core.belief.evidence import LATER_THAN_ASTERISK_WAITS, NEVER_ANSWERED_ASTERISK
from healthmon.model import Check, Ending, Health, Incident, Kind, Reason, Said, Severity, Target
from healthmon.store.outbox.failing_channels import FailingChannel
from healthmon.store.outbox.outbox import ClaimedRow
from tests.notify.rows import NOW, OFFICE, SINCE, TELEKOM, berlin, closed, incident, phone, row, up

HOUR = 3600.0
SIPGATE = Target("office", "PJSIP", "sipgate")


class Case(Struct, frozen=True):
    """Rows and the time at which they are told."""

    rows: Sequence[ClaimedRow]
    now: float = NOW
    most_characters: int = 3500
    failing: Sequence[FailingChannel] = ()


def _provider_down() -> Case:
    return Case([row(incident(TELEKOM), worst=(incident(phone("118"), 839),))])


def _provider_down_beside_many_others() -> Case:
    worst = (incident(SIPGATE, 837, Kind.PROVIDER), site(number=838), incident(OFFICE, 839, check=Check.INVENTORY))
    return Case([row(incident(TELEKOM), others=14, worst=worst)])


def _a_pbx_and_a_provider_behind_another_one() -> Case:
    return Case([row(incident(OFFICE)), row(incident(Target("branch", "PJSIP", "Telekom"), 841, Kind.PROVIDER))])


def _a_phone_down_and_a_provider_up() -> Case:
    phones = [row(incident(phone(name), int(name))) for name in ("101", "118")]
    return Case([row(incident(phone("lift"), 7)), *phones, up(closed(TELEKOM, 843, kind=Kind.PROVIDER))], NOW + 600)


REJECTED = "rejected by sip.telekom.example; incoming calls do not arrive"


def check_of(target: Target, number: int, check: str, **facts: Any) -> Incident:
    """One check of a provider that can be reached is not as it should be."""
    return incident(target, number, Kind.PROVIDER, **{"check": check, "cause": REJECTED, **facts})


def _registration_of_a_provider_down() -> Case:
    also = check_of(SIPGATE, 841, Check.REGISTRATION)
    return Case([row(check_of(TELEKOM, 840, Check.REGISTRATION), worst=(also,))])


def _registration_of_a_provider_up() -> Case:
    about = check_of(TELEKOM, 840, Check.REGISTRATION, closed_at=SINCE + 720, ending=Ending.RECOVERED)
    return Case([up(replace(about, closed_words="registered"))], NOW + 600)


def _registrations_of_two_providers_down() -> Case:
    return Case([row(check_of(target, n, Check.REGISTRATION)) for n, target in enumerate((TELEKOM, SIPGATE), 1)])


def _registration_of_a_provider_with_a_long_name() -> Case:
    long = Target("headquarters-in-frankfurt", "PJSIP", "trunk-deutsche-telekom-berlin")
    return Case([row(check_of(long, 1, Check.REGISTRATION))])


def _options_of_a_provider_beside_another_one() -> Case:
    about = check_of(TELEKOM, 1, Check.OPTIONS, health=Health.DEGRADED, cause="answers 503 Service Unavailable")
    return Case([row(about, says=Said.DEGRADED), row(check_of(SIPGATE, 2, Check.REGISTRATION))])


def _provider_down_beside_others_that_are_up() -> Case:
    back = [up(closed(Target(pbx, "PJSIP", name), n, kind=Kind.PROVIDER)) for n, (pbx, name) in enumerate(SEVERAL, 2)]
    return Case([row(incident(TELEKOM, 1)), *back], NOW + 600)


#: Providers of several PBXs, whose names together no subject has room for.
SEVERAL = (("hamburg", "trunk-colt-hamburg"), ("hamburg", "trunk-qsc-hamburg"), ("munich", "trunk-m-net-munich"))


def _two_providers_and_a_phone_down() -> Case:
    return Case([row(incident(TELEKOM, 1)), row(incident(SIPGATE, 2, Kind.PROVIDER)), row(incident(phone("101"), 3))])


def _a_phone_logged_out() -> Case:
    return Case([row(incident(phone("118"), cause="logged out (contact Removed)"))])


def _provider_up() -> Case:
    about = closed(TELEKOM, closed_words="contact sip:212.1.2.3 Reachable, 23 ms")
    return Case([up(about)], NOW + 600)


def _provider_up_and_its_registration_is_not_back() -> Case:
    about = closed(TELEKOM, closed_words="contact reachable")
    other = up(closed(SIPGATE, 842, kind=Kind.PROVIDER, closed_words="contact reachable"))
    return Case([up(about, not_back=(registration_left(),)), other], NOW + 600)


def _provider_up_and_answers_503() -> Case:
    cause = "answers 503 Service Unavailable; Asterisk: reachable"
    left = check_of(TELEKOM, 841, Check.OPTIONS, health=Health.DEGRADED, cause=cause, explained_by=840)
    return Case([up(closed(TELEKOM, closed_words="contact reachable"), not_back=(left,))], NOW + 600)


def registration_left(target: Target = TELEKOM, number: int = 841) -> Incident:
    """A registration that was lost with its provider, and is not back with it."""
    cause = "not registered at sip.telekom.example: rejected; incoming calls are affected"
    return check_of(target, number, Check.REGISTRATION, cause=cause, explained_by=840)


def _provider_was_down() -> Case:
    about = closed(TELEKOM, closed_at=SINCE + 180)
    return Case([row(about, says=Said.WAS_DOWN)], NOW + 2 * HOUR)


def _pbx_down_explains_phones() -> Case:
    hidden = [incident(phone(str(name)), name, explained_by=840) for name in (118, 101, 9)]
    smaller = (incident(TELEKOM, 839, explained_by=840), *hidden)
    return Case([row(incident(OFFICE, cause="GET /endpoints: timed out after 5 s"), explained=smaller)])


def _pbx_down_explains_phones_of_which_one_was_told_before() -> Case:
    hidden = tuple(incident(phone(str(name)), name, explained_by=840) for name in (118, 101, 9))
    about = incident(OFFICE, cause="GET /endpoints: timed out after 5 s")
    return Case([row(about, explained=hidden, told_before=frozenset({101}))])


def _pbx_lists_few_endpoints() -> Case:
    cause = "Asterisk lists 3 of 212 endpoints; missing: PJSIP/Telekom, PJSIP/101, PJSIP/102, and 206 more"
    about = incident(OFFICE, check=Check.INVENTORY, health=Health.DOWN, cause=cause)
    return Case([row(about)])


def _pbx_lists_all_again() -> Case:
    about = closed(
        OFFICE, check=Check.INVENTORY, cause="Asterisk lists 3 of 212 endpoints", closed_words="lists all 212"
    )
    return Case([up(about)], NOW + 600)


REFUSED = "ARI password refused; the user name or password is wrong: 401 (Unauthorized)"


def unseen_pbx(number: int = 840, name: str = "office", **facts: Any) -> Incident:
    return incident(Target(name), number, health=Health.UNKNOWN, **{"cause": REFUSED, **facts})


def _pbx_cannot_be_seen() -> Case:
    return Case([row(unseen_pbx(), says=Said.UNSEEN)])


def _pbx_cannot_be_seen_still() -> Case:
    return Case([row(unseen_pbx(), Reason.REMINDER, Said.UNSEEN)], SINCE + 2 * HOUR)


def _pbx_cannot_be_seen_escalated() -> Case:
    return Case([row(unseen_pbx(), Reason.ESCALATED, Said.UNSEEN)], SINCE + 900)


def _pbx_cannot_be_seen_after_it_was_down() -> Case:
    return Case([row(unseen_pbx(was_down=True), Reason.CHANGED, Said.UNSEEN)])


def _provider_down_beside_a_pbx_that_cannot_be_seen() -> Case:
    return Case([row(incident(TELEKOM), worst=(unseen_pbx(841, "north"), incident(phone("9"), 842)))])


def _pbx_could_not_be_seen() -> Case:
    about = closed(OFFICE, health=Health.UNKNOWN, cause=REFUSED, closed_words="Asterisk answers")
    return Case([row(about, says=Said.WAS_DOWN)], NOW + 600)


def _pbx_is_seen_again() -> Case:
    about = closed(OFFICE, health=Health.UNKNOWN, cause=REFUSED, closed_words="Asterisk answers")
    return Case([up(about)], NOW + 600)


def _pbxs_that_cannot_be_seen_beside_one_that_is_down() -> Case:
    network = "no network here; 192.0.2.7:8088 cannot be reached (Network is unreachable)"
    certificate = "certificate refused; the certificate of 192.0.2.8:8089 has expired"
    name = "name not found; the name pbx.example.com cannot be resolved"
    return Case(
        [
            row(unseen_pbx(841, "north", cause=network), says=Said.UNSEEN),
            row(unseen_pbx(842, "south", cause=certificate), says=Said.UNSEEN),
            row(unseen_pbx(843, "west", cause=name), says=Said.UNSEEN),
            row(incident(OFFICE, cause="connection refused: nothing listens on 192.0.2.9:8088")),
        ]
    )


def _pbx_that_could_not_be_seen_is_watched_no_longer() -> Case:
    about = closed(OFFICE, ending=Ending.PBX_GONE, health=Health.UNKNOWN, cause=REFUSED)
    return Case([row(incident(TELEKOM, 839)), row(about, Reason.ENDED, Said.UP)])


def restart_of(name: str, number: int) -> ClaimedRow:
    """Asterisk was restarted."""
    cause = "Asterisk was restarted, by its own clock at 2026-05-01T14:02:07.480+0200"
    facts = {"check": Check.RESTART, "health": Health.UP, "severity": Severity.INFO, "cause": cause}
    about = closed(Target(name), number, ending=Ending.MOMENT, closed_at=SINCE, **facts)
    return row(about, Reason.RESTARTED, Said.UP)


def noted(cause: str, number: int = 840) -> ClaimedRow:
    """Endpoints were put into maintenance mode at Asterisk, or taken out of it."""
    facts = {"check": Check.MAINTENANCE, "health": Health.UP, "severity": Severity.INFO, "cause": cause}
    about = closed(Target("office"), number, ending=Ending.MOMENT, closed_at=SINCE, **facts)
    return row(about, Reason.NOTED, Said.UP)


def _endpoint_in_maintenance_mode() -> Case:
    return Case([noted("trunk-telekom is in maintenance mode: calls to and from it are refused")])


def _endpoints_in_maintenance_mode() -> Case:
    return Case(
        [noted("3 endpoints are in maintenance mode (Telekom, sipgate, 101): calls to and from them are refused")]
    )


def _endpoints_out_of_maintenance_mode() -> Case:
    return Case(
        [
            noted("trunk-telekom is out of maintenance mode"),
            noted("2 endpoints are out of maintenance mode (101, 118)", 841),
        ]
    )


def _pbx_restarted() -> Case:
    return Case([restart_of("office", 840)])


def _pbxs_restarted_beside_one_that_is_down() -> Case:
    return Case([restart_of("north", 841), restart_of("south", 842), row(incident(OFFICE))])


def _reminder() -> Case:
    return Case([row(incident(TELEKOM), Reason.REMINDER)], SINCE + 2 * HOUR)


def _reminder_after_days() -> Case:
    return Case([row(incident(TELEKOM), Reason.REMINDER)], SINCE + 75 * HOUR)


def _flapping() -> Case:
    about = incident(phone("118"), flapping=1, flap_episodes=1, health=Health.DEGRADED, cause="changes too often")
    return Case([row(about, Reason.FLAPPING)])


def _registration_flapping() -> Case:
    cause = "changes too often: the registration at sip.telekom.example"
    facts = {"flapping": 1, "flap_episodes": 1, "health": Health.DEGRADED, "cause": cause}
    return Case([row(check_of(TELEKOM, 840, Check.REGISTRATION, **facts), Reason.FLAPPING)])


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


def _providers_found_down_at_the_first_look() -> Case:
    cohort, unreachable = "found down at first look", "does not answer OPTIONS (contact Unreachable)"
    silent = f"{unreachable}; registered at sip.telekom.example, {NEVER_ANSWERED_ASTERISK}"
    late = f"{unreachable}; our own OPTIONS: answers 200 OK after 1.6 s, {LATER_THAN_ASTERISK_WAITS}1)"
    return Case(
        [
            row(incident(TELEKOM, 1, cohort=cohort, cause=silent)),
            row(incident(SIPGATE, 2, Kind.PROVIDER, cohort=cohort, cause=late)),
        ]
    )


def _markup_in_the_name() -> Case:
    return Case([row(incident(phone("Bob & <b>Söhne</b>"), cause="contact <sip:101@10.0.0.1> Unreachable _x_ *y*"))])


def _hostile_name() -> Case:
    return Case([row(incident(phone("evil\u202e101\n\x1b[31mUP phone\x00"), cause="a\r\nSubject: UP"))])


def _long_name() -> Case:
    return Case([row(incident(phone("x" * 200, pbx="headquarters-in-frankfurt"))), up(closed(phone("1"), 7))])


def _possibly_repeated() -> Case:
    return Case([row(incident(TELEKOM), repeated=True)])


def _other_channels_fail() -> Case:
    mail, sms = "oncall/mailto:mail.example.org", "boss/sms"
    failing = [FailingChannel(mail, SINCE - 1300), FailingChannel(sms, SINCE - 25 * HOUR)]
    return Case([row(incident(TELEKOM), worst=(incident(phone("118"), 839),))], failing=failing)


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
    phones = [row(incident(phone(str(name)), name, opened_at=SINCE - name * HOUR)) for name in (101, 118, 131)]
    return Case(phones, most_characters=140)


def _devices_of_each_kind() -> Case:
    kinds = (Kind.GATEWAY, Kind.PHONE, Kind.ATA, Kind.SOFTPHONE, Kind.MOBILE)
    devices = [row(incident(phone(str(200 + n)), n, kind)) for n, kind in enumerate(kinds, start=1)]
    return Case([*devices, row(incident(phone("301"), 31, Kind.ATA)), row(incident(phone("302"), 32, Kind.MOBILE))])


def _a_critical_phone_before_a_provider_that_matters_less() -> Case:
    return Case(
        [
            row(incident(TELEKOM, 1, severity=Severity.WARNING)),
            row(incident(phone("lift"), 2, severity=Severity.CRITICAL)),
        ]
    )


def _only_for_information() -> Case:
    return Case([row(incident(phone("118"), severity=Severity.INFO))])


def _escalated() -> Case:
    return Case([row(incident(TELEKOM), Reason.ESCALATED)], SINCE + 900)


def _long_gone() -> Case:
    gone = [incident(phone(str(118 + number)), number, opened_at=SINCE - number * 30 * HOUR) for number in range(3)]
    return Case([row(about, Reason.LONG_GONE) for about in gone], SINCE + 30 * HOUR)


def _long_gone_beside_news() -> Case:
    gone = row(incident(phone("118"), 7, opened_at=SINCE - 80 * HOUR), Reason.LONG_GONE)
    return Case([gone, row(incident(phone("101"), 8))])


def _site_down() -> Case:
    about = site(down=37, of=40)
    return Case([row(about, explained=at_the_site(range(101, 138)))])


def _site_down_of_which_the_whole_is_not_known() -> Case:
    return Case([row(site("192.168.10.0/24", down=5), explained=at_the_site((101, 9, 118, 131, 132)))])


def _site_down_beside_a_provider() -> Case:
    about = site(down=3, of=4, severity=Severity.CRITICAL)
    return Case([row(about, explained=at_the_site(range(101, 104))), row(incident(TELEKOM, 2))])


def _site_with_devices_of_several_kinds() -> Case:
    devices = (*at_the_site((101, 102)), incident(phone("fax"), 103, Kind.ATA, explained_by=SITE))
    return Case([row(site("warehouse", down=3, of=12), explained=devices)])


def _two_sites_down() -> Case:
    sites = [site("203.0.113.7", down=3, of=8), site("2001:db8:0:7::/64", 901, down=3, of=3)]
    return Case([row(about, explained=at_the_site(range(101 + about.id, 104 + about.id), about.id)) for about in sites])


def _site_widened() -> Case:
    about = site(down=12, of=40)
    return Case([row(about, Reason.WIDENED, explained=at_the_site(range(101, 113)))])


def _site_reminder() -> Case:
    return Case([row(site(down=37, of=40), Reason.REMINDER, explained=at_the_site(range(101, 138)))], SINCE + 2 * HOUR)


def _site_up() -> Case:
    return Case([up(closed_site(), explained=back(range(101, 138)))], SINCE + 725)


def _site_up_and_two_are_still_down() -> Case:
    left = at_the_site((131, 118))
    told = [row(one) for one in left]
    return Case([up(closed_site(), explained=(*back(range(101, 117)), *left)), *told], SINCE + 725)


def _site_up_with_one_that_was_told_before() -> Case:
    told_before = closed(phone("101"), 101, explained_by=SITE, opened_at=SINCE - 60)
    return Case([up(closed_site(), explained=(told_before, *back((102, 103)))), up(told_before)], SINCE + 725)


def _site_up_and_of_what_is_left_nobody_is_told() -> Case:
    explained = (*back(range(101, 117)), *at_the_site((118, 131)))
    return Case([up(closed_site(), explained=explained, knows=False)], SINCE + 725)


def _site_up_and_escalated_what_is_left() -> Case:
    (left,) = at_the_site((118,))
    explained = (*back(range(101, 117)), left)
    return Case([up(closed_site(), explained=explained), row(left, Reason.ESCALATED)], SINCE + 725)


def _private_site_long_gone() -> Case:
    private = replace(site("192.168.178.0/24"), opened_at=SINCE - 49 * HOUR)
    return Case([row(private, Reason.LONG_GONE)], SINCE)


def _site_was_down_and_one_is_still_down() -> Case:
    left = at_the_site((118,))
    was_down = row(closed_site(), says=Said.WAS_DOWN, explained=(*back((101, 102, 103)), *left))
    return Case([was_down, *(row(one) for one in left)], SINCE + 2 * HOUR)


def _network_down() -> Case:
    return Case([row(network(), explained=behind_the_network())])


def _most_sites_down() -> Case:
    return Case([row(sites_down(), explained=behind_the_network()[4:])])


def _most_sites_up() -> Case:
    about = replace(sites_down(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    return Case([up(about, explained=tuple(map(over, behind_the_network()[4:])))], SINCE + 725)


def _network_up() -> Case:
    about = replace(network(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    return Case([up(about, explained=tuple(map(over, behind_the_network())))], SINCE + 725)


def _network_up_and_a_site_behind_it_was_never_told_of() -> Case:
    about = replace(network(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    never_told = replace(closed_site(), explained_by=950)
    behind = (*map(over, behind_the_network()), never_told)
    return Case([up(about, explained=behind), row(never_told, says=Said.WAS_DOWN)], SINCE + 725)


def _network_up_and_some_are_still_down() -> Case:
    about = replace(network(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    group, *others, last = behind_the_network()
    branch = replace(site("198.51.100.4", 901, down=2), explained_by=950)
    at_branch = at_the_site((202, 203), 901)
    ended = up(about, explained=(over(group), *map(over, others), last, branch, *at_branch))
    return Case([ended, row(last), row(branch, explained=at_branch), *map(row, at_branch)], SINCE + 725)


def _network_was_down() -> Case:
    about = replace(network(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    return Case([row(about, says=Said.WAS_DOWN, explained=tuple(map(over, behind_the_network())))], SINCE + 2 * HOUR)


def _providers_down() -> Case:
    return Case([row(group_of_providers(down=2, of=2), explained=trunks())])


def _providers_up_and_one_is_still_down() -> Case:
    about = replace(group_of_providers(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    one, other = trunks()
    return Case([up(about, explained=(over(one), other)), row(other)], SINCE + 725)


def _providers_up_and_their_registrations_are_not_back() -> Case:
    about = replace(group_of_providers(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    members = tuple(map(over, trunks()))
    left = tuple(registration_left(trunk.target, trunk.id + 10) for trunk in members)
    return Case([up(about, explained=(*members, *left), not_back=left)], SINCE + 725)


def _providers_up_and_their_registrations_are_unknown() -> Case:
    about = replace(group_of_providers(), closed_at=SINCE + 720, ending=Ending.RECOVERED)
    members = tuple(map(over, trunks()))
    unknown = tuple(member.target for member in members)
    return Case([up(about, explained=members, unknown=unknown)], SINCE + 725)


def _two_providers_up_and_their_registrations_are_unknown() -> Case:
    back = [closed(target, number, kind=Kind.PROVIDER) for number, target in ((840, TELEKOM), (842, SIPGATE))]
    return Case([up(provider, unknown=(provider.target,)) for provider in back], NOW + 600)


def _pbx_up_and_its_registrations_are_unknown() -> Case:
    return Case([up(closed(OFFICE), unknown=(SIPGATE, TELEKOM))], NOW + 600)


def _receiver_down() -> Case:
    target = Target("", "receiver", "oncall/mailto:mail.example.org")
    return Case([row(incident(target, 9, Kind.RECEIVER, cause="mail.example.org:25: [Errno 111] Connection refused"))])


# ---------------------------------------------------------------- bigger causes

SITE = 900


def site(name: str = "203.0.113.7", number: int = SITE, **facts: Any) -> Incident:
    """A site that went down."""
    target = Target("office", "site", name)
    return incident(target, number, Kind.SITE, **{"cause": "", "watch": "", "severity": Severity.WARNING, **facts})


def closed_site() -> Incident:
    """A site that was down for twelve minutes."""
    return site(closed_at=SINCE + 720, ending=Ending.RECOVERED)


def at_the_site(names: Iterable[int], number: int = SITE) -> tuple[Incident, ...]:
    """Phones of a site, down."""
    return tuple(incident(phone(str(name)), name, explained_by=number) for name in names)


def back(names: Iterable[int]) -> tuple[Incident, ...]:
    """Phones of a site that went down with it, and are up again."""
    return tuple(map(over, at_the_site(names)))


def over(about: Incident) -> Incident:
    """The same, ten minutes later."""
    return replace(about, closed_at=SINCE + 600, ending=Ending.RECOVERED)


def network() -> Incident:
    """The line of a PBX to the world is down."""
    return incident(Target("office", "network"), 950, Kind.NETWORK, cause="", watch="", down=5)


def sites_down() -> Incident:
    """Most sites of a PBX without a provider are down."""
    return incident(Target("office", "network"), 950, Kind.NETWORK, cause="", watch="", down=2, of=3)


def trunks(number: int = 960) -> tuple[Incident, ...]:
    """Two providers of one host."""
    targets = (Target("office", "PJSIP", name) for name in ("trunk-a", "trunk-b"))
    return tuple(incident(target, id_, Kind.PROVIDER, explained_by=number) for id_, target in enumerate(targets, 961))


def group_of_providers(**facts: Any) -> Incident:
    """The providers of one host are down."""
    target = Target("office", "providers", "sip.example.net")
    return incident(target, 960, Kind.PROVIDERS, **{"cause": "", "watch": "", **facts})


def behind_the_network() -> tuple[Incident, ...]:
    """Three providers and two sites, all down with the PBX's network."""
    group = replace(group_of_providers(down=2, of=2), explained_by=950)
    telekom = incident(TELEKOM, 951, explained_by=950)
    branches = {101: "203.0.113.7", 102: "203.0.113.7", 201: "198.51.100.4", 301: "198.51.100.4"}
    phones = [incident(phone(str(n)), n, explained_by=950, site=at) for n, at in branches.items()]
    return group, *trunks(), telekom, *phones


CASES: dict[str, Callable[[], Case]] = {
    name.removeprefix("_"): make for name, make in list(globals().items()) if name[0] == "_" and name[1].isalpha()
}
