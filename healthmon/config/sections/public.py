"""``[public NAME]``: a status page for everybody, at /public/NAME: what it lists, under names that were chosen."""

from __future__ import annotations

from msgspec import Struct

from healthmon import languages
from healthmon.config import values
from healthmon.config.findings import shown
from healthmon.config.options import SectionKind, option
from healthmon.config.values import Unsuitable

#: What a word of a line begins with that is no endpoint: ``pbx office``.
PBX, SITE, WATCH = "pbx", "site", "watch"
#: So long may a chosen name be.
LONGEST_NAME = 100


class ListedLine(Struct, frozen=True):
    """One line of a page: a name that was chosen, and what it stands for, by names or shell patterns."""

    name: str
    #: Over ``PJSIP/101``, or over ``office:PJSIP/101``.
    endpoints: tuple[str, ...] = ()
    #: PBXs themselves, and not what is behind them.
    pbxs: tuple[str, ...] = ()
    #: Sites with the devices that are there, and watch sections with all of their endpoints.
    sites: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What it stands for, as the file has it."""
        named = ((PBX, self.pbxs), (SITE, self.sites), (WATCH, self.watches))
        return ", ".join((*self.endpoints, *(f"{word} {name}" for word, names in named for name in names)))


def _lines(value: str) -> tuple[ListedLine, ...]:
    """``PJSIP/trunk-a = Telekom``, a line for each that is shown."""
    good, bad = [], []
    for text in value.splitlines():
        try:
            good.append(_line(text))
        except Unsuitable as unsuitable:
            bad += [unsuitable, *unsuitable.also]
    if bad:
        bad[0].also = bad[1:]
        raise bad[0]
    return tuple(good)


def _line(text: str) -> ListedLine:
    what, equals, name = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise Unsuitable(
            f"{shown(text)}: each line is what is shown and the name that strangers read: PJSIP/trunk-telekom = Telekom"
        )
    if not what:
        raise Unsuitable(f"{shown(text)}: nothing stands before the =: PJSIP/trunk-telekom = {shown(name)}")
    if len(name) > LONGEST_NAME:
        raise Unsuitable(f"{shown(name)}: a name has {LONGEST_NAME} characters at most")
    found: dict[str, list[str]] = {PBX: [], SITE: [], WATCH: []}
    endpoints = []
    for word in values.some_names(what):
        sort, _, pattern = word.partition(" ")
        if sort in found:
            found[sort] += values.pbx_patterns(pattern.strip()) or ("",)
        else:
            endpoints.append(word)
    for sort, names in found.items():
        if "" in names:
            raise Unsuitable(f"{shown(text)}: which {sort}? As in: {sort} NAME = {shown(name)}")
    for endpoint in endpoints:
        pbx, colon, pattern = endpoint.rpartition(":")
        if not colon or "/" in pbx:
            pattern = endpoint
        values.target_patterns(pattern)
    return ListedLine(name, tuple(endpoints), tuple(found[PBX]), tuple(found[SITE]), tuple(found[WATCH]))


class PublicConfig(Struct, frozen=True):
    """A status page for everybody."""

    name: str
    title: str = option(
        values.text,
        "The heading of the page.",
        example="Telephone lines of Example Ltd",
        required=True,
    )
    show: tuple[ListedLine, ...] = option(
        _lines,
        "What is shown, a line for each: endpoints (PJSIP/trunk-a), pbx NAME, site NAME or watch NAME, = and its name.",
        example="PJSIP/trunk-telekom = Telekom",
        required=True,
        is_list=True,
    )
    about: str = option(
        values.text,
        "A sentence below the heading: whom to call, say.",
        otherwise="none",
        absent="",
        example="Support: +49 30 1234567",
    )
    #: Days, today included.
    days: int = option(
        values.count(1, 90),
        "So many days back it shows how everything was, today included.",
        default="30",
    )
    #: One of ``healthmon.languages.CODES``.
    language: str = option(
        values.one_of(*languages.CODES),
        "The language of the page: en, ru, or another that somebody has translated.",
        otherwise="that of [healthmon]",
        absent="en",
        example="en",
    )


PUBLIC = SectionKind(
    "public",
    PublicConfig,
    example_name="status",
    about=(
        "A status page that everybody may look at without logging in, at /public/status of the web process: only what\n"
        "show lists, by the names that stand there; no addresses, no causes, and no link to anything else."
    ),
    is_in_example=False,
)
