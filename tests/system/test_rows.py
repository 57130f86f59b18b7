"""What is promised about alerts, on a real Asterisk: one cause, one message; the numbers count for each URL.

Each row runs on both versions: on one of them undisturbed, on the other while healthmon is killed twice. The long
tests (``make soak``) run every row both ways on both, with many seeds.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator

import pytest
from msgspec import Struct

from healthmon.model import Health
from tests.lab.fixtures import Lab, need
from tests.system.kills import Plan
from tests.system.world import GRACE, PATIENCE, Setting, World

pytestmark = pytest.mark.lab

Begin = Callable[..., World]
RecordProperty = Callable[[str, object], None]

#: As usual, but that flapping does not end ten minutes after the last change.
SOON_STABLE = "flap_stop = 4\nflap_window = "
#: An attempt at a dead channel every five seconds, and none that waits longer for an answer.
OFTEN = "longest_pause = 5s"
#: One URL at which nobody listens, one that never answers, and one that always refuses.
DEAD = ("refuse", "hang", "500")
#: From what is due to its arrival, on a machine that has a lot to do (seconds).
MOMENT = 2.0
#: How long a PBX must stay down where its section says nothing (seconds).
PBX_HOLD = 15.0
#: After a return: the longest pause between two attempts, which varies by a quarter, and a moment (seconds). Where
#: nobody knows whether the last attempt arrived the pauses are a minute, then two, then four.
SOON = {"refuse": 10.0, "500": 10.0, "hang": 310.0}


class How(Struct, frozen=True):
    """How a row is run: on which Asterisk; and with which kills, by the seed of the dice (None: none)."""

    version: int
    seed: int | None = None

    @property
    def id(self) -> str:
        """Its name in a report."""
        return f"asterisk{self.version}" + ("" if self.seed is None else f"-killed-{self.seed}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each row run both ways; which version is the one with the kills alternates from row to row."""
    name = metafunc.function.__name__
    rows = [known for known in vars(metafunc.module) if known.startswith("test_")]
    whole, killed = (22, 16) if rows.index(name) % 2 else (16, 22)
    ci = [How(whole), How(killed, zlib.crc32(name.encode()) % 1000)]
    first = int(os.environ.get("HEALTHMON_SEED", "0"))
    seeds = range(first, first + int(os.environ.get("HEALTHMON_SEEDS", "5")))
    soak = [How(version, seed) for version in (22, 16) for seed in (None, *seeds)]
    metafunc.parametrize(
        "how",
        [
            *(pytest.param(how, id=how.id) for how in ci),
            *(pytest.param(how, id=f"soak-{how.id}", marks=pytest.mark.soak) for how in soak),
        ],
    )


@pytest.fixture
def asterisk_version(how: How) -> int:
    """The version that this run of the row is for."""
    need(f"asterisk-{how.version}")
    return how.version


@pytest.fixture
def begin(how: How, lab: Lab, request: pytest.FixtureRequest, record_property: RecordProperty) -> Iterator[Begin]:
    """Make a row's world: ``world = begin(hold=4)``; its figures go into the report, for docs/soak.md."""
    row = request.node.get_closest_marker("rows")
    worlds: list[World] = []

    def made(**setting: object) -> World:
        plan = Plan() if how.seed is None else Plan.drawn(how.seed, **row.kwargs)
        worlds.append(World(lab, plan, Setting(**setting)))  # type: ignore[arg-type]
        worlds[-1].begin()
        return worlds[-1]

    yield made
    for world in worlds:
        for name, figure in world.figures().items():
            record_property(name, figure)


@pytest.mark.rows(lasts=90, messages=2)
def test_forty_phones_of_one_site_die_at_once_and_return(begin: Begin) -> None:
    world = begin()

    died_at = time.time()
    world.warehouse.vanish()
    told_at = world.told.wait("DOWN site ")
    world.warehouse.come_back()
    world.told.wait("UP site ")
    world.settle()

    world.told.check("DOWN site ", "UP site ")
    site = f"site {world.warehouse.address} (office)"
    world.told.check_text("UP site ", f"UP {site}: all back after ")
    if not world.is_disturbed:
        world.told.check_text("DOWN site ", f"DOWN {site}: 40 of 40 phones unreachable since ")
        # Asterisk notices within one cycle of checks that the first of them is gone, and the last; then the hold.
        assert told_at - died_at <= 2 * (world.setting.qualify + 1) + world.setting.hold + 1


