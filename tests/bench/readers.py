"""Many open pages, as the script of a page asks: every 1.5 s, with the tag of the page that it has.

``python -m tests.bench.readers PORT PAGES``: says "open" when each has its page, asks until its input ends, and then
says how many answers of which status came.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from http.client import HTTPConnection
from threading import Event, Lock, Thread

EVERY = 1.5


class Readers:
    """All pages, each with a thread and a connection of its own."""

    def __init__(self, port: int, pages: int) -> None:
        self._port = port
        self._stop, self._lock = Event(), Lock()
        self._statuses: Counter[int] = Counter()
        self._has_page = [Event() for _ in range(pages)]
        self._threads = [Thread(target=self._read, args=(number,)) for number in range(pages)]

    def open(self) -> None:
        """Open all of them; they ask in turns, not all at once."""
        for thread in self._threads:
            thread.start()
            time.sleep(EVERY / len(self._threads))
        for has_page in self._has_page:
            has_page.wait()

    def close(self) -> Counter[int]:
        """Close them; return how many answers of which status came."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self._statuses

    def _read(self, number: int) -> None:
        connection, tag = HTTPConnection("127.0.0.1", self._port, timeout=60), ""
        while not self._stop.is_set():
            connection.request("GET", "/", headers={"If-None-Match": tag})
            answer = connection.getresponse()
            answer.read()
            tag = answer.headers.get("ETag", tag)
            self._has_page[number].set()
            with self._lock:
                self._statuses[answer.status] += 1
            self._stop.wait(EVERY)
        connection.close()


def main(port: str, pages: str) -> None:
    """Read until the input ends."""
    readers = Readers(int(port), int(pages))
    readers.open()
    print("open", flush=True)
    sys.stdin.read()
    print(json.dumps(readers.close()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
