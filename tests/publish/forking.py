"""Healthmon's own commands for tests that have dozens run: each is a process of its own, but none is started anew.

One process has imported everything; for each command it forks a child, which is that command. What is spared is
Python's start and the imports. ``python -m tests.publish.forking`` is that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

from healthmon.cli import main as healthmon
from healthmon.publish.web.commands import Printed
from tests.publish.scene import Site

#: What commands import when they need it.
PACKAGES = ("cli", "config", "report", "store")
ROOT = Path(__file__).parents[2]


@contextmanager
def commands_forked(web: Site) -> Iterator[None]:
    """While the commands of a web process are forked, and not started."""
    with ExitStack() as until_then:
        folder = Path(until_then.enter_context(TemporaryDirectory(prefix="healthmon-forked-")))

        @cache
        def forking() -> subprocess.Popen[str]:
            """The process that forks, which begins with the first command: most tests have none run."""
            command = [sys.executable, "-m", "tests.publish.forking"]
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            return until_then.enter_context(process)

        def run(command: Sequence[str]) -> Printed:
            asking, answering = forking().stdin, forking().stdout
            assert asking is not None
            assert answering is not None
            output, errors = folder / "output", folder / "errors"
            arguments = command[command.index("healthmon") + 1 :]
            asking.write(json.dumps([arguments, str(output), str(errors)]) + "\n")
            asking.flush()
            code = int(answering.readline())
            said = errors.read_text().splitlines()
            return Printed(code, output.open("rb"), tuple(line.removeprefix("healthmon: ") for line in said))

        for commands in (web.commands.reports, web.commands.orders):
            commands._run = run  # type: ignore[method-assign]
        yield


def main() -> None:
    """Fork a child for each line of the input, and print how it ended."""
    for package in PACKAGES:
        for module in walk_packages(import_module(f"healthmon.{package}").__path__, f"healthmon.{package}."):
            import_module(module.name)
    for line in sys.stdin:
        arguments, output, errors = json.loads(line)
        child = os.fork()
        if not child:
            be(arguments, output, errors)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def be(arguments: Sequence[str], output: str, errors: str) -> None:
    """Be this command, with these files as its output; and end."""
    for path, number in ((output, 1), (errors, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["healthmon", *arguments]
    try:
        healthmon()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(end.code or 0))


if __name__ == "__main__":
    main()
