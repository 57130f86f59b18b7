"""A reload restarts what changed, and nothing else."""

from __future__ import annotations

import pytest

from healthmon.config.reload import Difference, difference
from tests.config.files import Files

OLD = """
[healthmon]
timezone = UTC
[pbx office]
url = http://office
username = healthmon
password = hunter22
[pbx shop]
url = http://shop
username = healthmon
password = hunter22
[watch all]
endpoints = *
[receiver oncall]
urls =
    boss = tgram://1:hunter22/3
    json://hook.example.org
[receiver desk]
urls = json://desk.example.org
"""

#: What is written instead of what -> what must be restarted.
CHANGES: list[tuple[str, str, Difference]] = [
    ("", "", Difference()),
    ("# nothing", "", Difference()),
    ("url = http://shop", "url = http://shop/ari/", Difference()),
    ("url = http://shop", "url = http://shop2", Difference(pbxs_to_reconnect=("shop",))),
    ("[pbx shop]", "[pbx shop]\napplication = other", Difference(pbxs_to_reconnect=("shop",))),
    ("[pbx shop]", "[pbx shop]\nverify_tls = no", Difference(pbxs_to_reconnect=("shop",))),
    ("[pbx shop]", "[pbx shop]\npoll_every = 5s", Difference(pbxs_adjusted=("shop",))),
    ("[pbx shop]", "[pbx shop]\nreceivers = desk", Difference(pbxs_adjusted=("shop",))),
    ("[pbx shop]", "[pbx store]", Difference(pbxs_added=("store",), pbxs_removed=("shop",))),
    ("[watch all]", "[watch all]\ndown_after = 5m", Difference(fields=("watches",))),
    ("1:hunter22", "1:hunter3", Difference(urls_changed=("oncall/boss",))),
    (
        "[receiver oncall]",
        "[receiver oncall]\ngroup_wait = 1m",
        Difference(urls_changed=("oncall/boss", "oncall/json:hook.example.org")),
    ),
    ("boss = tgram", "chief = tgram", Difference(urls_added=("oncall/chief",), urls_removed=("oncall/boss",))),
    (
        "urls =\n    boss",
        "urls =\n    json://new.example.org\n    boss",
        Difference(urls_added=("oncall/json:new.example.org",)),
    ),
    ("[watch all]", "[public status]\ntitle = x\nshow = PJSIP/1 = one\n[watch all]", Difference(fields=("public",))),
    ("timezone = UTC", "timezone = Europe/Berlin", Difference(fields=("timezone",))),
    ("timezone = UTC", "timezone = UTC\nlog_level = debug", Difference(fields=("log_level",))),
    ("timezone = UTC", "timezone = UTC\nkeep_history = 30d", Difference(fields=("history",))),
    ("timezone = UTC", "timezone = UTC\nheartbeat_url = https://hc-ping.com/x", Difference(fields=("heartbeat",))),
    (
        "timezone = UTC",
        "timezone = UTC\nreceiver_failing_after = 1m",
        Difference(fields=("receiver_failing_after",)),
    ),
    ("timezone = UTC", "timezone = UTC\nheartbeat_every = 5m", Difference()),
    ("timezone = UTC", "timezone = UTC\ndatabase = /tmp/other.db", Difference(fields=("database",))),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_what_a_change_restarts(files: Files, old: str, new: str, expected: Difference) -> None:
    before, after = files.load(OLD), files.load(OLD.replace(old, new, 1))

    found = difference(before, after)

    assert found == expected
    assert bool(found.consequences) is (expected != Difference())


def test_editing_receivers_reconnects_no_pbx_even_where_all_are_told(files: Files) -> None:
    before, after = files.load(OLD), files.load(OLD + "[receiver third]\nurls = json://third.example.org\n")

    found = difference(before, after)

    assert (found.pbxs_added, found.pbxs_removed, found.pbxs_to_reconnect) == ((), (), ())
    assert found.pbxs_adjusted == ("office", "shop")
    assert found.urls_added == ("third/json:third.example.org",)


def test_the_order_of_watches_decides_so_another_order_is_a_change(files: Files) -> None:
    one, two = "[watch a]\nendpoints = PJSIP/1*\n", "[watch b]\nendpoints = PJSIP/*1\n"
    start = OLD.partition("[watch all]")[0]

    assert difference(files.load(start + one + two), files.load(start + two + one)).fields == ("watches",)


@pytest.mark.parametrize(
    "new",
    [
        "timezone = UTC\nlanguage = ru",
        "timezone = Europe/Berlin",
        "timezone = UTC\n[site warehouse]\naddresses = 203.0.113.7",
        "timezone = UTC\n[names]\nPJSIP/101 = Reception",
        "timezone = UTC\n[maintenance night]\ndays = daily\ntime = 02:00-03:00",
        "timezone = UTC\n[web]\nlisten = 127.0.0.1:8089",
    ],
)
def test_what_pages_are_made_from_begins_the_web_process_anew(files: Files, new: str) -> None:
    changed = difference(files.load(OLD), files.load(OLD.replace("timezone = UTC", new, 1)))

    assert changed.web_changed
    assert not difference(files.load(OLD), files.load(OLD.replace("[pbx shop]", "[pbx store]"))).web_changed


def test_a_difference_is_said_in_words(files: Files) -> None:
    new = OLD.replace("http://shop", "http://shop2").replace("[watch all]", "[watch every]")

    words = difference(files.load(OLD), files.load(new)).consequences

    assert words == ("reconnects to shop", "other [watch …] sections")


def test_another_database_waits_for_a_restart_and_says_so(files: Files) -> None:
    new = OLD.replace("timezone = UTC", "timezone = UTC\ndatabase = /tmp/other.db")

    assert difference(files.load(OLD), files.load(new)).consequences == (
        "another database: only after a restart; until then the old one is used",
    )
