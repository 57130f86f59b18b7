"""What changed in which version of Asterisk, as far as it bears on watching it. As of 30 November 2026."""

from __future__ import annotations

import re

from msgspec import Struct

Version = tuple[int, int, int]


class Since(Struct, frozen=True):
    """The first versions that have something, one of each branch that got it while it lived."""

    versions: tuple[Version, ...]

    def has(self, version: Version) -> bool:
        """Whether a version has it: it is of such a branch and not older, or of a newer branch than all of them."""
        branches = {first[0]: first for first in self.versions}
        if version[0] in branches:
            return version >= branches[version[0]]
        return version[0] > max(branches)


#: REST over the WebSocket; and the versions in which a read_only user can no longer write by it (GHSA-wcvv-g26m-wx5c).
REST_OVER_WEBSOCKET = Since(((20, 14, 0), (21, 9, 0), (22, 4, 0), (23, 0, 0)))
READ_ONLY_HOLDS = Since(((20, 20, 1), (21, 12, 3), (22, 10, 1), (23, 4, 1)))
#: ``acl``, ``deny`` and ``permit`` of a user in ari.conf.
ACL_OF_A_USER = Since(((20, 19, 0), (22, 9, 0), (23, 3, 0)))

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def version_of(words: str) -> Version | None:
    """Read Asterisk's own word for its version; None: a certified one, or one of nobody's, which no table knows."""
    found = _VERSION.match(words)
    if found is None or "cert" in words:
        return None
    return int(found[1]), int(found[2]), int(found[3] or 0)


def lets_readers_write(version: Version) -> bool:
    """Whether a read_only user of ARI can write all the same (GHSA-wcvv-g26m-wx5c)."""
    return REST_OVER_WEBSOCKET.has(version) and not READ_ONLY_HOLDS.has(version)


def mended_in(version: Version) -> str:
    """Name the version of the same branch in which read_only holds: ``22.10.1``."""
    same_branch = [first for first in READ_ONLY_HOLDS.versions if first[0] == version[0]]
    return ".".join(map(str, (same_branch or READ_ONLY_HOLDS.versions)[-1]))
