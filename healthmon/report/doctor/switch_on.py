"""Which lines switch ARI on in Asterisk, and which screens in FreePBX: the words of all who must say it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from healthmon.report.doctor.finding import Remedy

RELOAD_HTTP = "asterisk -rx 'module reload http'"
RELOAD_ARI = "asterisk -rx 'module reload res_ari'"
RELOAD_AMI = "asterisk -rx 'manager reload'"
_USUAL_PORTS = {"tcp": 5038, "tls": 5039}
#: The file that ``healthmon -c`` names.
CONFIGURATION = "healthmon's configuration"

#: As FreePBX 17 itself calls its screens and fields (docs/decisions/0074).
FREEPBX_HTTP = 'Settings > Advanced Settings, "Asterisk Builtin mini-HTTP server"'
FREEPBX_ARI = (
    f"{FREEPBX_HTTP}: Enable the mini-HTTP Server Yes, HTTP Bind Address 127.0.0.1 (or :: behind a firewall), HTTP "
    'Bind Port 8088. In the same place, "Asterisk REST Interface": Enable the Asterisk REST Interface Yes. Then Apply '
    "Config; if ARI does not answer then, fwconsole restart, which ends calls."
)
FREEPBX_ARI_USER = (
    "Settings > Asterisk REST Interface Users > Add User: User Name and User Password as in [pbx …], Read Only No. "
    "Then Apply Config."
)
FREEPBX_AMI_USER = (
    "The manager interface is on, on 127.0.0.1:5038. Settings > Asterisk Manager Users > Add Manager: Name (15 letters "
    "at most) and Secret as in [pbx …]; on its Permissions tab Read Yes for System, Write Yes for Reporting, all else "
    "No. Then Apply Config."
)
FREEPBX_AMI_RIGHTS = (
    "Settings > Asterisk Manager Users, this user, Permissions: Read Yes for System, Write Yes for Reporting, all else "
    "No. Then Apply Config."
)
FREEPBX_SESSION_LIMIT = f"{FREEPBX_HTTP}: Session Limit 100. Then Apply Config."


def http_server(url: str) -> Remedy:
    """Say what http.conf must hold for a PBX that is reached by this URL."""
    parts = urlsplit(url)
    address = _to_listen_on(parts.hostname or "")
    lines = ["[general]", "enabled = yes"]
    if parts.scheme == "https":
        lines += [
            "bindaddr = 127.0.0.1",
            "tlsenable = yes",
            f"tlsbindaddr = {address}:{parts.port or 443}",
            "tlscertfile = /etc/asterisk/keys/asterisk.pem     ; the certificate and its key",
        ]
    else:
        lines += [f"bindaddr = {address}", f"bindport = {parts.port or 80}"]
    prefix = parts.path.strip("/")
    if prefix:
        lines.append(f"prefix = {prefix}")
    return Remedy("http.conf", tuple(lines), (RELOAD_HTTP,))


def _to_listen_on(host: str) -> str:
    """Say on which address Asterisk must listen to be reached under this name; of a name nobody knows which."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ip_address(host)
    except ValueError:
        return "0.0.0.0"  # noqa: S104  (what Asterisk is to listen on)
    if address.version == 6:
        return f"[{address}]"
    return str(address)


def ari_enabled() -> Remedy:
    """Say what ari.conf must hold, whoever the user is."""
    return Remedy("ari.conf", ("[general]", "enabled = yes"), (RELOAD_ARI,))


def ari_user(username: str) -> Remedy:
    """Say what ari.conf must hold for this user. Its password is never written down here."""
    lines = (
        f"[{username}]",
        "type = user",
        "password = …     ; the same as in [pbx …] of healthmon's configuration",
        "read_only = no",
    )
    return Remedy("ari.conf", lines, (RELOAD_ARI,))


def manager_url(url: str) -> str:
    """Say where the manager interface of a PBX is best asked whose ARI is at this URL: in clear only on our machine."""
    place = _host_in_url(url)
    if _is_our_machine(urlsplit(url).hostname or ""):
        return f"tcp://{place}:5038"
    return f"tls://{place}:5039"


def url_over_tls(url: str) -> str:
    """Say at which URL ARI is reached over TLS, on Asterisk's usual port, that is reached in clear at this one."""
    return f"https://{_host_in_url(url)}:8089{urlsplit(url).path.rstrip('/')}"


def _host_in_url(url: str) -> str:
    """The host of a URL as another URL wants it: an IPv6 address stands in brackets."""
    host = urlsplit(url).hostname or ""
    if ":" in host:
        return f"[{host}]"
    return host


def usual_manager_url(ami: str) -> str:
    """Say where the manager interface most likely is: on the same host, on its usual port."""
    parts = urlsplit(ami)
    host = parts.netloc.rpartition(":")[0]
    return f"{parts.scheme}://{host}:{_USUAL_PORTS.get(parts.scheme, 5038)}"


def _is_our_machine(host: str) -> bool:
    """Whether a host, as it stands in a URL, is surely this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def manager_user(username: str, ami: str) -> Remedy:
    """Say what manager.conf must hold for this user, with the least rights that tell of registrations.

    ``ami``: where the configuration has it, or is to have it. The password is never written down here.
    """
    admitted = "192.0.2.7/255.255.255.255     ; instead of it: healthmon's address"
    if ami == "http" or _is_our_machine(urlsplit(ami).hostname or ""):
        admitted = "127.0.0.0/255.0.0.0"
    lines = (
        "[general]",
        "enabled = yes",
        *_listening(ami),
        f"[{username}]",
        "secret = …     ; the same as in [pbx …] of healthmon's configuration",
        "deny = 0.0.0.0/0.0.0.0",
        f"permit = {admitted}",
        "read = system",
        "write = reporting",
    )
    return Remedy("manager.conf", lines, (RELOAD_AMI,))


def manager_rights(username: str) -> Remedy:
    """Say what manager.conf must hold for a user that is there already: the least rights that are enough."""
    return Remedy("manager.conf", (f"[{username}]", "read = system", "write = reporting"), (RELOAD_AMI,))


def _listening(ami: str) -> list[str]:
    if ami == "http":
        return ["webenabled = yes"]
    parts = urlsplit(ami)
    address = _to_listen_on(parts.hostname or "")
    if parts.scheme == "tls":
        certificate = "tlscertfile = /etc/asterisk/keys/asterisk.pem     ; the certificate and its key"
        return ["bindaddr = 127.0.0.1", "tlsenable = yes", f"tlsbindaddr = {address}:{parts.port}", certificate]
    port = f"port = {parts.port}"
    if parts.port != _USUAL_PORTS["tcp"]:
        port += f"     ; {_USUAL_PORTS['tcp']} is usual: is 'ami' in [pbx …] right?"
    return [f"bindaddr = {address}", port]
