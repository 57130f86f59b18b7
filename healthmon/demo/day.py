"""The day: what happens to the PBX, what must be told about it, and what must not."""

from __future__ import annotations

import re
from collections.abc import Callable

from healthmon.demo.cast import BOB, MEETING_ROOM, PBX, PHONES, TRUNK, WAREHOUSE, WAREHOUSE_ADDRESS
from healthmon.demo.daemon import DemoDaemon
from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.fakepbx.pbx import Phase
from healthmon.demo.patience import Patience
from healthmon.demo.stage import Stage
from healthmon.demo.trouble import DemoFailed
from healthmon.demo.webhook import Alert, Webhook
from healthmon.errors import ExitCode
from healthmon.model import Health
from healthmon.report.status.rows import TargetStatus

EVERYTHING = (TRUNK, *PHONES)


class Day:
    """Plays the day, one act after the other. Each raises DemoFailed, or DemoStopped."""

    def __init__(self, pbx: FakePbx, daemon: DemoDaemon, webhook: Webhook, stage: Stage, patience: Patience) -> None:
        self._pbx = pbx
        self._daemon = daemon
        self._webhook = webhook
        self._stage = stage
        self._patience = patience
        #: How many alerts were delivered so far.
        self.alerts = 0

    def play(self) -> None:
        """Play all acts."""
        acts: tuple[tuple[str, Callable[[], None]], ...] = (
            ("The first look", self._first_look),
            ("A phone drops", self._a_phone_drops),
            ("A site drops", self._a_site_drops),
            ("The trunk dies", self._the_trunk_dies),
            ("The PBX restarts", self._the_pbx_restarts),
            ("The PBX dies", self._the_pbx_dies),
            ("In the evening", self._a_phone_stays_away),
            ("How things stand", self._status),
            ("How the day was", self._report),
        )
        for number, (title, act) in enumerate(acts, start=1):
            self._stage.act(f"{number}. {title}")
            act()
        self.expect_silence()

    # ---------------------------------------------------------------- the acts

    def _first_look(self) -> None:
        self._stage.happens(f"PBX {PBX} runs: provider {TRUNK} and {len(PHONES)} phones.")
        self._daemon.start()
        self._wait_until(lambda row: row.state is Health.UP and not row.remark, "everything was seen up")
        self._stage.healthmon("healthmon has looked: all up. Nobody needs to be told.")

    def _a_phone_drops(self) -> None:
        self._stage.happens(f"Somebody pulls the plug of phone {BOB}.")
        self._pbx.phone_down(f"PJSIP/{BOB}")
        self.expect("DOWN phone", BOB)
        self._stage.happens(f"{BOB} is back.")
        self._pbx.phone_up(f"PJSIP/{BOB}")
        self.expect("UP phone", BOB)

    def _a_site_drops(self) -> None:
        self._stage.happens(f"The line to the warehouse is cut: phones {WAREHOUSE[0]} to {WAREHOUSE[-1]}.")
        self._all_of(WAREHOUSE, self._pbx.phone_down)
        self.expect(f"DOWN site {WAREHOUSE_ADDRESS}", *WAREHOUSE)
        self._stage.healthmon(f"They have one address, so they are one site: one alert, not {len(WAREHOUSE)}.")
        self._stage.happens("The line is mended.")
        self._all_of(WAREHOUSE, self._pbx.phone_up)
        self.expect(f"UP site {WAREHOUSE_ADDRESS}")

    def _the_trunk_dies(self) -> None:
        self._stage.happens(f"The trunk dies: {TRUNK} answers no more.")
        self._pbx.phone_down(f"PJSIP/{TRUNK}")
        self.expect("DOWN provider", TRUNK)
        self._stage.happens("The provider has found the right cable.")
        self._pbx.phone_up(f"PJSIP/{TRUNK}")
        self.expect("UP provider", TRUNK)

    def _the_pbx_restarts(self) -> None:
        self._stage.happens("Somebody restarts Asterisk. All phones are gone for a moment.")
        self._pbx.restart(phase_lasts=0.2)
        self._wait_until(lambda row: row.state is Health.UNKNOWN and "restarted" in row.reason, "the restart was seen")
        self._stage.healthmon("healthmon knows that phones need a while after a restart, and waits.")
        self._all_of(EVERYTHING, self._pbx.phone_up)
        self._wait_until(lambda row: row.state is Health.UP, "everything was up again after the restart")
        self.expect_silence()
        self._stage.healthmon("All are back, and nobody was told anything.")

    def _the_pbx_dies(self) -> None:
        self._stage.happens(f"The power supply of PBX {PBX} burns out: all is lost.")
        self._pbx.go_to(Phase.REFUSING)
        self.expect(f"DOWN PBX {PBX}")
        self._stage.healthmon(f"One alert, not {1 + len(EVERYTHING)}.")
        self._stage.happens("A new one is in.")
        self._pbx.restart(are_up=True)
        self.expect(f"UP PBX {PBX}")
        self._wait_until(lambda row: row.state is Health.UP, "everything was up again after the power cut")

    def _a_phone_stays_away(self) -> None:
        self._stage.happens(f"The cleaners need a socket: phone {MEETING_ROOM} is off until tomorrow.")
        self._pbx.phone_down(f"PJSIP/{MEETING_ROOM}")
        self.expect("DOWN phone", MEETING_ROOM)

    def _status(self) -> None:
        self._show(ExitCode.PROBLEM, "status")

    def _report(self) -> None:
        self._show(ExitCode.OK, "report", "--since", "1h", "--incidents")

    # ---------------------------------------------------------------- what the acts are made of

    def _all_of(self, names: tuple[str, ...], happens: Callable[[str], None]) -> None:
        for name in names:
            happens(f"PJSIP/{name}")

    def _wait_until(self, is_so: Callable[[TargetStatus], bool], what: str) -> None:
        """Wait until this is so of the provider and all phones, as ``healthmon status`` shows them."""

        def look() -> bool:
            found = self._daemon.read_status()
            return found is not None and len(found.targets) == len(EVERYTHING) and all(map(is_so, found.targets))

        self._patience.wait(look, what)

    def expect(self, subject: str, *names: str) -> None:
        """Show the alerts that come, until each of these was told. Whatever else comes is a failure."""
        missing = set(names)
        while True:
            alert = self._patience.wait(self._look_for_alert, f'an alert "{subject} …" was delivered')
            if not alert.subject.startswith(subject):
                raise DemoFailed(f'expected an alert "{subject} …", and this came: {alert.subject}')
            missing = {name for name in missing if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", alert.body)}
            if not missing:
                return

    def _look_for_alert(self) -> Alert | None:
        self._daemon.check()
        alert = self._webhook.next()
        if alert is not None:
            self.alerts += 1
            self._stage.alert(alert)
        return alert

    def expect_silence(self) -> None:
        """Nothing must have come that was not expected."""
        alert = self._look_for_alert()
        if alert is not None:
            raise DemoFailed(f"nobody was to be told anything, and this came: {alert.subject}")

    def _show(self, expected: int, *arguments: str) -> None:
        """Let a command show itself."""
        self._patience.check()
        self._stage.command(f"healthmon {' '.join(arguments)}")
        code = self._daemon.command(*arguments, out=self._stage.out)
        if code != expected:
            raise DemoFailed(f"healthmon {arguments[0]} ended with exit code {code}, not {expected}")
