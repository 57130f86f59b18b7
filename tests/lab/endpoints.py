"""Phones and providers as an Asterisk's configuration describes them: each is a name and its text in a file."""

from collections.abc import Mapping

from msgspec import Struct

#: Written into a section when the caller does not say otherwise.
_PJSIP_ENDPOINT = {"context": "default", "disallow": "all", "allow": "ulaw", "direct_media": "no"}


class Endpoint(Struct, frozen=True):
    """One endpoint: what ARI calls it, and the sections that make it so."""

    technology: str
    resource: str
    text: str

    @property
    def file(self) -> str:
        """The configuration file that its text belongs into."""
        return {"PJSIP": "pjsip.conf", "SIP": "sip.conf", "IAX2": "iax.conf"}[self.technology]

    @property
    def name(self) -> str:
        """As people write it: "PJSIP/101"."""
        return f"{self.technology}/{self.resource}"


def phone(
    name: str,
    password: str = "secret",
    *,
    qualify_frequency: int = 2,
    qualify_timeout: float = 1,
    max_contacts: int = 1,
    remove_existing: bool = True,
    endpoint: Mapping[str, object] | None = None,
    aor: Mapping[str, object] | None = None,
) -> Endpoint:
    """A PJSIP phone that registers by itself; `endpoint` and `aor` add options, or replace them."""
    auth = {"auth_type": "userpass", "username": name, "password": password}
    aor_options: dict[str, object] = {
        "max_contacts": max_contacts,
        "remove_existing": remove_existing,
        "minimum_expiration": 1,
        "qualify_frequency": qualify_frequency,
        "qualify_timeout": qualify_timeout,
    }
    sections = (
        section(name, "endpoint", {**_PJSIP_ENDPOINT, "aors": name, "auth": name, **(endpoint or {})}),
        section(name, "auth", auth),
        section(name, "aor", {**aor_options, **(aor or {})}),
    )
    return Endpoint("PJSIP", name, "".join(sections))


def trunk(
    name: str,
    contact: str | tuple[str, ...],
    *,
    qualify_frequency: int = 2,
    qualify_timeout: float = 1,
    outbound_auth: tuple[str, str] | None = None,
    registration: Mapping[str, object] | None = None,
    endpoint: Mapping[str, object] | None = None,
    aor: Mapping[str, object] | None = None,
) -> Endpoint:
    """A PJSIP provider at a fixed contact ("sip:127.0.1.2:5060"), or several.

    `outbound_auth` is (username, password). `registration` (options to add, {} for none) makes Asterisk
    register there, retrying after 1 s unless told otherwise, since tests cannot wait for the default of 60 s.
    """
    contacts = (contact,) if isinstance(contact, str) else contact
    qualify: dict[str, object] = {"qualify_frequency": qualify_frequency, "qualify_timeout": qualify_timeout}
    options: dict[str, object] = {**_PJSIP_ENDPOINT, "aors": name}
    text = ""
    if outbound_auth is not None:
        username, password = outbound_auth
        options["outbound_auth"] = name
        text += section(name, "auth", {"auth_type": "userpass", "username": username, "password": password})
    text += section(name, "endpoint", {**options, **(endpoint or {})})
    text += section(name, "aor", {"contact": contacts, **qualify, **(aor or {})})
    text += section(f"{name}-identify", "identify", {"endpoint": name, "match": _hosts(contacts)})
    if registration is not None:
        text += _registration(name, contacts[0], outbound_auth, registration)
    return Endpoint("PJSIP", name, text)


def sip_peer(name: str, password: str = "secret", *, host: str = "dynamic", qualify: str = "yes") -> Endpoint:
    """A chan_sip peer (Asterisk 16 only); checked every second, unless `qualify` is "no"."""
    options = {"type": "peer", "secret": password, "host": host, "qualify": qualify, "qualifyfreq": 1}
    return Endpoint("SIP", name, section(name, "", options))


def iax_peer(name: str, password: str = "secret", *, host: str = "dynamic", qualify: str = "yes") -> Endpoint:
    """An IAX2 peer; checked every second whether it is well or ill, unless `qualify` is "no" (times in ms)."""
    often = {"qualifyfreqok": 1000, "qualifyfreqnotok": 1000}
    options = {"type": "friend", "secret": password, "host": host, "qualify": qualify, "requirecalltoken": "no"}
    return Endpoint("IAX2", name, section(name, "", {**options, **often}))


def section(name: str, kind: str, options: Mapping[str, object]) -> str:
    """One section of a configuration file; a tuple repeats its option, True and False become yes and no."""
    lines = [f"[{name}]"]
    if kind:
        lines.append(f"type={kind}")
    for key, value in options.items():
        for one in value if isinstance(value, tuple) else (value,):
            lines.append(f"{key}={ ({True: 'yes', False: 'no'}[one] if isinstance(one, bool) else one) }")
    return "\n".join(lines) + "\n\n"


def _registration(name: str, contact: str, auth: tuple[str, str] | None, more: Mapping[str, object]) -> str:
    user = auth[0] if auth else name
    host = _hosts((contact,))[0]
    options: dict[str, object] = {
        "server_uri": f"sip:{contact.removeprefix('sip:').rpartition('@')[2]}",
        "client_uri": f"sip:{user}@{host}",
        "retry_interval": 1,
        "forbidden_retry_interval": 1,
        "auth_rejection_permanent": "no",
        "max_retries": 10000,
        # The first REGISTER comes at a random moment within this many seconds after a start (default: 10).
        "max_random_initial_delay": 1,
        "expiration": 60,
    }
    if auth:
        options["outbound_auth"] = name
    return section(f"{name}-registration", "registration", {**options, **more})


def _hosts(contacts: tuple[str, ...]) -> tuple[str, ...]:
    """The host of each SIP address: "127.0.1.2" of "sip:user@127.0.1.2:5060;transport=udp"."""
    return tuple(
        contact.removeprefix("sip:").rpartition("@")[2].partition(";")[0].partition(":")[0] for contact in contacts
    )
