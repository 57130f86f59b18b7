"""What tells that a PBX's line is cut, and what speaks against it: proxies, public sites, most sites at once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.core.belief.reachability import Reachability
from healthmon.model import (
    Check,
    Ending,
    Kind,
    Observation,
    Place,
    Probe,
    Reason,
    SipWay,
    Source,
    Target,
    Witness,
)
from tests.core.grouping.test_causes import (
    BRANCH,
    HOME,
    NETWORK,
    PRIVATE,
    TRUNKS,
    TWO_SITES,
    WATCHES,
    Town,
    phones,
    quick,
)
from tests.core.scene import UP, phone, settings, trunk, trunk_settings

PROXY = "192.0.2.77"
FOUR = {phone(101 + number): f"203.0.113.{11 + number}" for number in range(4)}
TWO_TRUNKS = {trunk("a"): "192.0.2.1", trunk("b"): "192.0.2.2"}


def behind_a_proxy(town: Town, *trunks: Target) -> None:
    """The settings of these trunks name one outbound proxy."""
    for target in trunks:
        where = (Place(town.places[target]),)
        read = trunk_settings(target, qualify_frequency=5.0, qualify_timeout=3.0, places=where, outbound_proxy=PROXY)
        town.see(read)


def test_trunks_behind_one_outbound_proxy_that_dies_are_told_as_its_providers_and_no_line_is_cut() -> None:
    town = Town(quick()).settle({**TWO_TRUNKS, **FOUR})
    behind_a_proxy(town, *TWO_TRUNKS)

    town.die(TWO_TRUNKS)
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, f"providers {PROXY} on office", "down")]


def test_trunks_behind_one_proxy_are_one_host_where_no_site_could_speak_against_the_line() -> None:
    town = Town(quick()).settle(TWO_TRUNKS)
    behind_a_proxy(town, *TWO_TRUNKS)

    town.die(TWO_TRUNKS)
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, f"providers {PROXY} on office", "down")]


def test_a_public_site_that_is_up_speaks_against_a_cut_line_though_all_providers_are_down() -> None:
    town = Town(quick()).settle({**TWO_TRUNKS, **FOUR})

    town.die(TWO_TRUNKS)
    town.go_on(90)

    assert {who for _, who, _ in town.told()} == {str(target) for target in TWO_TRUNKS}
    assert all(incident.kind is Kind.PROVIDER for incident in town.db.incidents.values())


def test_a_site_of_which_few_phones_fell_speaks_against_a_cut_line_and_one_of_which_many_did_does_not() -> None:
    for fallen, is_cut in ((2, False), (4, True)):
        town = Town(quick()).settle({**TWO_TRUNKS, **dict.fromkeys(phones(101, 110), HOME)})

        town.die([*TWO_TRUNKS, *phones(101, 100 + fallen)])
        town.go_on(90)

        assert bool([one for one in town.db.incidents.values() if one.target == NETWORK]) is is_cut


def test_phones_are_not_looked_at_one_by_one_while_a_provider_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be 20,000 of them, and each step would look at them all."""

    def look(member: Reachability) -> bool:
        raise AssertionError(f"asked whether {member.target} is checked")

    monkeypatch.setattr("healthmon.core.grouping.rules.is_checked", look)
    town = Town(quick()).settle({**TWO_TRUNKS, **FOUR})

    town.die([trunk("a"), phone(101)])
    town.go_on(90)

    assert {who for _, who, _ in town.told()} == {str(trunk("a")), str(phone(101))}


def test_a_private_site_says_nothing_of_the_line() -> None:
    town = Town(quick()).settle({**TWO_TRUNKS, **dict.fromkeys(phones(101, 110), PRIVATE)})

    town.die(TWO_TRUNKS)
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]


def test_phones_that_are_not_checked_say_nothing_of_the_line() -> None:
    town = Town(quick()).settle({**TWO_TRUNKS, **FOUR})
    for target, address in FOUR.items():
        town.see(settings(target, qualify_frequency=0.0, qualify_timeout=0.0, places=(Place(address),)))

    town.die(TWO_TRUNKS)
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]


