"""What is answered to which request. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from healthmon.config.plans import Plans
from healthmon.errors import HealthmonError
from healthmon.model import Health
from healthmon.publish.metrics import CONTENT_TYPE, metrics_text
from healthmon.publish.present import Present
from healthmon.publish.web.answers import NotThere, json_answer, plain, to_ask_again
from healthmon.publish.web.api import api
from healthmon.publish.web.commands import OwnCommands
from healthmon.publish.web.live import Busy, Live, Unreadable
from healthmon.publish.web.pages.routes import pages
from healthmon.publish.web.reports import reports
from healthmon.report.status.rows import PbxStatus
from healthmon.report.target_names import BadTarget


def application(
    live: Live, plans: Plans, zone: ZoneInfo, commands: OwnCommands, *, has_phones: bool, spoken: str = "en"
) -> Flask:
    """Make the application. ``has_phones``: ``/metrics`` has series of each phone.

    ``plans``: what the configuration calls endpoints and sites; ``zone``: of times and of dates in questions;
    ``spoken``: the language of the pages.
    """
    app = Flask("healthmon", static_folder=None)
    # An empty name is a name, and leads nowhere else.
    app.url_map.merge_slashes = False
    app.register_blueprint(_health(live))
    app.register_blueprint(_metrics(live, has_phones=has_phones))
    app.register_blueprint(api(live, plans.names, zone))
    app.register_blueprint(pages(live, zone, spoken, plans))
    app.register_blueprint(reports(live, commands, zone))
    app.register_blueprint(_description())
    app.register_error_handler(Unreadable, _unavailable)
    app.register_error_handler(Busy, _unavailable)
    app.register_error_handler(HealthmonError, _refused)
    app.register_error_handler(HTTPException, _no_page)
    app.before_request(_refuse_other_hosts)
    app.after_request(_guard)
    return app


def _refuse_other_hosts() -> Response | None:
    """A page of somebody else's could have its name lead to this machine, and read what is answered here."""
    if _is_this_machine(request.host):
        return None
    return plain("this is answered to http://127.0.0.1 and http://localhost only\n", HTTPStatus.FORBIDDEN)


def _is_this_machine(place: str) -> bool:
    """Whether ``localhost:8089`` or ``[::1]:8089`` names this machine."""
    try:
        host = urlsplit(f"//{place}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _guard(response: Response) -> Response:
    """Nobody takes it for anything else, and nobody keeps it."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _unavailable(error: HealthmonError) -> Response:
    return to_ask_again(plain(f"{error}\n", HTTPStatus.SERVICE_UNAVAILABLE))


def _no_page(error: HTTPException) -> Response:
    """What Flask refuses by itself is one sentence, too."""
    return plain(f"{error.description}\n", HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR))


def _refused(error: HealthmonError) -> Response:
    """What is asked for makes no sense, or there is none of it."""
    status = HTTPStatus.BAD_REQUEST
    if isinstance(error, (BadTarget, NotThere)):
        status = HTTPStatus.NOT_FOUND
    return plain(f"{error}\n", status)


def _health(live: Live) -> Blueprint:
    """Whether healthmon, and this process, are well."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return plain("ok\n")

    @routes.get("/healthz")
    def healthz() -> Response:
        reasons = list(why_unwell(live.present))
        if not reasons:
            return plain("ok\n")
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


def _metrics(live: Live, *, has_phones: bool) -> Blueprint:
    """How things stand, for Prometheus."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_text(live.present, has_phones=has_phones), content_type=CONTENT_TYPE)

    return routes
