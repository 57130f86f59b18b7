"""JSON for files and for terminals: names come from strangers, and a terminal obeys more than JSON itself escapes."""

from __future__ import annotations

import json
import re
from typing import Any

#: C1 controls; and what turns the direction of a line, so that it reads otherwise than it is (UAX #9).
_OBEYED = re.compile("[\u0080-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def json_text(document: Any) -> str:
    """Write a value as JSON that one can read, and that no terminal obeys."""
    return without_controls(json.dumps(document, indent=2, ensure_ascii=False))


def without_controls(encoded: str) -> str:
    r"""Write what a terminal would obey as ``\u202e`` in what is JSON already: the same value, in other words.

    JSON has such characters in strings only, and C0 controls not even there.
    """
    if encoded.isascii():
        return encoded
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded)
