"""A good file becomes a Config, with the defaults that the table of options names."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from healthmon.config.loading.load import load
from healthmon.config.sections.history import HistoryConfig
from healthmon.config.sections.receiver import Quiet
from healthmon.config.sections.shared import Escalation, Hold
from healthmon.config.sections.watch import LongGone
from healthmon.model import Kind, Severity, Target
from healthmon.times.weekly import Weekly
from tests.config.files import PBX, RECEIVER, WATCH, Files, pbx

DAY = 86400.0


def test_the_smallest_file_gets_every_default(files: Files) -> None:
    config = files.load(PBX + WATCH)

    assert str(config.database) == "/var/lib/healthmon/healthmon.db"
    assert (config.log_level, config.timezone.key) == ("info", "UTC")
    assert config.history == HistoryConfig(
        transitions=730 * DAY, daily=3650 * DAY, rtt_minutes=7 * DAY, rtt_hours=90 * DAY
    )
    office, phones = config.pbxs[0], config.watches[0]
    assert (office.application, office.poll_every, office.restart_grace) == ("healthmon-pbx1", 60.0, 120.0)
    assert office.hold == Hold(down_after=15.0, up_after=5.0, degraded_after=60.0)
    assert (office.verify_tls, office.remind_every, office.receivers) == (True, (), ())
    assert phones.hold == Hold(down_after=30.0, up_after=10.0, degraded_after=30.0)
    assert (phones.kind, phones.pbx, phones.exclude, phones.alert_on_degraded) == (None, ("*",), (), False)
    assert (phones.severity, phones.working_hours, phones.alert_singly, phones.long_gone) == (None, (), None, None)
    assert (phones.flap_window, phones.flap_start, phones.flap_stop) == (600.0, 6, 2)


def test_keep_history_is_the_older_name_of_transitions(files: Files) -> None:
    config = files.load(PBX + WATCH + "[healthmon]\nkeep_history = 90d\n[history]\ndaily = 3y\n")

    assert (config.history.transitions, config.history.daily) == (90 * DAY, 3 * 365 * DAY)
    said = "keep_history: is called transitions now, in a section [history]; it is obeyed all the same"
    assert any(warning.endswith(said) for warning in config.warnings)


def test_every_option_is_taken_over(files: Files) -> None:
    text = """
[healthmon]
database = beliefs.db
timezone = Europe/Berlin
log_level = DEBUG

[history]
transitions = 90d
daily = 1.5y
rtt_minutes = 2h
rtt_hours = 3d

[pbx office]
url = https://PBX.example/asterisk/ari/
username = watcher
password = a;b#c%d=e ${x}
application = mine
poll_every = 30s
down_after = 20s
up_after = 0s
degraded_after = 2m
restart_grace = 45s
verify_tls = no
receivers = oncall
remind_every = 1h, 4h,
    1d