@pytest.mark.rows(lasts=75, messages=2)
def test_the_line_is_cut_with_two_sites_and_three_providers_behind_it(begin: Begin) -> None:
    world = begin()

    world.cut_line()
    world.told.wait("DOWN office: nothing outside reachable")
    world.mend_line()
    world.told.wait("UP office: the outside is reachable again")
    world.settle()

    world.told.check("DOWN office: nothing outside reachable", "UP office: the outside is reachable again")
    # After a kill what waits is sent at once, with what is known by then.
    if not world.is_disturbed:
        world.told.check_text("DOWN ", "(3 providers, 2 sites)")


@pytest.mark.rows(lasts=45, messages=2)
def test_a_provider_dies_and_returns(begin: Begin) -> None:
    world = begin()
    provider = world.providers["trunk-a"]

    died_at = time.time()
    provider.vanish()
    told_at = world.told.wait("DOWN provider trunk-a ")
    provider.come_back()
    world.told.wait("UP provider trunk-a ")
    world.settle()

    world.told.check("DOWN provider trunk-a ", "UP provider trunk-a ")
    # Asterisk notices within one cycle of checks, 3 s; then its hold time and a moment.
    assert world.is_disturbed or told_at - died_at <= 3 + world.setting.hold + MOMENT


# ---------------------------------------------------------------- the PBX


@pytest.mark.rows(lasts=90, messages=2)
def test_the_ari_password_is_changed_and_back_which_is_not_down(begin: Begin) -> None:
    world = begin()

    world.set_ari_password("another-one")
    world.told.wait("CANNOT SEE PBX office: password refused")
    world.set_ari_password("")
    world.told.wait("SEEN AGAIN PBX office after ")
    world.settle()

    world.told.check("CANNOT SEE PBX office: password refused", "SEEN AGAIN PBX office after ")


@pytest.mark.rows(lasts=20, messages=0)
def test_the_pbx_restarts_and_all_return(begin: Begin) -> None:
    world = begin()

    world.pbx.restart()
    world.wait_restart_seen()
    world.settle(timeout=GRACE + PATIENCE)

    world.told.check()


@pytest.mark.rows(lasts=50, messages=1)
def test_the_pbx_restarts_and_two_of_fifty_do_not_return(begin: Begin) -> None:
    world = begin()

    world.pbx.stop()
    for name in ("118", "131"):
        world.warehouse[name].vanish()
    world.pbx.start()
    world.told.wait("DOWN 2 phones (office): 118, 131", GRACE + PATIENCE)
    world.settle("118", "131")

    world.told.check("DOWN 2 phones (office): 118, 131")


@pytest.mark.rows(lasts=75, messages=2)
def test_the_pbx_is_killed_and_back_after_a_minute(begin: Begin) -> None:
    world = begin()

    world.pbx.kill()
    world.pass_time_until(60)
    world.pbx.start()
    world.told.wait("UP PBX office ")
    world.settle(timeout=GRACE + PATIENCE)

    world.told.check("DOWN PBX office ", "UP PBX office ")


@pytest.mark.rows(lasts=75, messages=2)
def test_the_pbx_is_frozen_for_a_minute(begin: Begin) -> None:
    world = begin()

    frozen_at = time.time()
    world.pbx.freeze()
    told_at = world.told.wait("DOWN PBX office ")
    world.pass_time_until(60)
    world.pbx.thaw()
    world.told.wait("UP PBX office ")
    world.settle(timeout=GRACE + PATIENCE)

    world.told.check("DOWN PBX office ", "UP PBX office ")
    # That nothing comes is noticed after 5 s; it counts from then on, and at its end one more time-out is waited for.
    assert world.is_disturbed or told_at - frozen_at <= 5 + PBX_HOLD + 5 + MOMENT


@pytest.mark.rows(lasts=200, messages=3)
def test_a_provider_stays_down_while_the_pbx_is_killed_and_back_after_40_s(begin: Begin) -> None:
    world = begin()
    world.providers["trunk-a"].vanish()
    world.told.wait("DOWN provider trunk-a ")

    killed_at = world.now
    world.pbx.kill()
    world.pass_time_until(killed_at + 40)
    world.pbx.start()
    world.told.wait("UP PBX office ")
    world.settle("trunk-a", timeout=GRACE + PATIENCE)

    world.told.check("DOWN provider trunk-a ", "DOWN PBX office ", "UP PBX office ")


