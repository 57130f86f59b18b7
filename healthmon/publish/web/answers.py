"""The forms in which is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from healthmon.errors import HealthmonError
from healthmon.report.json_text import json_text

#: Who cannot be answered now may ask again after so long (seconds).
AGAIN_AFTER = 5


class NotThere(HealthmonError):
    """What is asked for does not exist."""


def plain(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with a text."""
    return Response(text, status, content_type="text/plain; charset=utf-8")


def json_answer(document: Any) -> Response:
    """Answer with JSON."""
    return Response(json_text(document) + "\n", content_type="application/json")


def to_ask_again(response: Response) -> Response:
    """Say when to ask again."""
    response.headers["Retry-After"] = str(AGAIN_AFTER)
    return response
