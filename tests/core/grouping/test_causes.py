"""One cause, one message: sites, providers of one host, a PBX's line to the world (issue's section "One cause")."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.config.sections.site import SiteConfig
from healthmon.config.sections.watch import WatchConfig
from healthmon.errors import Trouble
from healthmon.model import ContactStatus, Incident, Kind, Matcher, Place, Reason, Target
from tests.core.scene import DOWN, UP, Scene, config, phone, settings, trunk, trunk_settings

HOME, BRANCH, PRIVATE = "203.0.113.7", "198.51.100.9", "192.168.1.44"
WATCHES = (
    WatchConfig("providers", ("PJSIP/trunk-*",), hold=Hold(10, 10, 10), receivers=("oncall",)),
    WatchConfig("phones", ("PJSIP/*",), hold=Hold(10, 10, 10), receivers=("oncall",)),
)


def quick(**changes: object) -> Config:
    """Holds of ten seconds, one receiver."""
    return replace(config(watches=WATCHES), **changes)


class Town(Scene):
    """Phones at places, and trunks, all of them up and checked each five seconds."""

    def settle(self, places: dict[Target, str]) -> Town:
        """Everything is seen up for the first time, and where it is."""
        self.truth = dict.fromkeys(places, UP)
        self.snapshot(self.truth)
        for target, address in places.items():
            read = trunk_settings if target.resource.startswith("trunk") else settings
            where = (Place(address),) if address else ()
            self.see(read(target, qualify_frequency=5.0, qualify_timeout=3.0, places=where))
        self.live(60, self.truth)
        self.places = dict(places)
        return self

    def die(self, targets: Iterable[Target]) -> None:
        """They do not answer any more, and Asterisk notices."""
        for target in targets:
            self.truth[target] = DOWN
            self.contact(target, ContactStatus.UNREACHABLE, f"sip:{target.resource}@{self.places[target]}:5060")
            self.event(target, DOWN)
            self.device(target, DOWN)

    def come_back(self, targets: Iterable[Target]) -> None:
        """They answer again."""
        for target in targets:
            self.truth[target] = UP
            self.contact(target, ContactStatus.REACHABLE, f"sip:{target.resource}@{self.places[target]}:5060")
            self.event(target, UP)

    def go_on(self, seconds: float) -> Town:
        """Let time pass, second by second."""
        self.live(seconds, self.truth, step=1.0)
        return self

    def told(self) -> list[tuple[Reason, str, str]]:
        """What was sent: the reason, about whom, and what it said."""
        return [(reason, str(self.db.incidents[number].target), said) for _, reason, number, said in self.sent]

    def incident_of(self, target: Target) -> Incident:
        """The newest incident of a target."""
        return [one for one in self.db.incidents.values() if one.target == target][-1]


def phones(first: int, last: int) -> list[Target]:
    return [phone(number) for number in range(first, last + 1)]


def site(name: str = HOME) -> Target:
    return Target("office", "site", name)


NETWORK = Target("office", "network", "")
TOLD = "oncall/boss"
FORTY = phones(101, 140)
TWO_SITES = {**dict.fromkeys(FORTY, HOME), **dict.fromkeys(phones(201, 210), BRANCH)}
TRUNKS = {trunk("a"): "192.0.2.1", trunk("b"): "192.0.2.2", trunk("c"): "192.0.2.3"}
TOWN = {**TWO_SITES, **TRUNKS}


# ---------------------------------------------------------------- sites


def test_forty_phones_of_one_site_are_one_message_and_one_when_all_are_back() -> None:
    town = Town(quick()).settle(TOWN)

    town.die(FORTY)
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    incident = town.incident_of(site())
    assert (incident.kind, incident.down, incident.of, incident.site) == (Kind.SITE, 40, 40, HOME)

    town.come_back(FORTY)
    town.go_on(60)

    assert town.told()[1:] == [(Reason.RESOLVED, str(site()), "up")]
    assert not town.open()


def test_the_message_comes_within_the_hold_and_the_window() -> None:
    town = Town(quick()).settle(TOWN)
    died_at = town.now

    town.die(FORTY)
    while not town.sent:
        town.go_on(1)

    assert town.now - died_at <= 10 + 30 + 2


def test_a_site_whose_phones_go_one_after_the_other_within_one_cycle_of_checks_is_one_message() -> None:
    town = Town(quick(site_window=0.0)).settle(TOWN)

    for target in FORTY:
        town.die([target])
        town.go_on(0.2)
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(site()).down == 40


def test_two_phones_are_no_site_and_wait_no_longer_than_the_window() -> None:
    town = Town(quick()).settle(TOWN)
    died_at = town.now

    town.die(phones(101, 102))
    while len(town.sent) < 2:
        town.go_on(1)

    assert {who for _, who, _ in town.told()} == {str(phone(101)), str(phone(102))}
    assert town.now - died_at <= 30 + 2


def test_a_fifth_of_the_phones_is_no_site() -> None:
    town = Town(quick()).settle(TOWN)

    town.die(FORTY[:8])
    town.go_on(60)

    assert len(town.told()) == 8
    assert not [one for one in town.open() if one.kind is Kind.SITE]


def test_what_is_about_to_be_believed_and_recovers_makes_no_site() -> None:
    town = Town(quick()).settle({**dict.fromkeys(phones(101, 110), HOME)})

    town.die(phones(101, 104))
    town.go_on(5)
    town.come_back(phones(102, 104))
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(phone(101)), "down")]


def test_a_phone_without_a_place_makes_the_whole_number_unknown() -> None:
    town = Town(quick()).settle({**TWO_SITES, phone(300): ""})

    town.die(FORTY)
    town.go_on(60)

    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (40, 0)


def test_a_host_that_is_no_address_makes_no_site() -> None:
    town = Town(quick()).settle(dict.fromkeys(FORTY, "df7jal23ls0d.invalid"))

    town.die(FORTY)
    town.go_on(60)

    assert len(town.told()) == 40


def test_private_addresses_are_one_site_for_each_network() -> None:
    places = {**dict.fromkeys(phones(101, 105), PRIVATE), **dict.fromkeys(phones(106, 110), "192.168.1.77")}
    town = Town(quick()).settle(places)

    town.die(places)
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(site("192.168.1.0/24")), "down")]


def test_a_site_of_the_configuration_has_its_name() -> None:
    sites = (SiteConfig("warehouse", addresses=("203.0.113.0/24",)), SiteConfig("desk", endpoints=("PJSIP/20?",)))
    town = Town(quick(sites=sites)).settle(TOWN)

    town.die([*FORTY, *phones(201, 209)])
    town.go_on(60)

    assert {who for _, who, _ in town.told()} == {str(site("warehouse")), str(site("desk"))}


def test_who_is_left_down_is_told_with_the_end_and_has_a_recovery_of_its_own() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)

    town.come_back(FORTY[2:])
    town.go_on(60)

    assert town.told()[1:] == [
        (Reason.RESOLVED, str(site()), "up"),
        (Reason.OPENED, str(phone(101)), "down"),
        (Reason.OPENED, str(phone(102)), "down"),
    ]
    assert len({one.due_at for one in town.booked() if one.reason is Reason.RESOLVED or one.serial}) == 1

    town.come_back(FORTY[:2])
    town.go_on(60)

    assert town.told()[4:] == [
        (Reason.RESOLVED, str(phone(101)), "up"),
        (Reason.RESOLVED, str(phone(102)), "up"),
    ]


def test_an_acknowledgement_passes_to_who_is_left_down() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)
    town.acknowledge(town.incident_of(site()))

    town.come_back(FORTY[1:])
    town.go_on(60)

    assert town.incident_of(phone(101)).acked_by == "anna"


def test_a_phone_that_was_told_before_is_resolved_with_the_site() -> None:
    town = Town(quick(site_window=0.0)).settle(TOWN)
    town.die([phone(101)])
    town.go_on(25)
    assert town.told() == [(Reason.OPENED, str(phone(101)), "down")]

    # Its site is down within the window of checks all the same: they are checked less often than it seems.
    for target in FORTY[1:]:
        town.see(settings(target, qualify_frequency=60.0, qualify_timeout=3.0, places=(Place(HOME),)))
    town.die(FORTY[1:])
    town.go_on(150)
    assert town.told()[1:] == [(Reason.OPENED, str(site()), "down")]

    town.come_back([phone(101)])
    town.go_on(60)
    assert len(town.told()) == 2

    town.come_back(FORTY[1:])
    town.go_on(200)
    assert town.told()[2:] == [
        (Reason.RESOLVED, str(site()), "up"),
        (Reason.RESOLVED, str(phone(101)), "up"),
    ]


def test_later_ones_join_without_a_message_unless_the_number_doubles() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY[:15])
    town.go_on(60)

    town.die(FORTY[15:20])
    town.go_on(60)
    assert len(town.told()) == 1
    assert town.incident_of(site()).down == 20

    town.die(FORTY[20:])
    town.go_on(60)
    assert town.told()[1:] == [(Reason.WIDENED, str(site()), "down")]


def test_that_it_is_worse_is_told_when_all_of_them_are_believed() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY[:15])
    town.go_on(60)

    town.die(FORTY[15:])
    while len(town.told()) < 2:
        town.go_on(1)

    assert town.told()[1][0] is Reason.WIDENED
    assert all(town.open(one) for one in FORTY)


def test_that_it_is_worse_is_measured_by_what_each_reader_was_told() -> None:
    town = Town(quick()).settle(TOWN)
    town.db.dead_urls.add(TOLD)
    town.die(FORTY[:10])
    town.go_on(60)
    town.die(FORTY[10:19])
    town.go_on(60)

    town.db.dead_urls.clear()
    town.go_on(10)
    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.db.told[town.incident_of(site()).id, TOLD].size == 19

    # Twice as many as at its beginning, but not as many as was told.
    town.die(FORTY[19:22])
    town.go_on(60)
    assert len(town.told()) == 1


def test_that_it_is_worse_is_measured_by_what_was_told_before_a_restart() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY[:12])
    town.go_on(60)
    town.die(FORTY[12:22])
    town.go_on(60)

    again = Town(town.config, town.db, town.now + 5)
    again.truth, again.places, again.startup_time = town.truth, town.places, town.startup_time
    again.go_on(10)
    again.die(FORTY[22:25])
    again.go_on(60)

    assert again.told() == [(Reason.WIDENED, str(site()), "down")]


def test_a_site_that_is_over_keeps_how_many_were_down_at_most() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY[:15])
    town.go_on(60)
    town.die(FORTY[15:20])
    town.go_on(60)
    town.come_back(FORTY[:10])
    town.go_on(60)
    assert town.incident_of(site()).down == 10

    town.come_back(FORTY)
    town.go_on(60)

    assert (town.incident_of(site()).is_open, town.incident_of(site()).down) == (False, 20)


def test_a_site_outlives_a_restart_of_healthmon() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)

    again = Town(town.config, town.db, town.now + 5)
    again.truth, again.places, again.startup_time = town.truth, town.places, town.startup_time
    again.go_on(60)
    again.come_back(FORTY)
    again.go_on(60)

    assert again.told() == [(Reason.RESOLVED, str(site()), "up")]


def test_a_message_waits_only_for_what_is_in_sight_so_a_site_is_told_when_its_last_phone_is_believed() -> None:
    town = Town(quick()).settle(TOWN)
    for number in range(8):
        town.die(FORTY[5 * number : 5 * number + 5])
        town.go_on(1)
    died_at = town.now - 8
    while not town.told():
        town.go_on(1)

    # One hold and what lay between the first and the last; the window would be 30 s.
    assert town.now - died_at <= 10 + 7 + 2
    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (40, 40)


def test_a_reminder_of_a_site_waits_while_its_phones_are_coming_back() -> None:
    reminded = tuple(replace(watch, remind_every=(60.0,)) for watch in WATCHES)
    town = Town(replace(config(watches=reminded))).settle(TOWN)
    town.die(FORTY)
    while not town.told():
        town.go_on(1)

    town.go_on(56)
    town.come_back(FORTY)
    town.go_on(30)

    assert town.told() == [(Reason.OPENED, str(site()), "down"), (Reason.RESOLVED, str(site()), "up")]


def test_a_site_of_which_one_phone_was_believed_when_healthmon_died_is_one_message() -> None:
    town = Town(quick()).settle(TOWN)
    first, *others = FORTY
    town.die([first])
    town.after(3)
    town.die(others)
    while not town.open(first):
        town.go_on(0.2)

    # It starts again when the first message is due, and the others are not believed yet.
    again = Town(town.config, town.db, town.now + 8)
    again.truth, again.places, again.startup_time = town.truth, town.places, town.startup_time
    again.deliver()
    again.snapshot(again.truth)
    again.go_on(60)

    assert again.told() == [(Reason.OPENED, str(site()), "down")]


def test_a_site_that_dies_while_its_pbx_cannot_be_seen_for_a_moment_is_one_message() -> None:
    town = Town(quick()).settle(TOWN)
    first, *others = FORTY
    town.die([first])
    town.go_on(0.5)
    town.die(others[:3])

    town.report(Trouble.REFUSED, alive_at=town.now - 1)
    town.after(2)
    town.truth |= dict.fromkeys(FORTY, DOWN)
    town.snapshot(town.truth)
    town.after(10)
    # The clocks of all four began anew; the answer about the first of them comes last.
    for target in (*others[:3], first):
        town.answer(target, DOWN)
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(site()).opened_at == town.incident_of(first).opened_at


def test_silenced_phones_make_no_site() -> None:
    from healthmon.model import Matcher

    town = Town(quick()).settle(TOWN)
    town.silence(Matcher(endpoints=("PJSIP/1*",)), 3600)

    town.die(FORTY)
    town.go_on(60)
    assert not town.told()

    town.end_silences()
    town.go_on(30)
    assert town.told() == [(Reason.OPENED, str(site()), "down")]


def test_a_silence_of_a_site_speaks_of_its_phones_too() -> None:
    from healthmon.model import Matcher

    town = Town(quick()).settle(TOWN)
    town.silence(Matcher(sites=("203.0.113.*",)), 3600)

    town.die([*FORTY, phone(201)])
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(phone(201)), "down")]


def test_everybody_hears_of_a_site_who_would_hear_of_one_of_its_phones() -> None:
    watches = (
        WatchConfig("bosses", ("PJSIP/101",), hold=Hold(10, 10, 10), receivers=("oncall",)),
        WatchConfig("phones", ("PJSIP/*",), hold=Hold(10, 10, 10), receivers=("helpdesk",)),
    )
    town = Town(quick(watches=watches)).settle(TWO_SITES)

    town.die(FORTY)
    town.go_on(60)

    assert {url for url, *_ in town.sent} == {"oncall/boss", "helpdesk/mail"}
    assert len(town.sent) == 2


# ---------------------------------------------------------------- providers and the line to the world


def test_the_providers_of_one_host_wait_for_nothing_but_their_hold_time() -> None:
    one_host = {trunk("a"): "192.0.2.1", trunk("b"): "192.0.2.1", trunk("c"): "192.0.2.9"}
    town = Town(quick()).settle(one_host)
    died_at = town.now

    town.die([trunk("a")])
    town.go_on(8)
    town.die([trunk("b")])
    while not town.sent:
        town.go_on(1)

    (told,) = town.told()
    assert (told[0], town.db.incidents[town.sent[0][2]].kind) == (Reason.OPENED, Kind.PROVIDERS)
    # The second one is not believed yet.
    assert not town.open(trunk("b"))
    assert town.now - died_at <= 10 + 5 + 2


def test_a_cut_line_is_one_message_and_one_when_all_is_back() -> None:
    town = Town(quick()).settle(TOWN)

    town.die(TOWN)
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]

    town.come_back(TOWN)
    town.go_on(90)

    assert town.told()[1:] == [(Reason.RESOLVED, str(NETWORK), "up")]
    assert not town.open()


def test_a_cut_line_is_told_when_all_sites_are_known_that_are_about_to_be_believed_down() -> None:
    seldom = phone(301)
    town = Town(quick()).settle({**TOWN, seldom: "203.0.113.99"})
    town.see(settings(seldom, qualify_frequency=60.0, qualify_timeout=3.0, places=(Place("203.0.113.99"),)))
    died_at = town.now

    town.die([*TRUNKS, *FORTY, seldom])
    town.go_on(6)
    town.die(phones(201, 210))
    while not town.sent:
        town.go_on(1)

    explained = [one.target for one in town.open() if one.explained_by == town.incident_of(NETWORK).id]
    assert {site(HOME), site(BRANCH)} <= set(explained)
    assert not town.open(seldom)
    assert town.now - died_at <= 6 + 10 + 2


def test_all_providers_alone_are_a_cut_line_and_one_of_three_is_not() -> None:
    town = Town(quick()).settle({**TRUNKS, **dict.fromkeys(FORTY, PRIVATE)})
    town.die([trunk("a")])
    town.go_on(60)
    assert town.told() == [(Reason.OPENED, str(trunk("a")), "down")]

    town.die([trunk("b"), trunk("c")])
    town.go_on(60)

    assert town.told()[1:] == [(Reason.OPENED, str(NETWORK), "down")]


def test_half_of_the_public_sites_and_a_provider_are_a_cut_line() -> None:
    places = {**TOWN, **dict.fromkeys(phones(301, 310), "198.51.100.10"), **dict.fromkeys(phones(401, 410), PRIVATE)}
    town = Town(quick()).settle(places)

    town.die([*FORTY, *phones(201, 210), trunk("a")])
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]


def test_a_provider_never_explains_phones() -> None:
    town = Town(quick()).settle(TOWN)

    town.die([trunk("a"), phone(101)])
    town.go_on(60)

    assert {who for _, who, _ in town.told()} == {str(trunk("a")), str(phone(101))}


def test_trunks_to_one_host_are_told_together() -> None:
    places = {**TOWN, trunk("a2"): TRUNKS[trunk("a")]}
    town = Town(quick()).settle(places)

    town.die([trunk("a"), trunk("a2")])
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(Target("office", "providers", "192.0.2.1")), "down")]

    town.come_back([trunk("a"), trunk("a2")])
    town.go_on(60)
    assert [reason for reason, *_ in town.told()] == [Reason.OPENED, Reason.RESOLVED]


def test_a_provider_waits_only_for_its_own_hold_and_five_seconds() -> None:
    town = Town(quick()).settle(TOWN)
    died_at = town.now

    town.die([trunk("a")])
    while not town.sent:
        town.go_on(1)

    assert town.now - died_at <= 10 + 5 + 2


def test_what_is_left_down_when_the_line_is_back_is_told_with_it() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(TOWN)
    town.go_on(90)

    town.come_back([*TRUNKS, *phones(201, 210)])
    town.go_on(120)

    assert town.told()[1:] == [(Reason.RESOLVED, str(NETWORK), "up"), (Reason.OPENED, str(site()), "down")]


@pytest.mark.parametrize("back_first", [True, False])
def test_a_pbx_that_dies_explains_the_site_that_died_before_it(back_first: bool) -> None:
    from healthmon.errors import Trouble

    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(8)
    town.report(Trouble.REFUSED)
    town.after(20)
    town.report(Trouble.REFUSED)
    town.after(20)
    town.deliver()
    assert [who for _, who, _ in town.told()] == ["pbx office"]

    if back_first:
        town.truth.update(dict.fromkeys(FORTY, UP))
    town.report()
    town.go_on(240)

    expected = [] if back_first else [(Reason.OPENED, str(site()), "down")]
    assert town.told()[1:] == [(Reason.RESOLVED, "pbx office", "up"), *expected]


def test_a_provider_and_remote_phones_that_go_one_after_the_other_are_no_cut_line() -> None:
    town = Town(quick()).settle({trunk("a"): "192.0.2.1", phone(101): HOME, phone(201): BRANCH})

    for target in (trunk("a"), phone(101), phone(201)):
        town.die([target])
        town.go_on(60)

    assert [who for _, who, _ in town.told()] == [str(trunk("a")), str(phone(101)), str(phone(201))]


def test_a_site_that_the_configuration_no_longer_knows_is_over_and_its_phones_are_told_by_the_new_one() -> None:
    town = Town(quick(sites=(SiteConfig("warehouse", addresses=("203.0.113.0/24",)),))).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)

    town.reconfigure(quick(sites=(SiteConfig("hall 7", addresses=("203.0.113.0/24",)),)))
    town.go_on(60)

    assert not town.open(site("warehouse"))
    assert sorted(town.told()) == [
        (Reason.ENDED, str(site("warehouse")), "up"),
        (Reason.OPENED, str(site("hall 7")), "down"),
        (Reason.OPENED, str(site("warehouse")), "down"),
    ]


def test_phones_that_come_back_by_another_line_are_back() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)

    town.places.update(dict.fromkeys(FORTY, "198.51.100.200"))
    town.come_back(FORTY)
    for target in FORTY:
        town.contact(target, ContactStatus.REMOVED, f"sip:{target.resource}@{HOME}:5060")
    town.go_on(60)

    assert town.told()[1:] == [(Reason.RESOLVED, str(site()), "up")]
    assert not town.open()


def test_addresses_where_nobody_is_any_more_are_forgotten() -> None:
    town = Town(quick()).settle({phone(101): HOME})

    for number in range(1, 50):
        town.contact(phone(101), ContactStatus.REMOVED, f"sip:101@{town.places[phone(101)]}:5060")
        town.places[phone(101)] = f"198.51.100.{number}"
        town.contact(phone(101), ContactStatus.REACHABLE, f"sip:101@198.51.100.{number}:5060")

    members = town.monitor._stages.grouping.members
    assert len(members._members) == len(members._groups) == len(members._sites_of["office"]) == 1


def test_those_who_are_silenced_do_not_count_and_never_are_more_down_than_there_are() -> None:
    town = Town(quick()).settle(TOWN)
    town.silence(Matcher(endpoints=tuple(one.endpoint for one in FORTY[:20])), 300)
    town.die(FORTY)
    town.go_on(100)
    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (20, 20)

    town.go_on(300)
    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (40, 40)


def test_of_a_site_that_is_over_it_is_kept_how_many_were_told() -> None:
    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)
    town.come_back(FORTY[2:])
    town.go_on(60)

    assert not town.open(site())
    assert town.incident_of(site()).extent == "40 of 40 unreachable"


def test_whoever_was_told_of_a_site_hears_of_what_is_left_of_it() -> None:
    watches = (
        WatchConfig("ground floor", ("PJSIP/1[01]*",), hold=Hold(10, 10, 10), receivers=("oncall",)),
        WatchConfig("first floor", ("PJSIP/*",), hold=Hold(10, 10, 10), receivers=("helpdesk",)),
    )
    town = Town(quick(watches=watches)).settle(dict.fromkeys(FORTY, HOME))
    town.die(FORTY)
    town.go_on(60)
    town.come_back(FORTY[1:])
    town.go_on(60)
    town.come_back(FORTY[:1])
    town.go_on(60)

    left = town.incident_of(phone(101))
    assert left.watch == "ground floor"
    for url in (TOLD, "helpdesk/mail"):
        assert [(reason, number) for its_url, reason, number, _ in town.sent if its_url == url] == [
            (Reason.OPENED, town.incident_of(site()).id),
            (Reason.RESOLVED, town.incident_of(site()).id),
            (Reason.OPENED, left.id),
            (Reason.RESOLVED, left.id),
        ]
