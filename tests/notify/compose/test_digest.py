"""What holds for every message, whatever names strangers choose."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from healthmon.model import Check, Ending, Health, Incident, Kind, Reason, Said, Severity, Target
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message_lines import State, lines_of
from healthmon.store.outbox.outbox import ClaimedRow
from tests.notify.rows import ENGLISH, OFFICE, SINCE, TELEKOM, closed, incident, phone, row, up

#: Now and then two of the same.
NAMES = st.one_of(st.sampled_from(["101", "office"]), st.text(min_size=1, max_size=250))
HOUR = 3600.0
#: Few, so that they explain each other in all ways.
NUMBERS = range(1, 7)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    kind = draw(st.sampled_from(Kind))
    pbx = draw(NAMES)
    facts = {
        "health": draw(st.sampled_from([Health.DOWN, Health.DEGRADED])),
        "cause": draw(st.text(max_size=400)),
        "cohort": draw(st.sampled_from(["", "found down at first look"])),
        "flapping": draw(st.sampled_from([0, 0, 1])),
        "severity": draw(st.sampled_from(Severity)),
        "explained_by": draw(st.sampled_from([None, *NUMBERS])),
        "opened_at": SINCE - draw(st.floats(0, 5e7)),
    }
    number = draw(st.sampled_from(NUMBERS))
    if kind is Kind.PBX:
        facts["check"] = draw(st.sampled_from([Check.CONNECTION, Check.INVENTORY, Check.RESTARTS]))
        target = Target(pbx)
    elif kind.is_group:
        target = Target(pbx, kind.value, "" if kind is Kind.NETWORK else draw(NAMES))
        facts |= {"down": draw(st.integers(0, 50)), "of": draw(st.sampled_from([0, 40]))}
    else:
        target = Target(pbx, "PJSIP", draw(NAMES))
    if draw(st.booleans()):
        return closed(target, number, draw(st.sampled_from(Ending)), kind=kind, **facts)
    return incident(target, number, kind, **facts)


@st.composite
def claimed_rows(draw: st.DrawFn) -> ClaimedRow:
    return row(
        draw(incidents()),
        draw(st.sampled_from(Reason)),
        draw(st.sampled_from(Said)),
        repeated=draw(st.booleans()),
        explained=tuple(draw(st.lists(incidents(), max_size=3))),
        others=draw(st.integers(0, 5)),
    )


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(claimed_rows(), min_size=1, max_size=12), most=st.sampled_from([60, 160, 1000, 3500]))
def test_every_message_begins_with_a_state_and_stays_within_its_limits(rows: list[ClaimedRow], most: int) -> None:
    message = compose(rows, ENGLISH, most_characters=most)

    assert message.subject.startswith(tuple(f"{state} " for state in State))
    assert len(message.subject) <= 60
    assert len(message.body) <= most
    assert message.subject.isprintable()
    assert all(line.isprintable() for line in message.body.split("\n"))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(claimed_rows(), min_size=1, max_size=4))
def test_what_may_be_a_repetition_says_so(rows: list[ClaimedRow]) -> None:
    message = compose(rows, ENGLISH)

    assert ("possibly repeated" in message.body) == any(one.possibly_repeated for one in rows)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(claimed_rows(), min_size=1, max_size=8))
def test_every_row_is_told_once_whatever_explains_what(rows: list[ClaimedRow]) -> None:
    told = [line.row for outside in lines_of(rows) for line in outside.all]

    assert sorted(map(id, told)) == sorted(map(id, rows))


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(claimed_rows(), min_size=2, max_size=6, unique_by=lambda one: one.incident.id),
    dice=st.randoms(use_true_random=False),
    most=st.sampled_from([160, 1000, 3500]),
)
def test_a_message_does_not_depend_on_the_order_in_which_its_rows_came(
    rows: list[ClaimedRow], dice: Random, most: int
) -> None:
    shuffled = dice.sample(rows, len(rows))

    assert compose(shuffled, ENGLISH, most_characters=most) == compose(rows, ENGLISH, most_characters=most)


def test_worst_comes_first_whatever_the_order() -> None:
    rows = [
        up(closed(Target("office"), 1)),
        row(incident(phone("101"), 2)),
        row(incident(TELEKOM, 3, health=Health.DEGRADED)),
        row(incident(TELEKOM, 4)),
        row(incident(Target("office"), 5, health=Health.DEGRADED)),
    ]

    message = compose(rows, ENGLISH)

    first_words = [part.partition(" (")[0].partition("\n")[0] for part in message.body.split("\n\n")[:5]]
    assert first_words == [
        "DEGRADED PBX office",
        "DOWN provider Telekom",
        "DEGRADED provider Telekom",
        "DOWN phone 101",
        "UP PBX office",
    ]


def test_a_digest_of_a_thousand_phones_says_how_many_it_left_out() -> None:
    rows = [row(incident(phone(str(number)), number, opened_at=SINCE - number * HOUR)) for number in range(1000, 2000)]

    message = compose(rows, ENGLISH)

    assert message.subject == "DOWN 1000 phones (office): 1000–1999"
    assert "to 1999): see healthmon status --down" in message.body
    assert len(message.body) <= 3500


def test_many_phones_with_one_cause_are_one_sentence() -> None:
    rows = [row(incident(phone(str(number)), number, opened_at=SINCE + number / 100)) for number in range(1000, 2000)]

    body = compose(rows, ENGLISH).body

    assert body.startswith(
        "DOWN 1000 phones (office): 1000–1999\n"
        "since 14:02:21 CEST (UTC+2), the last of them since 14:02:30 CEST (UTC+2), for 2 min 39 s\n"
        "cause: does not answer OPTIONS (contact Unreachable)\nincidents 1000–1999\n\nLook further:"
    )


#: Up to six incidents that stand in one message.
KINDS = st.lists(st.sampled_from([Kind.PBX, Kind.PROVIDER, Kind.SITE, Kind.PHONE]), min_size=1, max_size=6)
SEVERITIES = st.lists(st.sampled_from(Severity), min_size=6, max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    kinds=KINDS,
    severities=SEVERITIES,
    over=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_more_in_a_subject_never_hides_a_provider(
    kinds: list[Kind], severities: list[Severity], over: list[bool]
) -> None:
    rows = [row_of(number, *facts) for number, facts in enumerate(zip(kinds, severities, over, strict=False), start=1)]

    subject = compose(rows, ENGLISH).subject

    assert Kind.PROVIDER not in kinds or "provider" in subject, subject
    assert len(subject) <= 60


@settings(max_examples=150, deadline=None)
@given(
    kinds=KINDS,
    severities=SEVERITIES,
    unseen=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_more_in_a_subject_never_hides_a_pbx_that_is_down_or_cannot_be_seen(
    kinds: list[Kind], severities: list[Severity], unseen: list[bool]
) -> None:
    facts = list(zip(kinds, severities, unseen, strict=False))
    rows = [row_of_lost(number, *fact) for number, fact in enumerate(facts, start=1)]

    subject = compose(rows, ENGLISH).subject

    assert Kind.PBX not in kinds or "PBX" in subject, subject
    hidden = re.search(r"\+ (\d+) more$", subject)
    assert hidden is None or int(hidden[1]) <= sum(kind in (Kind.SITE, Kind.PHONE) for kind in kinds), subject
    assert len(subject) <= 60


def row_of_lost(number: int, kind: Kind, severity: Severity, is_unseen: bool) -> ClaimedRow:
    """Something of a kind that went down, or a PBX that cannot be seen."""
    if kind is Kind.PBX and is_unseen:
        return row(incident(Target(f"pbx-{number}"), number, kind, severity=severity, health=Health.UNKNOWN))
    return row_of(number, kind, severity, is_over=False)


def test_a_pbx_that_is_down_beside_one_that_cannot_be_seen_hides_neither() -> None:
    branch, office = incident(Target("branch"), 1), incident(Target("office"), 2, health=Health.UNKNOWN)

    subject = compose([row(branch), row(office), row(incident(phone("101"), 3))], ENGLISH).subject

    assert subject == "DOWN PBX branch + CANNOT SEE PBX office + 1 more"


def test_a_registration_of_nobody_is_named_as_a_provider_is() -> None:
    lost = incident(
        Target("branch", "REGISTRATION", "SIP/cs1"), 841, Kind.REGISTRATION, check=Check.REGISTRATION, cause="rejected"
    )
    office = incident(Target("office"), 840, Kind.PBX, check=Check.CONNECTION, health=Health.UNKNOWN)
    about = [row(office), row(lost)]

    assert compose(about, ENGLISH).subject == "CANNOT SEE PBX office + DOWN registration SIP/cs1"
    many = [
        replace(lost, id=number, target=lost.target._replace(resource=f"SIP/carrier-{number}")) for number in range(9)
    ]
    assert compose([row(office), *map(row, many)], ENGLISH).subject == "CANNOT SEE PBX office + DOWN 9 registrations"


def test_a_defect_in_a_subject_is_named_and_not_cut() -> None:
    cause = "a defect of healthmon (KeyError): its log says where"

    subject = compose([row(incident(Target("branch"), 1, health=Health.UNKNOWN, cause=cause))], ENGLISH).subject

    assert subject == "CANNOT SEE PBX branch: a defect of healthmon (KeyError)"


def row_of(number: int, kind: Kind, severity: Severity, is_over: bool) -> ClaimedRow:
    """Something of a kind that went down; ``is_over``: and came back."""
    name = f"{kind}-{number}"
    target = Target(name) if kind is Kind.PBX else Target("office", "site" if kind is Kind.SITE else "PJSIP", name)
    if is_over:
        return up(closed(target, number, kind=kind, severity=severity))
    return row(incident(target, number, kind, severity=severity))


@pytest.mark.parametrize("reason", [Reason.OPENED, Reason.REMINDER, Reason.ESCALATED])
@pytest.mark.parametrize("most", [160, 3500])
def test_every_message_that_asks_something_of_somebody_says_how(reason: Reason, most: int) -> None:
    body = compose([row(incident(TELEKOM), reason)], ENGLISH, most_characters=most).body

    assert "healthmon ack 840" in body.splitlines()
    assert most < 300 or "healthmon incident 840" in body.splitlines()


def test_what_somebody_took_note_of_asks_nobody_to_do_so() -> None:
    acknowledged = incident(TELEKOM, acked_at=SINCE + 10, acked_by="anna")

    body = compose([row(acknowledged, Reason.CHANGED)], ENGLISH).body

    assert "healthmon ack" not in body
    assert "healthmon incident 840" in body.splitlines()


def test_also_down_names_up_to_three() -> None:
    others = tuple(incident(phone(str(number)), number) for number in (101, 102, 103))

    assert "\nAlso down: phone 101 (office).\n" in compose([row(incident(TELEKOM), worst=others[:1])], ENGLISH).body
    more = compose([row(incident(TELEKOM), others=5, worst=others)], ENGLISH).body
    assert "\nAlso down: phone 101 (office), phone 102 (office), phone 103 (office), 2 more.\n" in more


def test_what_is_down_and_may_not_be_named_is_called_what_it_is() -> None:
    rest = {"others_down": 1, "others_unnamed": (Kind.PROVIDER,)}
    several = {"others_down": 3, "others_unnamed": (Kind.PHONE, Kind.PROVIDER, Kind.PHONE)}
    beside = {"others": (incident(phone("101"), 841),), "others_down": 2, "others_unnamed": (Kind.SITE,)}

    said = [compose([replace(row(incident(TELEKOM)), **facts)], ENGLISH).body for facts in (rest, several, beside)]

    assert "\nAlso down: 1 provider.\n" in said[0]
    assert "\nAlso down: 1 provider, 2 phones.\n" in said[1]
    assert "\nAlso down: phone 101 (office), 1 site.\n" in said[2]


def test_what_is_not_down_but_degraded_or_flapping_is_not_called_down() -> None:
    others = (
        incident(OFFICE, 1, cause="3 restarts in 10 minutes", check=Check.RESTARTS),
        incident(phone("101"), 2, health=Health.DEGRADED, flapping=1),
        incident(phone("102"), 3, health=Health.DEGRADED),
    )

    body = compose([row(incident(TELEKOM), worst=others)], ENGLISH).body

    named = "PBX office (restarts) (degraded), phone 101 (office) (flapping), phone 102 (office) (degraded)"
    assert f"\nAlso down: {named}.\n" in body


def test_the_length_of_what_flapped_is_not_told_as_that_of_one_outage() -> None:
    told = compose([up(closed(TELEKOM, flap_episodes=1))], ENGLISH).body
    plain = compose([up(closed(TELEKOM))], ENGLISH).body

    sentence = "it came and went in this time: the report says for how long it was down"
    assert sentence in told.splitlines()
    assert sentence not in plain


@pytest.mark.parametrize(
    ("cause", "short"),
    [
        (
            "Asterisk cannot list all endpoints at once (an answer 500 (Allocation failed)): is a name not UTF-8?",
            "cannot list all endpoints at once",
        ),
        ("Asterisk has no PJSIP channel driver: no call over PJSIP is possible", "has no PJSIP channel driver"),
        ("events: connection refused: nothing listens on 127.168.1.4:8088", "events: connection refused"),
        ("3 restarts in 10 minutes", "3 restarts in 10 minutes"),
    ],
)
def test_a_cause_in_a_subject_ends_where_a_sentence_may(cause: str, short: str) -> None:
    about = incident(OFFICE, health=Health.DEGRADED, cause=cause)

    assert compose([row(about)], ENGLISH).subject == f"DEGRADED PBX office: {short}"


def test_what_a_pbx_tells_is_said_beside_what_else_there_is_as_far_as_there_is_room() -> None:
    told = incident(OFFICE, health=Health.DEGRADED, cause="Asterisk has no PJSIP channel driver: no call is possible")

    assert compose([row(told), row(incident(phone("101"), 3))], ENGLISH).subject == (
        "DEGRADED PBX office: has no PJSIP channel driver + 1 more"
    )


def test_a_number_of_phones_and_their_names_come_from_one_set() -> None:
    """Some are about to be believed up, some down, when the message is written."""
    phones = tuple(incident(phone(str(number)), number, explained_by=900) for number in (102, 104, 107))
    about = incident(Target("office", "site", "203.0.113.7"), 900, Kind.SITE, cause="", down=2, of=8)

    body = compose([row(about, explained=phones)], ENGLISH).body

    assert "3 of 8 phones unreachable since" in body
    assert body.splitlines()[1] == "102, 104, 107"


def test_what_went_down_for_another_cause_or_at_another_time_has_its_own_sentence() -> None:
    rows = [
        row(incident(phone("101"), 1)),
        row(incident(phone("102"), 2, opened_at=SINCE + 60)),
        row(incident(phone("103"), 3, cause="device state UNAVAILABLE")),
        row(incident(phone("104"), 4, opened_at=SINCE - HOUR)),
    ]

    body = compose(rows, ENGLISH).body

    starts = [part.partition("\n")[0] for part in body.split("\n\n")]
    assert starts[:4] == [
        "DOWN 4 phones (office): 101, 102, 103, 104",
        "DOWN 2 phones (office): 101, 102",
        "DOWN phone 103 (office)",
        "DOWN phone 104 (office)",
    ]


def test_phones_of_two_pbxs_are_told_apart() -> None:
    rows = [row(incident(phone("101", pbx), number)) for number, pbx in enumerate(("office", "shop"), start=1)]

    message = compose(rows, ENGLISH)

    assert message.subject == "DOWN phone 101 (office) + 1 more"
    assert "DOWN phone 101 (shop)" in message.body


def test_several_pbxs_are_told_by_name_each_trouble_for_itself() -> None:
    rows = [row(incident(Target(name), number)) for number, name in enumerate(("office", "berlin", "harbour"), start=1)]
    short = [
        row(incident(Target(name), number, check=Check.INVENTORY, health=Health.DEGRADED))
        for number, name in enumerate(("berlin", "office"), start=7)
    ]

    mixed = compose([*short, *rows], ENGLISH)

    assert compose(rows, ENGLISH).subject == "DOWN 3 PBXs: berlin, harbour, office"
    assert mixed.subject == "DOWN 3 PBXs + 2 more"
    assert "DEGRADED 2 PBXs: berlin, office" in mixed.body


def test_a_name_is_cut_and_the_state_and_the_time_are_not() -> None:
    about = incident(phone("reception-desk-ground-floor-left-behind-the-plant"))

    message = compose([row(about)], ENGLISH)

    assert message.subject == "DOWN phone reception-desk-ground-floor… (office) since 14:02"
