"""Fourteen kinds of apprise URL, each with the parts that must never be seen anywhere. All lead to closed ports or
to nowhere: nothing in these tests leaves the machine."""

from __future__ import annotations

from msgspec import Struct

#: A port on loopback where nobody listens.
NOBODY = "127.0.0.1:9"


class Example(Struct, frozen=True):
    """A URL and its secrets, as they stand in it and decoded."""

    url: str
    secrets: tuple[str, ...]


EXAMPLES = {
    "mailto": Example(
        f"mailto://alarm%40corp:pa%3Bss%20word@{NOBODY}?from=me@corp.example&to=boss@corp.example,x1y2@corp.example",
        ("alarm%40corp", "alarm@corp", "pa%3Bss%20word", "pa;ss word", "boss@corp.example", "x1y2@corp.example"),
    ),
    "mailtos": Example(
        f"mailtos://nachtwache:q@{NOBODY}?from=me@corp.example&to=night.shift@corp.example&+In-Reply-To=thread-4711",
        ("nachtwache", "night.shift@corp.example", "thread-4711"),
    ),
    "tgram": Example(
        "tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345678/-100987654321",
        ("123456789:abcdefg", "abcdefg_hijklmnop-qrstuvwxyz12345678", "100987654321"),
    ),
    "slack": Example(
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#nightwatch",
        ("T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ", "nightwatch"),
    ),
    "discord": Example(
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", ("4174216298", "JHMHI8qBe7bk2ZwO5U711o3dV_js")
    ),
    "ntfy": Example(f"ntfy://watcher:hunter22@{NOBODY}/secret-topic", ("watcher", "hunter22", "secret-topic")),
    "ntfy cloud": Example("ntfy://my-secret-topic", ("my-secret-topic",)),
    "gotify": Example(f"gotify://{NOBODY}/prefix1/AbCdEfGhIjK.lmn", ("prefix1", "AbCdEfGhIjK.lmn")),
    "pover": Example(
        "pover://uQiRzpo4DXghDmr9QzzfQu27cmVRsG@azGDORePK8gMaC0QOYAMyEEuzJnyUi/mydevice",
        ("uQiRzpo4DXghDmr9QzzfQu27cmVRsG", "azGDORePK8gMaC0QOYAMyEEuzJnyUi", "mydevice"),
    ),
    "json": Example(
        f"json://robot:zaubertrank@{NOBODY}/services/T0KEN?+X-Token=headersecret&-apikey=k9k9k9",
        ("robot", "zaubertrank", "services", "T0KEN", "headersecret", "k9k9k9", "cm9ib3Q6emF1YmVydHJhbms="),
    ),
    "jsons": Example(f"jsons://{NOBODY}/h00k/9f8e7d?+Authorization=Bearer%20geheim77", ("h00k", "9f8e7d", "geheim77")),
    "pagerduty": Example(
        f"pagerduty://R0ut1ngK3yR0ut1ngK3yR0ut1ngK3y00@4p1k3ys3cr3t?server=http%3A%2F%2F{NOBODY.replace(':', '%3A')}",
        ("R0ut1ngK3yR0ut1ngK3yR0ut1ngK3y00", "4p1k3ys3cr3t"),
    ),
    "ilert": Example(f"ilert://il1kk3y5ecret?server=http%3A%2F%2F{NOBODY.replace(':', '%3A')}", ("il1kk3y5ecret",)),
    "splunk": Example(
        f"splunk://nightwatch@5p1unkk3y?server=http%3A%2F%2F{NOBODY.replace(':', '%3A')}", ("5p1unkk3y", "nightwatch")
    ),
    "alertmanager": Example(f"alertmanager://robot77:a1ertpass@{NOBODY}/?+X-Token=t0ken77", ("a1ertpass", "t0ken77")),
    "xml": Example(f"xml://robot:p%25q%2Fr@{NOBODY}/deep/path77", ("robot", "p%25q%2Fr", "p%q/r", "deep", "path77")),
    "matrix": Example(f"matrix://user77:passw0rd@{NOBODY}/#operators", ("user77", "passw0rd", "operators")),
    "signal": Example(f"signal://{NOBODY}/+15551234567/+15557654321", ("15551234567", "15557654321")),
    "workflows": Example(
        "workflows://prod-1.westeurope.logic.azure.example/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu",
        ("643e69f83c8944438d68119179a10a64", "KODuebWbDGYFr0z0eu"),
    ),
    "msteams": Example(
        "msteams://myteam/8b799edf-6f98-4d3a-9be7-2862fb4e5752@67e4e2f0-1c0c-4b63-b3f4-1d2e5d4f5a6b/"
        "7bdc7c0e0f8c4b1d8e7f6a5b4c3d2e1f/7bdc7c0e-0f8c-4b1d-8e7f-6a5b4c3d2e1f",
        ("8b799edf-6f98-4d3a-9be7-2862fb4e5752", "67e4e2f0", "7bdc7c0e0f8c4b1d8e7f6a5b4c3d2e1f"),
    ),
}
