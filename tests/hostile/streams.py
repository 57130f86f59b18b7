"""Event streams that break the rules of WebSocket (RFC 6455), or only the patience."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from functools import partial

from healthmon.demo.fakepbx import frames
from tests.hostile.bodies import DEEP
from tests.hostile.misbehaviour import CATALOGUE, Line, Misbehaviour, Where, misbehaviour

BREAKS_RULES = "no events: the event stream breaks the rules of WebSocket"
NO_EVENTS = "no events: "
SILENT = "not even our own heartbeat"
#: An event that says nothing new.
EVENT = json.dumps({"type": "DeviceStateChanged", "device_state": {"name": "PJSIP/101", "state": "NOT_INUSE"}}).encode()
#: The first byte of a frame: the last of its message or not, and what it holds.
LAST = 0x80
CONTINUED, TEXT = 0, 1


def piece(payload: bytes, opcode: int, *, is_last: bool = False) -> bytes:
    """A frame of a message in several."""
    whole = bytearray(frames.frame(payload, opcode))
    whole[0] = opcode | (LAST if is_last else 0)
    return bytes(whole)


def break_a_rule(line: Line, frame: bytes) -> None:
    """Send a frame, and then no other."""
    line.stream.send(frame)
    line.stream.is_mute = True


# ---------------------------------------------------------------- frames that may not be


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def masked_frame(line: Line) -> None:
    """Only clients mask."""
    mask = os.urandom(4)
    payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(EVENT[:100]))
    break_a_rule(line, bytes([LAST | TEXT, 0x80 | len(payload)]) + mask + payload)


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def reserved_bit(line: Line) -> None:
    """As if an extension had been agreed on."""
    break_a_rule(line, bytes([0xC0 | TEXT, 2]) + b"{}")


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def unknown_opcode(line: Line) -> None:
    """A kind of data that there is not."""
    break_a_rule(line, bytes([LAST | 3, 2]) + b"{}")


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def unknown_control_frame(line: Line) -> None:
    """A kind of control frame that there is not."""
    break_a_rule(line, bytes([LAST | 11, 0]))


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def length_of_2_to_the_63(line: Line) -> None:
    """One more than the largest that is allowed."""
    break_a_rule(line, bytes([LAST | TEXT, 127]) + (1 << 63).to_bytes(8, "big"))


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def length_of_almost_2_to_the_63(line: Line) -> None:
    """The largest that is allowed."""
    break_a_rule(line, bytes([LAST | TEXT, 127]) + ((1 << 63) - 1).to_bytes(8, "big"))


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def ping_of_1_kb(line: Line) -> None:
    """Control frames have 125 bytes at most."""
    break_a_rule(line, frames.frame(b"x" * 1000, frames.PING))


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def ping_in_pieces(line: Line) -> None:
    """Control frames come in one piece."""
    break_a_rule(line, piece(b"x", frames.PING))


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def end_without_a_beginning(line: Line) -> None:
    """The rest of a message that was not begun."""
    break_a_rule(line, piece(EVENT, CONTINUED, is_last=True))


@misbehaviour(Where.STREAM, "degraded", BREAKS_RULES)
def message_inside_of_a_message(line: Line) -> None:
    """A second beginning before the first one's end."""
    break_a_rule(line, piece(EVENT, TEXT) + frames.frame(EVENT))


# ---------------------------------------------------------------- messages without an end


@misbehaviour(Where.STREAM, "degraded", NO_EVENTS)
def fragments_without_end(line: Line) -> None:
    """A message that grows without end."""
    break_a_rule(line, piece(EVENT, TEXT))
    line.flood(piece(b" " * 1000, CONTINUED))


@misbehaviour(Where.STREAM, "degraded", NO_EVENTS)
def fragments_that_drip(line: Line) -> None:
    """A message that grows by a byte a second."""
    break_a_rule(line, piece(EVENT, TEXT))
    line.drip(piece(b" ", CONTINUED))


