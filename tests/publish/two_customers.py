"""Two customers on three PBXs: acme has one, zeta has one, and both have phones on a third, partly at one site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from healthmon.config.credentials import hash_of_token
from healthmon.config.loading.web_settings import WebSettings, load_web_settings
from healthmon.config.sections.public import PublicConfig
from healthmon.model import Check, Health, Kind, Matcher, Severity, Target
from healthmon.publish.web.access.access import Guests
from healthmon.store.write.orders import open_commander
from tests.publish.forking import commands_forked
from tests.publish.guests import PASSWORD, cheap_hash
from tests.publish.scene import Site, opened
from tests.report.builder import HOUR, NOW, connection, fail_to_tell, outage, phone, provider, running, steps

#: Tokens: of acme, who operates; of acme's phones on the hub alone; of whoever sees everything; of zeta.
ACME, PHONES, ALL, ZETA = "hm_acme", "hm_phones", "hm_all", "hm_zeta"
#: In everything that is zeta's, or says something of zeta. It is no part of anything else.
FOREIGN = "zeta"
#: The incidents of zeta, those of what both have a part in, and those of acme.
OF_ZETA, OF_BOTH, OF_ACME = (3, 4, 9), (5, 6), (1, 2, 7, 8)
SITE = "203.0.113.7"
#: Why acme's trunk is not well: which addresses of its provider are silent is the operator's.
SILENT = f"2 of 3 addresses of sip.acme.example answer (no answer from UDP {FOREIGN}.example:5060)"

CONFIGURATION = f"""
[healthmon]
database = h.db
timezone = Europe/Berlin
[pbx acme]
url = http://127.0.0.1:8088
username = healthmon
password = x
customer = acme
[pbx zetapbx]
url = http://127.0.0.1:8089
username = healthmon
password = x
customer = zeta
[pbx hub]
url = http://127.0.0.1:8090
username = healthmon
password = x
[watch acme-phones]
endpoints = PJSIP/acme*
pbx = hub
customer = acme
[watch zeta-phones]
endpoints = PJSIP/zeta*
pbx = hub
customer = zeta
[watch rest]
endpoints = PJSIP/*
pbx = acme, zetapbx
[names]
hub:PJSIP/zeta1 = Zeta's reception
hub:PJSIP/acme1 = Reception
[site zetahouse]
addresses = 198.51.100.7
[maintenance zetamove]
days = Mon-Sun
time = 00:00-24:00
pbx = zetapbx
[maintenance zetaevening]
days = Mon-Sun
time = 00:00-24:00
pbx = hub
[receiver zetareceiver]
urls = json://127.0.0.1:9
[user amy]
password_hash = {cheap_hash(PASSWORD)}
role = operator
customer = acme
[user vera]
password_hash = {cheap_hash(PASSWORD)}
customer = acme
[token acme]
token_hash = {hash_of_token(ACME)}
role = operate
customer = acme
[token phones]
token_hash = {hash_of_token(PHONES)}
watch = acme-phones
[token zeta]
token_hash = {hash_of_token(ZETA)}
role = operate
customer = zeta
[token all]
token_hash = {hash_of_token(ALL)}
role = operate
"""


def _fill(path: Path) -> None:
    """What the daemon would have written."""
    acme1, zeta1 = (phone(f"{name}1", Health.DOWN, "hub", watch=f"{name}-phones") for name in ("acme", "zeta"))
    trunk = provider("trunk", Health.DOWN, "acme", watch="rest", reason=SILENT, remark=SILENT)
    zetatrunk = provider("zetatrunk", Health.DOWN, "zetapbx", watch="rest", reason="zeta's provider is gone")
    site = replace(acme1, target=Target("hub", Kind.SITE, SITE), kind=Kind.SITE, watch="", check=Check.REACHABILITY)
    manager = connection("hub", Health.DOWN, check=Check.INVENTORY, reason="PJSIP/zeta9 is missing")
    states = [
        *(connection("acme"), connection("zetapbx"), connection("hub"), manager),
        *(acme1, zeta1, trunk, zetatrunk),
        phone("acme2", Health.UP, "hub", watch="acme-phones"),
        phone("zeta2", Health.UP, "hub", watch="zeta-phones"),
    ]
    incidents = [
        outage(1, trunk, NOW - HOUR, acked_at=NOW - 60, acked_by="amy", muted_by="maintenance zetamove", cause=SILENT),
        outage(2, acme1, NOW - HOUR, explained_by=5, muted_by="maintenance zetaevening"),
        outage(3, zeta1, NOW - HOUR, explained_by=5, cause="zeta's cable"),
        outage(4, zetatrunk, NOW - HOUR, acked_at=NOW - 60, acked_by="zetaboss", ack_reason="zeta knows"),
        outage(5, site, NOW - HOUR, cause="zeta's switch", watches=("acme-phones", "zeta-phones"), down=2, of=4),
        outage(6, manager, NOW - HOUR, cause="PJSIP/zeta9 is missing"),
        outage(7, acme1, NOW - 5 * HOUR, NOW - 4 * HOUR, severity=Severity.WARNING),
        outage(8, trunk, NOW - 5 * HOUR, NOW - 4 * HOUR, cause=SILENT),
        outage(9, zetatrunk, NOW - 5 * HOUR, NOW - 4 * HOUR, cause="zeta's power"),
    ]
    down = (acme1, zeta1, trunk, zetatrunk)
    history = [change for state in down for change in steps(state, (NOW - HOUR, state.belief))]
    places = {acme1.target: [SITE], zeta1.target: [SITE, "198.51.100.7"]}
    with running(path, states, incidents=incidents, history=history, places=places):
        pass
    trouble = incidents[0]
    fail_to_tell(path, replace(trouble, acked_at=None, muted_by=""), "zetareceiver/1", NOW - 1)
    with running(path, incidents=[trouble]):
        pass
    with open_commander(path) as commander:
        for matcher in (Matcher(pbxs=("zetapbx",)), Matcher(endpoints=("hub:PJSIP/zeta1",)), Matcher()):
            commander.silence(matcher, since=NOW - 60, until=NOW + 1e9, author="zetaboss", reason="zeta moves")
        own = Matcher(endpoints=("hub:PJSIP/acme1",))
        commander.silence(own, since=NOW - 60, until=NOW + 1e9, author="amy", reason="ours")


def written(folder: Path) -> tuple[Path, WebSettings]:
    """Write the configuration and the database into a folder; return where it is, and what the web process knows."""
    path = folder / "h.db"
    config = path.with_suffix(".ini")
    config.write_text(CONFIGURATION)
    _fill(path)
    return path, load_web_settings(config, {})


def guests_of(settings: WebSettings) -> Guests:
    """Whoever may look."""
    return Guests(settings.web, settings.users, settings.tokens, settings.customers)


@contextmanager
def two_customers(folder: Path, for_everybody: Sequence[PublicConfig] = ()) -> Iterator[Site]:
    """The web process over it."""
    path, settings = written(folder)
    shown = {
        "guests": guests_of(settings),
        "plans": settings.plans,
        "has_phones": True,
        "for_everybody": for_everybody,
    }
    with running(path), opened(path, **shown) as web, commands_forked(web):
        yield web
