"""The bare baseline: websocket-client receives and json decodes, no more. Prints when the last event came."""

from __future__ import annotations

import base64
import json
import sys
import time

from websocket import create_connection

from tests.bench.peer import MARK


def main(url: str) -> None:
    """Read events until that of the mark."""
    authorization = "Basic " + base64.b64encode(b"healthmon:secret").decode()
    # Without this option it would check UTF-8 in Python, and be ten times slower.
    stream = create_connection(
        f"{url.replace('http', 'ws')}/ari/events?app=bare",
        header=[f"Authorization: {authorization}"],
        skip_utf8_validation=True,
    )
    print("connected", flush=True)
    while True:
        event = json.loads(stream.recv())
        if event["type"] == "ContactStatusChange" and event["endpoint"]["resource"] == MARK:
            break
    print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
