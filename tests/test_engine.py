"""The engine: one batch from sight to booking, and what it does when the database does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.engine import ALIVE_EVERY, SMALL_WATCH, Engine, EngineHooks
from healthmon.errors import DatabaseBusy, DatabaseUnwritable, Trouble
from healthmon.model import (
    Changes,
    Channel,
    Check,
    ConnectionReport,
    ContactChange,
    ContactStatus,
    Health,
    Incident,
    Kind,
    Matcher,
    Observation,
    Question,
    Reason,
    Sighting,
    Snapshot,
    Source,
    Target,
    Transition,
    Witness,
)
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import PRUNED_AT_ONCE, Writer, open_writer
from healthmon.times.clock import Clock
from tests.core.scene import PHONES, START, config, trunk

TRUNK, STRANGER = trunk(), Target("office", "SIP", "somebody")


class Wall:
    """The two clocks of the machine, which the test moves."""

    def __init__(self) -> None:
        self.wall, self.monotonic = START, 100.0

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.monotonic += seconds


class PollsOfOffice:
    """What the engine asks of the polling thread."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.to_learn: list[Target] = []

    def ask(self, question: Question) -> None:
        """Note it."""
        self.asked.append(question)

    def learn(self, targets: Sequence[Target]) -> None:
        """Note them."""
        self.to_learn += targets


