"""Generated histories: whatever dies, flaps, is silenced, refused or killed, in the end everybody knows how things are.

The whole of healthmon is played: in any order outages, flapping, restarts and freezes of Asterisk, silences,
acknowledgements, channels that refuse, hang or lose what they take, and ``kill -9`` in between any two steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from healthmon.model import Matcher
from tests.scenarios.asterisk import Peer
from tests.scenarios.channel import Manner
from tests.scenarios.kills import Kills
from tests.scenarios.playing import check_beliefs, check_last_words, check_story
from tests.scenarios.world import MINUTE, World, configured, folder, phone, provider

CONFIG = """
[healthmon]
timezone = UTC

[pbx office]
url = http://127.0.0.1:8088
username = healthmon
password = secret
down_after = 10s
up_after = 5s
restart_grace = 30s

[watch providers]
endpoints = PJSIP/trunk-*
down_after = 10s
up_after = 5s
flap_window = 2m

[watch phones]
endpoints = PJSIP/*
down_after = 10s
up_after = 5s
flap_window = 2m

[receiver oncall]
longest_pause = 20s
urls =
    boss = json://127.0.0.1:9000/boss
    mail = json://127.0.0.1:9000/mail
"""
HOME = [f"PJSIP/{number}" for number in range(101, 106)]
SHOP = [f"PJSIP/{number}" for number in range(106, 109)]
TRUNKS = ["PJSIP/trunk-a", "PJSIP/trunk-b"]
EVERYTHING = [*HOME, *SHOP, *TRUNKS]
#: Silences and failing channels are over after so long at the latest, and what is pending then is settled (seconds).
LONGEST, SETTLED_WITHIN = 5 * MINUTE, 12 * MINUTE

Happening = Callable[[World], None]


def office() -> list[Peer]:
    """Eight phones at two sites, and two trunks."""
    return [
        *(phone(number, "203.0.113.7", qualify=2 + number % 4) for number in range(101, 106)),
        *(phone(number, "198.51.100.20", qualify=2 + number % 4) for number in range(106, 109)),
        provider("a", "192.0.2.1", qualify=5),
        provider("b", "192.0.2.2", qualify=3),
    ]


# ---------------------------------------------------------------- what may happen


def dies(whom: list[str], world: World) -> None:
    world.pbx.dies(*whom)


def returns(whom: list[str], world: World) -> None:
    world.pbx.returns(*whom)


def flaps(whom: str, each: float, times: int, world: World) -> None:
    for number in range(times):
        world.at(world.now + 2 * each * number, world.pbx.dies, whom)
        world.at(world.now + 2 * each * number + each, world.pbx.returns, whom)


def pbx_is_killed(seconds: float, world: World) -> None:
    if world.pbx.is_running:
        world.pbx.is_killed()
        world.at(world.now + seconds, world.pbx.starts)


def pbx_freezes(seconds: float, world: World) -> None:
    if world.pbx.is_running:
        world.pbx.freezes()
        world.at(world.now + seconds, world.pbx.thaws)


def somebody_silences(what: Matcher, seconds: float, world: World) -> None:
    world.silence(seconds, what)


def somebody_takes_note(number: int, world: World) -> None:
    world.acknowledge(number)


def channel_fails(which: str, manner: Manner, seconds: float, world: World) -> None:
    channel = world.channels[f"oncall/{which}"]
    channel.takes(manner)
    world.at(world.now + seconds, channel.takes, Manner.ACCEPTS)


some = st.one_of(
    st.sampled_from([HOME, SHOP, TRUNKS, EVERYTHING, HOME[:2]]),
    st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=3, unique=True),
)
seconds = st.sampled_from([3.0, 12.0, 40.0, LONGEST])
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.builds(partial, st.just(dies), some),
    st.builds(partial, st.just(returns), some),
    st.builds(
        partial,
        st.just(flaps),
        st.sampled_from([HOME[0], TRUNKS[0]]),
        st.sampled_from([4.0, 8.0, 25.0]),
        st.integers(2, 6),
    ),
    st.builds(partial, st.just(pbx_is_killed), st.sampled_from([2.0, 30.0])),
    st.builds(partial, st.just(pbx_freezes), st.sampled_from([4.0, 40.0])),
    st.builds(
        partial,
        st.just(somebody_silences),
        st.sampled_from([Matcher(), Matcher(endpoints=("PJSIP/10?",)), Matcher(sites=("203.0.113.7",))]),
        seconds,
    ),
    st.builds(partial, st.just(somebody_takes_note), st.integers(0, 5)),
    st.builds(partial, st.just(channel_fails), st.sampled_from(["boss", "mail"]), st.sampled_from(Manner), seconds),
)
#: Each with the wait before it.
scripts = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 6.0, 20.0, 45.0, 150.0]), happenings), max_size=10)
kills = st.lists(st.integers(0, 900), max_size=4, unique=True)


def play(script: list[tuple[float, Happening]], kill_at: list[int], seed: int) -> None:
    """Play a history, and let it come to rest twice: as things are then, and with everything back."""
    with folder() as somewhere:
        world = World(somewhere, configured(CONFIG), office(), seed=seed, kills=Kills(kill_at))
        begins = 30.0
        for wait, happening in script:
            begins += wait
            world.at(begins, happening, world)
        at_rest = begins + LONGEST + SETTLED_WITHIN
        world.at(begins + LONGEST, world.kills.spare)
        world.at(at_rest, come_to_rest, world)
        world.at(at_rest, world.pbx.returns, *EVERYTHING)
        world.at(at_rest + SETTLED_WITHIN, come_to_rest, world)
        try:
            world.play(at_rest + SETTLED_WITHIN)
        finally:
            world.close()


def come_to_rest(world: World) -> None:
    """Nothing is silenced, refused or pending any more: what is told must be what is so."""
    check_beliefs(world)
    for url_id, channel in world.channels.items():
        story = f"{url_id}, killed {world.kills.struck} {world.killed_at}: {channel.subjects}"
        check_story(channel, story)
        check_last_words(world, channel, story)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(scripts, kills, st.integers(0, 3))
def test_whatever_happens_everybody_knows_in_the_end(
    script: list[tuple[float, Happening]], kill_at: list[int], seed: int
) -> None:
    play(script, kill_at, seed)
