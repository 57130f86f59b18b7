"""The table of what must hold: one row after the other, as scripts.

A row is declared once, and played on two stages: a simulated PBX in simulated time, and a real Asterisk (see
``tests/system/test_rows.py``). What cannot be played there says why, in a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from msgspec import Struct, field

from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.model import Check, Kind, Length, Reason
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.sources.events import EventTimes
from healthmon.sources.polls import PollTimes
from healthmon.store.read.queries import open_reader
from tests.scenarios.asterisk import Peer
from tests.scenarios.channel import Manner
from tests.scenarios.daemon import Pace
from tests.scenarios.stage import Stage
from tests.scenarios.world import DAY, HOUR, MINUTE, START, World, phone, provider

CONFIG = """
[healthmon]
timezone = UTC

[pbx office]
url = http://127.0.0.1:8088
username = healthmon
password = secret
poll_every = {poll_every}s
down_after = 10s
up_after = 5s
{of_pbx}

[watch providers]
endpoints = PJSIP/trunk-*
down_after = {hold}s
up_after = 5s
{providers_are}

[watch phones]
endpoints = PJSIP/*
down_after = {phone_hold}s
up_after = 5s
{phones_are}

[receiver oncall]
longest_pause = {longest_pause:g}s
urls = boss = {url}
{more}
"""

#: Somebody who is told where nobody took note.
CHIEF = """
[receiver chief]
urls = pager = json://127.0.0.1:9000/chief
"""
ESCALATES = "receivers = oncall\nescalate_to = chief after 1m"

#: The site of forty phones, that of ten, and the providers.
WAREHOUSE = [f"PJSIP/{number}" for number in range(101, 141)]
SHOP = [f"PJSIP/{number}" for number in range(141, 151)]
PROVIDERS = ["PJSIP/trunk-telekom", "PJSIP/trunk-sipgate", "PJSIP/trunk-easybell"]
PHONE, TELEKOM = WAREHOUSE[0], PROVIDERS[0]
CARRIER = "PJSIP/trunk-carrier"


def office() -> list[Peer]:
    """50 phones on two sites, and three trunks; each is checked every 2 to 5 s."""
    return [
        *(phone(number, "203.0.113.7", qualify=2 + number % 4) for number in range(101, 141)),
        *(phone(number, "198.51.100.20", qualify=2 + number % 4) for number in range(141, 151)),
        provider("telekom", "192.0.2.11", qualify=5),
        provider("sipgate", "192.0.2.22", qualify=4),
        provider("easybell", "192.0.2.33", qualify=3),
    ]


def office_checked_every_2_s() -> list[Peer]:
    """The same, checked more often."""
    peers = office()
    for peer in peers:
        peer.endpoint.qualify_frequency, peer.endpoint.qualify_timeout = 2, 1.0
    return peers


#: From the moment in which a message is due to its arrival (seconds).
MOMENT = 0.3
#: When the first thing happens in a row that says how soon that is told (seconds).
BEGINS_AT = 30.0


class Row(Struct, frozen=True):
    """A row of the table: what happens, and how many messages that makes at one URL, from … to …."""

    what: str
    #: Takes a stage: a World, or any Stage where it is played on both.
    script: Callable[..., None]
    messages: tuple[int, int]
    lasts: float = 6 * MINUTE
    hold: float = 10.0
    #: That of phones, if it is another.
    phone_hold: float | None = None
    #: One more line about providers, and about phones.
    providers_are: str = ""
    phones_are: str = ""
    poll_every: float = 60.0
    #: Between attempts at a channel that fails.
    longest_pause: float = 5.0
    url: str = "json://127.0.0.1:9000/alerts"
    peers: Callable[[], list[Peer]] = office
    pace: Pace = field(default_factory=Pace)
    #: Nothing is known of the PBX: the database is empty.
    is_first_look: bool = False
    #: More lines for the section of the PBX.
    of_pbx: str = ""
    #: More sections.
    more: str = ""
    #: What else must be true of what arrived when nobody killed the daemon.
    also: Callable[[World], None] | None = None
    #: How the subjects begin, in this order, if nobody killed the daemon; (): the row promises how many there are.
    told: tuple[str, ...] = ()
    #: The same at URLs that take everything, where that of the row does not.
    told_elsewhere: tuple[str, ...] = ()
    #: How soon after the first thing that happens the first message is due (seconds).
    first_within: float | None = None
    #: Lines about all endpoints that make an end come sooner in real time.
    sooner: str = ""
    #: Why it is not played on a real Asterisk, in a word; "": it is.
    #: ``elsewhere``: another test of ``tests/system`` has a real Asterisk do the same; ``size``: too many phones for a
    #: machine; ``length``: too many minutes; ``channel``: it is about a channel, and no matter of Asterisk's; ``loss``:
    #: it is about what a real one cannot be made to lose; ``manager``: it is about the manager interface, which the
    #: stage of real ones does not have.
    only_simulated: str = ""

    @property
    def config(self) -> str:
        """The configuration file."""
        return self.plain_config()

    def plain_config(self) -> str:
        """The configuration file without anything special."""
        phone_hold = self.hold if self.phone_hold is None else self.phone_hold
        return CONFIG.format(
            of_pbx=self.of_pbx,
            hold=f"{self.hold:g}",
            phone_hold=f"{phone_hold:g}",
            poll_every=f"{self.poll_every:g}",
            longest_pause=self.longest_pause,
            url=self.url,
            more=self.more,
            providers_are=self.providers_are,
            phones_are=self.phones_are,
        )


def exactly(messages: int) -> tuple[int, int]:
    """So many, no more and no less."""
    return messages, messages


def at_most(messages: int) -> tuple[int, int]:
    """So many, or fewer."""
    return 0, messages


# ---------------------------------------------------------------- one cause, one message


def a_site_dies(stage: Stage) -> None:
    stage.at(30, stage.pbx.dies, *WAREHOUSE)
    stage.at(180, stage.pbx.returns, *WAREHOUSE)


def the_site_is_told_in_time(world: World) -> None:
    # The last one is seen 8 s after it died at the latest; so are those that come back, whose hold is 5 s.
    down, up = world.channel.arrivals
    assert down.at <= 30 + 8 + 10 + MOMENT
    assert up.at <= 180 + 5 + 5 + MOMENT


def office_checked_once_a_minute() -> list[Peer]:
    """The same, with phones that are checked as most are."""
    return [
        *(phone(number, "203.0.113.7", qualify=60) for number in range(101, 141)),
        *(phone(number, "198.51.100.20", qualify=60) for number in range(141, 151)),
        provider("telekom", "192.0.2.11", qualify=60),
    ]


def a_site_dies_for_six_minutes(world: World) -> None:
    world.at(30, world.pbx.dies, *WAREHOUSE)
    world.at(390, world.pbx.returns, *WAREHOUSE)


def the_site_is_told_before_its_phones_would_be(world: World) -> None:
    # The first is seen after 3 s at the earliest, the last within a minute; two checks of it have failed after 65 s.
    down, up = world.channel.arrivals
    assert 30 + 3 + 65 <= down.at <= 30 + 63 + 65 + MOMENT < 30 + 180
    assert up.at <= 390 + 60 + 5 + MOMENT
    assert down.rows[0].incident.extent == "40 of 40 unreachable"


def a_site_is_back_before_its_phones_are_believed_down(stage: Stage) -> None:
    stage.at(30, stage.pbx.dies, *WAREHOUSE)
    stage.at(105, stage.pbx.returns, *WAREHOUSE)


def no_phone_was_believed_down(world: World) -> None:
    told = [row.incident for arrival in world.channel.arrivals for row in arrival.rows]
    assert {incident.kind for incident in told} == {Kind.SITE}
    with open_reader(world.config.database) as reader:
        assert not reader.explained(told[0].id)


def a_site_seems_to_die(world: World) -> None:
    """It is away for a moment, and what events tell of its return is lost."""
    world.at(30, world.pbx.dies, *WAREHOUSE)
    world.at(42, world.pbx.loses_what_it_says)
    world.at(43, world.pbx.returns, *WAREHOUSE)
    world.at(100, world.pbx.is_heard_again)


def eleven_here_and_three_there(world: World) -> None:
    """30 % of forty are twelve, of ten three."""
    names = (*WAREHOUSE[:11], *SHOP[:3])
    world.at(30, world.pbx.dies, *names)
    world.at(150, world.pbx.returns, *names)


def only_there_it_is_the_site(world: World) -> None:
    assert [subject.partition(" (office)")[0] for subject in world.channel.subjects] == [
        "DOWN site 198.51.100.20",
        "UP site 198.51.100.20",
    ]


def one_phone_after_the_other(world: World) -> None:
    """Twelve of forty within an hour."""
    names = WAREHOUSE[:12]
    for number, name in enumerate(names):
        world.at(30 + 5 * MINUTE * number, world.pbx.dies, name)
    world.at(HOUR, world.pbx.returns, *names)


def four_of_ten_log_out(world: World) -> None:
    """In the evening; in the morning they log in."""
    for number, name in enumerate(SHOP[:4]):
        world.at(30 + number, world.pbx.logs_out, name)
        world.at(180 + number, world.pbx.registers, name)


def home_offices() -> list[Peer]:
    """Four phones at public addresses of their own, and two trunks of different hosts behind one outbound proxy."""
    phones = [phone(101 + number, f"203.0.113.{1 + number}", qualify=5) for number in range(4)]
    trunks = [provider("telekom", "192.0.2.11", qualify=5), provider("sipgate", "192.0.2.22", qualify=5)]
    for trunk in trunks:
        trunk.endpoint.outbound_proxy = "sip:192.0.2.77:5060;lr"
    return [*phones, *trunks]


def the_proxy_dies(world: World) -> None:
    world.at(30, world.pbx.dies, *PROVIDERS[:2])
    world.at(180, world.pbx.returns, *PROVIDERS[:2])


def the_proxy_is_named(world: World) -> None:
    assert [subject.partition(" (office)")[0] for subject in world.channel.subjects] == [
        "DOWN providers at 192.0.2.77",
        "UP providers at 192.0.2.77",
    ]


def branches() -> list[Peer]:
    """180 phones at 60 addresses, and no provider."""
    return [phone(1000 + n, f"203.0.{n % 60}.7", qualify=20 + n % 10) for n in range(180)]


def all_branches_die(world: World) -> None:
    names = list(world.pbx.peers)
    world.at(30, world.pbx.dies, *names)
    world.at(240, world.pbx.returns, *names)


def all_sites_are_counted(world: World) -> None:
    assert [subject.partition(" since ")[0].partition(" after ")[0] for subject in world.channel.subjects] == [
        "DOWN office: 60 of 60 sites",
        "UP office: its sites are reachable again",
    ]


def nobody_is_told(world: World) -> None:
    assert not world.channel.arrivals


def the_line_is_cut(stage: Stage) -> None:
    stage.at(30, stage.pbx.dies, *WAREHOUSE, *SHOP, *PROVIDERS)
    stage.at(180, stage.pbx.returns, *WAREHOUSE, *SHOP, *PROVIDERS)


def a_provider_dies(stage: Stage) -> None:
    stage.at(30, stage.pbx.dies, TELEKOM)
    stage.at(180, stage.pbx.returns, TELEKOM)


def the_provider_is_told_in_time(world: World) -> None:
    # Its death is seen after 8 s at the latest, its return after 5 s.
    down, up = world.channel.arrivals
    assert down.at <= 30 + 8 + 10 + MOMENT
    assert up.at <= 180 + 5 + 5 + MOMENT


# ---------------------------------------------------------------- OPTIONS of our own

PROBED = "probe = auto\nprobe_every = 20s"
PROBED_BESIDE = "probe = yes\nprobe_every = 30s"


def a_provider_that_asterisk_does_not_check() -> list[Peer]:
    """And another one, which it does."""
    return [provider("telekom", "192.0.2.11", qualify=0), provider("sipgate", "192.0.2.22", qualify=20)]


def a_provider_that_asterisk_checks() -> list[Peer]:
    """But any answer is good enough for it."""
    return a_provider_that_asterisk_does_not_check()[1:]


def that_ignores_strangers() -> list[Peer]:
    """The first answers nobody but the PBX."""
    peers = a_provider_that_asterisk_does_not_check()
    peers[0].ignores_strangers = True
    return peers


def a_provider_answers_503(world: World) -> None:
    """To Asterisk that is an answer like any other."""
    world.at(30, world.pbx.answers_with, 503, PROVIDERS[1])
    world.at(180, world.pbx.answers_with, 200, PROVIDERS[1])


def the_503_is_told_in_time(world: World) -> None:
    # By the next of our OPTIONS, and the hold.
    down, up = world.channel.arrivals
    assert down.at <= 30 + 20 + 10 + MOMENT
    assert up.at <= 180 + 20 + 5 + MOMENT
    assert "answers 503 Service Unavailable; Asterisk: reachable" in down.message.body


def the_unchecked_is_told_in_time(world: World) -> None:
    # The time for which the last answer is waited is a part of the hold.
    down, up = world.channel.arrivals
    assert down.at <= 30 + 20 + 10 + MOMENT
    assert up.at <= 180 + 20 + 5 + MOMENT
    assert "Asterisk: not checked" in down.message.body


def a_checked_provider_dies(world: World) -> None:
    world.at(30, world.pbx.dies, PROVIDERS[1])
    world.at(240, world.pbx.returns, PROVIDERS[1])


def a_checked_provider_is_back_a_moment_after_it_was_asked(world: World) -> None:
    world.at(30, world.pbx.dies, PROVIDERS[1])
    world.at(218, world.pbx.returns, PROVIDERS[1])


def a_provider_that_is_checked_every_5_s() -> list[Peer]:
    """And another one."""
    return [provider("telekom", "192.0.2.11", qualify=5), provider("sipgate", "192.0.2.22", qualify=5)]


def a_provider_dies_twice(world: World) -> None:
    """The second time it must be up for longer to be believed up, and so must the answers to our OPTIONS."""
    for dies, returns in ((46, 83), (262, 558)):
        world.at(dies, world.pbx.dies, TELEKOM)
        world.at(returns, world.pbx.returns, TELEKOM)


def a_provider_is_back_and_answers_503(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(180, world.pbx.answers_with, 503, TELEKOM)
    world.at(180, world.pbx.returns, TELEKOM)
    world.at(400, world.pbx.answers_with, 200, TELEKOM)


def a_checked_provider_is_back_and_answers_503(world: World) -> None:
    world.at(30, world.pbx.dies, PROVIDERS[1])
    world.at(240, world.pbx.answers_with, 503, PROVIDERS[1])
    world.at(240, world.pbx.returns, PROVIDERS[1])
    world.at(500, world.pbx.answers_with, 200, PROVIDERS[1])


def it_is_degraded_since_it_is_back(world: World) -> None:
    """Before it answered nothing: that is said, and the end is that of all of it."""
    degraded, end = world.channel.arrivals[-2:]
    assert degraded.subject == "DEGRADED OPTIONS of trunk-telekom (office) since 12:03"
    assert "\nsince 12:03:" in degraded.message.body
    assert "\nit was down before, since 12:00:" in degraded.message.body
    assert "\nfrom 12:00:" in end.message.body


def the_outage_before_is_another_one(world: World) -> None:
    """What our OPTIONS found meanwhile belonged to the outage of the provider."""
    degraded, end = world.channel.arrivals[-2:]
    assert degraded.subject == "DEGRADED OPTIONS of trunk-sipgate (office) since 12:04"
    assert "down before" not in degraded.message.body
    assert "\nfrom 12:04:" in end.message.body


def a_provider_answers_503_and_dies(world: World) -> None:
    world.at(30, world.pbx.answers_with, 503, TELEKOM)
    world.at(200, world.pbx.dies, TELEKOM)
    world.at(300, world.pbx.answers_with, 200, TELEKOM)
    world.at(400, world.pbx.returns, TELEKOM)


def all_times_are_counted_from_the_first_message(world: World) -> None:
    degraded, _down, _up, well = (arrival.rows[0].incident for arrival in world.channel.arrivals)
    assert degraded.id == well.id
    assert degraded.since == well.since


def a_provider_dies_with_a_call_up(world: World) -> None:
    """Asterisk hears nothing of the call's end: the channel hangs, and its device is in use."""
    world.at(20, world.pbx.is_called, TELEKOM)
    a_provider_dies(world)


MANAGER = """ami = tcp://127.0.0.1:5038
ami_username = healthmon
ami_password = secret-of-ami
degraded_after = 10s
"""


def a_registration_is_rejected(world: World) -> None:
    world.at(30, world.pbx.rejects, TELEKOM)
    world.at(180, world.pbx.accepts, TELEKOM)


def the_registration_is_told_in_time(world: World) -> None:
    # Asterisk's own event tells at once; the hold is 10 s, and 5 s for its end.
    down, up = world.channel.arrivals
    assert down.subject.startswith("DOWN registration of trunk-telekom (office) since ")
    assert "incoming calls are affected" in down.message.body
    assert down.at <= 30 + 10 + 1
    assert up.at <= 180 + 5 + 1


def a_provider_dies_and_rejects_us_when_it_is_back(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(60, world.pbx.rejects, TELEKOM)
    world.at(180, world.pbx.returns, TELEKOM)
    world.at(300, world.pbx.accepts, TELEKOM)


def what_is_left_is_told_when_the_provider_is_back(world: World) -> None:
    """Not before Asterisk has had the time to try again."""
    down, back, rejected, accepted = world.channel.arrivals
    assert "registration" not in down.subject + back.subject
    assert back.subject.startswith("UP provider trunk-telekom")
    assert rejected.subject.startswith("DOWN registration of trunk-telekom (office) since ")
    assert rejected.at >= back.at + 30
    assert accepted.subject.startswith("UP registration of trunk-telekom")


def a_provider_rejects_us_then_dies_and_rejects_us_when_it_is_back(world: World) -> None:
    world.at(30, world.pbx.rejects, TELEKOM)
    world.at(90, world.pbx.dies, TELEKOM)
    world.at(210, world.pbx.returns, TELEKOM)
    world.at(360, world.pbx.accepts, TELEKOM)


def what_was_told_before_is_told_anew_when_the_provider_is_back(world: World) -> None:
    """What its reader heard last is UP of the provider: that it is not registered comes after that."""
    rejected, down, back, still, accepted = world.channel.arrivals
    assert rejected.subject.startswith("DOWN registration of trunk-telekom (office) since ")
    assert down.subject.startswith("DOWN provider trunk-telekom (office) since ")
    assert back.subject.startswith("UP provider trunk-telekom")
    assert still.subject.startswith("DOWN registration of trunk-telekom (office) since ")
    assert still.at >= back.at + 30
    assert accepted.subject.startswith("UP registration of trunk-telekom")


def a_provider_is_back_and_registers_late(world: World) -> None:
    """Just before the time is over that Asterisk has to try again; then it is seen to be well, and not believed yet."""
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(60, world.pbx.rejects, TELEKOM)
    world.at(180, world.pbx.returns, TELEKOM)
    world.at(279, world.pbx.accepts, TELEKOM)


def an_unchecked_provider_dies_and_its_registration_later(world: World) -> None:
    """Asterisk calls it online all along; its registration lives until its next refresh."""
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(150, world.pbx.rejects, TELEKOM)
    world.at(300, world.pbx.returns, TELEKOM)
    world.at(330, world.pbx.accepts, TELEKOM)


def its_end_is_that_of_its_outage(world: World) -> None:
    down, up = world.channel.arrivals
    assert down.at <= 30 + 20 + 10 + MOMENT
    assert up.rows[0].incident.lasted(START + world.now) == pytest.approx(300 - 30, abs=25)


def an_unchecked_provider_dies_as_it_is_to_register(world: World) -> None:
    """A moment after our own OPTIONS were answered: the registration falls first."""
    world.at(42, world.pbx.dies, TELEKOM)
    world.at(42, world.pbx.rejects, TELEKOM)
    world.at(300, world.pbx.returns, TELEKOM)
    world.at(330, world.pbx.accepts, TELEKOM)


def an_unchecked_provider_is_back_and_rejects_us(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(150, world.pbx.rejects, TELEKOM)
    world.at(300, world.pbx.returns, TELEKOM)
    world.at(540, world.pbx.accepts, TELEKOM)


def the_manager_is_away_for_an_hour(world: World) -> None:
    """Meanwhile a provider rejects us, and takes us again: nobody can know."""
    world.at(30, world.pbx.switches_its_manager_off)
    world.at(600, world.pbx.rejects, TELEKOM)
    world.at(1200, world.pbx.accepts, TELEKOM)
    world.at(30 + HOUR, world.pbx.switches_its_manager_on)


def no_registration_is_told_as_lost(world: World) -> None:
    told = [row.incident for arrival in world.channel.arrivals for row in arrival.rows]
    assert {incident.check for incident in told} == {Check.MANAGER}


def a_registration_is_lost_while_the_manager_is_away(world: World) -> None:
    world.at(30, world.pbx.switches_its_manager_off)
    world.at(600, world.pbx.rejects, TELEKOM)
    world.at(30 + HOUR, world.pbx.switches_its_manager_on)
    world.at(120 + HOUR, world.pbx.accepts, TELEKOM)


def it_is_told_as_soon_as_it_can_be_known(world: World) -> None:
    """An attempt to connect is made each 10 s; then the hold begins."""
    lost, _back = [arrival for arrival in world.channel.arrivals if "registration" in arrival.subject]
    assert 30 + HOUR + 10 <= lost.at <= 30 + HOUR + 10 + 10 + MOMENT


def the_manager_is_lost_while_a_provider_is_dead(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(70, world.pbx.rejects, TELEKOM)
    world.at(100, world.pbx.switches_its_manager_off)
    world.at(200, world.pbx.returns, TELEKOM)
    world.at(500, world.pbx.switches_its_manager_on)


def it_registers_and_nobody_can_see_it(world: World) -> None:
    the_manager_is_lost_while_a_provider_is_dead(world)
    world.at(210, world.pbx.accepts, TELEKOM)


def it_registers_once_it_can_be_seen(world: World) -> None:
    the_manager_is_lost_while_a_provider_is_dead(world)
    world.at(700, world.pbx.accepts, TELEKOM)


def it_is_lost_again_when_it_can_be_seen(world: World) -> None:
    lost = [arrival for arrival in world.channel.arrivals if "DOWN registration" in arrival.subject]
    assert [500 <= arrival.at <= 520 for arrival in lost] == [True]


def the_manager_is_lost_a_moment_after_a_provider_is_back(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(70, world.pbx.rejects, TELEKOM)
    world.at(200, world.pbx.returns, TELEKOM)
    world.at(216, world.pbx.switches_its_manager_off)
    world.at(220, world.pbx.accepts, TELEKOM)
    world.at(500, world.pbx.switches_its_manager_on)


def the_manager_is_lost_in_a_silence_over_a_registration(world: World) -> None:
    world.at(20, world.silence, 10 * MINUTE)
    world.at(30, world.pbx.rejects, TELEKOM)
    world.at(200, world.pbx.switches_its_manager_off)
    world.at(1200, world.pbx.switches_its_manager_on)


def it_registers_unseen_before_the_silence_ends(world: World) -> None:
    the_manager_is_lost_in_a_silence_over_a_registration(world)
    world.at(260, world.pbx.accepts, TELEKOM)


def it_lasts_beyond_the_silence(world: World) -> None:
    the_manager_is_lost_in_a_silence_over_a_registration(world)
    world.at(1320, world.pbx.accepts, TELEKOM)


def it_is_told_when_it_can_be_seen_again(world: World) -> None:
    lost = [arrival for arrival in world.channel.arrivals if "DOWN registration" in arrival.subject]
    assert [1200 <= arrival.at <= 1230 for arrival in lost] == [True]


def it_registers_unseen_before_anybody_is_reminded(world: World) -> None:
    world.at(30, world.pbx.rejects, TELEKOM)
    world.at(60, world.pbx.switches_its_manager_off)
    world.at(80, world.pbx.accepts, TELEKOM)
    world.at(900, world.pbx.switches_its_manager_on)


def only_its_beginning_and_its_end_are_told(world: World) -> None:
    told = [row for channel in world.channels.values() for arrival in channel.arrivals for row in arrival.rows]
    of_it = [row.reason for row in told if row.incident.check == Check.REGISTRATION]
    assert of_it == [Reason.OPENED, Reason.RESOLVED]


def asterisk_is_restarted_while_it_is_registered(world: World) -> None:
    world.at(30, world.pbx.restarts)


def a_provider_dies_for_four_minutes(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(270, world.pbx.returns, TELEKOM)


def it_is_believed_after_its_own_hold(world: World) -> None:
    # Two of Asterisk's own checks would take 65 s.
    down, _up = world.channel.arrivals
    (incident,) = [row.incident for row in down.rows]
    assert incident.believed_at - incident.opened_at <= 10 + 1
    assert world.pbx.checked_at_once == 2


def a_provider_is_away_for_a_moment(world: World) -> None:
    """Just while it is checked, which makes it unreachable to Asterisk for a minute."""
    checked_at = world.pbx.checks_next(TELEKOM) - START
    world.at(checked_at - 1, world.pbx.dies, TELEKOM)
    world.at(checked_at + 7, world.pbx.returns, TELEKOM)


def it_was_asked_about_until_it_answered(world: World) -> None:
    assert world.pbx.checked_at_once == 2


def what_was_lost_was_asked_about(world: World) -> None:
    assert world.pbx.missed > world.pbx.checked_at_once > 3


def a_provider_is_in_maintenance_and_dies(world: World) -> None:
    """It is replaced meanwhile, say, and is there again before that is over."""
    world.at(30, world.pbx.begins_maintenance, TELEKOM)
    world.at(60, world.pbx.dies, TELEKOM)
    world.at(180, world.pbx.returns, TELEKOM)
    world.at(240, world.pbx.ends_maintenance, TELEKOM)


def a_provider_dies_in_maintenance_and_stays_so(world: World) -> None:
    world.at(30, world.pbx.begins_maintenance, TELEKOM)
    world.at(60, world.pbx.dies, TELEKOM)
    world.at(180, world.pbx.ends_maintenance, TELEKOM)
    world.at(300, world.pbx.returns, TELEKOM)


def a_dead_provider_is_mended_in_maintenance(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(90, world.pbx.begins_maintenance, TELEKOM)
    world.at(120, world.pbx.returns, TELEKOM)
    world.at(240, world.pbx.ends_maintenance, TELEKOM)


def asterisk_is_restarted_in_maintenance(world: World) -> None:
    """Which it forgets by that, without a word."""
    world.at(30, world.pbx.begins_maintenance, *PROVIDERS)
    world.at(120, world.pbx.restarts)


def it_is_booked_as_maintenance(world: World) -> None:
    """As long as it lasted, and of nobody else."""
    with open_reader(world.config.database) as reader:
        account = account_of(reader, ReportRequest((START, START + world.now)), START + world.now)
    booked = {line.target.endpoint: line.figures.maintenance_s for line in account.lines}
    assert 200 < booked.pop(TELEKOM) < 215
    assert set(booked.values()) == {0.0}


STORM_SITES, STORM_PHONES, HIT = 30, 1000, 15


def towns() -> list[Peer]:
    """1,000 phones on 30 sites, and a provider that nothing happens to."""
    phones = [
        phone(1000 + number, f"203.0.113.{1 + number % STORM_SITES}", qualify=2 + number % 4)
        for number in range(STORM_PHONES)
    ]
    return [*phones, provider("telekom", "192.0.2.11", qualify=5)]


def a_storm(world: World) -> None:
    """Half of the sites lose their power, one every 12 s; the phones of each within 5 s, in any order."""
    for turn, site in enumerate(world.dice.sample(range(STORM_SITES), HIT)):
        for number in range(site, STORM_PHONES, STORM_SITES):
            world.at(30 + 12 * turn + world.dice.uniform(0, 5), world.pbx.dies, f"PJSIP/{1000 + number}")


def each_site_is_told_once(world: World) -> None:
    told = [row.incident.target.resource for arrival in world.channel.arrivals for row in arrival.rows]
    assert len(told) == len(set(told)) == HIT


def a_phone_and_a_provider_over_a_bad_line() -> list[Peer]:
    """5 % of all packets are lost, each way; each is checked once a minute."""
    peers = [phone(101, "203.0.113.7", qualify=60), provider("telekom", "192.0.2.11", qualify=60)]
    for peer in peers:
        peer.loss = 0.05
    return peers


def nothing_happens(world: World) -> None:
    """But packets are lost."""


# ---------------------------------------------------------------- the PBX


def the_pbx_restarts(stage: Stage) -> None:
    """The shop's phones are checked within seconds; those of the warehouse were forgotten, and register in turns."""
    stage.at(30, stage.pbx.restarts, *WAREHOUSE)
    for number, name in enumerate(WAREHOUSE):
        stage.at(40 + 2.5 * number, stage.pbx.registers, name)


def two_do_not_come_back(stage: Stage) -> None:
    """Of 118 the registration is forgotten; 131 is known, and does not answer."""
    stage.at(30, stage.pbx.restarts, "PJSIP/118")
    stage.at(30, stage.pbx.dies, "PJSIP/118", "PJSIP/131")


def the_two_are_named(world: World) -> None:
    assert [arrival.subject for arrival in world.channel.arrivals] == ["DOWN 2 phones (office): 118, 131"]


def a_phone_is_down_over_a_restart(world: World) -> None:
    """It is down before, in the grace, in which Asterisk does not know it any more, and after it."""
    world.at(30, world.pbx.dies, PHONE)
    world.at(90, world.pbx.restarts, PHONE)
    world.at(270, world.pbx.registers, PHONE)


def only_the_restart_itself_is_not_seen(world: World) -> None:
    """In the grace Asterisk is looked at, and says all the while that the phone is offline."""
    incident = world.channel.arrivals[-1].rows[0].incident
    assert incident.target.endpoint == PHONE
    assert incident.unseen_s < 10
    with open_reader(world.config.database) as reader:
        asked = ReportRequest((incident.opened_at - MINUTE, incident.opened_at + 5 * MINUTE))
        account = account_of(reader, asked, incident.opened_at + 5 * MINUTE)
    (listed,) = account.incidents
    assert listed.unseen_s == pytest.approx(incident.unseen_s, abs=0.01)
    # To availability the grace is unknown.
    (line,) = (line for line in account.lines if line.target == incident.target)
    assert line.figures.unknown_s > 40


def the_pbx_restarts_twice(world: World) -> None:
    """Twice; nobody is lost."""
    world.at(30, world.pbx.restarts)
    world.at(200, world.pbx.restarts)


def both_restarts_are_told(world: World) -> None:
    assert [subject.partition(" at ")[0] for subject in world.channel.subjects] == ["RESTARTED PBX office"] * 2


def the_pbx_is_killed(stage: Stage) -> None:
    stage.at(30, stage.pbx.is_killed)
    stage.at(90, stage.pbx.starts)


def the_pbx_freezes(stage: Stage) -> None:
    stage.at(30, stage.pbx.freezes)
    stage.at(90, stage.pbx.thaws)


def the_kill_is_told_in_time(world: World) -> None:
    down, up = world.channel.arrivals
    assert down.at <= 30 + 10 + MOMENT
    # It is seen to be back by the next look, 5 s after it has started at the latest.
    assert up.at <= 90 + 5 + 5 + MOMENT


def the_freeze_is_told_in_time(world: World) -> None:
    # That it is silent is noticed after 5 s and one time-out; at the end of the hold it is asked once more.
    assert world.channel.arrivals[0].at <= 30 + 5 + 5 + 10 + 5


def the_pbx_is_killed_while_a_provider_is_down(stage: Stage) -> None:
    stage.at(30, stage.pbx.dies, TELEKOM)
    stage.at(90, stage.pbx.is_killed)
    stage.at(130, stage.pbx.starts)


def the_provider_is_told_once(world: World) -> None:
    assert [subject.partition(" since ")[0].partition(" after ")[0] for subject in world.channel.subjects] == [
        "DOWN provider trunk-telekom (office)",
        "DOWN PBX office",
        "UP PBX office",
    ]


def the_password_is_changed(stage: Stage) -> None:
    """All is well but that nobody lets us look; a phone dies meanwhile, and is back before anybody can see it."""
    stage.at(30, stage.pbx.refuses_our_password)
    stage.at(50, stage.pbx.dies, PHONE)
    stage.at(80, stage.pbx.returns, PHONE)
    stage.at(120, stage.pbx.takes_our_password)


def it_was_never_called_down(world: World) -> None:
    assert world.channel.subjects[0] == "CANNOT SEE PBX office: ARI password refused"
    assert world.channel.subjects[1].startswith("SEEN AGAIN PBX office after ")


def the_password_is_changed_for_long(world: World) -> None:
    world.at(30, world.pbx.refuses_our_password)
    world.at(200, world.pbx.takes_our_password)


def the_chief_is_told_that_nobody_took_note(world: World) -> None:
    boss, chief = (world.channels[url_id] for url_id in ("oncall/boss", "chief/pager"))
    assert boss.subjects[0] == "CANNOT SEE PBX office: ARI password refused"
    assert chief.subjects[0] == "ESCALATED PBX office: ARI password refused"
    # The first look that is refused, and the hold; then a minute.
    assert 60 <= chief.arrivals[0].at - boss.arrivals[0].at <= 60 + 0.5 + MOMENT
    assert [channel.subjects[1].partition(" after ")[0] for channel in (boss, chief)] == ["SEEN AGAIN PBX office"] * 2


def the_password_is_changed_for_long_and_somebody_takes_note(world: World) -> None:
    the_password_is_changed_for_long(world)
    world.at(80, world.acknowledge, 0)


def the_chief_hears_nothing(world: World) -> None:
    assert world.channels["chief/pager"].subjects == []
    assert len(world.channels["oncall/boss"].subjects) == 2


def the_pbx_is_killed_and_its_password_changed(world: World) -> None:
    world.at(30, world.pbx.is_killed)
    world.at(90, world.pbx.refuses_our_password)
    world.at(90, world.pbx.starts)
    world.at(180, world.pbx.takes_our_password)


def each_change_is_told(world: World) -> None:
    # From the first refused look, at 95 s, to the first that is not, at 220 s, nobody can say how it is: a part of its
    # outage.
    incident = world.channel.arrivals[-1].rows[0].incident
    assert 120 < incident.unseen_s < 130
    assert [subject.partition(" since ")[0].partition(" after ")[0] for subject in world.channel.subjects] == [
        "DOWN PBX office",
        "CANNOT SEE PBX office: ARI password refused",
        "UP PBX office",
    ]


def the_channel_driver_is_unloaded(world: World) -> None:
    """No event tells; the poll does. A provider that dies meanwhile could not be called anyway."""
    world.at(30, world.pbx.loses_its_driver)
    world.at(120, world.pbx.dies, TELEKOM)
    world.at(150, world.pbx.returns, TELEKOM)
    world.at(200, world.pbx.gets_its_driver_back)


def the_driver_is_told(world: World) -> None:
    first, second = world.channel.subjects
    assert first.startswith("DEGRADED PBX office: has no PJSIP channel driver")
    assert second.startswith("UP PBX office (channel drivers) after ")


def the_http_sessions_are_used_up(world: World) -> None:
    """A phone dies meanwhile: it is told soon after, for nothing stood still."""
    world.at(30, world.pbx.is_used_up_by_others)
    world.at(60, world.pbx.dies, PHONE)
    world.at(90, world.pbx.is_let_go_by_others)


def they_are_told_as_that(world: World) -> None:
    assert "took the connection and closed it without an answer" in world.channel.arrivals[0].rows[0].incident.cause


def office_with_a_carrier_and_a_ghost() -> list[Peer]:
    """The office, a carrier that we register with and that has no AOR, and a provider that was deleted."""
    ghost = provider("ghost", "192.0.2.44", qualify=5)
    ghost.has_contact = ghost.endpoint.is_configured = False
    carrier = FakeEndpoint("PJSIP", "trunk-carrier", outbound_auth="carrier", has_aor=False)
    return [*office(), Peer(carrier, has_contact=False), ghost]


def the_carrier_has_a_call(world: World) -> None:
    """And Asterisk is restarted later, which still lists both as offline."""
    world.at(30, world.pbx.is_called, CARRIER)
    world.at(60, world.pbx.hangs_up, CARRIER)
    world.at(120, world.pbx.restarts)
    world.at(280, world.pbx.is_called, CARRIER)
    world.at(300, world.pbx.hangs_up, CARRIER)


def one_name_is_not_utf_8(world: World) -> None:
    """A provider dies meanwhile: it is told as ever. A restart without that name ends it."""
    world.at(30, world.pbx.gets_an_odd_name)
    world.at(130, world.pbx.dies, TELEKOM)
    world.at(200, world.pbx.returns, TELEKOM)
    world.at(260, world.pbx.restarts)


# ---------------------------------------------------------------- how Asterisk checks its endpoints


def office_not_checked() -> list[Peer]:
    """The same office, and nobody is checked."""
    peers = office()
    for peer in peers:
        peer.endpoint.qualify_frequency = 0
    return peers


def qualify_is_switched_on(world: World) -> None:
    """For all, as the README advises."""
    world.at(60, world.pbx.switches_qualify_on, 60, *WAREHOUSE, *SHOP, *PROVIDERS)


def qualify_is_switched_on_for_some(world: World) -> None:
    """For so few that each is asked about by itself."""
    world.at(60, world.pbx.switches_qualify_on, 60, *SHOP, *PROVIDERS)


def qualify_is_switched_on_and_one_is_dead(world: World) -> None:
    """Asterisk sees it for the first time."""
    world.at(40, world.pbx.dies, TELEKOM)
    qualify_is_switched_on(world)


def the_dead_one_is_told(world: World) -> None:
    assert [subject.partition(" since ")[0] for subject in world.channel.subjects] == [
        "DOWN provider trunk-telekom (office)"
    ]


def qualify_is_switched_off_without_a_reload(world: World) -> None:
    """Then the provider dies, and comes back before qualify is switched on again."""
    world.at(30, world.pbx.loses_qualify, TELEKOM)
    world.at(60, world.pbx.dies, TELEKOM)
    world.at(200, world.pbx.returns, TELEKOM)
    world.at(240, world.pbx.gets_qualify_back, 5, TELEKOM)


def it_was_unknown_and_not_up_meanwhile(world: World) -> None:
    with open_reader(world.config.database) as reader:
        account = account_of(reader, ReportRequest((START + 35, START + 235)), START + world.now)
    (line,) = (line for line in account.lines if line.target.endpoint == TELEKOM)
    assert line.figures.unknown_s == pytest.approx(200)


def many_providers() -> list[Peer]:
    """So many that it takes longer than their hold time until all their settings are read."""
    return [provider(f"{number}", f"192.0.2.{number}", qualify=60) for number in range(1, 251)]


def it_is_first_seen_when_it_has_just_booted(world: World) -> None:
    """Nobody has been checked yet, and nothing was ever booked."""
    world.pbx.has_just_booted()


def a_provider_is_down_for_longer_than_it_was_seen(world: World) -> None:
    """Nobody sees it for three of its six minutes: the PBX is killed."""
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(90, world.pbx.is_killed)
    world.at(270, world.pbx.starts)
    world.at(390, world.pbx.returns, TELEKOM)


def message_incident_and_report_say_the_same_length(world: World) -> None:
    incident = world.channel.arrivals[-1].rows[0].incident
    assert incident.target.endpoint == TELEKOM
    assert incident.closed_at is not None
    assert " s of it not seen)" in world.channel.arrivals[-1].message.body
    length = Length(incident.closed_at - incident.opened_at, incident.unseen_s)
    assert 350 < length.lasted_s < 385
    assert 175 < length.unseen_s < 215
    with open_reader(world.config.database) as reader:
        asked = ReportRequest((incident.opened_at - MINUTE, incident.closed_at + 5), with_pictures=True)
        account = account_of(reader, asked, incident.closed_at + 5)
        listed = next(one for one in account.incidents if one.id == incident.id)
    (line,) = (line for line in account.lines if line.target == incident.target)
    assert line.figures.longest == pytest.approx(length, abs=0.01)
    assert line.figures.down_s == pytest.approx(length.lasted_s - length.unseen_s, abs=0.01)
    assert listed.unseen_s == pytest.approx(length.unseen_s, abs=0.01)


# ---------------------------------------------------------------- what cannot be seen


#: From the first look that is refused to the first that is not, at the earliest and at the latest (seconds).
REFUSED_AT, TAKEN_AT = 100, 700


def the_password_is_changed_while(world: World, *down: str) -> None:
    """These are down, and told, before nobody lets us look; they return long after somebody does again."""
    world.at(30, world.pbx.dies, *down)
    world.at(REFUSED_AT, world.pbx.refuses_our_password)
    world.at(TAKEN_AT, world.pbx.takes_our_password)
    world.at(900, world.pbx.returns, *down)


def a_provider_is_down_and_cannot_be_seen(world: World) -> None:
    the_password_is_changed_while(world, TELEKOM)


def a_site_is_down_and_cannot_be_seen(world: World) -> None:
    the_password_is_changed_while(world, *WAREHOUSE)


def a_provider_is_down_and_its_pbx_is_killed(world: World) -> None:
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(REFUSED_AT, world.pbx.is_killed)
    world.at(TAKEN_AT, world.pbx.starts)
    world.at(900, world.pbx.returns, TELEKOM)


def meanwhile_the_pbx_alone_is_told_of(world: World) -> None:
    for channel in world.channels.values():
        meanwhile = [arrival for arrival in channel.arrivals if REFUSED_AT + 10 < arrival.at < TAKEN_AT]
        assert {row.incident.kind for arrival in meanwhile for row in arrival.rows} == {Kind.PBX}


def it_is_reminded_of_once_it_is_seen(world: World) -> None:
    meanwhile_the_pbx_alone_is_told_of(world)
    told = [row for arrival in world.channel.arrivals for row in arrival.rows if row.incident.kind is not Kind.PBX]
    assert told[0].reason is Reason.OPENED
    assert told[-1].reason is Reason.RESOLVED
    assert {row.reason for row in told[1:-1]} == {Reason.REMINDER}


def the_chief_is_told_once_it_is_seen(world: World) -> None:
    meanwhile_the_pbx_alone_is_told_of(world)
    told = [row for arrival in world.channels["chief/pager"].arrivals for row in arrival.rows]
    assert [row.reason for row in told if row.incident.kind is not Kind.PBX] == [Reason.ESCALATED, Reason.RESOLVED]


def a_silence_ends_while_a_provider_cannot_be_seen(world: World) -> None:
    world.at(20, world.silence, 160)
    world.at(40, world.pbx.dies, TELEKOM)
    world.at(REFUSED_AT, world.pbx.refuses_our_password)
    world.at(400, world.pbx.takes_our_password)


def it_is_down_still_when_it_is_seen(world: World) -> None:
    a_silence_ends_while_a_provider_cannot_be_seen(world)
    world.at(600, world.pbx.returns, TELEKOM)


def it_is_back_before_it_is_seen(world: World) -> None:
    a_silence_ends_while_a_provider_cannot_be_seen(world)
    world.at(300, world.pbx.returns, TELEKOM)


#: The boss is left alone until 12:05.
QUIET_FOR_FIVE_MINUTES = "quiet = 11:00-12:05"


def a_quiet_time_ends_while_a_provider_cannot_be_seen(world: World) -> None:
    world.at(40, world.pbx.dies, TELEKOM)
    world.at(REFUSED_AT, world.pbx.refuses_our_password)
    world.at(500, world.pbx.takes_our_password)


def it_is_down_still_after_the_quiet_time(world: World) -> None:
    a_quiet_time_ends_while_a_provider_cannot_be_seen(world)
    world.at(700, world.pbx.returns, TELEKOM)


def it_is_back_after_the_quiet_time(world: World) -> None:
    a_quiet_time_ends_while_a_provider_cannot_be_seen(world)
    world.at(400, world.pbx.returns, TELEKOM)


def a_registration_is_lost_while_ari_refuses_us(world: World) -> None:
    """Whoever registers meanwhile, and is rejected, the manager interface tells."""
    world.at(30, world.pbx.refuses_our_password)
    world.at(100, world.pbx.rejects, TELEKOM)
    world.at(200, world.pbx.accepts, TELEKOM)
    world.at(300, world.pbx.takes_our_password)


def asterisk_is_restarted_while_ari_refuses_us(world: World) -> None:
    """And a provider rejects us from then on, which is told long before ARI tells of the restart."""
    world.at(30, world.pbx.refuses_our_password)
    world.at(35, world.pbx.restarts)
    world.at(36, world.pbx.rejects, TELEKOM)
    world.at(500, world.pbx.takes_our_password)
    world.at(700, world.pbx.accepts, TELEKOM)


def nobody_doubts_that_it_is_lost(world: World) -> None:
    """Its grace began when the manager interface was back, within 10 s; none begins when ARI is."""
    (up,) = [arrival for arrival in world.channel.arrivals if arrival.subject.startswith("UP registration")]
    assert up.at <= 700 + 10 + 5 + MOMENT
    assert 120 <= up.rows[0].incident.unseen_s <= 120 + 10 + MOMENT


def it_is_told_as_it_falls(world: World) -> None:
    _, down, up, _ = world.channel.arrivals
    assert down.at <= 100 + 10 + 1
    assert up.at <= 200 + 5 + 1
    incident = down.rows[0].incident
    assert (incident.check, incident.explained_by) == (Check.REGISTRATION, None)
    assert up.rows[0].incident.unseen_s == 0
    with open_reader(world.config.database) as reader:
        asked = ReportRequest((START, START + 400), with_checks=True)
        account = account_of(reader, asked, START + world.now)
    (line,) = (line for line in account.lines if line.target == incident.target)
    figures = {check.check: check.figures for check in line.checks}
    assert figures[Check.REACHABILITY].unknown_s > 200
    assert figures[Check.REGISTRATION].down_s == pytest.approx(100, abs=1)
    assert figures[Check.REGISTRATION].unknown_s == pytest.approx(0, abs=3)


def a_provider_answers_503_while_ari_refuses_us(world: World) -> None:
    world.at(30, world.pbx.refuses_our_password)
    world.at(100, world.pbx.answers_with, 503, "PJSIP/trunk-sipgate")
    world.at(200, world.pbx.answers_with, 200, "PJSIP/trunk-sipgate")
    world.at(300, world.pbx.takes_our_password)


def a_provider_dies_unseen_with_its_registration(world: World) -> None:
    """ARI is back before the provider is; Asterisk cannot reach it, either."""
    world.at(30, world.pbx.refuses_our_password)
    world.at(100, world.pbx.dies, TELEKOM)
    world.at(250, world.pbx.rejects, TELEKOM)
    world.at(400, world.pbx.takes_our_password)
    world.at(560, world.pbx.returns, TELEKOM)
    world.at(580, world.pbx.accepts, TELEKOM)


def it_has_lasted_since_it_died(world: World) -> None:
    """Our own OPTIONS told of it; that Asterisk finds it 300 s later begins no outage, and its end is that of all."""
    _, down, _, up = world.channel.arrivals
    assert down.at <= 100 + 20 + 40 + MOMENT
    [row] = up.rows
    assert row.incident.id == down.rows[0].incident.id
    assert row.incident.lasted(START + world.now) == pytest.approx(560 - 100, abs=25)


# ---------------------------------------------------------------- flapping


def flaps(stage: Stage, whom: str, seconds: float, times: int) -> None:
    """Something is down for so long, and up for so long, so many times."""
    for number in range(times):
        stage.at(30 + 2 * seconds * number, stage.pbx.dies, whom)
        stage.at(30 + 2 * seconds * number + seconds, stage.pbx.returns, whom)


def a_phone_flaps_every_8_s(stage: Stage) -> None:
    flaps(stage, PHONE, 8, times=15)


def a_phone_flaps_every_25_s(stage: Stage) -> None:
    flaps(stage, PHONE, 25, times=6)


#: A line is cut for so long, and works for so long, so many times (seconds).
CUT_FOR, CUTS = 100, 4


def comes_and_goes(world: World, *names: str) -> None:
    for number in range(CUTS):
        at = 30 + 2 * CUT_FOR * number
        world.at(at, world.pbx.dies, *names)
        world.at(at + CUT_FOR, world.pbx.returns, *names)


def the_line_of_a_site_comes_and_goes(world: World) -> None:
    comes_and_goes(world, *WAREHOUSE)


def forty_phones_flap_in_one_message(world: World) -> None:
    of_phones = [arrival for arrival in world.channel.arrivals if arrival.rows[0].incident.kind is Kind.PHONE]
    assert [arrival.subject.partition(" since ")[0] for arrival in of_phones] == [
        "FLAPPING 40 phones (office): 101–140",
        "STABLE 40 phones (office): 101–140",
    ]


def small_office() -> list[Peer]:
    """Ten phones at one address, and two trunks."""
    trunks = [provider("telekom", "192.0.2.11", qualify=5), provider("sipgate", "192.0.2.22", qualify=4)]
    return [*(phone(number, "203.0.113.7", qualify=5) for number in range(101, 111)), *trunks]


def the_line_comes_and_goes(world: World) -> None:
    comes_and_goes(world, *WAREHOUSE[:10], *PROVIDERS[:2])


def no_phone_is_told_to_be_down(world: World) -> None:
    assert not [subject for subject in world.channel.subjects if subject.startswith("DOWN phone")]


#: When a provider dies, and for how long it is down each time (seconds).
OUTAGES, LASTING = (30, 130, 260), 30


def a_provider_dies_three_times(world: World) -> None:
    for at in OUTAGES:
        world.at(at, world.pbx.dies, TELEKOM)
        world.at(at + LASTING, world.pbx.returns, TELEKOM)


def each_outage_is_told_after_its_own_hold(world: World) -> None:
    told = [arrival for arrival in world.channel.arrivals if arrival.subject.startswith("DOWN ")]
    assert len(told) == len(OUTAGES)
    for at, arrival in zip(OUTAGES, told, strict=True):
        # It is seen 8 s after it died at the latest.
        assert arrival.at <= at + 8 + 10 + MOMENT


#: When Asterisk ends, and for how long it is away; the last time it stands still instead (seconds).
RESTARTS, RESTART_TAKES = (30, 80, 130, 180, 230), 4
KILLED_AT, FROZEN_AT, AWAY = 300, 480, 60


def the_pbx_restarts_five_times_then_is_killed_and_frozen(world: World) -> None:
    for at in RESTARTS:
        world.at(at, world.pbx.is_killed)
        world.at(at + RESTART_TAKES, world.pbx.starts)
    world.at(KILLED_AT, world.pbx.is_killed)
    world.at(KILLED_AT + AWAY, world.pbx.starts)
    world.at(FROZEN_AT, world.pbx.freezes)
    world.at(FROZEN_AT + AWAY, world.pbx.thaws)


def both_outages_of_the_pbx_are_told_and_their_ends(world: World) -> None:
    arrivals = [arrival for arrival in world.channel.arrivals if arrival.at >= KILLED_AT]
    about = [arrival for arrival in arrivals if any(row.incident.check == Check.CONNECTION for row in arrival.rows)]
    assert [arrival.subject.split()[0] for arrival in about] == ["DOWN", "UP", "DOWN", "UP"]
    assert about[0].at <= KILLED_AT + 10 + MOMENT
    assert about[2].at <= FROZEN_AT + 30


def a_reminder_falls_due_while_a_provider_comes_back(world: World) -> None:
    """It is told at 47 s; the first reminder would be due at 167 s; it is seen up at 164 s."""
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(160, world.pbx.returns, TELEKOM)


def it_is_not_told_to_be_down_still(world: World) -> None:
    assert [subject.split()[0] for subject in world.channel.subjects] == ["DOWN", "UP"]


# ---------------------------------------------------------------- channels


def the_channel_is_dead(stage: Stage) -> None:
    """For five minutes."""
    stage.at(10, stage.channel.takes, Manner.IS_DEAD)
    stage.at(310, stage.channel.takes, Manner.ACCEPTS)


def a_provider_goes_down_while_the_channel_is_dead(stage: Stage) -> None:
    the_channel_is_dead(stage)
    stage.at(60, stage.pbx.dies, TELEKOM)


def a_provider_goes_down_and_up_while_the_channel_is_dead(stage: Stage) -> None:
    the_channel_is_dead(stage)
    stage.at(60, stage.pbx.dies, TELEKOM)
    stage.at(150, stage.pbx.returns, TELEKOM)


def it_is_told_soon_after_the_return(world: World) -> None:
    assert world.channel.arrivals[0].at <= 310 + 5


def the_channel_is_dead_for_an_hour(world: World) -> None:
    world.at(10, world.channel.takes, Manner.IS_DEAD)
    world.at(10 + HOUR, world.channel.takes, Manner.ACCEPTS)
    world.at(60, world.pbx.dies, TELEKOM)


def it_is_told_5_s_after_the_hour(world: World) -> None:
    assert world.channel.arrivals[0].at <= 10 + HOUR + 5


def it_is_told_as_over(world: World) -> None:
    it_is_told_soon_after_the_return(world)
    assert world.channel.subjects == ["WAS DOWN provider trunk-telekom (office) 12:01–12:02"]


def a_provider_is_a_ticket(world: World) -> None:
    """It goes down, somebody takes note, it comes back; later it goes down and comes back again."""
    world.at(30, world.pbx.dies, TELEKOM)
    world.at(90, world.acknowledge, 0)
    world.at(180, world.pbx.returns, TELEKOM)
    world.at(300, world.pbx.dies, TELEKOM)
    world.at(420, world.pbx.returns, TELEKOM)


def it_was_opened_acknowledged_and_resolved(world: World) -> None:
    assert list(world.channel.tickets.values()) == [
        ["trigger", "acknowledge", "resolve"],
        ["trigger", "resolve"],
    ]


def everything_is_tickets(world: World) -> None:
    """The shop dies, and then the PBX; a phone of the warehouse stays down."""
    world.at(30, world.pbx.dies, *SHOP, PHONE)
    world.at(120, world.pbx.returns, *SHOP)
    world.at(200, world.pbx.is_killed)
    world.at(260, world.pbx.starts)


def the_channel_is(world: World, manner: Manner) -> None:
    """For half a minute when the provider goes down, and when it comes back."""
    a_provider_dies(world)
    for begins in (30, 180):
        world.at(begins, world.channel.takes, manner)
        world.at(begins + 30, world.channel.takes, Manner.ACCEPTS)


def the_channel_answers_500(world: World) -> None:
    the_channel_is(world, Manner.ANSWERS_500)


def the_channel_hangs_and_loses(world: World) -> None:
    the_channel_is(world, Manner.HANGS)


def the_channel_hangs_and_delivers(world: World) -> None:
    the_channel_is(world, Manner.HANGS_AND_DELIVERS)


def all_but_the_first_of_each_are_marked(world: World) -> None:
    kinds = [(arrival.subject.split()[0], arrival.is_marked) for arrival in world.channel.arrivals]
    assert kinds == [("DOWN", False), ("DOWN", True), ("UP", False), ("UP", True)]


# ---------------------------------------------------------------- silence


def a_silence_ends_before_the_outage(stage: Stage) -> None:
    stage.at(20, stage.silence, 160)
    stage.at(60, stage.pbx.dies, TELEKOM)


def it_is_told_at_its_end(world: World) -> None:
    (arrival,) = world.channel.arrivals
    assert 180 <= arrival.at <= 180 + 0.5 + MOMENT


def an_outage_ends_within_the_silence(stage: Stage) -> None:
    stage.at(20, stage.silence, 160)
    stage.at(60, stage.pbx.dies, TELEKOM)
    stage.at(120, stage.pbx.returns, TELEKOM)


def one_recipient_is_put_off_for_a_while(world: World) -> None:
    """The mail server says "later" of Bob's address; a provider dies meanwhile, and returns after that is over."""
    world.mails.puts_off("bob")
    world.at(10, world.pbx.dies, TELEKOM)
    world.at(90, world.mails.takes_again, "bob")
    world.at(200, world.pbx.returns, TELEKOM)


def one_recipient_is_put_off_until_all_is_over(world: World) -> None:
    """… and that provider is back before."""
    world.mails.puts_off("bob")
    world.at(10, world.pbx.dies, TELEKOM)
    world.at(100, world.pbx.returns, TELEKOM)
    world.at(200, world.mails.takes_again, "bob")


def anna_is_told_at_once(world: World) -> None:
    """Nobody else's address makes her wait."""
    anna, bob = (world.mails.readers[name] for name in ("anna", "bob"))
    assert [subject.partition(" ")[0] for subject in anna.subjects] == ["DOWN", "UP"]
    assert anna.arrivals[0].at < 50
    assert bob.arrivals[0].at > 90


def bob_hears_the_whole(world: World) -> None:
    """Never a lone end."""
    anna_is_told_at_once(world)
    assert [
        subject.partition(" phone")[0].partition(" prov")[0] for subject in world.mails.readers["bob"].subjects
    ] == ["WAS DOWN"]


#: A day, or a month, in which hardly anything happens.
HOUR_BY_HOUR = Pace(
    PollTimes(life_sign_every=HOUR), EventTimes(silent_after=2 * HOUR), idle_round_every=HOUR, idle_look_every=HOUR
)

MAIL = "mailto://127.0.0.1?from=healthmon@example.org&to=anna@example.org,bob@example.org"

ROWS: Sequence[Row] = (
    Row(
        "40 phones of one site die at once, later all return",
        a_site_dies,
        exactly(2),
        also=the_site_is_told_in_time,
        told=("DOWN site ", "UP site "),
        first_within=18.0,
    ),
    Row(
        "40 phones that may be away for 3 min die at once, later return: the site is told after two checks",
        a_site_dies_for_six_minutes,
        exactly(2),
        lasts=9 * MINUTE,
        phone_hold=180.0,
        peers=office_checked_once_a_minute,
        also=the_site_is_told_before_its_phones_would_be,
        only_simulated="length",
    ),
    Row(
        "40 phones of one site are back before any of them was believed down",
        a_site_is_back_before_its_phones_are_believed_down,
        # Whoever was dead for long finds them back.
        (0, 2),
        hold=90.0,
        also=no_phone_was_believed_down,
        told=("DOWN site ", "UP site "),
        first_within=40.0,
    ),
    Row(
        "40 phones of one site seem to be down, for events are lost: a snapshot disagrees, no message",
        a_site_seems_to_die,
        exactly(0),
        phone_hold=180.0,
        poll_every=10 * MINUTE,
        only_simulated="loss",
    ),
    Row(
        "11 of 40 phones of one site die, and 3 of 10 of another; they are back before any of them was believed down",
        eleven_here_and_three_there,
        (0, 2),
        phone_hold=180.0,
        also=only_there_it_is_the_site,
        only_simulated="length",
    ),
    Row(
        "12 of 40 phones of one site die one after the other within an hour, each may be away for 2 h: no message",
        one_phone_after_the_other,
        exactly(0),
        lasts=HOUR + 4 * MINUTE,
        phone_hold=2 * HOUR,
        only_simulated="length",
    ),
    Row(
        "the line is cut: 3 providers and 2 sites at once, later all return",
        the_line_is_cut,
        exactly(2),
        told=("DOWN office: nothing outside reachable", "UP office: the outside is reachable again"),
    ),
    Row(
        "4 of 10 softphones of one site log out, later log in",
        four_of_ten_log_out,
        # Whoever was dead while they logged out finds them gone, and cannot tell why.
        at_most(2),
        also=nobody_is_told,
        phones_are="kind = softphone",
        only_simulated="elsewhere",
    ),
    Row(
        "the outbound proxy of two trunks dies, four public phones are up",
        the_proxy_dies,
        exactly(2),
        peers=home_offices,
        also=the_proxy_is_named,
        only_simulated="elsewhere",
    ),
    Row(
        "180 phones at 60 addresses behind a PBX without a provider all die, later return",
        all_branches_die,
        (2, 4),
        lasts=8 * MINUTE,
        peers=branches,
        pace=Pace(round_after=1.0),
        also=all_sites_are_counted,
        only_simulated="size",
    ),
    Row(
        "a provider dies, later returns",
        a_provider_dies,
        exactly(2),
        also=the_provider_is_told_in_time,
        told=("DOWN provider trunk-telekom ", "UP provider trunk-telekom "),
        first_within=18.0,
    ),
    Row(
        "a trunk dies with a call up, later returns",
        a_provider_dies_with_a_call_up,
        exactly(2),
        only_simulated="elsewhere",
    ),
    Row(
        "1,000 phones on 30 sites, half of them down by a storm in random order",
        a_storm,
        # After kills what waited meanwhile is told together.
        (HIT - 2, HIT + 1),
        lasts=4.5 * MINUTE,
        peers=towns,
        pace=Pace(round_after=1.0),
        also=each_site_is_told_once,
        only_simulated="size",
    ),
    Row("the PBX restarts, all return within the grace", the_pbx_restarts, exactly(0)),
    Row(
        "a phone is down while the PBX restarts: its grace is no time in which nobody saw it",
        a_phone_is_down_over_a_restart,
        exactly(2),
        also=only_the_restart_itself_is_not_seen,
        told=("DOWN phone 101", "UP phone 101"),
        only_simulated="length",
    ),
    Row(
        "the PBX restarts, 2 of 50 do not return",
        two_do_not_come_back,
        exactly(1),
        also=the_two_are_named,
        told=("DOWN 2 phones (office): 118, 131",),
        only_simulated="elsewhere",
    ),
    Row(
        "qualify is switched on for all phones and trunks: no message",
        qualify_is_switched_on,
        exactly(0),
        peers=office_not_checked,
        only_simulated="elsewhere",
    ),
    Row(
        "qualify is switched on for few phones and trunks: no message",
        qualify_is_switched_on_for_some,
        exactly(0),
        peers=office_not_checked,
        only_simulated="elsewhere",
    ),
    Row(
        "qualify is switched on for all phones and trunks, one of which is dead",
        qualify_is_switched_on_and_one_is_dead,
        exactly(1),
        peers=office_not_checked,
        also=the_dead_one_is_told,
        only_simulated="elsewhere",
    ),
    Row(
        "qualify is switched off without a reload, the provider dies and returns, qualify is switched on: no message",
        qualify_is_switched_off_without_a_reload,
        exactly(0),
        also=it_was_unknown_and_not_up_meanwhile,
        only_simulated="elsewhere",
    ),
    Row(
        "first look at a just booted Asterisk with an empty database: no message",
        it_is_first_seen_when_it_has_just_booted,
        exactly(0),
        peers=many_providers,
        is_first_look=True,
        only_simulated="elsewhere",
    ),
    Row(
        "the PBX restarts twice, and restarts are told",
        the_pbx_restarts_twice,
        exactly(2),
        of_pbx="tell_restarts = yes",
        also=both_restarts_are_told,
        only_simulated="elsewhere",
    ),
    Row(
        "the PBX is killed for 60 s",
        the_pbx_is_killed,
        exactly(2),
        also=the_kill_is_told_in_time,
        told=("DOWN PBX office ", "UP PBX office "),
    ),
    Row(
        "the PBX is frozen for 60 s",
        the_pbx_freezes,
        exactly(2),
        also=the_freeze_is_told_in_time,
        told=("DOWN PBX office ", "UP PBX office "),
        first_within=25.0,
    ),
    Row(
        "the ARI password is changed for 90 s: cannot see it, which is not down",
        the_password_is_changed,
        exactly(2),
        lasts=8 * MINUTE,
        also=it_was_never_called_down,
        told=("CANNOT SEE PBX office: ARI password refused", "SEEN AGAIN PBX office after "),
    ),
    Row(
        "the ARI password is changed for 170 s, and nobody takes note: cannot see it is told to the chief too",
        the_password_is_changed_for_long,
        exactly(2),
        lasts=10 * MINUTE,
        of_pbx=ESCALATES,
        more=CHIEF,
        also=the_chief_is_told_that_nobody_took_note,
        only_simulated="length",
    ),
    Row(
        "the ARI password is changed for 170 s, and somebody takes note: the chief hears nothing",
        the_password_is_changed_for_long_and_somebody_takes_note,
        # Whoever takes note while no daemon runs is not heard here.
        at_most(2),
        lasts=10 * MINUTE,
        of_pbx=ESCALATES,
        more=CHIEF,
        also=the_chief_hears_nothing,
        only_simulated="length",
    ),
    Row(
        "a provider is down, and then cannot be seen for 10 min: nobody is reminded of it until it can be",
        a_provider_is_down_and_cannot_be_seen,
        at_most(9),
        lasts=17 * MINUTE,
        providers_are="remind_every = 2m",
        also=it_is_reminded_of_once_it_is_seen,
        only_simulated="length",
    ),
    Row(
        "a provider is down, and then its PBX is, for 10 min: nobody is reminded of the provider meanwhile",
        a_provider_is_down_and_its_pbx_is_killed,
        at_most(9),
        lasts=17 * MINUTE,
        providers_are="remind_every = 2m",
        also=it_is_reminded_of_once_it_is_seen,
        only_simulated="length",
    ),
    Row(
        "a site is down, and then cannot be seen for 10 min: nobody is reminded of it until it can be",
        a_site_is_down_and_cannot_be_seen,
        at_most(9),
        lasts=17 * MINUTE,
        phones_are="remind_every = 2m",
        also=it_is_reminded_of_once_it_is_seen,
        only_simulated="length",
    ),
    Row(
        "a provider is down and cannot be seen, and nobody takes note: the chief hears of it when it can be",
        a_provider_is_down_and_cannot_be_seen,
        at_most(4),
        lasts=17 * MINUTE,
        providers_are="receivers = oncall\nescalate_to = chief after 3m",
        more=CHIEF,
        also=the_chief_is_told_once_it_is_seen,
        only_simulated="length",
    ),
    Row(
        "a silence ends while a provider cannot be seen that was down: it is told when it can be, if it lasts",
        it_is_down_still_when_it_is_seen,
        (3, 4),
        lasts=12 * MINUTE,
        told=("CANNOT SEE PBX office", "DOWN provider trunk-telekom (office) + 1 more", "UP provider trunk-t"),
        only_simulated="length",
    ),
    Row(
        "a silence ends while a provider cannot be seen that was down, and is back when it can be",
        it_is_back_before_it_is_seen,
        (2, 3),
        lasts=12 * MINUTE,
        told=("CANNOT SEE PBX office", "WAS DOWN provider trunk-telekom (office) + 1 more"),
        only_simulated="length",
    ),
    Row(
        "a quiet time ends while a provider cannot be seen that was down: it is told when it can be, if it lasts",
        it_is_down_still_after_the_quiet_time,
        (3, 4),
        lasts=13 * MINUTE,
        more=QUIET_FOR_FIVE_MINUTES,
        told=("CANNOT SEE PBX office", "DOWN provider trunk-telekom (office) + 1 more", "UP provider trunk-t"),
        only_simulated="length",
    ),
    Row(
        "a quiet time ends while a provider cannot be seen that was down, and is back when it can be",
        it_is_back_after_the_quiet_time,
        (2, 3),
        lasts=13 * MINUTE,
        more=QUIET_FOR_FIVE_MINUTES,
        told=("CANNOT SEE PBX office", "WAS DOWN provider trunk-telekom (office) + 1 more"),
        only_simulated="length",
    ),
    Row(
        "ARI refuses the password, and the manager interface goes on: a registration that is lost is told as it falls",
        a_registration_is_lost_while_ari_refuses_us,
        exactly(4),
        lasts=8 * MINUTE,
        of_pbx=MANAGER,
        also=it_is_told_as_it_falls,
        told=(
            *("CANNOT SEE PBX office", "DOWN registration of trunk-telekom"),
            *("UP registration of trunk-telekom", "SEEN AGAIN PBX office"),
        ),
        only_simulated="manager",
    ),
    Row(
        "Asterisk is restarted while ARI refuses the password: a registration that is lost since then stays so",
        asterisk_is_restarted_while_ari_refuses_us,
        exactly(4),
        lasts=15 * MINUTE,
        of_pbx=MANAGER,
        also=nobody_doubts_that_it_is_lost,
        told=(
            *("CANNOT SEE PBX office", "DOWN registration of trunk-telekom"),
            *("SEEN AGAIN PBX office", "UP registration of trunk-telekom"),
        ),
        only_simulated="manager",
    ),
    Row(
        "the PBX is killed for 60 s, whose manager interface and whose providers are asked as well: one message",
        the_pbx_is_killed,
        exactly(2),
        of_pbx=MANAGER,
        providers_are=PROBED_BESIDE,
        told=("DOWN PBX office ", "UP PBX office "),
        only_simulated="manager",
    ),
    Row(
        "ARI refuses the password: what our own OPTIONS find meanwhile is told as it falls",
        a_provider_answers_503_while_ari_refuses_us,
        # Also a daemon that is started meanwhile asks, by the last known ways.
        exactly(4),
        lasts=8 * MINUTE,
        providers_are=PROBED,
        peers=a_provider_that_asterisk_does_not_check,
        told=(
            *("CANNOT SEE PBX office", "DEGRADED OPTIONS of trunk-sipgate"),
            *("UP OPTIONS of trunk-sipgate", "SEEN AGAIN PBX office"),
        ),
        only_simulated="manager",
    ),
    Row(
        "the PBX is killed for 60 s and has another password when it is back, mended 90 s later",
        the_pbx_is_killed_and_its_password_changed,
        exactly(3),
        lasts=10 * MINUTE,
        also=each_change_is_told,
        only_simulated="length",
    ),
    Row(
        "a provider is down, then the PBX is killed for 40 s and comes back, the provider stays down",
        the_pbx_is_killed_while_a_provider_is_down,
        exactly(3),
        also=the_provider_is_told_once,
        told=("DOWN provider trunk-telekom ", "DOWN PBX office ", "UP PBX office "),
    ),
    Row(
        "a carrier without an AOR has calls, a deleted provider is still listed, and the PBX restarts",
        the_carrier_has_a_call,
        exactly(0),
        peers=office_with_a_carrier_and_a_ghost,
        only_simulated="elsewhere",
    ),
    Row(
        "the channel driver is unloaded for 170 s",
        the_channel_driver_is_unloaded,
        exactly(2),
        also=the_driver_is_told,
        only_simulated="elsewhere",
    ),
    Row(
        "the HTTP sessions of the PBX are used up for 60 s, a phone dies meanwhile",
        the_http_sessions_are_used_up,
        exactly(3),
        also=they_are_told_as_that,
        only_simulated="elsewhere",
    ),
    Row(
        "one name is not UTF-8 until the next restart, a provider dies and returns meanwhile",
        one_name_is_not_utf_8,
        exactly(4),
        poll_every=15.0,
        only_simulated="elsewhere",
    ),
    Row(
        "a provider is down for 6 min, 3 of which nobody sees: message, incident and report say the same",
        a_provider_is_down_for_longer_than_it_was_seen,
        exactly(4),
        lasts=8 * MINUTE,
        also=message_incident_and_report_say_the_same_length,
        only_simulated="length",
    ),
    Row(
        "one phone 8 s down, 8 s up for 4 min",
        a_phone_flaps_every_8_s,
        # The first outage and its end, that it flaps, and that it is stable.
        at_most(4),
        lasts=20 * MINUTE,
        hold=4.0,
        peers=office_checked_every_2_s,
        sooner="flap_stop = 4\nflap_window = 90s",
    ),
    Row(
        "one phone 25 s down, 25 s up, six times",
        a_phone_flaps_every_25_s,
        at_most(4),
        lasts=20 * MINUTE,
        sooner="flap_stop = 4\nflap_window = 3m",
    ),
    Row(
        "the line of a site comes and goes, 100 s each: 40 phones flap, and are stable, in one message each",
        the_line_of_a_site_comes_and_goes,
        at_most(6),
        lasts=22 * MINUTE,
        hold=65.0,
        phone_hold=180.0,
        peers=office_checked_once_a_minute,
        also=forty_phones_flap_in_one_message,
        only_simulated="length",
    ),
    Row(
        "the line to the world comes and goes, 100 s each: no phone behind it is told singly to be down",
        the_line_comes_and_goes,
        at_most(10),
        lasts=15 * MINUTE,
        peers=small_office,
        also=no_phone_is_told_to_be_down,
        only_simulated="length",
    ),
    Row(
        "a provider dies three times within ten minutes, for 30 s each",
        a_provider_dies_three_times,
        # Each and its end; the third end is its sixth change: it flaps, and later it is stable.
        exactly(7),
        lasts=20 * MINUTE,
        also=each_outage_is_told_after_its_own_hold,
        only_simulated="elsewhere",
    ),
    Row(
        "the PBX restarts five times within ten minutes, then is killed for 60 s, later frozen for 60 s",
        the_pbx_restarts_five_times_then_is_killed_and_frozen,
        exactly(7),
        lasts=25 * MINUTE,
        also=both_outages_of_the_pbx_are_told_and_their_ends,
        only_simulated="elsewhere",
    ),
    Row(
        "a reminder falls due while a provider comes back",
        a_reminder_falls_due_while_a_provider_comes_back,
        (2, 3),
        providers_are="remind_every = 2m",
        also=it_is_not_told_to_be_down_still,
        only_simulated="elsewhere",
    ),
    Row(
        "the channel is dead for 5 min, a provider goes down in it",
        a_provider_goes_down_while_the_channel_is_dead,
        exactly(1),
        lasts=7 * MINUTE,
        longest_pause=10 * MINUTE,
        also=it_is_told_soon_after_the_return,
        told=("DOWN provider trunk-telekom ",),
        told_elsewhere=("DOWN provider trunk-telekom ",),
    ),
    Row(
        "a channel that comes back after an hour gets what waits within 5 s",
        the_channel_is_dead_for_an_hour,
        exactly(1),
        lasts=64 * MINUTE,
        longest_pause=10 * MINUTE,
        also=it_is_told_5_s_after_the_hour,
        only_simulated="length",
    ),
    Row(
        "the channel is dead for 5 min, a provider goes down and up in it",
        a_provider_goes_down_and_up_while_the_channel_is_dead,
        exactly(1),
        lasts=7 * MINUTE,
        longest_pause=10 * MINUTE,
        also=it_is_told_as_over,
        told=("WAS DOWN provider trunk-telekom ",),
        told_elsewhere=("DOWN provider trunk-telekom ", "UP provider trunk-telekom "),
    ),
    Row(
        "the channel answers 500 while a provider goes down, and up again",
        the_channel_answers_500,
        exactly(2),
        only_simulated="channel",
    ),
    Row(
        "the channel hangs while a provider goes down, and up again, and loses what it took",
        the_channel_hangs_and_loses,
        exactly(2),
        only_simulated="channel",
    ),
    Row(
        "the channel hangs while a provider goes down, and up again, and delivers all the same",
        the_channel_hangs_and_delivers,
        (2, 4),
        also=all_but_the_first_of_each_are_marked,
        only_simulated="channel",
    ),
    Row(
        "a provider that can be reached rejects our registration, later accepts it",
        a_registration_is_rejected,
        exactly(2),
        of_pbx=MANAGER,
        also=the_registration_is_told_in_time,
        told=("DOWN registration of trunk-telekom", "UP registration of trunk-telekom"),
        only_simulated="manager",
    ),
    Row(
        "a provider dies, is back and rejects our registration, which it accepts later",
        a_provider_dies_and_rejects_us_when_it_is_back,
        exactly(4),
        lasts=8 * MINUTE,
        of_pbx=MANAGER,
        also=what_is_left_is_told_when_the_provider_is_back,
        only_simulated="manager",
    ),
    Row(
        "a provider rejects our registration, dies, and rejects it still when it is back: told before, and then anew",
        a_provider_rejects_us_then_dies_and_rejects_us_when_it_is_back,
        exactly(5),
        lasts=9 * MINUTE,
        of_pbx=MANAGER,
        also=what_was_told_before_is_told_anew_when_the_provider_is_back,
        only_simulated="manager",
    ),
    Row(
        "a provider dies, is back, and its registration is seen to be back a minute later: no more is told",
        a_provider_is_back_and_registers_late,
        exactly(2),
        lasts=8 * MINUTE,
        of_pbx=MANAGER,
        told=("DOWN provider trunk-telekom (office)", "UP provider trunk-telekom (office)"),
        only_simulated="manager",
    ),
    Row(
        "the manager interface is away for an hour: registrations are unknown, and none is told as lost",
        the_manager_is_away_for_an_hour,
        exactly(2),
        lasts=HOUR + 6 * MINUTE,
        of_pbx=MANAGER,
        also=no_registration_is_told_as_lost,
        told=("DEGRADED PBX office", "UP PBX office"),
        only_simulated="manager",
    ),
    Row(
        "a registration is lost while the manager interface is away for an hour: told once it is back",
        a_registration_is_lost_while_the_manager_is_away,
        exactly(4),
        lasts=HOUR + 4 * MINUTE,
        of_pbx=MANAGER,
        also=it_is_told_as_soon_as_it_can_be_known,
        told=(
            *("DEGRADED PBX office", "UP PBX office"),
            *("DOWN registration of trunk-telekom", "UP registration of trunk-telekom"),
        ),
        only_simulated="manager",
    ),
    Row(
        "a provider dies and returns while the manager interface is away, and registers unseen: that is not told",
        it_registers_and_nobody_can_see_it,
        exactly(4),
        lasts=10 * MINUTE,
        of_pbx=MANAGER,
        told=("DOWN provider trunk-t", "DEGRADED PBX office", "UP provider trunk-t", "UP PBX office"),
        only_simulated="manager",
    ),
    Row(
        "a provider is back while the manager interface is away, and still rejects us later: told when it can be seen",
        it_registers_once_it_can_be_seen,
        (5, 6),
        lasts=14 * MINUTE,
        of_pbx=MANAGER,
        also=it_is_lost_again_when_it_can_be_seen,
        only_simulated="manager",
    ),
    Row(
        "the manager interface is lost a moment after a provider is back, which registers unseen: that is not told",
        the_manager_is_lost_a_moment_after_a_provider_is_back,
        exactly(4),
        lasts=10 * MINUTE,
        of_pbx=MANAGER,
        told=("DOWN provider trunk-t", "UP provider trunk-t", "DEGRADED PBX office", "UP PBX office"),
        only_simulated="manager",
    ),
    Row(
        "a silence ends while nobody can see whether a registration is lost still: that it was is not told",
        it_registers_unseen_before_the_silence_ends,
        exactly(2),
        lasts=24 * MINUTE,
        of_pbx=MANAGER,
        told=("DEGRADED PBX office", "WAS DOWN registration of trunk-telekom"),
        only_simulated="manager",
    ),
    Row(
        "a silence ends while nobody can see whether a registration is lost still: told when it can be seen",
        it_lasts_beyond_the_silence,
        (3, 4),
        lasts=24 * MINUTE,
        of_pbx=MANAGER,
        also=it_is_told_when_it_can_be_seen_again,
        only_simulated="manager",
    ),
    Row(
        "nobody is reminded of a registration, and nobody else told, while nobody can see whether it is lost still",
        it_registers_unseen_before_anybody_is_reminded,
        (2, 4),
        lasts=18 * MINUTE,
        of_pbx=MANAGER,
        providers_are=f"{ESCALATES}\nremind_every = 3m",
        more=CHIEF,
        also=only_its_beginning_and_its_end_are_told,
        only_simulated="manager",
    ),
    Row(
        "Asterisk is restarted, and registers anew: no message",
        asterisk_is_restarted_while_it_is_registered,
        exactly(0),
        of_pbx=MANAGER,
        only_simulated="manager",
    ),
    Row(
        "a provider that is checked once a minute dies: checked on demand, it is told after its own hold",
        a_provider_dies_for_four_minutes,
        exactly(2),
        lasts=8 * MINUTE,
        phone_hold=180,
        peers=office_checked_once_a_minute,
        of_pbx=MANAGER,
        also=it_is_believed_after_its_own_hold,
        told=("DOWN provider trunk-t", "UP provider trunk-t"),
        only_simulated="manager",
    ),
    Row(
        "a provider is away for seconds while it is checked, and answers the check on demand: no message",
        a_provider_is_away_for_a_moment,
        exactly(0),
        phone_hold=180,
        peers=office_checked_once_a_minute,
        of_pbx=MANAGER,
        also=it_was_asked_about_until_it_answered,
        only_simulated="manager",
    ),
    Row(
        "a phone and a provider with 5 % packet loss for three days, the provider is checked on demand: no message",
        nothing_happens,
        exactly(0),
        lasts=3 * DAY,
        poll_every=HOUR,
        peers=a_phone_and_a_provider_over_a_bad_line,
        pace=HOUR_BY_HOUR,
        of_pbx=MANAGER,
        also=what_was_lost_was_asked_about,
        only_simulated="length",
    ),
    Row(
        "a provider in maintenance mode at Asterisk dies and returns: that it began, and that it ended, is told",
        a_provider_is_in_maintenance_and_dies,
        exactly(2),
        of_pbx=MANAGER,
        also=it_is_booked_as_maintenance,
        told=("INFO PBX office: trunk-telekom is in", "INFO PBX office: trunk-telekom is out of maintenance mode"),
        only_simulated="manager",
    ),
    Row(
        "a provider dies in maintenance mode at Asterisk: it is told when that is over, and returns",
        a_provider_dies_in_maintenance_and_stays_so,
        exactly(4),
        lasts=8 * MINUTE,
        of_pbx=MANAGER,
        told=("INFO PBX office", "INFO PBX office", "DOWN provider trunk-t", "UP provider trunk-t"),
        only_simulated="manager",
    ),
    Row(
        "a dead provider is put into maintenance mode at Asterisk, and mended: its end is told when that is over",
        a_dead_provider_is_mended_in_maintenance,
        exactly(4),
        lasts=8 * MINUTE,
        of_pbx=MANAGER,
        told=("DOWN provider trunk-t", "INFO PBX office", "INFO PBX office", "UP provider trunk-t"),
        only_simulated="manager",
    ),
    Row(
        "Asterisk is restarted while its providers are in maintenance mode: it is over without a word of Asterisk",
        asterisk_is_restarted_in_maintenance,
        exactly(2),
        of_pbx=MANAGER,
        told=("INFO PBX office: 3 endpoints are in", "INFO PBX office: 3 endpoints are out of"),
        only_simulated="manager",
    ),
    Row(
        "an on-call service: trigger, acknowledge, resolve, and a new ticket when it comes back",
        a_provider_is_a_ticket,
        # Whoever takes note while no daemon runs is not heard here.
        (4, 5),
        lasts=10 * MINUTE,
        url=f"pagerduty://{'a' * 32}",
        also=it_was_opened_acknowledged_and_resolved,
        only_simulated="elsewhere",
    ),
    Row(
        "an on-call service: a site, a phone and the PBX are a ticket each",
        everything_is_tickets,
        exactly(5),
        lasts=8 * MINUTE,
        url=f"pagerduty://{'a' * 32}",
        only_simulated="channel",
    ),
    Row(
        "one refused recipient of two: he is tried again alone, and hears of it later",
        one_recipient_is_put_off_for_a_while,
        exactly(2),
        url=MAIL,
        also=anna_is_told_at_once,
        only_simulated="channel",
    ),
    Row(
        "one refused recipient of two, until all is over: he hears the whole in one message",
        one_recipient_is_put_off_until_all_is_over,
        (1, 2),
        url=MAIL,
        also=bob_hears_the_whole,
        only_simulated="channel",
    ),
    Row(
        "a silence over an outage that outlives it",
        a_silence_ends_before_the_outage,
        exactly(1),
        also=it_is_told_at_its_end,
        told=("DOWN provider trunk-telekom ",),
    ),
    Row("a silence over an outage that does not outlive it", an_outage_ends_within_the_silence, exactly(0)),
    Row(
        "our own OPTIONS: a provider answers 503, which Asterisk calls reachable",
        a_provider_answers_503,
        exactly(2),
        providers_are=PROBED,
        peers=a_provider_that_asterisk_does_not_check,
        also=the_503_is_told_in_time,
        told=("DEGRADED OPTIONS of trunk-sipgate (office)", "UP OPTIONS of trunk-sipgate (office)"),
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: a provider dies that Asterisk does not check",
        a_provider_dies,
        exactly(2),
        providers_are=PROBED,
        peers=a_provider_that_asterisk_does_not_check,
        also=the_unchecked_is_told_in_time,
        told=("DOWN OPTIONS of provider trunk-telekom (office)", "UP OPTIONS of trunk-telekom (office)"),
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: a provider dies that Asterisk does not check, and later its registration: told once",
        an_unchecked_provider_dies_and_its_registration_later,
        exactly(2),
        lasts=10 * MINUTE,
        providers_are=PROBED,
        of_pbx=MANAGER,
        peers=a_provider_that_asterisk_does_not_check,
        also=its_end_is_that_of_its_outage,
        told=("DOWN OPTIONS of provider trunk-telekom (office)", "UP OPTIONS of trunk-telekom (office)"),
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: the registration falls first of a provider that dies and that Asterisk does not check",
        an_unchecked_provider_dies_as_it_is_to_register,
        exactly(2),
        lasts=10 * MINUTE,
        providers_are=PROBED,
        of_pbx=MANAGER,
        peers=a_provider_that_asterisk_does_not_check,
        told=("DOWN OPTIONS of provider trunk-telekom (office)", "UP OPTIONS of trunk-telekom (office)"),
        only_simulated="manager",
    ),
    Row(
        "our own OPTIONS: a provider that Asterisk does not check is back, and rejects our registration: told then",
        an_unchecked_provider_is_back_and_rejects_us,
        exactly(4),
        lasts=12 * MINUTE,
        providers_are=PROBED,
        of_pbx=MANAGER,
        peers=a_provider_that_asterisk_does_not_check,
        told=(
            *("DOWN OPTIONS of provider trunk-telekom (office)", "UP OPTIONS of trunk-telekom (office)"),
            *("DOWN registration of trunk-telekom (office)", "UP registration of trunk-telekom (office)"),
        ),
        only_simulated="manager",
    ),
    Row(
        "ARI refuses the password, a provider dies with its registration, and Asterisk is seen again: told once",
        a_provider_dies_unseen_with_its_registration,
        exactly(4),
        lasts=14 * MINUTE,
        providers_are=PROBED,
        of_pbx=MANAGER,
        peers=a_provider_that_is_checked_every_5_s,
        also=it_has_lasted_since_it_died,
        told=(
            *("CANNOT SEE PBX office", "DOWN OPTIONS of provider trunk-telekom (office)"),
            *("SEEN AGAIN PBX office", "UP provider trunk-telekom (office)"),
        ),
        only_simulated="manager",
    ),
    Row(
        "our own OPTIONS: a provider is back and answers 503: degraded since then, and not since it died",
        a_provider_is_back_and_answers_503,
        exactly(3),
        lasts=8 * MINUTE,
        providers_are=PROBED,
        peers=a_provider_that_asterisk_does_not_check,
        also=it_is_degraded_since_it_is_back,
        told=("DOWN OPTIONS of", "DEGRADED OPTIONS of", "UP OPTIONS of"),
        only_simulated="length",
    ),
    Row(
        "our own OPTIONS: a provider that Asterisk checks is back and answers 503: that is an outage of its own",
        a_checked_provider_is_back_and_answers_503,
        # That it is back, and that it is degraded, may be one message.
        (3, 4),
        lasts=10 * MINUTE,
        providers_are=PROBED,
        peers=a_provider_that_asterisk_does_not_check,
        also=the_outage_before_is_another_one,
        told=("DOWN provider trunk-sipgate", "UP provider trunk-sipgate", "DEGRADED OPTIONS of", "UP OPTIONS of"),
        only_simulated="length",
    ),
    Row(
        "our own OPTIONS: a provider that never answers them raises nothing",
        nothing_happens,
        exactly(0),
        providers_are=PROBED,
        peers=that_ignores_strangers,
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: a provider dies that Asterisk checks as well, and that is told once",
        a_checked_provider_dies,
        exactly(2),
        lasts=8 * MINUTE,
        providers_are=PROBED,
        peers=a_provider_that_asterisk_does_not_check,
        told=("DOWN provider trunk-sipgate (office) since", "UP provider trunk-sipgate (office) after"),
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: a provider is back a moment after it was asked last, and nothing more is told",
        a_checked_provider_is_back_a_moment_after_it_was_asked,
        exactly(2),
        lasts=8 * MINUTE,
        providers_are="probe = auto\nprobe_every = 60s",
        peers=a_provider_that_asterisk_does_not_check,
        told=("DOWN provider trunk-sipgate (office) since", "UP provider trunk-sipgate (office) after"),
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: a provider is back from its second outage, which is told once",
        a_provider_dies_twice,
        exactly(4),
        lasts=12 * MINUTE,
        providers_are=PROBED_BESIDE,
        peers=a_provider_that_is_checked_every_5_s,
        told=("DOWN provider trunk-telekom", "UP provider trunk-telekom") * 2,
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: a provider answers 503, dies, and is well when it is back: counted from its first 503",
        a_provider_answers_503_and_dies,
        # A daemon that is started in the moment of the return asks at once, and tells both ends in one message.
        (3, 4),
        lasts=10 * MINUTE,
        providers_are=PROBED,
        peers=a_provider_that_is_checked_every_5_s,
        also=all_times_are_counted_from_the_first_message,
        told=("DEGRADED OPTIONS of trunk-telekom", "DOWN provider", "UP provider", "UP OPTIONS of trunk-telekom"),
        only_simulated="elsewhere",
    ),
    Row(
        "our own OPTIONS: the PBX is killed, and nothing is said of its providers",
        the_pbx_is_killed,
        exactly(2),
        providers_are=PROBED,
        peers=a_provider_that_asterisk_checks,
        told=("DOWN PBX office", "UP PBX office"),
        only_simulated="elsewhere",
    ),
)

#: In this one a hundred kills are in one run: a month is long, and a kill in it too is to make no alarm.
PACKET_LOSS = Row(
    "a phone and a provider with 5 % packet loss for 30 days",
    nothing_happens,
    exactly(0),
    lasts=30 * DAY,
    poll_every=HOUR,
    peers=a_phone_and_a_provider_over_a_bad_line,
    pace=HOUR_BY_HOUR,
    only_simulated="length",
)
