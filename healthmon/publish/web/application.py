"""What is answered to which request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response
from werkzeug.exceptions import HTTPException

from healthmon.config.plans import Plans
from healthmon.config.sections.public import PublicConfig
from healthmon.errors import HealthmonError
from healthmon.model import Health
from healthmon.publish.metrics import CONTENT_TYPE, metrics_text
from healthmon.publish.present import Present
from healthmon.publish.web.access.access import Access
from healthmon.publish.web.access.guard import guard
from healthmon.publish.web.access.identity import asker
from healthmon.publish.web.answers import json_answer, plain
from healthmon.publish.web.api import api
from healthmon.publish.web.commands import Programs
from healthmon.publish.web.live import Live
from healthmon.publish.web.orders import Orders
from healthmon.publish.web.orders_api import orders_api
from healthmon.publish.web.pages.background import Backgrounds
from healthmon.publish.web.pages.forms import forms
from healthmon.publish.web.pages.login import login
from healthmon.publish.web.pages.refusals import is_for_a_browser, no_such_page
from healthmon.publish.web.pages.rendering import POLICY, Pages
from healthmon.publish.web.pages.routes import pages
from healthmon.publish.web.public import PublicPage, public
from healthmon.publish.web.reports import reports
from healthmon.publish.web.statuses import finished, status_of
from healthmon.publish.web.unchanged import ShortWay
from healthmon.publish.web.view import ScopedView
from healthmon.report.status.rows import PbxStatus

#: Said with each answer, unless it says something else itself: nobody takes it for anything else, and nobody keeps it;
#: a browser loads and runs nothing but what stands here; where it leads to elsewhere, nobody learns from where.
OF_ALL = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}


def application(
    live: Live,
    plans: Plans,
    zone: ZoneInfo,
    commands: Programs,
    access: Access,
    *,
    has_phones: bool,
    spoken: str = "en",
    for_everybody: Sequence[PublicConfig] = (),
) -> Flask:
    """Make the application. ``has_phones``: ``/metrics`` has series of each phone.

    ``plans``: what the configuration calls endpoints and sites; ``zone``: of times and of dates in questions;
    ``spoken``: the language of the pages, one of ``healthmon.languages.CODES``; ``for_everybody``: the status
    pages that are open to whoever asks.
    """
    app = Flask("healthmon", static_folder=None)
    # An empty name is a name, and leads nowhere else.
    app.url_map.merge_slashes = False
    # Routes are given this, and never what it looks at.
    view = ScopedView(live)
    made, orders = Pages(view, Backgrounds(live, plans), zone, spoken), Orders(view, commands.orders)
    app.register_blueprint(_health(view, live))
    app.register_blueprint(_metrics(view, has_phones=has_phones))
    app.register_blueprint(api(view, plans.names, zone))
    app.register_blueprint(orders_api(orders))
    app.register_blueprint(pages(view, zone, plans, made, commands.reports))
    app.register_blueprint(forms(view, orders, made))
    app.register_blueprint(login(access, made))
    app.register_blueprint(reports(view, commands.reports, zone))
    app.register_blueprint(_description())
    app.register_blueprint(public([PublicPage(page, live, plans, zone, made) for page in for_everybody], made))
    app.register_error_handler(HealthmonError, _refused)
    app.register_error_handler(HTTPException, lambda error: _no_page(error, made))
    app.before_request(guard(access))
    app.after_request(_finished)
    app.wsgi_app = ShortWay(app.wsgi_app, access, made, OF_ALL)  # type: ignore[method-assign]
    return app


def _finished(response: Response) -> Response:
    for name, value in OF_ALL.items():
        response.headers.setdefault(name, value)
    return response


def _no_page(error: HTTPException, made: Pages) -> Response:
    """What Flask refuses by itself is one sentence, too; to a browser on a page."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if is_for_a_browser():
        return no_such_page(error, status, made)
    if status == HTTPStatus.NOT_FOUND:
        return plain("there is nothing at this address\n", status)
    return plain(f"{error.description}\n", status)


def _refused(error: HealthmonError) -> Response:
    """What cannot be answered, or may not be, is one sentence."""
    return finished(error, plain(f"{error}\n", status_of(error)))


def _health(view: ScopedView, live: Live) -> Blueprint:
    """Whether healthmon, and this process, are well. ``live``: that all is, is said also to who is not known."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return plain("ok\n")

    @routes.get("/healthz")
    def healthz() -> Response:
        is_known = asker().may_look
        present = live.present
        if is_known:
            present = view.present
        reasons = list(why_unwell(present))
        if not reasons:
            return plain("ok\n")
        if not is_known:
            reasons = ["not well; whoever is known here is told why"]
        return plain("".join(f"{reason}\n" for reason in reasons), HTTPStatus.SERVICE_UNAVAILABLE)

    return routes


def why_unwell(present: Present) -> Iterator[str]:
    """Say why nobody can rely on what is shown; nothing: all of it is fresh."""
    status = present.status
    if status.is_stale:
        yield status.why_stale
        return
    yield from (f"PBX {pbx.name}: {_why_unseen(pbx)}" for pbx in status.pbxs if _why_unseen(pbx))


def _why_unseen(pbx: PbxStatus) -> str:
    if pbx.row.state is Health.UNKNOWN:
        return pbx.row.reason
    return pbx.old


def _description() -> Blueprint:
    """How the API is described to programs."""
    routes = Blueprint("description", __name__)

    @routes.get("/api/v1/openapi.json")
    def openapi() -> Response:
        # Hardly anybody asks, and the classes that it is made from take memory.
        from healthmon.publish.web.openapi import description  # noqa: PLC0415

        return json_answer(description())

    return routes


def _metrics(view: ScopedView, *, has_phones: bool) -> Blueprint:
    """How things stand, for Prometheus."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_text(view.present, has_phones=has_phones), content_type=CONTENT_TYPE)

    return routes
