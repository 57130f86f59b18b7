"""REST calls to one PBX, with typed errors: each AriError says in one sentence what is wrong."""

from __future__ import annotations

import hashlib
import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from uuid import uuid4

import requests
import urllib3

from healthmon.ari import api_document, messages
from healthmon.ari.address import authorization, fits_into_url, rest_url
from healthmon.ari.api_document import ApiDocument, Resource
from healthmon.ari.failures import refusal, talking_to
from healthmon.ari.meanings import TECHNOLOGIES
from healthmon.ari.messages import Aor, AorCheck, Attribute, Body, EndpointList, EndpointState, PbxInfo, Picked
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AriDenied, AriNotFound, AriStarting, AriUnexpected, AriUnreachable, Trouble
from healthmon.model import EndpointIdentity, EndpointSettings, Target
from healthmon.text.longtext import Shortener
from healthmon.text.sipuri import without_secrets
from healthmon.wire.connecting import leads_to_ourselves
from healthmon.wire.dates import header_date
from healthmon.wire.pace import PeerLimits
from healthmon.wire.sessions import PlainSession
from healthmon.wire.trust import trusted

#: The module that is the channel driver of a technology.
DRIVERS = {"PJSIP": "chan_pjsip.so", "SIP": "chan_sip.so", "IAX2": "chan_iax2.so"}
#: Without one of these there are no events, or no answer to a question, though Asterisk lists its endpoints.
NEEDED_MODULES = ("res_ari_applications.so", "res_ari_device_states.so", "res_ari_events.so")
#: The technologies whose configuration ARI shows.
CONFIGURABLE = ("PJSIP",)
#: Where its objects are.
_PJSIP = ("asterisk", "config", "dynamic", "res_pjsip")
#: 100,000 endpoints are 7.5 MB.
LARGEST_ANSWER = 20_000_000
#: As it comes over the line.
LIMITS = PeerLimits(largest=LARGEST_ANSWER)
#: What ``subscribeAll`` subscribes to, as both versions list it.
_EVERYTHING = (
    "endpoint:__AST_ENDPOINT_ALL_TOPIC",
    "deviceState:__AST_DEVICE_STATE_ALL_TOPIC",
    "channel:__AST_CHANNEL_ALL_TOPIC",
    "bridge:__AST_BRIDGE_ALL_TOPIC",
)
#: Nobody has more AORs on one endpoint.
MOST_AORS = 20
#: Nor more contacts on one AOR that are worth asking about.
MOST_CONTACTS = 10


