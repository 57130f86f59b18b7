"""Logging in and out."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from flask import Blueprint, Response, request

from healthmon.publish.web.access.access import FORM, SESSION, WALL, Access, TooOften, WrongPassword
from healthmon.publish.web.access.guard import FORM_FIELD, PATH_OF_THE_WALL, is_same, keep_cookie, lead_to
from healthmon.publish.web.access.sessions import LASTS
from healthmon.publish.web.answers import NotThere
from healthmon.publish.web.live import Busy
from healthmon.publish.web.pages.refusals import as_pages
from healthmon.publish.web.pages.rendering import Pages

#: Whoever opens the page to log in has so long to do so (seconds).
FORM_LASTS = 86400


def login(access: Access, made: Pages) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("login", __name__)

    @routes.get("/login")
    def ask() -> Response:
        _refuse_without_passwords(access)
        return asked_for()

    @routes.post("/login")
    def enter() -> Response:
        _refuse_without_passwords(access)
        name, password = request.form.get("name", "").strip(), request.form.get("password", "")
        own = access.form_token(request.cookies.get(FORM, ""))
        if not is_same(request.form.get(FORM_FIELD, ""), own):
            return asked_for(made.words().text("Please try once more."), HTTPStatus.FORBIDDEN)
        try:
            secret = access.log_in(name, password, access.peer(request))
        except WrongPassword:
            return asked_for(made.words().text("Wrong name or password."), HTTPStatus.UNAUTHORIZED)
        except TooOften as error:
            sentence = made.words().text("Too many attempts. Try again in {n} s.", n=f"{error.wait:.0f}")
            response = asked_for(sentence, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = f"{error.wait:.0f}"
            return response
        except Busy:
            sentence = made.words().text("Too many log in at the same time. Try again in a moment.")
            return asked_for(sentence, HTTPStatus.SERVICE_UNAVAILABLE)
        response = lead_to(page_of_ours(request.form.get("next", "")))
        keep_cookie(response, access, SESSION, secret, lasts=int(LASTS))
        return response

    @routes.post("/logout")
    def leave() -> Response:
        access.log_out(request)
        response = lead_to("/")
        response.delete_cookie(SESSION)
        response.delete_cookie(WALL, path=PATH_OF_THE_WALL)
        return response

    def asked_for(sentence: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
        """Answer with the page to log in on; ``sentence``: why somebody is not."""
        secret = request.cookies.get(FORM, "") or secrets.token_urlsafe(16)
        response = made.plain_page(
            "login.html",
            status=status,
            title=made.words().text("Log in"),
            at="login",
            stays=True,
            sentence=sentence,
            name=request.form.get("name", ""),
            next=page_of_ours(request.values.get("next", "")),
            form_token=access.form_token(secret),
        )
        keep_cookie(response, access, FORM, secret, lasts=FORM_LASTS)
        return response

    as_pages(routes, made)
    return routes


def _refuse_without_passwords(access: Access) -> None:
    if not access.has_passwords:
        raise NotThere("nobody can log in here: [user NAME] sections with a password_hash say who may")


def page_of_ours(path: str) -> str:
    """Say where to go on: to a page of ours, whoever has written the address."""
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    if not is_ours or path.startswith("/login"):
        return "/"
    return path
