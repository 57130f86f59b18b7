"""On-call services get a ticket for each incident: opened, acknowledged and resolved by one key, whatever happens.

The services are played strictly on loopback (``oncall.py``); everything before them is the real thing.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.model import Ending, Health, Incident, Kind, Notification, Reason, Severity
from healthmon.notify.channels.by_scheme import remark, sender_for, why_refused
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action, Ticket
from healthmon.notify.delivery.backoff import FIRST_WAIT
from healthmon.notify.delivery.trial import test_alert as send_test_alert
from tests.notify.configs import receiver
from tests.notify.oncall import API_KEY, ROUTING_KEY, SERVICES, Alertmanager, Ilert, OnCall, PagerDuty, Splunk, expect
from tests.notify.post import Post
from tests.notify.urls import NOBODY
from tests.store.make_fixture import FIXTURES
from tests.store.scene import BOSS, Store

MINUTE, HOUR = 60.0, 3600.0

each_service = pytest.mark.parametrize("make", SERVICES)


@contextmanager
def scene(store: Store, make: type[OnCall]) -> Iterator[tuple[Post, OnCall]]:
    """A deliverer whose channel is an on-call service."""
    with make() as service:
        post = Post(store, sender=sender_for(BOSS, Secret(service.url)))
        service.now = lambda: post.time
        yield post, service
        post.outbox.close()


def tell(post: Post, about: Incident, reason: Reason, serial: int = 0, **changes: Any) -> Incident:
    """Book a change of an incident, and that it is told."""
    after = replace(about, **changes)
    told = Notification(about.id, BOSS, reason, serial, post.clock.now(), post.clock.now())
    post.store.book(incidents={about.id: after}, notifications=[told])
    return after


def acknowledges(post: Post, about: Incident) -> Incident:
    return tell(post, about, Reason.ACKNOWLEDGED, acked_at=post.clock.now(), acked_by="anna", ack_reason="called them")


def ends(post: Post, about: Incident, ending: Ending = Ending.RECOVERED) -> Incident:
    reason = Reason.RESOLVED if ending is Ending.RECOVERED else Reason.ENDED
    return tell(post, about, reason, closed_at=post.clock.now(), ending=ending)


# ---------------------------------------------------------------- the life of a ticket


@each_service
def test_on_call_services_are_tickets_one_outage_pages_once_and_its_end_closes_it(
    store: Store, make: type[OnCall]
) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)
        assert (service.states, len(service.pages)) == (["open"], 1)

        ends(post, about)
        post.run(MINUTE)

        assert (service.states, len(service.pages)) == (["resolved"], 1)


@each_service
def test_an_acknowledgement_is_passed_on(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)

        acknowledges(post, about)
        post.run(MINUTE)

        # Alertmanager has no such state; who took note stands in the annotations.
        assert service.states == ["open" if make is Alertmanager else "acknowledged"]
        if make is Alertmanager:
            assert service.requests[-1][1][0]["annotations"]["acknowledged_by"] == "anna"
        assert len(service.pages) == 1


@each_service
def test_who_took_note_before_the_service_could_be_reached_is_not_called(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        service.mode = 503
        about = post.opens(1)
        post.run(1)
        store.book(incidents={about.id: replace(about, acked_at=post.time, acked_by="anna")})
        service.mode = 0

        post.run(MINUTE)

        assert service.states == ["open" if make is Alertmanager else "acknowledged"]


@each_service
def test_one_event_for_each_incident_never_a_digest(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        for number in range(1, 6):
            post.opens(number)

        post.run(MINUTE)

        assert service.states == ["open"] * 5
        assert len(set(service.pages)) == 5


@each_service
def test_up_of_trunk_a_does_not_close_trunk_b(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        first, second = post.opens(1, Kind.PROVIDER), post.opens(2, Kind.PROVIDER)
        post.run(MINUTE)

        ends(post, second)
        post.run(MINUTE)
        assert service.states == ["open", "resolved"]

        ends(post, first)
        post.run(MINUTE)
        assert service.states == ["resolved", "resolved"]


@each_service
def test_an_outage_that_comes_back_is_a_new_ticket(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        ends(post, post.opens(1))
        post.run(MINUTE)
        ends(post, post.opens(1 + 100))
        post.run(MINUTE)

        assert len(set(service.pages)) == len(service.pages)


@each_service
def test_a_repeat_with_the_same_key_is_harmless(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)

        for number in range(1, 4):
            tell(post, about, Reason.REMINDER, number)
            post.run(MINUTE)

        assert (service.states, len(service.pages)) == (["open"], 1)


@each_service
def test_a_crash_between_sending_and_booking_pages_nobody_again(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        post.opens(1)
        claim = post.outbox.claim(BOSS, post.time, as_tickets=True)
        assert claim is not None
        post.deliverer._sender.send(post.deliverer._compose(claim.rows, claim))

        post.outbox.recover([BOSS], post.time)
        post.start()
        post.run(MINUTE)

        assert (service.states, len(service.pages)) == (["open"], 1)


@each_service
def test_the_key_stays_when_somebody_sets_the_clock(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)

        post.sets_clock(-HOUR)
        ends(post, about)
        post.run(MINUTE)

        assert service.states == ["resolved"]


@each_service
def test_what_ends_without_a_recovery_closes_its_ticket_at_once(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)

        ends(post, about, Ending.NOT_WATCHED)
        post.run(MINUTE)

        assert service.states == ["resolved"]
        assert [state for state, _ in post.fates(1)] == ["delivered", "delivered"]


@each_service
def test_what_is_over_before_it_could_be_told_is_a_ticket_of_the_least_urgency_that_is_closed(
    store: Store, make: type[OnCall]
) -> None:
    with scene(store, make) as (post, service):
        service.mode = 503
        about = post.opens(1, Kind.PROVIDER)
        post.run(MINUTE)
        store.book(incidents={1: replace(about, closed_at=post.time, ending=Ending.RECOVERED)})
        service.mode = 0
        post.run(5 * MINUTE)

        assert set(service.states) <= {"resolved"}
        assert all(entry.severity not in ("critical", "CRITICAL", "HIGH") for entry in service.tickets.values())
        assert [state for state, _ in post.fates(1)] == ["delivered"]


@each_service
def test_no_two_databases_share_a_key(store: Store, tmp_path: Any, make: type[OnCall]) -> None:
    other = Store(tmp_path / "other.db")
    with make() as service:
        for database in (store, other):
            post = Post(database, sender=sender_for(BOSS, Secret(service.url)))
            service.now = post.clock.now
            post.opens(1)
            post.run(MINUTE)
            post.outbox.close()

        assert len(service.pages) == 2


def test_the_key_names_the_database_the_incident_and_its_beginning(store: Store) -> None:
    with scene(store, PagerDuty) as (post, service):
        post.opens(7)
        post.run(MINUTE)

        (key,) = service.pages
    assert re.fullmatch(r"healthmon-[0-9a-f]{16}-7-17[0-9]{8}", key)


# ---------------------------------------------------------------- urgency


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (PagerDuty, ["critical", "warning", "info"]),
        (Ilert, ["HIGH", "", "LOW"]),
        (Splunk, ["CRITICAL", "WARNING"]),
        (Alertmanager, ["critical", "warning", "info"]),
    ],
)
def test_severity_is_mapped(store: Store, make: type[OnCall], said: list[str]) -> None:
    with scene(store, make) as (post, service):
        for number, severity in enumerate(Severity, start=1):
            about = post.opens(number)
            store.book(incidents={number: replace(about, severity=severity)})
        post.run(MINUTE)

        # INFO is a line in the timeline of Splunk On-Call, no incident.
        assert [entry.severity for entry in service.tickets.values()] == said


def test_alertmanagers_labels_stay_what_they_were_when_the_severity_changes(store: Store) -> None:
    with scene(store, Alertmanager) as (post, service):
        about = post.opens(1, Kind.PROVIDER)
        post.run(MINUTE)
        about = tell(post, about, Reason.CHANGED, 1, health=Health.DEGRADED, severity=Severity.WARNING)
        post.run(MINUTE)

        ends(post, about)
        post.run(MINUTE)

        assert service.states == ["resolved"]


# ---------------------------------------------------------------- Alertmanager forgets


def test_an_alertmanager_that_was_restarted_hears_again_of_what_lasts(store: Store) -> None:
    with scene(store, Alertmanager) as (post, service):
        over, lasts = post.opens(1), post.opens(2)
        post.run(MINUTE)
        ends(post, over)
        post.run(MINUTE)

        service.tickets.clear()
        post.run(2 * MINUTE)

        assert service.states == ["open"]
        ends(post, lasts)
        post.run(MINUTE)
        assert service.states == ["resolved"]


def test_what_lasts_for_months_does_not_end_by_itself_in_alertmanager(store: Store) -> None:
    with scene(store, Alertmanager) as (post, service):
        post.opens(1)
        post.run(MINUTE)
        post.time += 90 * 86400

        post.run(2 * MINUTE)

        assert service.states[-1] == "open"


def test_only_alertmanager_hears_again_and_again(store: Store) -> None:
    with scene(store, PagerDuty) as (post, service):
        post.opens(1)

        post.run(HOUR)

        assert len(service.requests) == 1


# ---------------------------------------------------------------- failures


@each_service
def test_a_service_that_refuses_one_event_gets_the_others(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):

        def refuses_the_second(body: Any) -> None:
            expect("PJSIP/102" not in str(body), 400, {"message": "not this one"})

        service.before = refuses_the_second
        for number in (1, 2, 3):
            post.opens(number)

        post.run(HOUR)

        assert service.states == ["open", "open"]
        assert [state for state, _ in post.fates(2)] == ["undeliverable"]


def test_events_that_a_service_refuses_do_not_hide_the_others_for_ever(store: Store) -> None:
    with scene(store, PagerDuty) as (post, service):

        def refuses_the_first_two(body: Any) -> None:
            expect("PJSIP/101" not in str(body), 404, {"message": "not this one"})
            expect("PJSIP/102" not in str(body), 404, {"message": "not this one"})

        service.before = refuses_the_first_two
        for number in (1, 2, 3):
            post.opens(number, Kind.PROVIDER)
        post.run(MINUTE)
        assert service.states == ["open"]

        post.run(HOUR)
        post.opens(4, Kind.PROVIDER)
        post.run(MINUTE)

        assert service.states == ["open", "open"]


def test_an_end_is_not_given_up_for_its_ticket_would_stay_open(store: Store) -> None:
    with scene(store, PagerDuty) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)
        service.mode = 503
        ends(post, about)
        post.run(3 * 24 * HOUR)
        service.mode = 0

        post.run(HOUR)

        assert service.states == ["resolved"]


def test_an_event_without_an_answer_is_repeated_soon(store: Store) -> None:
    with scene(store, PagerDuty) as (post, service):
        post.opens(1)
        sender = post.deliverer._sender
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sender, "send", lambda _message: _raise(DeliveryUnsure(BOSS, "no answer")))
            post.run(1)

        post.run(FIRST_WAIT + 2)

        assert service.states == ["open"]


def _raise(error: Exception) -> None:
    raise error


def sends(url: str, action: Action = Action.TRIGGER) -> None:
    ticket = Ticket("key", (action,), Severity.CRITICAL, Severity.CRITICAL, 100.0, 90.0, target="t", kind="phone")
    sender_for(BOSS, Secret(url)).send(Message("DOWN phone", "text", ticket=ticket))


@each_service
@pytest.mark.parametrize(("mode", "refused"), [(400, True), (401, False), (429, False), (500, False), (202, None)])
def test_what_a_service_answers_is_classified_without_its_secrets(
    make: type[OnCall], mode: int, refused: bool | None
) -> None:
    with make() as service:
        service.mode, service.answer_headers = mode, {"Retry-After": "40"} if mode == 429 else {}
        if refused is None and make is not Splunk:
            sends(service.url)
            return
        with pytest.raises(DeliveryError) as caught:
            sends(service.url)
    assert caught.value.refused is bool(refused)
    assert caught.value.retry_after == (40 if mode == 429 else None)
    assert API_KEY not in str(caught.value)
    if make is PagerDuty:
        assert ROUTING_KEY not in str(caught.value)


@each_service
def test_a_redirect_is_not_followed_with_the_secrets(make: type[OnCall]) -> None:
    with make() as service, make() as other:
        service.mode, service.answer_headers = 307, {"Location": f"http://127.0.0.1:{other.port}/v2/enqueue"}

        with pytest.raises(DeliveryError, match="moved"):
            sends(service.url)

        assert other.requests == []


def test_a_service_that_cannot_be_reached_is_looked_for() -> None:
    with pytest.raises(DeliveryError) as caught:
        sends(f"ilert://{API_KEY}?server=http%3A%2F%2F{NOBODY.replace(':', '%3A')}")

    assert not isinstance(caught.value, DeliveryUnsure)
    assert caught.value.no_connection is not None


def test_splunk_that_says_failure_with_200_did_not_take_it(store: Store) -> None:
    with Splunk() as service:
        service.mode, service.mode_body = 200, {"result": "failure", "messages": "Missing message_type"}

        with pytest.raises(DeliveryError, match="did not take it"):
            sends(service.url)


# ---------------------------------------------------------------- what is about no incident


@each_service
@pytest.mark.parametrize("as_example", [False, True])
def test_test_alert_opens_a_ticket_and_closes_it(make: type[OnCall], as_example: bool) -> None:
    with make() as service:
        service.now = lambda: 1e12
        (result,) = send_test_alert(receiver(service.url), as_example=as_example)

    assert result.ok, result.why
    assert set(service.states) <= {"resolved"}


def test_a_database_that_cannot_be_written_is_a_ticket_that_ends_with_the_trouble(store: Store) -> None:
    with scene(store, PagerDuty) as (post, service):
        ticket = Ticket("healthmon-database-1", (Action.TRIGGER,), Severity.CRITICAL, Severity.CRITICAL, 1.0, 1.0)
        post.outbox.is_unwritable = True
        post.opens(1)
        post.deliverer.say(lambda _voice: Message("DOWN healthmon", "full", ticket=ticket))
        post.run(MINUTE)
        assert service.tickets["healthmon-database-1"].state == "open"

        post.outbox.is_unwritable = False
        post.run(MINUTE)

        assert service.tickets["healthmon-database-1"].state == "resolved"


def test_a_report_is_no_ticket() -> None:
    with PagerDuty() as service, pytest.raises(DeliveryError, match="tickets only"):
        sender_for(BOSS, Secret(service.url)).send(Message("Report", "text"))


# ---------------------------------------------------------------- what an earlier version had told


def told_before_the_upgrade(store: Store, about: Incident) -> Incident:
    """What was told has been booked by the version before: it did not note how urgent it was."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE notifications SET severity = '' WHERE incident_id = ?", (about.id,))
    return about


