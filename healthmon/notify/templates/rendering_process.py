"""Jinja2 templates in a sandbox, within a helper process. The only file that imports Jinja2; nothing else imports it.

It writes what ``rendering.py`` asks for. What stays in the process is little: Jinja2, and a few lines of ours.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from healthmon.notify.helper_process import serve
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: Who writes more than that does not come to an end (characters).
LARGEST_TEXT = 256_000


class FailedTemplate(Exception):
    """A template cannot be read, or fails on the facts of a message: in which line (0: unknown), and why."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        self.why = why
        super().__init__(why)


class _Sandbox(SandboxedEnvironment):
    """No files (there is no loader), no attributes but those of plain values, and no text times a billion."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        # A name that does not exist is a mistake, not an empty text.
        super().__init__(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers; a text times a billion is no message."""
        if operator == "**" or not all(isinstance(operand, int | float) for operand in (left, right)):
            raise jinja2.exceptions.SecurityError(f"{operator} is for numbers, and ** is not allowed")
        return super().call_binop(context, operator, left, right)


class Template:
    """One template, compiled. Raises BrokenTemplate if it cannot be."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        sandbox = _Sandbox()
        try:
            code = sandbox.compile(text, name=path.rpartition("/")[2], filename=path)
        # Jinja2 works out what it can beforehand, and that fails in as many ways as the rest.
        except Exception as error:  # noqa: BLE001
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
            raise FailedTemplate(0, "writes nothing")
        return text

    def _bounded(self, facts: Mapping[str, Any], most: int) -> str:
        """Write all of it, and cut what does not fit. Raises BrokenTemplate where it does not come to an end."""
        pieces: list[str] = []
        size = 0
        for piece in self._template.generate(facts):
            # Blanks at the beginning are dropped, however many.
            kept = piece
            if not size:
                kept = piece.lstrip()
            size += len(kept)
            if size > LARGEST_TEXT:
                raise FailedTemplate(0, f"writes more than {LARGEST_TEXT // 1000} kB")
            pieces.append(kept)
        lines = (visible(line).rstrip() for line in "".join(pieces).rstrip().split("\n"))
        return cut("\n".join(lines), most)

    def _broken(self, error: Exception) -> FailedTemplate:
        """Say in which line of the template it went wrong, and why."""
        if isinstance(error, FailedTemplate):
            return error
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self._path]
        if isinstance(error, jinja2.TemplateSyntaxError):
            lines = [error.lineno]
        why = f"{type(error).__name__}: {error}"
        if isinstance(error, MemoryError):
            why = "needs too much memory"
        elif isinstance(error, jinja2.TemplateError):
            why = str(error)
        return FailedTemplate((lines[-1] or 0) if lines else 0, cut(visible(why), 200))


def answer(question: bytes) -> bytes:
    """Write the texts that one template makes of a list of facts; or say why it cannot, and in which line."""
    asked = json.loads(question)
    try:
        template = Template(asked["path"], asked["text"])
        said: dict[str, Any] = {"texts": [template.write(facts, asked["most"]) for facts in asked["facts"]]}
    except FailedTemplate as broken:
        said = {"line": broken.line, "why": broken.why}
    return json.dumps(said).encode()


if __name__ == "__main__":
    serve(answer)
