"""The threads that tell people: one for each receiver URL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

from healthmon.app.supervision import Defects, keep_running
from healthmon.app.threads import join, started
from healthmon.config.configuration import Config
from healthmon.config.reload import Difference
from healthmon.errors import DatabaseUnwritable
from healthmon.model import DisplayNames
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.compose.message import MessageDraft
from healthmon.notify.delivery.deliverer import Deliverer
from healthmon.notify.delivery.direct import DirectQueue
from healthmon.notify.templates.rendering import Rendering
from healthmon.store.outbox.outbox import Outbox, open_outbox
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)

#: How long stopping them may take, all together (seconds).
STOP_WITHIN = 3.0


class DelivererThread:
    """The thread that sends to one URL. After a defect of its deliverer it goes on with a new one.

    The new one is to be given ``wake``, ``stop``, ``direct`` and ``open_outbox`` of this thread.
    """

    def __init__(
        self,
        url_id: str,
        new_deliverer: Callable[[DelivererThread], Deliverer],
        open_outbox: Callable[[], Outbox],
        clock: Clock,
    ) -> None:
        self.wake, self.stop = Event(), Event()
        self.direct = DirectQueue()
        self._url_id = url_id
        self._new_deliverer = new_deliverer
        self._open_outbox = open_outbox
        self._clock = clock
        #: In words, a defect that is not booked yet; "": none.
        self._defect = ""
        self.deliverer = new_deliverer(self)
        work = partial(keep_running, self._deliver, stop=self.stop, note=self._replace, defects=Defects())
        self.thread = started(work, f"deliver:{url_id}")

    def open_outbox(self) -> Outbox:
        """Open it; nothing is claimed before it is booked that the last deliverer had a defect."""
        outbox = self._open_outbox()
        try:
            if self._defect:
                outbox.note_defect(self._url_id, self._clock.wall(), self._defect)
        except DatabaseUnwritable:
            outbox.close()
            raise
        self._defect = ""
        return outbox

    def _deliver(self) -> None:
        self.deliverer.run()

    def _replace(self, why: str) -> None:
        """Put a new deliverer in the place of one that has a defect, and book that the URL fails."""
        zone, names = self.deliverer.zone, self.deliverer.names
        self.deliverer = self._new_deliverer(self)
        self.deliverer.zone, self.deliverer.names = zone, names
        self._defect = why
        try:
            self.open_outbox().close()
        except DatabaseUnwritable as error:
            log.error("%s: %s; its defect is booked later", self._url_id, error)


class Telling:
    """All threads that send messages. Owned by the main thread; the engine's hooks wake them."""

    def __init__(self, database: Path, clock: Clock, rendering: Rendering) -> None:
        self._database = database
        self._clock = clock
        self._rendering = rendering
        self._deliverers: dict[str, DelivererThread] = {}

    def start(self, config: Config) -> None:
        """Put what was left in the middle of being sent into doubt, and start one thread for each URL."""
        url_ids = [url.url_id for receiver in config.receivers for url in receiver.urls]
        with closing(open_outbox(self._database)) as outbox:
            in_doubt = outbox.recover(url_ids, self._clock.wall())
            outbox.retire_others(url_ids, self._clock.wall())
            in_doubt += outbox.reports.recover(url_ids)
            outbox.reports.retire_others(url_ids, self._clock.wall())
        if in_doubt:
            log.warning("%d messages were being sent when healthmon ended; they are sent again, marked", in_doubt)
        self._keep_rendering_if_needed(config)
        for url_id in url_ids:
            self._start(config, url_id)

    def stop(self) -> None:
        """Stop them; a message that is being sent is finished first."""
        late = _ended(self._deliverers.values())
        log.info("deliverers stopped%s", f"; still sending, to be repeated: {', '.join(late)}" if late else "")

    def reload(self, config: Config, changed: Difference) -> None:
        """Restart the threads whose URL or receiver changed, and leave the others alone."""
        _ended([self._deliverers.pop(url_id) for url_id in (*changed.urls_removed, *changed.urls_changed)])
        self._keep_rendering_if_needed(config)
        for url_id in (*changed.urls_added, *changed.urls_changed):
            self._start(config, url_id)
        for url_thread in self._deliverers.values():
            url_thread.deliverer.zone = config.timezone
            url_thread.deliverer.names = DisplayNames(config.names)

    def wake_all(self) -> None:
        """Something was booked. The engine thread calls it."""
        for url_thread in list(self._deliverers.values()):
            url_thread.wake.set()

    def say_directly(self, draft: MessageDraft) -> None:
        """Tell everybody past the outbox, which cannot be used. The engine thread calls it."""
        for url_thread in list(self._deliverers.values()):
            url_thread.deliverer.say(draft)

    def _others_look_again(self, url_id: str) -> None:
        """A channel that could not be reached takes messages again. Its deliverer's thread calls it."""
        for other_url_id, thread in list(self._deliverers.items()):
            if other_url_id != url_id:
                thread.deliverer.look_again()

    def _keep_rendering_if_needed(self, config: Config) -> None:
        """The process that writes by templates is there before an alert needs it, and only where there are any."""
        if any(receiver.subject_template or receiver.body_template for receiver in config.receivers):
            self._rendering.start()
        else:
            self._rendering.close()

    def _start(self, config: Config, url_id: str) -> None:
        receiver, url = next(
            (receiver, url) for receiver in config.receivers for url in receiver.urls if url.url_id == url_id
        )

        def new_deliverer(url_thread: DelivererThread) -> Deliverer:
            return Deliverer(
                url_id=url_id,
                receiver=receiver,
                sender=sender_for(url_id, url.url),
                open_outbox=url_thread.open_outbox,
                zone=config.timezone,
                clock=self._clock,
                wake=url_thread.wake,
                stop=url_thread.stop,
                on_return=partial(self._others_look_again, url_id),
                rendering=self._rendering,
                direct=url_thread.direct,
                names=DisplayNames(config.names),
            )

        self._deliverers[url_id] = DelivererThread(
            url_id, new_deliverer, lambda: open_outbox(self._database), self._clock
        )


def _ended(deliverers: Iterable[DelivererThread]) -> list[str]:
    """Stop these; return the names of those that are still sending."""
    ending = list(deliverers)
    for url_thread in ending:
        url_thread.stop.set()
        url_thread.wake.set()
    return join((url_thread.thread for url_thread in ending), STOP_WITHIN)
