"""The resources, operations and models of ARI, written for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.ari.api_document import ApiDocument, AriOperation, AriParameter, Model, Resource
from healthmon.report.formatting import counted
from healthmon.report.tables import Cell, Column, Screen, Sort, line, table

_NAMES_AND_WORDS = (Column("NAME"), Column("WHAT", Sort.PROSE))
#: What Asterisk's document calls an answer without a body.
_NOTHING = "void"


def resources_text(document: ApiDocument, screen: Screen) -> str:
    """List the resources of one Asterisk."""
    columns = (Column("RESOURCE", Sort.NAME), Column("OPERATIONS", Sort.NUMBER), Column("WHAT", Sort.PROSE))
    rows = [
        [Cell(resource.name, "bold"), Cell(str(len(resource.operations))), Cell(resource.description)]
        for resource in document.resources
    ]
    return (
        line(f"ARI of Asterisk {document.version}", screen, "bold")
        + table(columns, rows, screen)
        + line("healthmon ari RESOURCE shows its operations; healthmon ari get PATH asks.", screen, "dim")
    )


def resource_text(resource: Resource, screen: Screen, *, with_models: bool) -> str:
    """Write the operations of a resource with their parameters, and the shapes of what is answered."""
    parts = [line(f"{resource.name}: {resource.description}", screen, "bold")]
    parts += [_operation(operation, screen) for operation in resource.operations]
    if with_models:
        parts += [_model(model, screen) for model in resource.models]
    elif resource.models:
        parts.append(line(f"{counted(len(resource.models), 'model')}: --models shows them.", screen, "dim"))
    return "\n".join(parts)


def _operation(operation: AriOperation, screen: Screen) -> str:
    text = line(f"{operation.method} {operation.path}", screen, "bold cyan")
    text += line(f"  {operation.summary}", screen)
    if operation.notes:
        text += line(f"  {operation.notes}", screen, "dim")
    if operation.is_stream:
        text += line("  A WebSocket: healthmon ari events shows it.", screen, "dim")
    if operation.parameters:
        rows = [[Cell(f"  {_name(each)}"), Cell(" ".join(_about(each)))] for each in operation.parameters]
        text += table(_NAMES_AND_WORDS, rows, screen, has_header=False)
    if operation.answer != _NOTHING:
        text += line(f"  answers {operation.answer}", screen)
    for refusal in operation.refusals:
        text += line(f"  {refusal.status}: {refusal.why}", screen, "dim")
    return text


def _name(parameter: AriParameter) -> str:
    """Name a parameter as it is given: in the path, in the query, or in the body."""
    return {"path": f"{{{parameter.name}}}", "body": f"{parameter.name} (body)"}.get(parameter.where, parameter.name)


def _about(parameter: AriParameter) -> Iterator[str]:
    yield f"{parameter.type},"
    if parameter.is_required:
        yield "required."
    else:
        yield "optional."
    if parameter.description:
        yield parameter.description
    if parameter.is_multiple:
        yield "Several, with commas."
    if parameter.values:
        yield f"One of: {', '.join(parameter.values)}."
    if parameter.default is not None:
        yield f"Default: {parameter.default}."


def _model(model: Model, screen: Screen) -> str:
    text = line(model.name, screen, "bold magenta")
    if model.description:
        text += line(f"  {model.description}", screen)
    if model.kinds:
        text += line(f"  kinds: {', '.join(model.kinds)}", screen, "dim")
    if model.properties:
        rows = []
        for each in model.properties:
            is_optional = "" if each.is_required else ", may be missing"
            about = [f"{each.type}{is_optional}.", each.description]
            if each.values:
                about.append(f"One of: {', '.join(each.values)}.")
            rows.append([Cell(f"  {each.name}"), Cell(" ".join(filter(None, about)))])
        text += table(_NAMES_AND_WORDS, rows, screen, has_header=False)
    return text
