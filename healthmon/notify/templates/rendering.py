"""Templates of the user's are tried and written in a helper process, with a limit for time, memory and text.

Whatever stands in a template, healthmon starts, and messages go out (docs/decisions/0020-templates-in-a-sandbox.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from healthmon.config.sections.receiver import TemplateFile
from healthmon.notify.helper import Helper, HelperFailed

#: So much processor time one template may need for a message, and for all samples when it is tried (seconds) …
MOST_CPU = 2.0
#: … seconds by the clock, on a machine that has much else to do …
WITHIN = 10.0
#: … and the process that writes may need so much (bytes; with nothing to do it has 25 MB).
MOST_MEMORY = 128_000_000


class BrokenTemplate(Exception):
    """A template cannot be used for a message. ``str()`` says where and why."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        super().__init__(f"{place}: {why}")


class _Written(msgspec.Struct):
    """What the helper says: the texts, or why there are none."""

    texts: list[str] = []
    line: int = 0
    why: str = ""


class Rendering:
    """The process that writes by templates; started beforehand, or by the first who needs it. Threads share it."""

    def __init__(self) -> None:
        self._helper = Helper(
            "healthmon.notify.templates.rendering_process", most_memory=MOST_MEMORY, most_cpu=MOST_CPU, within=WITHIN
        )

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return self._helper.pid

    def start(self) -> None:
        """Have the process started; does not wait for it."""
        self._helper.start()

    def close(self) -> None:
        """End the process."""
        self._helper.close()

    def write(self, file: TemplateFile, facts: Sequence[Mapping[str, Any]], most: int) -> list[str]:
        """Write a text of at most so many characters about each of these facts. Raises BrokenTemplate."""
        path = str(file.path)
        question = {"path": path, "text": file.text, "facts": facts, "most": most}
        try:
            said = msgspec.json.decode(self._helper.ask(msgspec.json.encode(question)), type=_Written)
        except (HelperFailed, msgspec.DecodeError) as error:
            raise BrokenTemplate(path, str(error)) from None
        if said.why and said.line:
            raise BrokenTemplate(f"{path}:{said.line}", said.why)
        if said.why:
            raise BrokenTemplate(path, said.why)
        return said.texts
