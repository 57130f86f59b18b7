"""Small configuration files for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.config.loading.templates import TemplateRule
from healthmon.errors import ConfigError

#: Everything that must be there, and nothing else.
PBX = "[pbx office]\nurl = http://127.0.0.1:8088\nusername = healthmon\npassword = hunter22\n"
WATCH = "[watch phones]\nendpoints = PJSIP/*\n"
RECEIVER = "[receiver oncall]\nurls = json://127.0.0.1:9000/alerts\n"


def pbx(*options: str, name: str = "office", password: str = "password = hunter22") -> str:
    """Write a PBX section; a given url or username takes the place of the usual one."""
    usual = [f"url = http://{name}.example:8088", "username = healthmon", password]
    given = {option.partition("=")[0].strip() for option in options}
    kept = [option for option in usual if option.partition("=")[0].strip() not in given]
    return "\n".join([f"[pbx {name}]", *[option for option in kept if option], *options, ""])


class Files:
    """Writes configuration files into a folder and loads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "config.ini"

    def load(
        self,
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        why_refused: Callable[[str], str | None] | None = None,
        templates: TemplateRule | None = None,
    ) -> Config:
        """Write the file, readable by its owner alone, and load it on the host ``pbx1``."""
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.path.chmod(0o600)
        environ = environ or {"TZ": "UTC"}
        return load(self.path, environ=environ, why_refused=why_refused, templates=templates, hostname="pbx1")

    def problems(
        self,
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        why_refused: Callable[[str], str | None] | None = None,
        templates: TemplateRule | None = None,
    ) -> list[str]:
        """Load a file that must have problems, and return their lines without the folder."""
        with pytest.raises(ConfigError) as caught:
            self.load(text, environ, why_refused, templates)
        return [str(problem).replace(f"{self.folder}/", "") for problem in caught.value.problems]
