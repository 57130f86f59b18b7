"""What the manager interface sends, byte by byte, as frames: bytes in, frames out. Pure.

A frame is a block of lines ``Name: value`` that an empty line ends. Passwords are dropped here, also those in SIP
URIs, and those of ours that Asterisk repeats, before anything can log, raise or keep them.
"""

from __future__ import annotations

from healthmon.text.passwords import NO_SECRETS, OwnSecrets, without_named_passwords
from healthmon.text.sipuri import without_secrets

#: The headers of a frame by their names, as Asterisk writes them; of ``Output``, which comes several times, all of them
#: in lines.
Frame = dict[str, str]

#: No frame that means anything to us is longer: 300 contacts of one AOR are a line of 10,510 bytes.
LONGEST_FRAME = 200_000

#: Names of headers that hold passwords, in small letters.
SECRET_HEADERS = frozenset(
    {"key", "md5cred", "oauthsecret", "password", "passworddigest", "refreshtoken", "secret", "sslkey"}
)
#: In this event ``Key`` is no password: it says where in Asterisk's own database something stands.
DATABASE_EVENT, DATABASE_KEY = "DBGetTreeResponse", "Key"
#: This one has nothing else in it.
SECRET_EVENT = "AuthDetail"  # noqa: S105 (the name of an event)
#: What is said in them is for people.
SENTENCES = ("Message", "Cause")
#: Nothing is decided by this one: ours is blotted out however short it is. ``Message`` says what was refused, and is
#: freed where it is shown.
ONLY_SHOWN = "Cause"
#: A line of what the console shows; all of them are kept.
OUTPUT = "Output"


class Decoder:
    """Makes frames of what comes, in pieces of any size. Owned by one thread.

    It keeps no more than the frame that has begun. One that is too long is dropped, and the next one is read as if
    nothing had been. So is one that contradicts itself: it has the same header twice, with different values.
    ``secrets``: what we told whoever sends this.
    """

    def __init__(self, secrets: OwnSecrets = NO_SECRETS) -> None:
        self.secrets = secrets
        #: The line that has begun.
        self._rest = b""
        #: What comes until the end of this line is dropped.
        self._is_skipping = False
        self._frame: Frame = {}
        self._size = 0
        #: It is too long, contradicts itself, or has nothing but passwords in it.
        self._is_spoilt = False
        #: What is being read has a secret of ours in it, perhaps.
        self._may_have_secrets = False

    def feed(self, received: bytes) -> list[Frame]:
        """Take what came; return the frames that are whole now."""
        whole, newline, rest = (self._rest + received).rpartition(b"\n")
        frames: list[Frame] = []
        if newline:
            # Names and values are bytes of any sort: what is no UTF-8 comes back as it was when it is sent.
            text = whole.decode("utf-8", "surrogateescape")
            self._may_have_secrets = self.secrets.may_be_in(text)
            for line in text.split("\n"):
                self._take(line.removesuffix("\r"), frames)
        self._rest = rest
        if self._is_skipping or len(rest) > LONGEST_FRAME:
            self._is_skipping = self._is_spoilt = True
            self._rest = b""
        return frames

    def _take(self, line: str, frames: list[Frame]) -> None:
        if self._is_skipping:
            self._is_skipping = False
            return
        if not line:
            # It ends the frame.
            frame, self._frame = self._frame, {}
            if frame and not self._is_spoilt:
                frames.append(frame)
            self._size, self._is_spoilt = 0, False
            return
        self._size += len(line)
        if self._size > LONGEST_FRAME:
            self._is_spoilt = True
        if self._is_spoilt:
            return
        name, colon, value = line.partition(":")
        is_of_database = name == DATABASE_KEY and self._frame.get("Event") == DATABASE_EVENT
        if not colon or (name.strip().lower() in SECRET_HEADERS and not is_of_database):
            return
        value = value.removeprefix(" ")
        if self._may_have_secrets and name == ONLY_SHOWN:
            value = self.secrets.free_sentence(value)
        elif self._may_have_secrets:
            value = self.secrets.free_value(value)
        if ":" in value:
            value = without_secrets(value)
        if name in SENTENCES:
            value = without_named_passwords(value)
        before = self._frame.get(name, value)
        if name == OUTPUT and name in self._frame:
            value = f"{before}\n{value}"
        elif before != value or (name == "Event" and value == SECRET_EVENT):
            self._is_spoilt = True
        self._frame[name] = value
