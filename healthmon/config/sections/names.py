"""``[names]``: what people call endpoints."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import Option, SectionKind, every_line


class NamesConfig(Struct, frozen=True):
    """What people call endpoints, by ``PJSIP/103`` or, on one PBX alone, ``office:PJSIP/103``."""

    given: Mapping[str, str] = every_line(
        values.endpoint_name,
        Option(
            values.text,
            "What people call this endpoint; with office: before it, on that PBX alone.",
            "PJSIP/103",
            otherwise="the name in its caller id",
            example="Reception",
        ),
    )


NAMES = SectionKind(
    "names",
    NamesConfig,
    example_name="",
    about=(
        "What people call endpoints, a line for each; shown beside the number in messages, status and reports. An\n"
        "endpoint without a line is called by the name in its caller id, as Asterisk's configuration has it."
    ),
    is_in_example=False,
)
