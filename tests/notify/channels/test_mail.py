"""Mails, to servers on loopback that accept, refuse some, are slow, or cut the line, at each stage."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import pytest

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveredInPart, DeliveryError, DeliveryUnsure
from healthmon.notify.channels import smtp
from healthmon.notify.channels.by_scheme import sender_for, why_refused
from healthmon.notify.channels.mail import MailSender
from healthmon.notify.compose.message import Attachment, Message, Mood
from tests.ari.certificates import Authority
from tests.mailserver import STAGES, MailServer, Trouble
from tests.sinks import SmtpSink

MESSAGE = Message(
    "DOWN phone Bob & <b>Söhne</b> (office)", "contact <sip:101@10.0.0.1> _x_\n.\n.zweite Zeile ü", Mood.FAILURE
)

#: The stages before the whole text has left.
BEFORE = [stage for stage in STAGES if stage != "TEXT"]
NAMES = {
    "GREETING": "the greeting",
    "EHLO": "EHLO",
    "MAIL": "MAIL FROM",
    "RCPT": "RCPT TO",
    "DATA": "DATA",
    "TEXT": "the end of the text",
}


def send(url: str, message: Message = MESSAGE) -> None:
    sender_for("oncall/mail", Secret(url)).send(message)


def failure(url: str, message: Message = MESSAGE) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(url, message)
    return caught.value


def in_part(url: str, message: Message = MESSAGE) -> DeliveredInPart:
    error = failure(url, message)
    assert isinstance(error, DeliveredInPart)
    return error


# ---------------------------------------------------------------- one result per address


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "451 4.7.1 try again later"])
@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_one_refused_recipient_is_told_apart_from_those_who_have_it(field: str, answer: str) -> None:
    with MailServer(recipients={"bad@example.org": answer}) as server:
        more = ",bad@example.org,c@example.org" if field == "to" else f"&{field}=bad@example.org,c@example.org"

        error = in_part(server.url(f"a@example.org{more}"))

        assert server.readers() == ["a@example.org", "c@example.org"]
    [missed] = error.missed
    assert missed.place == ("address 2 in to=" if field == "to" else f"address 1 in {field}=")
    assert missed.why == f"RCPT TO: {answer}"
    assert missed.is_final is answer.startswith("550")
    assert "example.org" not in str(error)


def test_whoever_was_refused_is_tried_again_alone() -> None:
    with MailServer(recipients={"b@example.org": "451 greylisted"}) as server:
        url = server.url("a@example.org,b@example.org", "&cc=c@example.org")
        [missed] = in_part(url).missed
        server.recipients.clear()

        send(url, Message("again", "…", only=frozenset((missed.address,))))

        assert server.readers() == ["a@example.org", "b@example.org", "c@example.org"]


def test_whoever_waits_for_something_else_is_left_out_and_named() -> None:
    with MailServer(recipients={"b@example.org": "451 greylisted"}) as server:
        url = server.url("a@example.org,b@example.org")
        [missed] = in_part(url).missed

        [left_out] = in_part(url, Message("next", "…", without=frozenset((missed.address,)))).missed

    assert (left_out.address, left_out.was_tried, left_out.is_final) == (missed.address, False, False)


def test_an_address_that_is_no_longer_in_the_url_is_not_tried_for_ever() -> None:
    with MailServer() as server:
        [missed] = in_part(server.url("a@example.org"), Message("late", "…", only=frozenset(("0123",)))).missed

        assert server.readers() == []
    assert (missed.is_final, missed.why) == (True, "is no longer in the URL")


def test_nobody_gets_a_mail_twice_who_stands_in_it_twice() -> None:
    with MailServer() as server:
        send(
            server.url("a@example.org,b@example.org", "&cc=b@example.org,c@example.org&bcc=c@example.org,d@example.org")
        )

        assert server.readers() == ["a@example.org", "b@example.org", "c@example.org", "d@example.org"]
        assert not any("d@example.org" in mail.text for mail in server.mails)


def test_an_address_in_capital_and_small_letters_is_one_address() -> None:
    with MailServer(recipients={"B@example.org": "451 greylisted"}) as server:
        url = server.url("a@example.org,B@example.org", "&cc=b@example.org")
        [missed] = in_part(url).missed

        [again] = in_part(url, Message("again", "…", only=frozenset((missed.address,)))).missed

    assert (again.address, again.why) == (missed.address, "RCPT TO: 451 greylisted")


@pytest.mark.parametrize("stage", ["MAIL", "DATA"])
def test_what_is_refused_but_not_to_a_recipient_is_never_final_for_one(stage: str) -> None:
    with MailServer(recipients={"b@example.org": "451 greylisted"}) as server:
        url = server.url("a@example.org,b@example.org")
        [missed] = in_part(url).missed
        server.recipients.clear()
        server.troubles[stage] = Trouble(stage, "550 5.4.5 daily sending quota exceeded")

        [again] = in_part(url, Message("again", "…", only=frozenset((missed.address,)))).missed

    assert not again.is_final


def test_nobody_has_it_where_each_was_refused_and_each_is_named() -> None:
    with MailServer(recipients={"a@example.org": "550 no such user", "b@example.org": "451 later"}) as server:
        error = failure(server.url("a@example.org,b@example.org"))

    assert not isinstance(error, DeliveredInPart | DeliveryUnsure)
    assert error.why == "address 1 in to=: RCPT TO: 550 no such user; address 2 in to=: RCPT TO: 451 later"
    # It is about the readers, not about this very message: another one fares no better.
    assert not error.refused


def test_a_text_that_is_not_wanted_is_refused_and_one_that_is_put_off_is_not() -> None:
    for answer, refused in (("554 5.3.0 no spam", True), ("451 4.3.0 try again later", False)):
        with MailServer(Trouble("TEXT", answer)) as server:
            error = failure(server.url("a@example.org"))

        assert not isinstance(error, DeliveryUnsure)
        assert (error.why, error.refused) == (f"the end of the text: {answer}", refused)


def test_a_server_that_takes_data_without_asking_for_it_has_nothing() -> None:
    with MailServer(Trouble("DATA", "250 ok")) as server:
        error = failure(server.url("a@example.org"))

    assert error.why == "DATA: 250 ok"


# ---------------------------------------------------------------- stages


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("what", ["drop", "wait"])
def test_a_slow_mail_server_or_a_cut_line_names_the_stage_and_only_after_the_text_it_may_have_arrived(
    stage: str, what: str
) -> None:
    with MailServer(Trouble(stage, what, 5)) as server:
        error = failure(server.url("a@example.org", "&rto=0.2"))

    assert error.why.startswith(f"{NAMES[stage]}: ")
    assert ("within 0.2 s" in error.why) is (what == "wait")
    assert isinstance(error, DeliveryUnsure) is (stage == "TEXT")
    assert ("may have arrived" in error.why) is (stage == "TEXT")


def test_the_stages_have_the_minutes_that_rfc_5321_gives_them() -> None:
    times = (smtp.GREETING, smtp.COMMAND, smtp.DATA, smtp.BLOCK, smtp.END_OF_TEXT)

    assert times == (5 * 60, 5 * 60, 2 * 60, 3 * 60, 10 * 60)


def test_a_slow_mail_server_that_takes_long_after_the_text_gets_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # All other stages are shorter than this server is slow: the end of the text has a time of its own.
    monkeypatch.setattr(smtp, "COMMAND", 0.5)
    with MailServer(Trouble("TEXT", "wait", 1.5)) as server:
        send(server.url("a@example.org"))

        assert server.readers() == ["a@example.org"]


@pytest.mark.soak
def test_a_slow_mail_server_25_s_after_data_gets_it_once() -> None:
    with MailServer(Trouble("TEXT", "wait", 25)) as server:
        send(server.url("a@example.org"))

        assert server.readers() == ["a@example.org"]


@pytest.mark.parametrize("answer", ["\r\n".join("250-more" for _ in range(20_000)), "250 " + "x" * 100_000])
def test_an_answer_without_end_is_none(answer: str) -> None:
    with MailServer(Trouble("EHLO", answer)) as server:
        error = failure(server.url("a@example.org", "&rto=20"))

    assert error.why == "EHLO: the answer has no end"


def test_an_answer_that_comes_letter_by_letter_has_one_deadline() -> None:
    with MailServer(Trouble("RCPT", "trickle")) as server:
        begun = time.monotonic()

        error = failure(server.url("a@example.org", "&rto=0.5"))

    assert time.monotonic() - begun < 5
    assert error.why == "RCPT TO: no answer within 0.5 s"


def test_the_line_is_cut_between_two_mails_the_first_has_it_and_the_second_is_tried_again() -> None:
    with MailServer(recipients={"b@example.org": "421 4.3.2 closing"}) as server:
        [missed] = in_part(server.url("a@example.org,b@example.org")).missed

        assert server.readers() == ["a@example.org"]
    assert (missed.is_final, missed.in_doubt) == (False, False)


def test_a_line_that_is_cut_with_the_text_of_one_mail_costs_the_others_nothing() -> None:
    with MailServer(Trouble("TEXT", "drop"), troubled="a@example.org") as server:
        [missed] = in_part(server.url("a@example.org,b@example.org")).missed

        assert server.readers() == ["a@example.org", "b@example.org"]
    assert (missed.place, missed.in_doubt) == ("address 1 in to=", True)


def test_a_mail_server_where_nobody_listens_is_named_so_that_somebody_looks_for_its_return() -> None:
    error = failure("mailto://127.0.0.1:9?from=h@example.org&to=a@example.org")

    assert error.no_connection is not None
    assert (error.no_connection.host, error.no_connection.port) == ("127.0.0.1", 9)
    assert error.why.startswith("connecting: ")


# ---------------------------------------------------------------- what apprise's mails can


def test_a_mail_gets_the_text_as_it_is_and_logs_in() -> None:
    with SmtpSink() as sink:
        login = f"{sink.user}:{quote(sink.password, safe='')}"
        send(f"mailto://{login}@127.0.0.1:{sink.port}?from=h@example.org&to=a@example.org,b@example.org")

        one, other = sink.messages
    assert (one.subject, one.body) == (MESSAGE.subject, MESSAGE.body)
    assert {one.recipients, other.recipients} == {("a@example.org",), ("b@example.org",)}


def test_a_wrong_mail_password_is_told() -> None:
    with SmtpSink() as sink:
        error = failure(f"mailto://alerts:falsch77@127.0.0.1:{sink.port}?from=h@example.org&to=a@example.org")

    assert "the login: 535" in error.why
    assert "falsch77" not in error.why


def test_a_password_that_mail_servers_do_not_take_is_told() -> None:
    with SmtpSink() as sink:
        error = failure(f"mailto://alerts:sch%C3%B6n77@127.0.0.1:{sink.port}?from=h@example.org&to=a@example.org")

    assert error.why == "the login: holds letters that this server does not take"


def test_names_copies_headers_and_files_go_along() -> None:
    with SmtpSink() as sink:
        options = "&name=Jörg Müller&to=Bob <a@example.org>&cc=c@example.org&reply=r@example.org&+X-Site=Köln"
        url = f"mailto://127.0.0.1:{sink.port}?from=h@example.org{quote(options, safe='&=@+')}"
        attachment = Attachment("report.csv", "text/csv", b"a,b\n1,2\n")

        send(url, Message("Bericht für März", "…", attachment=attachment, threads=("840.20260301",)))

        [mail] = sink.messages
    assert mail.subject == "Bericht für März"
    assert mail.headers["From"] == "Jörg Müller <h@example.org>"
    assert mail.headers["To"] == "Bob <a@example.org>"
    assert (mail.headers["Cc"], mail.headers["Reply-To"], mail.headers["X-Site"]) == (
        "c@example.org",
        "r@example.org",
        "Köln",
    )
    assert mail.headers["In-Reply-To"] == mail.headers["References"]
    assert mail.headers["In-Reply-To"].startswith("<incident.840.20260301@")
    assert mail.headers["X-Application"] == "healthmon"
    assert sorted(mail.recipients) == ["a@example.org", "c@example.org"]
    [file] = mail.files
    assert (file.name, file.media_type, file.content) == ("report.csv", "text/csv", b"a,b\n1,2\n")


def test_a_mail_as_html_shows_the_text_as_it_is() -> None:
    with SmtpSink() as sink:
        send(f"{sink.url}&format=html")

        [mail] = sink.messages
    assert "contact <sip:101@10.0.0.1> _x_" in mail.body


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("mailtos://joe:pw@gmail.com", ("smtp.gmail.com", 587, "starttls", "joe@gmail.com")),
        ("mailtos://joe:pw@fastmail.com", ("smtp.fastmail.com", 465, "ssl", "joe@fastmail.com")),
        ("mailtos://joe:pw@mail.example.org?mode=ssl", ("mail.example.org", 465, "ssl", "joe")),
        ("mailtos://joe:pw@mail.example.org", ("mail.example.org", 587, "starttls", "joe")),
        ("mailto://joe:pw@mail.example.org", ("mail.example.org", 25, "insecure", "joe")),
        ("mailto://joe:pw@example.org?smtp=relay.example.org", ("relay.example.org", 25, "insecure", "joe")),
    ],
)
def test_providers_that_apprise_knows_are_found(url: str, where: tuple[str, int, str, str]) -> None:
    server = MailSender("oncall/mail", Secret(url))._server()

    assert (server.host, server.port, str(server.mode), server.user) == where


@pytest.mark.parametrize("mode", ["ssl", "starttls"])
def test_mails_are_encrypted_and_the_certificate_is_verified_unless_somebody_says_no(tmp_path: Path, mode: str) -> None:
    context = Authority(tmp_path).sign("127.0.0.1").server_context()
    with SmtpSink(tls=context, is_tls_from_the_start=mode == "ssl") as sink:
        url = sink.url.replace("mailto:", "mailtos:") + f"&mode={mode}"

        error = failure(url)
        send(f"{url}&verify=no")

        [mail] = sink.messages
    assert error.why.startswith("the TLS handshake: the certificate is not accepted (")
    assert mail.subject == MESSAGE.subject


def test_a_mail_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with MailServer() as server:
        error = failure(server.url("a@example.org", "&mode=starttls&user=u&pass=geheim77"))

        assert server.mails == []
        assert not any("AUTH" in line for line in server.asked)
    assert error.why == "STARTTLS: the server does not offer it"


def test_pgp_without_its_package_is_said_at_check_config_and_sends_nothing_in_clear() -> None:
    with MailServer() as server:
        url = server.url("a@example.org", "&pgp=encrypt")

        assert why_refused(url) == "pgp= needs the Python package PGPy, which is not installed beside healthmon"
        error = failure(url)

        assert server.mails == []
    assert "PGP" in error.why


def test_a_url_that_apprise_does_not_load_is_a_failure_that_says_so() -> None:
    assert "does not load" in failure("mailto://h@/?to=secret77").why


def letters(*recipients: str, text: bytes = b"Subject: x\r\n\r\ny\r\n") -> list[smtp.Letter]:
    return [smtp.Letter("healthmon@example.org", (recipient,), text) for recipient in recipients]


def test_a_server_that_takes_the_text_in_drops_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # More than all buffers hold; each block goes in its time, the whole would take minutes.
    monkeypatch.setattr(smtp, "BLOCK", 1.0)
    monkeypatch.setattr(smtp, "_TEXT_RATE", 16_000_000)
    text = (b"x" * 998 + b"\r\n") * 16_000
    with MailServer(Trouble("TEXT", "sip", 0.005)) as server:
        begun = time.monotonic()
        answers = smtp.hand_over(
            smtp.MailServer("127.0.0.1", server.port, smtp.Mode.INSECURE), letters("a@example.org", text=text)
        )

    assert time.monotonic() - begun < 10
    assert answers["a@example.org"].why == "the text: no answer within 1 s"
    assert server.mails == []


def test_a_server_that_uses_up_the_time_of_each_stage_does_not_keep_us_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "ALL_WITHIN", 0.6)
    with MailServer(Trouble("RCPT", "wait", 0.4)) as server:
        mails = letters("a@example.org", "b@example.org", "c@example.org", "d@example.org")
        answers = smtp.hand_over(smtp.MailServer("127.0.0.1", server.port, smtp.Mode.INSECURE), mails)

        assert server.readers() == ["a@example.org", "b@example.org"]
    assert [answers[to].verdict for to in ("c@example.org", "d@example.org")] == [smtp.Verdict.LATER] * 2
    assert answers["d@example.org"].why == "the mails before took more than 0.01 minutes"
