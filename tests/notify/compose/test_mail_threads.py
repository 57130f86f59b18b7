"""Mails about one incident stand together in a mail program, seen in what a mail server gets."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.sections.shared import Secret
from healthmon.model import Reason
from healthmon.notify.channels.mail import MailSender
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.mail_threads import message_ids
from healthmon.notify.compose.message import Message
from healthmon.store.outbox.outbox import ClaimedRow
from tests.notify.rows import ENGLISH, NOW, SINCE, TELEKOM, closed, incident, phone, row, up
from tests.sinks import Arrived, SmtpSink

DAY = 86400.0


class Mail(Struct, frozen=True):
    """What a mail program looks at."""

    message_id: str
    answers: str
    references: list[str]


def mails(*told: list[ClaimedRow], options: str = "") -> list[Mail]:
    """Send messages to a mail server, and read what came."""
    with SmtpSink() as sink:
        sender = MailSender("oncall/mail", Secret(sink.url + options))
        for rows in told:
            sender.send(compose(rows, ENGLISH))
        return [read(arrived) for arrived in sink.messages]


def read(arrived: Arrived) -> Mail:
    """Read the headers that make threads."""
    headers = {name.lower(): value for name, value in arrived.headers.items()}
    return Mail(headers["message-id"], headers.get("in-reply-to", ""), headers.get("references", "").split())


def threads(*told: list[ClaimedRow]) -> list[set[int]]:
    """Which of these mails a mail program shows together, by their numbers (the algorithm of RFC 5256, shortened)."""
    together: list[tuple[set[str], set[int]]] = []
    for number, mail in enumerate(mails(*told)):
        names, numbers = {mail.message_id, *mail.references}, {number}
        for one in [one for one in together if one[0] & names]:
            together.remove(one)
            names, numbers = names | one[0], numbers | one[1]
        together.append((names, numbers))
    return sorted((numbers for _, numbers in together), key=min)


def test_all_mails_about_one_incident_answer_the_same_made_up_one() -> None:
    about = incident(TELEKOM)
    sent = mails([row(about)], [row(about, Reason.REMINDER)], [up(closed(TELEKOM))])

    [(answered, references)] = {(mail.answers, tuple(mail.references)) for mail in sent}
    assert re.fullmatch(r"<incident\.840\.20260501@[\w.-]+\.healthmon\.invalid>", answered)
    assert references == (answered,)
    assert len({mail.message_id for mail in sent} | {answered}) == 4


def test_another_incident_is_another_thread_also_one_of_the_same_number_in_a_new_database() -> None:
    first, later = incident(TELEKOM), incident(TELEKOM, opened_at=SINCE + 300 * DAY)

    assert threads([row(first)], [row(incident(phone("101"), 841))], [row(later)]) == [{0}, {1}, {2}]


def test_what_was_told_in_a_digest_ends_in_its_thread() -> None:
    telekom, desk = incident(TELEKOM, 1), incident(phone("101"), 2)
    digest = [row(desk), row(telekom)]

    [first, *_] = mails(digest)

    assert threads(digest, [up(closed(phone("101"), 2))], [up(closed(TELEKOM, 1))]) == [{0, 1, 2}]
    # It answers the worst.
    assert first.answers == first.references[-1]
    assert ".1.2026" in first.answers.replace("incident", "")


def test_a_digest_of_hundreds_names_the_worst_twenty() -> None:
    rows = [row(incident(phone(str(number)), number)) for number in range(100, 400)]

    [mail] = mails(rows)

    assert 10 < len(mail.references) <= 20
    assert mail.answers.startswith("<incident.100.")


def test_a_url_with_headers_of_its_own_keeps_them() -> None:
    [mail] = mails([row(incident(TELEKOM))], options="&%2BIn-Reply-To=%3Cmy@thread%3E")

    assert (mail.answers, mail.references) == ("<my@thread>", [])


def test_a_message_about_no_incident_is_in_no_thread() -> None:
    with SmtpSink() as sink:
        MailSender("oncall/mail", Secret(sink.url)).send(Message("TEST of healthmon", "Nothing is down."))

        assert read(sink.messages[0]).references == []


def test_the_time_at_which_a_message_is_written_does_not_matter() -> None:
    rows = [row(incident(TELEKOM))]

    later = compose(rows, replace(ENGLISH, now=NOW + 3 * DAY))

    assert later.threads == compose(rows, ENGLISH).threads == ("840.20260501",)


def test_the_name_of_a_machine_is_made_fit_for_a_mail() -> None:
    assert message_ids(["1.20260501"], "pbx 1_ü.example.org") == [
        "<incident.1.20260501@pbx.1.example.org.healthmon.invalid>"
    ]
    assert message_ids(["1.20260501"], "") == ["<incident.1.20260501@localhost.healthmon.invalid>"]


def test_no_line_of_a_mail_is_longer_than_a_mail_may_have() -> None:
    names = [f"{number}.20260501" for number in range(10**9, 10**9 + 20)]

    ids = message_ids(names, "a-machine-with-a-long-name." * 9)

    assert len("References: " + " ".join(ids)) < 998
    assert ids[-1].startswith("<incident.1000000019.")
