"""``[pbx NAME]``: one Asterisk."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from healthmon.config import urls, values
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.config.sections.shared import ESCALATE_TO, REMIND_EVERY, Escalation, Hold, Secret
from healthmon.text.passwords import OwnSecrets


class PbxConfig(Struct, frozen=True):
    """One Asterisk."""

    name: str
    #: Without the trailing slash and without ``/ari``: ``https://pbx.example/asterisk``.
    url: str = option(
        urls.pbx_url,
        "Where Asterisk's HTTP server (http.conf) answers; https:// and a path prefix work too.",
        example="http://127.0.0.1:8088",
        required=True,
        reconnects=True,
    )
    username: str = option(
        values.username,
        "The ARI user: the name of its section in ari.conf.",
        example="healthmon",
        required=True,
        reconnects=True,
    )
    password: Secret = option(
        values.text,
        "Its password as it stands, ; # and % included, or ${NAME} for an environment variable.",
        otherwise="password_file",
        example="change-me",
        secret_file="office-ari",  # noqa: S106 (the name of a file)
        reconnects=True,
    )
    application: str = option(
        values.application,
        "The name by which Asterisk knows this healthmon; two with one name push each other out.",
        otherwise="healthmon-<hostname>",
        example="healthmon-pbx1",
        reconnects=True,
    )
    #: ``tcp://pbx.example:5038``, ``http``; empty: it is not asked.
    ami: str = option(
        urls.manager_url,
        "Where Asterisk's manager interface listens, tcp:// or tls://; http: by url. It tells what ARI cannot.",
        otherwise="it is not asked, and nothing is known of registrations",
        absent="",
        example="tcp://127.0.0.1:5038",
        reconnects=True,
    )
    ami_username: str = option(
        values.username,
        "The user of the manager interface: the name of its section in manager.conf.",
        otherwise="needed with ami",
        absent="",
        example="healthmon",
        reconnects=True,
    )
    ami_password: Secret = option(
        values.text,
        "Its password (secret in manager.conf) as it stands, or ${NAME} for an environment variable.",
        otherwise="ami_password_file",
        absent=Secret(""),
        example="change-me",
        secret_file="office-ami",  # noqa: S106 (the name of a file)
        reconnects=True,
    )
    poll_every: float = option(
        values.duration("1s", "1h"),
        "How often all endpoints are asked for; events tell most changes at once.",
        default="60s",
    )
    hold: Hold = made_of(
        Hold,
        (
            Option(
                values.duration("1s", "1d"),
                "The PBX itself is believed down, or not to be seen, after so long.",
                "down_after",
                default="15s",
            ),
            Option(
                values.duration("0s", "1d"),
                "The PBX itself is believed up again after it could be seen for so long.",
                "up_after",
                default="5s",
            ),
            Option(
                values.duration("0s", "1d"),
                "A PBX that is only partly seen, or whose certificate ends soon, is believed degraded after so long.",
                "degraded_after",
                default="60s",
            ),
        ),
    )
    restart_grace: float = option(
        values.duration("0s", "1h"),
        "After Asterisk restarted, phones and providers have so long to come back before it counts.",
        default="120s",
    )
    #: True, False, or the path of a CA file.
    verify_tls: bool | Path = option(
        values.text,
        "For https://: yes, no, or the path of a CA file (PEM) that signed the PBX's certificate.",
        default="yes",
        reconnects=True,
    )
    #: Receivers that are told about the PBX itself.
    receivers: tuple[str, ...] = option(
        values.names,
        "Who is told about the PBX itself: names of [receiver …] sections, all, or nobody.",
        default="all",
        is_list=True,
    )
    #: The waits before the first reminder, the second, …; the last one repeats. Empty: none is wanted.
    remind_every: tuple[float, ...] = field(default_factory=REMIND_EVERY)
    escalate_to: tuple[Escalation, ...] = field(default_factory=ESCALATE_TO)
    #: Whether a restart of Asterisk is told, though it is no outage.
    tell_restarts: bool = option(
        values.yes_no,
        "Whether each restart of Asterisk is told; it is in the history and in reports all the same.",
        default="no",
    )
    #: "": nobody's.
    customer: str = option(
        values.name,
        "Whose it is: a [user …] or [token …] of this customer sees it, and all behind it that is no other's.",
        otherwise="nobody's",
        absent="",
        example="acme",
    )

    def secrets(self) -> OwnSecrets:
        """What of these options whoever answers there may repeat, and nobody else is to see."""
        logins = ((self.username, self.password), (self.ami_username, self.ami_password))
        return OwnSecrets((self.password, self.ami_password), logins)


PBX = SectionKind(
    "pbx",
    PbxConfig,
    example_name="office",
    about='One section for each Asterisk. Its name, here "office", is how messages and reports call it.',
)
