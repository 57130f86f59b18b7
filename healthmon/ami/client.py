"""What is asked of a manager interface, with typed errors: each AmiError says in one sentence what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from healthmon.ami.connection import ActionRequest, ManagerConnection, is_sendable
from healthmon.ami.console import COMMAND, SHOW_REGISTRATIONS, fits_into_a_frame, next_tries
from healthmon.ami.frames import OUTPUT, Frame
from healthmon.ami.registrations import (
    OLDER_LISTS,
    OLDER_ROW,
    ROW,
    OutboundRegistration,
    older_registration_of,
    readable,
    registration_of,
    told_apart,
)
from healthmon.ami.rights import ManagerRights, powers_of
from healthmon.ami.row_count import RowCount, is_empty_list
from healthmon.ami.web import WebConnection
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.urls import THROUGH_HTTP
from healthmon.errors import AmiDenied, AmiHearsOnly, AmiInUse, AmiUnexpected
from healthmon.model import UNTIL_ITS_NEXT_EVENT

LIST_ACTIONS = "ListCommands"
LIST_REGISTRATIONS = "PJSIPShowRegistrationsOutbound"
LIST_MAINTENANCE = "PJSIPShowMaintenance"
#: An endpoint was put into maintenance mode, or taken out; the rows of the list are called so, too.
MAINTENANCE_CHANGED = "PJSIPMaintenanceStatus"
#: Have an endpoint checked at once.
QUALIFY = "PJSIPQualify"
#: Allowed by the same right, and there on every PBX.
NEEDS_REPORTING = "CoreStatus"
#: What Asterisk has in its own database.
READ_DATABASE = "DBGetTree"
#: The ends of these lists tell no true number of rows (1, always, on Asterisk 16).
MISCOUNTED = frozenset({READ_DATABASE})
#: After the boot; or with the answer to a login, before any other one, when the boot is over. Only who may read
#: ``system`` gets it.
BOOTED = "FullyBooted"
#: Asterisk has read its configuration anew.
RELOADED = "Reload"
#: Who asks once waits so long for a boot to end (seconds).
BOOTED_WITHIN = 1.0
REFUSED = (
    "login refused; ami_username or ami_password is wrong, or manager.conf does not let this user in from here "
    "(permit, deny)"
)
#: Asterisk's words, where manager.conf has ``allowmultiplelogin = no``.
_IN_USE = "Login Already In Use"
ONCE_ALONE = "another session of the user {user} is open, and manager.conf says allowmultiplelogin = no"
MAY_NOT_ASK = (
    "not allowed; the user {user} may not ask for registrations: manager.conf needs read = system and "
    "write = reporting for it"
)
#: Each registration may have changed while there was no connection, and only its next event tells.
MAY_ONLY_HEAR = (
    f"events only; the user {{user}} may not ask for the list, and {UNTIL_ITS_NEXT_EVENT}: manager.conf needs "
    "write = reporting"
)


class AmiClient:
    """A connection to the manager interface of one PBX, logged in. Owned by one thread.

    Every method raises AmiError. ``events``: those that are wanted, besides those of a boot and a reload. ``timeout``:
    how long Asterisk may take to answer (seconds).
    """

    def __init__(self, pbx: PbxConfig, events: Iterable[str] = (), *, timeout: float = 5.0) -> None:
        self._pbx = pbx
        self._secrets = pbx.secrets()
        with ExitStack() as closing:
            connect: type[ManagerConnection | WebConnection] = ManagerConnection
            if pbx.ami == THROUGH_HTTP:
                connect = WebConnection
            self._connection = connect(pbx, (*events, BOOTED, RELOADED), timeout=timeout)
            closing.callback(self._connection.close)
            answer = self._connection.log_in(pbx.ami_username, pbx.ami_password)
            if answer.get("Message") == _IN_USE:
                raise AmiInUse(pbx.name, ONCE_ALONE.format(user=pbx.ami_username))
            if answer.get("Response") != "Success":
                raise AmiDenied(pbx.name, f"{REFUSED} ({self._said(answer)})")
            #: The actions that there are, and that this user may use: each refusal is a security event at Asterisk.
            self._actions = self._ask_actions()
            #: What came until then: that Asterisk has booted is among it for whoever may read events.
            self._at_login = self._connection.events_at_hand()
            self.has_booted = _tells_boot(self._at_login)
            #: Asterisk has loaded modules since then, perhaps.
            self._may_have_more = False
            #: A list had fewer rows than its end said, or some that cannot be read.
            self.has_lost_rows = False
            #: There was a maintenance mode; an Asterisk that never had it is not asked again and again.
            self._had_maintenance = False
            closing.pop_all()

    def _ask_actions(self) -> frozenset[str]:
        [listed, *_] = self._connection.ask(LIST_ACTIONS)
        self._check_response(LIST_ACTIONS, listed)
        return frozenset(listed)

    def may(self, *actions: str) -> bool:
        """Whether there are all of these actions, and this user may use them."""
        if self._may_have_more:
            # Whoever logs in while Asterisk boots finds hardly a module loaded.
            self._actions, self._may_have_more = self._ask_actions(), False
        return self._actions.issuperset(actions)

    def _said(self, frame: Frame) -> str:
        """What an answer says in words, which may repeat our password."""
        if "Message" not in frame:
            return "no reason is given"
        return self._secrets.free_sentence(readable(frame["Message"]))

    def rows(self, action: str) -> Iterator[list[Frame]]:
        """Ask for a list of any length, and give its frames piece by piece, as they come."""
        for [piece] in self.lists([ActionRequest(action)]):
            yield piece

    def lists(self, requests: Sequence[ActionRequest]) -> Iterator[list[list[Frame]]]:
        """Ask for lists of any length at once. They come in this order; each piece has the frames of each list."""
        counts = [RowCount() for _ in requests]
        for piece in self._connection.pieces(requests):
            for request, count, frames in zip(requests, counts, piece, strict=True):
                for frame in frames:
                    if is_empty_list(frame):
                        count.is_whole = True
                    else:
                        self._check_response(request.action, frame)
                        count.take(frame)
            yield piece
        for request, count in zip(requests, counts, strict=True):
            self.has_lost_rows |= not count.is_whole and request.action not in MISCOUNTED

    def _check_response(self, action: str, frame: Frame) -> None:
        if frame.get("Response", "Success") != "Success":
            raise AmiUnexpected(self._pbx.name, f"it does not answer {action} ({self._said(frame)})")

    def _whole(self, action: str) -> list[Frame]:
        """Ask for a short list. Raises AmiUnexpected: it lacks rows, or is no list at all, and tells nothing."""
        frames, count = self._connection.ask(action), RowCount()
        for frame in frames:
            self._check_response(action, frame)
            count.take(frame)
        if not count.is_whole:
            raise self._no_list(action)
        return frames

    def _no_list(self, action: str) -> AmiUnexpected:
        return AmiUnexpected(self._pbx.name, f"an answer to {action} that is no whole list")

    def _rows(
        self, action: str, event: str, read: Callable[[Frame], OutboundRegistration | None]
    ) -> list[OutboundRegistration]:
        """The rows of a short list. Raises AmiUnexpected, also where one does not say which registration it is of.

        What is missing in a list would be taken for gone.
        """
        rows: list[OutboundRegistration] = []
        for frame in self._whole(action):
            if frame.get("Event") == event:
                row = read(frame)
                if row is None:
                    raise self._no_list(action)
                rows.append(row)
        return rows

    def registrations(self) -> list[OutboundRegistration] | None:
        """All outbound registrations of PJSIP; None: the module is not loaded.

        AmiDenied: this user may not ask; AmiHearsOnly: but it may read events.
        """
        self._may_have_more = self._may_have_more or LIST_REGISTRATIONS not in self._actions
        if not self.may(LIST_REGISTRATIONS):
            if NEEDS_REPORTING not in self._actions:
                user = self._pbx.ami_username
                if self.rights().reads_events:
                    raise AmiHearsOnly(self._pbx.name, MAY_ONLY_HEAR.format(user=user))
                raise AmiDenied(self._pbx.name, MAY_NOT_ASK.format(user=user))
            return None
        return self._rows(LIST_REGISTRATIONS, ROW, registration_of)

    def next_tries(self, registrations: Sequence[OutboundRegistration]) -> dict[str, int]:
        """When each of these, which are all of PJSIP, is tried next, as far as the console shows it: see console.py.

        Empty where this user may give no commands; healthmon needs no such right.
        """
        named = {row.name: row for row in registrations}
        if COMMAND not in self._actions or not fits_into_a_frame(named):
            return {}
        answer = self._connection.ask(COMMAND, {"Command": SHOW_REGISTRATIONS})[0]
        return next_tries(answer.get(OUTPUT, ""), named)

    def older_registrations(self) -> list[OutboundRegistration]:
        """All of chan_iax2 and chan_sip, where these are loaded, and this user may ask."""
        found: list[OutboundRegistration] = []
        for action, technology in OLDER_LISTS.items():
            if action in self._actions:
                found += self._rows(action, OLDER_ROW, partial(older_registration_of, technology=technology))
        return told_apart(found)

    def in_maintenance(self) -> tuple[str, ...] | None:
        """The PJSIP endpoints in maintenance mode; an Asterisk without it has none.

        None: this user may not ask, or what was answered is no whole list.
        """
        if not self.may(NEEDS_REPORTING):
            return None
        if not self.may(LIST_MAINTENANCE):
            # A module that was unloaded may be loaded again, of which no event tells.
            self._may_have_more = self._had_maintenance
            return ()
        self._had_maintenance = True
        found: list[str] = []
        count, is_readable = RowCount(), True
        for [piece] in self._connection.pieces([ActionRequest(LIST_MAINTENANCE)]):
            for frame in piece:
                # The module was unloaded, perhaps, and nothing said so: that is known the next time.
                self._may_have_more |= frame.get("Response", "Success") != "Success"
                count.take(frame)
                if frame.get("Event") == MAINTENANCE_CHANGED:
                    endpoint, status = readable(frame.get("Endpoint", "")), frame.get("Status")
                    is_readable &= bool(endpoint) and status in ("enabled", "disabled")
                    if status == "enabled":
                        found.append(endpoint)
        if not (count.is_whole and is_readable):
            return None
        return tuple(found)

    def check_at_once(self, names: Sequence[str]) -> dict[str, str]:
        """Have these PJSIP endpoints checked; return what is said of those that are, by their names.

        Of one that is not qualified nothing is recorded; neither that nor the result is said here.
        """
        sendable = [name for name in names if is_sendable(name)]
        if not sendable or not self.may(QUALIFY):
            return {}
        answers = self._connection.ask_all([ActionRequest(QUALIFY, {"Endpoint": name}) for name in sendable])
        responses = {name: answer[0] for name, answer in zip(sendable, answers, strict=True)}
        return {name: self._said(found) for name, found in responses.items() if found.get("Response") == "Success"}

    def variables(self, names: Sequence[str]) -> list[str]:
        """The values of these functions of the dialplan, ``PJSIP_AOR(x,contact)``; "" for what has none.

        An answer without a value counts as a row that is lost: so it is of what is refused, for one.
        """
        sendable = [name for name in names if is_sendable(name)]
        if "Getvar" not in self._actions:
            sendable = []
        answers = self._connection.ask_all([ActionRequest("Getvar", {"Variable": name}) for name in sendable])
        responses = {name: answer[0] for name, answer in zip(sendable, answers, strict=True)}
        is_told = all(found.get("Response") == "Success" and "Value" in found for found in responses.values())
        self.has_lost_rows |= not is_told
        values = {name: found.get("Value", "") for name, found in responses.items()}
        return [values.get(name, "") for name in names]

    def events(self, patience: float) -> list[Frame]:
        """Return the wanted events that came; wait so long for something (seconds)."""
        return self._take_at_login() or self._noted(self._connection.events(patience))

    def events_at_hand(self) -> list[Frame]:
        """Return those that came meanwhile; wait for none. It may be called in the middle of an answer."""
        return self._take_at_login() or self._noted(self._connection.events_at_hand())

    def _take_at_login(self) -> list[Frame]:
        events, self._at_login = self._at_login, []
        return self._noted(events)

    def _noted(self, events: list[Frame]) -> list[Frame]:
        names = {event.get("Event") for event in events}
        # A module that somebody loads makes no event of its own; that one of its endpoints changes tells of it.
        is_news = MAINTENANCE_CHANGED in names and LIST_MAINTENANCE not in self._actions
        if is_news or not names.isdisjoint((BOOTED, RELOADED)):
            self._may_have_more = True
        return events

    def take_loss(self) -> bool:
        """Whether events were dropped since this was last asked."""
        has_lost, self._connection.has_lost_events = self._connection.has_lost_events, False
        return has_lost

    def take_lost_rows(self) -> bool:
        """Whether a list lacked rows since this was last asked: what it does not have may be there all the same."""
        has_lost, self.has_lost_rows = self.has_lost_rows, False
        return has_lost

    @property
    def most_variables(self) -> int:
        """So many variables can be asked for in one go without keeping others waiting."""
        return self._connection.most_variables

    @property
    def may_list(self) -> bool:
        """Whether this user may ask for registrations, or could if PJSIP were loaded."""
        return not self._actions.isdisjoint((LIST_REGISTRATIONS, NEEDS_REPORTING))

    def rights(self) -> ManagerRights:
        """What this user may do; for whoever has just logged in."""
        reads_events = self.has_booted or _tells_boot(self.events(BOOTED_WITHIN))
        return ManagerRights(reads_events, powers_of(self._actions))

    def ping(self) -> None:
        """Have it prove that it lives."""
        self._connection.ask("Ping")

    def close(self) -> None:
        """Log off, and close the connection."""
        self._connection.close()


def _tells_boot(events: Iterable[Frame]) -> bool:
    return any(event.get("Event") == BOOTED for event in events)
