"""ARI as Asterisk itself describes it: what ``GET /ari/api-docs/resources.json`` and the files that it names say.

The form is Swagger 1.1, as ``rest-api/`` of Asterisk's sources has it (16 and 22).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from healthmon.ari.messages import Body, decode

#: Where the documents are, below ``/ari``.
FOLDER = "api-docs"
INDEX = "resources.json"
#: Where a parameter stands that no call can be without, whatever the document says.
_IN_PATH = "path"


class AriParameter(Struct, frozen=True):
    """What an operation takes."""

    name: str
    #: ``path``, ``query`` or ``body``.
    where: str
    #: ``string``, ``int``, ``boolean``, ``containers``, …
    type: str
    is_required: bool
    #: Several may be given, with commas between them.
    is_multiple: bool
    description: str = ""
    #: As it is written; None: there is none.
    default: str | None = None
    #: What it may be, if that is a list.
    values: tuple[str, ...] = ()


class Refusal(Struct, frozen=True):
    """What Asterisk answers where an operation cannot be done."""

    #: As it is written: mostly a number.
    status: str
    why: str


class AriOperation(Struct, frozen=True):
    """One method at one path: ``GET /endpoints/{tech}/{resource}``."""

    method: str
    #: With its placeholders in braces.
    path: str
    #: What Asterisk's sources call it: ``originate``.
    name: str
    summary: str
    notes: str
    #: ``List[Endpoint]``; ``void``: nothing.
    answer: str
    parameters: tuple[AriParameter, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    #: It is answered by a WebSocket.
    is_stream: bool = False

    def matches(self, segments: Iterable[str]) -> bool:
        """Whether this is the operation's path, given without its placeholders."""
        wanted, given = self.path.strip("/").split("/"), list(segments)
        return len(wanted) == len(given) and all(
            name.startswith("{") or name == segment for name, segment in zip(wanted, given, strict=True)
        )


class Property(Struct, frozen=True):
    """One field of a model."""

    name: str
    type: str
    is_required: bool
    description: str = ""
    values: tuple[str, ...] = ()


class Model(Struct, frozen=True):
    """The shape of what is answered."""

    name: str
    description: str
    properties: tuple[Property, ...] = ()
    #: The names of more special ones.
    kinds: tuple[str, ...] = ()


class Resource(Struct, frozen=True):
    """What is described together: ``endpoints``."""

    name: str
    description: str
    operations: tuple[AriOperation, ...] = ()
    models: tuple[Model, ...] = ()


class ApiDocument(Struct, frozen=True):
    """All of one Asterisk's ARI."""

    #: Asterisk's own version.
    version: str
    resources: tuple[Resource, ...]

    def resource(self, name: str) -> Resource | None:
        """The resource of this name; None: there is none."""
        return next((resource for resource in self.resources if resource.name == name), None)

    def operation(self, method: str, segments: Iterable[str]) -> AriOperation | None:
        """The operation that a call is; None: none that is described. A path that is written out goes first."""
        segments = list(segments)
        found = [
            operation
            for resource in self.resources
            for operation in resource.operations
            if operation.method == method and operation.matches(segments)
        ]
        return min(found, key=lambda operation: operation.path.count("{"), default=None)


# ---------------------------------------------------------------- as Asterisk writes it


class _IndexEntry(Struct):
    path: str
    description: str = ""


class _Index(Struct):
    apis: list[_IndexEntry]


class _Values(Struct):
    values: list[str | int] = []


class _Parameter(Struct, rename="camel"):
    name: str
    param_type: str = "query"
    data_type: str = "string"
    required: bool = False
    allow_multiple: bool = False
    description: str = ""
    default_value: str | int | float | bool | None = None
    allowable_values: _Values = field(default_factory=_Values)


class _Error(Struct):
    code: int | str
    reason: str = ""


class _Operation(Struct, rename="camel"):
    http_method: str
    nickname: str = ""
    summary: str = ""
    notes: str = ""
    response_class: str = "void"
    parameters: list[_Parameter] = []
    error_responses: list[_Error] = []
    upgrade: str = ""


class _Api(Struct):
    path: str
    operations: list[_Operation] = []


class _Property(Struct, rename="camel"):
    type: str = "string"
    required: bool = False
    description: str = ""
    allowable_values: _Values = field(default_factory=_Values)


class _Model(Struct, rename="camel"):
    description: str = ""
    properties: dict[str, _Property] = {}
    sub_types: list[str] = []


class _Resource(Struct):
    apis: list[_Api]
    models: dict[str, _Model] = {}


def resource_names(index: Body, pbx: str, call: str) -> dict[str, str]:
    """The resources that an index names, with their descriptions. Raises AriUnexpected."""
    found = decode(index, _Index, pbx, call)
    names = {entry.path.rpartition("/")[2].partition(".")[0]: entry.description for entry in found.apis}
    return {name: description for name, description in names.items() if name.replace("_", "").isalnum()}


def resource(name: str, description: str, body: Body, pbx: str, call: str) -> Resource:
    """Read the document of one resource. Raises AriUnexpected."""
    written = decode(body, _Resource, pbx, call)
    operations = [_operation(api.path, each) for api in written.apis for each in api.operations]
    models = [_model(model_name, each) for model_name, each in written.models.items()]
    return Resource(name, description, tuple(operations), tuple(models))


def _operation(path: str, written: _Operation) -> AriOperation:
    return AriOperation(
        method=written.http_method.upper(),
        path=path,
        name=written.nickname,
        summary=written.summary,
        notes=written.notes,
        answer=written.response_class,
        parameters=tuple(map(_parameter, written.parameters)),
        refusals=tuple(Refusal(str(error.code), error.reason) for error in written.error_responses),
        is_stream=bool(written.upgrade),
    )


def _parameter(written: _Parameter) -> AriParameter:
    default = None
    if written.default_value is not None:
        # As JSON has it: "false", and a text without its quotes.
        default = str(written.default_value)
        if isinstance(written.default_value, bool):
            default = default.lower()
    return AriParameter(
        name=written.name,
        where=written.param_type,
        type=written.data_type,
        is_required=written.required or written.param_type == _IN_PATH,
        is_multiple=written.allow_multiple,
        description=written.description,
        default=default,
        values=tuple(map(str, written.allowable_values.values)),
    )


def _model(name: str, written: _Model) -> Model:
    properties = [
        Property(each, of.type, of.required, of.description, tuple(map(str, of.allowable_values.values)))
        for each, of in written.properties.items()
    ]
    return Model(name, written.description, tuple(properties), tuple(written.sub_types))