def seldom_checked(town: Town, frequency: float) -> None:
    for target, address in FOUR.items():
        town.see(settings(target, qualify_frequency=frequency, qualify_timeout=3.0, places=(Place(address),)))


def test_a_site_speaks_only_one_full_cycle_after_the_fall_began() -> None:
    """Until then it may only not have been asked; what was told as a cut line is then told as it is."""
    town = Town(quick()).settle({**TWO_TRUNKS, **FOUR})
    seldom_checked(town, 60.0)

    town.die(TWO_TRUNKS)
    town.go_on(50)
    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]
    town.go_on(60)

    assert town.told()[1] == (Reason.RESOLVED, str(NETWORK), "up")
    assert {who for _, who, _ in town.told()[2:]} == {str(target) for target in TWO_TRUNKS}
    assert town.incident_of(NETWORK).ending is Ending.NOT_THE_LINE


def test_a_line_that_nobody_was_told_of_before_a_site_spoke_against_it_is_not_told_at_all() -> None:
    town = Town(quick()).settle({**TWO_TRUNKS, **FOUR})
    seldom_checked(town, 20.0)

    town.db.dead_urls.add("oncall/boss")
    town.die(TWO_TRUNKS)
    town.go_on(60)
    town.db.dead_urls.clear()
    town.go_on(60)

    assert {who for _, who, _ in town.told()} == {str(target) for target in TWO_TRUNKS}


# ---------------------------------------------------------------- an answer from outside


def registered(town: Town, server: str = "192.0.2.9", source: Source = Source.EVENT) -> None:
    """Asterisk has renewed a registration of nobody."""
    target = Target("office", "REGISTRATION", "reg")
    words = f"registered at {server}"
    town.see(Observation(target, UP, town.now, source, Witness.MANAGER, words, check=Check.REGISTRATION))


@pytest.mark.parametrize(
    ("server", "source", "is_cut"),
    [
        ("192.0.2.9", Source.EVENT, False),
        ("sip.example.net", Source.EVENT, False),
        ("10.1.2.3", Source.EVENT, True),
        ("192.0.2.9", Source.SNAPSHOT, True),
    ],
    ids=["outside", "a name", "within", "only listed"],
)
def test_a_registration_that_is_renewed_outside_speaks_against_a_cut_line(
    server: str, source: Source, *, is_cut: bool
) -> None:
    town = Town(quick()).settle(TWO_TRUNKS)

    town.die(TWO_TRUNKS)
    town.go_on(5)
    registered(town, server, source)
    town.go_on(85)

    expected = {str(NETWORK)} if is_cut else {str(target) for target in TWO_TRUNKS}
    assert {who for _, who, _ in town.told()} == expected


def test_a_registration_that_was_renewed_before_the_last_provider_fell_says_nothing_of_the_line() -> None:
    town = Town(quick()).settle(TWO_TRUNKS)

    town.die([trunk("a")])
    town.go_on(3)
    registered(town)
    town.go_on(2)
    town.die([trunk("b")])
    town.go_on(85)

    assert town.incident_of(NETWORK).is_open


def test_an_answer_to_our_own_options_from_outside_speaks_against_a_cut_line() -> None:
    town = Town(replace(quick(), watches=(replace(WATCHES[0], probe=Probe.AUTO), WATCHES[1]))).settle(TWO_TRUNKS)
    for target, address in TWO_TRUNKS.items():
        way = SipWay(f"sip:{address}")
        places = (Place(address),)
        town.see(trunk_settings(target, qualify_frequency=5.0, qualify_timeout=3.0, places=places, ways=(way,)))

    town.die(TWO_TRUNKS)
    town.go_on(5)
    said = Observation(trunk("a"), UP, town.now, Source.ANSWER, Witness.PROBE, "answers 200 OK", check=Check.OPTIONS)
    town.see(said)
    town.go_on(85)

    assert {who for _, who, _ in town.told()} == {str(target) for target in TWO_TRUNKS}


