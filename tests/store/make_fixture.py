"""Makes ``fixtures/schema1.db.gz``, the database of the first released schema.

Later migrations are tried on it, so it is made once for each released schema and then never again:
``python -m tests.store.make_fixture`` writes the present one.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from healthmon.model import Freshness, Health, PbxState
from healthmon.store.schema import MIGRATIONS
from tests.store.scene import (
    OFFICE,
    PHONE,
    START,
    Store,
    by_key,
    closed,
    incident,
    notification,
    state,
    transition,
    veil,
    veils,
)

FIXTURES = Path(__file__).with_name("fixtures")


def fill(store: Store) -> None:
    """Book something of everything."""
    store.book(
        states=by_key(state(belief=Health.DOWN)),
        pbx_states={"office": PbxState("office", version="22.3.0", was_seen=True)},
        transitions=[transition(START + 1, Health.UP), transition(START + 100, Health.DOWN, Health.UP)],
        veils=veils(veil(START + 20, START + 30), veil(START + 40, START + 50, OFFICE, "blind")),
        incidents={1: closed(1, START + 60), 2: incident(2)},
        notifications=[notification(number=2)],
    )
    claim = store.outbox.claim("oncall/boss", START + 200)
    if claim is not None:
        store.outbox.delivered(claim, START + 201, "DOWN phone 101 (office)")
    store.writer.alive(START + 210, [Freshness("office", START + 200, START + 190, START + 205)])


def main() -> None:
    """Write the fixture of the present schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "healthmon.db"
        store = Store(path)
        fill(store)
        store.stop()
        target = FIXTURES / f"schema{len(MIGRATIONS)}.db.gz"
        target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        print(f"{target}: {target.stat().st_size} bytes of {PHONE} and its PBX")


if __name__ == "__main__":
    main()
