"""(k) How soon a real Asterisk has told how all endpoints are checked, by the lists of its manager interface or not."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.endpoints import LIST_AORS, LIST_ENDPOINTS
from healthmon.config.sections.shared import Secret
from healthmon.model import SettingsList, Target
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.contacts import ContactPart
from healthmon.sources.manager.link import ManagerLink
from healthmon.times.clock import Clock
from tests.bench.bare_manager import BareManager, lists_apart
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
#: The functions that tell of an endpoint, and of its AOR.
OF_ENDPOINT, OF_AOR = ("aors", "outbound_auth"), ("qualify_frequency", "qualify_timeout", "max_contacts", "contact")
#: So many variables are under way at once in the bare baseline, as in ours.
WINDOW = 500
#: Told within so long (milliseconds), if Asterisk alone takes no longer; else within so many times what it takes.
WITHIN, TIMES_BARE = 4000.0, 1.3
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
                yield from _first_rounds(pbx, scale, f"Asterisk {version}, {way}", way)
                if way == "lists":
                    yield from _bare_ways(pbx, scale, f"Asterisk {version} alone (bare)")


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


def _first_rounds(pbx: Asterisk, scale: Scale, how: str, way: str) -> Iterator[Figure]:
    """Read everything as after a login, several times, in turns with the bare client.

    From the first request to the settings of the first endpoints and of the last one.
    """
    rounds, alone = [], []
    with closing(BareManager(pbx)) as bare:
        for _ in range(scale.rounds):
            alone.append(_took(lambda: _ask_barely(bare, way, scale.many)))
            rounds.append(_first_round(pbx, scale.many))
    bare_ms = median(alone)
    first, until_known, whole, used = (median(values) for values in zip(*rounds, strict=True))
    what = f"{how}: settings of {scale.many:,} endpoints"
    yield Figure(f"{how}: settings of the {TRUNKS} providers, request to offered", first, "ms")
    if bare_ms <= WITHIN:
        yield Figure(f"{what}, request to offered", until_known, "ms", at_most=WITHIN, bare=bare_ms)
    else:
        yield Figure(f"{what}, request to offered", until_known, "ms", bare=bare_ms, ratio_at_most=TIMES_BARE)
    yield Figure(f"{what}, with the contacts", whole, "ms")
    yield Figure(f"{what}, with the contacts, processor time", used, "ms")


def _ask_barely(bare: BareManager, way: str, many: int) -> None:
    """Ask for what tells the settings, in the same way."""
    if way == "lists":
        bare.lists(LIST_ENDPOINTS, LIST_AORS)
        return
    for function in [f"PJSIP_ENDPOINT({{}},{what})" for what in OF_ENDPOINT] + _functions_of_aors():
        bare.variables([function.format(name) for name in _names(many)], WINDOW)


def _functions_of_aors() -> list[str]:
    return [f"PJSIP_AOR({{}},{what})" for what in OF_AOR]


def _bare_ways(pbx: Asterisk, scale: Scale, who: str) -> Iterator[Figure]:
    """What Asterisk takes for the same lists and for one variable of each AOR, asked in several ways."""
    names = [_functions_of_aors()[0].format(name) for name in _names(scale.many)]
    with closing(BareManager(pbx)) as bare:

        def one_after_the_other() -> None:
            bare.lists(LIST_ENDPOINTS)
            bare.lists(LIST_AORS)

        ways: dict[str, Callable[[], float]] = {
            "both lists, one after the other": lambda: _took(one_after_the_other),
            "both lists at once, one connection": lambda: _took(lambda: bare.lists(LIST_ENDPOINTS, LIST_AORS)),
            "both lists at once, two connections": lambda: lists_apart(pbx, (LIST_ENDPOINTS, LIST_AORS)),
            "a variable of each, 50 under way": lambda: _took(lambda: bare.variables(names, 50)),
            f"a variable of each, {WINDOW} under way": lambda: _took(lambda: bare.variables(names, WINDOW)),
            "a variable of each, all under way": lambda: _took(lambda: bare.variables(names, len(names))),
        }
        took = {way: [ask() for _ in range(scale.rounds)] for way, ask in ways.items()}
    for way, times in took.items():
        yield Figure(f"{who}: {way}, {scale.many:,} endpoints", median(times), "ms")


def _took(ask: Callable[[], None]) -> float:
    begun = time.monotonic()
    ask()
    return (time.monotonic() - begun) * 1000


def _names(many: int) -> list[str]:
    """All endpoints; those of a small watch section first, as the engine has them learned."""
    return [f"trunk-{number}" for number in range(TRUNKS)] + [str(10_000 + number) for number in range(many - TRUNKS)]


def _first_round(pbx: Asterisk, many: int) -> tuple[float, float, float, float]:
    """Until the first settings, those of all, and the whole round; and our processor time (milliseconds)."""
    username, password = pbx.ami_auth
    host, port = pbx.ami
    config = replace(
        pbx_config(), name=PBX, ami=f"tcp://{host}:{port}", ami_username=username, ami_password=Secret(password)
    )
    link = ManagerLink(config, Inbox(1_000_000, 1_000_000), Clock())
    link.endpoints = {Target(PBX, "PJSIP", name): None for name in _names(many)}
    link.has_events = True
    part = ContactPart(link)
    part.learn()
    known, first, known_after = set[str](), 0.0, 0.0
    with closing(AmiClient(config, timeout=60.0)) as client:
        begun, used = time.monotonic(), time.thread_time()
        for _ in part.work(client):
            client.events_at_hand()
            known |= _settings_in(link.inbox)
            if known and not first:
                first = time.monotonic() - begun
            if len(known) == many and not known_after:
                known_after = time.monotonic() - begun
        took = time.monotonic() - begun
    if len(known) != many:
        raise RuntimeError(f"settings of {len(known)} of {many} endpoints")
    return first * 1000, known_after * 1000, took * 1000, (time.thread_time() - used) * 1000


def _settings_in(inbox: Inbox) -> set[str]:
    """The endpoints whose settings have been offered."""
    if not len(inbox):
        return set()
    offered = [sighting for sighting in inbox.drain(0) if isinstance(sighting, SettingsList)]
    return {settings.target.resource for sighting in offered for settings in sighting.settings}
