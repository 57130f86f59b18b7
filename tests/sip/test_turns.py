"""Whose turn it is to be asked: one request a second to an address, questions before what is only due."""

from __future__ import annotations

from healthmon.model import SipWay
from healthmon.sip.asked import Asked
from healthmon.sip.destinations import Remote, Transport, destination_of
from healthmon.sip.names import Found
from healthmon.sip.turns import ALL_APART, APART, Turn, Turns

PROXY = "192.0.2.1"


def turn(host: str, address: str = PROXY, transport: Transport = Transport.UDP) -> Turn:
    """A host, asked at one address, whose round has begun."""
    destination = destination_of(SipWay(f"sip:{host}"))
    assert destination is not None
    asked = Asked(destination, 60.0)
    asked.use(Found((Remote(transport, address, 5060),), 3600.0))
    asked.begin(0.0, 0.0)
    [place] = asked.waiting
    return Turn(asked, place)


def waiting(*turns: Turn) -> Turns:
    """All of them are due."""
    queues = Turns()
    for due in turns:
        queues.add(due, 0.0, is_question=False)
    return queues


def taken(turns: Turns, now: float, *, has_room: bool = True) -> list[str]:
    """The hosts whose turn it is at a time."""
    found = []
    while (due := turns.take(now, has_room=has_room)) is not None:
        due.place.is_waiting = False
        found.append(due.asked.destination.hop.host)
    return found


def test_at_one_address_it_is_one_after_the_other() -> None:
    turns = waiting(turn("a.example"), turn("b.example"))

    assert taken(turns, 0.0) == ["a.example"]
    assert turns.next_at() == APART
    assert taken(turns, APART - 0.01) == []
    assert taken(turns, APART) == ["b.example"]
    assert taken(turns, 2 * APART) == []
    assert turns.next_at() == float("inf")


def test_different_addresses_are_asked_nearly_at_once() -> None:
    turns = waiting(turn("a.example"), turn("b.example", "192.0.2.2"))

    assert taken(turns, 0.0) == ["a.example"]
    assert taken(turns, ALL_APART) == ["b.example"]


def test_a_question_goes_before_what_is_only_due() -> None:
    names = [turn(f"{letter}.example") for letter in "abcd"]
    turns = waiting(*names)
    assert taken(turns, 0.0) == ["a.example"]

    turns.add(names[3], 0.5, is_question=True)

    assert taken(turns, 1.0) == ["d.example"]
    # It is asked once, though it waited in two places.
    assert [taken(turns, 2.0), taken(turns, 3.0), taken(turns, 4.0)] == [["b.example"], ["c.example"], []]


def test_who_is_left_loses_no_turn_of_another() -> None:
    gone = turn("a.example")
    turns = waiting(gone, turn("b.example"))

    gone.asked.is_left = True

    assert taken(turns, 0.0) == ["b.example"]


def test_without_room_for_a_connection_only_datagrams_leave() -> None:
    turns = waiting(turn("a.example", transport=Transport.TCP), turn("b.example", "192.0.2.2"))

    assert taken(turns, 0.0, has_room=False) == ["b.example"]
    assert taken(turns, APART) == ["a.example"]
