"""The description of the API: OpenAPI 3.1, made from the structs and fields that the answers are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from healthmon import __version__
from healthmon.history.figures import UnknownAs
from healthmon.model import Health, Kind
from healthmon.publish.public.fields import PublicFields
from healthmon.publish.web.api import LARGEST_PAGE, PAGE
from healthmon.publish.web.fields import ChangesFields, TargetsFields
from healthmon.publish.web.orders_api import AckBody, SilenceBody
from healthmon.publish.web.report_question import RANGES
from healthmon.report.admin.fields import AddedSilenceFields, SilenceFields
from healthmon.report.availability.account import By
from healthmon.report.availability.fields import IncidentRecordFields, ReportFields
from healthmon.report.status.fields import StatusFields
from healthmon.report.timeline.fields import LifeFields, StoryFields

JSON = "application/json"
TEXT = "text/plain"

#: What may be answered instead, each with one sentence.
REFUSALS = {
    400: "What is asked for makes no sense.",
    401: "It has to be known who asks, or this token is not known.",
    403: "It was not addressed to a name of this machine, or who asks may not do it.",
    404: "There is none.",
    409: "It is over already.",
    415: "What was sent is called a form; it has to be application/json.",
    503: "It cannot be read now; Retry-After says when to ask again.",
}


class Parameter(Struct, frozen=True):
    """A parameter behind the ``?``, or a part of the path. ``schema``: JSON Schema."""

    name: str
    text: str
    schema: Mapping[str, Any]
    is_in_path: bool = False
    #: Whether it may be given several times.
    is_repeated: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """As OpenAPI describes it."""
        schema, place = dict(self.schema), "query"
        if self.is_repeated:
            schema = {"type": "array", "items": schema}
        if self.is_in_path:
            place = "path"
        return {
            "name": self.name,
            "in": place,
            "required": self.is_in_path,
            "description": self.text,
            "schema": schema,
        }


class Operation(Struct, frozen=True):
    """One question, or one order. ``answer``: the type of the JSON that is answered; None: it is plain text."""

    path: str
    summary: str
    answer: Any
    parameters: Sequence[Parameter] = ()
    #: Those of REFUSALS that are possible beside 401, 403 and 503.
    refusals: Sequence[int] = ()
    #: Whether an answer has a tag, with which the same is not sent again.
    has_tag: bool = False
    method: str = "get"
    #: What is sent, as JSON; None: nothing.
    body: type[Struct] | None = None
    #: The status where all is well.
    status: int = 200


_WORD: Mapping[str, Any] = {"type": "string"}
#: Of targets: everything but what ends a text in C.
_NAME: Mapping[str, Any] = {"type": "string", "minLength": 1}


def _one_of(words: Sequence[str]) -> Mapping[str, Any]:
    """One of these words; an empty one is as none, for a form sends what nobody filled in."""
    return {"type": "string", "enum": ["", *words]}


def _whole(most: int, default: int) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": most, "default": default}


_SINCE = Parameter("since", "How far back (7d, 24h, 30m), or from which date or time on.", _WORD)
_UNTIL = Parameter("until", "Up to this time, or to the end of this date; now, if it is not given.", _WORD)
_TARGET_NAME = Parameter("name", "As in the commands: PJSIP/101, office:PJSIP/101, office.", _NAME, is_in_path=True)
_NUMBER = Parameter("number", "Its number.", {"type": "integer", "minimum": 0}, is_in_path=True)

OPERATIONS = (
    Operation("/api/v1/status", "How everything stands.", StatusFields, has_tag=True),
    Operation(
        "/api/v1/targets",
        "A page of the targets, worst first.",
        TargetsFields,
        (
            Parameter("state", "Only those in this state.", _one_of(list(Health))),
            Parameter("kind", "Only those of this kind.", _one_of(list(Kind))),
            Parameter("pbx", "Only those of this PBX.", _WORD),
            Parameter("watch", "Only those of this watch section.", _WORD),
            Parameter("search", "Only those with these words in their name, or in what people call them.", _WORD),
            Parameter("limit", "So many at most.", _whole(LARGEST_PAGE, PAGE)),
            Parameter("offset", "Without so many of the first.", _whole(10**9, 0)),
        ),
        (400,),
    ),
    Operation(
        "/api/v1/targets/{name}", "The life of a target.", LifeFields, (_TARGET_NAME, _SINCE, _UNTIL), (400, 404)
    ),
    Operation("/api/v1/history/{name}", "The same.", LifeFields, (_TARGET_NAME, _SINCE, _UNTIL), (400, 404)),
    Operation(
        "/api/v1/incidents",
        "The incidents of a time, the newest first.",
        list[IncidentRecordFields],
        (Parameter("open", "1: only those that last.", _one_of(["0", "1"])), _SINCE, _UNTIL),
        (400,),
    ),
    Operation(
        "/api/v1/incidents/{number}",
        "The whole story of an incident.",
        StoryFields,
        (_NUMBER,),
        (404,),
    ),
    Operation("/api/v1/silences", "Silences that last, and those that are to come.", list[SilenceFields]),
    Operation(
        "/api/v1/incidents/{number}/ack",
        "Acknowledge an incident: no more reminders. For who operates, as all that is not get.",
        IncidentRecordFields,
        (_NUMBER,),
        (400, 404, 409, 415),
        method="post",
        body=AckBody,
    ),
    Operation(
        "/api/v1/silences",
        "Add a silence.",
        AddedSilenceFields,
        refusals=(400, 415),
        method="post",
        body=SilenceBody,
        status=201,
    ),
    Operation("/api/v1/silences/{number}", "End a silence.", SilenceFields, (_NUMBER,), (400, 404), method="delete"),
    Operation(
        "/api/v1/report",
        "A report: availability, outages and downtime.",
        ReportFields,
        (
            Parameter("range", "A time that has a name; since, from and to count more.", _one_of(RANGES)),
            _SINCE,
            Parameter("from", "From this date or time on.", _WORD),
            Parameter("to", "Up to this time, or to the end of this date.", _WORD),
            Parameter("pbx", "Only these PBXs.", _WORD, is_repeated=True),
            Parameter("watch", "Only these watch sections.", _WORD, is_repeated=True),
            Parameter("endpoint", "Only these endpoints, or patterns of them.", _WORD, is_repeated=True),
            Parameter("kind", "Only these kinds.", _one_of(list(Kind)), is_repeated=True),
            Parameter("by", "What there is a line for.", _one_of(list(By))),
            Parameter("top", "So many of the worst.", {"type": "integer", "minimum": 1}),
            Parameter("sla", "What was promised, percent.", {"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
            Parameter("count-unknown-as", "As what unknown time counts.", _one_of(list(UnknownAs))),
        ),
        (400,),
    ),
    Operation(
        "/api/v1/changes",
        "What is otherwise than at a revision.",
        ChangesFields,
        (Parameter("since", "The revision of the last answer; without it all of it is told.", _WORD),),
    ),
    Operation(
        "/api/v1/state/{pbx}/{endpoint}",
        "One word: up, degraded, down, unknown or unwatched.",
        None,
        (
            Parameter("pbx", "The name of the PBX.", _NAME, is_in_path=True),
            Parameter("endpoint", "As Asterisk names it: PJSIP/telekom.", _NAME, is_in_path=True),
        ),
        # Of a name with a line break.
        (404,),
    ),
    Operation(
        "/public/{name}.json",
        "What a page for everybody tells; no token is needed.",
        PublicFields,
        (Parameter("name", "That of its [public NAME].", _NAME, is_in_path=True),),
        (404,),
        has_tag=True,
    ),
)


def description() -> dict[str, Any]:
    """Return the whole document."""
    answers = [operation.answer for operation in OPERATIONS if operation.answer is not None]
    bodies = [operation.body for operation in OPERATIONS if operation.body is not None]
    schemas, components = msgspec.json.schema_components(
        [*answers, *bodies], ref_template="#/components/schemas/{name}"
    )
    of_answers, of_bodies = iter(schemas[: len(answers)]), iter(schemas[len(answers) :])
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        schema: Mapping[str, Any] = _WORD
        if operation.answer is not None:
            schema = next(of_answers)
        described = _operation(operation, schema)
        if operation.body is not None:
            described["requestBody"] = {"content": {JSON: {"schema": next(of_bodies)}}}
        paths.setdefault(operation.path, {})[operation.method] = described
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "healthmon",
            "version": __version__,
            "description": "The same fields as the commands print with --json. Fields may be added, none is renamed.",
        },
        "paths": paths,
        # Where nobody is known, whoever is on this machine may look without.
        "security": [{}, {"token": []}],
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A [token NAME]."}},
        },
    }
    # What is called StatusFields in the code is a Status to those who read it.
    named: dict[str, Any] = json.loads(re.sub(r"\b(\w+)Fields\b", r"\1", json.dumps(document)))
    return named


def _operation(operation: Operation, schema: Mapping[str, Any]) -> dict[str, Any]:
    form = JSON
    if operation.answer is None:
        form = TEXT
    content = {form: {"schema": schema}}
    responses: dict[str, Any] = {str(operation.status): {"description": "The answer.", "content": content}}
    if operation.has_tag:
        responses["304"] = {"description": "It is the same as that with the tag in If-None-Match."}
    for status in sorted({401, 403, 503, *operation.refusals}):
        responses[str(status)] = {"description": REFUSALS[status], "content": {TEXT: {"schema": _WORD}}}
    return {
        "summary": operation.summary,
        "parameters": [parameter.document for parameter in operation.parameters],
        "responses": responses,
    }
