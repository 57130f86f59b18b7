"""Who plays in the demo: a provider and twelve phones, and the configuration that watches them."""

from __future__ import annotations

from pathlib import Path

from healthmon.demo.fakepbx import FakeEndpoint

PBX = "office"
#: Of the ARI user.
PASSWORD = "played-only"  # noqa: S105  (it opens nothing but the fake)
TRUNK = "trunk-telekom"
#: A name as people really type them; no receiver may stumble over it.
BOB = "Bob & <b>Söhne</b>"
WAREHOUSE = ("104", "105", "106", "107", "108")
WAREHOUSE_ADDRESS = "203.0.113.7"
MEETING_ROOM = "111"
PHONES = ("101", "102", "103", *WAREHOUSE, "109", "110", MEETING_ROOM, BOB)

#: The played Asterisk says that it checks every second; with a minute the grace after its restart were a minute, too.
CHECKED_EVERY, CHECK_TIMEOUT = 1, 0.5

#: As in config.example.ini, only shorter.
CONFIGURATION = """\
[healthmon]
database = {database}
site_window = 1s

[pbx {pbx}]
url = {pbx_url}
username = healthmon
password = {password}
application = healthmon-demo
down_after = 3s
up_after = 1s
restart_grace = 10s
receivers = oncall

[watch providers]
endpoints = PJSIP/trunk-*
down_after = 2s
up_after = 1s
down_after_exact = yes
receivers = oncall

[watch phones]
endpoints = PJSIP/*
down_after = 2s
up_after = 1s
down_after_exact = yes
receivers = helpdesk

[receiver oncall]
group_wait = 500ms
urls = webhook = json://{webhook}/demo-oncall

[receiver helpdesk]
group_wait = 1s
urls = webhook = json://{webhook}/demo-helpdesk
"""


def endpoints() -> list[FakeEndpoint]:
    """Everything that the PBX has, all of it up."""
    everything = [FakeEndpoint("PJSIP", TRUNK, static_contact="sip:sip.telekom.example")]
    for number, name in enumerate(PHONES, start=101):
        # Addresses of RFC 5737, which nobody has. The warehouse has one for all its phones.
        address = f"192.0.2.{number}"
        if name in WAREHOUSE:
            address = WAREHOUSE_ADDRESS
        everything.append(FakeEndpoint("PJSIP", name, contact=f"sip:{number}@{address}:5060"))
    for endpoint in everything:
        endpoint.qualify_frequency, endpoint.qualify_timeout = CHECKED_EVERY, CHECK_TIMEOUT
    return everything


def configuration(database: Path, pbx_url: str, webhook: str, page: str = "") -> str:
    """Write the configuration file. ``webhook``: host and port; ``page``: those of the web page, "" for none."""
    written = CONFIGURATION.format(database=database, pbx=PBX, password=PASSWORD, pbx_url=pbx_url, webhook=webhook)
    if page:
        written += f"\n[web]\nlisten = {page}\n"
    return written
