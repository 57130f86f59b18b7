"""All kinds of sections, in the order of the example file."""

from __future__ import annotations

from healthmon.config.sections.general import HEALTHMON
from healthmon.config.sections.history import HISTORY
from healthmon.config.sections.maintenance import MAINTENANCE
from healthmon.config.sections.names import NAMES
from healthmon.config.sections.pbx import PBX
from healthmon.config.sections.public import PUBLIC
from healthmon.config.sections.receiver import RECEIVER
from healthmon.config.sections.schedule import SCHEDULE
from healthmon.config.sections.site import SITE
from healthmon.config.sections.user import TOKEN, USER
from healthmon.config.sections.watch import WATCH
from healthmon.config.sections.web import WEB

KINDS = {
    section.kind: section
    for section in (
        *(HEALTHMON, HISTORY, PBX, WATCH, RECEIVER, MAINTENANCE, SITE, NAMES, SCHEDULE),
        *(WEB, USER, TOKEN, PUBLIC),
    )
}