@pytest.mark.parametrize("make", [PagerDuty, Ilert, Splunk])
@pytest.mark.parametrize("ending", [Ending.RECOVERED, Ending.NOT_WATCHED])
def test_an_upgrade_tells_no_on_call_service_of_tickets_whose_key_it_does_not_know(
    store: Store, make: type[OnCall], ending: Ending
) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)
        told_before_the_upgrade(store, about)
        heard = len(service.requests)

        about = acknowledges(post, about)
        post.run(MINUTE)
        ends(post, about, ending)
        post.run(MINUTE)

        assert len(service.requests) == heard
        with store.reading() as reader:
            later = reader.tellings(1)[1:]
        why = "its ticket was opened before the upgrade: resolve it there by hand"
        assert [(telling.state, telling.why) for telling in later] == [("cancelled", why)] * 2


def test_an_upgrade_over_a_kept_database_sends_no_acknowledgement_of_what_was_told_before(folder: Path) -> None:
    path = folder / "healthmon.db"
    path.write_bytes(gzip.decompress((FIXTURES / "schema14.db.gz").read_bytes()))
    with scene(Store(path), PagerDuty) as (post, service):
        with post.store.reading() as reader:
            told = next(one for one in reader.open_incidents() if reader.tellings(one.id)[0].state == "delivered")

        acknowledges(post, told)
        post.run(MINUTE)

        assert service.requests == []


