"""What a status page for everybody says, in words. It is made of a value that holds nothing else (publish/public)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

from markupsafe import Markup
from msgspec import Struct

from healthmon.model import Health
from healthmon.publish.public.courses import PublicDay
from healthmon.publish.public.standing import PublicOutage, PublicStanding, PublicThing
from healthmon.publish.web.pages.rendering import Pages
from healthmon.publish.web.pages.words import Words

#: The headline names so many things at most.
MOST_NAMED = 3
#: The bar of a day is so wide and so high in its picture, with the gap to the next; an outage is seen, however short.
STEP, WIDTH, HEIGHT, LEAST = 10, 8, 30, 9
#: How high a day stands of which nothing is known, and one before it was watched.
UNKNOWN_HEIGHT, UNWATCHED_HEIGHT = 12, 3
#: More things than these stand in two columns where there is room.
FEW = 6


class DayBar(Struct, frozen=True):
    """What is drawn of a day: a bar, and in front of it how much of the day something was the matter."""

    x: int
    look: str
    height: int
    #: "": nothing stands in front.
    front: str
    front_height: int
    said: str

    @property
    def is_calm(self) -> bool:
        """Whether nothing at all was the matter."""
        return self.look == Health.UP and not self.front


class ThingRow(Struct, frozen=True):
    """One line of the page."""

    key: str
    name: str
    look: str
    word: str
    since: str
    availability: str
    #: How wide the picture of the days is; the days that were well, as a path of SVG; and the others.
    width: int
    calm: str
    bars: tuple[DayBar, ...]
    #: For who does not see the picture.
    course: str


class OutageRow(Struct, frozen=True):
    """One outage."""

    name: str
    look: str
    word: str
    when: str
    lasted: str


class PublicText(Struct, frozen=True):
    """The page, and the mark by which its content is known."""

    page: str
    mark: str


def public_text(pages: Pages, standing: PublicStanding, words: Words, every_ms: int) -> PublicText:
    """Make the page. ``every_ms``: so often a browser that has it open asks for it."""
    said = {"text": words.text, "words": words, **public_values(standing, words)}
    main = pages.environment.get_template("public_main.html").render(said)
    mark = blake2b(f"{pages.build}{main}".encode(), digest_size=12).hexdigest()
    page = pages.environment.get_template("public.html").render(
        {**said, "main": Markup(main), "mark": mark, "build": pages.build, "every": every_ms}  # noqa: S704  (escaped)
    )
    return PublicText(page, mark)


def public_values(standing: PublicStanding, words: Words) -> dict[str, object]:
    """What the template shows."""
    since, _ = standing.window
    return {
        "title": standing.title,
        "about": standing.about,
        "look": standing.state,
        "headline": headline(standing, words),
        "warning": warning(standing, words),
        "is_stale": standing.is_stale,
        "things": [_thing(thing, standing, words) for thing in standing.things],
        "has_many": len(standing.things) > FEW,
        "first_day": words.day(since),
        "open": [_outage(outage, words) for outage in standing.open],
        "past": [_outage(outage, words) for outage in standing.past],
        "more_past": standing.more_past,
        # Of what nobody knows nobody says that there was no outage.
        "is_known": any(thing.availability is not None for thing in standing.things),
    }


def headline(standing: PublicStanding, words: Words) -> str:
    """Say in one sentence how everything is."""
    if standing.state is Health.UP:
        return words.text("Everything works")
    names = [thing.name for thing in standing.things if thing.state is standing.state]
    if standing.is_stale or (standing.state is Health.UNKNOWN and len(names) == len(standing.things)):
        return words.text("How things stand is not known at present")
    things = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        things = f"{things} {words.text('… and {n} more', n=len(names) - MOST_NAMED)}"
    if standing.state is Health.DOWN:
        return words.text("Outage: {things}", things=things)
    if standing.state is Health.DEGRADED:
        return words.text("Limited: {things}", things=things)
    return words.text("Not known at present: {things}", things=things)


def warning(standing: PublicStanding, words: Words) -> str:
    """Say that nobody keeps the page up to date, and of when it is; "": somebody does."""
    if not standing.is_stale:
        return ""
    if standing.as_of is None:
        return words.text("Nobody watches at present.")
    return words.text("Nobody watches at present. This is how it was at {time}.", time=words.in_full(standing.as_of))


def word_of(state: Health, words: Words) -> str:
    """Say a state to somebody who has nothing to do with telephony."""
    match state:
        case Health.UP:
            return words.text("works")
        case Health.DEGRADED:
            return words.text("limited")
        case Health.DOWN:
            return words.text("outage")
    return words.text("not known")


def _thing(thing: PublicThing, standing: PublicStanding, words: Words) -> ThingRow:
    since = ""
    if thing.since is not None:
        since = words.text("since {time}", time=words.clock(thing.since))
    availability = ""
    if thing.availability is not None:
        availability = words.text("{share} available", share=words.percent(thing.availability))
    bars = list(_bars(thing.days, words, is_stale=standing.is_stale))
    bad_days = sum(day.worst in (Health.DOWN, Health.DEGRADED) for day in thing.days)
    return ThingRow(
        thing.name,
        thing.name,
        thing.state,
        word_of(thing.state, words),
        since,
        availability,
        STEP * len(thing.days) - (STEP - WIDTH),
        "".join(f"M{bar.x} 0h{WIDTH}v{HEIGHT}h-{WIDTH}z" for bar in bars if bar.is_calm),
        tuple(bar for bar in bars if not bar.is_calm),
        words.text("Days: {days}. With an outage or limits: {bad}.", days=len(thing.days), bad=bad_days),
    )


def _bars(days: Sequence[PublicDay], words: Words, *, is_stale: bool) -> Iterator[DayBar]:
    for number, day in enumerate(days):
        known_s = sum(day.seconds.get(health, 0.0) for health in (Health.UP, Health.DEGRADED, Health.DOWN))
        x, date = STEP * number, words.day(day.since)
        if day.worst is None:
            yield DayBar(x, "unwatched", UNWATCHED_HEIGHT, "", 0, words.text("{day}: not watched", day=date))
            continue
        if day.worst is Health.UNKNOWN:
            yield DayBar(x, Health.UNKNOWN, UNKNOWN_HEIGHT, "", 0, words.text("{day}: not known", day=date))
            continue
        look = Health.UP
        if is_stale and number == len(days) - 1:
            look = Health.UNKNOWN
        bad_s = sum(day.seconds.get(health, 0.0) for health in (Health.DOWN, Health.DEGRADED))
        if not bad_s:
            yield DayBar(x, look, HEIGHT, "", 0, date)
            continue
        height = max(LEAST, round(HEIGHT * bad_s / known_s))
        said = words.text(
            "{day}: {word} for {duration}", day=date, word=word_of(day.worst, words), duration=words.lasted(bad_s)
        )
        yield DayBar(x, look, HEIGHT, day.worst, height, said)


def _outage(outage: PublicOutage, words: Words) -> OutageRow:
    when, lasted = words.text("earlier"), ""
    if outage.until is None and outage.since is not None:
        when = words.text("since {time}", time=words.clock(outage.since))
        lasted = words.lasted(words.now - outage.since)
    elif outage.until is not None and outage.since is not None:
        when = words.span(outage.since, outage.until)
        lasted = words.lasted(outage.until - outage.since)
    elif outage.until is not None:
        when = words.text("until {time}", time=words.clock(outage.until))
    look = outage.state.value
    if outage.until is not None:
        look = "over"
    return OutageRow(outage.name, look, word_of(outage.state, words), when, lasted)
