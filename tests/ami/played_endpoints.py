"""Endpoints, AORs and contacts of a played manager interface: as rows of lists, and as functions of the dialplan."""

from __future__ import annotations

import json

from tests.ami.played import PlayedManager, end_of_list, in_lines

LISTS = {
    "PJSIPShowContacts": ("ContactList", "No Contacts found"),
    "PJSIPShowAors": ("AorList", "No AORs found"),
    "PJSIPShowEndpoints": ("EndpointList", "No endpoints found"),
}


class PlayedEndpoints:
    """What Asterisk has. The test's thread changes it, that of the played manager interface reads it."""

    def __init__(self, *, has_lists: bool) -> None:
        self._has_lists = has_lists
        self._endpoints: dict[str, dict[str, str]] = {}
        self._aors: dict[str, dict[str, str]] = {}
        self._contacts: dict[str, dict[str, str]] = {}
        #: How often somebody began to ask for all contacts.
        self.rounds = 0

    def endpoint(self, name: str, aors: str, outbound_auth: str = "") -> None:
        self._endpoints[name] = {"ObjectName": name, "Aor": aors, "OutboundAuths": outbound_auth}

    def aor(self, name: str, *, qualify_frequency: int, max_contacts: int) -> None:
        self._aors[name] = {
            "ObjectName": name,
            "QualifyFrequency": str(qualify_frequency),
            "QualifyTimeout": "3.000000",
            "MaxContacts": str(max_contacts),
        }

    def contact(
        self, name: str, uri: str, rtt_usec: int | None, user_agent: str = "", status: str = "Reachable", **more: str
    ) -> None:
        """Have a contact, ``101;@hash`` or ``trunk@@hash`` of one in the configuration; or another round trip of it."""
        self._contacts[name] = {
            "ObjectName": name,
            "Uri": uri,
            "UserAgent": user_agent,
            "Status": status,
            "RoundtripUsec": str(rtt_usec or "N/A"),
            "Endpoint": "" if "@@" in name else name.partition(";@")[0],
            **more,
        }

    def gone(self, name: str) -> None:
        del self._contacts[name]

    def play_on(self, manager: PlayedManager) -> None:
        """Have it answer so."""
        manager.instead = self._answer
        manager.actions = (*manager.actions, "DBGetTree")
        if self._has_lists:
            manager.actions = (*manager.actions, *LISTS)

    def _answer(self, headers: dict[str, str]) -> bytes | None:
        action, number = headers["Action"], headers["ActionID"]
        if action == "Getvar":
            value = self._variable(headers["Variable"])
            return in_lines({"Response": "Success", "ActionID": number, "Value": value}).encode()
        if action == "DBGetTree":
            return self._database(number).encode("utf-8", "surrogateescape")
        if action in LISTS:
            return self._list(action, number).encode("utf-8", "surrogateescape")
        return None

    def _list(self, action: str, number: str) -> str:
        event, empty = LISTS[action]
        if event == "ContactList":
            self.rounds += 1
        rows = self._rows(event)
        if not rows:
            return in_lines({"Response": "Error", "ActionID": number, "Message": empty})
        start = in_lines({"Response": "Success", "ActionID": number, "EventList": "start"})
        frames = [in_lines({"Event": event, "ActionID": number, **row}) for row in rows]
        return start + "".join(frames) + end_of_list(f"{event}Complete", number, len(rows))

    def _database(self, number: str) -> str:
        """The contacts that have registered, as Asterisk's own database has them; the end counts as 16 does."""
        start = in_lines({"Response": "Success", "ActionID": number, "EventList": "start"})
        rows = [
            in_lines(
                {
                    "Event": "DBGetTreeResponse",
                    "Key": f"/registrar/contact/{row['ObjectName']}",
                    "Val": json.dumps({"uri": row["Uri"], "user_agent": row["UserAgent"]}, ensure_ascii=False),
                    "ActionID": number,
                }
            )
            for row in self._rows("ContactList")
        ]
        end = {"Event": "DBGetTreeComplete", "ActionID": number, "EventList": "Complete", "ListItems": "1"}
        return start + "".join(rows) + in_lines(end)

    def _rows(self, event: str) -> list[dict[str, str]]:
        if event == "EndpointList":
            return list(self._endpoints.values())
        if event == "AorList":
            return [{**row, "Contacts": self._uris_of(name)} for name, row in self._aors.items()]
        return [row for name, row in self._contacts.items() if "@@" not in name]

    def _names_of(self, aor: str) -> list[str]:
        return [name for name in list(self._contacts) if name.startswith((f"{aor};@", f"{aor}@@"))]

    def _uris_of(self, aor: str) -> str:
        return ",".join(f"{aor}/{self._contacts[name]['Uri']}" for name in self._names_of(aor))

    def _variable(self, text: str) -> str:
        function, _, arguments = text.removesuffix(")").partition("(")
        name, _, field = arguments.partition(",")
        if function == "PJSIP_ENDPOINT":
            row = self._endpoints.get(name, {})
            return row.get({"aors": "Aor", "outbound_auth": "OutboundAuths", "from_user": "FromUser"}[field], "")
        if function == "PJSIP_AOR":
            return self._of_aor(name, field)
        if field == "rtt" and name == next(iter(self._contacts), ""):
            self.rounds += not self._has_lists
        columns = {"rtt": "RoundtripUsec", "status": "Status", "uri": "Uri", "user_agent": "UserAgent"}
        columns |= {"via_addr": "ViaAddr", "expiration_time": "ExpirationTime"}
        return self._contacts.get(name, {}).get(columns.get(field, "Endpoint"), "")

    def _of_aor(self, name: str, field: str) -> str:
        if field == "contact":
            return ",".join(self._names_of(name))
        columns = {
            "qualify_frequency": "QualifyFrequency",
            "qualify_timeout": "QualifyTimeout",
            "max_contacts": "MaxContacts",
        }
        return self._aors.get(name, {}).get(columns[field], "")
