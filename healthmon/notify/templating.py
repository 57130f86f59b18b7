"""One Jinja2 template, in a sandbox. The only file that imports Jinja2; it is imported where there is a template."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from healthmon.config.types import TemplateFile
from healthmon.notify.words import CUT, cut, visible


class BrokenTemplate(Exception):
    """A template cannot be read, or fails on the facts of a message. ``str()`` says where and why."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        super().__init__(f"{place}: {why}")


class _Sandbox(SandboxedEnvironment):
    """No files (there is no loader), no attributes but those of plain values, and nothing that grows without end."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        # A name that does not exist is a mistake, not an empty text.
        super().__init__(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers; a text times a billion is no message."""
        if operator == "**" or not all(isinstance(one, int | float) for one in (left, right)):
            raise jinja2.exceptions.SecurityError(f"{operator} is for numbers, and ** is not allowed")
        return super().call_binop(context, operator, left, right)


class Template:
    """One template, compiled. Raises BrokenTemplate if it cannot be."""

    def __init__(self, file: TemplateFile) -> None:
        self._path = str(file.path)
        sandbox = _Sandbox()
        try:
            code = sandbox.compile(file.text, name=file.path.name, filename=self._path)
        except jinja2.TemplateError as error:
            raise self._broken(error) from None
        self._template = sandbox.template_class.from_code(sandbox, code, dict(sandbox.globals))

    def write(self, facts: Mapping[str, Any], most: int) -> str:
        """Write a text of at most so many characters. Raises BrokenTemplate, also when nothing comes of it."""
        try:
            text = self._bounded(facts, most)
        # Whatever the user wrote there, a message must go out.
        except Exception as error:  # noqa: BLE001
            raise self._broken(error) from None
        if not text:
            raise BrokenTemplate(self._path, "writes nothing")
        return text

    def _bounded(self, facts: Mapping[str, Any], most: int) -> str:
        """Write as far as there is room, and hardly a letter further."""
        text = ""
        for piece in self._template.generate(facts):
            text += piece
            if len(text.lstrip()) > most + len(CUT):
                break
        lines = (visible(line).rstrip() for line in text.strip().split("\n"))
        return cut("\n".join(lines), most)

    def _broken(self, error: Exception) -> BrokenTemplate:
        """Say in which line of the template it went wrong, and why."""
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self._path]
        if isinstance(error, jinja2.TemplateSyntaxError):
            lines = [error.lineno]
        place = f"{self._path}:{lines[-1]}" if lines else self._path
        why = str(error) if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
        return BrokenTemplate(place, cut(visible(why), 200))
