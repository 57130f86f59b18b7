"""What is said of a PBX that lets nobody look: what to switch on, and where."""

from __future__ import annotations

from healthmon.errors import Trouble
from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity, Remedy
from healthmon.report.doctor.switch_on import (
    FREEPBX_ARI,
    FREEPBX_ARI_USER,
    FREEPBX_SESSION_LIMIT,
    RELOAD_HTTP,
    ari_enabled,
    ari_user,
    http_server,
)
from healthmon.sources.examination import FailedLook, PbxLook

_WHY_BLIND = "Without ARI healthmon sees nothing of this PBX, and nobody is told of any outage on it."
_ONCE_BOOTED = (
    "ARI is on, and says that Asterisk is starting still: ask again once asterisk -rx 'core waitfullybooted' has "
    "come back. If it does not, Asterisk's own log says what it waits for."
)
#: What to look at, by what is wrong; of anything else its own sentence says enough.
_WHERE_TO_LOOK = {
    Trouble.TIMED_OUT: (
        "Is the host up? Does a firewall on the way let us through? Does asterisk -rx 'core show uptime' answer?"
    ),
    Trouble.DNS: "Is the host in url of [pbx …] spelt right, and does the name server of this machine know it?",
    Trouble.TLS: "A CA of your own is named by verify_tls in [pbx …]; a certificate that has expired must be renewed.",
    Trouble.NO_NETWORK: "Does this machine have a network, and a route to the PBX?",
    Trouble.UNEXPECTED: "Does url in [pbx …] lead to Asterisk's HTTP server, with its port and its prefix?",
}


def not_looked_at(look: PbxLook, failure: FailedLook) -> DoctorFinding:
    """Say why nothing is known of a PBX, and what to do."""
    user = ari_user(look.pbx.username)
    if failure.trouble is Trouble.DENIED:
        why = f"{_WHY_BLIND} ari.conf and [pbx {look.pbx.name}] must say the same name and password."
        return _blind(look, failure, FindingName.ARI_REFUSED, why=why, remedies=(user,), freepbx=FREEPBX_ARI_USER)
    if failure.is_booting:
        return _blind(look, failure, FindingName.ARI_NOT_REACHED, why=f"{_WHY_BLIND} {_ONCE_BOOTED}")
    if failure.trouble in (Trouble.REFUSED, Trouble.STARTING):
        remedies = [ari_enabled(), user]
        if failure.trouble is Trouble.REFUSED:
            remedies.insert(0, http_server(look.pbx.url))
        freepbx = f"{FREEPBX_ARI} The user: {FREEPBX_ARI_USER}"
        return _blind(look, failure, FindingName.ARI_OFF, remedies=tuple(remedies), freepbx=freepbx)
    if failure.trouble is Trouble.CLOSED:
        remedy = Remedy("http.conf", ("[general]", "sessionlimit = 100"), (RELOAD_HTTP,))
        return _blind(look, failure, FindingName.SESSIONS_USED_UP, remedies=(remedy,), freepbx=FREEPBX_SESSION_LIMIT)
    why = f"{_WHY_BLIND} {_WHERE_TO_LOOK.get(failure.trouble, '')}".rstrip()
    return _blind(look, failure, FindingName.ARI_NOT_REACHED, why=why)


def _blind(
    look: PbxLook,
    failure: FailedLook,
    name: FindingName,
    *,
    why: str = _WHY_BLIND,
    remedies: tuple[Remedy, ...] = (),
    freepbx: str = "",
) -> DoctorFinding:
    return DoctorFinding(
        name=name,
        gravity=Gravity.SERIOUS,
        pbx=look.pbx.name,
        means=f"It could not be looked at: {failure.call}: {failure.what}",
        why=why,
        remedies=remedies,
        freepbx=freepbx,
        is_blind=True,
    )
