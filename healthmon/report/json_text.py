"""JSON for files and for terminals: names come from strangers, and a terminal obeys more than JSON itself escapes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: C1 controls; and what turns the direction of a line, so that it reads otherwise than it is (UAX #9).
_OBEYED = re.compile("[\u0080-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def json_text(document: Any) -> str:
    """Write a value as JSON that one can read, and that no terminal obeys."""
    return without_controls(json.dumps(document, indent=2, ensure_ascii=False))


def json_line(document: Any) -> str:
    """Write a value as JSON on one line, that no terminal obeys."""
    return without_controls(json.dumps(document, ensure_ascii=False))


def json_pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """Write an object as ``json_text`` would, with a line break, piece by piece: its last members may be iterators.

    Those give objects without objects in them, one after the other: there may be more than memory should hold.
    """
    plain = {name: value for name, value in document.items() if not isinstance(value, Iterator)}
    yield json_text(plain).removesuffix("\n}")
    for name, rows in document.items():
        if name in plain:
            continue
        # Indented by two, as the rest.
        opening = f',\n  "{name}": ['
        for row in rows:
            yield f"{opening}\n    {{\n      {without_controls(_ENCODE_OBJECT(row)[1:-1])}\n    }}"
            opening = ","
        yield "\n  ]" if opening == "," else f"{opening}]"
    yield "\n}\n"


#: Python writes an object without line breaks several times as quickly; ours hold no others, so that what divides
#: their members may break the line.
_ENCODE_OBJECT = json.JSONEncoder(ensure_ascii=False, separators=(",\n      ", ": ")).encode


def without_controls(encoded: str) -> str:
    r"""Write what a terminal would obey as ``\u202e`` in what is JSON already: the same value, in other words.

    JSON has such characters in strings only, and C0 controls not even there.
    """
    if encoded.isascii():
        return encoded
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded)
