"""People and programs that a web process of the tests knows, with passwords that cost little to try."""

from __future__ import annotations

import re

from healthmon.config.credentials import PasswordHash, _digest, hash_of_token
from healthmon.config.sections.shared import Secret
from healthmon.config.sections.user import Role, TokenConfig, UserConfig
from healthmon.config.sections.web import WebConfig
from healthmon.publish.web.access.access import Guests
from tests.publish.scene import Site

PASSWORD, READ, OPERATE = "correct horse", "hm_read", "hm_operate"


def cheap_hash(password: str) -> Secret:
    """A hash that is tried in no time."""
    return Secret(str(PasswordHash(10, 1, 1, b"0123456789ab", _digest(password, 10, 1, 1, b"0123456789ab"))))


def guests(web: WebConfig | None = None) -> Guests:
    """Anna, who operates; victor, who views; two tokens."""
    users = (
        UserConfig("anna", cheap_hash(PASSWORD), Role.OPERATOR),
        UserConfig("victor", cheap_hash("x" + PASSWORD), Role.VIEWER),
    )
    tokens = (
        TokenConfig("grafana", Secret(hash_of_token(READ)), Role.VIEWER),
        TokenConfig("pager", Secret(hash_of_token(OPERATE)), Role.OPERATOR),
    )
    return Guests(web or WebConfig(), users, tokens)


def field_of(page: str) -> str:
    """What the forms of a page bring along."""
    found: list[str] = re.findall(r'name="form_token" value="(\w*)"', page)
    return found[0]


def log_in(web: Site, name: str = "anna", password: str = PASSWORD, **more: str) -> int:
    """Log in as a browser does; the cookie stays with the client. Return the status."""
    data = {"form_token": field_of(web.get("/login")[1]), "name": name, "password": password, **more}
    return web.ask("POST", "/login", sent={"data": data}).status_code
