"""Who asks, as one value that every route is given."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import cast

import msgspec
from flask import g
from msgspec import Struct

from healthmon.config.sections.user import Role
from healthmon.model import Scope

#: Who has no role sees nothing, also where somebody forgets to ask for it.
NOTHING = Scope()


class Proof(StrEnum):
    """By what it is known who asks."""

    NOTHING = "nothing"
    #: Whoever gets here may look.
    PLACE = "place"
    SESSION = "session"
    PROXY = "proxy"
    TOKEN = "token"  # noqa: S105  (a word)


class Identity(Struct, frozen=True):
    """Who asks, and what they may do."""

    #: The name of a user or a token; "": nobody in particular.
    name: str = ""
    #: None: nothing, but log in.
    role: Role | None = None
    proof: Proof = Proof.NOTHING
    #: What a form must bring along, so that no other page can send one in this person's name; "": nothing is believed.
    form_token: str = ""
    #: What they may see.
    scope: Scope = NOTHING

    @property
    def may_look(self) -> bool:
        """Whether they may see how things stand."""
        return self.role is not None

    @property
    def may_operate(self) -> bool:
        """Whether they may acknowledge and silence."""
        return self.role is Role.OPERATOR

    @property
    def is_ambient(self) -> bool:
        """Whether a browser proves it by itself, also where another page makes it ask."""
        return self.proof in (Proof.SESSION, Proof.PROXY)

    @property
    def mark(self) -> str:
        """What tells answers to this person or program from those to others, who may see something else."""
        seen_by = msgspec.json.encode((self.name, self.scope), order="sorted")
        return blake2b(seen_by, digest_size=6).hexdigest()


def remember(identity: Identity) -> None:
    """Say who asks, for all that follows in the answer to this request."""
    g.identity = identity


def asker() -> Identity:
    """Say who has asked what is being answered."""
    return cast("Identity", g.identity)
