"""A real Asterisk with fifty phones on two sites and three providers, healthmon beside it, and those who are told."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from msgspec import Struct
from msgspec.structs import replace

from healthmon.core.belief.evidence import EXPIRES_ONLY, NOT_QUALIFIED
from healthmon.errors import StoreError
from healthmon.model import Health
from healthmon.store.read.queries import Reader, open_reader
from tests.lab.endpoints import Endpoint, phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import Options
from tests.lab.phones import Phone, PhoneFarm
from tests.lab.provider import Provider
from tests.sinks import WebhookSink
from tests.system.accounts import MARK
from tests.system.daemon import Daemon, wait_until
from tests.system.kills import Kills, Plan, Receiver
from tests.system.told import Told

WAREHOUSE = tuple(str(number) for number in range(101, 141))
SHOP = tuple(str(number) for number in range(141, 151))
TRUNKS = ("trunk-telekom", "trunk-sipgate", "trunk-easybell")
#: What goes down within so many seconds has one cause, as in a configuration that says nothing of it.
WINDOW = 30.0
#: How long something may take of which no time is promised, on a machine that has a lot to do (seconds).
PATIENCE = 90.0
#: After a restart of Asterisk what is offline is not believed for two minutes (seconds).
GRACE = 120.0
#: No end of a row takes longer: a channel that hung is tried after minutes, a phone that flapped must be stable first.
LASTS_AT_MOST = 600.0
#: The database is looked at so often while something is waited for (seconds).
LOOK_EVERY = 0.5


class Setting(Struct, frozen=True):
    """What a row says about its world, besides what happens in it."""

    #: How long something must stay down, or up, before it is believed (seconds).
    hold: float = 10.0
    #: How often Asterisk asks the phones (seconds).
    qualify: int = 5
    #: More lines for the sections of the PBX, of the endpoints and of the receiver.
    pbx: str = ""
    watch: str = ""
    receiver: str = ""
    #: How long Asterisk has been running when the row begins (seconds).
    has_run_for: float = 0.0
    #: What is wrong with further URLs, until they return to life: modes of their sinks.
    dead: tuple[str, ...] = ()


class World:
    """What a row acts on, and what it asks. Owned by the test's thread."""

    def __init__(self, lab: Lab, plan: Plan, setting: Setting) -> None:
        self._lab = lab
        self.setting = setting
        self.providers = {name: lab.add(Provider(lab.address())) for name in TRUNKS}
        self.pbx = lab.asterisk(*self._endpoints(phones=setting.qualify, trunks=2))
        self._runs_since = time.time()
        self.warehouse = self._site(WAREHOUSE)
        self.shop = self._site(SHOP)
        self._boss = lab.add(Receiver())
        self._late = {f"dead{mode}": lab.add(WebhookSink(mode)) for mode in setting.dead}
        always = {"boss": self._boss, "desk": lab.add(WebhookSink())}
        self.daemon = Daemon(lab.folder("daemon"), self._config({**always, **self._late}))
        self.kills = lab.add(Kills(plan, self.daemon))
        #: The URLs that always work, and those that are dead at first.
        self.told = Told(always, self.kills, self.explain)
        self.told_late = Told(self._late, self.kills, self.explain)
        self._began_at = 0.0

    def _endpoints(self, *, phones: int, trunks: int) -> Iterator[Endpoint]:
        """How they are configured; checked so often (seconds)."""
        for name in (*WAREHOUSE, *SHOP):
            yield phone(name, qualify_frequency=phones, qualify_timeout=1)
        for name, provider in self.providers.items():
            yield trunk(name, provider.uri, qualify_frequency=trunks, qualify_timeout=1)

    def _site(self, names: Sequence[str]) -> PhoneFarm:
        """Many phones behind one address."""
        farm = self._lab.add(PhoneFarm(self.pbx.sip, names, f"{self._lab.subnet()}.1"))
        farm.register()
        return farm

    def _config(self, sinks: dict[str, WebhookSink]) -> str:
        """Write a configuration that says little: what is promised is promised with the usual values."""
        return "\n".join(
            (
                f"site_window = {WINDOW:g}s",
                "[pbx office]",
                f"url = {self.pbx.url}",
                f"username = {self.pbx.ari_auth[0]}",
                f"password = {self.pbx.ari_auth[1]}",
                "application = healthmon-test",
                self.setting.pbx,
                "[watch all]",
                "endpoints = PJSIP/*",
                f"down_after = {self.setting.hold:g}s",
                f"up_after = {self.setting.hold:g}s",
                self.setting.watch,
                "[receiver oncall]",
                self.setting.receiver,
                "urls =",
                *(f"    {name} = {sink.url}" for name, sink in sinks.items()),
            )
        )

    def begin(self) -> None:
        """Start healthmon and wait until it knows all, and that all are up: then the row begins."""
        self.daemon.start()
        self.wait(self._is_complete, "everything is up, and it is known where")
        time.sleep(max(0.0, self._runs_since + self.setting.has_run_for - time.time()))
        self._boss.kills = self.kills
        self._began_at = time.time()
        self.kills.begin()

    def _is_complete(self, reader: Reader) -> bool:
        return len(reader.last_places()) >= len(WAREHOUSE) + len(SHOP) and not list(differences(reader))

    @property
    def is_disturbed(self) -> bool:
        """Whether healthmon is killed in this row, so that its times are not what was promised."""
        return self.kills.plan.kills > 0

    @property
    def now(self) -> float:
        """Seconds since the row began."""
        return time.time() - self._began_at

    # ---------------------------------------------------------------- what happens

    def pass_time_until(self, at: float) -> None:
        """Go on at that time of the row: an outage must have a length. Nothing is waited for."""
        time.sleep(max(0.0, at - self.now))

    def have_all_checked_every(self, seconds: int) -> None:
        """Another ``qualify_frequency`` for all, by a reload; 0: nobody is checked."""
        self.pbx.add_endpoint(*self._endpoints(phones=seconds, trunks=seconds))

    def peer(self, name: str) -> Phone | Provider:
        """Return a phone or a provider by its name: ``PJSIP/101``."""
        resource = name.removeprefix("PJSIP/")
        if resource in self.providers:
            return self.providers[resource]
        return self.phone(name)

    def phone(self, name: str) -> Phone:
        """Return a phone by its name."""
        return {**self.warehouse.phones, **self.shop.phones}[name.removeprefix("PJSIP/")]

    def forget_registrations(self, *names: str) -> None:
        """Take these out of the registrations that an Asterisk keeps which does not run."""
        keys = [(f"/registrar/contact/{name.removeprefix('PJSIP/')};%",) for name in names]
        with closing(sqlite3.connect(self.pbx.folder / "lib" / "astdb.sqlite3")) as kept, kept:
            kept.executemany("DELETE FROM astdb WHERE key LIKE ?", keys)

    def set_ari_password(self, password: str) -> None:
        """Edit ``ari.conf`` and have it read; "": back to what healthmon knows. Calls go on."""
        self.pbx.options = replace(self.pbx.options, ari_password=password or Options().ari_password)
        self.pbx.reload("res_ari.so")

    def return_to_life(self) -> None:
        """What was dead accepts messages from now on."""
        for sink in self._late.values():
            sink.mode = "ok"

    def silence(self, seconds: float) -> float:
        """Have everything silenced for so long; return until when (seconds, UTC)."""
        done = self.daemon.command("silence", "add", "pbx=office", "--for", f"{seconds:g}s")
        assert done.returncode == 0, done.stderr
        with closing(open_reader(self.daemon.database)) as reader:
            return max(silence.until for silence in reader.silences(time.time()))

    def wait_silences_over(self) -> None:
        """Wait until nobody is silenced any more."""
        self.wait(lambda reader: not reader.silences(time.time()), "the silence is over", LASTS_AT_MOST)

    # ---------------------------------------------------------------- what is waited for

    def wait(self, look: Callable[[Reader], bool], what: str, timeout: float = PATIENCE) -> None:
        """Wait until the database says so."""
        wait_until(lambda: self._ask(look), what, timeout, LOOK_EVERY, self.explain)

    def _ask(self, look: Callable[[Reader], bool]) -> bool:
        try:
            with closing(open_reader(self.daemon.database)) as reader:
                return look(reader)
        except StoreError:
            # Healthmon was killed a moment ago, and is about to make its database readable again.
            return False

    def wait_run_seen(self) -> None:
        """Wait until healthmon knows of Asterisk's present run."""
        started = self.pbx.started_at()
        self.wait(lambda reader: [pbx.startup_time for pbx in reader.pbx_states()] == [started], "this run is seen")

    def wait_unchecked(self) -> None:
        """Wait until healthmon has read that nobody is checked any more."""

        def is_read(reader: Reader) -> bool:
            unknown = [state for state in reader.states() if state.unknown_because == NOT_QUALIFIED]
            remarked = [state for state in reader.states() if state.remark == EXPIRES_ONLY]
            return (len(unknown), len(remarked)) == (len(TRUNKS), len(WAREHOUSE) + len(SHOP))

        self.wait(is_read, "it is known that nobody is checked")

    def settle(self, *down: str, timeout: float = PATIENCE) -> None:
        """Wait until all kills have happened, and what is believed and booked is the truth, and told.

        ``down``: the endpoints that are so, in truth; everything else is up.
        """
        self.kills.wait_done()
        self.wait(lambda reader: not list(differences(reader, *down)), "all is as it must be, and told", timeout)

    def figures(self) -> dict[str, float]:
        """What is worth keeping of this row: kills, messages to one URL, marked ones to all, when the first arrived."""
        arrived = [one for told in (self.told, self.told_late) for sink in told.sinks.values() for one in sink.messages]
        messages = self._boss.messages
        marked = sum(MARK in one.body for one in arrived)
        first = {"first": round(messages[0].at - self._began_at, 1)} if messages else {}
        return {"kills": self.kills.struck, "messages": len(messages), "marked": marked, **first}

    def explain(self) -> str:
        """Say what is so, for the report of a failure."""
        with closing(open_reader(self.daemon.database)) as reader:
            wrong = "\n".join(differences(reader))
        facts = f"after {self.now:.1f} s, {self.kills.struck} kills; {self.kills.plan}"
        return f"{facts}\n{self.told}\n{self.told_late}\n{wrong}\n--- log\n{self.daemon.log()[-12000:]}"


def differences(reader: Reader, *down: str) -> Iterator[str]:
    """Say what is believed or booked and is not so, or not told yet."""
    yield from (f"PBX {pbx.pbx} is blind: {pbx.blind_why}" for pbx in reader.pbx_states() if pbx.blind_why)
    for state in reader.states():
        true = Health.DOWN if state.target.resource in down else Health.UP
        if state.belief is not true or state.pending or state.unknown_because:
            seen = f"{state.belief}, pending: {state.pending}, unknown: {state.unknown_because}"
            yield f"{state.target} {state.check}: {seen}"
    for incident in reader.open_incidents():
        if incident.target.resource not in down:
            yield f"incident {incident.id} about {incident.target} is open"
    yield from (f"{url.waiting} messages wait for {url.url_id}" for url in reader.urls() if url.waiting)
