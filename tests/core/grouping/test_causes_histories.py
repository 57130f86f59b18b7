"""Generated histories of sites, providers and lines: in the end everybody knows how things stand, each thing once."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthmon.errors import Trouble
from healthmon.model import Ending, Incident, Matcher, Reason, Said, Target
from tests.core.grouping.test_causes import BRANCH, HOME, PRIVATE, Town, quick
from tests.core.scene import DOWN, Scene, phone, trunk

PHONES = [phone(number) for number in range(101, 113)]
PLACES = {
    **dict.fromkeys(PHONES[:5], HOME),
    **dict.fromkeys(PHONES[5:9], BRANCH),
    **dict.fromkeys(PHONES[9:], PRIVATE),
    trunk("a"): "192.0.2.1",
    trunk("b"): "192.0.2.2",
}
#: By then what flapped has been calm for long enough, and everything is told (seconds).
CALM = 660.0
SOME = st.one_of(
    st.sampled_from([PHONES[:5], PHONES[5:9], PHONES[9:], [trunk("a"), trunk("b")], list(PLACES), PHONES[:3]]),
    st.lists(st.sampled_from(list(PLACES)), min_size=1, max_size=4, unique=True),
)
MATCHERS = [Matcher(), Matcher(sites=(HOME,)), Matcher(endpoints=("PJSIP/10?",))]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("die"), SOME),
        st.tuples(st.just("back"), SOME),
        st.tuples(st.just("wait"), st.sampled_from([1, 7, 12, 25, 31, 70])),
        st.tuples(st.just("restart"), st.sampled_from([0, 40])),
        st.tuples(
            st.just("silence"), st.sampled_from([Matcher(), Matcher(sites=(HOME,)), Matcher(endpoints=("PJSIP/10?",))])
        ),
        st.tuples(st.just("loud"), st.none()),
        st.tuples(st.just("ack"), st.integers(0, 5)),
        st.tuples(st.just("dead pbx"), st.sampled_from([3, 40])),
    ),
    min_size=3,
    max_size=14,
)


def play(town: Town, what: str, how: object) -> Town:
    """Let one thing happen."""
    if what == "die":
        town.die([one for one in how if town.truth[one] is not DOWN])  # type: ignore[attr-defined]
    elif what == "back":
        town.come_back([one for one in how if town.truth[one] is DOWN])  # type: ignore[attr-defined]
    elif what == "wait":
        town.go_on(float(how))  # type: ignore[arg-type]
    elif what == "restart":
        again = Town(town.config, town.db, town.now + float(how))  # type: ignore[arg-type]
        again.truth, again.places, again.startup_time, again.sent = (
            town.truth,
            town.places,
            town.startup_time,
            town.sent,
        )
        return again
    elif what == "silence":
        town.silence(how, 3600)  # type: ignore[arg-type]
    elif what == "loud":
        town.end_silences()
    elif what == "ack" and town.open():
        town.acknowledge(town.open()[int(how) % len(town.open())])  # type: ignore[call-overload]
    elif what == "dead pbx":
        for _ in range(2):
            town.report(Trouble.REFUSED)
            town.after(float(how))  # type: ignore[arg-type]
        town.report()
        town.snapshot(town.truth)
    return town


def story(town: Scene, incident: Incident) -> list[tuple[Reason, str]]:
    """What one URL was told about an incident, in order."""
    return [(reason, said) for _, reason, number, said in town.sent if number == incident.id]


def is_covered(town: Scene, incident: Incident | None) -> bool:
    """Whether somebody was told that it is down, by itself or by what explains it."""
    while incident is not None:
        if any(said == Said.DOWN for _, said in story(town, incident)):
            return True
        incident = town.db.incidents.get(incident.explained_by or 0)
        if incident is not None and not incident.is_open:
            return False
    return False


def is_down(town: Town, target: Target) -> bool:
    return town.truth[target] is DOWN


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_happens_everybody_knows_in_the_end(steps: list[tuple[str, object]]) -> None:
    town = Town(quick()).settle(PLACES)
    for what, how in steps:
        town = play(town, what, how)
    town.end_silences()
    town.go_on(CALM)

    # What is down is known to be down, and nothing else is.
    for target in PLACES:
        open_now = town.open(target)
        assert bool(open_now) is is_down(town, target), (target, open_now)
        assert all(is_covered(town, one) for one in open_now), (target, open_now, town.told())
    check_stories(town)

    town.come_back([target for target in PLACES if is_down(town, target)])
    town.go_on(CALM)

    # And when all is well, nobody believes anything else, and nothing is left to say.
    assert not town.open()
    check_stories(town)
    assert not [told for told in town.db.told.values() if told.waiting]
    for (number, _), told in town.db.told.items():
        assert told.said is not Said.DOWN or town.db.incidents[number].ending not in (Ending.RECOVERED, Ending.STABLE)


def check_stories(town: Town) -> None:
    """Never a recovery that nobody waits for, never twice the same."""
    for incident in town.db.incidents.values():
        told = [reason for reason, _ in story(town, incident)]
        assert told.count(Reason.OPENED) <= 1, (incident, told)
        assert told.count(Reason.RESOLVED) <= 1, (incident, told)
        assert Reason.RESOLVED not in told[:1], (incident, told)
        if not incident.is_open:
            assert told[-1:] not in ([Reason.WIDENED],), (incident, told)
