"""What is asked of a manager interface, with typed errors: each AmiError says in one sentence what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack

from healthmon.ami.connection import ActionRequest, ManagerConnection, is_sendable
from healthmon.ami.frames import Frame
from healthmon.ami.registrations import EVENT, OutboundRegistration, readable, registration_of
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiDenied, AmiUnexpected

LIST_REGISTRATIONS = "PJSIPShowRegistrationsOutbound"
LIST_MAINTENANCE = "PJSIPShowMaintenance"
#: Allowed by the same right, and there on every PBX.
NEEDS_REPORTING = "CoreStatus"
#: After the boot, or at once after a login when the boot is over; only who may read ``system`` gets it.
BOOTED = "FullyBooted"
#: Asterisk has read its configuration anew.
RELOADED = "Reload"
REFUSED = (
    "login refused; ami_username or ami_password is wrong, or manager.conf does not let this user in from here "
    "(permit, deny)"
)
MAY_NOT_ASK = "not allowed; the user {user} may not ask for registrations: manager.conf needs write = reporting for it"


class AmiClient:
    """A connection to the manager interface of one PBX, logged in. Owned by one thread.

    Every method raises AmiError. ``timeout``: how long Asterisk may take to answer (seconds).
    """

    def __init__(self, pbx: PbxConfig, *, timeout: float = 5.0) -> None:
        self._pbx = pbx
        with ExitStack() as closing:
            self._connection = ManagerConnection(pbx, (EVENT, BOOTED, RELOADED), timeout=timeout)
            closing.callback(self._connection.close)
            self._log_in()
            #: The actions that this user may use. Asked once: each refusal is a security event at Asterisk.
            self._actions = frozenset(self._connection.ask("ListCommands")[0])
            closing.pop_all()

    def _log_in(self) -> None:
        """Log in by a challenge: the password itself is not sent."""
        challenge = self._connection.ask("Challenge", {"AuthType": "MD5"})[0]
        if "Challenge" not in challenge:
            raise AmiUnexpected(self._pbx.name, f"it gives no challenge for a login ({_said(challenge)})")
        text = f"{challenge['Challenge']}{self._pbx.ami_password}".encode("utf-8", "surrogateescape")
        proof = hashlib.md5(text, usedforsecurity=False).hexdigest()
        headers = {
            "AuthType": "MD5",
            "Username": self._pbx.ami_username,
            "Key": proof,
            # No events of calls: read = all would have all of them sent.
            "Events": "system",
        }
        answer = self._connection.ask("Login", headers)[0]
        if answer.get("Response") != "Success":
            raise AmiDenied(self._pbx.name, f"{REFUSED} ({_said(answer)})")

    def registrations(self) -> list[OutboundRegistration]:
        """All outbound registrations of PJSIP. Raises AmiDenied where this user may not ask."""
        if LIST_REGISTRATIONS not in self._actions:
            if NEEDS_REPORTING not in self._actions:
                raise AmiDenied(self._pbx.name, MAY_NOT_ASK.format(user=self._pbx.ami_username))
            # The module is not loaded: there are none.
            return []
        response, *rows = self._connection.ask(LIST_REGISTRATIONS)
        if response.get("Response") != "Success":
            raise AmiUnexpected(self._pbx.name, f"it does not list registrations ({_said(response)})")
        found = (registration_of(row) for row in rows)
        return [registration for registration in found if registration is not None]

    def in_maintenance(self) -> tuple[str, ...]:
        """The PJSIP endpoints in maintenance mode; none where Asterisk has no such mode, or this user may not ask."""
        if LIST_MAINTENANCE not in self._actions:
            return ()
        rows = self._connection.ask(LIST_MAINTENANCE)
        return tuple(readable(row["Endpoint"]) for row in rows if row.get("Status") == "enabled" and "Endpoint" in row)

    def variables(self, names: Sequence[str]) -> list[str]:
        """The values of these functions of the dialplan, ``PJSIP_AOR(x,contact)``; "" for what has none."""
        sendable = [name for name in names if is_sendable(name)]
        if "Getvar" not in self._actions:
            sendable = []
        answers = self._connection.ask_all([ActionRequest("Getvar", {"Variable": name}) for name in sendable])
        values = {name: answer[0].get("Value", "") for name, answer in zip(sendable, answers, strict=True)}
        return [values.get(name, "") for name in names]

    def events(self, patience: float) -> list[Frame]:
        """Return the events that came, those of registrations among them; wait so long for something (seconds)."""
        return self._connection.events(patience)

    def take_loss(self) -> bool:
        """Whether events were dropped since this was last asked."""
        has_lost, self._connection.has_lost_events = self._connection.has_lost_events, False
        return has_lost

    def ping(self) -> None:
        """Have it prove that it lives."""
        self._connection.ask("Ping")

    def close(self) -> None:
        """Log off, and close the connection."""
        self._connection.close()


def _said(frame: Frame) -> str:
    return readable(frame.get("Message", "no reason is given"))
