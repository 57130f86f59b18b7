"""A manager interface that is played: it answers as Asterisk does, over a real socket, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE = "275161200"
PASSWORD = "s3cret-of-ami"
BOOTED = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 5\r\nLastReload: 5\r\n\r\n"
ACTIONS: tuple[str, ...] = ("CoreStatus", "Getvar", "ListCommands", "Ping", "PJSIPShowRegistrationsOutbound")


def row(name: str, status: str = "Registered", server: str = "sip:sip.example.net", **more: object) -> dict[str, str]:
    """A registration as the list shows it."""
    headers = {
        "ObjectName": name,
        "ClientUri": f"sip:{name}@sip.example.net",
        "ServerUri": server,
        "Endpoint": "",
        "OutboundAuth": "",
        "MaxRetries": "10",
        "RetryInterval": "60",
        "ForbiddenRetryInterval": "0",
        "FatalRetryInterval": "0",
        "Status": status,
    }
    return headers | {key: str(value) for key, value in more.items()}


def in_lines(headers: dict[str, str]) -> str:
    """A frame."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"


#: Of one line, and of what follows it, Asterisk holds so many bytes.
INPUT_BUFFER = 1024


def end_of_list(event: str, number: str, rows: int) -> str:
    """The last frame of a list, which says how many rows there were."""
    return in_lines({"Event": event, "ActionID": number, "EventList": "Complete", "ListItems": str(rows)})


