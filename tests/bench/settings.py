"""(k) How soon a real Asterisk has told how all endpoints are checked, by the lists of its manager interface or not."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.config.sections.shared import Secret
from healthmon.model import SettingsList, Target
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.contacts import ContactPart
from healthmon.sources.manager.link import ManagerLink
from healthmon.times.clock import Clock
from tests.bench.figures import Figure, median
from tests.bench.scale import Scale
from tests.bench.watched import PBX
from tests.core.scene import pbx_config
from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import Endpoint, phone, trunk
from tests.lab.packages import available
from tests.lab.pbxfiles import Options

#: What the user may write, and what is asked for then.
RIGHTS = {"system,reporting": "lists", "reporting": "variables"}
TRUNKS = 20
START_WITHIN = 600.0
#: Long enough that hardly any OPTIONS leave meanwhile (seconds).
QUALIFY_EVERY = 3600


def settings(scale: Scale) -> Iterator[Figure]:
    """Nothing without an Asterisk in the lab's cache. All phones have registered, as its own database says."""
    for version in (22, 16):
        kit = available(f"asterisk-{version}")
        if kit is None:
            continue
        for rights, way in RIGHTS.items():
            with TemporaryDirectory(prefix="healthmon-bench-") as folder, ExitStack() as ends:
                options = Options(ami_read="system", ami_write=rights)
                pbx = Asterisk(kit, _endpoints(scale.many), folder=Path(folder), options=options)
                ends.callback(pbx.close)
                _let_them_register(pbx, scale.many)
                # With 20,000 endpoints a start takes a minute or two.
                pbx.start(wait=False).wait_ready(START_WITHIN)
                yield from _first_rounds(pbx, scale, f"Asterisk {version}, {way}")


def _endpoints(many: int) -> list[Endpoint]:
    phones = [phone(str(10_000 + number), qualify_frequency=QUALIFY_EVERY) for number in range(many - TRUNKS)]
    trunks = [trunk(f"trunk-{number}", f"sip:127.0.0.1:{20_000 + number}") for number in range(TRUNKS)]
    return phones + trunks


def _let_them_register(pbx: Asterisk, many: int) -> None:
    """Write the contacts where Asterisk reads them at its start."""
    (pbx.folder / "lib").mkdir(exist_ok=True)
    with closing(sqlite3.connect(pbx.folder / "lib/astdb.sqlite3")) as database, database:
        database.execute("CREATE TABLE astdb (key VARCHAR(256) PRIMARY KEY, value VARCHAR(256))")
        rows = [_registered(str(10_000 + number), number) for number in range(many - TRUNKS)]
        database.executemany("INSERT INTO astdb VALUES (?, ?)", rows)


def _registered(name: str, number: int) -> tuple[str, str]:
    contact = {
        "via_addr": "127.0.0.1",
        "via_port": "5060",
        "endpoint": name,
        "uri": f"sip:{name}@127.0.0.1:{30_000 + number % 30_000}",
        "user_agent": "Yealink SIP-T46U 108.86.0.20",
        "qualify_frequency": str(QUALIFY_EVERY),
        "qualify_timeout": "1.000000",
        "expiration_time": str(int(time.time()) + 7200),
        "call_id": f"{number:016x}@bench",
        "reg_server": "bench",
        "prune_on_boot": "no",
        "authenticate_qualify": "no",
        "path": "",
        "outbound_proxy": "",
    }
    return f"/registrar/contact/{name};@{number:032x}", json.dumps(contact, separators=(",", ":"))


def _first_rounds(pbx: Asterisk, scale: Scale, how: str) -> Iterator[Figure]:
    """Read everything as after a login, several times; from the first request to the settings of the last endpoint."""
    until_known, used, whole = zip(*(_first_round(pbx, scale.many) for _ in range(scale.rounds)), strict=True)
    what = f"{how}: settings of {scale.many:,} endpoints"
    yield Figure(f"{what}, request to offered", median(until_known), "ms", at_most=4000.0)
    yield Figure(f"{what}, with the contacts", median(whole), "ms")
    yield Figure(f"{what}, with the contacts, processor time", median(used), "ms")


def _first_round(pbx: Asterisk, many: int) -> tuple[float, float, float]:
    username, password = pbx.ami_auth
    host, port = pbx.ami
    config = replace(
        pbx_config(), name=PBX, ami=f"tcp://{host}:{port}", ami_username=username, ami_password=Secret(password)
    )
    link = ManagerLink(config, Inbox(1_000_000, 1_000_000), Clock())
    names = [str(10_000 + number) for number in range(many - TRUNKS)] + [f"trunk-{number}" for number in range(TRUNKS)]
    link.endpoints = {Target(PBX, "PJSIP", name): None for name in names}
    link.has_events = True
    part = ContactPart(link)
    part.learn()
    with closing(AmiClient(config, timeout=60.0)) as client:
        begun, used, known, known_after = time.monotonic(), time.thread_time(), 0, 0.0
        for _ in part.work(client):
            client.events_at_hand()
            known += _settings_in(link.inbox)
            if known == many and not known_after:
                known_after = time.monotonic() - begun
        took = time.monotonic() - begun
    if known != many:
        raise RuntimeError(f"settings of {known} of {many} endpoints")
    return known_after * 1000, (time.thread_time() - used) * 1000, took * 1000


def _settings_in(inbox: Inbox) -> int:
    if not len(inbox):
        return 0
    return sum(len(offered.settings) for offered in inbox.drain(0) if isinstance(offered, SettingsList))
