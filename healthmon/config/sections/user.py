"""``[user NAME]`` and ``[token NAME]``: the people and programs that the web process knows, and what they may do."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.config.sections.shared import Secret


class Role(StrEnum):
    """What somebody may do over HTTP."""

    #: See everything.
    VIEWER = "viewer"
    #: … and acknowledge incidents, and add and end silences.
    OPERATOR = "operator"


#: What is said of tokens, and the role that it means.
_OF_TOKENS = {"read": Role.VIEWER, "operate": Role.OPERATOR}


def _role_of_user(value: str) -> Role:
    return Role(values.one_of(*Role)(value))


def _role_of_token(value: str) -> Role:
    return _OF_TOKENS[values.one_of(*_OF_TOKENS)(value)]


def _limits(customer: tuple[str, ...] = (), pbx: tuple[str, ...] = (), watch: tuple[str, ...] = ()) -> GuestLimits:
    return GuestLimits(customer, pbx, watch)


class GuestLimits(Struct, frozen=True):
    """Whose things somebody sees: of these customers, of these PBXs, of these watch sections; nothing given: all."""

    customers: tuple[str, ...] = ()
    pbxs: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        """Whether everything is seen."""
        return not (self.customers or self.pbxs or self.watches)


#: Nothing is kept from anybody.
NO_LIMITS = GuestLimits()

_LIMITS = (
    Option(
        values.some_names,
        "Sees only what is of these customers, of the PBXs and of the watch sections that are named.",
        "customer",
        otherwise="everything",
        example="acme",
        is_list=True,
    ),
    Option(
        values.some_names,
        "Sees these PBXs, with all that is behind them.",
        "pbx",
        otherwise="as customer says",
        example="office",
        is_list=True,
    ),
    Option(
        values.some_names,
        "Sees the endpoints of these [watch …] sections.",
        "watch",
        otherwise="as customer says",
        example="phones",
        is_list=True,
    ),
)


class UserConfig(Struct, frozen=True):
    """A person who logs in."""

    name: str
    #: None: only the proxy can say that it is this person.
    password_hash: Secret | None = option(
        values.text,
        "What healthmon web password prints: a hash of the password.",
        otherwise="only a proxy can log this user in (remote_user_header)",
        absent=None,
        example="scrypt:14:8:5:…",
        secret_file="web-anna",  # noqa: S106 (the name of a file)
    )
    role: Role = option(
        _role_of_user,
        "viewer: sees everything; operator: also acknowledges incidents, and adds and ends silences.",
        default=Role.VIEWER,
    )
    limits: GuestLimits = made_of(_limits, _LIMITS, absent=NO_LIMITS)


class TokenConfig(Struct, frozen=True):
    """A program, or a screen on the wall, that shows a token."""

    name: str
    token_hash: Secret = option(
        values.text,
        "What healthmon web token prints: a hash of the token.",
        otherwise="token_hash_file",
        example="sha256:…",
        secret_file="web-grafana",  # noqa: S106 (the name of a file)
    )
    role: Role = option(
        _role_of_token,
        "read: sees everything; operate: also acknowledges incidents, and adds and ends silences.",
        default="read",
    )
    limits: GuestLimits = made_of(_limits, _LIMITS, absent=NO_LIMITS)


USER = SectionKind(
    "user",
    UserConfig,
    example_name="anna",
    about=(
        "A person who may log in to the web page. Without any such section nobody has to, and nobody can change\n"
        "anything there."
    ),
    is_in_example=False,
)
TOKEN = SectionKind(
    "token",
    TokenConfig,
    example_name="grafana",
    about='A program that may ask over HTTP ("Authorization: Bearer TOKEN"), or a screen that shows /wall?token=TOKEN.',
    is_in_example=False,
)
