"""Books who is told about which incident, and keeps in mind what was told (the thin loop around ``decide()``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.alerting.cohorts import Cohorts
from healthmon.core.alerting.decide import AGAIN, Policy, decide, is_finished, reminder_due_at
from healthmon.core.alerting.gathering import Gathering
from healthmon.core.alerting.routing import Routing
from healthmon.core.step import Step
from healthmon.model import Changes, Check, Incident, Notification, Reason, Told

NOTHING_TOLD = Told()

#: What is told of an incident at first.
FIRST = (Reason.OPENED, Reason.ESCALATED)

#: What is not told of an incident that a bigger one explains.
EXPLAINED_AWAY = (*FIRST, Reason.CHANGED, Reason.WIDENED, *AGAIN)

#: Why an event is told.
OF_AN_EVENT = {Check.RESTART: Reason.RESTARTED, Check.MAINTENANCE: Reason.NOTED}


class Dispatch:
    """What each URL was told about each incident that is not finished. Owned by the engine thread."""

    def __init__(
        self,
        config: Config,
        routing: Routing,
        cohorts: Cohorts,
        gathering: Gathering,
        told: Mapping[tuple[int, str], Told],
    ) -> None:
        self._cohorts = cohorts
        self._gathering = gathering
        self._routing = routing
        self._told: dict[int, dict[str, Told]] = {}
        #: Who is told about an incident is settled when it opens: a URL that is configured later is not.
        self._audience: dict[int, tuple[str, ...]] = {}
        #: Until when a message about an incident waits at the latest for others that may join or explain it.
        self.waits_until: dict[int, float] = {}
        for (incident_id, url_id), said in told.items():
            self._told.setdefault(incident_id, {})[url_id] = said
        self.use(config)

    def use(self, config: Config) -> None:
        """Take a new configuration. Who was told about an incident stays its audience, as far as configured."""
        self._config = config
        self._group_wait = {url.url_id: receiver.group_wait for receiver in config.receivers for url in receiver.urls}
        self._tickets = config.ticket_url_ids
        self.forget_audiences()

    def audience(self, incident: Incident) -> tuple[str, ...]:
        """The URLs that are told about this incident at once: those that were told already, or else those configured.

        Where none is left of those that were told, a channel was replaced, perhaps because it was dead: the new one
        is told.
        """
        known = self._audience.get(incident.id)
        if known is not None:
            return known
        told = self._told.get(incident.id, {}).items()
        booked = [url for url, said in told if said.booked and not _is_escalated(said)]
        left = tuple(url for url in booked if url in self._group_wait)
        if incident.watches:
            theirs: list[str] = []
            for watch in incident.watches:
                urls = self._routing.urls_for(incident.target, watch)
                if not any(url in left for url in urls):
                    theirs += urls
            audience = tuple(dict.fromkeys((*left, *theirs)))
        else:
            audience = left or self._routing.urls_for(incident.target, incident.watch)
        self._audience[incident.id] = audience
        return audience

    def escalated(self, incident: Incident) -> list[str]:
        """The URLs that are told about this incident because nobody took note of it in time."""
        told = self._told.get(incident.id, {}).items()
        return [url for url, said in told if _is_escalated(said) and url in self._group_wait]

    def _everybody(self, incident: Incident) -> Iterator[str]:
        yield from self.audience(incident)
        yield from self.escalated(incident)

    def _escalates_at(self, incident: Incident, policy: Policy, now: float) -> dict[str, float]:
        """When each URL is to be told because nobody took note, counted from when the outage was booked to be told.

        While it seems to recover, that waits for whether it does.
        """
        escalations = self._routing.escalations(incident)
        if not escalations or not incident.is_open or incident.acked_at is not None:
            return {}
        audience = self.audience(incident)
        told_at = [at for url in audience if (at := self.told(incident.id, url).opened_at)]
        if audience and not told_at:
            return {}
        since = min(told_at, default=incident.believed_at)
        # Whoever was escalated to stays so, when the configuration moves the time.
        left = escalations.keys() - {*audience, *self.escalated(incident)}
        due_at = {url: since + after for url, after in escalations.items() if url in left}
        if policy.recovering_for:
            return {url: max(at, now) + policy.recovering_for for url, at in due_at.items()}
        return due_at

    def join(self, smaller: Incident, bigger: Incident) -> None:
        """Tell of what is left of a group to all who hear of the end of the group: it is named to them there."""
        told = self._told.get(bigger.id, {}).items()
        hearing = [url for url, said in told if (said.is_alarmed or said.waiting) and url in self._group_wait]
        self._audience[smaller.id] = tuple(dict.fromkeys((*self.audience(smaller), *hearing)))

    def forget_audiences(self) -> None:
        """Find out anew who is told of each incident: it may be of another watch section now."""
        self._audience.clear()

    def widen_audience(self, incident: Incident, joined: Iterable[str]) -> None:
        """A group is told to all who would be told of one of its members, also of those that joined later.

        ``joined``: the watch sections of these.
        """
        theirs = (url for watch in joined for url in self._routing.urls_for(incident.target, watch))
        self._audience[incident.id] = tuple(dict.fromkeys((*self.audience(incident), *theirs)))

    def told(self, incident_id: int, url_id: str) -> Told:
        """What this URL was told about this incident."""
        return self._told.get(incident_id, {}).get(url_id, NOTHING_TOLD)

    def learn(self, incident_id: int, url_id: str, news: Told) -> bool:
        """Take what the outbox says; return whether that is news. Bookings that it does not know yet are kept."""
        before = self.told(incident_id, url_id)
        unknown_to_it = before.booked - news.booked
        if unknown_to_it:
            waiting = news.waiting | (before.waiting & unknown_to_it)
            news = replace(news, booked=before.booked, waiting=waiting, opened_at=before.opened_at)
        if news == before:
            return False
        self._told.setdefault(incident_id, {})[url_id] = news
        return True

    def tell(
        self,
        incident: Incident,
        policy: Policy,
        now: float,
        changes: Changes,
        *,
        waits_for_cohort: bool = False,
        not_before: float = 0.0,
    ) -> dict[str, Reason]:
        """Book all that is missing; return the URLs that will be told, each with the (last) reason."""
        booked: dict[str, Reason] = {}
        late = [url for url, at in self._escalates_at(incident, policy, now).items() if at <= now]
        later = replace(policy, is_escalation=True)
        policies = {**dict.fromkeys(self.audience(incident), policy), **dict.fromkeys(self.escalated(incident), later)}
        for url_id, its_policy in self._with_tickets({**policies, **dict.fromkeys(late, later)}, incident).items():
            while (missing := decide(incident, self.told(incident.id, url_id), its_policy, now)) is not None:
                reason, serial = missing
                due = self._gathering.join(incident, reason, now)
                if not due:
                    due = max(self._due_at(reason, url_id, now, incident if waits_for_cohort else None), not_before)
                    if due > now:
                        self.wait_until(incident.id, due)
                changes.notifications.append(Notification(incident.id, url_id, reason, serial, now, due))
                self._mark_booked(incident.id, url_id, missing, now)
                booked[url_id] = reason
        return booked

    def wait_until(self, incident_id: int, at: float) -> None:
        """A message about an incident waits until then at the latest for others that may join or explain it."""
        self.waits_until[incident_id] = max(at, self.waits_until.get(incident_id, 0.0))

    def _with_tickets(self, policies: dict[str, Policy], incident: Incident) -> dict[str, Policy]:
        """The policies of the URLs; an on-call service is told that somebody took note."""
        if incident.acked_at is None:
            return policies
        return policies | {url: replace(policies[url], is_ticket=True) for url in self._tickets & policies.keys()}

    def group_wait(self, incident: Incident) -> float:
        """How long a message about an incident waits for others at most (seconds)."""
        return max((self._group_wait[url] for url in self._everybody(incident)), default=0.0)

    def tell_event(self, event: Incident, step: Step) -> tuple[str, ...]:
        """Book that an event is told to all who are told of its target; return their URLs.

        An on-call service is called to what lasts.
        """
        urls = tuple(url for url in self.audience(event) if url not in self._tickets)
        row = (OF_AN_EVENT[event.check], 0)
        for url_id in urls:
            due = step.now + self._group_wait[url_id]
            step.changes.notifications.append(Notification(event.id, url_id, *row, step.now, due))
            self._mark_booked(event.id, url_id, row, step.now)
        return urls

    def _due_at(self, reason: Reason, url_id: str, now: float, one_of_cohort: Incident | None) -> float:
        """When a message is due at the latest (seconds UTC). ``one_of_cohort``: it is told with the rest of these."""
        if reason not in (Reason.OPENED, Reason.CHANGED, Reason.RESOLVED, Reason.STABLE):
            return now
        # Whoever goes down for the same cause is told together: wait for the last of them.
        known_at = now
        if one_of_cohort is not None:
            known_at = self._cohorts.due_at(one_of_cohort.target.pbx, one_of_cohort.cohort, url_id)
        return max(now, known_at) + self._group_wait[url_id]

    def _mark_booked(self, incident_id: int, url_id: str, row: tuple[Reason, int], now: float) -> None:
        told = self.told(incident_id, url_id)
        is_opening = row[0] is Reason.OPENED or (row[0] is Reason.FLAPPING and not told.opened_at)
        opened_at = told.opened_at
        if is_opening:
            opened_at = now
        marked = replace(told, booked=told.booked | {row}, waiting=told.waiting | {row}, opened_at=opened_at)
        self._told.setdefault(incident_id, {})[url_id] = marked

    def has_untold(self, incident: Incident) -> bool:
        """Whether there is a URL that has not been told about this incident yet."""
        return any(self.told(incident.id, url_id).said is None for url_id in self._everybody(incident))

    def has_first_waiting(self, incident_id: int) -> bool:
        """Whether a first message about an incident was booked, and waits."""
        told = self._told.get(incident_id, {}).values()
        return any(reason in FIRST for said in told for reason, _ in said.waiting)

    def explain_away(self, incident_id: int) -> set[Reason]:
        """Drop what waits to be told of it while it lasts; return why that was to be told."""
        dropped: set[Reason] = set()
        for url_id, told in self._told.get(incident_id, {}).items():
            explained = frozenset(row for row in told.waiting if row[0] in EXPLAINED_AWAY)
            dropped.update(reason for reason, _ in explained)
            self._told[incident_id][url_id] = replace(told, waiting=told.waiting - explained)
        return dropped

    def next_due(self, incident: Incident, policy: Policy, now: float) -> float | None:
        """When the next reminder about this incident falls due, or somebody else is to be told; None: never.

        What is due already and was not booked is held back by something else; its end is looked at anew.
        """
        if not incident.is_open:
            return None
        reminders = [reminder_due_at(self.told(incident.id, url), policy) for url in self._everybody(incident)]
        escalations = self._escalates_at(incident, policy, now).values()
        times = [*reminders, *escalations]
        if policy.daily_line is not None:
            times.append(policy.recovers_at)
        if not policy.is_acknowledged:
            # Then it is told in the line of what is long gone. While it seems to recover, that waits.
            next_gone = self._routing.next_gone(incident, now - policy.recovering_for)
            if next_gone is not None:
                times.append(next_gone + policy.recovering_for)
        return min((at for at in times if at is not None and at > now), default=None)

    def is_finished(self, incident: Incident) -> bool:
        """Whether nothing is left to be told about it to anybody, a URL included that is not configured at present."""
        told = self._told.get(incident.id, {})
        return not incident.is_open and all(
            is_finished(incident, self.told(incident.id, url_id)) for url_id in {*self.audience(incident), *told}
        )

    def gather_anew(self, incident: Incident, now: float) -> None:
        """What waited for its like when healthmon stopped goes with them, or when none of them is in sight."""
        for told in self._told.get(incident.id, {}).values():
            for reason, _ in told.waiting:
                self._gathering.join(incident, reason, now)

    def is_waiting(self, incident_id: int) -> bool:
        """Whether a message about it was booked, and waits."""
        return any(told.waiting for told in self._told.get(incident_id, {}).values())

    def drop(self, incident_id: int) -> None:
        """Forget an incident that is finished."""
        self._told.pop(incident_id, None)
        self._audience.pop(incident_id, None)
        self.waits_until.pop(incident_id, None)


def _is_escalated(told: Told) -> bool:
    """Whether a URL belongs to those who are told because nobody took note."""
    return any(reason is Reason.ESCALATED for reason, _ in told.booked)