[watch providers]
endpoints = PJSIP/trunk-*,
    IAX2/*
exclude = PJSIP/trunk-test
kind = provider
pbx = off*
severity = Warning
down_after = 1.5m
up_after = 500ms
degraded_after = 5m
down_after_exact = yes
receivers = oncall, desk
alert_on = down, degraded
alert_singly = no
rtt_warn = 300ms
remind_every = never
escalate_to = chief after 15m
    the director after 1h
working_hours = Mon-Fri 08:00-18:00, Sat 09:00-13:00
timezone = Asia/Yekaterinburg
long_gone = 2d
long_gone_at = 8:30
flap_window = 1h
flap_start = 9
flap_stop = 0

[receiver oncall]
urls =
    # the boss
    boss = json://127.0.0.1/?a=b
    json://127.0.0.1/2
group_wait = 0s
give_up_after = 2d
longest_pause = 90s
quiet = 22:00-07:00 except critical

[receiver desk]
urls = json://127.0.0.1/3

[receiver chief]
urls = json://127.0.0.1/4

[receiver the director]
urls = json://127.0.0.1/5
"""

    config = files.load(text)

    office, providers, oncall = config.pbxs[0], config.watches[0], config.receivers[0]
    assert config.database == files.folder / "beliefs.db"
    assert (config.timezone.key, config.log_level) == ("Europe/Berlin", "debug")
    assert config.history == HistoryConfig(
        transitions=90 * DAY, daily=1.5 * 365 * DAY, rtt_minutes=7200.0, rtt_hours=3 * DAY
    )
    assert (office.url, office.username, office.application) == ("https://pbx.example/asterisk", "watcher", "mine")
    assert str(office.password) == "a;b#c%d=e ${x}"
    assert (office.verify_tls, office.receivers, office.remind_every) == (
        False,
        ("oncall",),
        (3600.0, 4 * 3600.0, 86400.0),
    )
    assert office.hold == Hold(20.0, 0.0, 120.0)
    assert providers.endpoints == ("PJSIP/trunk-*", "IAX2/*")
    assert providers.hold == Hold(90.0, 0.5, 300.0, down_after_exact=True)
    assert providers.escalate_to == (Escalation("chief", 900.0), Escalation("the director", 3600.0))
    assert (providers.kind, providers.receivers) == (Kind.PROVIDER, ("oncall", "desk"))
    assert providers.severity is Severity.WARNING
    zone = ZoneInfo("Asia/Yekaterinburg")
    workdays, saturday = frozenset(range(5)), frozenset({5})
    assert providers.working_hours == (Weekly(workdays, 480, 1080, zone), Weekly(saturday, 540, 780, zone))
    assert (providers.alert_on_degraded, providers.flap_start, providers.flap_stop) == (True, 9, 0)
    assert (providers.alert_singly, providers.rtt_warn_ms) == (False, 300.0)
    assert providers.long_gone == LongGone(2 * 86400.0, 510, zone)
    assert [(url.url_id, str(url.url)) for url in oncall.urls] == [
        ("oncall/boss", "json://127.0.0.1/?a=b"),
        ("oncall/json:127.0.0.1", "json://127.0.0.1/2"),
    ]
    night = Weekly(frozenset(range(7)), 1320, 420, ZoneInfo("Europe/Berlin"))
    assert oncall.quiet == Quiet((night,), frozenset({Severity.CRITICAL}))
    assert config.receivers[1].quiet is None
    assert (oncall.group_wait, oncall.give_up_after, oncall.longest_pause) == (0.0, 2 * 86400.0, 90.0)


def test_without_a_degraded_after_a_watch_uses_its_down_after(files: Files) -> None:
    config = files.load(PBX + WATCH + "down_after = 3m\n")

    assert config.watches[0].hold.degraded_after == 180.0


def test_receivers_are_all_by_default_and_nobody_on_request(files: Files) -> None:
    config = files.load(PBX + WATCH + "[watch rest]\nendpoints = IAX2/*\nreceivers = nobody\n" + RECEIVER)

    assert config.pbxs[0].receivers == ("oncall",)
    assert [watch.receivers for watch in config.watches] == [("oncall",), ()]
    assert config.url_ids_of(Target("office", "PJSIP", "101")) == ("oncall/json:127.0.0.1",)


def test_windows_line_ends_a_byte_order_mark_and_indented_options_are_read(files: Files) -> None:
    text = "\ufeff[pbx office]\r\n  url = http://127.0.0.1\r\n  username = x\r\n  password = y\r\n" + WATCH

    config = files.load(text)

    assert (config.pbxs[0].url, str(config.pbxs[0].password)) == ("http://127.0.0.1", "y")


def test_a_relative_path_given_on_the_command_line_still_finds_files_beside_it(files: Files) -> None:
    (files.folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")

    config = files.load(pbx("verify_tls = ca.pem") + WATCH)

    assert config.pbxs[0].verify_tls == files.folder / "ca.pem"


def test_the_name_of_the_application_is_made_of_what_asterisk_accepts(files: Files) -> None:
    files.path.write_text(PBX + WATCH)

    config = load(files.path, environ={}, hostname="mönitor,one.example")

    assert config.pbxs[0].application == "healthmon-m-nitor-one-example"


def test_fifty_pbxs_are_read(files: Files) -> None:
    config = files.load("".join(pbx(name=f"site{n}") for n in range(50)) + WATCH)

    assert len(config.pbxs) == 50


def test_nobody_to_tell_is_a_warning(files: Files) -> None:
    assert files.load(PBX + WATCH).warnings == (
        f"{files.path}: there is no [receiver NAME] section: nobody will be told anything",
    )


def test_a_tz_variable_that_names_no_zone_is_said(files: Files) -> None:
    files.load(PBX + WATCH + RECEIVER)

    config = load(files.path, environ={"TZ": '"Europe/Berlin"'})

    (warning,) = (line for line in config.warnings if "timezone" in line)
    assert '"Europe/Berlin", is no time zone that this system knows: it is ' in warning


def test_a_receiver_that_nobody_names_is_a_warning(files: Files) -> None:
    config = files.load(PBX + "receivers = nobody\n" + WATCH + "receivers = nobody\n" + RECEIVER)

    assert config.warnings == (
        f"{files.path}:9 [receiver oncall]: no [pbx …], [watch …] or [schedule …] section names this receiver",
    )


def test_a_file_with_secrets_that_everybody_can_read_is_a_warning(files: Files) -> None:
    files.load(PBX + WATCH + RECEIVER)
    files.path.chmod(0o644)

    assert load(files.path, environ={}).warnings == (
        f"{files.path}: holds secrets, and every user of this machine can read it; chmod o-r",
    )


def test_quotes_around_a_password_are_a_warning(files: Files) -> None:
    config = files.load(pbx(password='password = "hunter22"') + WATCH + RECEIVER)

    assert str(config.pbxs[0].password) == '"hunter22"'
    assert config.warnings == (
        f"{files.path}:4 [pbx office] password: the quotes around it are taken as part of the password",
    )


def test_whoever_is_told_late_is_not_among_all_who_are_told_at_once(files: Files) -> None:
    chief = "[receiver chief]\nurls = json://127.0.0.1/2\n"
    config = files.load(PBX + WATCH + "escalate_to = chief after 15m\n" + RECEIVER + chief)

    assert (config.watches[0].receivers, config.pbxs[0].receivers) == (("oncall",), ("oncall", "chief"))
    assert config.warnings == ()


def test_whoever_is_told_at_once_needs_no_escalation(files: Files) -> None:
    config = files.load(PBX + WATCH + "receivers = oncall\nescalate_to = oncall after 15m\n" + RECEIVER)

    assert [warning.partition("] ")[2] for warning in config.warnings] == [
        "escalate_to: oncall is told at once, as receivers says, and not again"
    ]
