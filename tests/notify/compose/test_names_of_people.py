"""What people call an endpoint stands beside its number in a message, and harms none."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from msgspec.structs import replace

from healthmon.model import DisplayNames, Kind, Target
from healthmon.notify.channels.telegram import as_html
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import SUBJECT_CHARACTERS
from healthmon.notify.compose.message_lines import lines_of
from healthmon.notify.compose.ticket import called_field
from healthmon.notify.templates.context import context_of
from tests.notify.cases import CASES
from tests.notify.rows import ENGLISH, incident, phone, row, up

HOSTILE = 'Bob & <b>Söhne</b>" since\r\nBcc: x@example.org\N{RIGHT-TO-LEFT OVERRIDE}\x1b[31m'
SHOWN = r"""Bob & <b>Söhne</b>' since Bcc: x@example.org\u202e\x1b[31m"""
DESK, TRUNK = phone("103"), Target("office", "PJSIP", "telekom")
SITE = Target("office", "site", "203.0.113.7")


def named(**names: str) -> DisplayNames:
    return DisplayNames({endpoint.replace("_", "/"): name for endpoint, name in names.items()})


ONE = replace(ENGLISH, names=named(PJSIP_103="Reception"))


def test_the_name_stands_beside_the_number_in_subject_and_body() -> None:
    message = compose([row(incident(DESK))], ONE)

    assert message.subject == 'DOWN phone 103 "Reception" (office) since 14:02'
    assert message.body.splitlines()[0] == 'DOWN phone 103 "Reception" (office)'
    assert "PJSIP/103 on PBX office, incident 840" in message.body
    assert "--endpoint 'PJSIP/103'" in message.body


def test_a_ticket_has_it_too() -> None:
    ticket = compose([replace(row(incident(DESK)), key="healthmon-1")], ONE).ticket

    assert ticket is not None
    assert (ticket.name, ticket.called) == ("103", "Reception")
    assert called_field(ticket) == {"called": "Reception"}


def test_the_caller_id_is_the_name_where_the_configuration_has_none() -> None:
    rows = [replace(row(incident(DESK)), caller_names={DESK: "Anna"})]

    assert compose(rows, ENGLISH).subject == 'DOWN phone 103 "Anna" (office) since 14:02'
    assert compose(rows, ONE).subject == 'DOWN phone 103 "Reception" (office) since 14:02'


def test_of_a_long_name_a_subject_has_what_there_is_room_for() -> None:
    long = "The reception desk of the second floor"
    voice = replace(ENGLISH, names=named(PJSIP_103=long, PJSIP_1000000000000000000000="Anna Maria"))

    subject = compose([row(incident(DESK))], voice).subject
    assert subject == 'DOWN phone 103 "The reception desk of…" (office) since 14:02'
    assert len(subject) == SUBJECT_CHARACTERS
    # With fewer than eight letters nobody knows who is meant.
    crowded = compose([row(incident(phone("1000000000000000000000")))], voice).subject
    assert crowded == "DOWN phone 1000000000000000000000 (office) since 14:02"


def test_a_list_has_names_if_there_is_room_for_all_of_them_and_else_numbers() -> None:
    few = [row(incident(phone(name), number)) for number, name in enumerate(("101", "102", "103"), 1)]
    voice = replace(ENGLISH, names=named(PJSIP_101="Müller, Anna", PJSIP_103="Bob"))
    message = compose(few, voice)

    assert message.subject == 'DOWN 3 phones (office): 101 "Müller, Anna", 102, 103 "Bob"'
    assert '101 "Müller, Anna", 102, 103 "Bob"' in message.body

    many = [row(incident(phone(str(name)), name)) for name in range(101, 141)]
    assert compose(many, voice) == replace(compose(many, ENGLISH), facts=compose(many, voice).facts)


def test_what_a_group_took_with_it_is_called_by_its_names() -> None:
    members = tuple(incident(phone(name), number) for number, name in enumerate(("101", "103"), 1))
    site = incident(SITE, 9, Kind.SITE, down=2, of=2)

    assert '101, 103 "Reception"' in compose([row(site, explained=members)], ONE).body
    assert 'Also down: phone 103 "Reception" (office).' in compose([row(incident(TRUNK), worst=members[1:])], ONE).body


def test_the_facts_for_programs_have_the_name_only_where_there_is_one() -> None:
    rows = [row(incident(DESK)), row(incident(phone("104"), 841), worst=(incident(DESK, 842),))]
    told = compose(rows, ONE).facts

    assert [about.get("called") for about in told["incidents"]] == ["Reception", None]
    assert ["called" in about for about in told["incidents"]] == [True, False]
    assert told["also_down"][0]["called"] == "Reception"


def test_a_template_may_ask_for_the_name_of_each() -> None:
    rows = [row(incident(DESK)), row(incident(phone("104"), 841))]
    facts = context_of(compose(rows, ONE), lines_of(rows, ONE.names), ONE)

    assert [about["called"] for about in facts["incidents"]] == ["Reception", ""]


def test_a_hostile_name_is_text_for_telegram_for_mail_and_for_json() -> None:
    message = compose([row(incident(DESK))], replace(ENGLISH, names=named(PJSIP_103=HOSTILE)))

    subject, body = as_html(message)
    assert "<b>" not in subject + body
    assert "Bob &amp; &lt;b&gt;Söhne&lt;/b&gt;' since" in body
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = message.subject
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert (read["Subject"], read["Bcc"]) == (message.subject, None)
    [about] = json.loads(json.dumps(message.facts))["incidents"]
    assert about["called"] == SHOWN
    assert all(line.isprintable() for line in (message.subject, *message.body.splitlines()))


@pytest.mark.parametrize("name", sorted(CASES))
def test_names_change_no_number_no_order_and_no_length_of_any_message(name: str) -> None:
    case = CASES[name]()
    targets = {told.target for each in case.rows for told in (each.incident, *each.explained, *each.others)}
    voice = replace(ENGLISH, now=case.now, names=DisplayNames({}, dict.fromkeys(targets, "")))
    plain = compose(
        case.rows, replace(voice, names=DisplayNames()), failing=case.failing, most_characters=case.most_characters
    )
    called = DisplayNames({target.endpoint: "Anna" for target in targets if target.is_endpoint})
    message = compose(
        case.rows, replace(voice, names=called), failing=case.failing, most_characters=case.most_characters
    )

    assert (message.mood, message.threads, message.ticket) == (plain.mood, plain.threads, plain.ticket)
    assert len(message.subject) <= SUBJECT_CHARACTERS
    assert len(message.body) <= case.most_characters
    assert message.subject.replace(' "Anna"', "").split(" (")[0] == plain.subject.split(" (")[0]


def test_the_end_of_an_outage_has_the_name_too() -> None:
    assert compose([up(incident(DESK, closed_at=ENGLISH.now))], ONE).subject.startswith('UP phone 103 "Reception"')
