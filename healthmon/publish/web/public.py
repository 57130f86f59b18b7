"""``/public/NAME`` and ``/public/NAME.json``: status pages that everybody may look at, made seldom, however many do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from http import HTTPStatus
from threading import Lock
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from msgspec import Struct

from healthmon.config.plans import Plans
from healthmon.config.sections.public import PublicConfig
from healthmon.core.grouping.sites import Sites
from healthmon.errors import HealthmonError
from healthmon.history.availability import Segment
from healthmon.languages import language
from healthmon.model import Kind, Scope, Target
from healthmon.notify.compose.voice import Voice
from healthmon.publish.public.courses import days_of, joined, outages_of, window_of
from healthmon.publish.public.data import public_data
from healthmon.publish.public.members import members_of
from healthmon.publish.public.standing import PublicPast, PublicStanding, standing_of
from healthmon.publish.scoped import present_in
from healthmon.publish.web.answers import NotThere, plain, to_ask_again
from healthmon.publish.web.live import Busy, Live
from healthmon.publish.web.pages.public import public_text
from healthmon.publish.web.pages.rendering import Pages
from healthmon.publish.web.pages.words import Words
from healthmon.report.availability.lately import courses_of
from healthmon.report.availability.measure import sites_of
from healthmon.report.json_text import json_text
from healthmon.store.read.queries import Reader, Wanted
from healthmon.store.read.scoped import reader_in
from healthmon.times.spans import Span

#: A page is made so often at most, for all who ask (seconds); what it was like in the past is read so often.
MADE_EVERY, READ_EVERY = 5.0, 60.0
#: While another thread makes it, one that is older than that is not shown any more; nobody waits longer (seconds).
SHOWN_FOR, WAITS_FOR = 20.0, 1.0
#: Behind one line: of more targets it is not worked out how they were in the past.
MOST_WITH_COURSE = 500
#: A browser that has a page open asks so often (milliseconds).
ASKED_EVERY_MS = 20_000
#: A proxy in front may keep an answer so long.
KEPT = f"public, max-age={MADE_EVERY:.0f}"


class Made(Struct, frozen=True):
    """A page as it was made at one moment, and the same for programs; with marks of their content."""

    at: float
    page: str
    page_mark: str
    document: str
    document_mark: str


class PublicPage:
    """One status page. Used by all threads that answer; one of them makes it, when it is too old."""

    def __init__(self, config: PublicConfig, live: Live, plans: Plans, zone: ZoneInfo, pages: Pages) -> None:
        self.config = config
        self._live = live
        self._zone = zone
        self._pages = pages
        self._language = language(config.language)
        #: Remembers at which site each address is. Used by the thread that reads.
        self._sites = Sites(plans.sites)
        self._lines: PublicPast | None = None
        #: The names of those of which an outage lasted when the past was read because of that; once is enough.
        self._read_for: set[str] = set()
        self._made: Made | None = None
        self._making = Lock()

    def words(self) -> Words:
        """Say something at this moment."""
        return Words(Voice(self._language, self._zone, self._live.now()))

    def made(self) -> Made:
        """Return the page as it is at present. Raises Unreadable and Busy."""
        made = self._made
        if made is not None and self._age(made.at) < MADE_EVERY:
            return made
        is_good_enough = made is not None and self._age(made.at) < SHOWN_FOR
        wait = WAITS_FOR
        if is_good_enough:
            wait = 0.0
        if not self._making.acquire(timeout=wait):
            if made is not None and is_good_enough:
                return made
            raise Busy("this page is being made; ask again in a moment")
        try:
            newest = self._made
            if newest is None or self._age(newest.at) >= MADE_EVERY:
                newest = self._made = self._make()
            return newest
        finally:
            self._making.release()

    def _age(self, at: float) -> float:
        """How old something is (seconds); where the clock was set back, it is too old."""
        age = self._live.now() - at
        if age < 0:
            return float("inf")
        return age

    def _make(self) -> Made:
        lines = self._lines
        if lines is None:
            lines = self._live.read(self._read)
        elif self._age(lines.at) >= READ_EVERY:
            # Whoever asks next has what is read now.
            self._live.have_read(self._read)
        standing = self._standing(lines)
        lasting = {outage.name for outage in standing.open}
        if lasting not in (lines.out_of_order, self._read_for):
            # Something has begun or ended since the past was read: the page is not to contradict itself.
            self._read_for = lasting
            try:
                standing = self._standing(self._live.read(self._read_anew))
            except Busy:
                # How things are is known all the same; the next page tries again.
                self._read_for = set()
        page = public_text(self._pages, standing, self.words(), ASKED_EVERY_MS)
        data = public_data(standing)
        without_time = json_text({**data, "now": ""})
        return Made(self._live.now(), page.page, page.mark, json_text(data) + "\n", mark_of(without_time))

    def _standing(self, lines: PublicPast) -> PublicStanding:
        seen = present_in(self._live.present, Scope(targets=lines.targets))
        return standing_of(self.config, seen, lines)

    # ---------------------------------------------------------------- of the thread that reads

    def _read(self, reader: Reader) -> PublicPast:
        if self._lines is None or self._age(self._lines.at) >= READ_EVERY:
            return self._read_anew(reader)
        return self._lines

    def _read_anew(self, reader: Reader) -> PublicPast:
        """Find out what stands behind each line, and how that was."""
        now, status, shown = self._live.now(), self._live.present.status, self.config.show
        places: dict[Target, str] = {}
        if any(line.sites for line in shown):
            site_of = sites_of(self._sites, reader.last_places())
            kinds = {row.target: row.kind for row in status.targets if row.kind.is_device}
            places = {target: site_of(target, kind) for target, kind in kinds.items()}
        members = members_of(shown, status, places)
        window = window_of(self.config.days, now, self._zone)
        known = [found for found in members if len(found.targets) <= MOST_WITH_COURSE]
        scope = Scope(targets=frozenset(target for found in known for target in found.targets))
        meters = reader_in(reader, scope).meters()
        watched = [meters.of_target(target) for target in scope.targets]
        courses = courses_of(reader, [each for each in watched if each is not None], window)
        site_down = _site_outages(reader, window)
        joint: list[Sequence[Segment] | None] = []
        for found in members:
            if len(found.targets) > MOST_WITH_COURSE:
                joint.append(None)
                continue
            of_site = [span for site in found.sites for span in site_down.get(site, ())]
            its = [courses[target] for target in found.targets if target in courses]
            joint.append(joined(its, of_site, are_devices=found.are_devices))
        outages = [outages_of(course or (), window) for course in joint]
        self._lines = PublicPast(
            now,
            window,
            members,
            joint,
            [days_of(course or (), window, self._zone) for course in joint],
            outages,
            frozenset(
                line.name
                for line, its_outages in zip(shown, outages, strict=True)
                if any(outage.until is None for outage in its_outages)
            ),
        )
        return self._lines


def _site_outages(reader: Reader, window: Span) -> dict[Target, list[Span]]:
    """Say when each site was down as a whole."""
    found: dict[Target, list[Span]] = {}
    for incident in reader.site_incidents(Wanted(*window)):
        if incident.kind is Kind.SITE:
            since, until = max(incident.since, window[0]), incident.closed_at or window[1]
            found.setdefault(incident.target, []).append((since, max(since, until)))
    return found


def mark_of(text: str) -> str:
    """Make a mark by which the same content is known."""
    return blake2b(text.encode(), digest_size=12).hexdigest()


def public(pages: Iterable[PublicPage], made: Pages) -> Blueprint:
    """Make the routes."""
    routes, known = Blueprint("public", __name__, url_prefix="/public"), {page.config.name: page for page in pages}

    @routes.get("/<name>")
    def page(name: str) -> Response:
        shown, now = _known(name), made.words().now
        content = shown.made()
        response = _answer(content.page, content.page_mark, "text/html; charset=utf-8")
        # The clock of a page that stays as it is goes on.
        response.headers["Healthmon-Time"] = shown.words().second(now)
        return response

    @routes.get("/<name>.json")
    def document(name: str) -> Response:
        content = _known(name).made()
        return _answer(content.document, content.document_mark, "application/json")

    def _known(name: str) -> PublicPage:
        if name not in known:
            raise NotThere("there is no such page")
        return known[name]

    @routes.errorhandler(HealthmonError)
    def refused(error: HealthmonError) -> Response:
        """Nothing is told of what is the matter: it may hold what is not everybody's."""
        if isinstance(error, NotThere):
            return plain("there is no such page\n", HTTPStatus.NOT_FOUND)
        sentence = "it cannot be said at present how things stand; ask again in a moment\n"
        return to_ask_again(plain(sentence, HTTPStatus.SERVICE_UNAVAILABLE))

    return routes


def _answer(text: str, mark: str, content_type: str) -> Response:
    """Answer with it; or that whoever asks has it already."""
    response = Response(status=HTTPStatus.NOT_MODIFIED)
    if mark not in request.if_none_match:
        response = Response(text, content_type=content_type)
    response.set_etag(mark)
    response.headers["Cache-Control"] = KEPT
    return response
