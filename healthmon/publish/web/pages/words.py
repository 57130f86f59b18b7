"""How a page says what there is to say, in the language of the configuration. Pure."""

from __future__ import annotations

from datetime import datetime

from healthmon.core.grouping.sites import label
from healthmon.model import Check, Health, Incident, Kind, Loss, Target
from healthmon.notify.compose.message_lines import CHECKS, check_of
from healthmon.notify.compose.naming import place_of, thing
from healthmon.notify.compose.voice import Voice
from healthmon.report.formatting import after, percent
from healthmon.report.status.rows import TargetStatus
from healthmon.report.status.words import in_short
from healthmon.report.target_names import short_name
from healthmon.text.visible import visible
from healthmon.times.lengths import MINUTE, Unit, divided


class Words:
    """Says things at one moment, that of its voice."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        #: Says a sentence; values replace the names in braces.
        self.text = voice.text
        self.language = voice.language
        self.now = voice.now

    # ---------------------------------------------------------------- times

    def lasted(self, seconds: float) -> str:
        """Write a duration in full minutes once there is one: what is on the screen need not change each second."""
        if seconds >= MINUTE:
            seconds -= seconds % MINUTE
        return self._voice.duration(seconds)

    def shortly(self, seconds: float) -> str:
        """Write a duration in one unit and few characters, rounded down: ``41 s``, ``12 min``, ``5 h``, ``213 d``."""
        number, unit = divided(seconds)[0]
        if unit is Unit.DAY:
            return self.text("{n} d", n=number)
        return self._voice.length(number, unit)

    def clock(self, at: float) -> str:
        """Write a time shortly: ``14:02``, ``Thu 14:02``, ``30 Apr 14:02``."""
        return self._voice.clock(at)

    def span(self, since: float, until: float) -> str:
        """Write a time with its end: ``14:02–14:05``, ``Thu 23:50–Fri 00:10``."""
        return self._voice.span(since, until)

    @property
    def zone(self) -> str:
        """The name of the zone in which times are written, as a browser knows it."""
        return str(self._voice.zone)

    def second(self, at: float) -> str:
        """Write a time of the day to the second."""
        return f"{datetime.fromtimestamp(at, self._voice.zone):%H:%M:%S}"

    def in_full(self, at: float) -> str:
        """Write a time with its day and zone."""
        return self._voice.dated_time(at)

    def day(self, at: float) -> str:
        """Write a day: ``Fri 1 May``."""
        moment = datetime.fromtimestamp(at, self._voice.zone)
        language = self.language
        return f"{language.weekdays[moment.weekday()]} {moment.day} {language.months[moment.month - 1]}"

    # ---------------------------------------------------------------- states

    def state(self, health: Health) -> str:
        """Say a state in a word."""
        match health:
            case Health.UP:
                return self.text("up")
            case Health.DEGRADED:
                return self.text("degraded")
            case Health.DOWN:
                return self.text("down")
        return self.text("unknown")

    def check(self, name: str) -> str:
        """Name a check."""
        if name == Check.REACHABILITY:
            return self.text("reachability")
        if name == Check.CONNECTION:
            return self.text("connection")
        if name in CHECKS:
            return self.retold(CHECKS[name])
        return self.language.noun(name)

    def reason(self, row: TargetStatus) -> str:
        """Say why it is so; of what is up only what is worth a remark, and which checks are not known."""
        if row.state is Health.UP:
            return "; ".join(filter(None, (*map(self.unknown, row.unknown_checks), self.retold(row.more))))
        words = self.retold(row.reason)
        prefix = f"{row.check}: "
        if row.checks and row.reason.startswith(prefix):
            words = f"{self.check(row.check)}: {self.in_short(row.reason.removeprefix(prefix))}"
        elif not row.target.is_pbx:
            words = self.in_short(row.reason)
        return "; ".join(filter(None, (words, self.retold(row.more))))

    def unknown(self, check: TargetStatus) -> str:
        """Say of what is up that this check of it is not known, since when, and why."""
        return self.text(
            "{check} unknown since {time} ({why})",
            check=self.check(check.check),
            time=self.clock(check.since or self.now),
            why=self.in_short(check.reason),
        )

    def in_short(self, reason: str) -> str:
        """Say a reason; what is the matter with the manager interface in few words: the PBX has the whole of it."""
        return in_short(reason, self.retold(reason))

    def pending(self, row: TargetStatus) -> str:
        """Say what is seen and not yet believed; "": nothing."""
        if row.pending is None or not row.is_changing:
            return ""
        return self.text("seems {state}", state=self.state(row.pending))

    def state_of(self, incident: Incident) -> str:
        """Say in a word how the thing of an incident is, or was."""
        if incident.flapping:
            return self.text("flapping")
        if incident.is_unseen:
            return self.text("not seen")
        if incident.is_logged_out and incident.health is Health.DOWN:
            return self.retold(Loss.LOGGED_OUT)
        return self.state(incident.state)

    def notes(self, incident: Incident) -> tuple[str, ...]:
        """Say how many a group's outage has reached, who took note of an incident, and why nobody is told of it."""
        said = []
        if incident.kind.is_group and incident.of:
            said.append(self.text("{n} of {of} unreachable", n=incident.down, of=incident.of))
        if incident.acked_at is not None:
            who = visible(incident.acked_by + after(": ", incident.ack_reason))
            said.append(self.text("acknowledged by {who}", who=who))
        if incident.muted_by and incident.is_open:
            said.append(self.text("nobody is told: {why}", why=visible(incident.muted_by)))
        return tuple(said)

    def retold(self, saying: str) -> str:
        """Say what another part of healthmon said."""
        return visible(self.language.retold(saying))

    # ---------------------------------------------------------------- names

    def name(self, target: Target) -> str:
        """What people call it, else its own name."""
        return visible(self._voice.names.of(target) or self.own_name(target))

    def own_name(self, target: Target) -> str:
        """Its own name, without the technology where that is the usual one."""
        if target.is_pbx:
            return visible(target.pbx)
        if target.technology == Kind.SITE:
            return self.site(target.resource)
        if target.technology in ("PJSIP", Kind.PROVIDERS):
            return visible(target.resource)
        return visible(target.endpoint or short_name(target))

    def site(self, name: str) -> str:
        """Name a site; a private network is called one."""
        return self.retold(label(name))

    def thing(self, incident: Incident) -> str:
        """Say what an incident is about, as messages do: ``registration of provider Telekom (office)``."""
        target = incident.target
        name = self.name(target)
        if incident.kind is Kind.NETWORK:
            name = visible(target.pbx)
        check = check_of(incident)
        return thing(incident.kind, name, self._voice, check) + place_of(incident, self._voice)

    def kind(self, kind: Kind) -> str:
        """Name a kind."""
        return self.language.noun(kind)

    def number(self, number: int) -> str:
        """Write a number; thousands stand apart, in a way that no language takes for a comma."""
        return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")

    def percent(self, share: float | None) -> str:
        """Write an availability."""
        return percent(share)