def test_a_line_that_was_told_as_cut_is_none_once_answers_come_and_its_providers_stay_away() -> None:
    town = Town(quick()).settle(TWO_TRUNKS)
    town.die(TWO_TRUNKS)
    town.go_on(60)
    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]

    registered(town)
    town.go_on(60)

    assert town.told()[1] == (Reason.RESOLVED, str(NETWORK), "up")
    assert {who for _, who, _ in town.told()[2:]} == {str(target) for target in TWO_TRUNKS}
    assert town.incident_of(NETWORK).ending is Ending.ANSWERED_OUTSIDE


def test_a_line_that_is_back_is_back_though_the_first_sign_of_it_is_a_registration() -> None:
    town = Town(quick()).settle(TWO_TRUNKS)
    town.die(TWO_TRUNKS)
    town.go_on(60)

    registered(town)
    town.go_on(5)
    town.come_back(TWO_TRUNKS)
    town.go_on(60)

    assert town.incident_of(NETWORK).ending is Ending.RECOVERED


# ---------------------------------------------------------------- most sites at once


def many_sites(sites: int, phones_each: int, network: str = "203.0") -> dict[Target, str]:
    return {
        phone(1000 * (1 + site) + number): f"{network}.{site // 250}.{1 + site % 250}"
        for site in range(sites)
        for number in range(phones_each)
    }


@pytest.mark.parametrize("network", ["203.0", "10.0"])
def test_most_sites_at_once_are_one_cause_also_where_no_provider_is_known(network: str) -> None:
    places = {
        target: address if network == "203.0" else f"10.0.{target.resource[:-3]}.7"
        for target, address in many_sites(20, 5).items()
    }
    town = Town(quick()).settle(places)

    town.die(places)
    town.go_on(90)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]
    incident = town.incident_of(NETWORK)
    assert (incident.down, incident.of) == (20, 20)
    assert incident.extent == "20 of 20 sites unreachable"

    town.come_back(places)
    town.go_on(90)
    assert town.told()[1:] == [(Reason.RESOLVED, str(NETWORK), "up")]
    assert not town.open()


def test_phones_whose_settings_are_not_read_yet_belong_to_the_site_where_they_are_lost() -> None:
    places = many_sites(20, 5)
    town = Town(quick())
    town.truth, town.places = dict.fromkeys(places, UP), places
    town.snapshot(town.truth)
    town.live(30, town.truth)

    town.die(places)
    town.go_on(120)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]


def test_some_of_the_sites_are_told_one_by_one() -> None:
    places = many_sites(20, 5)
    town = Town(quick()).settle(places)

    town.die([target for target in places if int(target.resource) < 10_000])
    town.go_on(90)

    assert {who.split()[0] for _, who, _ in town.told()} == {"site"}
    assert len(town.told()) == 9


def test_two_people_at_home_who_go_offline_are_no_common_cause() -> None:
    places = many_sites(3, 1)
    town = Town(quick()).settle(places)

    town.die(list(places)[:2])
    town.go_on(90)

    assert {who for _, who, _ in town.told()} == {str(target) for target in list(places)[:2]}


def test_sites_that_are_left_are_told_with_the_end_of_the_common_cause() -> None:
    places = many_sites(12, 5)
    town = Town(quick()).settle(places)
    left = [target for target in places if int(target.resource) < 3_000]

    town.die(places)
    town.go_on(60)
    town.come_back([target for target in places if target not in left])
    town.go_on(120)

    assert town.told()[:2] == [(Reason.OPENED, str(NETWORK), "down"), (Reason.RESOLVED, str(NETWORK), "up")]
    assert {who.split()[0] for _, who, _ in town.told()[2:]} <= {"site"}
    assert {one.target.technology for one in town.open() if one.explained_by is None or not one.target.is_endpoint}


def test_where_a_provider_is_up_the_sites_are_told_one_by_one() -> None:
    town = Town(quick()).settle({**TWO_SITES, **TRUNKS})

    town.die(TWO_SITES)
    town.go_on(90)

    assert {who for _, who, _ in town.told()} == {f"site {HOME} on office", f"site {BRANCH} on office"}
