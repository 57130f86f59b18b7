"""Findings about the way to a PBX: what its ARI user may do, and who else could listen."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity, Remedy
from healthmon.report.doctor.switch_on import (
    CONFIGURATION,
    FREEPBX_ARI_USER,
    FREEPBX_HTTP,
    RELOAD_ARI,
    RELOAD_HTTP,
    url_over_tls,
)
from healthmon.report.doctor.versions import ACL_OF_A_USER, lets_readers_write, mended_in, version_of
from healthmon.sources.examination import PbxLook
from healthmon.sources.survey import Survey


def findings(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    """Say what the ARI user may do, which holes this version has, and how safe the way is."""
    if look.may_write:
        yield from _may_do_all(look, surveyed)
    else:
        yield _read_only(look)
    yield from _known_hole(look, surveyed)
    yield from _tls(look, surveyed)


def _read_only(look: PbxLook) -> DoctorFinding:
    user = look.pbx.username
    return DoctorFinding(
        name=FindingName.READ_ONLY,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"The ARI user {user} may only read, or a proxy lets nothing else through.",
        why=(
            "healthmon cannot prove that its event stream works: one that went silent is noticed at the next poll "
            "(poll_every) instead of within seconds. And Asterisk sends the events of every call, which costs both "
            "sides some work."
        ),
        remedies=(Remedy("ari.conf", (f"[{user}]", "read_only = no"), (RELOAD_ARI,)),),
        freepbx=FREEPBX_ARI_USER.replace("Add User", user),
    )


def _may_do_all(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    if look.files is not None and look.files.user_has_acl:
        return
    version = version_of(surveyed.info.version)
    unless = ""
    if look.files is None:
        unless = " (unless an ACL, which cannot be seen from here, keeps them out)"
    why = (
        "ARI knows no smaller rights that are enough for healthmon. Whoever learns the password can make and listen to "
        f"calls, and read the passwords of all phones, from everywhere{unless}."
    )
    remedies: tuple[Remedy, ...] = ()
    if version is not None and ACL_OF_A_USER.has(version):
        lines = (f"[{look.pbx.username}]", "deny = 0.0.0.0/0", f"permit = {_from_where(surveyed)}")
        remedies = (Remedy("ari.conf", lines, (RELOAD_ARI,)),)
    else:
        why += " This version has no ACL for an ARI user; the README shows a proxy that lets few requests through."
    yield DoctorFinding(
        name=FindingName.MAY_DO_ALL,
        gravity=Gravity.REMARK,
        pbx=look.pbx.name,
        means=f"The ARI user {look.pbx.username} may do everything.",
        why=why,
        remedies=remedies,
    )


def _from_where(surveyed: Survey) -> str:
    if surveyed.info.shares_our_clock:
        return "127.0.0.0/8"
    return "192.0.2.7/32     ; instead of it: the address of this machine"


def _known_hole(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    version = version_of(surveyed.info.version)
    if version is None or not lets_readers_write(version):
        return
    gravity = Gravity.SERIOUS
    if look.may_write:
        gravity = Gravity.ADVICE
    yield DoctorFinding(
        name=FindingName.KNOWN_HOLE,
        gravity=gravity,
        pbx=look.pbx.name,
        means=f"Asterisk {surveyed.info.version} lets every read_only user of ARI write (GHSA-wcvv-g26m-wx5c).",
        why="By REST over the WebSocket such a user can make calls, and change the configuration.",
        remedies=(Remedy(commands=(f"upgrade Asterisk to {mended_in(version)} or newer",)),),
    )


def _tls(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    is_tls = look.pbx.url.startswith("https:")
    if not is_tls and not surveyed.info.shares_our_clock:
        everywhere = "0.0.0.0"  # noqa: S104  (what Asterisk is to listen on)
        if "[" in look.pbx.url:
            # An IPv6 address stands in brackets.
            everywhere = "[::]"
        yield DoctorFinding(
            name=FindingName.NO_TLS,
            gravity=Gravity.ADVICE,
            pbx=look.pbx.name,
            means="The PBX is on another machine, and the way to it is not encrypted (http://).",
            why="The password of the ARI user crosses the network in clear with every request.",
            remedies=(
                Remedy(
                    "http.conf",
                    (
                        "[general]",
                        "tlsenable = yes",
                        f"tlsbindaddr = {everywhere}:8089",
                        "tlscertfile = /etc/asterisk/keys/asterisk.pem     ; the certificate and its key",
                    ),
                    (RELOAD_HTTP,),
                ),
                Remedy(CONFIGURATION, (f"[pbx {look.pbx.name}]", f"url = {url_over_tls(look.pbx.url)}")),
            ),
            freepbx=(
                f"{FREEPBX_HTTP}: Enable TLS for the mini-HTTP Server Yes, HTTPS Bind Address ::, HTTPS Bind Port "
                "8089, HTTPS TLS Certificate Location and HTTPS TLS Private Key Location. Then Apply Config."
            ),
        )
    if is_tls and look.pbx.verify_tls is False:
        yield DoctorFinding(
            name=FindingName.TLS_NOT_VERIFIED,
            gravity=Gravity.ADVICE,
            pbx=look.pbx.name,
            means="The certificate of the PBX is not verified (verify_tls = no), nor is its end known.",
            why="Whoever can put himself in between gets the password of the ARI user, and can tell us what he likes.",
            remedies=(
                Remedy(
                    CONFIGURATION,
                    (f"[pbx {look.pbx.name}]", "# the CA that signed it", "verify_tls = /etc/healthmon/ca.pem"),
                ),
            ),
        )
    if surveyed.certificate_remark:
        yield DoctorFinding(
            name=FindingName.CERTIFICATE_ENDS,
            gravity=Gravity.SERIOUS,
            pbx=look.pbx.name,
            means=f"{surveyed.certificate_remark[0].upper()}{surveyed.certificate_remark[1:]}.",
            why="From then on healthmon refuses it, and sees nothing of this PBX.",
            remedies=(
                Remedy(
                    commands=(
                        "renew the certificate of tlscertfile, or of the proxy",
                        RELOAD_HTTP,
                    )
                ),
            ),
        )
