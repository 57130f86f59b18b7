"""``python -m tests.system.defective FOLDER …``: healthmon with defects that are planted for as long as a file exists.

``FOLDER/polls``: whoever asks the PBX ``broken`` for its endpoints has a defect. ``FOLDER/events``: an event about its
phone 102 is one too many. ``FOLDER/send``: a webhook whose path ends in ``/broken`` cannot be told of 103.
``FOLDER/engine``: the engine itself has a defect.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import healthmon.app.supervision
from healthmon.cli import main
from healthmon.engine import Engine
from healthmon.model import ContactChange, Sighting, Target
from healthmon.notify.channels.webhook import WebhookSender
from healthmon.notify.compose.message import Message
from healthmon.sources.inbox import Inbox
from healthmon.sources.polls import PollSource

#: Such a text must be in the log alone, and blotted out there.
SECRET = "https://user:hunter2-planted@example.org/"
PLANTED = Target("broken", "PJSIP", "102")
PAUSES = (0.2, 0.5, 1.0)


class PlantedError(Exception):
    """A defect of ours, as far as healthmon can tell."""


def plant(folder: Path) -> None:
    """Put the defects in."""
    look, offer, send, step = PollSource._look, Inbox.offer, WebhookSender.send, Engine.step

    def defective_look(source: PollSource) -> None:
        if source._pbx.name == "broken" and (folder / "polls").exists():
            raise PlantedError(SECRET)
        look(source)

    def defective_offer(inbox: Inbox, sighting: Sighting) -> bool:
        is_planted = isinstance(sighting, ContactChange) and sighting.target == PLANTED
        if is_planted and (folder / "events").exists():
            raise PlantedError(SECRET)
        return offer(inbox, sighting)

    def defective_send(sender: WebhookSender, message: Message) -> None:
        if sender._url.endswith("/broken") and "103" in message.subject and (folder / "send").exists():
            raise PlantedError(SECRET)
        send(sender, message)

    def defective_step(engine: Engine, batch: Sequence[Sighting]) -> None:
        if (folder / "engine").exists():
            raise PlantedError(SECRET)
        step(engine, batch)

    for owner, name, defective in (
        (PollSource, "_look", defective_look),
        (Inbox, "offer", defective_offer),
        (WebhookSender, "send", defective_send),
        (Engine, "step", defective_step),
    ):
        setattr(owner, name, defective)


if __name__ == "__main__":
    plant(Path(sys.argv.pop(1)))
    healthmon.app.supervision.PAUSES = PAUSES
    main()