class AriClient:
    """One connection to the REST interface of one PBX. Owned by one thread.

    Every method raises AriError. ``timeout``: how long Asterisk may take to begin its answer, whose pace is that of
    ``wire.pace``; ``connect_timeout``: to accept the connection, and for the TLS handshake (seconds). ``logs_in``:
    False asks as nobody, to whom ARI says 401 wherever it is.
    """

    def __init__(
        self, pbx: PbxConfig, *, timeout: float = 5.0, connect_timeout: float = 3.0, logs_in: bool = True
    ) -> None:
        self._pbx = pbx
        self._secrets = pbx.secrets()
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._session = _session(pbx, logs_in=logs_in)
        self._certificate_ends_at: float | None = None
        self._version = ("", "")
        #: Cuts texts, and counts them.
        self.shorten = Shortener()
        #: The ``Date`` header of the last answer, and whether it came from this machine.
        self._date = ""
        self._is_on_our_machine = False
        #: How many requests were made; for those who pace themselves.
        self.requests = 0

    def info(self) -> PbxInfo:
        """When Asterisk started and last reloaded. Its version is asked for once per start of Asterisk."""
        times = self._info("status").status
        if times is None:
            raise AriUnexpected(self._pbx.name, "GET /asterisk/info", "an answer without startup_time")
        startup_time, last_reload_time = self.shorten(times.startup_time), self.shorten(times.last_reload_time)
        running_for = messages.seconds_between(startup_time, self._date)
        configured_for = messages.seconds_between(last_reload_time, self._date)
        said_at = header_date(self._date)
        pbx_time = None
        if said_at is not None:
            pbx_time = said_at.timestamp()
        if self._version[0] != startup_time:
            system = self._info("system").system
            self._version = (startup_time, self.shorten(system.version) if system else "")
        return PbxInfo(
            startup_time,
            last_reload_time,
            self._version[1],
            running_for,
            configured_for,
            pbx_time,
            self._is_on_our_machine,
        )

    def _info(self, part: str) -> messages.Info:
        return self._get(("asterisk", "info"), messages.Info, {"only": part})

    def endpoints(self, technology: str = "") -> Iterable[EndpointState]:
        """All endpoints of all technologies, or of one, in Asterisk's order."""
        segments = ("endpoints", technology) if technology else ("endpoints",)
        return messages.endpoint_states(self._call("GET", segments), self._pbx.name, _name("GET", segments))

    def listing(
        self, is_wanted: Callable[[EndpointState], bool] = lambda _: True, most: int = sys.maxsize
    ) -> EndpointList:
        """Those of all endpoints that are wanted; where Asterisk cannot list all at once, technology by technology.

        One name that is not UTF-8 makes it answer 500 "Allocation failed", also after it was removed, until the next
        restart; the list of a technology leaves just that endpoint out (seen on 16 and 22).
        """
        picked = Picked(is_wanted, most)
        try:
            picked.add(self.endpoints())
        except AriUnexpected as error:
            call, why, excerpt = error.call, error.what, error.excerpt
        else:
            return picked.listing()
        # Not while the error is handled: what the libraries raise now would hold it, and with it all that was sent.
        listing = self._listed_singly(Picked(is_wanted, most), why)
        if listing is None:
            raise AriUnexpected(self._pbx.name, call, why, excerpt)
        return listing

    def _listed_singly(self, picked: Picked, why: str) -> EndpointList | None:
        """The endpoints of each technology that can be listed; None: of none. ``why`` not all at once."""
        listed, unlisted = [], []
        for technology in TECHNOLOGIES:
            try:
                picked.add(self.endpoints(technology))
                listed.append(technology)
            except AriNotFound:
                # Asterisk does not know this technology: nothing of it is there.
                continue
            except AriUnexpected:
                unlisted.append(technology)
        if not listed:
            return None
        return picked.listing(messages.why_listed_singly(why, listed, unlisted), tuple(unlisted))

    def endpoint(self, technology: str, resource: str) -> EndpointState:
        """One endpoint. Raises AriNotFound when Asterisk does not list it."""
        return self._get(("endpoints", technology, resource), EndpointState)

    def device_state(self, name: str) -> str:
        """The device state of ``PJSIP/101``; INVALID when there is no such device (any more)."""
        return self._get(("deviceStates", name), messages.DeviceState).state

    def missing_drivers(self, technologies: Iterable[str]) -> tuple[str, ...]:
        """Those of these technologies whose channel driver is not loaded."""
        return tuple(technology for technology in sorted(technologies) if self.has_driver(technology) is False)

    def has_driver(self, technology: str) -> bool | None:
        """Whether the channel driver of a technology is loaded; None: that cannot be told."""
        driver = DRIVERS.get(technology)
        if driver is None:
            return None
        return self._is_loaded(driver)

    def missing_modules(self) -> tuple[str, ...]:
        """Those modules of ARI that healthmon needs and that are not loaded."""
        return tuple(module for module in NEEDED_MODULES if self._is_loaded(module) is False)

    def _is_loaded(self, module: str) -> bool | None:
        """Whether a module runs; None: that cannot be told."""
        try:
            return self._get(("asterisk", "modules", module), messages.Module).status == "Running"
        except AriNotFound:
            return False
        except (AriDenied, AriStarting, AriUnexpected):
            # A proxy that lets only some of ARI through.
            return None

    def settings(self, target: Target, at: float) -> EndpointSettings | None:
        """How Asterisk is configured to check an endpoint: its sorcery object and those of its AORs.

        None: it is not in the configuration (any more). Raises AriUnexpected where that cannot be told. Auth objects,
        which hold passwords in clear text, are never asked for.
        """
        # SIP/101 must not get the settings of PJSIP/101.
        if target.technology not in CONFIGURABLE:
            return EndpointSettings(target, at, known=False)
        endpoint = self._endpoint_object(target.resource)
        if endpoint is None:
            return None
        return messages.settings(target, at, endpoint, self._aors_of(endpoint), self.shorten)

    def identity(self, name: str) -> EndpointIdentity | None:
        """What of the settings of a PJSIP endpoint a registration may have, too; None: it is not in the configuration.

        Raises AriUnexpected where that cannot be told.
        """
        endpoint = self._endpoint_object(name)
        if endpoint is None:
            return None
        return messages.identity(name, endpoint, self._aors_of(endpoint))

    def aor_checks(self, target: Target) -> tuple[AorCheck, ...]:
        """How the contacts of each AOR of a PJSIP endpoint are checked; none: it is not in the configuration."""
        endpoint = self._endpoint_object(target.resource)
        if endpoint is None:
            return ()
        aors = {name: self._aor(name) for name in messages.aor_names(endpoint)[:MOST_AORS]}
        return tuple(messages.aor_check(name, aor) for name, aor in aors.items() if aor)

    def transport_of(self, target: Target) -> str:
        """The transport that a PJSIP endpoint names; "": it names none, or is not in the configuration."""
        return messages.transport_name(self._endpoint_object(target.resource) or ())

    def has_transport(self, name: str) -> bool:
        """Whether Asterisk has loaded this transport: one whose certificate file is missing it has not.

        The object holds the password of a private key: its values are passed over. Raises AriUnexpected where it
        cannot be told.
        """
        try:
            self._get((*_PJSIP, "transport", name), list[messages.AttributeName])
        except AriNotFound as error:
            if "Object with id" in error.what:
                return False
            raise AriUnexpected(self._pbx.name, error.call, error.what) from error
        return True

    def _aors_of(self, endpoint: Sequence[Attribute]) -> list[Aor]:
        """The AORs of an endpoint, by its sorcery object."""
        return [aor for name in messages.aor_names(endpoint)[:MOST_AORS] if (aor := self._aor(name))]

    def _aor(self, name: str) -> Aor | None:
        """One AOR, its static and its registered contacts apart; None: there is no such AOR.

        Asterisk lists registered contacts in the same option (seen in 16 and 22), which would make every registered
        phone a trunk. A contact that was registered is an object of its own; a static one is not.
        """
        try:
            aor = self._sorcery("aor", name)
            listed = messages.contacts(aor)[:MOST_CONTACTS]
            if not listed or not messages.may_register(aor):
                return Aor(aor, static=list(map(without_secrets, listed)))
            objects = {uri: self._contact(name, uri) for uri in listed}
            static = [uri for uri, found in objects.items() if found is None]
            if static:
                # One that went away between the questions is no static one.
                now_listed = messages.contacts(self._sorcery("aor", name))
                static = [uri for uri in static if uri in now_listed]
            registered = {without_secrets(uri): found for uri, found in objects.items() if found is not None}
            return Aor(aor, list(map(without_secrets, static)), registered)
        except AriNotFound:
            return None

    def _contact(self, aor: str, uri: str) -> list[Attribute] | None:
        """The object of a registered contact; None: there is none."""
        # The name that res_pjsip's location.c gives to a contact; a hash, not a secret.
        digest = hashlib.md5(uri.encode(), usedforsecurity=False).hexdigest()
        try:
            return self._sorcery("contact", f"{aor};@{digest}")
        except AriNotFound:
            return None

    def is_configured(self, target: Target) -> bool | None:
        """Whether Asterisk's configuration has this endpoint (any more); None: ARI cannot tell.

        An endpoint that was down when a reload removed it stays listed, offline, its device UNAVAILABLE and not
        INVALID: only this shows that it is gone (seen on 16 and 22).
        """
        if target.technology not in CONFIGURABLE:
            return None
        try:
            return self._endpoint_object(target.resource) is not None
        except AriUnexpected:
            return None

    def _endpoint_object(self, name: str) -> list[Attribute] | None:
        """The object of a PJSIP endpoint; None: the configuration has none. Raises AriUnexpected: nobody can tell."""
        try:
            return self._sorcery("endpoint", name)
        except AriNotFound as error:
            if "Object with id" in error.what:
                return None
            # Without res_pjsip there is no configuration that could be asked.
            raise AriUnexpected(
                self._pbx.name, error.call, f"the configuration cannot be read: {error.what}"
            ) from error

    def _sorcery(self, kind: str, name: str) -> list[Attribute]:
        return self._get((*_PJSIP, kind, name), list[Attribute])

    def subscribe(self) -> None:
        """Have everything about all endpoints and devices sent to our application, and nothing else.

        22 forgets this with each disconnect, 16 does not. Raises AriDenied for a read_only user, AriNotFound when
        our application has no WebSocket.
        """
        application = ("applications", self._pbx.application)
        for source in ("endpoint:", "deviceState:"):
            self._call("POST", (*application, "subscription"), {"eventSource": source})
        wanted = {"allowed": [{"type": name} for name in messages.WANTED_TYPES]}
        self._call("PUT", (*application, "eventFilter"), json=wanted)

    def forget_application(self) -> None:
        """Have our application vanish with its WebSocket: 16 keeps one that is subscribed to anything (seen there).

        Raises AriDenied for a read_only user.
        """
        for source in _EVERYTHING:
            self._call("DELETE", ("applications", self._pbx.application, "subscription"), {"eventSource": source})

    def user_event(self, name: str) -> None:
        """Post an event to our own application: it comes back on the WebSocket, or that is dead."""
        self._call("POST", ("events", "user", name), {"application": self._pbx.application})

    def may_write(self) -> bool:
        """Whether this user may do more than read. What is asked for is an application that there is not: 404."""
        try:
            self._call("POST", ("events", "user", "healthmon"), {"application": f"healthmon-{uuid4()}"})
        except AriNotFound:
            return True
        except AriDenied as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return False
            raise
        return True

    def is_pretty(self) -> bool:
        """Whether Asterisk writes its JSON for people, on many lines (``pretty`` in ari.conf)."""
        body = self._call("GET", ("asterisk", "info"), {"only": "status"})
        return b"\n" in body.strip()

    def websocket_write_timeout(self) -> float | None:
        """For how long a write to a WebSocket may be stuck (milliseconds); None: this Asterisk does not show it."""
        try:
            general = self._get(("asterisk", "config", "dynamic", "res_ari", "general", "general"), list[Attribute])
        except (AriNotFound, AriDenied, AriUnexpected):
            return None
        return messages.write_timeout(general)

    def api_document(self) -> ApiDocument:
        """ARI as this Asterisk describes it. Raises AriNotFound where it was installed without its ``rest-api``."""
        version = self.info().version
        index = self._call("GET", (api_document.FOLDER, api_document.INDEX))
        names = api_document.resource_names(index, self._pbx.name, _name("GET", (api_document.FOLDER,)))
        return ApiDocument(version, tuple(self._described(name, words) for name, words in names.items()))

    def _described(self, name: str, description: str) -> Resource:
        segments = (api_document.FOLDER, f"{name}.json")
        body = self._call("GET", segments)
        return api_document.resource(name, description, body, self._pbx.name, _name("GET", segments))

    def request(
        self, method: str, segments: Sequence[str], query: Mapping[str, str] | None = None, json: object = None
    ) -> Body:
        """Do what a person asks for, and return the body of the answer. What may write is sent only once."""
        if method == "GET":
            return self._call(method, segments, query)
        return self._once(_name(method, segments), method, segments, query, json)

    def certificate_ends_at(self) -> float | None:
        """When the certificate that was last seen ends, seconds UTC; None: no TLS, or it is not verified."""
        return self._certificate_ends_at

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _get(
        self, segments: Sequence[str], shape: type[messages.Message], query: Mapping[str, str] | None = None
    ) -> messages.Message:
        body = self._call("GET", segments, query)
        return messages.decode(body, shape, self._pbx.name, _name("GET", segments))

    def _call(
        self,
        method: str,
        segments: Sequence[str],
        query: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Body:
        call = _name(method, segments)
        try:
            return self._once(call, method, segments, query, json)
        except AriUnreachable as error:
            # Asterisk and proxies close idle connections, and our request may have met that moment.
            if error.trouble is not Trouble.CLOSED:
                raise
            return self._once(call, method, segments, query, json)

    def _once(
        self, call: str, method: str, segments: Sequence[str], query: Mapping[str, str] | None, json: object
    ) -> Body:
        if not all(map(fits_into_url, segments)):
            # It would ask for something else.
            raise AriNotFound(self._pbx.name, call, "a name that cannot be part of a URL")
        self.requests += 1
        url = rest_url(self._pbx, segments)
        limits = (self._connect_timeout, self._timeout)
        with (
            talking_to(self._pbx, call, timeout=self._timeout),
            self._session.request(
                method, url, params=query, json=json, timeout=limits, stream=True, allow_redirects=False
            ) as answer,
        ):
            self._note_certificate(answer)
            self._is_on_our_machine = _comes_from_here(answer)
            self._date = answer.headers.get("Date", "")
            body = self._secrets.free_answer(self._read(answer, call))
        wrong = refusal(self._pbx, call, answer.status_code, answer.headers.get("Server", ""), body)
        try:
            if wrong:
                raise wrong
        finally:
            # The error holds this frame. If that held the error, both would stay until the garbage collector looks.
            del wrong
        return body

    def _read(self, answer: requests.Response, call: str) -> Body:
        """Read the body; what it unpacks to is not endless, either."""
        body = bytearray()
        for part in answer.iter_content(65536):
            body += part
            if len(body) > LARGEST_ANSWER:
                # The error would keep it, for as long as somebody keeps the error.
                body.clear()
                raise AriUnexpected(self._pbx.name, call, f"an answer of more than {LARGEST_ANSWER // 1_000_000} MB")
        # As it is: a copy of the largest answer would be as large again.
        return body

    def _note_certificate(self, answer: requests.Response) -> None:
        """Remember the end of the peer's certificate, while the answer still holds its socket."""
        tls = getattr(getattr(answer.raw, "connection", None), "sock", None)
        if not isinstance(tls, ssl.SSLSocket):
            return
        certificate = tls.getpeercert()
        ends = certificate.get("notAfter") if certificate else None
        if isinstance(ends, str):
            self._certificate_ends_at = float(ssl.cert_time_to_seconds(ends))


def _comes_from_here(answer: requests.Response) -> bool:
    """Whether a peer has an address of this machine, while its answer still holds its socket."""
    connection = getattr(getattr(answer.raw, "connection", None), "sock", None)
    if not isinstance(connection, socket.socket):
        return False
    try:
        return leads_to_ourselves(connection.getsockname()[0], connection.getpeername()[0])
    except OSError:
        # It has just been cut; the next answer tells.
        return False


def _name(method: str, segments: Sequence[str]) -> str:
    """Say ``GET /endpoints/PJSIP/101``, for people."""
    return f"{method} /{'/'.join(segments)}"[:120]


def _session(pbx: PbxConfig, *, logs_in: bool) -> requests.Session:
    session = PlainSession(LIMITS)
    session.verify = trusted(pbx.verify_tls)
    if logs_in:
        session.headers["Authorization"] = authorization(pbx)
    session.headers["Accept-Encoding"] = "identity"
    if session.verify is False:
        # The administrator chose verify_tls = no, and check-config says what that means.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session
