"""What is answered to which request. Nothing is written, and nothing is read but what ``Live`` holds."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request

from healthmon.model import Health
from healthmon.publish.metrics import CONTENT_TYPE, metrics_text
from healthmon.publish.present import Present
from healthmon.publish.web.live import Live, Unreadable
from healthmon.report.json_text import json_text
from healthmon.report.status.data import status_data
from healthmon.report.status.rows import PbxStatus

#: What is refused, and how it is written, is the same for all.
PLAIN = "text/plain; charset=utf-8"


def application(live: Live, *, has_phones: bool) -> Flask:
    """Make the application. ``has_phones``: ``/metrics`` has series of each phone."""
    app = Flask("healthmon", static_folder=None)
    app.register_blueprint(_health(live))
    app.register_blueprint(_numbers(live, has_phones=has_phones))
    app.register_error_handler(Unreadable, _unreadable)
    app.before_request(_refuse_other_hosts)
    app.after_request(_guard)
    return app


def _refuse_other_hosts() -> Response | None:
    """A page of somebody else's could have its name lead to this machine, and read what is answered here."""
    if _is_this_machine(request.host):
        return None
    return _plain("this is answered to http://127.0.0.1 and http://localhost only\n", HTTPStatus.FORBIDDEN)


def _is_this_machine(place: str) -> bool:
    """Whether ``localhost:8089`` or ``[::1]:8089`` names this machine."""
    try:
        host = urlsplit(f"//{place}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _guard(response: Response) -> Response:
    """Nothing of this is a page, and nobody keeps it."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _plain(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(text, status, content_type=PLAIN)


def _unreadable(error: Unreadable) -> Response:
    return _plain(f"{error}\n", HTTPStatus.SERVICE_UNAVAILABLE)


def _health(live: Live) -> Blueprint:
    """Whether healthmon, and this process, are well."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return _plain("ok\n")

    @routes.get("/healthz")
    def healthz() -> Response:
        reasons = list(why_unwell(live.present))
        if not reasons:
            return _plain("ok\n")
        return _plain("".join(f"{reason}\n" for reason in reasons), HTTPStatus.SERVICE_UNAVAILABLE)

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


def _numbers(live: Live, *, has_phones: bool) -> Blueprint:
    """How things stand, for programs."""
    routes = Blueprint("numbers", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_text(live.present, has_phones=has_phones), content_type=CONTENT_TYPE)

    @routes.get("/api/v1/status")
    def status() -> Response:
        return _json(live.present)

    @routes.get("/api/v1/state/<pbx>/<path:endpoint>")
    def state(pbx: str, endpoint: str) -> Response:
        return _plain(state_word(live.present, pbx, endpoint))

    return routes


def _json(present: Present) -> Response:
    """Answer with how everything stands, unless the asker has it."""
    response = Response(content_type="application/json")
    response.set_etag(present.revision)
    if present.revision not in request.if_none_match:
        response.data = json_text(status_data(present.status)) + "\n"
    response.make_conditional(request)
    return response


def state_word(present: Present, pbx: str, endpoint: str) -> str:
    """Say in one word how an endpoint stands: for a dialplan, which does not read more."""
    if present.status.is_stale:
        return Health.UNKNOWN
    for row in present.status.targets:
        if row.target.pbx == pbx and row.target.endpoint == endpoint:
            return row.state
    return "unwatched"
