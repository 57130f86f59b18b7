"""Reports as ``healthmon report`` makes them: as a document, as files, and as JSON."""

from __future__ import annotations

import base64
import os
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, Response, request
from werkzeug.wsgi import wrap_file

from healthmon.errors import ExitCode
from healthmon.publish.web.answers import NotThere
from healthmon.publish.web.commands import OwnCommands
from healthmon.publish.web.live import Unreadable
from healthmon.publish.web.questions import BadQuestion, refuse_unknown
from healthmon.publish.web.report_question import PARAMETERS, ReportQuestion, file_name, report_question, without_dashes
from healthmon.publish.web.view import ScopedView
from healthmon.report.availability.file_forms import FILE_FORMS, FileForm

#: A report was made, also where somebody missed what was promised, or nothing is known of what was chosen.
_MADE = (ExitCode.OK, ExitCode.PROBLEM, ExitCode.STALE)
#: Its one style is at its beginning (bytes).
_HEAD = 65_536
NO_STYLE = "'none'"
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


def reports(view: ScopedView, commands: OwnCommands, zone: ZoneInfo) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("reports", __name__)

    def made(question: ReportQuestion, form: str, *more: str) -> IO[bytes]:
        moment = datetime.fromtimestamp(view.now(), UTC).isoformat()
        scope = msgspec.json.encode(view.scope).decode()
        about = [*question.arguments, *more, f"--scope={scope}"]
        printed = commands.run(["report", *about, f"--format={form}", f"--as-of={moment}"])
        if printed.code in _MADE and os.fstat(printed.output.fileno()).st_size:
            return printed.output
        printed.output.close()
        if printed.code == ExitCode.USAGE:
            raise BadQuestion(without_dashes(printed.why))
        raise Unreadable(printed.why)

    @routes.get("/report/document")
    def document() -> Response:
        """Answer with the report to look at, which the page of reports has in its middle."""
        output = made(report_question(request.args, zone, view.now()), "html")
        response = _sent(output, FILE_FORMS["html"])
        response.headers["Content-Security-Policy"] = _policy(_style_of(output))
        return response

    @routes.get("/report/download/<form>")
    def download(form: str) -> Response:
        if form not in FILE_FORMS:
            raise NotThere(f"there is no report as {form}; there are {', '.join(FILE_FORMS)}")
        question = report_question(request.args, zone, view.now())
        more = []
        if form in ("markdown", "table"):
            more = ["--incidents"]
        response = _sent(made(question, form, *more), FILE_FORMS[form])
        name = file_name(question, zone, FILE_FORMS[form].ending)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    @routes.get("/api/v1/report")
    def as_json() -> Response:
        refuse_unknown(request.args, PARAMETERS)
        return _sent(made(report_question(request.args, zone, view.now()), "json"), FILE_FORMS["json"])

    @routes.after_request
    def guard(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _policy(NO_STYLE))
        return response

    return routes


def _sent(output: IO[bytes], form: FileForm) -> Response:
    """Answer with a file, which is closed when it was sent."""
    media_type = form.media_type
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    response = Response(wrap_file(request.environ, output), content_type=media_type, direct_passthrough=True)
    response.content_length = os.fstat(output.fileno()).st_size
    return response


def _style_of(output: IO[bytes]) -> str:
    """Name the style of a report as a policy does: by a sum over it."""
    found = _STYLE.search(output.read(_HEAD))
    output.seek(0)
    if found is None:
        return NO_STYLE
    return f"'sha256-{base64.b64encode(sha256(found[1]).digest()).decode()}'"


def _policy(style: str) -> str:
    """Nothing is loaded and nothing runs; of styles there is this one; only our own page shows it in its middle."""
    return f"default-src 'none'; style-src {style}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