@misbehaviour(Where.STREAM, "degraded", NO_EVENTS)
def empty_fragments(line: Line) -> None:
    """A message that never grows, in pieces without end."""
    break_a_rule(line, piece(b"", TEXT))
    line.flood(piece(b"", CONTINUED))


@misbehaviour(Where.STREAM, "degraded", NO_EVENTS)
def frame_at_two_bytes_a_second(line: Line) -> None:
    """10 MB take two months."""
    break_a_rule(line, frames.header(10_000_000))
    line.drip(b"  ")


@misbehaviour(Where.STREAM, "degraded", NO_EVENTS)
def header_of_a_frame_that_drips(line: Line) -> None:
    """Not even its size comes."""
    break_a_rule(line, bytes([LAST | TEXT]))
    line.drip(b"\x7f", b"\0", b"\0", b"\0", b"\0", b"\0", b"\0", b"\0", b"\1", b"{")


@misbehaviour(Where.STREAM, "degraded", SILENT)
def silence(line: Line) -> None:
    """The stream is open, and nothing comes."""
    line.stream.is_mute = True


@misbehaviour(Where.STREAM, "degraded", SILENT)
def pings_instead_of_events(line: Line) -> None:
    """One a second: the peer lives, its events do not."""
    line.stream.is_mute = True
    line.drip(frames.frame(b"", frames.PING))


# ---------------------------------------------------------------- what is allowed, and no trouble


@misbehaviour(Where.STREAM, "up")
def control_frames_inside_of_a_message(line: Line) -> None:
    """Pings and pongs between its pieces, which is allowed."""
    ping, pong = frames.frame(b"between", frames.PING), frames.frame(b"", frames.PONG)
    half = len(EVENT) // 2
    begin, end = piece(EVENT[:half], TEXT), piece(EVENT[half:], CONTINUED, is_last=True)
    line.stream.send(begin + ping + piece(b"", CONTINUED) + pong + ping * 100 + end)


def flood_among_events(line: Line, whole_frames: bytes) -> None:
    """Send the same again and again; the events come in between."""
    while line.is_on:
        line.stream.send(whole_frames)
        line.pause()


@misbehaviour(Where.STREAM, "up")
def flood_of_pings(line: Line) -> None:
    """A thousand a second."""
    flood_among_events(line, frames.frame(b"x" * 125, frames.PING) * 10)


@misbehaviour(Where.STREAM, "up")
def flood_of_pongs(line: Line) -> None:
    """A thousand a second."""
    flood_among_events(line, frames.frame(b"x" * 125, frames.PONG) * 10)


# ---------------------------------------------------------------- valid events without end

#: "more events than can be taken in", or "more changes than are booked": which of them is met first is the machine's.
FLOODS = "more "
#: So many between two pauses: up to twenty thousand a second.
EVENTS_AT_ONCE = 200


def flood_of_events(line: Line, make: Callable[[int], bytes]) -> None:
    """Send event after event, the first being number 0.

    Our own heartbeat is not sent: it would wait behind them, and REST with it. An Asterisk does not wait.
    """
    line.stream.is_mute = True
    numbers = itertools.count()
    while line.is_on:
        line.send(b"".join(frames.frame(make(number)) for number in itertools.islice(numbers, EVENTS_AT_ONCE)))
        line.pause()


def contact_event(phone: str, address: str, status: str) -> bytes:
    """A ContactStatusChange."""
    return (
        f'{{"type":"ContactStatusChange","endpoint":{{"technology":"PJSIP","resource":"{phone}"}},"contact_info":'
        f'{{"uri":"sip:{phone}@{address}:5060","contact_status":"{status}","aor":"{phone}","roundtrip_usec":"9000"}}}}'
    ).encode()


