"""Whether a list of the manager interface came as a whole: what it lacks may be there all the same. Pure."""

from __future__ import annotations

from healthmon.ami.frames import Frame
from healthmon.ami.registrations import number

#: What Asterisk says of an empty list (16 and 22).
EMPTY = ("No Contacts found", "No AORs found", "No endpoints found")


def is_empty_list(frame: Frame) -> bool:
    """Whether it says that there is none: of empty lists of contacts, AORs, endpoints Asterisk makes an error."""
    return frame.get("Response") == "Error" and frame.get("Message", "") in EMPTY


class RowCount:
    """Counts the rows of one list, frame by frame, until its end says how many there are."""

    def __init__(self) -> None:
        self._came = 0
        #: Its end came, and no row is missing.
        self.is_whole = False

    def take(self, frame: Frame) -> None:
        """The next frame of the answer: the response, a row, or the end."""
        if frame.get("EventList", "").lower() == "complete":
            listed = number(frame.get("ListItems", ""))
            self.is_whole = listed is not None and self._came >= listed
        elif "Event" in frame:
            self._came += 1
