"""Passwords of people and tokens of programs, as a configuration holds them: as hashes, from which nobody gets back.

scrypt and its cost: OWASP's Password Storage Cheat Sheet. A token is random and long: a plain hash does for it.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import unicodedata
from hashlib import scrypt, sha256

from msgspec import Struct

from healthmon.config.values import Unsuitable

#: The cost of a new hash: 2**14 blocks of 8 × 128 bytes (16 MiB), five times over; a quarter of a second.
LOG2_N, BLOCK, TIMES = 14, 8, 5
#: What a hash may cost at most (bytes, and how many times over): the web process is small.
MOST_MEMORY, MOST_TIMES = 64 * 1024 * 1024, 16
#: A shorter password is not taken (characters).
SHORTEST_PASSWORD = 10
#: What a token begins with, so that whoever finds one knows what it is.
TOKEN_SIGN = "hm_"  # noqa: S105  (that of all tokens)

_PASSWORD_HASH = re.compile(r"scrypt:([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2}):([\w-]{16,86}):([\w-]{43})", re.ASCII)
_TOKEN_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_SALT_BYTES, _HASH_BYTES = 16, 32


class PasswordHash(Struct, frozen=True):
    """A hash, and all that is needed to try a password on it. It does not show itself: it can be guessed at."""

    log2_n: int
    block: int
    times: int
    salt: bytes
    digest: bytes

    def __repr__(self) -> str:
        """Hide it."""
        return "PasswordHash('***')"

    def __str__(self) -> str:
        """Write it as the configuration has it."""
        salt, digest = _base64(self.salt), _base64(self.digest)
        return f"scrypt:{self.log2_n}:{self.block}:{self.times}:{salt}:{digest}"

    def is_of(self, password: str) -> bool:
        """Whether this is the hash of a password. It takes the same time for each password."""
        return hmac.compare_digest(self.digest, _digest(password, self.log2_n, self.block, self.times, self.salt))


def password_hash(text: str) -> PasswordHash:
    """Read a hash. Raises Unsuitable, with a sentence that shows nothing of it."""
    match = _PASSWORD_HASH.fullmatch(text)
    if match is None:
        raise Unsuitable("is no hash of a password; healthmon web password makes the line")
    log2_n, block, times = (int(match[number]) for number in (1, 2, 3))
    is_sound = 10 <= log2_n <= 30 and block >= 1 and 1 <= times <= MOST_TIMES
    if not is_sound or 128 * block << log2_n > MOST_MEMORY:
        raise Unsuitable("costs too much to try, or nearly nothing; healthmon web password makes a better one")
    return PasswordHash(log2_n, block, times, _bytes(match[4]), _bytes(match[5]))


def hash_of_password(password: str) -> PasswordHash:
    """Make the hash of a password, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return PasswordHash(LOG2_N, BLOCK, TIMES, salt, _digest(password, LOG2_N, BLOCK, TIMES, salt))


def new_token() -> str:
    """Make a token that nobody guesses: 256 random bits."""
    return TOKEN_SIGN + secrets.token_urlsafe(32)


def hash_of_token(token: str) -> str:
    """Make the hash of a token, as the configuration has it."""
    return f"sha256:{sha256(token.encode(errors='replace')).hexdigest()}"


def token_hash(text: str) -> str:
    """Read the hash of a token. Raises Unsuitable, with a sentence that shows nothing of it."""
    if not _TOKEN_HASH.fullmatch(text):
        raise Unsuitable("is no hash of a token; healthmon web token makes a token and the line")
    return text


def _digest(password: str, log2_n: int, block: int, times: int, salt: bytes) -> bytes:
    # An ä may be typed as one character or as two.
    typed = unicodedata.normalize("NFC", password).encode(errors="replace")
    memory = 2 * 128 * block << log2_n
    return scrypt(typed, salt=salt, n=1 << log2_n, r=block, p=times, maxmem=memory, dklen=_HASH_BYTES)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
