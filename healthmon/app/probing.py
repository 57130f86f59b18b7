"""The threads that ask by OPTIONS of our own, and look up names: they are there only where that is configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from healthmon.app.supervision import Defects, keep_running
from healthmon.app.threads import join, started
from healthmon.config.configuration import Config
from healthmon.model import ProbePlan, Question, Target
from healthmon.sources.inbox import Inbox
from healthmon.times.clock import Clock

if TYPE_CHECKING:
    from healthmon.sources.probes import ProbeSource

#: How long stopping them may take (seconds). What looks up a name is not waited for.
STOP_WITHIN = 1.5
#: So many names are looked up at the same time: name servers that are silent about one keep one of these threads.
NAME_THREADS = 3
#: All of them.
THREADS = 1 + NAME_THREADS


class Probing:
    """Asks whom the engine wants to be asked. Owned by the main thread; the engine thread plans and asks."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._source: ProbeSource | None = None
        self._config: Config | None = None
        self._threads: list[Thread] = []
        #: All that is to be asked at present: whoever begins anew is told so.
        self._plans: dict[Target, ProbePlan] = {}

    def use(self, config: Config) -> None:
        """Take a configuration; ``start()`` starts what it wants."""
        before, self._config = self._config, config
        if not config.has_probes:
            self.stop()
        elif self._source is None or before is None or _leaves_from(before) != _leaves_from(config):
            self.stop()
            # What it needs is imported only here.
            from healthmon.sources.probes import ProbeSource  # noqa: PLC0415

            # First the source, then what it is to do: what the engine wants meanwhile is not lost.
            self._source = ProbeSource(config, self._inbox, self._clock)
            self._source.plan(dict(self._plans))

    def start(self) -> None:
        """Start all threads, unless they run, or nothing is to be asked."""
        source = self._source
        if source is None or self._threads:
            return
        keep = partial(keep_running, stop=source.stopped)
        self._threads = [started(partial(keep, source.run, note=source.note_defect, defects=Defects()), "probes")]
        look_up = partial(keep, source.look_up_names, note=lambda _: None)
        for _ in range(NAME_THREADS):
            self._threads.append(started(partial(look_up, defects=Defects()), "probe-names"))

    def stop(self) -> list[str]:
        """End all threads; return the names of those that are late."""
        source, self._source = self._source, None
        threads, self._threads = self._threads, []
        if source is None:
            return []
        source.stop()
        # A name server that does not answer keeps nobody waiting.
        return join(threads[:1], STOP_WITHIN)

    def plan(self, plans: Mapping[Target, ProbePlan | None]) -> None:
        """Have these endpoints asked so from now on; None: no longer."""
        for target, plan in plans.items():
            if plan is None:
                self._plans.pop(target, None)
            else:
                self._plans[target] = plan
        source = self._source
        if source is not None:
            source.plan(plans)

    def ask(self, question: Question) -> None:
        """Have these endpoints asked again now."""
        source = self._source
        if source is not None:
            source.ask(question)

    def learn(self, targets: Sequence[Target]) -> None:
        """There is nothing to be learnt."""


def _leaves_from(config: Config) -> tuple[object, ...]:
    return config.probe_from, config.timezone
