"""What is refused to a person is a page, too; and what every page tells the browser."""

from __future__ import annotations

from flask import Blueprint, Response

from healthmon.errors import HealthmonError
from healthmon.publish.web.pages.rendering import POLICY, Pages
from healthmon.publish.web.statuses import finished, status_of

#: Said with each page: where it leads to elsewhere, nobody learns from where.
OF_PAGES = {"Referrer-Policy": "no-referrer"}


def as_pages(routes: Blueprint, made: Pages) -> None:
    """Have routes answer with pages alone."""

    @routes.errorhandler(HealthmonError)
    def refused(error: HealthmonError) -> Response:
        return finished(error, made.refused(str(error), status_of(error)))

    @routes.after_request
    def guard(response: Response) -> Response:
        """A browser loads and runs nothing but what stands here."""
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.update(OF_PAGES)
        return response
