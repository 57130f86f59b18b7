"""What the manager interface sends becomes frames, however it is cut, and no password is ever in one."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from healthmon.ami.frames import LONGEST_FRAME, Decoder, Frame
from healthmon.text.passwords import OwnSecrets

from .captures import VERSIONS, received

RECORDED = ("reg_snapshot", "session_login", "bytes", "iax_sip")
each_capture = pytest.mark.parametrize(("version", "name"), [(v, n) for v in VERSIONS for n in RECORDED])


def frames_of(*pieces: bytes) -> list[Frame]:
    decoder = Decoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)]


@each_capture
def test_it_does_not_matter_how_the_bytes_are_cut(version: str, name: str) -> None:
    raw, dice = received(version, name), random.Random(0)
    whole = frames_of(raw)
    cuts = sorted(dice.sample(range(len(raw)), 200))
    pieces = [raw[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]

    assert frames_of(*pieces) == whole
    assert frames_of(*(raw[at : at + 1] for at in range(len(raw)))) == whole
    assert len(whole) > 5


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_list_of_registrations_has_no_password_left(version: str) -> None:
    raw = received(version, "reg_snapshot")
    frames = frames_of(raw)

    assert b"Password: XXX" in raw
    assert {frame.get("Event") for frame in frames} >= {"OutboundRegistrationDetail", None}
    assert "XXX" not in str(frames)
    assert not any("AuthDetail" in frame.values() for frame in frames)


@pytest.mark.parametrize(
    "header", ["Password", "password", "Md5Cred", "OauthSecret", "RefreshToken", "PasswordDigest", "Secret", "Key"]
)
def test_a_password_is_dropped_in_whatever_frame_it_stands(header: str) -> None:
    assert frames_of(f"Event: Any\r\n{header}: s3cret\r\nStatus: x\r\n\r\n".encode()) == [
        {"Event": "Any", "Status": "x"}
    ]


def test_empty_frames_and_bare_line_ends_are_no_frames() -> None:
    raw = b"\r\n\r\nMessage: Unable to retrieve endpoint\n\r\n\r\nEvent: A\n\n\n"

    assert frames_of(raw) == [{"Message": "Unable to retrieve endpoint"}, {"Event": "A"}]


def test_a_value_is_all_behind_the_first_colon_and_bytes_that_are_no_utf_8_come_back_as_they_were() -> None:
    [frame] = frames_of(b"Event: A\r\nName: a=b:c \xeb x\r\nEmpty:\r\nno header\r\n\r\n")

    assert frame["Name"].encode("utf-8", "surrogateescape") == b"a=b:c \xeb x"
    assert frame["Empty"] == ""
    assert set(frame) == {"Event", "Name", "Empty"}


@pytest.mark.parametrize("what", ["one line", "many lines", "cut lines"])
def test_ten_megabytes_in_a_frame_spoil_that_frame_alone_and_take_no_memory(what: str) -> None:
    decoder = Decoder()
    piece = b"x" * 65536
    if what == "many lines":
        piece = b"Name: value\r\n" * 5000
    elif what == "cut lines":
        piece = b"x" * (LONGEST_FRAME // 2) + b"\r\n"
    tracemalloc.start()
    frames = decoder.feed(b"Event: A\r\nPassword: ")
    for _ in range(10_000_000 // len(piece) + 1):
        frames += decoder.feed(piece)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    frames += decoder.feed(b"\r\n\r\nEvent: B\r\n\r\n")

    assert frames == [{"Event": "B"}]
    assert most < 2_000_000


def test_passwords_in_uris_are_dropped_in_whatever_header_they_stand() -> None:
    sent = (
        b"Event: ContactList\r\nUri: sip:al:s3cret@h;ob?X=s3cret\r\nPath: <sip:p:s3cret@q;lr>,<sip:r;lr>\r\n"
        b"Contacts: a/sip:a:s3,cret@h,a/sip:b@h;password=s3cret\r\nMessage: No contact sip:al:s3cret@h\r\n\r\n"
    )

    assert frames_of(sent) == [
        {
            "Event": "ContactList",
            "Uri": "sip:al@h;ob",
            "Path": "<sip:p@q;lr>,<sip:r;lr>",
            "Contacts": "a/sip:a@h,a/sip:b@h",
            "Message": "No contact sip:al@h",
        }
    ]


def test_a_short_password_of_ours_is_blotted_out_in_the_middle_of_a_cause_and_no_phone_loses_its_name() -> None:
    decoder = Decoder(OwnSecrets(["1234", "hunter2"]))

    frames = decoder.feed(b"Event: Registry\r\nUsername: 1234\r\nCause: key hunter2 or 1234 refused\r\n\r\n")

    assert frames == [{"Event": "Registry", "Username": "1234", "Cause": "key *** or *** refused"}]


def test_what_is_decided_by_a_message_is_not_changed_by_a_password_that_is_a_word_of_it() -> None:
    assert Decoder(OwnSecrets(["denied"])).feed(b"Message: Permission denied\r\n\r\n") == [
        {"Message": "Permission denied"}
    ]


def test_a_frame_that_contradicts_itself_is_dropped() -> None:
    sent = (
        b"Event: Registry\r\nStatus: Registered\r\nStatus: Rejected\r\n\r\n"
        b"Event: Registry\r\nStatus: Registered\r\nStatus: Registered\r\n\r\n"
    )

    assert frames_of(sent) == [{"Event": "Registry", "Status": "Registered"}]


def test_no_second_header_makes_a_frame_of_passwords_another_one() -> None:
    assert frames_of(b"Event: AuthDetail\r\nEvent: Registry\r\nUsername: me\r\n\r\n") == []
    assert frames_of(b"Event: Registry\r\nEvent: AuthDetail\r\nUsername: me\r\n\r\n") == []
