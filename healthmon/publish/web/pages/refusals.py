"""What is refused to a person is a page, too."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from healthmon.errors import HealthmonError
from healthmon.publish.web.access.guard import is_for_programs
from healthmon.publish.web.pages.rendering import Pages
from healthmon.publish.web.statuses import finished, status_of


def as_pages(routes: Blueprint, made: Pages) -> None:
    """Have routes answer with pages alone."""

    @routes.errorhandler(HealthmonError)
    def refused(error: HealthmonError) -> Response:
        return finished(error, made.refused(made.words().retold(str(error)), status_of(error)))


def is_for_a_browser() -> bool:
    """Whether a page is asked for: a browser says that it takes HTML, a program does not."""
    return "text/html" in request.headers.get("Accept", "") and not is_for_programs(request.path)


def no_such_page(error: HTTPException, status: HTTPStatus, made: Pages) -> Response:
    """Answer with a page what Flask refuses by itself."""
    words = made.words()
    sentence = words.retold(error.description or status.phrase)
    if status == HTTPStatus.NOT_FOUND:
        sentence = words.text("There is no such page.")
    return made.refused(sentence, status)
