"""Which page is where."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from healthmon.config.plans import Plans
from healthmon.publish.web.answers import NotThere
from healthmon.publish.web.commands import OwnCommands
from healthmon.publish.web.pages.incident import IncidentReader, incident_values, incidents_values, read_incidents
from healthmon.publish.web.pages.listing import targets_values
from healthmon.publish.web.pages.overview import Overviewer
from healthmon.publish.web.pages.refusals import as_pages
from healthmon.publish.web.pages.rendering import ASSETS, POLICY, Moment, Pages
from healthmon.publish.web.pages.report import report_values
from healthmon.publish.web.pages.settings import settings_page
from healthmon.publish.web.pages.silences import read_silences, silences_values
from healthmon.publish.web.pages.target import read_target, target_values
from healthmon.publish.web.pages.wall import wall_values
from healthmon.publish.web.report_question import report_question
from healthmon.publish.web.view import ScopedView

#: The report in the middle of its page is a document of its own.
WITH_A_REPORT = f"{POLICY}; frame-src 'self'"


def pages(view: ScopedView, zone: ZoneInfo, plans: Plans, made: Pages, commands: OwnCommands) -> Blueprint:
    """Make the routes of what is looked at."""
    routes, stories = Blueprint("pages", __name__), IncidentReader(zone)

    @routes.get("/")
    def overview() -> Response:
        return made.answer("overview.html", overview_values)

    @routes.get("/wall")
    def wall() -> Response:
        return made.answer("wall.html", wall_values)

    @routes.get("/targets")
    def targets() -> Response:
        return made.answer("targets.html", lambda moment: targets_values(moment, request.args))

    @routes.get("/targets/<path:name>")
    def target(name: str) -> Response:
        def values(moment: Moment) -> dict[str, object]:
            return target_values(moment, view.read(lambda reader: read_target(reader, name, moment, plans)))

        return made.answer("target.html", values)

    @routes.get("/incidents")
    def incidents() -> Response:
        asked = request.args.copy()

        def values(moment: Moment) -> dict[str, object]:
            now = moment.present.status.now
            return incidents_values(moment, asked, view.read(lambda reader: read_incidents(reader, asked, now)))

        return made.answer("incidents.html", values)

    @routes.get("/incidents/<int:number>")
    def incident(number: int) -> Response:
        def values(moment: Moment) -> dict[str, object]:
            return incident_values(moment, view.read(lambda reader: stories.read(reader, number, moment)))

        return made.answer("incident.html", values)

    @routes.get("/silences")
    def silences() -> Response:
        match = request.args.get("match", "")

        def values(moment: Moment) -> dict[str, object]:
            now = moment.present.status.now
            return silences_values(moment, view.read(lambda reader: read_silences(reader, now)), plans, match)

        return made.answer("silences.html", values)

    @routes.get("/report")
    def report() -> Response:
        asked = request.args.copy()
        # What makes no sense is said here, and not in the middle of the page.
        report_question(asked, zone, view.now())
        return made.answer("report.html", lambda moment: report_values(moment, asked), WITH_A_REPORT)

    @routes.get("/settings")
    def settings() -> Response:
        return settings_page(made, commands)

    @routes.get("/assets/<name>")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise NotThere(f"there is no {name}")
        return made.asset(name)

    as_pages(routes, made)
    return routes


def overview_values(moment: Moment) -> dict[str, object]:
    """What the template of the overview shows."""
    shown = Overviewer(moment.present, moment.background, moment.words).overview()
    return {"title": shown.headline, "at": "overview", "shown": shown}
