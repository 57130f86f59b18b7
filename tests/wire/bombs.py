"""Streams of gzip that are small and become large, packed in the time that a part of them takes."""

from __future__ import annotations

import struct
import zlib

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
#: What is packed once and then repeated (bytes).
_PART = 1_000_000


def gzip_bomb(character: bytes, megabytes: int, *, begin: bytes = b"") -> bytes:
    """Pack ``begin`` and so many megabytes of one character into one stream of a thousandth (RFC 1952)."""
    part = character * _PART
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush nothing refers to what came before: the same bytes may follow once more.
    packed = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum, size = zlib.crc32(begin), len(begin) + megabytes * _PART
    for _ in range(megabytes):
        checksum = zlib.crc32(part, checksum)
    return _HEADER + packed + megabytes * repeated + packer.flush() + struct.pack("<II", checksum, size)
