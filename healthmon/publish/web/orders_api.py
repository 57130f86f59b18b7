"""``/api/v1``, where something is changed: acknowledgements and silences, in the shapes of the commands' ``--json``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import msgspec
from flask import Blueprint, Response, request
from msgspec import Struct, field

from healthmon.errors import HealthmonError
from healthmon.publish.web.answers import json_answer
from healthmon.publish.web.orders import Orders, SilenceOrder
from healthmon.publish.web.questions import BadQuestion

AnyBody = TypeVar("AnyBody")

#: What browsers, and ``curl -d`` and ``-F`` without a header, say that a body is.
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class NotJson(HealthmonError):
    """What was sent says of itself that it is something else than JSON."""


class AckBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to acknowledge; it may be left out."""

    reason: str = ""


class SilenceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to silence. One of ``for`` and ``until`` is needed."""

    match: list[str]
    lasting: str = field(default="", name="for")
    until: str = ""
    reason: str = ""


def orders_api(orders: Orders) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("orders_api", __name__, url_prefix="/api/v1")

    @routes.post("/incidents/<int:number>/ack")
    def acknowledge(number: int) -> Response:
        return json_answer(orders.acknowledge(number, read_body(AckBody, _sent() or b"{}").reason))

    @routes.post("/silences")
    def silence() -> Response:
        body = read_body(SilenceBody, _sent())
        response = json_answer(orders.silence(SilenceOrder(body.match, body.lasting, body.until, body.reason)))
        response.status_code = HTTPStatus.CREATED
        return response

    @routes.delete("/silences/<int:number>")
    def end_silence(number: int) -> Response:
        return json_answer(orders.end_silence(number))

    return routes


def _sent() -> bytes:
    """Return what was sent. Raises NotJson: it is called a form, and was read as that before: nothing is left of it."""
    if request.mimetype in _FORMS and request.content_length != 0:
        raise NotJson(f"JSON is wanted here, and no form ({request.mimetype}): send Content-Type: application/json")
    return request.get_data()


def read_body(kind: type[AnyBody], raw: bytes) -> AnyBody:
    """Read what was sent, as JSON. Raises BadQuestion."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as error:
        raise BadQuestion(f"what was sent cannot be used: {error}") from None
