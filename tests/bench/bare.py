"""The bare baselines: websocket-client receives, json decodes, and sqlite3 books, with nothing between them."""

from __future__ import annotations

import base64
import json
import select
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

from tests.bench.peer import MARK


def stream_of(url: str) -> WebSocket:
    """Open the event stream, and say so."""
    authorization = "Basic " + base64.b64encode(b"healthmon:secret").decode()
    stream = create_connection(
        f"{url.replace('http', 'ws')}/ari/events?app=bare",
        header=[f"Authorization: {authorization}"],
        # Else it would check UTF-8 in Python, and be ten times slower.
        skip_utf8_validation=True,
    )
    print("connected", flush=True)
    return stream


def read(url: str) -> None:
    """Read events until that of the mark; print when it came."""
    stream = stream_of(url)
    while _contact(json.loads(stream.recv())) != MARK:
        pass
    print(time.monotonic(), flush=True)


def book(url: str, folder: str) -> None:
    """Book every change, all that waits at once; note each commit in the file ``commits``, until killed."""
    database = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE t (name TEXT)"):
        database.execute(statement)
    with (Path(folder) / "commits").open("w", buffering=1) as commits:
        stream = stream_of(url)
        while True:
            names = [name for name in _batch(stream) if name]
            if names:
                database.execute("BEGIN IMMEDIATE")
                database.executemany("INSERT INTO t VALUES (?)", [(name,) for name in names])
                database.execute("COMMIT")
                commits.write(" ".join([str(time.monotonic()), *names]) + "\n")


def _batch(stream: WebSocket) -> list[str]:
    """Wait for an event, and take all that have come."""
    names = [_contact(json.loads(stream.recv()))]
    while select.select([stream], [], [], 0)[0]:
        names.append(_contact(json.loads(stream.recv())))
    return names


def _contact(event: dict[str, Any]) -> str:
    """Whose contact changed, which is the last of the three events of a change; "" for another event."""
    return str(event["endpoint"]["resource"]) if event["type"] == "ContactStatusChange" else ""


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(sys.argv[2])
    else:
        book(sys.argv[2], sys.argv[3])
