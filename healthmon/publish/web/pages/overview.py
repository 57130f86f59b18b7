"""What the overview shows: what is wrong first and large, what is healthy small. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from healthmon.core.belief.inventory import FEW
from healthmon.model import Health, Incident, Kind, Target
from healthmon.publish.present import Present
from healthmon.publish.web.pages.background import STRIP_OF, WITH_COURSE, Background
from healthmon.publish.web.pages.looks import UNSURE, Looks, look_of_incident, parts_of
from healthmon.publish.web.pages.words import Words
from healthmon.report.availability.html.strips import StripPart
from healthmon.report.status.rows import SEVERITY, FailingUrl, PbxStatus, TargetStatus

#: So many open incidents, phones that are down, and sites are shown; a line says how many more there are.
MOST_INCIDENTS, MOST_DEVICES, MOST_SITES = 20, 12, 60

#: Of a site of which no greater part is missing, the number says enough.
FEW_MISSING = 0.1

_WORST_FIRST = (*SEVERITY, UNSURE)
#: The biggest cause first.
_KINDS = tuple(Kind)


class CheckMark(Struct, frozen=True):
    """One check of a target."""

    name: str
    look: str
    word: str
    since: str
    why: str


class TargetTile(Struct, frozen=True):
    """One target."""

    target: Target
    name: str
    own_name: str
    #: Its own name, if people call it otherwise, and its PBX, if there are several.
    detail: str
    look: str
    word: str
    since: str
    why: str
    checks: tuple[CheckMark, ...]
    incident: int | None
    #: Who took note of it, why nobody is told.
    notes: tuple[str, ...]
    #: Its availability, and its strip; "" and nothing where they are not known.
    availability: str = ""
    parts: tuple[StripPart, ...] = ()


class PbxCard(Struct, frozen=True):
    """One PBX, and how fresh our view of it is."""

    target: Target
    name: str
    look: str
    word: str
    since: str
    why: str
    version: str
    fresh: str
    counts: tuple[tuple[str, int], ...]
    incident: int | None
    has_page: bool


class SiteBar(Struct, frozen=True):
    """One site: so many of its devices can be reached."""

    target: Target
    key: str
    name: str
    #: Its PBX, if there are several.
    pbx: str
    look: str
    up: int
    of: int


class IncidentLine(Struct, frozen=True):
    """One incident in a list."""

    number: int
    what: str
    look: str
    word: str
    since: str
    lasted: str
    why: str
    notes: tuple[str, ...]
    #: The number of the incident that explains it.
    explained_by: int | None


class Overview(Struct, frozen=True):
    """All that the overview shows."""

    look: str
    headline: str
    #: Why nobody can rely on being told.
    warnings: tuple[str, ...]
    #: Providers: those with which something is the matter, and the others.
    troubled: tuple[TargetTile, ...]
    healthy: tuple[TargetTile, ...]
    pbxs: tuple[PbxCard, ...]
    #: Of all kinds, the worst first; not those that a bigger one explains.
    incidents: tuple[IncidentLine, ...]
    more_incidents: int
    #: Devices that are down for no cause that is shown, or of which an incident lasts.
    devices: tuple[TargetTile, ...]
    more_devices: int
    sites: tuple[SiteBar, ...]
    more_sites: int
    #: How many devices are how.
    counts: tuple[tuple[str, str, int], ...]


class Overviewer:
    """Makes the parts of a page from one moment."""

    def __init__(self, present: Present, background: Background, words: Words) -> None:
        self._present = present
        self._status = present.status
        self._background = background
        self._words = words
        self._looks = Looks(present)
        self._incidents = {incident.id: incident for incident in present.incidents}
        self._has_several_pbxs = len(present.status.pbxs) > 1

    def overview(self) -> Overview:
        """Make the whole."""
        rows = self._status.targets
        causes = {cause.incident for cause in self._status.causes}
        devices = [row for row in rows if row.kind.is_device and _is_told(row) and row.explained_by not in causes]
        told = [incident for incident in self._present.incidents if incident.explained_by not in self._incidents]
        told.sort(key=_worst_first)
        providers = [(row.is_plain_up, self.tile(row)) for row in rows if row.kind in WITH_COURSE]
        sites = self.sites()
        headline = self.headline()
        return Overview(
            look=headline[0],
            headline=headline[1],
            warnings=tuple(self.warnings()),
            troubled=tuple(tile for is_well, tile in providers if not is_well),
            healthy=tuple(tile for is_well, tile in providers if is_well),
            pbxs=tuple(map(self.pbx, self._status.pbxs)),
            incidents=tuple(incident_line(incident, self._words) for incident in told[:MOST_INCIDENTS]),
            more_incidents=max(len(told) - MOST_INCIDENTS, 0),
            devices=tuple(map(self.tile, devices[:MOST_DEVICES])),
            more_devices=max(len(devices) - MOST_DEVICES, 0),
            sites=tuple(sites[:MOST_SITES]),
            more_sites=max(len(sites) - MOST_SITES, 0),
            counts=tuple(self.device_counts()),
        )

    # ---------------------------------------------------------------- the first lines

    def headline(self) -> tuple[str, str]:
        """Say in one line how everything is, and how that looks."""
        status, words = self._status, self._words
        if status.is_stale:
            return Health.UNKNOWN, words.text("Nobody watches at present")
        down = ", ".join(words.language.counted(number, kind) for kind, number in self._down())
        if down:
            return Health.DOWN, words.text("Down: {things}", things=down)
        if any(pbx.row.state is Health.UNKNOWN or pbx.old for pbx in status.pbxs):
            return Health.UNKNOWN, words.text("Not everything can be seen")
        if not status.targets:
            return Health.UNKNOWN, words.text("Nothing is watched yet")
        return self._while_nothing_is_down()

    def _while_nothing_is_down(self) -> tuple[str, str]:
        status, words = self._status, self._words
        counts = Counter(row.state for row in (*status.targets, *(pbx.row for pbx in status.pbxs)))
        partly, unknown = counts[Health.DEGRADED], counts[Health.UNKNOWN]
        if partly and unknown:
            said = words.text("Nothing is down; degraded: {n}, not known: {m}", n=partly, m=unknown)
            return Health.DEGRADED, said
        if partly:
            return Health.DEGRADED, words.text("Nothing is down; degraded: {n}", n=partly)
        if unknown:
            return Health.UNKNOWN, words.text("Nothing is down; not known: {n}", n=unknown)
        return Health.UP, words.text("Everything is up")

    def _down(self) -> Iterator[tuple[str, int]]:
        """Count what is down, by kind, the biggest cause first."""
        status = self._status
        rows = [*(pbx.row for pbx in status.pbxs), *status.targets]
        # What only we cannot see is perhaps well.
        down = Counter(row.kind for row in rows if row.is_alarm and not row.is_unseen)
        down.update(cause.kind for cause in status.causes)
        return ((kind, down[kind]) for kind in Kind if down[kind])

    def warnings(self) -> Iterator[str]:
        """Say why nobody can rely on being told."""
        yield from map(self._failing, self._status.failing_urls)

    def _failing(self, url: FailingUrl) -> str:
        words = self._words
        return words.text("Cannot tell {receiver}: {why}", receiver=url.url_id, why=words.retold(url.why))

    # ---------------------------------------------------------------- targets

    def tile(self, row: TargetStatus) -> TargetTile:
        """Show a target, a provider with its course."""
        words, course = self._words, self._background.courses.get(row.target)
        tile = TargetTile(
            target=row.target,
            name=words.name(row.target),
            own_name=words.own_name(row.target),
            detail=self._detail(row.target),
            look=self._looks.of(row),
            word=words.state(row.state),
            since=self._since(row),
            why=words.reason(row),
            checks=self.checks(row),
            incident=row.incident,
            notes=self._notes(row),
        )
        if course is None:
            return tile
        window = (self._background.at - STRIP_OF, self._background.at)
        return replace(
            tile,
            availability=words.percent(course.availability),
            parts=tuple(parts_of(course.strip, window)),
        )

    def incident_of(self, row: TargetStatus) -> Incident | None:
        """Find the incident of a target that lasts; None: there is none."""
        if row.incident is None:
            return None
        return self._incidents.get(row.incident)

    def _notes(self, row: TargetStatus) -> tuple[str, ...]:
        notes = tuple(filter(None, (self._words.pending(row),)))
        incident = self.incident_of(row)
        if incident is not None:
            notes += self._words.notes(incident)
        return notes

    def _since(self, row: TargetStatus) -> str:
        """Say since when it is so; of what is not up also how long that is."""
        words = self._words
        if not row.since:
            return ""
        if row.is_plain_up:
            return words.text("since {time}", time=words.clock(row.since))
        lasted = words.lasted(self._status.lasted_s(row.since))
        return words.text("since {time}, for {duration}", time=words.clock(row.since), duration=lasted)

    def checks(self, row: TargetStatus) -> tuple[CheckMark, ...]:
        """Show the checks of a target, where it has several."""
        words = self._words
        return tuple(
            CheckMark(
                words.check(check.check),
                self._looks.of(check),
                words.state(check.state),
                self._since(check),
                words.reason(check),
            )
            for check in row.checks
        )

    def _detail(self, target: Target) -> str:
        words, parts = self._words, []
        if words.own_name(target) != words.name(target):
            parts.append(words.own_name(target))
        if self._has_several_pbxs:
            parts.append(target.pbx)
        return " · ".join(parts)

    def pbx(self, pbx: PbxStatus) -> PbxCard:
        """Show a PBX."""
        words, row = self._words, pbx.row
        counts = ((self._looks.of_pbx(pbx.name, state), pbx.endpoints.get(state, 0)) for state in SEVERITY)
        return PbxCard(
            target=row.target,
            name=pbx.name,
            look=self._looks.of(row),
            word=words.state(row.state),
            since=self._since(row),
            why=words.reason(row),
            version=pbx.version,
            fresh=self._freshness(pbx),
            counts=tuple((look, number) for look, number in counts if number),
            incident=row.incident,
            has_page=pbx.is_whole,
        )

    def _freshness(self, pbx: PbxStatus) -> str:
        """Say how fresh our view of a PBX is; as long as it is fresh, only when all of it was read."""
        words, fresh = self._words, pbx.freshness
        if pbx.old:
            return words.retold(pbx.old)
        if fresh.last_snapshot_at is None:
            return ""
        return words.text("read whole at {time}", time=words.clock(fresh.last_snapshot_at))

    # ---------------------------------------------------------------- devices

    def device_counts(self) -> Iterator[tuple[str, str, int]]:
        """Count the devices by how they are: how that looks, the word for it, the number."""
        devices = [row for row in self._status.targets if row.kind.is_device and not row.is_unused]
        counts = Counter((row.state, self._looks.of(row)) for row in devices)
        for state, look in sorted(counts, key=lambda each: SEVERITY[each[0]]):
            yield look, self._words.state(state), counts[state, look]

    def sites(self) -> list[SiteBar]:
        """Show the sites, worst first."""
        members: dict[tuple[str, str], list[TargetStatus]] = {}
        for row in self._status.targets:
            site = self._background.sites.get(row.target)
            if site is not None and not row.is_unused:
                members.setdefault((row.target.pbx, site), []).append(row)
        down = {(cause.target.pbx, cause.target.resource) for cause in self._status.causes if cause.kind is Kind.SITE}
        bars = [
            self._site(pbx, name, rows, is_down=(pbx, name) in down)
            for (pbx, name), rows in members.items()
            if len(rows) >= FEW or (pbx, name) in down
        ]
        return sorted(bars, key=lambda bar: (_WORST_FIRST.index(bar.look), bar.up - bar.of, bar.key))

    def _site(self, pbx: str, name: str, rows: Iterable[TargetStatus], *, is_down: bool) -> SiteBar:
        counts = Counter(row.state for row in rows)
        reached, of = counts[Health.UP] + counts[Health.DEGRADED], counts.total()
        where = ""
        if self._has_several_pbxs:
            where = pbx
        state = Health.UP
        if is_down:
            state = Health.DOWN
        elif counts[Health.DOWN] > of * FEW_MISSING:
            state = Health.DEGRADED
        elif counts[Health.UNKNOWN] > of * FEW_MISSING:
            state = Health.UNKNOWN
        return SiteBar(
            Target(pbx, Kind.SITE, name),
            f"{pbx}/{name}",
            self._words.site(name),
            where,
            self._looks.of_pbx(pbx, state),
            reached,
            of,
        )


def _worst_first(incident: Incident) -> tuple[int, int, float]:
    """Put the worst first, of these the biggest cause, of these the newest."""
    return SEVERITY[incident.state], _KINDS.index(incident.kind), -incident.since


def _is_told(row: TargetStatus) -> bool:
    return row.is_alarm or row.incident is not None


def incident_line(incident: Incident, words: Words) -> IncidentLine:
    """Show an incident in a line of a list."""
    word = words.state_of(incident)
    if not incident.is_open:
        word = words.text("over, was {state}", state=word)
    return IncidentLine(
        number=incident.id,
        what=words.thing(incident),
        look=look_of_incident(incident),
        word=word,
        since=words.clock(incident.since),
        lasted=words.lasted(incident.lasted(words.now)),
        why=words.retold(incident.cause),
        notes=words.notes(incident),
        explained_by=incident.explained_by,
    )