class PlayedManager:
    """Listens on 127.0.0.1 while it is used as a context. Owned by the test's thread."""

    def __init__(self, *rows: dict[str, str], tls: ssl.SSLContext | None = None) -> None:
        self.rows = {row["ObjectName"]: row for row in rows}
        #: The rows of IAXregistry and SIPshowregistry: host, user, state.
        self.older: dict[str, list[tuple[str, str, str]]] = {}
        #: The functions of the dialplan, and what they give.
        self.variables: dict[str, str] = {}
        self.actions = ACTIONS
        #: The endpoints that there are, where PJSIPQualify is asked for.
        self.endpoints: set[str] = set()
        #: What the console shows of registrations, where ``Command`` is among the actions.
        self.console = ""
        #: Those in maintenance mode.
        self.in_maintenance: set[str] = set()
        self.password = PASSWORD
        #: Somebody is logged in already, and ``allowmultiplelogin = no``.
        self.is_in_use = False
        self.banner = BANNER
        self.booted = BOOTED
        #: What is asked for is not answered.
        self.is_frozen = False
        #: Called with each action; may return what is sent instead of the answer.
        self.instead: Callable[[dict[str, str]], bytes | None] = lambda _: None
        #: The actions that came, with their headers.
        self.asked: list[dict[str, str]] = []
        self.logins = 0
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = self._listening.getsockname()[1]
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"

    def __enter__(self) -> PlayedManager:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        for thread in self._threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in self._threads)

    def refuse(self) -> None:
        """Listen no longer, and cut who is there."""
        # A socket that is only closed goes on accepting while somebody waits for it.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def listen(self) -> None:
        """Listen again, where it did."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept)

    def cut(self) -> None:
        """Close all connections."""
        while self._open:
            connection = self._open.pop()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def sends(self, data: bytes) -> None:
        """Send this to all who are there."""
        for connection in self._open:
            connection.sendall(data)

    def tries(self, name: str, status: str) -> None:
        """An attempt to register ends so: an event tells."""
        self.rows[name]["Status"] = status
        event = {
            "Event": "Registry",
            "Privilege": "system,all",
            "ChannelType": "PJSIP",
            "Username": self.rows[name]["ClientUri"],
            "Domain": self.rows[name]["ServerUri"],
            "Status": status,
        }
        self.sends(in_lines(event).encode())

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        listening = self._listening
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                if self._tls is not None:
                    connection.settimeout(5)
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    connection.settimeout(None)
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if not self.is_frozen:
                connection.sendall(self.banner)
            waiting = b""
            while received := self._receive(connection, waiting):
                *requests, waiting = (waiting + received).split(b"\r\n\r\n")
                for request in requests:
                    self._answer(connection, request.decode("utf-8", "surrogateescape"))
        with suppress(ValueError):
            self._open.remove(connection)

    def _receive(self, connection: socket.socket, waiting: bytes) -> bytes:
        """Receive more; over TLS as Asterisk does (get_input in manager.c): from the second piece on of what it has
        decrypted it waits for the network, where nothing more need come.
        """
        if self._tls is None:
            return connection.recv(65536)
        select.select([connection], [], [])
        return connection.recv(INPUT_BUFFER - len(waiting.rpartition(b"\n")[2]))

    def _answer(self, connection: socket.socket, request: str) -> None:
        headers = dict(line.split(": ", 1) for line in request.split("\r\n"))
        self.asked.append(headers)
        if self.is_frozen:
            return
        answer = self.instead(headers)
        if answer is None:
            answer = self._usual_answer(headers).encode("utf-8", "surrogateescape")
        connection.sendall(answer)
        if b"Authentication failed" in answer:
            connection.shutdown(socket.SHUT_RDWR)

    def _usual_answer(self, headers: dict[str, str]) -> str:
        action, number = headers["Action"], headers["ActionID"]
        start = f"Response: Success\r\nActionID: {number}\r\n"
        if action == "Challenge":
            return f"{start}Challenge: {CHALLENGE}\r\n\r\n"
        if action == "Login":
            return self._log_in(headers, start)
        if action == "ListCommands":
            return start + "".join(f"{name}: text  (Priv: <none>)\r\n" for name in self.actions) + "\r\n"
        if action == "Getvar":
            name = headers["Variable"]
            return f"{start}Variable: {name}\r\nValue: {self.variables.get(name, '')}\r\n\r\n"
        if action == "PJSIPShowRegistrationsOutbound":
            return self._list(start, number)
        if action == "Command":
            lines = "".join(f"Output: {line}\r\n" for line in self.console.splitlines())
            return f"{start}Message: Command output follows\r\n{lines}\r\n"
        if action == "PJSIPShowMaintenance":
            return self._list_maintenance(start, number)
        if action == "PJSIPQualify":
            return self._qualify(headers, start)
        if action in self.older:
            return self._older_list(action, start, number)
        return f"{start}Ping: Pong\r\n\r\n"

    def _log_in(self, headers: dict[str, str], start: str) -> str:
        key = hashlib.md5(f"{CHALLENGE}{self.password}".encode()).hexdigest()
        if headers["Key"] != key:
            return start.replace("Success", "Error") + "Message: Authentication failed\r\n\r\n"
        if self.is_in_use:
            return start.replace("Success", "Error") + "Message: Login Already In Use\r\n\r\n"
        self.logins += 1
        return f"{start}Message: Authentication accepted\r\n\r\n{self.booted}"

    def _list_maintenance(self, start: str, number: str) -> str:
        rows = "".join(
            in_lines({"Event": "PJSIPMaintenanceStatus", "ActionID": number, "Endpoint": name, "Status": "enabled"})
            for name in sorted(self.in_maintenance)
        )
        end = end_of_list("PJSIPMaintenanceStatusComplete", number, len(self.in_maintenance))
        return f"{start}EventList: start\r\nMessage: Maintenance status events follow\r\n\r\n{rows}{end}"

    def _qualify(self, headers: dict[str, str], start: str) -> str:
        if headers["Endpoint"] in self.endpoints:
            return f"{start}Message: Endpoint found, will qualify\r\n\r\n"
        # With a line of its own between the last header and the end, as Asterisk has it there.
        return start.replace("Success", "Error") + "Message: Unable to retrieve endpoint\n\r\n\r\n"

    def _older_list(self, action: str, start: str, number: str) -> str:
        rows = "".join(
            in_lines({"Event": "RegistryEntry", "ActionID": number, "Host": host, "Username": user, "State": state})
            for host, user, state in self.older[action]
        )
        end = end_of_list("RegistrationsComplete", number, len(self.older[action]))
        return f"{start}EventList: start\r\n\r\n{rows}{end}"

    def _list(self, start: str, number: str) -> str:
        """With the password of each, as Asterisk has it there."""
        frames = [f"{start}EventList: start\r\nMessage: Following are Events for each Outbound registration\r\n\r\n"]
        rows = list(self.rows.values())
        for row in rows:
            frames.append(in_lines({"Event": "OutboundRegistrationDetail", "ActionID": number, **row}))
            frames.append(in_lines({"Event": "AuthDetail", "ActionID": number, "Password": "s3cret-of-the-trunk"}))
        return "".join(frames) + end_of_list("OutboundRegistrationDetailComplete", number, len(rows))