@each_service
def test_what_is_reminded_of_after_the_upgrade_has_a_ticket_and_closes_it(store: Store, make: type[OnCall]) -> None:
    with scene(store, make) as (post, service):
        about = post.opens(1)
        post.run(MINUTE)
        told_before_the_upgrade(store, about)

        tell(post, about, Reason.REMINDER, 1)
        post.run(MINUTE)
        ends(post, about)
        post.run(MINUTE)

        assert service.states == ["resolved"]


# ---------------------------------------------------------------- check-config

FORMS = [
    f"pagerduty://{ROUTING_KEY}@{API_KEY}",
    f"pagerduty://{ROUTING_KEY}",
    f"pagerduty://{ROUTING_KEY}@{API_KEY}/source/component?region=eu&group=g&class=c&severity=error&click=https%3A%2F%2Fx",
    f"ilert://{API_KEY}?priority=high&route=night&+team=voip",
    f"splunk://night-watch@{API_KEY}?:warning=CRITICAL",
    f"victorops://night-watch@{API_KEY}",
    "alertmanager://127.0.0.1:9093",
    "alertmanagers://user:pass@am.example.org/prefix?verify=no&:team=voip",
    "alertmanager://[::1]:9093/",
]


@pytest.mark.parametrize("url", FORMS)
def test_the_forms_that_users_know_are_taken(url: str) -> None:
    assert why_refused(url) is None
    assert remark(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("opsgenie://a1b2c3d4-s3cr3t", "ends in April 2027"),
        ("pagerduty://s3cr3t@key", "32 letters and digits"),
        (f"pagerduty://{ROUTING_KEY}@k?region=mars", "region must be us or eu"),
        (f"pagerduty://{ROUTING_KEY}@k?severity=s3cr3t", "severity must be one of"),
        ("ilert://?x=1", "integration key"),
        ("ilert://key?priority=s3cr3t", "priority must be"),
        ("splunk://s3cr3t", "splunk://ROUTINGKEY@APIKEY"),
        ("splunk://a@b?:warning=s3cr3t", "is none of CRITICAL"),
        ("alertmanager:///s3cr3t", "names no host"),
        ("alertmanager://h:99999/", "port"),
        ("alertmanager://h/?:9s3cr3t=x", "label"),
        ("alertmanager://h/?verify=/no/s3cr3t", "no such file"),
        ("alertmanager://h/?server=s3cr3t", "server must begin"),
    ],
)
def test_what_cannot_be_an_on_call_service_is_refused_with_the_reason(url: str, why: str) -> None:
    said = why_refused(url)

    assert said is not None
    assert why in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"pagerduty://{ROUTING_KEY}@k?dedup=mine&action=map", "action, dedup: not obeyed"),
        ("ilert://key?dedup=mine", "dedup: not obeyed"),
        ("ilert://key?s3cr3t=x", "an option that is unknown: not obeyed"),
        ("splunk://a@b/entity", "the entity behind the keys: not obeyed"),
        ("signl4://s3cr3t?external_id=x", "external_id: not obeyed"),
        ("spike://" + "a" * 32, "opens a new one there with each message"),
        ("betterstack://token/a@example.org", "opens a new one"),
        ("jira://a1b2c3d4-s3cr3t", "apprise closes none of its alerts"),
    ],
)
def test_what_is_not_obeyed_is_said_without_secrets(url: str, said: str) -> None:
    words = remark(url)

    assert words is not None
    assert words.startswith(said) or said in words
    assert "s3cr3t" not in words


