"""The first configuration, made of what somebody answered and of what was found on the PBX. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from healthmon.model import Kind, Target
from healthmon.report.admin.discovery import Discovered, sections_to_paste

#: What the receiver is called, which people may rename.
RECEIVER = "oncall"

#: What is lost without a manager interface.
WITHOUT_AMI = "Without the manager interface nobody sees that a registration at a provider is lost, nor round trips"

#: What is watched as long as nobody has looked what there is.
_EVERYTHING = "[watch phones]\nendpoints = PJSIP/*\n"

_HEAD = """\
# Configuration of healthmon, written by "healthmon init".
#
# What is not here has its default; config.example.ini and docs/configuration.md have every option.
# After each change:  healthmon check-config --connect
# then:               systemctl reload healthmon
"""

_ABOVE_WATCH = {
    "providers": """\
# The providers, by their names. A new one is taken for one as well, in the section below, by its own settings.
""",
    "phones": """\
# Phones, and whatever else comes later. They may be away for longer before somebody should care.
""",
}


class FirstAnswers(Struct, frozen=True):
    """What somebody answered; empty: not asked yet, or left out."""

    pbx: str
    url: str
    username: str
    password: str
    verify_tls: bool = True
    ami: str = ""
    ami_username: str = ""
    ami_password: str = ""
    #: Somebody left it out; what was answered about it is only a proposal then.
    is_without_ami: bool = False
    receiver_url: str = ""
    #: "": the usual place.
    database: str = ""


def first_config(answers: FirstAnswers, watches: str = "") -> str:
    """Write the file. ``watches``: its ``[watch …]`` sections, as ``watch_sections`` writes them."""
    parts = [_HEAD, _general(answers), _pbx(answers), watches or _EVERYTHING]
    if answers.receiver_url:
        parts.append(_receiver(answers))
    return "\n".join(parts)


def _general(answers: FirstAnswers) -> str:
    lines = ["[healthmon]"]
    if answers.database:
        lines += ["# The history. Beside this file.", f"database = {answers.database}"]
    else:
        lines += ["# The history.", "#database = /var/lib/healthmon/healthmon.db"]
    lines += [
        "# The time zone of messages and reports; without a line, the system's.",
        "#timezone = Europe/Berlin",
        "# Who raises the alarm when healthmon itself dies (a dead man's switch; see the README).",
        "#heartbeat_url = https://hc-ping.com/your-uuid-here",
    ]
    return "\n".join(lines) + "\n"


def _pbx(answers: FirstAnswers) -> str:
    lines = [
        "# The PBX, as messages and reports call it; its ARI (http.conf, ari.conf).",
        f"[pbx {answers.pbx}]",
        f"url = {answers.url}",
        f"username = {answers.username}",
        f"password = {answers.password}",
    ]
    if not answers.verify_tls:
        lines += ["# Its certificate is not checked: whoever is on the way can read along.", "verify_tls = no"]
    if answers.is_without_ami:
        lines += [
            f"# {WITHOUT_AMI} (docs/registrations.md).",
            f"#ami = {answers.ami or 'tcp://127.0.0.1:5038'}",
            f"#ami_username = {answers.ami_username or answers.username}",
            "#ami_password = its-secret-in-manager.conf",
        ]
    elif answers.ami:
        lines += [
            "# The manager interface (manager.conf), which tells of registrations at providers.",
            f"ami = {answers.ami}",
            f"ami_username = {answers.ami_username}",
            f"ami_password = {answers.ami_password}",
        ]
    return "\n".join(lines) + "\n"


def _receiver(answers: FirstAnswers) -> str:
    return f"""\
# Who is told: one URL on each line, indented (docs/messages.md; https://github.com/caronc/apprise/wiki names them all).
[receiver {RECEIVER}]
urls =
    {answers.receiver_url}
"""


def watch_sections(found: Sequence[Discovered], listed: Collection[Target]) -> str:
    """Write the ``[watch …]`` sections for what was found, with comments; ``listed``: all that the PBX has.

    Of what was not looked at one by one, healthmon itself will see what is a provider.
    """
    looked_at = {endpoint.target for endpoint in found}
    others = [
        Discovered(target, state="", kind=Kind.PHONE, why="", qualified="", watch="")
        for target in listed
        if target not in looked_at
    ]
    technologies = {target.technology for target in listed} or {"PJSIP"}
    sections = sections_to_paste([*found, *others], [RECEIVER], rest=technologies)
    for name, comment in _ABOVE_WATCH.items():
        sections = sections.replace(f"[watch {name}]", f"{comment}[watch {name}]")
    return sections