def address_of(number: int) -> str:
    """One of sixteen million addresses."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@misbehaviour(Where.STREAM, "degraded", FLOODS, is_heavy=True)
def flood_of_new_contacts(line: Line) -> None:
    """A phone that is at ten thousand other addresses a second."""
    flood_of_events(line, lambda number: contact_event("101", address_of(number), "Reachable"))


@misbehaviour(Where.STREAM, "degraded", FLOODS, is_heavy=True)
def flood_of_contacts_that_come_and_go(line: Line) -> None:
    """Each contact is lost, and another one comes."""
    statuses = ("Created", "Reachable", "Unreachable", "Removed")
    flood_of_events(line, lambda number: contact_event("102", address_of(number // 4), statuses[number % 4]))


@misbehaviour(Where.STREAM, "degraded", FLOODS, is_heavy=True, may_be_taken_in=True)
def flood_of_phones_that_come_and_go(line: Line) -> None:
    """Two phones fall and are back as often as the line takes it; nothing of that lasts, so nothing is booked."""
    words = ("Unreachable", "Reachable")

    def make(number: int) -> bytes:
        return (
            f'{{"type":"PeerStatusChange","endpoint":{{"technology":"PJSIP","resource":"{101 + number // 2 % 2}"}},'
            f'"peer":{{"peer_status":"{words[number % 2]}"}}}}'
        ).encode()

    line.stream.is_mute = True
    whole = b"".join(frames.frame(make(number)) for number in range(EVENTS_AT_ONCE))
    while line.is_on:
        line.send(whole)


# ---------------------------------------------------------------- JSON


def event(text: str) -> bytes:
    """A ContactStatusChange of a phone that is well, with this round-trip time."""
    return (
        '{"type":"ContactStatusChange","endpoint":{"technology":"PJSIP","resource":"101"},"contact_info":'
        '{"uri":"sip:101@192.0.2.10:5060","contact_status":"Reachable","aor":"101","roundtrip_usec":' + text + "}}"
    ).encode()


#: Each is an event that is read, or counted and forgotten.
EVENTS = {
    "event-with-a-number-of-400-digits": event("9" * 400),
    "event-with-a-text-of-400-digits": event('"' + "9" * 400 + '"'),
    "event-with-a-number-beyond-all": event("1e999"),
    "event-with-nan": event("NaN"),
    "event-with-a-text-nan": event('"nan"'),
    "event-with-100,000-levels": DEEP,
    "event-with-a-lone-surrogate": event(r'"\ud800"'),
    "event-with-nul": event('"\0"'),
    "event-twice": event('1,"roundtrip_usec":596'),
    "event-that-is-not-utf-8": event('"x"').replace(b"x", b"\xfc"),
    "event-of-10-mb": event('"' + "9" * 10_000_000 + '"'),
}


def send_event(line: Line, raw: bytes) -> None:
    """Send an event among the others."""
    line.stream.send(frames.frame(raw))


CATALOGUE += [
    Misbehaviour(name.replace(",", ""), Where.STREAM, partial(send_event, raw=raw), "up")
    for name, raw in EVENTS.items()
]

# ---------------------------------------------------------------- good-byes

#: What Asterisk sends, what nobody may send, and what is not known.
CLOSE_CODES = (1000, 1001, 1005, 1006, 1011, 1015, 0, 999, 4999, 65535)
#: Bodies of a close frame that hold no code, half of one, or one with words.
CLOSE_BODIES = {
    "without-a-code": b"",
    "with-half-a-code": b"\x03",
    "with-words-that-are-not-utf-8": b"\x03\xe8\xfc",
    "with-words-of-124-bytes": b"\x03\xe8" + b"x" * 124,
}


def say_good_bye(line: Line, body: bytes) -> None:
    """Close as the client asked for nothing of the kind."""
    line.stream.send(frames.frame(body, frames.CLOSE))


CATALOGUE += [
    Misbehaviour(
        f"close-{code}", Where.STREAM, partial(say_good_bye, body=code.to_bytes(2, "big")), "degraded", NO_EVENTS
    )
    for code in CLOSE_CODES
]
CATALOGUE += [
    Misbehaviour(f"close-{what}", Where.STREAM, partial(say_good_bye, body=body), "degraded", NO_EVENTS)
    for what, body in CLOSE_BODIES.items()
]
