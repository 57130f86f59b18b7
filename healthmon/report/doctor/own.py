"""Findings about healthmon's own configuration, and the machine that it runs on."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from shlex import quote
from urllib.parse import urlsplit

from healthmon.config.configuration import Config
from healthmon.config.loading.load import READABLE_BY_ALL
from healthmon.config.urls import place_of, showable
from healthmon.report.admin.database_text import size
from healthmon.report.admin.discovery import escaped_pattern, matches_nothing
from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity, Remedy
from healthmon.report.doctor.switch_on import CONFIGURATION
from healthmon.report.formatting import counted
from healthmon.sources.examination import PbxLook
from healthmon.sources.machine import SERVICE, MachineLook

#: File systems of another machine, whose locks SQLite cannot trust.
# fmt: off
NETWORK_FILE_SYSTEMS = frozenset((
    "9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4",
    "ocfs2", "smb3", "smbfs", "virtiofs",
))
# fmt: on
#: What takes such a message hands it on over the internet, wherever it runs itself.
_GOES_ON = ("mailto", "mailtos", "signal", "signals")
#: Below the first it is told, below the second it is serious.
FREE_ENOUGH, FREE_AT_LEAST = 1_000_000_000, 100_000_000
#: … unless so much of the disk is free.
FREE_SHARE = 0.05


def of_coverage(looks: Sequence[PbxLook], config: Config) -> Iterator[DoctorFinding]:
    """Say which endpoints no section takes, and which sections take none."""
    for look in looks:
        yield from _not_watched(look, config)
    listed = {look.pbx.name: look.survey.states for look in looks if look.survey is not None}
    for words in matches_nothing(listed, config):
        yield DoctorFinding(
            name=FindingName.MATCHES_NOTHING,
            gravity=Gravity.ADVICE,
            means=f"{words}.",
            why="A name that is spelt otherwise than Asterisk spells it is watched by nobody; case matters.",
            remedies=(Remedy(commands=("healthmon discover     # shows the names, and sections to paste",)),),
        )


def _not_watched(look: PbxLook, config: Config) -> Iterator[DoctorFinding]:
    """Say which nobody thought of: what a section excludes is left out on purpose."""
    names = tuple(target.endpoint for target in look.not_watched if not config.is_left_out(target))
    if not names:
        return
    patterns = [escaped_pattern(name) for name in names]
    if len(names) > 5:
        # Of many only their technologies.
        patterns = sorted({f"{name.partition('/')[0]}/*" for name in names})
    yield DoctorFinding(
        name=FindingName.NOT_WATCHED,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"No [watch …] section takes {counted(len(names), 'endpoint')} of this PBX.",
        why="Nobody is told when these are lost, and no report knows them.",
        remedies=(
            Remedy(CONFIGURATION, ("[watch others]", f"endpoints = {', '.join(patterns)}")),
            Remedy(commands=("healthmon discover     # shows which section takes which",)),
        ),
        endpoints=names,
    )


def of_configuration(config: Config, machine: MachineLook) -> Iterator[DoctorFinding]:
    """Say what is wrong with the file, and with the ways out of messages."""
    yield from _permissions(config, machine)
    yield from _ways_out(config)
    if config.heartbeat is None:
        yield DoctorFinding(
            name=FindingName.NO_HEARTBEAT,
            gravity=Gravity.ADVICE,
            means="Nobody notices when healthmon itself dies, or loses its line to the internet.",
            why="A monitor that died looks like a night without outages.",
            remedies=(
                Remedy(
                    CONFIGURATION,
                    (
                        "[healthmon]",
                        "# or Uptime Kuma's push URL",
                        "heartbeat_url = https://hc-ping.com/your-uuid-here",
                    ),
                ),
            ),
        )


def _permissions(config: Config, machine: MachineLook) -> Iterator[DoctorFinding]:
    path = quote(str(config.path))
    if any(warning.endswith(READABLE_BY_ALL) for warning in config.warnings):
        yield DoctorFinding(
            name=FindingName.CONFIG_READABLE,
            gravity=Gravity.SERIOUS,
            means=f"{config.path} holds secrets, and every user of this machine can read it.",
            why="They are the passwords of your PBXs and the addresses by which anybody can write to your receivers.",
            remedies=(Remedy(commands=(f"chgrp healthmon {path}", f"chmod 640 {path}")),),
        )
    mode = machine.config_mode
    if mode is not None and mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield DoctorFinding(
            name=FindingName.CONFIG_WRITABLE,
            gravity=Gravity.SERIOUS,
            means=f"Others than its owner can write {config.path}.",
            why="Whoever can, decides who is told, and where passwords are sent.",
            remedies=(Remedy(commands=(f"chmod go-w {path}",)),),
        )


def _ways_out(config: Config) -> Iterator[DoctorFinding]:
    urls = [url.url for receiver in config.receivers for url in receiver.urls]
    if not urls:
        yield DoctorFinding(
            name=FindingName.NOBODY_TOLD,
            gravity=Gravity.ADVICE,
            means="There is no [receiver …] section: nobody is told of an outage.",
            why="What happens is only seen by whoever looks, in status and in reports.",
            remedies=(
                Remedy(
                    CONFIGURATION,
                    (
                        "[receiver oncall]",
                        "urls = mailto://smtp.example.org?from=healthmon@example.org&to=you@example.org",
                    ),
                ),
            ),
        )
        return
    if any(map(_stays_here, urls)):
        return
    places = {showable(url) for url in urls}
    line = "the same internet line"
    if len(places) == 1:
        line = f"one service ({places.pop()}), over the same internet line"
    gravity = Gravity.ADVICE
    if config.heartbeat is not None and not _is_here(urlsplit(place_of(config.heartbeat.url)).hostname or ""):
        gravity = Gravity.REMARK
    yield DoctorFinding(
        name=FindingName.ONE_WAY_OUT,
        gravity=gravity,
        means=f"All alerts leave through {line}.",
        why=(
            "While it is cut nobody is told of anything, not even of that. Add a receiver that needs no internet, such "
            "as an SMS gateway with a modem in your own network; or at least heartbeat_url, so that a service outside "
            "raises the alarm when nothing comes from here."
        ),
        remedies=(
            Remedy(
                CONFIGURATION,
                (
                    "[receiver sms]",
                    "# instead of it: your own gateway",
                    "urls = json://192.168.1.20/sms",
                ),
            ),
        ),
    )


def _stays_here(url: str) -> bool:
    """Whether a message to this URL goes to a machine of our own network, and no further as far as one can see."""
    scheme, _, host = showable(url).partition(":")
    return scheme not in _GOES_ON and _is_here(host)


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith((".lan", ".local", ".internal", ".home.arpa")):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def of_machine(config: Config, machine: MachineLook) -> Iterator[DoctorFinding]:
    """Say what of this machine healthmon cannot rely on."""
    yield from _disk(config, machine)
    if not machine.is_synchronised:
        yield DoctorFinding(
            name=FindingName.NOT_SYNCHRONISED,
            gravity=Gravity.ADVICE,
            means="The time of this machine is not kept right by a time server, as far as the kernel says.",
            why="Reports may name wrong times; nothing old is removed from the database until the time is confirmed.",
            remedies=(Remedy(commands=("timedatectl set-ntp true",)),),
        )
    if machine.service is not None and machine.service not in ("enabled", "enabled-runtime", "alias"):
        yield _not_enabled(machine.service)


def _disk(config: Config, machine: MachineLook) -> Iterator[DoctorFinding]:
    folder = config.database.parent
    if machine.file_system in NETWORK_FILE_SYSTEMS:
        yield DoctorFinding(
            name=FindingName.NETWORK_DISK,
            gravity=Gravity.SERIOUS,
            means=f"The database lies on another machine's disk ({machine.file_system}): {folder}.",
            why="SQLite's locks do not hold there: the file is damaged one day, and stands still with the network.",
            remedies=(Remedy(CONFIGURATION, ("[healthmon]", "database = /var/lib/healthmon/healthmon.db")),),
        )
    if machine.free_bytes is None or not machine.disk_bytes:
        return
    is_small_share = machine.free_bytes < FREE_SHARE * machine.disk_bytes
    if machine.free_bytes >= FREE_AT_LEAST and not (machine.free_bytes < FREE_ENOUGH and is_small_share):
        return
    gravity = Gravity.ADVICE
    if machine.free_bytes < FREE_AT_LEAST:
        gravity = Gravity.SERIOUS
    yield DoctorFinding(
        name=FindingName.DISK_FULL,
        gravity=gravity,
        means=f"{size(machine.free_bytes)} are left on the disk of the database ({folder}).",
        why="On a full disk nothing is booked, and so nothing is told.",
        remedies=(Remedy(commands=("healthmon db stats     # how large the database is, and how it grows",)),),
    )


def _not_enabled(word: str) -> DoctorFinding:
    commands: tuple[str, ...] = ()
    if word == "not-found":
        means = f"systemd knows no {SERVICE}: healthmon does not start with this machine."
        commands = ("install -m 644 systemd/healthmon.service /etc/systemd/system/", "systemctl daemon-reload")
    else:
        means = f"systemd does not start healthmon with this machine ({SERVICE} is {word})."
    return DoctorFinding(
        name=FindingName.NOT_ENABLED,
        gravity=Gravity.SERIOUS,
        means=means,
        why="After the next restart of this machine nobody watches, and nobody is told that.",
        remedies=(Remedy(commands=(*commands, "systemctl enable --now healthmon")),),
    )
