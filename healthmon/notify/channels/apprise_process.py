"""Sends one message of a channel that speaks something else than HTTP, within a helper process that can be killed."""

from __future__ import annotations

import msgspec

from healthmon.notify.channels.apprise import Parcel
from healthmon.notify.helper_process import serve


def answer(question: bytes) -> bytes:
    """Send a message, and say what became of it."""
    return msgspec.msgpack.encode(msgspec.msgpack.decode(question, type=Parcel).send())


if __name__ == "__main__":
    serve(answer)