class Stage:
    """An engine over a real database, with hooks that note what they are called for."""

    def __init__(self, path: Path, conf: Config | None = None) -> None:
        self.path = path
        self.config = conf or config(group_wait=0.0)
        self.time = Wall()
        self.polls = PollsOfOffice()
        self.waiting: list[list[Sighting]] = []
        #: How long the engine waits for each of these batches (seconds).
        self.waits: list[float] = []
        self.stop = Event()
        self.woken = self.alive = self.resyncs = 0
        self.told_directly: list[str] = []
        self.start()

    def start(self) -> None:
        """Open the database, and start an engine over it."""
        self.writer: Writer = open_writer(self.path, now=self.time.wall)
        self.clock = Clock(lambda: self.time.wall, lambda: self.time.monotonic, ahead=self.writer.ahead)
        hooks = EngineHooks(self._wake, lambda: [], self._live, self._resync, self.told_directly.append)
        self.engine = Engine(
            self.config,
            self.writer.load(),
            inbox=self,
            writer=self.writer,
            clock=self.clock,
            hooks=hooks,
            stop=self.stop,
        )
        self.engine.connect({("office", Channel.REST): self.polls})

    def drain(self, timeout: float) -> Sequence[Sighting]:
        """The next batch that waits; after the last one the engine is stopped."""
        if self.waits:
            self.time.passes(self.waits.pop(0))
        if not self.waiting:
            self.stop.set()
            return []
        return self.waiting.pop(0)

    def __len__(self) -> int:
        return sum(map(len, self.waiting))

    def _wake(self) -> None:
        self.woken += 1

    def _live(self) -> None:
        self.alive += 1

    def _resync(self) -> None:
        self.resyncs += 1

    def snapshot(self, health: Health = Health.UP) -> Snapshot:
        """The trunk, and somebody whom nobody watches."""
        at = self.clock.now()
        seen = [
            Observation(target, health, at, Source.SNAPSHOT, Witness.ENDPOINT, f"endpoint {health}")
            for target in (TRUNK, STRANGER)
        ]
        return Snapshot("office", at, tuple(seen), "boot 1", "reload 1", pbx_time=at)

    def loses_the_trunk(self) -> None:
        """Have it believed down."""
        self.engine.step([self.snapshot()])
        at = self.clock.now()
        lost = ContactChange(TRUNK, "sip:192.0.2.1", ContactStatus.UNREACHABLE, at)
        down = Observation(TRUNK, Health.DOWN, at, Source.EVENT, Witness.DEVICE, "device UNAVAILABLE")
        self.engine.step([lost, down])
        self.time.passes(31)
        self.engine.step([self.snapshot(Health.DOWN)])

    def tells(self) -> None:
        """Deliver what is due, as a deliverer does."""
        with closing(open_outbox(self.path)) as outbox:
            claim = outbox.claim("oncall/boss", self.clock.now())
            assert claim is not None
            outbox.delivered(claim, self.clock.now())

    def open_incidents(self) -> list[Incident]:
        """What lasts, as it is booked."""
        with open_reader(self.path) as reader:
            return reader.open_incidents()

    def booked(self) -> list[tuple[Reason, str]]:
        """Who is told what about the first incident."""
        with open_reader(self.path) as reader:
            return [(telling.reason, telling.state) for telling in reader.tellings(1)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    one = Stage(tmp_path / "healthmon.db")
    with closing(one.writer):
        yield one


def fails(monkeypatch: pytest.MonkeyPatch, method: str, times: int) -> None:
    """Have a method of the writer fail so many times, as on a full or failing disk."""
    works, left = getattr(Writer, method), [times]

    def failing(writer: Writer, *arguments: object) -> object:
        if left[0]:
            left[0] -= 1
            raise DatabaseUnwritable(writer.path, "the disk is full")
        return works(writer, *arguments)

    monkeypatch.setattr(Writer, method, failing)


# ---------------------------------------------------------------- booking


def test_state_incident_and_message_are_booked_in_one_step_and_the_deliverers_are_woken(stage: Stage) -> None:
    stage.loses_the_trunk()

    assert stage.booked() == [(Reason.OPENED, "waiting")]
    with open_reader(stage.path) as reader:
        assert [state.belief for state in reader.states() if state.target == TRUNK] == [Health.DOWN]
    assert stage.woken == 1


def test_every_round_says_that_the_loop_lives_and_every_ten_seconds_the_database_hears_it(stage: Stage) -> None:
    stage.engine.step([])
    stage.time.passes(ALIVE_EVERY - 1)
    stage.engine.step([])
    with open_reader(stage.path) as reader:
        before = reader.daemon().alive_at

    stage.time.passes(1)
    stage.engine.step([])

    with open_reader(stage.path) as reader:
        assert (before, reader.daemon().alive_at) == (START, START + ALIVE_EVERY)
    assert stage.alive == 3


def test_what_the_engine_has_to_do_is_booked_with_the_sign_of_life(stage: Stage) -> None:
    # The first look is booked with the second batch.
    stage.waiting = [[stage.snapshot(), stage.snapshot()], [stage.snapshot()], [stage.snapshot()]]
    stage.engine.run()
    with open_reader(stage.path) as reader:
        at_first = reader.daemon().workload

    stage.time.passes(ALIVE_EVERY)
    stage.engine.step([])

    with open_reader(stage.path) as reader:
        later = reader.daemon().workload
    assert (at_first.waiting, at_first.most_waiting) == (1, 4)
    assert (later.waiting, later.most_waiting) == (0, 1)
    assert later.commits >= 1
    # The tests' clock stands still while something is booked.
    assert set(later.commits_within.values()) == {later.commits}


def test_stopping_books_what_waits_in_the_inbox(stage: Stage) -> None:
    stage.waiting = [[stage.snapshot()], []]
    stage.stop.set()

    stage.engine.run()

    with open_reader(stage.path) as reader:
        assert [state.target for state in reader.states() if state.target == TRUNK] == [TRUNK]


# ---------------------------------------------------------------- rounds that stood still


def why_unknown(stage: Stage) -> str:
    """Why nothing behind the PBX can be seen, as it is booked; "": it can."""
    with open_reader(stage.path) as reader:
        [office] = reader.pbx_states()
    return office.blind_why


@pytest.mark.parametrize(("lasts", "why"), [(9.0, ""), (11.0, "healthmon stood still")])
def test_time_between_two_rounds_of_more_than_ten_seconds_is_unknown(
    stage: Stage, lasts: float, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    # The second snapshot was asked for before the process was stopped.
    stage.waiting, stage.waits = [[stage.snapshot()], [stage.snapshot()]], [0.0, lasts]

    stage.engine.run()

    assert why_unknown(stage) == why
    assert ("healthmon stood still for 11 s" in caplog.text) is bool(why)
    assert [question.wants_snapshot for question in stage.polls.asked] == [True] * bool(why)


def commits_take(stage: Stage, monkeypatch: pytest.MonkeyPatch, seconds: int, *, others_go_round: bool = True) -> None:
    """Have each commit wait so long for its disk; meanwhile the other threads go on, or the whole process stands."""
    works = Writer.commit

    def hangs(writer: Writer, changes: Changes) -> None:
        for _ in range(seconds):
            stage.time.passes(1)
            if others_go_round:
                stage.engine.note_other_round()
        works(writer, changes)

    monkeypatch.setattr(Writer, "commit", hangs)


@pytest.mark.parametrize(("others_go_round", "why"), [(True, ""), (False, "healthmon stood still")])
def test_commit_that_hangs_on_its_disk_is_no_standstill_while_other_threads_go_round(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, others_go_round: bool, why: str
) -> None:
    stage.waiting = [[stage.snapshot()], [stage.snapshot()]]
    commits_take(stage, monkeypatch, 20, others_go_round=others_go_round)

    stage.engine.run()

    assert why_unknown(stage) == why
    assert "to book what changed took 20 s" in caplog.text


def test_outage_is_told_on_a_disk_on_which_each_commit_takes_longer_than_ten_seconds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.engine.step([stage.snapshot()])
    commits_take(stage, monkeypatch, 11)
    began_at = stage.clock.now()
    lost = ContactChange(TRUNK, "sip:192.0.2.1", ContactStatus.UNREACHABLE, began_at)
    down = Observation(TRUNK, Health.DOWN, began_at, Source.EVENT, Witness.DEVICE, "device UNAVAILABLE")
    seen: list[Sighting] = [lost, down]

    def looks_every_ten_seconds(_timeout: float) -> Sequence[Sighting]:
        if stage.open_incidents() or stage.clock.now() - began_at > 600:
            stage.stop.set()
            return ()
        stage.time.passes(9)
        stage.engine.note_other_round()
        batch, seen[:] = list(seen), [stage.snapshot(Health.DOWN)]
        return batch

    monkeypatch.setattr(stage, "drain", looks_every_ten_seconds)

    stage.engine.run()

    [incident] = stage.open_incidents()
    assert incident.target == TRUNK
    assert stage.clock.now() - began_at < 120


def test_disk_that_refuses_again_and_again_is_no_standstill(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.engine.UNWRITABLE_WAITS", (0.0,))
    works, left = Writer.commit, [4]

    def refuses(writer: Writer, changes: Changes) -> None:
        if left[0]:
            left[0] -= 1
            stage.time.passes(5)
            raise DatabaseUnwritable(writer.path, "the disk is full")
        works(writer, changes)

    monkeypatch.setattr(Writer, "commit", refuses)
    stage.waiting = [[stage.snapshot()], [stage.snapshot()]]

    stage.engine.run()

    assert left == [0]
    assert why_unknown(stage) == ""


# ---------------------------------------------------------------- whether the time is right


@pytest.mark.parametrize(
    ("ahead", "is_on_our_machine", "prunes"),
    [(0.0, False, True), (0.0, True, False), (1000 * 86400.0, False, False)],
)
def test_a_snapshot_of_a_pbx_elsewhere_with_the_same_time_lets_old_history_go(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, ahead: float, is_on_our_machine: bool, prunes: bool
) -> None:
    pruned: list[bool] = []

    def prune(_writer: Writer, _keep: object, _now: float) -> int:
        pruned.append(True)
        return 0

    monkeypatch.setattr(Writer, "prune_evenly", prune)
    pbx_time = stage.clock.now() - ahead
    stage.engine.step([replace(stage.snapshot(), pbx_time=pbx_time, shares_our_clock=is_on_our_machine)])
    for _ in range(20):
        stage.time.passes(1)
        stage.engine.step([])

    assert bool(pruned) is prunes


@pytest.mark.parametrize(
    ("ahead", "words"), [(8 * 3600.0, "pbx office: its clock is 8 h behind ours; one of the two"), (200.0, "")]
)
def test_a_pbx_whose_clock_shows_another_time_is_named_once_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, ahead: float, words: str
) -> None:
    for _ in range(2):
        stage.engine.step([replace(stage.snapshot(), pbx_time=stage.clock.now() - ahead)])

    assert caplog.text.count("its clock is") == bool(words)
    assert words in caplog.text


@pytest.mark.parametrize(
    ("by", "words"),
    [(3600.0, "what is booked stays, and"), (-3600.0, "what was booked while it was ahead moves back with it, and")],
)
def test_the_log_says_what_becomes_of_what_is_booked_when_the_clock_is_set(
    stage: Stage, caplog: pytest.LogCaptureFixture, by: float, words: str
) -> None:
    stage.time.wall += by
    stage.engine.step([])

    assert f"the wall clock was set by {by:+.1f} s; {words}" in caplog.text


def test_an_orderly_end_is_seen_until_the_sources_were_told_to_stop(stage: Stage) -> None:
    stage.engine.step([])
    stage.time.passes(7)
    stage.engine.watched_until = stopped_at = stage.clock.now()
    stage.time.passes(1)
    stage.stop.set()
    stage.engine.run()

    assert stage.writer.load().alive_at == stopped_at


# ---------------------------------------------------------------- a database that does not


def test_bookkeeping_08_what_cannot_be_written_is_kept_tried_again_and_told_directly(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("healthmon.engine.UNWRITABLE_WAITS", (0.0,))
    fails(monkeypatch, "commit", times=3)

    with caplog.at_level(logging.INFO):
        stage.loses_the_trunk()

    assert stage.booked() == [(Reason.OPENED, "waiting")]
    assert stage.told_directly == [f"{stage.path}: the disk is full"]
    assert "the database can be written again, after 3 failures" in caplog.text


@pytest.mark.parametrize(("lasts", "told"), [(50, False), (70, True)])
def test_a_database_that_somebody_keeps_locked_is_told_directly_after_60_s_with_who_holds_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, lasts: float, told: bool
) -> None:
    monkeypatch.setattr("healthmon.engine.UNWRITABLE_WAITS", (0.0,))
    works, left, words = Writer.commit, [2], "it is locked: process 4711 (python3) holds the lock"

    def locked(writer: Writer, changes: Changes) -> None:
        if left[0]:
            left[0] -= 1
            stage.time.passes(lasts / 2)
            raise DatabaseBusy(writer.path, words)
        works(writer, changes)

    stage.engine.step([stage.snapshot()])
    monkeypatch.setattr(Writer, "commit", locked)
    stage.loses_the_trunk()

    assert f"{words}; what is to be booked is kept and tried again" in caplog.text
    assert stage.told_directly == ([f"{stage.path}: {words}"] if told else [])


@pytest.mark.parametrize("method", ["outside_changes", "told"])
def test_bookkeeping_08_results_of_deliveries_that_cannot_be_read_are_read_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    stage.loses_the_trunk()
    stage.tells()
    fails(monkeypatch, method, times=2)

    for _ in range(3):
        stage.engine.step([])
    stage.engine.step([stage.snapshot()])
    stage.time.passes(11)
    stage.engine.step([stage.snapshot()])

    # Only who is known to have been told DOWN is told UP.
    assert stage.booked() == [(Reason.OPENED, "delivered"), (Reason.RESOLVED, "waiting")]


def test_a_url_that_fails_for_long_is_an_incident_though_nobody_writes_at_that_moment(stage: Stage) -> None:
    stage.loses_the_trunk()
    with closing(open_outbox(stage.path)) as outbox:
        for wait in (0.0, 300.0):
            stage.time.passes(wait)
            claim = outbox.claim("oncall/boss", stage.clock.now())
            assert claim is not None
            outbox.failed(claim, stage.clock.now(), "no answer")
            stage.engine.step([])
    assert [one.target for one in stage.open_incidents()] == [TRUNK]

    stage.time.passes(300.0)
    stage.engine.step([])

    lasting = {one.kind: one.cause for one in stage.open_incidents()}
    assert lasting[Kind.RECEIVER] == "no answer"


# ---------------------------------------------------------------- orders of people


def test_a_silence_is_obeyed_in_the_next_round_and_its_end_wakes_the_deliverers(stage: Stage) -> None:
    with open_commander(stage.path) as commander:
        silence = commander.silence(Matcher(), since=START, until=START + 3600, author="anna", reason="")
    stage.loses_the_trunk()
    assert stage.booked() == []

    with open_commander(stage.path) as commander:
        commander.end_silence(silence.id, stage.clock.now())
    woken = stage.woken
    stage.engine.step([])

    assert stage.booked() == [(Reason.OPENED, "waiting")]
    assert stage.woken > woken


def test_an_acknowledgement_is_booked_with_its_incident(stage: Stage) -> None:
    stage.loses_the_trunk()

    with open_commander(stage.path) as commander:
        commander.acknowledge(1, at=stage.clock.now(), author="anna", reason="called them")
    stage.engine.step([])

    with open_reader(stage.path) as reader:
        assert [(one.acked_by, one.ack_reason) for one in reader.open_incidents()] == [("anna", "called them")]
        assert [note.words for note in reader.notes(1)] == ["acknowledged by anna: called them"]


# ---------------------------------------------------------------- sources


def test_settings_are_asked_for_of_what_is_new_and_watched(stage: Stage) -> None:
    stage.engine.step([stage.snapshot()])
    stage.engine.step([stage.snapshot()])

    assert stage.polls.to_learn == [TRUNK]


def test_settings_of_a_small_section_are_asked_for_first_then_those_of_what_is_offline(stage: Stage) -> None:
    phones = [Target("office", "PJSIP", str(number)) for number in range(100, 100 + SMALL_WATCH + 1)]
    healths = dict.fromkeys([*phones, TRUNK], Health.UP) | {phones[7]: Health.DOWN}
    at = stage.clock.now()
    seen = tuple(
        Observation(target, health, at, Source.SNAPSHOT, Witness.ENDPOINT, f"endpoint {health}")
        for target, health in healths.items()
    )

    stage.engine.step([Snapshot("office", at, seen, "boot 1", "reload 1", pbx_time=at)])

    assert stage.polls.to_learn == [TRUNK, phones[7], *phones[:7], *phones[8:]]


def test_what_is_pending_is_asked_for_at_its_deadline(stage: Stage) -> None:
    stage.engine.step([stage.snapshot()])
    stage.engine.step([stage.snapshot(Health.DOWN)])
    stage.time.passes(31)

    stage.engine.step([])

    assert [question.targets for question in stage.polls.asked] == [(TRUNK,)]


def test_the_first_look_is_done_when_a_pbx_was_seen_or_could_not_be(stage: Stage) -> None:
    stage.engine.step([ConnectionReport("office", Channel.EVENTS, START, Trouble.REFUSED)])
    assert not stage.engine.first_look_done.is_set()

    stage.engine.step([ConnectionReport("office", Channel.REST, START, Trouble.REFUSED)])

    assert stage.engine.first_look_done.is_set()


def test_a_clock_that_was_set_has_everything_looked_at_anew(stage: Stage) -> None:
    stage.engine.step([stage.snapshot()])
    stage.time.wall += 3600

    stage.engine.step([])

    assert stage.resyncs == 1
    assert (stage.clock.now(), stage.clock.wall()) == (START, START + 3600)


class StageOfTheWoken(Stage):
    """Notes what the clock shows when somebody is woken, beside what the database shows."""

    def _wake(self) -> None:
        self.seen = (self.clock.ahead, self.writer.ahead)


def test_the_clock_shows_the_new_time_before_anybody_is_woken(tmp_path: Path) -> None:
    stage = StageOfTheWoken(tmp_path / "healthmon.db")
    with closing(stage.writer):
        stage.time.wall -= 3600

        stage.loses_the_trunk()
        stage.time.wall -= 7200
        stage.engine.step([stage.snapshot()])
        stage.time.passes(31)
        stage.time.wall += 60
        stage.engine.step([stage.snapshot()])

    assert stage.seen == (-10740.0, -10740.0)


def test_a_reload_is_taken_up_before_what_comes_in_after_it(stage: Stage) -> None:
    stage.engine.reload(config(watches=(PHONES,)), {("office", Channel.REST): stage.polls})

    stage.engine.step([stage.snapshot()])

    with open_reader(stage.path) as reader:
        assert {state.watch for state in reader.states() if state.target == TRUNK} == {"phones"}


def test_old_history_goes_in_small_batches_and_under_load_seldom(stage: Stage) -> None:
    long_ago = START - 3 * 365 * 86400
    old = [
        Transition(TRUNK, Check.REACHABILITY, None, (Health.UP, Health.DOWN)[number % 2], at, at, "endpoint state")
        for number, at in enumerate(long_ago + each for each in range(1000))
    ]
    stage.writer.commit(Changes(transitions=old))

    def left() -> int:
        with open_reader(stage.path) as reader:
            (history,) = reader.life(TRUNK, long_ago, START)
            return len(history.transitions)

    stage.engine.step([stage.snapshot()])
    before = left()
    for _ in range(4):
        stage.time.passes(0.1)
        stage.engine.step([])
    assert before - 4 * PRUNED_AT_ONCE <= left() < before, "with nothing else to do"

    before = left()
    stage.time.passes(0.5)
    stage.engine.step([stage.snapshot()])
    assert left() == before, "somebody waits"
    stage.time.passes(1.0)
    stage.engine.step([stage.snapshot()])
    assert before - PRUNED_AT_ONCE <= left() < before, "though somebody always waits"
