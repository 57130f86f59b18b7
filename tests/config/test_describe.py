"""``check-config`` says in words what a configuration means."""

from __future__ import annotations

from healthmon.config.credentials import hash_of_token
from healthmon.config.describe import describe
from tests.config.files import PBX, WATCH, Files, pbx
from tests.publish.guests import cheap_hash


def test_a_configuration_in_words(files: Files) -> None:
    config = files.load(
        pbx("url = https://pbx.example/asterisk", "verify_tls = no")
        + "[watch providers]\nendpoints = PJSIP/trunk-*\nexclude = PJSIP/trunk-9\nkind = provider\npbx = off*\n"
        + "down_after_exact = yes\nalert_on = down, degraded\nrtt_warn = 300ms\n"
        + "remind_every = 1h, 4h\nescalate_to = desk after 15m\n"
        + "[watch phones]\nendpoints = PJSIP/*\nkind = mobile\ndown_after = 3m\nreceivers = nobody\n"
        + "working_hours = Mon-Wed, Fri 08:00-18:00, 06:00-07:00\nlong_gone = 1d\n"
        + "[receiver oncall]\nurls =\n    boss = tgram://1:hunter22/3\n    mailto://u:hunter22@mail.example.org\n"
        + "quiet = 22:00-07:00 except warning, critical\n"
        + "[receiver desk]\nurls = json://127.0.0.1\n"
    )

    assert describe(config) == [
        "database /var/lib/healthmon/healthmon.db",
        "times in UTC; changes are kept for 2y, figures by the day for 10y",
        "a site is down when 30% of it went down within 30s, and has been so for 30s",
        "no heartbeat_url: nobody outside notices when healthmon dies",
        "",
        "pbx office: https://pbx.example/asterisk as healthmon, application healthmon-pbx1, certificate not checked",
        "    asked every 1m; 2m of grace after its restart",
        "    down after 15s, up after 5s, degraded after 1m",
        "    tells oncall, desk",
        "",
        "watch providers: PJSIP/trunk-* but not PJSIP/trunk-9 on office; kind provider",
        "    severity critical",
        "    down after 30s exactly, even if checked only once, up after 10s, degraded after 30s",
        "    flapping from 6 changes within 10m down to 2",
        "    tells oncall of down or degraded, again after 1h, then every 4h, unacknowledged after 15m also desk",
        "    degraded when slower than 300ms",
        "",
        "watch phones: PJSIP/* on every PBX; kind mobile",
        "    severity warning",
        "    down after 3m, up after 10s, degraded after 3m",
        "    flapping from 6 changes within 10m down to 2",
        "    tells nobody of down, only as a part of a group",
        "    only Mon-Wed, Fri 08:00-18:00, daily 06:00-07:00 (UTC)",
        "    what is down for more than 1d in one line a day at 09:00 (UTC)",
        "",
        "receiver oncall: waits 5s for more to tell, gives up after 1d",
        "    quiet daily 22:00-07:00 (UTC) except critical, warning",
        "    oncall/boss",
        "    oncall/mailto:mail.example.org",
        "",
        "receiver desk: waits 5s for more to tell, gives up after 1d",
        "    desk/json:127.0.0.1",
    ]


def test_of_the_heartbeat_only_the_server_is_shown(files: Files) -> None:
    url = "http://user:hunter22@kuma.lan:3001/api/push/hunter2hunter22?status=up"
    config = files.load(f"[healthmon]\nheartbeat_url = {url}\nheartbeat_every = 5m\n" + PBX + WATCH)

    assert "heartbeat every 5m to http://kuma.lan:3001" in describe(config)


def test_it_says_whom_we_ask_ourselves(files: Files) -> None:
    words = describe(files.load(pbx() + WATCH + "probe = auto\nprobe_every = 30s\n"))
    assert "    asks the providers that Asterisk checks less well by OPTIONS of its own, every 30s" in words

    words = describe(files.load(pbx() + WATCH + "probe = yes\n"))
    assert "    asks all of them by OPTIONS of its own, as often as Asterisk does" in words


def test_what_nobody_has_said_is_said_in_words(files: Files) -> None:
    words = describe(files.load(pbx() + "[watch all]\nendpoints = PJSIP/*\n"))

    assert "watch all: PJSIP/* on every PBX; kind auto" in words
    assert "    severity critical for providers, warning for phones" in words


def test_it_says_whose_a_pbx_and_the_endpoints_of_a_section_are(files: Files) -> None:
    config = files.load(pbx("customer = acme") + "[watch zeta]\nendpoints = PJSIP/zeta*\ncustomer = zeta\n" + WATCH)

    of_customers = [line.strip() for line in describe(config) if "of customer" in line]
    assert of_customers == [
        "of customer acme, where a watch section names no other",
        "of customer zeta",
    ]


def test_it_says_what_whoever_is_limited_sees(files: Files) -> None:
    config = files.load(
        "[web]\nlisten = 127.0.0.1:8089\n" + pbx("customer = acme") + WATCH + "[user amy]\nrole = operator\n"
        f"password_hash = {cheap_hash('x')}\ncustomer = acme\n[token wall]\ntoken_hash = {hash_of_token('x')}\n"
        "pbx = office\nwatch = phones\n[token all]\ntoken_hash = " + hash_of_token("y") + "\n"
    )

    assert [line.strip() for line in describe(config) if line.strip().startswith(("user", "token"))] == [
        "user amy: operator, sees only customer acme",
        "token wall: viewer, sees only pbx office, watch phones",
        "token all: viewer",
    ]