CONFIG = """
[pbx office]
url = http://127.0.0.1:8088
username = healthmon
password = secret

[watch phones]
endpoints = PJSIP/*

[receiver oncall]
urls =
{urls}

[schedule weekly]
at = Mon 07:00
report = --last-week
receivers = {reports}

[receiver office]
urls = json://127.0.0.1:9/x
"""


def checked(folder: Path, *urls: str, reports: str = "office") -> Result:
    """What check-config says about these URLs."""
    path = folder / "config.ini"
    path.write_text(CONFIG.format(urls="".join(f"    {url}\n" for url in urls), reports=reports))
    path.chmod(0o600)
    return CliRunner().invoke(cli, ["-c", str(path), "check-config"])


def test_check_config_refuses_opsgenie_with_the_reason(tmp_path: Path) -> None:
    refused = checked(tmp_path, "opsgenie://a1b2c3d4-s3cr3t")

    assert refused.exit_code == 78
    assert "Opsgenie's service ends in April 2027" in refused.output
    assert "s3cr3t" not in refused.output


def test_jira_in_a_file_that_was_good_before_is_a_warning_and_keeps_no_daemon_from_its_start(tmp_path: Path) -> None:
    taken = checked(tmp_path, "jira://a1b2c3d4-s3cr3t")

    assert taken.exit_code == 0, taken.output
    assert "warning: " in taken.stderr
    assert "oncall/jira: Jira Service Management: apprise closes none of its alerts" in taken.stderr
    assert "s3cr3t" not in taken.output


def test_check_config_takes_tickets_and_says_what_is_not_obeyed(tmp_path: Path) -> None:
    taken = checked(tmp_path, f"pagerduty://{ROUTING_KEY}?dedup=s3cr3t", "alertmanager://127.0.0.1:9093")

    assert taken.exit_code == 0, taken.output
    assert "warning: " in taken.stderr
    assert "oncall/pagerduty: dedup: not obeyed" in taken.stderr
    assert "s3cr3t" not in taken.output


@pytest.mark.parametrize(("reports", "code"), [("oncall, office", 0), ("oncall", 78)])
def test_check_config_says_that_an_on_call_service_takes_no_reports(tmp_path: Path, reports: str, code: int) -> None:
    said = checked(tmp_path, f"ilert://{API_KEY}", reports=reports)

    assert said.exit_code == code, said.output
    assert "oncall/ilert: an on-call service takes no reports" in said.output
