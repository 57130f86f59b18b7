"""Which status of HTTP an error is."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response

from healthmon.errors import HealthmonError
from healthmon.publish.web.access.access import NotAllowed, NotKnown
from healthmon.publish.web.answers import NotThere, to_ask_again
from healthmon.publish.web.live import Busy, Unreadable
from healthmon.publish.web.orders import IsOver
from healthmon.publish.web.orders_api import NotJson
from healthmon.report.target_names import BadTarget

#: What is none of these makes no sense.
_STATUSES: dict[type[HealthmonError], HTTPStatus] = {
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    Unreadable: HTTPStatus.SERVICE_UNAVAILABLE,
    BadTarget: HTTPStatus.NOT_FOUND,
    NotThere: HTTPStatus.NOT_FOUND,
    NotKnown: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    IsOver: HTTPStatus.CONFLICT,
    NotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def status_of(error: HealthmonError) -> HTTPStatus:
    """Say which status an error is."""
    found = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
    return next(found, HTTPStatus.BAD_REQUEST)


def finished(error: HealthmonError, response: Response) -> Response:
    """Add to an answer what goes with its status: when to ask again, how to say who asks."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        to_ask_again(response)
    if isinstance(error, NotKnown):
        response.headers["WWW-Authenticate"] = 'Bearer realm="healthmon"'
    return response
