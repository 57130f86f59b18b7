"""What pages send: acknowledgements and silences. Each is answered by leading to the page that shows it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from healthmon.publish.present import Present
from healthmon.publish.web.access.guard import lead_to
from healthmon.publish.web.orders import Orders, SilenceOrder
from healthmon.publish.web.pages.refusals import as_pages
from healthmon.publish.web.pages.rendering import Pages
from healthmon.publish.web.view import ScopedView

#: How long it is waited until the next page can show what was ordered (seconds): the daemon obeys within half a second.
SHOWN_WITHIN = 2.0


def forms(view: ScopedView, orders: Orders, made: Pages) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("forms", __name__)

    @routes.post("/incidents/<int:number>/ack")
    def acknowledge(number: int) -> Response:
        orders.acknowledge(number, request.form.get("reason", ""))
        view.wait_until(_is_acknowledged(number), SHOWN_WITHIN)
        return lead_to(f"/incidents/{number}")

    @routes.post("/silences")
    def silence() -> Response:
        until, lasting = request.form.get("until", "").replace("T", " "), request.form.get("for", "")
        if until:
            lasting = ""
        orders.silence(SilenceOrder([request.form.get("match", "")], lasting, until, request.form.get("reason", "")))
        view.wait_until(_was_read_after(view.now()), SHOWN_WITHIN)
        return lead_to("/silences")

    @routes.post("/silences/<int:number>/end")
    def end_silence(number: int) -> Response:
        orders.end_silence(number)
        view.wait_until(_was_read_after(view.now()), SHOWN_WITHIN)
        return lead_to("/silences")

    as_pages(routes, made)
    return routes


def _is_acknowledged(number: int) -> Callable[[Present], bool]:
    def is_shown(present: Present) -> bool:
        return all(incident.acked_at is not None for incident in present.incidents if incident.id == number)

    return is_shown


def _was_read_after(at: float) -> Callable[[Present], bool]:
    def is_shown(present: Present) -> bool:
        return present.status.now >= at

    return is_shown
