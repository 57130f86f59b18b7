"""Pages as text: made from templates, once for all who ask at the same moment; who has one already is told so."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from hashlib import blake2b
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Response, request
from jinja2 import Environment
from markupsafe import Markup, escape
from msgspec import Struct
from werkzeug.datastructures import ETags
from werkzeug.http import quote_etag

from healthmon.languages import language
from healthmon.model import EVERYTHING, Scope, Target
from healthmon.notify.compose.voice import Voice
from healthmon.publish.present import Present
from healthmon.publish.web.access.identity import Identity, Proof, asker
from healthmon.publish.web.live import Unreadable
from healthmon.publish.web.pages.background import Background, Backgrounds, background_of
from healthmon.publish.web.pages.doubts import doubts_of
from healthmon.publish.web.pages.words import Words
from healthmon.publish.web.view import ScopedView
from healthmon.report.status.rows import Status
from healthmon.report.target_names import short_name
from healthmon.text.page_templates import templates_of

#: So many pages are kept in memory; then all are made anew.
MOST_KEPT = 50
#: Nothing but what this process serves itself; no script and no style inside of a page.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
#: The files that pages need, with their types.
ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    # Charts that can be read off; uPlot comes from elsewhere (tests/vendor.py).
    "chart.js": "text/javascript",
    "uplot.css": "text/css",
    "uplot.js": "text/javascript",
}


#: Stand in a page, which is made for all, where something of whoever asks is put in. Nobody else can write them.
_NAME, _FORM_TOKEN, _OWN_MARK = (f"own-{secrets.token_hex(16)}" for _ in range(3))


class Moment(Struct, frozen=True):
    """All that a page is made from."""

    present: Present
    background: Background
    words: Words
    #: What is seen of all there is; the others are that already.
    scope: Scope = EVERYTHING


#: All that a page depends on, besides the moment: what is asked for, and what whoever asks may do and see.
PageKey = tuple[str, Proof, bool, Scope]
#: The revision that a page was made from, when that was read, and when the background was.
Origin = tuple[str, float, float]


class MadePage(Struct, frozen=True):
    """A page as it was made at one moment; of which it keeps nothing else: that is large."""

    origin: Origin
    mark: str
    text: str
    #: What a browser may load and run there (Content-Security-Policy).
    policy: str


#: Makes the values that a template needs.
Maker = Callable[[Moment], Mapping[str, Any]]


class Pages:
    """Answers with pages. Used by all threads that answer."""

    def __init__(self, view: ScopedView, backgrounds: Backgrounds, zone: ZoneInfo, spoken: str) -> None:
        self._view = view
        self._zone = zone
        self._language = language(spoken)
        self._backgrounds = backgrounds
        self._made: dict[PageKey, MadePage] = {}
        #: Of what is being made at this moment: all who ask meanwhile wait for the one who makes it.
        self._making: dict[tuple[PageKey, Origin], Future[MadePage]] = {}
        #: Which route answers with the pages of an address.
        self._routes: dict[str, str] = {}
        folder = files(__package__).joinpath("static")
        self.assets = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in ASSETS}
        self.build = blake2b("".join(self.assets.values()).encode(), digest_size=6).hexdigest()
        self.environment = environment()

    def answer(self, template: str, make: Maker, policy: str = POLICY) -> Response:
        """Answer with a page; or that whoever asks has it already. Raises what ``make`` raises, and Unreadable.

        ``policy``: what a browser may load and run there.
        """
        identity = asker()
        page = self._page(template, make, policy, identity)
        if _mark(page, identity) in request.if_none_match:
            response = Response(status=HTTPStatus.NOT_MODIFIED)
        else:
            response = Response(_made_own(page.text, identity), content_type="text/html; charset=utf-8")
        response.headers.update(self._headers(page, identity))
        return response

    def route_of(self, address: str) -> str | None:
        """Name the route that answers with the pages of an address (path and query); None: no page of it is kept."""
        return self._routes.get(address)

    def unchanged(self, address: str, marks: ETags, identity: Identity) -> Mapping[str, str] | None:
        """Return the headers by which whoever asks learns that what they have is the page as it is now.

        None: they have another one, or it has to be made first. ``marks``: of what they have. Raises Unreadable, Busy.
        """
        page = self._made.get(_key(address, identity))
        if page is None or page.origin != (*self._view.read_at, self._backgrounds.newest.at):
            return None
        if _mark(page, identity) not in marks:
            return None
        return self._headers(page, identity)

    def _headers(self, page: MadePage, identity: Identity) -> dict[str, str]:
        """What is said of a page, also to who has it."""
        now = self._view.now()
        return {
            "ETag": quote_etag(_mark(page, identity)),
            # The clock of a page that stays as it is goes on.
            "Healthmon-Time": Words(Voice(self._language, self._zone, now)).second(now),
            "Content-Security-Policy": page.policy,
        }

    def words(self) -> Words:
        """Say something at this moment; also where nothing can be read."""
        return Words(Voice(self._language, self._zone, self._view.now()))

    def _page(self, template: str, make: Maker, policy: str, identity: Identity) -> MadePage:
        """Find a page as it is now; who asks first makes it, and all others wait."""
        present, background = self._view.present, self._backgrounds.newest
        address = request.full_path
        key, origin = _key(address, identity), (present.revision, present.status.now, background.at)
        page = self._made.get(key)
        if page is not None and page.origin == origin:
            return page
        own: Future[MadePage] = Future()
        making = self._making.setdefault((key, origin), own)
        if making is not own:
            return making.result()
        try:
            voice = Voice(self._language, self._zone, present.status.now, present.status.names)
            if not identity.scope.sees_everything:
                background = background_of(background, present.status)
            moment = Moment(present, background, Words(voice), identity.scope)
            values = {**make(moment), **_about(identity)}
            text = self._text(template, moment.words, values, present.status)
            page = MadePage(origin, *text, policy)
            if len(self._made) >= MOST_KEPT:
                self._made.clear()
                self._routes.clear()
            self._made[key] = page
            self._routes[address] = str(request.endpoint)
            own.set_result(page)
        except BaseException as error:
            # Whoever waits is told the same.
            own.set_exception(error)
            raise
        finally:
            del self._making[key, origin]
        return page

    def _text(self, template: str, words: Words, values: Mapping[str, Any], status: Status | None) -> tuple[str, str]:
        """Make a page; and the mark by which whoever has one with the same content is known.

        ``status``: what the page was made from, so that it says what is old of that; None: of nothing.
        """
        doubts: list[str] = []
        is_stale = False
        if status is not None:
            doubts, is_stale = doubts_of(status, words), status.is_stale
        # What answers a form is none that is asked for again.
        stays = request.method == "POST"
        about = {"text": words.text, "words": words, "has_forms": False, "stays": stays}
        said = {**about, **values, "doubts": doubts, "is_stale": is_stale}
        main = self.environment.get_template(template).render(said)
        mark = blake2b(f"{self.build}{doubts}{is_stale}{main}".encode(), digest_size=12).hexdigest()
        page = self.environment.get_template("base.html").render(
            {**said, "main": Markup(main), "mark": mark, "build": self.build}  # noqa: S704  (it was escaped when made)
        )
        return mark, page

    def refused(self, sentence: str, status: HTTPStatus) -> Response:
        """Answer with one sentence, as a page; also where nothing can be read."""
        return self.plain_page("refused.html", status=status, title="healthmon", sentence=sentence, at="")

    def plain_page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
        """Answer with a page that shows nothing of the database.

        Whoever may look is told all the same where what the other pages show is old.
        """
        identity = asker()
        seen: Status | None = None
        if identity.may_look:
            # Where nothing can be read, who needs it is told so by the refusal.
            with suppress(Unreadable):
                seen = self._view.present.status
        _, page = self._text(template, self.words(), {**_about(identity), **values}, seen)
        return Response(_made_own(page, identity), status, content_type="text/html; charset=utf-8")

    def asset(self, name: str) -> Response:
        """Answer with a file that pages need; its address has another number when it changes."""
        response = Response(self.assets[name], content_type=f"{ASSETS[name]}; charset=utf-8")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _about(identity: Identity) -> dict[str, Any]:
    """What templates may know of whoever asks: pages are made for all who may do the same."""
    return {
        "may_operate": identity.may_operate,
        "is_known": bool(identity.name),
        "sees_everything": identity.scope.sees_everything,
        "may_leave": identity.proof is Proof.SESSION,
        "person": _NAME,
        "form_token": _FORM_TOKEN,
        "own_mark": _OWN_MARK,
    }


def _key(address: str, identity: Identity) -> PageKey:
    return address, identity.proof, identity.may_operate, identity.scope


def _mark(page: MadePage, identity: Identity) -> str:
    """By what a page is known that somebody has."""
    return page.mark + _own_mark(identity)


def _own_mark(identity: Identity) -> str:
    """What tells the pages of one session from those of another, forms being of one session, and those of tokens."""
    return identity.form_token[:8] + identity.mark


def _made_own(page: str, identity: Identity) -> str:
    """Put into a page what is of whoever asks."""
    own = {_NAME: escape(identity.name), _FORM_TOKEN: identity.form_token, _OWN_MARK: _own_mark(identity)}
    for place, text in own.items():
        page = page.replace(place, text)
    return page


def environment() -> Environment:
    """What templates are read with."""
    made = templates_of("healthmon.publish.web.pages")
    made.filters["address"] = address_of
    return made


def address_of(target: Target) -> str:
    """Where the page of a target is."""
    return f"/targets/{quote(short_name(target), safe='/:')}"
