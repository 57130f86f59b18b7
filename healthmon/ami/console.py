"""When each registration is tried next: the console shows it, and no list of the manager interface does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from healthmon.ami.frames import LONGEST_FRAME
from healthmon.ami.registrations import OutboundRegistration

#: The action for a command of the console, and the one command that is ever given.
COMMAND, SHOW_REGISTRATIONS = "Command", "pjsip show registrations"
#: `` reg-a/sip:sip.example.net:5060    auth-a    Rejected    (exp. 14s ago)``. The name is whole, the URI may be cut.
_BEFORE_DUE = " (exp. "
_DUE = re.compile(r"([0-9]{1,9})s( ago)?\) *+")
#: No line is longer that Asterisk shows of a registration: a name and a URI have 80 signs (characters).
LONGEST_LINE = 1000
#: So long is a line without name, URI and auth object at most.
_LINE_WITHOUT_NAMES = 150


def fits_into_a_frame(registrations: Mapping[str, OutboundRegistration]) -> bool:
    """Whether we would take what is shown of all these: it comes in one frame."""
    names = sum(len(row.name) + len(row.server_uri) + len(row.outbound_auth) for row in registrations.values())
    return names + len(registrations) * _LINE_WITHOUT_NAMES < LONGEST_FRAME


def next_tries(output: str, registrations: Mapping[str, OutboundRegistration]) -> dict[str, int]:
    """In how many seconds each of these is tried next, by its name; less than 0: its last try began so long ago.

    What is not shown, not clearly, or in another state than the list has it, is missing.
    """
    found: dict[str, list[int]] = {}
    for line in output.splitlines():
        if len(line) > LONGEST_LINE:
            continue
        # No pattern goes over the blanks in the middle: it would try them in every way, and no other thread runs then.
        before, _, after = line.rpartition(_BEFORE_DUE)
        shown = _DUE.fullmatch(after)
        if shown is None:
            continue
        start, _, status = before.rstrip(" ").rpartition(" ")
        due = int(shown[1])
        if shown[2]:
            due = -due
        for row in _may_be(start.strip(" "), registrations):
            if row.status == status:
                found.setdefault(row.name, []).append(due)
    return {name: dues[0] for name, dues in found.items() if len(dues) == 1}


def _may_be(start: str, registrations: Mapping[str, OutboundRegistration]) -> Iterator[OutboundRegistration]:
    """The registrations of which a line may be that begins so: names may have slashes and spaces in them."""
    for slash in re.finditer("/", start):
        row = registrations.get(start[: slash.start()])
        if row is not None and row.server_uri.startswith(start[slash.end() :].partition(" ")[0]):
            yield row
