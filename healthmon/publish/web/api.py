"""``/api/v1``: the same shapes as the commands' ``--json``, from the same functions (docs/json.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from healthmon.model import Health
from healthmon.publish.present import Present
from healthmon.publish.web.access.identity import asker
from healthmon.publish.web.answers import NotThere, json_answer, plain
from healthmon.publish.web.questions import BadQuestion, number_of, one_of, refuse_unknown, wishes
from healthmon.publish.web.report_question import without_dashes
from healthmon.publish.web.view import ScopedView
from healthmon.report.admin.silences import silence_data
from healthmon.report.availability.data import incident_data
from healthmon.report.status.data import status_data
from healthmon.report.target_names import find_target
from healthmon.report.timeline.life import life_of
from healthmon.report.timeline.life_text import life_data
from healthmon.report.timeline.story import story_data, story_of
from healthmon.report.window import BadWindow, span
from healthmon.store.read.queries import Reader, Wanted
from healthmon.times.spans import Span

if TYPE_CHECKING:
    from healthmon.publish.web.fields import ChangesFields, GoneFields, TargetsFields
    from healthmon.report.availability.fields import IncidentRecordFields

#: So many targets are in one answer, unless another number is asked for; and at most.
PAGE, LARGEST_PAGE = 100, 5000
#: What may stand behind the ``?``, by the name of the route; nothing behind all others.
PARAMETERS: Mapping[str, Sequence[str]] = {
    "targets": ("state", "kind", "pbx", "watch", "search", "limit", "offset"),
    "target": ("since", "until"),
    "incidents": ("open", "since", "until"),
    "changes": ("since",),
}


def api(view: ScopedView, names: Mapping[str, str], zone: ZoneInfo) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("api", __name__, url_prefix="/api/v1")

    @routes.before_request
    def refuse() -> None:
        _, _, called = (request.endpoint or "").rpartition(".")
        refuse_unknown(request.args, PARAMETERS.get(called, ()))

    @routes.get("/status")
    def status() -> Response:
        present, response = view.present, Response(status=304)
        mark = f"{present.revision}-{asker().mark}"
        if mark not in request.if_none_match:
            response = json_answer(status_data(present.status))
        response.set_etag(mark)
        return response

    @routes.get("/state/<pbx>/<path:endpoint>")
    def state(pbx: str, endpoint: str) -> Response:
        return plain(state_word(view.present, pbx, endpoint))

    @routes.get("/targets")
    def targets() -> Response:
        return json_answer(targets_data(view.present, request.args))

    @routes.get("/changes")
    def changes() -> Response:
        return json_answer(changes_data(view, request.args.get("since", "")))

    @routes.get("/targets/<path:name>")
    @routes.get("/history/<path:name>")
    def target(name: str) -> Response:
        now = view.now()
        when = _asked_about(zone, now)

        def find(reader: Reader) -> object:
            called = reader.names(names)
            about = find_target(name, reader.known_targets(), called)
            return life_data(life_of(reader, about, when, now, called.of(about.target)))

        return json_answer(view.read(find))

    @routes.get("/incidents")
    def incidents() -> Response:
        only_open, now = one_of(request.args, "open", ("0", "1")) == "1", view.now()
        when = _asked_about(zone, now)

        def find(reader: Reader) -> list[IncidentRecordFields]:
            if only_open:
                found = reader.open_incidents()[::-1]
            else:
                # An incident of this very moment overlaps no time yet.
                found = reader.newest_incidents(Wanted(when[0], when[1] + 1), LARGEST_PAGE)
            called = reader.names(names)
            return [incident_data(reader.with_unseen(each, now), called) for each in found]

        return json_answer(view.read(find))

    @routes.get("/incidents/<int:number>")
    def incident(number: int) -> Response:
        def find(reader: Reader) -> object:
            found = reader.incident(min(number, 2**63 - 1))
            if found is None:
                raise NotThere(f"there is no incident {number}")
            return story_data(story_of(reader, found, view.now(), reader.names(names)))

        return json_answer(view.read(find))

    @routes.get("/silences")
    def silences() -> Response:
        return json_answer(view.read(lambda reader: [silence_data(each) for each in reader.silences(view.now())]))

    return routes


def _asked_about(zone: ZoneInfo, now: float) -> Span:
    """From when to when is asked about. Raises BadQuestion."""
    try:
        return span(since=request.args.get("since"), until=request.args.get("until"), zone=zone, now=now)
    except BadWindow as error:
        raise BadQuestion(without_dashes(str(error))) from None


def state_word(present: Present, pbx: str, endpoint: str) -> str:
    """Say in one word how an endpoint stands: for a dialplan, which does not read more.

    ``endpoint``: ``PJSIP/101``; also ``101``, where only one endpoint of the PBX is called so.
    """
    if present.status.is_stale:
        return Health.UNKNOWN
    of_pbx = [row for row in present.status.targets if row.target.pbx == pbx]
    named = [row for row in of_pbx if row.target.endpoint == endpoint]
    if not named:
        named = [row for row in of_pbx if row.target.resource == endpoint]
    if len(named) != 1:
        return "unwatched"
    return named[0].state


def targets_data(present: Present, parameters: Mapping[str, str]) -> TargetsFields:
    """A page of the targets that are wanted, worst first, and how many there are. Raises BadQuestion."""
    found = [row for row in present.status.targets if all(fits(row) for fits in wishes(present, parameters))]
    offset, limit = number_of(parameters, "offset", 0, 10**9), number_of(parameters, "limit", PAGE, LARGEST_PAGE)
    page = tuple(islice(found, offset, offset + limit))
    return {
        "revision": present.revision,
        "total": len(found),
        "targets": status_data(present.status, page)["targets"],
    }


def changes_data(view: ScopedView, since: str) -> ChangesFields:
    """What is otherwise than at a revision; all of it where that is not known any more."""
    present, changed = view.present, view.changed_since(since)
    rows = present.status.targets
    gone: list[GoneFields] = []
    if changed is not None:
        rows = tuple(row for row in rows if row.target in changed)
        gone = [
            {"pbx": target.pbx, "endpoint": target.endpoint}
            for target in sorted(changed - {row.target for row in present.status.targets})
        ]
    document = status_data(present.status, rows)
    return {"revision": present.revision, "complete": changed is None, "gone": gone, **document}
