"""Where secrets come from: the file itself, environment variables, files, systemd's credentials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from healthmon.config.findings import shown_path
from healthmon.config.loading.draft import VARIABLE
from healthmon.config.loading.ini import why_unreadable
from healthmon.config.values import Unsuitable

#: A file longer than this holds no secret of ours (bytes).
LARGEST_SECRET = 64_000

CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"

_READABLE_BY_ALL = 0o004


class Secrets(Struct, frozen=True):
    """Finds the text behind ``${NAME}`` and ``…_file``. Its errors name variables and files, never what they hold."""

    environ: Mapping[str, str]
    #: Where the configuration file lies; relative names begin there, or in systemd's credentials.
    folder: Path

    def filled_in(self, text: str) -> str:
        """Put the values of environment variables in place of ``${NAME}``. Raises ``Unsuitable``.

        As with files, the spaces and line ends around a value are none of it.
        """
        return VARIABLE.sub(lambda match: self._variable(match[1]), text)

    def password(self, text: str) -> str:
        """A password as it stands, or the environment variable that it names as a whole. Raises ``Unsuitable``."""
        match = VARIABLE.fullmatch(text)
        if not match:
            return text
        found = self._variable(match[1])
        if not found:
            raise Unsuitable(f"the environment variable {match[1]} is empty")
        return found

    def _variable(self, name: str) -> str:
        try:
            found = self.environ[name]
            found.encode()
        except KeyError:
            what = f"the environment variable {name} is not set"
            if name == CREDENTIALS_DIRECTORY:
                what += "; systemd sets it for the service alone"
            raise Unsuitable(what) from None
        except UnicodeEncodeError:
            raise Unsuitable(f"the environment variable {name} is not UTF-8") from None
        return found.strip()

    def path(self, file: Path) -> Path:
        """Where a file of secrets lies: below ``$CREDENTIALS_DIRECTORY`` if set, else beside the configuration."""
        name = Path(self.filled_in(str(file)))
        credentials = self.environ.get(CREDENTIALS_DIRECTORY)
        if credentials and not name.is_absolute() and (Path(credentials) / name).exists():
            return Path(credentials) / name
        return self.folder / name

    def read(self, file: Path) -> str:
        """Return what a file holds, without the spaces and line ends behind it. Raises ``Unsuitable``."""
        path = self.path(file)
        try:
            with path.open("rb") as opened:
                raw = opened.read(LARGEST_SECRET + 1)
            text = raw.decode("utf-8-sig").rstrip()
        except UnicodeDecodeError:
            raise Unsuitable(f"{shown_path(path)} is not UTF-8") from None
        except (OSError, ValueError) as error:
            raise Unsuitable(f"{shown_path(path)} cannot be read: {why_unreadable(error)}") from None
        if not text:
            raise Unsuitable(f"{shown_path(path)} is empty")
        if len(raw) > LARGEST_SECRET or "\0" in text:
            raise Unsuitable(f"{shown_path(path)} holds no secret that healthmon can use")
        return text


def is_readable_by_all(path: Path) -> bool:
    """Whether every user of this machine may read a file; False if there is no such file."""
    try:
        return bool(path.stat().st_mode & _READABLE_BY_ALL)
    except (OSError, ValueError):
        return False