@pytest.mark.rows(lasts=50, messages=0)
def test_qualify_is_switched_off_and_on_again_for_all(begin: Begin) -> None:
    world = begin()

    world.have_all_checked_every(0)
    world.wait_unchecked()
    world.have_all_checked_every(25)
    world.pass_time_until(world.now + 20)
    world.settle()

    world.told.check()


# ---------------------------------------------------------------- what changes again and again


@pytest.mark.rows(lasts=300, messages=2)
def test_a_phone_is_down_for_8_s_and_up_for_8_s_for_four_minutes(begin: Begin) -> None:
    world = begin(hold=4, qualify=2, watch=f"{SOON_STABLE}90s")

    world.flap(world.shop["201"], seconds=8, times=15)
    world.settle(timeout=600)

    # The first outage and its end, that it flaps, and that it is stable.
    world.told.check_at_most(4)


@pytest.mark.rows(lasts=330, messages=2)
def test_a_phone_is_down_for_25_s_and_up_for_25_s_six_times(begin: Begin) -> None:
    world = begin(watch=f"{SOON_STABLE}3m")

    world.flap(world.shop["201"], seconds=25, times=6)
    world.settle(timeout=600)

    world.told.check_at_most(4)


# ---------------------------------------------------------------- channels


@pytest.mark.rows(lasts=300, messages=1)
def test_channels_are_dead_for_five_minutes_and_a_provider_goes_down_meanwhile(begin: Begin) -> None:
    world = begin(dead=DEAD, receiver=OFTEN)

    world.pass_time_until(30)
    world.providers["trunk-a"].vanish()
    world.told.wait("DOWN provider trunk-a ")
    world.pass_time_until(300)
    returned_at = time.time()
    world.return_to_life()
    world.told_late.wait("DOWN provider trunk-a ", timeout=330)
    world.settle("trunk-a")

    world.told.check("DOWN provider trunk-a ")
    world.told_late.check("DOWN provider trunk-a ")
    check_told_soon(world, returned_at)


@pytest.mark.rows(lasts=300, messages=2)
def test_channels_are_dead_for_five_minutes_and_a_provider_goes_down_and_up_meanwhile(begin: Begin) -> None:
    world = begin(dead=DEAD, receiver=OFTEN)
    provider = world.providers["trunk-a"]

    world.pass_time_until(30)
    provider.vanish()
    world.told.wait("DOWN provider trunk-a ")
    world.pass_time_until(100)
    provider.come_back()
    world.told.wait("UP provider trunk-a ")
    world.pass_time_until(300)
    returned_at = time.time()
    world.return_to_life()
    world.told_late.wait("WAS DOWN provider trunk-a ", timeout=330)
    world.settle()

    world.told.check("DOWN provider trunk-a ", "UP provider trunk-a ")
    world.told_late.check("WAS DOWN provider trunk-a ")
    check_told_soon(world, returned_at)


def check_told_soon(world: World, returned_at: float) -> None:
    """Check that what was dead was told soon after its return, which nobody disturbed."""
    for mode in () if world.is_disturbed else DEAD:
        (message,) = world.told_late.sinks[f"dead{mode}"].messages
        assert message.at - returned_at <= SOON[mode], mode


# ---------------------------------------------------------------- silences


@pytest.mark.rows(lasts=75, messages=2)
def test_an_outage_that_outlives_its_silence_is_told_at_its_end(begin: Begin) -> None:
    world = begin()
    provider = world.providers["trunk-a"]

    silent_until = world.silence("trunk-a", 45)
    provider.vanish()
    world.wait_believed("trunk-a", Health.DOWN)
    world.told.check()
    told_at = world.told.wait("DOWN provider trunk-a ")
    provider.come_back()
    world.told.wait("UP provider trunk-a ")
    world.settle()

    world.told.check("DOWN provider trunk-a ", "UP provider trunk-a ")
    assert silent_until <= told_at
    assert world.is_disturbed or told_at <= silent_until + MOMENT


@pytest.mark.rows(lasts=90, messages=0)
def test_an_outage_within_a_silence_is_told_to_nobody(begin: Begin) -> None:
    world = begin()
    provider = world.providers["trunk-a"]

    silent_until = world.silence("trunk-a", 75)
    provider.vanish()
    world.wait_believed("trunk-a", Health.DOWN)
    provider.come_back()
    world.wait_believed("trunk-a", Health.UP)
    assert time.time() < silent_until
    world.wait(lambda reader: not reader.silences(time.time()), "the silence is over")
    world.settle()

    world.told.check()
